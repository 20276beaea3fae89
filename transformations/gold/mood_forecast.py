"""Gold: mood_forecast."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import BACKTEST, BASIS, FORECAST_TARGET, IS_BETTER, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table
from transformations.gold.forecast_backtests import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTENER = ["user_id", "is_simulated"]
_MAY_BE_NULL = ("measured_share", "coverage", "mean_valence", "mean_energy")
_FIGURES = (
    *("mae", "mase", "same_weekday_mae", "trailing_mean_mae", "coverage_80", "coverage_95"),
    *("error_low_80", "error_high_80", "error_low_95", "error_high_95"),
)


@table(
    layer="gold",
    analytics="predictive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {FORECAST_TARGET},
        forecast_date DATE NOT NULL COMMENT 'Local day that is foretold',
        forecast_value DOUBLE COMMENT 'What is expected of the target on that day, in its unit',
        low_80       DOUBLE COMMENT 'Lower end of the 80 % interval of the forecast',
        high_80      DOUBLE COMMENT 'Upper end of the 80 % interval of the forecast',
        low_95       DOUBLE COMMENT 'Lower end of the 95 % interval of the forecast',
        high_95      DOUBLE COMMENT 'Upper end of the 95 % interval of the forecast',
        served_model STRING COMMENT 'Model that the forecast comes from: ridge, same_weekday or trailing_mean',
        {IS_BETTER},
        {BACKTEST},
        fitted_days  INT NOT NULL COMMENT 'Days of the last three years with a known value; forecasts rest on them',
        measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
        coverage     DOUBLE COMMENT 'Share of the hours of the period that were observed or imported, 0-1',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "target", "forecast_date"),
    expectations={
        "value_or_reason": Expectation("(forecast_value IS NULL) = (reason IS NOT NULL)"),
        "value_in_its_intervals": Expectation(
            "low_95 <= low_80 AND low_80 <= forecast_value AND forecast_value <= high_80 AND high_80 <= high_95"
        ),
        "possible_values": Expectation("low_95 >= 0 AND (target = 'listened_ms' OR high_95 <= 1)"),
        "better_means_ridge": Expectation("is_better = (COALESCE(served_model, '') = 'ridge')"),
    },
)
def mood_forecast(daily_listening: DataFrame, forecast_backtests: DataFrame, *, as_of: date) -> DataFrame:
    """The 14 days after the day of the build: time listened, mean energy and mean valence, with intervals.

    Made from the days before the running one by the model that forecast_backtests chose, which says whether it is
    better than both baselines. The intervals are those of the errors of that model in its backtest, by horizon and the
    three beside it (conformal prediction), around the forecast; of listened_ms on the scale of square roots. Days less
    than 80 % observed are unknown, and so are the first and last of the history. Null below 84 known days, or where
    fewer than 14 of the last 28 are known. coverage_80 and coverage_95 are of all 14 horizons together.
    """
    tried = forecast_backtests.where("is_served").select(
        *_LISTENER,
        *("basis", "target", "model_name", "horizon_days", "is_served", "is_better", "choice"),
        *_without_nulls(forecast_backtests, _FIGURES),
    )
    days = daily_listening.select(
        *(name for name in DAY if name not in _MAY_BE_NULL), *_without_nulls(daily_listening, _MAY_BE_NULL)
    )
    listeners = days.groupBy(*_LISTENER).cogroup(tried.groupBy(*_LISTENER))
    return listeners.applyInPandas(_of(as_of), mood_forecast.ddl)


def _without_nulls(rows: DataFrame, names: tuple[str, ...]) -> list[Column]:
    """NaN, which pandas reads as missing: a null inside a cogrouped frame makes Sail 0.7 fail."""
    return [F.coalesce(rows[name], F.lit(float("nan"))).alias(name) for name in names]


def _of(as_of: date) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    def forecasts(days: pd.DataFrame, tried: pd.DataFrame) -> pd.DataFrame:
        """The days ahead of one listener on both bases."""
        from models import forecast  # brings scikit-learn, which most builds do not need

        if days.empty:
            return pd.DataFrame(columns=mood_forecast.column_names)
        same = {name: days[name].iloc[0] for name in _LISTENER}
        return forecast.forecasts(days, tried, as_of=as_of).assign(**same)[mood_forecast.column_names]

    return forecasts
