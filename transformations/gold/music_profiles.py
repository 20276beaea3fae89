"""Gold: music_profiles."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.music_profiles import COLUMNS, FEATURES, SEED, profile_shares
from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, Model, table
from transformations.periods import ALL_TIME, CALENDAR, PERIOD, PERIOD_KEY

_PLACE = ["is_simulated", *PERIOD_KEY]
_TOLD = [name for name in COLUMNS if name != "user_id"]


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        profile_name  STRING NOT NULL COMMENT 'One of five ways of listening: docs/analytics.md, Music profiles',
        profile_share DOUBLE COMMENT 'Part of the profile among the five, which add up to 1 for a listener, 0-1',
        similarity    DOUBLE COMMENT 'Cosine to the reference profile; with kmeans 1 at the centroid, less farther off',
        profile_rank  INT COMMENT 'Place of the profile by its share, from 1',
        drivers       STRING COMMENT 'Up to three habits that speak most for the profile, the strongest first',
        method        STRING NOT NULL COMMENT 'reference_profiles (below 50 listeners) or kmeans',
        k             INT NOT NULL COMMENT 'Number of clusters; 0 for none',
        listener_count BIGINT NOT NULL COMMENT 'Listeners of whom enough is known to compare them in the period',
        feature_count BIGINT NOT NULL COMMENT 'Habits of the listener that are known, of 20',
        {SUMMARY},
        reason        STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "period_kind", "period_start", "profile_name"),
    expectations={
        "share_or_reason": Expectation("(profile_share IS NULL) = (reason IS NOT NULL)"),
        "shares_in_range": Expectation("profile_share BETWEEN 0 AND 1"),
        "known_method": Expectation("method IN ('reference_profiles', 'kmeans')"),
    },
    model=Model(
        "music profiles",
        FEATURES,
        SEED,
        fitted="listener_count",
        by=("is_simulated",),
        where={"period_kind": ALL_TIME},
    ),
)
def music_profiles(user_features: DataFrame) -> DataFrame:
    """How near each listener's habits are to five ways of listening, by month, by year and over all time.

    Shares of all five rather than one label: docs/analytics.md, "Music profiles". Nothing rests on audio features.
    """
    heard = user_features.where(F.col("period_kind").isin(*CALENDAR))
    types = {column.name: column.type for column in music_profiles.columns}
    schema = ", ".join(f"{name} {types[name]}" for name in ("user_id", *_PLACE, *_TOLD))
    # Listeners are compared within a period, and invented ones never with real ones. All periods in one group, since
    # calling Python a hundred times takes a second. Nulls of doubles become NaN, which pandas reads as missing.
    habits = [F.coalesce(F.col(name), F.lit(float("nan"))).alias(name) for name in FEATURES]
    told = heard.select("user_id", *_PLACE, *habits).groupBy("is_simulated").applyInPandas(_profiles, schema)
    summary = heard.select("user_id", *_PLACE, "play_count", "listened_ms", "measured_share", "coverage")
    return told.join(summary, on=["user_id", *_PLACE], how="inner").select(*music_profiles.column_names)


def _profiles(listeners: pd.DataFrame) -> pd.DataFrame:
    """The profiles of all listeners, invented or real ones, period by period."""
    told = [
        profile_shares(own[["user_id", *FEATURES]]).assign(**dict(zip(PERIOD_KEY, period, strict=True)))
        for period, own in listeners.groupby(list(PERIOD_KEY))
    ]
    everything = pd.concat(told, ignore_index=True).assign(is_simulated=listeners["is_simulated"].iloc[0])
    return everything.astype({"profile_rank": "Int32"})[["user_id", *_PLACE, *_TOLD]]
