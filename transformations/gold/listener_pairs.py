"""Gold: listener_pairs."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.exclusions import kept
from transformations.library import simulated_listeners
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised

DAYS = 365
_PAIR = ["user_id", "other_user_id", "is_simulated"]


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        other_user_id STRING NOT NULL COMMENT 'Listener that the row compares with',
        shared_artist_count BIGINT COMMENT 'Artists whom both played in the last 365 days',
        shared_share DOUBLE COMMENT 'Share of the listener''s time that went to artists whom both played, 0-1',
        taste_distance DOUBLE COMMENT 'Jensen-Shannon distance of shares of time by artist: 0 equal, 1 nothing shared',
        distance_low DOUBLE COMMENT 'Lower end of the 95 % interval of taste_distance, by bootstrap over days',
        distance_high DOUBLE COMMENT 'Upper end of the 95 % interval of taste_distance, by bootstrap over days',
        own_distance DOUBLE COMMENT 'The distance between the even and the odd days of the listener: what chance makes',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "other_user_id"),
    expectations={
        "distance_in_its_interval": Expectation(
            "taste_distance BETWEEN distance_low AND distance_high OR distance_low IS NULL"
        ),
        "told_or_explained": Expectation("(taste_distance IS NULL) = (reason IS NOT NULL)"),
        "never_with_oneself": Expectation("user_id <> other_user_id"),
    },
)
def listener_pairs(
    listener_consents: DataFrame, listening_with_features: DataFrame, listeners: DataFrame, *, as_of: date
) -> DataFrame:
    """How far apart the tastes of two listeners are who both agree to be compared; nobody else is here.

    From the last 365 days before the build, by artist; at least 14 days and 100 plays of each. A row a direction: the
    distance is the same in both, the shared part is of the listener's own time. Taken back, a consent ends the row with
    the next build.
    """
    agreed = first_of_each(
        listener_consents.where(F.col("consent") == "compare"), ["user_id"], F.col("recorded_at").desc(), "is_given"
    )
    agreeing = agreed.where("is_given").select("user_id")
    others = agreeing.select(F.col("user_id").alias("other_user_id"))
    pairs = (
        agreeing.join(others, on=F.col("user_id") != F.col("other_user_id"), how="inner")
        .join(simulated_listeners(listeners), on="user_id", how="inner")
        .select(*_PAIR)
    )
    days = _days(listening_with_features, as_of)
    mine = pairs.join(days, on="user_id", how="inner").withColumn("is_mine", F.lit(True))
    theirs = pairs.join(days.withColumnRenamed("user_id", "other_user_id"), on="other_user_id", how="inner")
    # One frame and no cogroup: Spark finds the columns of two frames that come from the same one ambiguous.
    both = mine.unionByName(theirs.withColumn("is_mine", F.lit(False)).select(*mine.columns))
    found = both.groupBy(*_PAIR).applyInPandas(_compared, listener_pairs.ddl)
    numbers = ("shared_share", "taste_distance", "distance_low", "distance_high", "own_distance")
    told = {name: F.when(~F.isnan(name), F.col(name)) for name in numbers}
    return found.withColumns(told).select(*listener_pairs.column_names)


def _days(listening: DataFrame, as_of: date) -> DataFrame:
    """Counted plays and time by listener, local day (as a number) and artist."""
    first = as_of - timedelta(days=DAYS - 1)
    recent = kept(listening).where(
        (F.col("played_month") >= f"{first - timedelta(days=2):%Y-%m}")
        & F.col("played_date").between(first, as_of)
        & F.col("artist_name").isNotNull()
        & F.col("is_counted")
    )
    return recent.groupBy(
        "user_id",
        F.datediff("played_date", F.lit(date(1970, 1, 1))).alias("day"),
        normalised(F.col("artist_name")).alias("artist_key"),
    ).agg(F.count("*").alias("play_count"), F.sum("listened_ms").alias("listened_ms"))


def _compared(days: pd.DataFrame) -> pd.DataFrame:
    """One pair, seen from the first."""
    from models.taste_distance import compare_tastes  # brings SciPy, which most commands do not need

    pair = {name: days[name].iloc[0] for name in _PAIR}
    ordered = days.sort_values(["day", "artist_key"])
    names = (pair["user_id"], pair["other_user_id"])
    found = compare_tastes(ordered[ordered["is_mine"]], ordered[~ordered["is_mine"]], names)
    row = pd.DataFrame([{**pair, **found}], columns=listener_pairs.column_names)
    return row.astype({"shared_artist_count": "Int64"})
