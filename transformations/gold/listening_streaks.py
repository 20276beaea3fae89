"""Gold: listening_streaks."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.exclusions import kept
from transformations.periods import ALL_TIME
from transformations.ranking import first_of_each
from transformations.standings import artist_key, most_played_first

# What is heard day after day, and from how many days on a run is told.
LEAST_DAYS = {"listening": 2, "artist": 3, "recording": 3}
_SUMS = ("play_count", "listened_ms", "measured_feature_ms")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        streak_kind  STRING NOT NULL COMMENT 'listening (any music), artist or recording',
        streak_item     STRING NOT NULL COMMENT 'artist_key or recording_id; empty for listening',
        streak_name    STRING COMMENT 'Artist, or title and artist; null for listening',
        streak_start DATE NOT NULL COMMENT 'First local day of the run',
        streak_end   DATE NOT NULL COMMENT 'Last local day of the run',
        streak_days  INT NOT NULL COMMENT 'Local days of the run, each with a counted play',
        {SUMMARY},
        is_current_streak   BOOLEAN NOT NULL COMMENT 'Whether the run reaches the day of the build or the day before',
        is_longest_streak   BOOLEAN NOT NULL COMMENT 'Whether it is the longest of its kind; the first of equals',
        is_broken_by_gap BOOLEAN NOT NULL COMMENT 'Whether the day after a past run was not wholly observed'
    """,
    primary_key=("user_id", "streak_kind", "streak_item", "streak_start"),
    constraints={"known_streak_kind": "streak_kind IN ('listening', 'artist', 'recording')"},
    expectations={
        "a_play_each_day": Expectation("play_count >= streak_days AND streak_days >= 2"),
        "no_gap_ends_a_current_run": Expectation("NOT (is_current_streak AND is_broken_by_gap)"),
        "shares_in_range": Expectation("measured_share BETWEEN 0 AND 1 AND coverage BETWEEN 0 AND 1"),
    },
)
def listening_streaks(
    listening_with_features: DataFrame, track_periods: DataFrame, coverage: DataFrame, *, as_of: date
) -> DataFrame:
    """Runs of local days without a day off: of any music (2 days or more), of an artist or a recording (3 or more).

    Plays and time are those of the run, of what its kind names. A run may be longer than it seems where the day after
    it was not wholly observed; two such runs are not joined.
    """
    plays = kept(listening_with_features)
    runs = reduce(DataFrame.unionByName, (_runs(_item_days(plays, kind), kind) for kind in LEAST_DAYS))
    order = (F.col("streak_days").desc(), "streak_start", "streak_item")
    place = F.row_number().over(Window.partitionBy("user_id", "streak_kind").orderBy(*order))
    is_current_streak = F.col("streak_end") >= F.lit(as_of - timedelta(days=1))
    return (
        _with_coverage(runs, coverage)
        .join(_names(track_periods), on=["user_id", "streak_kind", "streak_item"], how="left")
        .withColumns(
            {
                "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
                "is_current_streak": is_current_streak,
                "is_longest_streak": place == 1,
                "is_broken_by_gap": ~is_current_streak & ~F.coalesce("is_next_day_seen", F.lit(False)),
            }
        )
        .select(*listening_streaks.column_names)
    )


def _item_days(plays: DataFrame, kind: str) -> DataFrame:
    """One row an item of the kind and local day with a counted play."""
    is_known = F.col("energy").isNotNull() & F.col("valence").isNotNull() & (F.col("feature_source") != "synthetic")
    sums = (
        F.count_if("is_counted").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        F.sum(F.when(is_known, F.col("listened_ms")).otherwise(0)).alias("measured_feature_ms"),
    )
    item = {"listening": F.lit(""), "artist": F.col("artist_name"), "recording": F.col("recording_id")}[kind]
    item = F.concat(item, F.lit(""))  # made anew, since Sail does not unite columns whose comments differ
    days = plays.groupBy("user_id", "is_simulated", "played_date", item.alias("streak_item")).agg(*sums)
    if kind == "artist":  # spellings are put together last, when there are few rows
        spelled = days.withColumn("streak_item", artist_key(F.col("streak_item")))
        added = [F.sum(name).alias(name) for name in _SUMS]
        days = spelled.groupBy("user_id", "is_simulated", "played_date", "streak_item").agg(*added)
    return days.where(F.col("streak_item").isNotNull() & (F.col("play_count") > 0))


def _runs(days: DataFrame, kind: str) -> DataFrame:
    """Days that follow each other, summed; runs that are too short are left out."""
    in_time = Window.partitionBy("user_id", "streak_item").orderBy("played_date")
    # Of days in a row, the day minus its number stays the same.
    run = F.date_sub("played_date", F.row_number().over(in_time))
    runs = (
        days.withColumn("run", run)
        .groupBy("user_id", "is_simulated", "streak_item", "run")
        .agg(
            F.min("played_date").alias("streak_start"),
            F.max("played_date").alias("streak_end"),
            F.count("*").cast("int").alias("streak_days"),
            *(F.sum(name).alias(name) for name in _SUMS),
        )
    )
    return runs.where(F.col("streak_days") >= LEAST_DAYS[kind]).withColumn("streak_kind", F.lit(kind))


def _with_coverage(runs: DataFrame, coverage: DataFrame) -> DataFrame:
    """Add coverage of each run's days, and whether the day after was wholly observed."""
    in_time = Window.partitionBy("user_id").orderBy("played_date")
    so_far = in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_next = F.lead("played_date").over(in_time) == F.date_add("played_date", 1)
    days = coverage.groupBy("user_id", "played_date").agg(
        F.count("*").alias("hours"), F.count_if("is_covered").alias("covered")
    )
    # Sums up to the last day, less those before the first, tell of any run without its days in between.
    last = days.select(
        "user_id",
        F.col("played_date").alias("streak_end"),
        F.sum("hours").over(so_far).alias("hours_to_end"),
        F.sum("covered").over(so_far).alias("covered_to_end"),
        (is_next & (F.lead("covered").over(in_time) == F.lead("hours").over(in_time))).alias("is_next_day_seen"),
    )
    first = days.select(
        "user_id",
        F.col("played_date").alias("streak_start"),
        (F.sum("hours").over(so_far) - F.col("hours")).alias("hours_before"),
        (F.sum("covered").over(so_far) - F.col("covered")).alias("covered_before"),
    )
    hours = F.col("hours_to_end") - F.col("hours_before")
    return (
        runs.join(first, on=["user_id", "streak_start"], how="left")
        .join(last, on=["user_id", "streak_end"], how="left")
        .withColumn("coverage", share(F.col("covered_to_end") - F.col("covered_before"), hours))
    )


def _names(track_periods: DataFrame) -> DataFrame:
    """What the items are called, after their most played track: user_id, kind, streak_item, streak_name."""
    is_artist, artist = F.col("streak_kind") == "artist", F.col("artist_name")
    title = F.nullif(F.concat_ws(" – ", "track_name", artist), F.lit(""))
    all_time = track_periods.where(F.col("period_kind") == ALL_TIME)
    in_each = all_time.withColumn("streak_kind", F.explode(F.array(F.lit("artist"), F.lit("recording"))))
    named = in_each.withColumns(
        {
            "streak_item": F.when(is_artist, artist_key(artist)).otherwise(F.col("recording_id")),
            "streak_name": F.when(is_artist, artist).otherwise(title),
        }
    )
    key = ["user_id", "streak_kind", "streak_item"]
    return first_of_each(named, key, *most_played_first()).select(*key, "streak_name")
