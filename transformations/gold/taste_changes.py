"""Gold: taste_changes."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models import taste_changes as model
from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.bases import BASES, MEASURED, exact, measured_time, on_each_basis
from transformations.exclusions import kept
from transformations.genre_parts import with_genre_parts

_GROUP = ["user_id", "is_simulated", "basis"]


@table(
    layer="gold",
    analytics="diagnostic",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        change_number INT NOT NULL COMMENT 'Changes in order of time, from 1; 0 where none is told',
        changed_place INT NOT NULL COMMENT 'Place of the aspect among those that changed most, from 1; 0 for none',
        era_start    DATE COMMENT 'Monday of the first local week of the new era',
        changed_aspect STRING COMMENT 'genre_family or feature',
        changed_item STRING COMMENT 'Genre family, or audio feature',
        before_mean  DOUBLE COMMENT 'Mean over the weeks before, back to the change before',
        after_mean   DOUBLE COMMENT 'Mean over the weeks after, up to the next change',
        size         DOUBLE COMMENT 'Difference of the means, by how much the aspect differs from week to week',
        before_week_count INT COMMENT 'Weeks before that were used, back to the change before',
        after_week_count INT COMMENT 'Weeks after that were used, up to the next change',
        p_value      DOUBLE COMMENT 'How often chance alone gives as much, 0-1',
        statistic    DOUBLE COMMENT 'Energy statistic of the split',
        neighbour_correlation DOUBLE COMMENT 'Correlation of neighbouring weeks apart from the best split, -1 to 1',
        tested_week_count INT NOT NULL COMMENT 'Weeks that were tested',
        left_out_week_count INT NOT NULL COMMENT 'Weeks with too little listening, coverage, features or genres',
        tested       STRING NOT NULL COMMENT 'What the weeks were compared by: genres and features, or features',
        measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
        sentence     STRING COMMENT 'What the numbers say, by a written rule',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "change_number", "changed_place"),
    expectations={
        "tested_or_explained": Expectation("(p_value IS NULL) = (reason IS NOT NULL)"),
        "a_change_has_a_week": Expectation("(era_start IS NULL) = (change_number = 0)"),
        "changes_are_beyond_chance": Expectation("change_number = 0 OR p_value <= 0.01"),
    },
    lookups={
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
        "track_genres": Lookup(by=("track_id",), reads=("genre_family", "genre_weight")),
    },
    is_settled=True,
)
def taste_changes(
    listening_with_features: DataFrame, track_features: DataFrame, track_genres: DataFrame, coverage: DataFrame
) -> DataFrame:
    """When a listener's taste changed: weeks after which genres or the sound of the music are others than before.

    Weekly shares of genre families and means of six features are split where the energy distance of the two sides is
    largest (Matteson and James 2014), while a permutation of blocks of weeks gives p <= 0.01; an era lasts 8 weeks at
    least. Weeks below 2 hours, 20 plays, 80 % coverage or 60 % of the time with features are left out. Where nothing
    is found, a row says so. Whole weeks only; about music, not about the listener.
    """
    plays = kept(listening_with_features).withColumn("week_start", F.to_date(F.date_trunc("week", "played_date")))
    tracks = plays.groupBy(*_GROUP[:2], "week_start", "track_id").agg(
        F.sum("listened_ms").alias("listened_ms"), F.count_if("is_counted").alias("play_count")
    )
    listening = with_genre_parts(on_each_basis(tracks, track_features), track_genres)
    complete = F.lit(True)
    for name in model.FEATURES:
        complete = complete & F.col(name).isNotNull()
    time = F.when(complete, F.col("listened_ms")).otherwise(0)
    sums = {
        "play_count": F.sum("play_count"),
        "listened_ms": F.sum("listened_ms"),
        "complete_ms": F.sum(time),
        "measured_ms": F.sum(measured_time()),
        **{f"{name}_ms": F.sum(exact(F.col(name)) * time) for name in model.FEATURES},
    }
    # Doubles without null, since a cogrouped frame of Sail 0.7 cannot hold one.
    columns = [F.coalesce(total, F.lit(0)).cast("double").alias(name) for name, total in sums.items()]
    weeks = listening.groupBy(*_GROUP, "week_start", "genre_parts").agg(*columns)
    covered = (
        coverage.groupBy(*_GROUP[:2], F.to_date(F.date_trunc("week", "played_date")).alias("week_start"))
        .agg(F.count_if("is_covered").alias("covered_hours"), F.count("*").alias("all_hours"))
        .withColumn("basis", F.explode(F.array(*(F.lit(basis) for basis in BASES))))
    )
    return weeks.groupBy(*_GROUP).cogroup(covered.groupBy(*_GROUP)).applyInPandas(_changes, taste_changes.ddl)


def _changes(listening: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """The changes of one listener on one basis."""
    if listening.empty:
        return pd.DataFrame(columns=taste_changes.column_names)
    same = {name: listening[name].iloc[0] for name in _GROUP}
    kind = "measured audio features" if same["basis"] == MEASURED else "audio features"
    return model.taste_changes(listening, days, kind).assign(**same)[taste_changes.column_names]
