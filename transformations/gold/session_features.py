"""Gold: session_features."""

from __future__ import annotations

import math
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import BASES, exact, mean_or_null, share, too_little
from transformations.exclusions import kept
from transformations.local_time import day_of_week
from transformations.sessions import MINUTE_MS

HALF_LIFE_DAYS = 90
_HOUR_MINUTES, _DAY_HOURS = 60, 24
# Sums over a session that need each play's place in the day: name, and the first and last hour of the part.
_PARTS = {"night_ms": (0, 4), "morning_ms": (5, 11), "evening_ms": (17, 21), "late_ms": (22, 23)}


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        session_id   STRING NOT NULL COMMENT 'Session that the play belongs to',
        started_at   TIMESTAMP NOT NULL COMMENT 'End of the play minus the time heard (UTC)',
        played_month STRING NOT NULL COMMENT 'UTC month of started_at, as yyyy-MM; partition',
        played_date  DATE NOT NULL COMMENT 'Local date of the end of the play',
        session_ms   BIGINT NOT NULL COMMENT 'From the first start to the last end, in milliseconds',
        start_count  BIGINT NOT NULL COMMENT 'Plays that were begun, counted or not',
        play_count   BIGINT NOT NULL COMMENT 'Counted plays',
        skip_count   BIGINT NOT NULL COMMENT 'Plays that were skips',
        listened_ms  BIGINT NOT NULL COMMENT 'Time listened, measured or estimated, in milliseconds',
        artist_count BIGINT NOT NULL COMMENT 'Different artists',
        recording_count BIGINT NOT NULL COMMENT 'Different recordings',
        skip_share   DOUBLE COMMENT 'Share of the plays begun that were skips, 0-1',
        start_hour   DOUBLE NOT NULL COMMENT 'Local time at which the session began, in hours from 0 to below 24',
        start_hour_sine   DOUBLE NOT NULL COMMENT 'Sine of the angle of start_hour on a clock of 24 hours, -1 to 1',
        start_hour_cosine DOUBLE NOT NULL COMMENT 'Cosine of the angle of start_hour on a clock of 24 hours, -1 to 1',
        is_weekend   BOOLEAN NOT NULL COMMENT 'Saturday or Sunday, local',
        shuffle_known_count BIGINT NOT NULL COMMENT 'Plays begun of which it is known whether shuffle was on',
        shuffle_count BIGINT NOT NULL COMMENT 'Plays begun with shuffle on',
        shuffle_share DOUBLE COMMENT 'Share of the plays begun with shuffle on, of those where it is known, 0-1',
        album_run_count BIGINT NOT NULL COMMENT 'Plays begun right after another recording of the same album',
        night_ms     BIGINT NOT NULL COMMENT 'Part of listened_ms from 0 to 5 h local, in milliseconds',
        morning_ms   BIGINT NOT NULL COMMENT 'Part of listened_ms from 5 to 12 h local, in milliseconds',
        evening_ms   BIGINT NOT NULL COMMENT 'Part of listened_ms from 17 to 22 h local, in milliseconds',
        late_ms      BIGINT NOT NULL COMMENT 'Part of listened_ms from 22 to 24 h local, in milliseconds',
        mean_valence DOUBLE COMMENT 'Time-weighted mean valence, 0-1; null where too little has features',
        mean_energy  DOUBLE COMMENT 'Time-weighted mean energy, 0-1; null where too little has features',
        measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
        recency_weight DOUBLE NOT NULL COMMENT 'Half for each 90 days from the session to the month of the build, 0-1',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("session_id", "basis"),
    partition_by=("played_month",),
    expectations={
        "plays_are_starts": Expectation("play_count <= start_count"),
        "shares_in_range": Expectation(
            "skip_share BETWEEN 0 AND 1 AND shuffle_share BETWEEN 0 AND 1 AND measured_share BETWEEN 0 AND 1"
        ),
        "means_or_reason": Expectation("(mean_energy IS NULL) = (reason IS NOT NULL)"),
        "weight_in_range": Expectation("recency_weight > 0 AND recency_weight <= 1"),
    },
    references={"session_id": "listening_sessions"},
    # A session lasts a day at most, and is told in the month in which it began.
    window=(1, 1),
)
def session_features(
    listening_sessions: DataFrame,
    listening_with_features: DataFrame,
    track_features: DataFrame,
    *,
    as_of_month: date,
) -> DataFrame:
    """What each session was like, on each basis: what personas are made of, and habits are counted from.

    recency_weight halves with each 90 days between the session and the first of the build's month, so that rows change
    only when the month turns; sessions of that month have weight 1. coverage is left out: a session was seen.
    """
    plays = _with_album_runs(kept(listening_with_features)).join(_pair_of_features(track_features), "track_id", "left")
    sums = plays.groupBy("session_id").agg(
        F.min(F.unix_millis("started_at") + F.col("utc_offset_minutes") * MINUTE_MS).alias("local_start_ms"),
        F.count("is_shuffle").alias("shuffle_known_count"),
        F.count_if("is_shuffle").alias("shuffle_count"),
        F.count_if("is_album_run").alias("album_run_count"),
        *(_time_between(*hours).alias(name) for name, hours in _PARTS.items()),
        *(column for basis in BASES for column in _feature_sums(basis)),
    )
    on_both = listening_sessions.join(sums, on="session_id", how="inner").withColumn(
        "basis", F.explode(F.array(*(F.lit(basis) for basis in BASES)))
    )
    return _described(on_both, as_of_month).select(*session_features.column_names)


def _with_album_runs(plays: DataFrame) -> DataFrame:
    """Add is_album_run: whether the play before it in the session was another recording of the same album."""
    in_session = Window.partitionBy("session_id").orderBy("started_at", "played_at", "play_id")

    album, recording = F.concat_ws("\t", "artist_name", "album_name"), F.col("recording_id")
    is_same_album = F.lag(album).over(in_session) == album
    follows = is_same_album & F.col("album_name").isNotNull() & (F.lag(recording).over(in_session) != recording)
    return plays.withColumn("is_album_run", F.coalesce(follows, F.lit(False)))


def _pair_of_features(track_features: DataFrame) -> DataFrame:
    """A row a track: valence and energy of both bases, where both are known, and whether they are synthetic.

    So plays are joined once, and not once for each basis.
    """
    known = F.col("valence").isNotNull() & F.col("energy").isNotNull()
    pairs = []
    for basis in BASES:
        here = known & (F.col("basis") == basis)
        pairs += [F.max(F.when(here, exact(F.col(name)))).alias(f"{basis}_{name}") for name in ("valence", "energy")]
        pairs.append(F.max(F.when(here, F.col("feature_source") != "synthetic")).alias(f"{basis}_is_measured"))
    return track_features.groupBy("track_id").agg(*pairs)


def _feature_sums(basis: str) -> list[Column]:
    """Time with features, time with measured ones, and features weighted by time, on a basis."""
    listened, is_known = F.col("listened_ms"), F.col(f"{basis}_energy").isNotNull()
    return [
        F.sum(F.when(is_known, listened).otherwise(0)).alias(f"{basis}_feature_ms"),
        F.sum(F.when(F.col(f"{basis}_is_measured"), listened).otherwise(0)).alias(f"{basis}_measured_ms"),
        *(F.sum(F.col(f"{basis}_{name}") * listened).alias(f"{basis}_{name}_ms") for name in ("valence", "energy")),
    ]


def _time_between(first_hour: int, last_hour: int) -> Column:
    return F.sum(F.when(F.col("hour_of_day").between(first_hour, last_hour), F.col("listened_ms")).otherwise(0))


def _described(sessions: DataFrame, as_of_month: date) -> DataFrame:
    """The features of each session, from its sums."""

    def here(name: str) -> Column:
        one, other = BASES
        return F.when(F.col("basis") == one, F.col(f"{one}_{name}")).otherwise(F.col(f"{other}_{name}"))

    listened, weight, starts = F.col("listened_ms"), here("feature_ms"), F.col("start_count")
    minute = F.pmod(F.floor(F.col("local_start_ms") / F.lit(MINUTE_MS)), F.lit(_DAY_HOURS * _HOUR_MINUTES))
    hour = minute.cast("double") / _HOUR_MINUTES
    angle = F.col("start_hour") * F.lit(2 * math.pi / _DAY_HOURS)
    age = F.greatest(F.datediff(F.lit(as_of_month), F.col("played_date")), F.lit(0))
    nothing = F.lit("nothing was listened to")
    return sessions.withColumn("start_hour", hour).withColumns(
        {
            "played_month": F.date_format("started_at", "yyyy-MM"),
            "skip_share": share(F.col("skip_count"), starts),
            "start_hour_sine": F.sin(angle),
            "start_hour_cosine": F.cos(angle),
            "is_weekend": day_of_week(F.col("played_date")) >= 6,
            "shuffle_share": share(F.col("shuffle_count"), F.col("shuffle_known_count")),
            "mean_valence": mean_or_null(here("valence_ms"), weight, listened),
            "mean_energy": mean_or_null(here("energy_ms"), weight, listened),
            "measured_share": share(here("measured_ms"), listened),
            "recency_weight": F.pow(F.lit(0.5), age / F.lit(HALF_LIFE_DAYS)),
            "reason": F.when(listened == 0, nothing).otherwise(too_little(weight, listened, F.col("basis"))),
        }
    )
