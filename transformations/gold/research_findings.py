"""Gold: research_findings."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.bases import MEASURED, exact, feature_time, measured_time, on_each_basis
from transformations.exclusions import kept

_GROUP = ["user_id", "is_simulated", "basis"]
_FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")


@table(
    layer="gold",
    analytics="diagnostic",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        question     STRING NOT NULL COMMENT 'mood_by_hour, features_foretell_habits or bright_and_dark_sessions',
        finding      STRING NOT NULL COMMENT 'What was estimated; docs/analytics.md defines each',
        estimate     DOUBLE COMMENT 'The estimate, in estimate_unit; null with a reason below the least sample',
        low          DOUBLE COMMENT 'Lower end of the 95 % interval, where one is defined',
        high         DOUBLE COMMENT 'Upper end of the 95 % interval, where one is defined',
        estimate_unit STRING NOT NULL COMMENT 'Unit of the estimate and its interval',
        sample_size  DOUBLE COMMENT 'What the value rests on, in sample_unit',
        sample_unit  STRING NOT NULL COMMENT 'What sample_size counts',
        least_sample DOUBLE COMMENT 'Below this sample_size the value is null',
        p_value      DOUBLE COMMENT 'How often chance alone gives as much, 0-1',
        adjusted_p_value DOUBLE COMMENT 'p_value corrected for all comparisons of its kind (Holm), 0-1',
        comparison_count INT NOT NULL COMMENT 'Comparisons that adjusted_p_value is corrected for; 0 for none',
        verdict      STRING NOT NULL COMMENT 'supported (adjusted p below 0.05), no evidence, or too little',
        measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
        sentence     STRING COMMENT 'What the numbers say, by a written rule',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "question", "finding"),
    constraints={"known_verdict": "verdict IN ('supported', 'no evidence', 'too little')"},
    expectations={
        "value_or_reason": Expectation("(estimate IS NULL) = (reason IS NOT NULL)"),
        "estimate_in_its_interval": Expectation("estimate BETWEEN low - 0.000000001 AND high + 0.000000001"),
        "supported_beyond_chance": Expectation("verdict <> 'supported' OR adjusted_p_value < 0.05"),
    },
    lookups={
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
    },
    is_settled=True,
)
def research_findings(listening_with_features: DataFrame, track_features: DataFrame) -> DataFrame:
    """Three research questions asked of each listener, with intervals, tests and verdicts; a null result is a result.

    Is the music brighter or more energetic at some times of day? Does the sound of a week's music foretell habits of
    that week, out of sample? Does bright listening go with other habits than dark listening? Whole weeks only; tests
    leave out a week at a time, and are corrected for the comparisons of each question. What goes together need not
    cause; published work found that mood explains little of what is played (doi 10.1177/27000710261456849). About
    music and habits.
    """
    plays = kept(listening_with_features).select(
        *_GROUP[:2],
        *("session_id", "track_id", "played_date", "hour_of_day", "listened_ms", "is_counted", "is_skip"),
        (F.col("time_source") == "measured").alias("has_measured_time"),
        F.unix_millis("started_at").alias("started_ms"),
        F.unix_millis("played_at").alias("ended_ms"),
    )
    tracks = plays.groupBy(*_GROUP[:2], "track_id").agg(F.sum("listened_ms").alias("listened_ms"))
    middle = _median_valence(on_each_basis(tracks, track_features))
    listening = on_each_basis(plays, track_features).join(middle, on=["user_id", "basis"], how="left")
    is_measured = F.col("has_measured_time")
    is_bright = F.coalesce(F.col("valence") > F.col("median_valence"), F.lit(False))
    sums = {
        "play_count": F.count_if("is_counted"),
        "measured_start_count": F.count_if(is_measured),
        "measured_skip_count": F.count_if(is_measured & F.col("is_skip")),
        "listened_ms": F.sum("listened_ms"),
        "feature_ms": F.sum(feature_time()),
        "measured_feature_ms": F.sum(measured_time()),
        "bright_ms": F.sum(F.when(is_bright, feature_time()).otherwise(0)),
        **{f"{name}_ms": F.sum(exact(F.col(name)) * feature_time()) for name in _FEATURES},
        "started_ms": F.min("started_ms"),
        "ended_ms": F.max("ended_ms"),
    }
    columns = [F.coalesce(total, F.lit(0)).cast("double").alias(name) for name, total in sums.items()]
    hours = listening.groupBy(*_GROUP, "session_id", "played_date", "hour_of_day").agg(*columns)
    return hours.groupBy(*_GROUP).applyInPandas(_findings, research_findings.ddl)


def _median_valence(tracks: DataFrame) -> DataFrame:
    """The valence below or at which half of the listening time with features lies, of each listener on each basis."""
    timed = tracks.withColumn("feature_ms", feature_time()).where(F.col("feature_ms") > 0)
    listener = Window.partitionBy("user_id", "basis")
    in_order = listener.orderBy("valence", "track_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    reached = timed.withColumns(
        {"until_ms": F.sum("feature_ms").over(in_order), "all_ms": F.sum("feature_ms").over(listener)}
    )
    upper = reached.where(2 * F.col("until_ms") >= F.col("all_ms"))
    return upper.groupBy("user_id", "basis").agg(F.min("valence").alias("median_valence"))


def _findings(listening: pd.DataFrame) -> pd.DataFrame:
    """The findings of one listener on one basis."""
    from models import research  # brings SciPy, which most builds do not need

    same = {name: listening[name].iloc[0] for name in _GROUP}
    kind = "measured audio features" if same["basis"] == MEASURED else "audio features"
    spent = float(listening["listened_ms"].sum())
    measured = float(listening["measured_feature_ms"].sum()) / spent if spent else float("nan")
    found = research.research_findings(listening, kind=kind)
    return found.assign(**same, measured_share=measured)[research_findings.column_names]
