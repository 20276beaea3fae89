"""Gold: session_personas."""

from __future__ import annotations

from datetime import date

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.session_personas import FEATURES, RULE, find_personas
from schemas.columns import BASIS, FIT_FIGURES, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Model, table

_FITTED_FROM = (
    "session_ms",
    "start_count",
    "artist_count",
    *FEATURES[2:],
    "is_weekend",
    "album_run_count",
)


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        session_id   STRING NOT NULL COMMENT 'Session that the play belongs to',
        played_date  DATE NOT NULL COMMENT 'Local date of the end of the play',
        persona_id   INT NOT NULL COMMENT 'Session persona, from 1; 0 for none',
        persona_name STRING COMMENT 'What its sessions are like: when, how long, and how many artists',
        centroid_distance DOUBLE COMMENT 'Distance to the centroid, in standardised units',
        {FIT_FIGURES},
        fitted_sessions INT NOT NULL COMMENT 'Sessions that the personas were fitted on',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("session_id", "basis"),
    expectations={
        "personas_are_numbered": Expectation("persona_id BETWEEN 0 AND k"),
        "named_or_explained": Expectation("(persona_name IS NULL) = (reason IS NOT NULL)"),
    },
    references={"session_id": "listening_sessions"},
    # Fitting takes seconds: once a week, and not with every play.
    is_settled=True,
    model=Model("personas", FEATURES, RULE.seed, fitted="fitted_sessions"),
)
def session_personas(session_features: DataFrame, *, as_of_month: date) -> DataFrame:
    """The persona of every session of whole weeks, on each basis, and how well the personas hold.

    Fitted on sessions before the month of the build, or on all while those are few: docs/analytics.md, "Session
    personas". Numbered by start hour from 5 in the morning on. They describe sessions, not the listener.
    """
    sessions = session_features.select(
        "user_id",
        "is_simulated",
        "basis",
        "session_id",
        "played_date",
        (F.col("played_date") < F.lit(as_of_month)).alias("is_settled"),
        *_FITTED_FROM,
        "reason",
    )
    return sessions.groupBy("user_id", "basis").applyInPandas(_personas, session_personas.ddl)


def _personas(sessions: pd.DataFrame) -> pd.DataFrame:
    """The personas of one listener on one basis."""
    own = ["user_id", "is_simulated", "basis", "session_id", "played_date"]
    found = find_personas(sessions.drop(columns=[name for name in own if name != "session_id"]))
    return sessions[own].merge(found, on="session_id", how="inner")[session_personas.column_names]
