"""The next 14 days, the days before them, and how good forecasts were."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from serving.store import Row, Store

Target = Literal["listened_ms", "mean_energy", "mean_valence"]
TARGETS: tuple[Target, ...] = ("listened_ms", "mean_energy", "mean_valence")
# A Bayesian ridge regression; the mean of the last 28 days; the same weekday a week before.
MODELS = {
    "ridge": "The model",
    "trailing_mean": "28-day mean",
    "same_weekday": "Same weekday",
}
KNOWN_COVERAGE = 0.8  # of a day, as mood_forecast knows days
DAYS_BEFORE = 42


def forecast_days(store: Store, basis: str, target: Target) -> list[Row]:
    """The forecast of a target: forecast_date, forecast_value, low_80 to high_95, and what mood_forecast says of it."""
    return store.rows(
        "SELECT * FROM mood_forecast WHERE basis = $basis AND target = $target ORDER BY forecast_date",
        basis=basis, target=target,
    )  # fmt: skip


def days_before(store: Store, basis: str, target: Target, days: int = DAYS_BEFORE) -> list[Row]:
    """The newest days that are over: day, known (null where a day is less than 80 % observed)."""
    return store.rows(
        f"""
        SELECT played_date AS day, CASE WHEN coverage >= $enough THEN {_declared(target)} END AS known
        FROM daily_listening
        WHERE basis = $basis AND played_date >= $first AND played_date < $today ORDER BY 1
        """,
        basis=basis, enough=KNOWN_COVERAGE, today=store.as_of, first=store.as_of - timedelta(days=days),
    )  # fmt: skip


def backtests(store: Store, basis: str, target: Target) -> list[Row]:
    """How good each model would have been: of horizon 0 (all 14 days together) and of each, the served model first."""
    return store.rows(
        """
        SELECT * FROM forecast_backtests WHERE basis = $basis AND target = $target
        ORDER BY horizon_days, NOT is_served, mae, model_name
        """,
        basis=basis, target=target,
    )  # fmt: skip


def _declared(target: Target) -> str:
    """A target as a column of daily_listening; nothing else becomes part of a query."""
    return TARGETS[TARGETS.index(target)]
