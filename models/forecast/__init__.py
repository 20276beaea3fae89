"""The next two weeks of one listener: time listened, mean energy and mean valence, each with its intervals.

Three predictions of every day: the same weekday last week, the mean of the trailing 28 days, and a ridge regression on
the calendar and on lagged behaviour. All three are tried on the listener's own past from rolling origins, and the ridge
is served only where it is shown to be better than both others; see `judging`.
"""

from .ahead import forecasts
from .judging import backtests
from .series import HORIZONS, LEAST_DAYS, MODELS, TARGETS

__all__ = ["HORIZONS", "LEAST_DAYS", "MODELS", "TARGETS", "backtests", "forecasts"]
