"""Gold: mainstream_share."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.periods import PERIOD, PERIOD_KEY, is_shown, period_coverage
from transformations.ranking import first_of_each
from transformations.standings import artist_key, measured_feature_ms

MAINSTREAM_FROM = 60
# Below this share of the plays with a known popularity, the known ones say too little about all.
LEAST_KNOWN_SHARE = 0.2


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {SUMMARY},
        mainstream_share DOUBLE COMMENT 'Share of popularity 60 and more among the plays of known popularity, 0-1',
        popularity_known_share DOUBLE COMMENT 'Share of the counted plays whose popularity is known, 0-1',
        track_popularity_share DOUBLE COMMENT 'Share of the counted plays whose own track has a known popularity, 0-1',
        mean_popularity DOUBLE COMMENT 'Mean popularity of the counted plays where it is known, 0-100',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "period_kind", "period_start"),
    expectations={
        "shares_in_range": Expectation(
            "mainstream_share BETWEEN 0 AND 1 AND popularity_known_share BETWEEN 0 AND 1"
            " AND mean_popularity BETWEEN 0 AND 100"
        ),
        "value_or_reason": Expectation("(mainstream_share IS NULL) = (reason IS NOT NULL)"),
    },
)
def mainstream_share(
    track_periods: DataFrame, tracks: DataFrame, artists: DataFrame, coverage: DataFrame, *, as_of: date
) -> DataFrame:
    """How much of what each listener played in each standard range is widely listened to.

    Popularity is that of the track, else of its first artist, as the sources give it now: it says nothing of how
    popular a track was when it was played. Null where it is known of less than 20 % of the plays.
    """
    own = tracks.where("popularity IS NOT NULL").select("track_id", F.col("popularity").alias("own_popularity"))
    described = artists.where("popularity IS NOT NULL").withColumn("artist_key", artist_key(F.col("artist_name")))
    named = first_of_each(described, ["artist_key"], F.col("popularity").desc(), "artist_id").select(
        "artist_key", F.col("popularity").alias("artist_popularity")
    )
    plays, popularity = F.col("play_count"), F.coalesce("own_popularity", "artist_popularity")
    known = F.when(popularity.isNotNull(), plays).otherwise(0)
    sums = (
        track_periods.where(is_shown(as_of))
        .withColumn("artist_key", artist_key(F.col("artist_name")))
        .join(own, on="track_id", how="left")
        .join(named, on="artist_key", how="left")
        .groupBy("user_id", "is_simulated", *PERIOD_KEY)
        .agg(
            F.sum("play_count").alias("play_count"),
            F.sum("listened_ms").alias("listened_ms"),
            F.sum(measured_feature_ms()).alias("measured_feature_ms"),
            F.sum(known).alias("known"),
            F.sum(F.when(F.col("own_popularity").isNotNull(), plays).otherwise(0)).alias("own_known"),
            F.sum(F.when(popularity >= MAINSTREAM_FROM, plays).otherwise(0)).alias("mainstream"),
            F.sum(F.coalesce(popularity, F.lit(0)) * plays).alias("popularity_sum"),
        )
    )
    covered = sums.join(period_coverage(coverage, as_of), on=["user_id", *PERIOD_KEY], how="left")
    return _described(covered).select(*mainstream_share.column_names)


def _described(sums: DataFrame) -> DataFrame:
    plays, known = F.col("play_count"), F.col("known")
    is_enough = F.coalesce(share(known, plays) >= LEAST_KNOWN_SHARE, F.lit(False))
    percent = F.floor(F.lit(100) * known / F.greatest(plays, F.lit(1))).cast("int").cast("string")
    sentence = F.concat(
        F.lit("the popularity of only "),
        percent,
        F.lit(f" % of the plays is known; {int(100 * LEAST_KNOWN_SHARE)} % is needed"),
    )
    return sums.withColumns(
        {
            "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
            "mainstream_share": F.when(is_enough, share(F.col("mainstream"), known)),
            "popularity_known_share": share(known, plays),
            "track_popularity_share": share(F.col("own_known"), plays),
            "mean_popularity": F.when(is_enough, share(F.col("popularity_sum"), known)),
            "reason": F.when(plays == 0, "nothing was played").otherwise(F.when(~is_enough, sentence)),
        }
    )
