"""The own past and the standing in it."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.wellbeing.comparison import with_own_past
from models.wellbeing.rows import INDICATORS, Row, day_number, frame_of, windows_of

MONDAY = date(2024, 1, 1)


def compared(name: str, values: list[float], width: float = math.nan) -> pd.DataFrame:
    """Rows of one indicator with these weekly values, the other indicators null, compared with the past."""
    rows = []
    first = day_number(MONDAY)
    for indicator in INDICATORS.values():
        for week, window in enumerate(windows_of(indicator, first, first + 7 * len(values) - 1)):
            value = values[week] if indicator.name == name else math.nan
            rows.append(Row(indicator, window, 1, 1, value, value - width, value + width))
    frame = with_own_past(frame_of(rows))
    return frame[frame["indicator"] == name].reset_index(drop=True)


def test_the_past_is_the_twelve_weeks_before() -> None:
    values = [9.0, 9.0, *np.arange(12.0), 30.0]
    last = compared("longest_loop", values).iloc[-1]
    mean, spread = np.mean(np.arange(12)), np.std(np.arange(12), ddof=1)
    assert last["past_value"] == pytest.approx(mean)
    assert (last["past_low"], last["past_high"]) == pytest.approx((mean - 2 * spread, mean + 2 * spread))
    assert last["standing"] == "above your usual range"


@pytest.mark.parametrize(
    ("value", "standing"),
    [(1.0, "below your usual range"), (5.0, "within your usual range"), (9.0, "above your usual range")],
)
def test_standing_places_a_value_in_the_usual_range(value: float, standing: str) -> None:
    assert compared("longest_loop", [4.5, 5.5] * 6 + [value])["standing"].iloc[-1] == standing


def test_an_interval_that_reaches_the_past_mean_is_not_unusual() -> None:
    values = [4.9, 5.1] * 6 + [6.0]
    assert compared("sessions_per_week", values, width=0.9)["standing"].iloc[-1] == "above your usual range"
    assert compared("sessions_per_week", values, width=1.1)["standing"].iloc[-1] == "within your usual range"


def test_six_weeks_with_a_value_are_needed() -> None:
    five = compared("repetition", [math.nan] * 7 + [0.5] * 5 + [0.9]).iloc[-1]
    six = compared("repetition", [math.nan] * 6 + [0.5] * 6 + [0.9]).iloc[-1]
    assert five["standing"] is None
    assert math.isnan(five["past_value"])
    assert (six["past_value"], six["standing"]) == (pytest.approx(0.5), "above your usual range")


def test_a_null_week_has_a_past_and_no_standing() -> None:
    last = compared("repetition", [0.5] * 12 + [math.nan]).iloc[-1]
    assert (last["past_value"], last["standing"]) == (pytest.approx(0.5), None)


def test_last_year_is_fifty_two_weeks_earlier() -> None:
    frame = compared("repetition", [week / 100 for week in range(60)])
    assert frame["last_year_value"].iloc[52:].tolist() == pytest.approx([week / 100 for week in range(8)])
    assert frame["last_year_value"].iloc[:52].isna().all()


def test_hours_of_the_day_compare_around_the_clock() -> None:
    frame = compared("diurnal_phase_hours", [23.5, 0.5] * 6 + [3.0], width=1.0)
    assert (frame["past_value"].iloc[-1] + 12) % 24 == pytest.approx(12.0)
    assert frame["standing"].iloc[-1] == "above your usual range"
    near = compared("diurnal_phase_hours", [23.5, 0.5] * 6 + [0.2], width=1.0)
    assert near["standing"].iloc[-1] == "within your usual range"
