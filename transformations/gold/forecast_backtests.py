"""Gold: forecast_backtests."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import DataFrame

from schemas.columns import BACKTEST, BASIS, FORECAST_TARGET, IS_BETTER, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, table

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTENER = ["user_id", "is_simulated"]
# What a day is told by.
DAY = (
    *_LISTENER,
    "basis",
    "played_date",
    "start_count",
    "skip_count",
    "play_count",
    "listened_ms",
    "measured_share",
    "coverage",
    "artist_count",
    "recording_count",
    "mean_valence",
    "mean_energy",
)


@table(
    layer="gold",
    analytics="predictive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {FORECAST_TARGET},
        model_name   STRING NOT NULL COMMENT 'Name of the model',
        is_served    BOOLEAN NOT NULL COMMENT 'Whether forecasts of the target come from this model',
        {IS_BETTER},
        error_count  BIGINT NOT NULL COMMENT 'Forecasts in the backtest whose day is known',
        {BACKTEST},
        mae_low      DOUBLE COMMENT 'Lower end of the 95 % interval of mae, over blocks of four weeks; null below six',
        mae_high     DOUBLE COMMENT 'Upper end of the 95 % interval of mae, over blocks of four weeks; null below six',
        coverage_count BIGINT NOT NULL COMMENT 'Forecasts that coverage_95 was measured on',
        error_low_80 DOUBLE COMMENT 'Error at the lower end of the 80 % interval; of listened_ms, of its square root',
        error_high_80 DOUBLE COMMENT 'Error at the upper end of the 80 % interval; of listened_ms, of its square root',
        error_low_95 DOUBLE COMMENT 'Error at the lower end of the 95 % interval; of listened_ms, of its square root',
        error_high_95 DOUBLE COMMENT 'Error at the upper end of the 95 % interval; of listened_ms, of its square root',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "target", "model_name", "horizon_days"),
    expectations={
        "value_or_reason": Expectation("(mae IS NULL) = (reason IS NOT NULL)"),
        "shares_in_range": Expectation("coverage_80 BETWEEN 0 AND 1 AND coverage_95 BETWEEN 0 AND 1"),
        "only_a_served_model_is_better": Expectation("is_served OR NOT is_better"),
    },
    # Trying three models on a year takes a second: once a week, and not with every play.
    is_settled=True,
)
def forecast_backtests(daily_listening: DataFrame, *, as_of: date) -> DataFrame:
    """How well each model would have foretold each listener's days, from every second day of a year, two weeks ahead.

    same_weekday: the newest known same weekday of the four weeks before. trailing_mean: mean of the 28 days before.
    ridge: Bayesian ridge regression of the difference from the trailing mean on weekday, levels, time of the year and
    lagged behaviour, fitted anew every four weeks on what was known then. ridge is served where its error is shown to
    be at least 2 % below that of both others (t test over blocks of four weeks, 5 %), else the better of them. What
    rests on no audio features (listened_ms) is the same on both bases. Needs 84 known days; whole weeks only.
    """
    return daily_listening.select(*DAY).groupBy(*_LISTENER).applyInPandas(_of(as_of), forecast_backtests.ddl)


def _of(as_of: date) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def backtests(days: pd.DataFrame) -> pd.DataFrame:
        """The backtests of one listener on both bases."""
        from models import forecast  # brings scikit-learn, which most builds do not need

        same = {name: days[name].iloc[0] for name in _LISTENER}
        return forecast.backtests(days, as_of=as_of).assign(**same)[forecast_backtests.column_names]

    return backtests
