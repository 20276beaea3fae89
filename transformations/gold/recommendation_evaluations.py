"""Gold: recommendation_evaluations."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.recommendations.rules import BLOCK_DAYS, HELD_OUT
from schemas.columns import BASIS, EVALUATION, IS_SIMULATED, SERVED_BY, USER_ID
from schemas.declaration import Expectation, table
from transformations.exclusions import kept


@table(
    layer="gold",
    analytics="prescriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {EVALUATION},
        advantage       DOUBLE COMMENT 'metric_value minus baseline_value; null without a baseline',
        advantage_low  DOUBLE COMMENT 'Lower end of the 95 % interval of advantage, where one is defined',
        advantage_high DOUBLE COMMENT 'Upper end of the 95 % interval of advantage, where one is defined',
        return_count    BIGINT NOT NULL COMMENT 'Recordings played in the held-out days and not in the 30 days before',
        {SERVED_BY}
    """,
    primary_key=("user_id", "basis", "subject", "metric", "metric_cutoff", "baseline_name"),
    expectations={
        "value_or_reason": Expectation("(metric_value IS NULL) = (reason IS NOT NULL)"),
        "the_model_is_served_only_if_better": Expectation(
            "served_by <> 'model' OR subject <> 'model' OR metric <> 'ndcg_20' OR advantage_low > 0"
        ),
    },
    is_settled=True,
)
def recommendation_evaluations(
    recommendation_candidates: DataFrame, listening_with_features: DataFrame, *, as_of: date
) -> DataFrame:
    """Whether recommendations find more of what is then played than lists of the most and of the last played.

    The last 30 days before the running week are held out. To be found, in lists of 20 made without them, are the
    recordings played in them and not in the 30 days before. hit_rate_20 is the share of the 20 that were; ndcg_20 has
    a gain of 1 for each; intervals by bootstrap over days. catalogue_coverage: share of the recordings ever played
    that the 20 hold; novelty: mean surprise in bits. Least sample: 20 such recordings on 10 days. is_better, and so
    served_by, asks that the interval of the difference to each baseline lies above zero.
    """
    heard = kept(listening_with_features).where(F.col("is_counted") & (F.col("played_date") <= F.lit(as_of)))
    last, before = (F.lit(as_of - timedelta(days=blocks * BLOCK_DAYS)) for blocks in (1, 2))
    day = F.col("played_date")
    plays = heard.groupBy("user_id", "recording_id").agg(
        F.coalesce(F.min(F.when(day > last, F.datediff(day, F.lit(as_of)))), F.lit(1)).alias("first_day"),
        F.count_if((day > before) & (day <= last)).alias("month_before"),
        F.count_if(day <= last).alias("play_count"),
    )
    names = ("basis", "suggestion_source", "source_rank", "recording_id", "track_name", "artist_name")
    texts = [F.coalesce(name, F.lit("")).alias(name) for name in ("track_id", "album_name", "part_of_day")]
    held_out = recommendation_candidates.where(F.col("fit") == HELD_OUT).select(
        *("user_id", "is_simulated", *names[:4], "why", "is_new_to_listener"),
        *(F.coalesce(name, F.lit("")).alias(name) for name in names[4:]),
        *texts,
    )
    found = held_out.groupBy("user_id").cogroup(plays.groupBy("user_id")).applyInPandas(_evaluate, _MADE)
    numbers = [column.name for column in recommendation_evaluations.columns if column.type == "DOUBLE"]
    return found.withColumns({name: F.nanvl(name, F.lit(None).cast("double")) for name in numbers}).select(
        *recommendation_evaluations.column_names
    )


_MADE = recommendation_evaluations.ddl


def _evaluate(held_out: pd.DataFrame, plays: pd.DataFrame) -> pd.DataFrame:
    """The evaluation of one listener on both bases."""
    from models.recommendations.evaluation import evaluated

    names = recommendation_evaluations.column_names
    if held_out.empty:
        return pd.DataFrame(columns=names)
    returns = plays[(plays["first_day"] <= 0) & (plays["month_before"] == 0)].sort_values("recording_id")
    before = plays.set_index("recording_id")["play_count"].sort_index()
    candidates = held_out.rename(columns={"suggestion_source": "source"})
    found = [
        evaluated(rows, returns, before[before > 0]).assign(basis=basis)
        for basis, rows in candidates.groupby("basis", sort=True)
    ]
    same = {"user_id": held_out["user_id"].iloc[0], "is_simulated": bool(held_out["is_simulated"].any())}
    return pd.concat(found, ignore_index=True).assign(**same, sample_unit="held-out days")[names]
