"""Gold: recommendation_candidates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.recommendations.rules import BLOCK_DAYS, BLOCKS, FITS
from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, RECORDING_ID, SUGGESTION_SOURCE, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.recommendation_facts import FEATURES, facts_of
from transformations.suggestions import SUGGESTION


@table(
    layer="gold",
    analytics="prescriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        fit          STRING NOT NULL COMMENT 'now: from the whole history; held_out: without its last 30 days',
        {SUGGESTION_SOURCE},
        source_rank  INT NOT NULL COMMENT 'Place among the candidates of its source, 1 the first',
        {RECORDING_ID},
        {SUGGESTION}
    """,
    primary_key=("user_id", "basis", "fit", "suggestion_source", "recording_id"),
    expectations={
        "few_of_each_source": Expectation("source_rank BETWEEN 1 AND 150"),
        "new_means_never_played": Expectation("is_new_to_listener = (last_played_date IS NULL)"),
    },
    lookups={
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
        "track_moods": Lookup(by=("track_id",), reads=("user_id", "basis", "cluster_name")),
        "track_genres": Lookup(by=("track_id",), reads=("genre", "genre_weight", "genre_family")),
        "tracks": Lookup(by=("track_id",), reads=("track_name", "artist_name", "album_name")),
        "recordings": Lookup(by=("track_id",), reads=("recording_id",)),
        "kaggle_tracks_bronze": Lookup(
            by=("track_id",), reads=("track_name", "artists", "album_name", "track_genre", "popularity", *FEATURES)
        ),
    },
    # Asking all sources takes seconds: once a week, and not with every play.
    is_settled=True,
)
def recommendation_candidates(
    listening_with_features: DataFrame,
    track_features: DataFrame,
    track_moods: DataFrame,
    track_genres: DataFrame,
    tracks: DataFrame,
    recordings: DataFrame,
    albums: DataFrame,
    kaggle_tracks_bronze: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What each source would suggest to each listener, from whole weeks: what track_recommendations chooses from.

    Nothing that was played in the 30 days before the end of the fit's history, was skipped twice in them, or is left
    out by the listener's rules. The fit held_out is there to be judged: see recommendation_evaluations.
    """
    listening = listening_with_features.where(F.col("played_date") <= F.lit(as_of))
    facts = facts_of(
        listening, track_features, track_moods, track_genres, tracks, recordings, albums, kaggle_tracks_bronze, as_of
    )
    plays = _plays(listening, as_of)
    found = plays.groupBy("user_id").cogroup(facts.groupBy("user_id")).applyInPandas(_of(as_of), _MADE)
    texts = ("track_id", "track_name", "artist_name", "album_name", "part_of_day")
    known = {name: F.when(F.col(name) != "", F.col(name)) for name in texts}
    return found.withColumns(known).select(*recommendation_candidates.column_names)


_MADE = recommendation_candidates.ddl


def _plays(listening: DataFrame, as_of: date) -> DataFrame:
    """Plays by recording, session and part of day; of what is too old for sessions, by recording alone."""
    is_kept = F.col("excluded_by").isNull()
    is_counted = is_kept & F.col("is_counted")
    age = F.datediff(F.lit(as_of), F.col("played_date"))
    block = F.least(F.floor(age / F.lit(BLOCK_DAYS)), F.lit(BLOCKS)).cast("int")
    is_recent = F.col("played_date") > F.lit(as_of - timedelta(days=BLOCKS * BLOCK_DAYS))
    return listening.groupBy(
        "user_id",
        "recording_id",
        F.coalesce("track_id", F.lit("")).alias("track_id"),
        F.when(is_recent, F.col("session_id")).otherwise("").alias("session_id"),
        F.when(is_recent, F.col("part_of_day")).otherwise("").alias("part_of_day"),
        block.alias("age_block"),
    ).agg(
        F.bool_or("is_simulated").alias("is_simulated"),
        F.coalesce(F.min(F.when(is_counted, age)), F.lit(-1)).alias("days_ago"),
        F.count_if(is_kept).alias("start_count"),
        F.count_if(is_counted).alias("play_count"),
        F.count_if(is_kept & F.col("is_skip")).alias("skip_count"),
        F.count_if(~is_kept).alias("excluded_count"),
    )


def _of(as_of: date) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    def candidates_of(plays: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
        """The candidates of one listener."""
        from models.recommendations.candidates import candidates  # brings SciPy, which most builds do not need

        names = recommendation_candidates.column_names
        if plays.empty:
            return pd.DataFrame(columns=names)
        found = candidates(plays, facts, as_of)
        if found.empty:
            return pd.DataFrame(columns=names)
        back = found["fit"].map(FITS).astype(int) * BLOCK_DAYS + found["days_ago"]
        last = [
            as_of - timedelta(days=int(b)) if d >= 0 else None for b, d in zip(back, found["days_ago"], strict=True)
        ]
        same = {"user_id": plays["user_id"].iloc[0], "is_simulated": bool(plays["is_simulated"].any())}
        dated = found.assign(**same, last_played_date=pd.Series(last, index=found.index, dtype=object))
        return dated.rename(columns={"source": "suggestion_source"})[names]

    return candidates_of
