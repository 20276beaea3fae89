"""Local dates as whole numbers."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.days import days_since_epoch

DATES = [date(1969, 12, 31), date(2024, 2, 29), date(1970, 1, 1), date(2024, 2, 29)]


@pytest.mark.parametrize("dates", [pd.Series(DATES), pd.to_datetime(pd.Series(DATES))], ids=["objects", "timestamps"])
def test_days_are_counted_from_1970_in_the_order_of_the_rows(dates: pd.Series) -> None:
    expected = [(day - date(1970, 1, 1)) // timedelta(days=1) for day in DATES]
    assert days_since_epoch(dates).tolist() == expected == [-1, 19782, 0, 19782]


def test_no_dates_give_no_days() -> None:
    assert days_since_epoch(pd.Series([], dtype=object)).tolist() == []
    assert days_since_epoch(pd.Series([], dtype=object)).dtype == np.int64
