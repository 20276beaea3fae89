"""The days ahead, foretold by the model that the backtest chose."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from models.threads import one_thread

from .intervals import interval
from .judging import ENDS
from .predictors import known_before
from .ridge import fit, predict
from .series import BASES, HORIZONS, RIDGE, SAME_WEEKDAY, Floats, Series, read_days

INTERVALS = ("low_80", "high_80", "low_95", "high_95")


def forecasts(days: pd.DataFrame, tested: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """The HORIZONS days after `as_of` of one listener: a row for each basis, target and day.

    `as_of` is the running day, of which nothing is read. `days` as for `read_days`; `tested` holds the rows of
    `backtests`. A value has a reason in its place where too little is known, or where no forecast was tried.
    """
    with one_thread():
        read = read_days(days, as_of)
        frames = [
            _ahead(series, tested[(tested["basis"] == basis) & (tested["target"] == name)], as_of).assign(
                basis=basis, target=name, measured_share=read[basis].measured_share, coverage=read[basis].coverage
            )
            for basis in BASES
            for name, series in read[basis].series.items()
        ]
    return pd.concat(frames, ignore_index=True)


def _ahead(series: Series, tested: pd.DataFrame, as_of: date) -> pd.DataFrame:
    served = tested[tested["is_served"].astype(bool) & (tested["horizon_days"] > 0)].sort_values("horizon_days")
    together = tested[tested["is_served"].astype(bool) & (tested["horizon_days"] == 0)]
    offset = served[list(ENDS)].to_numpy(dtype=float)
    was_tried = len(served) == HORIZONS and not np.isnan(offset).any()
    reason = series.why_not or (None if was_tried else "forecasts were not yet tried on enough of the past")
    horizons = np.arange(1, HORIZONS + 1)
    same: dict[str, Any] = {"fitted_days": series.known_days, "reason": reason}
    value, ends = np.full(HORIZONS, np.nan), np.full((HORIZONS, len(INTERVALS)), np.nan)
    if reason is None:
        value = _foretold(series, served["model_name"].iloc[0])
        ends = interval(series, value[None, :], offset)[0]
        told = together.iloc[0]
        same |= {"served_model": told["model_name"], "choice": told["choice"], "is_better": bool(told["is_better"])}
        same |= {name: float(told[name]) for name in ("coverage_80", "coverage_95")}
    else:
        same |= {"served_model": None, "choice": None, "is_better": False}
        same |= dict.fromkeys(("coverage_80", "coverage_95"), np.nan)
    maes = ("mae", "mase", "same_weekday_mae", "trailing_mean_mae")
    errors = {name: served[name].to_numpy(dtype=float) if reason is None else np.nan for name in maes}
    return pd.DataFrame(
        {
            "horizon_days": horizons,
            "forecast_date": pd.Series([as_of + timedelta(days=int(days)) for days in horizons], dtype=object),
            "forecast_value": value,
            **{name: ends[:, place] for place, name in enumerate(INTERVALS)},
            **errors,
        }
    ).assign(**same)


def _foretold(series: Series, model: str) -> Floats:
    known, last = known_before(series), np.array([len(series.values)])
    if model == RIDGE:
        made = predict(series, known, last, fit(known, int(last[0])))
    else:
        made = (known.same_weekday if model == SAME_WEEKDAY else known.trailing_mean)[last]
    return np.ravel(made)
