"""Gold: track_recommendations."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.recommendations.rules import BLOCK_DAYS, LIST_LENGTH, NOW, REFUSING_SKIPS, SOURCES
from schemas.columns import BASIS, IS_SIMULATED, RECORDING_ID, SERVED_BY, SUGGESTION_SOURCE, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import MEASURED
from transformations.exclusions import kept
from transformations.outcomes import blocked, known_by_source
from transformations.suggestions import SUGGESTION

_SCORES = {
    "together": "it stands in sessions with what is played of late",
    "forgotten": "it was played much and then not for 90 days",
    "own_popularity": "it was played much",
    "sound": "it is close in sound to what is played of late",
    "listeners": "listeners of like taste play it",
    "album": "it is missing of an album of which much is liked",
    "discovery": "it is popular in a favourite genre of the catalogue",
    "own_recency": "it was played last, of what rests",
}
_PARTS = ",\n        ".join(
    f"{name}_score DOUBLE COMMENT 'Part of score for: {what}'" for name, what in _SCORES.items()
)
_SUM = " + ".join(f"{source}_score" for source in SOURCES)


@table(
    layer="gold",
    analytics="prescriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        rank         INT NOT NULL COMMENT 'Place in the list, 1 the first',
        {RECORDING_ID},
        {SUGGESTION},
        silent_days  BIGINT COMMENT 'Local days since the last counted play of its recording; null where there is none',
        score        DOUBLE NOT NULL COMMENT 'Sum of the parts that follow; comparable within a listener''s list alone',
        {_PARTS},
        {SUGGESTION_SOURCE},
        sources      STRING NOT NULL COMMENT 'All sources that name it, the weightiest first, separated by commas',
        {SERVED_BY},
        has_measured_features BOOLEAN NOT NULL COMMENT 'Whether its audio features are known and not synthetic'
    """,
    primary_key=("user_id", "basis", "recording_id"),
    expectations={
        # No NOT NULL on the parts: with it, Sail plans the write for seconds (docs/decisions/007).
        "parts_are_known": Expectation(f"({_SUM}) IS NOT NULL"),
        "parts_add_up": Expectation(f"score - ({_SUM}) BETWEEN -0.000000001 AND 0.000000001"),
        "not_played_within_30_days": Expectation(f"silent_days >= {BLOCK_DAYS}"),
        "a_list_of_fifty": Expectation(f"rank BETWEEN 1 AND {LIST_LENGTH}"),
        "new_means_never_played": Expectation("is_new_to_listener = (last_played_date IS NULL)"),
    },
)
def track_recommendations(
    recommendation_candidates: DataFrame,
    recommendation_evaluations: DataFrame,
    listening_with_features: DataFrame,
    recommendation_outcomes: DataFrame,
    track_features: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What each listener could play: up to 50 recordings, each with its score in parts and a sentence why.

    Candidates of the last whole week, without what was since played, was skipped twice in 30 days, or was suggested
    and refused within 60. At most two of an artist. Where the model was not better than simple lists when tested, the
    better of these is served, and served_by says so; up to ten places are for what is new to the listener.
    """
    now = recommendation_candidates.where(F.col("fit") == NOW)
    free = now.join(_played_of_late(listening_with_features, as_of), ["user_id", "recording_id"], "left_anti").join(
        blocked(recommendation_outcomes, as_of), ["user_id", "basis", "recording_id"], "left_anti"
    )
    texts = ("track_id", "track_name", "artist_name", "album_name", "part_of_day")
    filled = free.select(
        *("user_id", "basis", "is_simulated", "suggestion_source", "source_rank", "recording_id", "why"),
        *("is_new_to_listener",),
        *(F.coalesce(name, F.lit("")).alias(name) for name in texts),
        F.coalesce(F.date_format("last_played_date", "yyyy-MM-dd"), F.lit("")).alias("last_played"),
    )
    verdicts = recommendation_evaluations.groupBy("user_id", "basis").agg(F.max("served_by").alias("served_by"))
    told = known_by_source(recommendation_outcomes, verdicts)
    group = ("user_id", "basis")
    found = filled.groupBy(*group).cogroup(told.groupBy(*group)).applyInPandas(_list, _MADE)
    measured = track_features.where(F.col("basis") == MEASURED).select("track_id", F.lit(True).alias("is_known"))
    last = F.when(F.col("last_played") != "", F.to_date("last_played"))
    return (
        found.join(measured, on="track_id", how="left")
        .withColumns({name: F.when(F.col(name) != "", F.col(name)) for name in texts})
        .withColumns(
            {
                "last_played_date": last,
                "silent_days": F.datediff(F.lit(as_of), last).cast("bigint"),
                "has_measured_features": F.coalesce("is_known", F.lit(False)),
            }
        )
        .select(*track_recommendations.column_names)
    )


_ADDED = {"silent_days", "last_played_date", "has_measured_features"}
_MADE = ", ".join(
    [f"{column.name} {column.type}" for column in track_recommendations.columns if column.name not in _ADDED]
    + ["last_played STRING"]
)


def _played_of_late(listening: DataFrame, as_of: date) -> DataFrame:
    """Recordings that a listener played in the last 30 days, or skipped too often in them."""
    first = as_of - timedelta(days=BLOCK_DAYS - 1)
    recent = kept(listening).where(
        # A local day can begin in the UTC month before.
        (F.col("played_month") >= f"{first - timedelta(days=1):%Y-%m}") & (F.col("played_date") >= F.lit(first))
    )
    sums = recent.groupBy("user_id", "recording_id").agg(
        F.count_if("is_counted").alias("play_count"), F.count_if("is_skip").alias("skip_count")
    )
    return sums.where((F.col("play_count") > 0) | (F.col("skip_count") >= REFUSING_SKIPS)).select(
        "user_id", "recording_id"
    )


def _list(candidates: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """The list of one listener on one basis."""
    from models.recommendations.merging import served
    from models.recommendations.outcomes import weights_after

    names = [part.split()[0] for part in _MADE.split(", ")]
    if candidates.empty:
        return pd.DataFrame(columns=names)
    served_by = max(told["served_by"], default="") or "own_popularity"
    weights = weights_after(told[told["suggestion_source"] != ""])
    found = served(candidates.rename(columns={"suggestion_source": "source"}), served_by, weights)
    last = candidates.drop_duplicates("recording_id").set_index("recording_id")["last_played"]
    same = {name: candidates[name].iloc[0] for name in ("user_id", "basis", "is_simulated")}
    details = {
        "suggestion_source": found["sources"].str.split(",").str[0],
        "last_played": found["recording_id"].map(last),
    }
    return found.assign(**same, **details)[names]
