"""Gold: user_metrics."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import BASIS, EXCLUDED, IS_SIMULATED, MEASURED_MS, STARTS, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import (
    ALL,
    BASES,
    exact,
    feature_time,
    mean_or_null,
    measured_time,
    on_each_basis,
    share,
    too_little,
)
from transformations.periods import PERIOD, PERIOD_KEY, in_periods, is_shown, period_coverage
from transformations.ranking import first_of_each

_PERIOD = ["user_id", *PERIOD_KEY]
_TOP = 10
_SUMS = ("start_count", "skip_count", "play_count", "listened_ms", "measured_ms", "excluded_count", "excluded_ms")
_COUNTS = ("session_count", "recording_count", "artist_count", "album_count", "genre_count")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {PERIOD},
        {STARTS},
        {SUMMARY},
        {MEASURED_MS},
        {EXCLUDED},
        active_day_count BIGINT NOT NULL COMMENT 'Local days with a counted play',
        history_day_count BIGINT NOT NULL COMMENT 'Local days of the period that lie within the history',
        session_count BIGINT NOT NULL COMMENT 'Listening sessions',
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        artist_count BIGINT NOT NULL COMMENT 'Different artists',
        album_count  BIGINT NOT NULL COMMENT 'Different albums',
        genre_count  BIGINT NOT NULL COMMENT 'Different genres',
        skip_share   DOUBLE COMMENT 'Share of the plays begun that were skips, 0-1',
        shuffle_share DOUBLE COMMENT 'Share of the plays begun with shuffle on, of those where it is known, 0-1',
        top_artist_time_share DOUBLE COMMENT 'Share of the listening time of the artist of time_rank 1, 0-1',
        top_ten_artists_time_share DOUBLE COMMENT 'Share of the listening time of the ten artists of most time, 0-1',
        longest_date DATE COMMENT 'Local day of the most counted plays; the first of equals',
        longest_date_play_count BIGINT COMMENT 'Counted plays of longest_date',
        mean_valence DOUBLE COMMENT 'Time-weighted mean valence, 0-1; null where too little has features',
        mean_energy  DOUBLE COMMENT 'Time-weighted mean energy, 0-1; null where too little has features',
        is_at_least  BOOLEAN NOT NULL COMMENT 'Whether hours of the period were not observed: totals are at least so',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "period_kind", "period_start"),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count AND skip_count <= start_count"),
        "measured_within_listened": Expectation("measured_ms <= listened_ms"),
        "shares_in_range": Expectation(
            "measured_share BETWEEN 0 AND 1 AND coverage BETWEEN 0 AND 1 AND skip_share BETWEEN 0 AND 1"
            " AND top_ten_artists_time_share BETWEEN 0 AND 1"
        ),
        "means_or_reason": Expectation("(mean_valence IS NULL) = (reason IS NOT NULL)"),
    },
)
def user_metrics(
    daily_listening: DataFrame,
    track_periods: DataFrame,
    track_features: DataFrame,
    track_stats: DataFrame,
    artist_stats: DataFrame,
    album_stats: DataFrame,
    genre_stats: DataFrame,
    playback_shares: DataFrame,
    listening_sessions: DataFrame,
    coverage: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """The totals of each listener in each standard range, on each basis; ranges without music included.

    Sessions belong to the range that they begin in. Sources that report only what was played for 30 s know no short
    skips: skip_behaviour tells of skips where time was measured.
    """
    days = _in_shown_periods(daily_listening.where(F.col("basis") == ALL), "played_date", as_of)
    totals = days.groupBy(*_PERIOD, "is_simulated").agg(
        *(F.sum(name).alias(name) for name in _SUMS),
        F.count_if(F.col("play_count") > 0).alias("active_day_count"),
        F.count("*").alias("history_day_count"),
    )
    longest = first_of_each(days.where(F.col("play_count") > 0), _PERIOD, F.col("play_count").desc(), "played_date")
    joined = [
        longest.select(
            *_PERIOD, F.col("played_date").alias("longest_date"), F.col("play_count").alias("longest_date_play_count")
        ),
        _in_shown_periods(listening_sessions, "played_date", as_of)
        .groupBy(*_PERIOD)
        .agg(F.count("*").alias("session_count")),
        _counted({"recording_count": track_stats, "album_count": album_stats, "genre_count": genre_stats}),
        _artists(artist_stats),
        _shuffle(playback_shares),
        period_coverage(coverage, as_of),
    ]
    for frame in joined:
        totals = totals.join(frame, on=_PERIOD, how="left")
    sounding = _features(track_periods.where(is_shown(as_of)), track_features)
    on_both = totals.withColumn("basis", F.explode(F.array(*(F.lit(basis) for basis in BASES))))
    described = on_both.join(sounding, on=[*_PERIOD, "basis"], how="left").fillna(0, subset=list(_COUNTS))
    return described.withColumns(_figures()).select(*user_metrics.column_names)


def _in_shown_periods(rows: DataFrame, day: str, as_of: date) -> DataFrame:
    return in_periods(rows, day, as_of).where(is_shown(as_of))


def _counted(tables: dict[str, DataFrame]) -> DataFrame:
    """How many rows each table has for a period: a column each."""
    marked = [rows.select(*_PERIOD, F.lit(name).alias("name")) for name, rows in tables.items()]
    together = reduce(DataFrame.unionByName, marked).groupBy(*_PERIOD)
    return together.agg(*(F.count_if(F.col("name") == name).alias(name) for name in tables))


def _artists(artist_stats: DataFrame) -> DataFrame:
    """How many artists, and the time of the first and of the first ten."""
    rank, listened = F.col("time_rank"), F.col("listened_ms")
    return artist_stats.groupBy(*_PERIOD).agg(
        F.count("*").alias("artist_count"),
        F.sum(F.when(rank == 1, listened)).alias("top_ms"),
        F.sum(F.when(rank <= _TOP, listened)).alias("top_ten_ms"),
    )


def _shuffle(playback_shares: DataFrame) -> DataFrame:
    """Starts with shuffle on, and starts of which it is known."""
    known = playback_shares.where((F.col("dimension") == "shuffle") & F.col("bucket").isin("on", "off"))
    starts = F.col("start_count")
    return known.groupBy(*_PERIOD).agg(
        F.sum(starts).alias("known_starts"),
        F.sum(F.when(F.col("bucket") == "on", starts).otherwise(0)).alias("shuffled_starts"),
    )


def _features(track_periods: DataFrame, track_features: DataFrame) -> DataFrame:
    """Times with features, and features weighted by time, of each period and basis."""
    return (
        on_each_basis(track_periods, track_features)
        .groupBy(*_PERIOD, "basis")
        .agg(
            F.sum(feature_time()).alias("feature_ms"),
            F.sum(measured_time()).alias("measured_feature_ms"),
            F.sum(exact(F.col("valence")) * feature_time()).alias("valence_ms"),
            F.sum(exact(F.col("energy")) * feature_time()).alias("energy_ms"),
        )
    )


def _figures() -> dict[str, Column]:
    """The figures of a row from its sums."""
    listened, starts, weight = F.col("listened_ms"), F.col("start_count"), F.coalesce("feature_ms", F.lit(0))
    nothing = F.lit("nothing was listened to")
    return {
        "measured_share": share(F.col("measured_feature_ms"), listened),
        "skip_share": share(F.col("skip_count"), starts),
        "shuffle_share": share(F.col("shuffled_starts"), F.col("known_starts")),
        "top_artist_time_share": share(F.col("top_ms"), listened),
        "top_ten_artists_time_share": share(F.col("top_ten_ms"), listened),
        "mean_valence": mean_or_null(F.col("valence_ms"), weight, listened),
        "mean_energy": mean_or_null(F.col("energy_ms"), weight, listened),
        "is_at_least": F.coalesce(F.col("coverage") < 1, F.lit(True)),
        "reason": F.when(listened == 0, nothing).otherwise(too_little(weight, listened, F.col("basis"))),
    }
