"""Gold: forecast_evaluations."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import BASIS, EVALUATION, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table

_HORIZONS = (0, 1, 7, 14)
_BASELINES = ("same_weekday", "trailing_mean")
# Metrics, and why one is null where the backtest was made.
_METRICS = {
    "mae": "none of these days is known",
    "mase": "days a week apart do not differ, or none are known",
    "coverage_80": "the past is too short to measure it",
    "coverage_95": "the past is too short to measure it",
}


@table(
    layer="gold",
    analytics="predictive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {EVALUATION}
    """,
    primary_key=("user_id", "basis", "subject", "metric", "metric_cutoff", "baseline_name"),
    expectations={"value_or_reason": Expectation("(metric_value IS NULL) = (reason IS NOT NULL)")},
)
def forecast_evaluations(forecast_backtests: DataFrame) -> DataFrame:
    """The figures of forecast_backtests for evaluation_results: of all 14 days together, and of the 1st, 7th and 14th.

    mae of ridge stands beside that of each baseline. Whether ridge is better than both is told of all days together.
    """
    told = forecast_backtests.where(F.col("horizon_days").isin(*_HORIZONS))
    is_ridge = F.col("model_name") == "ridge"
    is_mae = F.col("metric") == "mae"
    each = told.withColumn("metric", F.explode(_array(*_METRICS))).withColumn(
        "baseline_name", F.explode(F.when(is_ridge & is_mae, _array(*_BASELINES)).otherwise(_array("")))
    )
    value = _of_metric({name: F.col(name) for name in _METRICS})
    baseline = F.col("baseline_name")
    other = F.when(baseline == _BASELINES[0], F.col("same_weekday_mae")).when(
        baseline == _BASELINES[1], F.col("trailing_mean_mae")
    )
    is_coverage = F.col("metric").startswith("coverage")
    missing = F.coalesce("reason", _of_metric({name: F.lit(why) for name, why in _METRICS.items()}))
    return each.select(
        *("user_id", "is_simulated", "basis"),
        F.concat("target", F.lit(" by "), "model_name").alias("subject"),
        "metric",
        F.col("horizon_days").alias("metric_cutoff"),
        "baseline_name",
        value.alias("metric_value"),
        F.when(is_mae, F.col("mae_low")).alias("metric_low"),
        F.when(is_mae, F.col("mae_high")).alias("metric_high"),
        other.alias("baseline_value"),
        F.when((baseline != "") & (F.col("horizon_days") == 0), F.col("is_better")).alias("is_better"),
        F.when(is_coverage, F.col("coverage_count"))
        .otherwise(F.col("error_count"))
        .cast("double")
        .alias("sample_size"),
        F.lit("forecasts").alias("sample_unit"),
        F.when(value.isNull(), missing).alias("reason"),
    )


def _array(*texts: str) -> Column:
    return F.array(*(F.lit(text) for text in texts))


def _of_metric(columns: dict[str, Column]) -> Column:
    """The column that belongs to the row's metric."""
    nothing: Column = F.lit(None)
    return reduce(lambda chain, name: F.when(F.col("metric") == name, columns[name]).otherwise(chain), columns, nothing)
