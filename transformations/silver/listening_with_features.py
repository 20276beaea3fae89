"""Silver: listening_with_features."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from config.exclusions import Exclusion
from schemas.columns import AUDIO_FEATURE_NAMES, AUDIO_FEATURES, IS_SIMULATED, PLAY, PLAYED_MONTH, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.bases import ALL
from transformations.exclusions import with_exclusions
from transformations.local_time import day_of_week, part_of_day, season, with_local_time
from transformations.sessions import with_session_id


@table(
    layer="silver",
    schema=f"""
        play_id      STRING NOT NULL COMMENT 'record_id of the record that the play is anchored on',
        {USER_ID},
        {IS_SIMULATED},
        played_at    TIMESTAMP NOT NULL COMMENT 'End of the play (UTC), corrected',
        started_at   TIMESTAMP NOT NULL COMMENT 'End of the play minus the time heard (UTC)',
        {PLAYED_MONTH},
        session_id   STRING NOT NULL COMMENT 'Session that the play belongs to',
        {PLAY},
        is_shuffle   BOOLEAN COMMENT 'Whether shuffle was on',
        platform     STRING COMMENT 'Device or player, as delivered',
        context_uri  STRING COMMENT 'Playlist, album or artist that was played from',
        {AUDIO_FEATURES},
        feature_source   STRING COMMENT 'real, synthetic or kaggle: where the audio features come from',
        feature_provider STRING COMMENT 'Service, catalogue genre or generator that gave the audio features',
        time_zone    STRING NOT NULL COMMENT 'IANA zone of the listener then',
        utc_offset_minutes INT NOT NULL COMMENT 'Local time minus UTC, in minutes',
        played_date  DATE NOT NULL COMMENT 'Local date of the end of the play',
        hour_of_day  INT NOT NULL COMMENT 'Hour of the listener''s local day, 0-23',
        part_of_day  STRING NOT NULL COMMENT 'night 0-5, morning 5-12, afternoon 12-17, evening 17-22, late 22-24',
        day_of_week  INT NOT NULL COMMENT '1 Monday to 7 Sunday, local',
        is_weekend   BOOLEAN NOT NULL COMMENT 'Saturday or Sunday, local',
        season       STRING NOT NULL COMMENT 'Meteorological season, by the hemisphere of the zone',
        excluded_by  STRING COMMENT 'Rule of rules/exclusions.toml that keeps the play out of statistics; null for none'
    """,
    primary_key=("play_id",),
    partition_by=("played_month",),
    constraints={
        "hour_on_the_clock": "hour_of_day BETWEEN 0 AND 23",
        "source_or_no_features": "feature_source IS NOT NULL OR energy IS NULL",
    },
    expectations={
        "energy_in_range": Expectation("energy BETWEEN 0 AND 1"),
        "valence_in_range": Expectation("valence BETWEEN 0 AND 1"),
        "offset_of_a_real_zone": Expectation("utc_offset_minutes BETWEEN -720 AND 840"),
    },
    # A session may have begun in the month before.
    window=(1, 1),
    lookups={
        "track_features": Lookup(
            by=("track_id",), reads=("basis", "feature_source", "feature_provider", *AUDIO_FEATURE_NAMES)
        )
    },
)
def listening_with_features(
    plays: DataFrame,
    track_features: DataFrame,
    listeners: DataFrame,
    *,
    timezone: str,
    session_gap_minutes: int,
    exclusions: tuple[Exclusion, ...] = (),
) -> DataFrame:
    """Every play with its audio features, where they came from, the listener's local time, and its session.

    The features are those of the preference (basis all): look at feature_source, or read track_features for others.
    Plays that a rule excludes stay here, with its name; statistics leave them out.
    """
    features = track_features.where(F.col("basis") == ALL).select(
        "track_id", "feature_source", "feature_provider", *AUDIO_FEATURE_NAMES
    )
    located = with_local_time(plays, listeners, "played_at", timezone)
    described = located.withColumns(
        {
            "played_date": F.col("local_date"),
            "part_of_day": part_of_day(F.col("hour_of_day")),
            "day_of_week": day_of_week(F.col("local_date")),
            "is_weekend": day_of_week(F.col("local_date")) >= 6,
            "season": season(F.col("local_date"), F.col("time_zone")),
        }
    )
    return (
        with_exclusions(with_session_id(described, session_gap_minutes), exclusions)
        .join(features, on="track_id", how="left")
        .select(*listening_with_features.column_names)
    )
