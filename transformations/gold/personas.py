"""Gold: personas."""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import BASIS, FIT_FIGURES, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import MEASURED, exact, share
from transformations.sessions import MINUTE_MS

_FIGURES = ("k", "silhouette", "stability", "null_silhouette", "fitted_sessions")
# Mean over the sessions: name, and the column of session_features.
_MEANS = {
    "session_skip_share": "skip_share",
    "session_valence": "mean_valence",
    "session_energy": "mean_energy",
    "mean_recency_weight": "recency_weight",
    "mean_sine": "start_hour_sine",
    "mean_cosine": "start_hour_cosine",
}
_NO_DIRECTION = 1e-9


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        persona_id   INT NOT NULL COMMENT 'Session persona, from 1; 0 for none',
        persona_name STRING COMMENT 'What its sessions are like: when, how long, and how many artists',
        session_count BIGINT NOT NULL COMMENT 'Listening sessions',
        session_share DOUBLE NOT NULL COMMENT 'Share of the listener''s sessions, 0-1',
        {SUMMARY},
        time_share   DOUBLE COMMENT 'Share of the listening time of all of the listener''s sessions, 0-1',
        mean_session_minutes DOUBLE COMMENT 'Mean length of a session, from first start to last end, in minutes',
        artists_per_session DOUBLE COMMENT 'Mean number of different artists in a session',
        mean_start_hour DOUBLE COMMENT 'Mean direction of start_hour on a clock of 24 hours; null where it has none',
        session_skip_share DOUBLE COMMENT 'Mean over sessions of the share of plays begun that were skips, 0-1',
        weekend_session_share DOUBLE COMMENT 'Share of the sessions that are on Saturday or Sunday, local, 0-1',
        album_run_share DOUBLE COMMENT 'Share of plays begun right after another recording of the same album, 0-1',
        session_valence DOUBLE COMMENT 'Mean over sessions of mean_valence, 0-1',
        session_energy DOUBLE COMMENT 'Mean over sessions of mean_energy, 0-1',
        mean_recency_weight DOUBLE COMMENT 'Mean over sessions of recency_weight, 0-1',
        {FIT_FIGURES},
        fitted_sessions INT NOT NULL COMMENT 'Sessions that the personas were fitted on',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "persona_id"),
    expectations={
        "shares_in_range": Expectation("session_share BETWEEN 0 AND 1 AND time_share BETWEEN 0 AND 1"),
        "named_or_explained": Expectation("(persona_name IS NULL) = (reason IS NOT NULL)"),
    },
    is_settled=True,
)
def personas(session_personas: DataFrame, session_features: DataFrame, coverage: DataFrame) -> DataFrame:
    """The personas of each listener's sessions: centre in natural units, size, share of sessions and of time.

    Persona 0 holds the sessions that are in none, with the reason. Centres are means over all sessions of whole weeks.
    """
    fit = session_personas.select("session_id", "basis", "persona_id", "persona_name", *_FIGURES, _why_none())
    sessions = session_features.drop("reason").join(fit, on=["session_id", "basis"], how="inner")
    groups = sessions.groupBy("user_id", "is_simulated", "basis", "persona_id", "persona_name").agg(
        F.count("*").alias("session_count"),
        *(F.sum(name).alias(name) for name in ("play_count", "listened_ms", "start_count", "album_run_count")),
        share(F.sum(exact(F.col("measured_share")) * F.col("listened_ms")), F.sum("listened_ms")).alias(
            "measured_share"
        ),
        share(F.sum("session_ms"), F.count("*") * F.lit(MINUTE_MS)).alias("mean_session_minutes"),
        share(F.sum("artist_count"), F.count("*")).alias("artists_per_session"),
        share(F.count_if("is_weekend"), F.count("*")).alias("weekend_session_share"),
        *(share(F.sum(exact(F.col(of))), F.count(of)).alias(name) for name, of in _MEANS.items()),
        *(F.max(name).alias(name) for name in (*_FIGURES, "reason")),
    )
    totals = groups.groupBy("user_id", "basis").agg(
        F.sum("session_count").alias("all_sessions"), F.sum("listened_ms").alias("all_ms")
    )
    covered = coverage.groupBy("user_id").agg(F.avg(F.col("is_covered").cast("double")).alias("coverage"))
    return (
        groups.join(totals, on=["user_id", "basis"], how="inner")
        .join(covered, on="user_id", how="left")
        .withColumns(
            {
                "session_share": share(F.col("session_count"), F.col("all_sessions")),
                "time_share": share(F.col("listened_ms"), F.col("all_ms")),
                "album_run_share": share(F.col("album_run_count"), F.col("start_count")),
                "mean_start_hour": _hour(F.col("mean_sine"), F.col("mean_cosine")),
            }
        )
        .select(*personas.column_names)
    )


def _why_none() -> Column:
    """Why sessions are in no persona: the model's reason where there are none, else that they lack features."""
    kind = F.when(F.col("basis") == MEASURED, "measured audio features").otherwise("audio features")
    lacking = F.concat(F.lit("too little of the time of these sessions has "), kind)
    return F.when(F.col("persona_id") == 0, F.when(F.col("k") == 0, F.col("reason")).otherwise(lacking)).alias("reason")


def _hour(sine: Column, cosine: Column) -> Column:
    """The hour of a mean direction on the clock, from 0 to below 24; null where it has no direction."""
    hour = F.pmod(F.atan2(sine, cosine) * F.lit(12 / math.pi), F.lit(24.0))
    return F.when(sine * sine + cosine * cosine > F.lit(_NO_DIRECTION), hour)
