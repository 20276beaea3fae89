"""Gold: skip_behaviour."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import BUCKET, DIMENSION, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.devices import UNKNOWN, context_kind, device_kind, shuffle_bucket
from transformations.exclusions import kept
from transformations.standings import artist_key

# Below this many starts with measured time a share of skips says too little.
LEAST_STARTS = 20
# The listener's own rate counts for as many starts when an artist's rate is shrunk to it.
PRIOR_STARTS = 20
Z = 1.959963984540054  # of the normal distribution, for 95 %


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {DIMENSION},
        {BUCKET},
        measured_start_count BIGINT NOT NULL COMMENT 'Plays begun whose time was measured: they alone tell of skips',
        measured_skip_count  BIGINT NOT NULL COMMENT 'Of those, plays that were skips',
        {SUMMARY},
        skip_rate    DOUBLE COMMENT 'Share of the starts with measured time that were skips, 0-1; null below 20 starts',
        low          DOUBLE COMMENT 'Lower end of the 95 % interval, where one is defined',
        high         DOUBLE COMMENT 'Upper end of the 95 % interval, where one is defined',
        shrunk_skip_rate DOUBLE COMMENT 'Rate drawn to the listener''s by 20 starts of it, 0-1; null but for artists',
        median_heard_s DOUBLE COMMENT 'Median time heard before a skip, in seconds; null where nothing was skipped',
        mean_heard_s DOUBLE COMMENT 'Mean time heard before a skip, in seconds; null where nothing was skipped',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "dimension", "bucket"),
    expectations={
        "skips_are_starts": Expectation("measured_skip_count <= measured_start_count"),
        "rate_in_its_interval": Expectation("skip_rate BETWEEN low - 0.000000001 AND high + 0.000000001"),
        "rate_or_reason": Expectation("(skip_rate IS NULL) = (reason IS NOT NULL)"),
    },
)
def skip_behaviour(listening_with_features: DataFrame, plays: DataFrame, coverage: DataFrame) -> DataFrame:
    """When, where and whom each listener skips, over the whole history: only plays of measured time tell of skips.

    Dimensions: overall, hour_of_day, part_of_day, device, context_kind (what it was played from), shuffle, reason_start
    (why it began), position_in_session (starts before it in the session, plus one), month (local), and artist
    (artist_key, from 20 starts on). Interval: Wilson's score (Wilson 1927, doi 10.1080/01621459.1927.10502953). It
    takes the starts for independent, which neighbours in a session are not: read it as the least doubt there is.
    """
    starts = _described(kept(listening_with_features), plays).where(F.col("time_source") == "measured")
    pairs = F.posexplode(F.array(*_buckets().values())).alias("place", "bucket")
    dimension = F.element_at(F.array(*(F.lit(name) for name in _buckets())), F.col("place") + 1)
    named = starts.select("user_id", "is_simulated", "is_skip", "is_counted", "listened_ms", "is_measured", pairs)
    skipped_ms = F.when(F.col("is_skip"), F.col("listened_ms"))
    sums = (
        named.where(F.col("bucket").isNotNull())
        .groupBy("user_id", "is_simulated", "place", "bucket")
        .agg(
            F.count("*").alias("measured_start_count"),
            F.count_if("is_skip").alias("measured_skip_count"),
            F.count_if("is_counted").alias("play_count"),
            F.sum("listened_ms").alias("listened_ms"),
            F.sum(F.when(F.col("is_measured"), F.col("listened_ms")).otherwise(0)).alias("measured_feature_ms"),
            F.sum(skipped_ms).alias("skipped_ms"),
            F.percentile(skipped_ms, 0.5).alias("median_ms"),
        )
        .withColumn("dimension", dimension)
    )
    told = sums.where((F.col("dimension") != "artist") | (F.col("measured_start_count") >= LEAST_STARTS))
    month = F.when(F.col("dimension") == "month", F.col("bucket")).otherwise("")
    covered = told.withColumn("month", month).join(_coverage(coverage), on=["user_id", "month"], how="left")
    return covered.withColumns(_figures()).select(*skip_behaviour.column_names)


def _described(listening: DataFrame, plays: DataFrame) -> DataFrame:
    """The starts with all that they are told apart by."""
    before = Window.partitionBy("session_id").orderBy("started_at")
    is_known = F.col("energy").isNotNull() & F.col("valence").isNotNull() & (F.col("feature_source") != "synthetic")
    starts = listening.withColumns({"position": F.rank().over(before), "is_measured": is_known})
    named = _looked_up(_looked_up(starts, "platform", "device", device_kind), "artist_name", "artist_key", artist_key)
    return named.join(plays.select("play_id", "reason_start"), on="play_id", how="left")


def _looked_up(rows: DataFrame, column: str, name: str, made: Callable[[Column], Column]) -> DataFrame:
    """Add what is made of a column whose few values return again and again: made once for each of them."""
    values = rows.select(column).distinct()
    return rows.join(values.withColumn(name, made(F.col(column))), on=column, how="left")


def _buckets() -> dict[str, Column]:
    """The bucket of a start in each dimension; null where it is in none."""
    position = F.col("position")
    return {
        "overall": F.lit("all"),
        "hour_of_day": F.lpad(F.col("hour_of_day").cast("string"), 2, "0"),
        "part_of_day": F.col("part_of_day"),
        "device": F.coalesce("device", F.lit(UNKNOWN)),
        "context_kind": context_kind(F.col("context_uri")),
        "shuffle": shuffle_bucket(),
        "reason_start": F.coalesce("reason_start", F.lit(UNKNOWN)),
        "position_in_session": F.when(position == 1, "1")
        .when(position <= 3, "2-3")
        .when(position <= 10, "4-10")
        .otherwise("11+"),
        "month": F.date_format("played_date", "yyyy-MM"),
        "artist": F.col("artist_key"),
    }


def _coverage(coverage: DataFrame) -> DataFrame:
    """Coverage of each listener's local months, and of the whole history under the month of no name."""
    hours = coverage.groupBy("user_id", "played_date").agg(
        F.count("*").alias("hours"), F.count_if("is_covered").alias("covered_hours")
    )
    months = F.array(F.lit(""), F.date_format("played_date", "yyyy-MM"))
    sums = hours.withColumn("month", F.explode(months)).groupBy("user_id", "month")
    return sums.agg(share(F.sum("covered_hours"), F.sum("hours")).alias("coverage"))


def _figures() -> dict[str, Column]:
    """The figures of a row from its sums."""
    starts, skips = F.col("measured_start_count"), F.col("measured_skip_count")
    rate, is_enough = share(skips, starts), starts >= LEAST_STARTS
    is_overall = F.col("dimension") == "overall"
    own = F.max(F.when(is_overall, share(skips, starts))).over(Window.partitionBy("user_id"))
    shrunk = (skips + F.lit(PRIOR_STARTS) * own) / (starts + F.lit(PRIOR_STARTS))
    square = F.lit(Z * Z)
    centre = (rate + square / (2 * starts)) / (1 + square / starts)
    half = F.lit(Z) * F.sqrt(rate * (1 - rate) / starts + square / (4 * starts * starts)) / (1 + square / starts)
    sentence = F.concat(
        F.lit("only "), starts.cast("string"), F.lit(f" starts with measured time; {LEAST_STARTS} are needed")
    )
    return {
        "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
        "skip_rate": F.when(is_enough, rate),
        "low": F.when(is_enough, centre - half),
        "high": F.when(is_enough, centre + half),
        "shrunk_skip_rate": F.when(F.col("dimension") == "artist", shrunk),
        "median_heard_s": F.col("median_ms") / 1000,
        "mean_heard_s": share(F.col("skipped_ms"), skips) / 1000,
        "reason": F.when(~is_enough, sentence),
    }
