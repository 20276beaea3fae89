"""Late nights, weekend shift, regularity, session habit."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from models.wellbeing import wellbeing_indicators

Build = Callable[..., Any]
MONDAY = date(2024, 1, 1)


def local(day: int, hour: float, first: date = MONDAY) -> datetime:
    """Local time from a day number of the test and an hour, which may pass midnight."""
    return datetime.combine(first, datetime.min.time()) + timedelta(days=day, minutes=round(hour * 60))


def test_late_night_is_time_before_five(plays: Build, days: Build, row: Build) -> None:
    ends = [local(day, hour) for day in range(14) for hour in (0.5, 4.98, 5.0, 20.0)]
    table = plays(ends, listened_ms=[120_000, 60_000, 240_000, 300_000] * 14)
    found = row(wellbeing_indicators(table, days(MONDAY, 14), basis="all", as_of=date(2024, 1, 14)), "late_night_share")
    assert found["value"] == pytest.approx(3 / 12)
    assert (found["low"], found["high"]) == pytest.approx((0.25, 0.25))


def test_late_night_needs_fourteen_covered_days(plays: Build, days: Build, row: Build) -> None:
    table = plays([local(day, 3) for day in range(14)])
    for hours, reason in ((20.0, None), (19.0, "Needs at least 14 covered days; this window has 13.")):
        covered = days(MONDAY, 14, covered_hours=[hours] + [24.0] * 13)
        found = row(wellbeing_indicators(table, covered, basis="all", as_of=date(2024, 1, 14)), "late_night_share")
        assert found["reason"] == reason


def weekly_nights(weeks: int) -> list[datetime]:
    """Work nights 23:00 to 07:00, free nights (before Saturday and Sunday) 01:00 to 10:00; three minutes a play."""
    ends = []
    for day in range(7 * weeks):
        free_morning, free_evening = day % 7 in (5, 6), day % 7 in (4, 5)
        ends.append(local(day, 10.05 if free_morning else 7.05))
        ends.append(local(day, 25.0 if free_evening else 23.0))
    return ends


@pytest.mark.parametrize("weeks", [6, 12])
def test_weekend_shift_is_the_difference_of_middles(plays: Build, days: Build, row: Build, weeks: int) -> None:
    as_of = MONDAY + timedelta(days=7 * weeks - 1)
    found = row(
        wellbeing_indicators(plays(weekly_nights(weeks)), days(MONDAY, 7 * weeks), basis="all", as_of=as_of),
        "weekend_shift_hours",
    )
    # Free: the middle of 01:00 and 10:00 is 05:30; work: that of 23:00 and 07:00 is 03:00.
    assert found["value"] == pytest.approx(2.5)
    assert (found["low"], found["high"], found["sample_size"]) == pytest.approx((2.5, 2.5, weeks))


def test_weekend_shift_needs_six_weeks(plays: Build, days: Build, row: Build) -> None:
    frame = wellbeing_indicators(plays(weekly_nights(5)), days(MONDAY, 35), basis="all", as_of=date(2024, 2, 4))
    assert row(frame, "weekend_shift_hours")["reason"] == "Needs at least 6 weeks; this window has 5."


def test_nights_not_wholly_observed_and_absences_do_not_count(plays: Build, days: Build, row: Build) -> None:
    from models.wellbeing.history import read_history
    from models.wellbeing.timing import night_middles

    ends = [local(0, 22), local(1, 8.05), local(1, 22), local(2, 8.05), local(2, 23), local(4, 8.05), local(4, 21)]
    covered = days(MONDAY, 6, covered_hours=[24.0, 24.0, 23.0, 24.0, 24.0, 24.0])
    history = read_history(plays(ends), covered, "all", date(2024, 1, 6))
    assert history is not None
    # The night to day 1 is whole; day 2 lacks an hour, which takes two nights; the silence from day 2 lasts 33 hours.
    assert night_middles(history).tolist() == pytest.approx([np.nan, 3.0, *[np.nan] * 4], nan_ok=True)


def test_clock_changes_neither_lose_nor_double_an_hour(plays: Build, days: Build, row: Build) -> None:
    from models.wellbeing.history import read_history
    from models.wellbeing.timing import night_middles

    zone, first = ZoneInfo("Europe/Berlin"), date(2024, 3, 29)
    ends, offsets = [], []
    for day in range(3):
        for hour in (8.05, 23.0):
            ends.append(local(day, hour, first))
            shift = ends[-1].replace(tzinfo=zone).utcoffset()
            assert shift is not None
            offsets.append(shift.total_seconds() / 60)
    table = plays(ends, offset_minutes=offsets)
    history = read_history(
        table, days(first, 3, covered_hours=[24.0, 24.0, 23.0], day_hours=[24.0, 24.0, 23.0]), "all", date(2024, 3, 31)
    )
    assert history is not None
    # 31 March: 23:00 to 08:00 lasts eight hours; four hours after 23:00 CET the clock shows 04:00 CEST.
    assert night_middles(history).tolist() == pytest.approx([np.nan, 3.5, 4.0], nan_ok=True)


def test_regularity_leaves_out_days_that_change_the_clock(plays: Build, days: Build, row: Build) -> None:
    first, hours = date(2024, 3, 25), [24.0] * 6 + [23.0] + [24.0] * 7
    table = plays([local(day, 12, first) for day in range(14)])
    frame = wellbeing_indicators(
        table, days(first, 14, day_hours=hours, covered_hours=hours), basis="all", as_of=date(2024, 4, 7)
    )
    found = row(frame, "rhythm_regularity")
    assert (found["value"], found["sample_size"]) == pytest.approx((1.0, 13))


def interdaily_stability(table: pd.DataFrame, count: int) -> float:
    """The definition, hour by hour."""
    cells = {(day, hour): 0.0 for day in range(count) for hour in range(24)}
    for day, hour, listened in zip(table["played_date"], table["hour_of_day"], table["listened_ms"], strict=True):
        cells[(day - MONDAY).days, hour] += listened
    mean = sum(cells.values()) / len(cells)
    between = 0.0
    for hour in range(24):
        values = [cells[day, hour] for day in range(count)]
        between += count * (sum(values) / count - mean) ** 2
    return between / sum((value - mean) ** 2 for value in cells.values())


def test_regularity_is_interdaily_stability(plays: Build, days: Build, row: Build) -> None:
    rng = np.random.default_rng(2)
    hours = np.clip(rng.normal(18, 3, 200), 0, 23.9)
    table = plays([local(int(day), hour) for day, hour in zip(rng.integers(0, 28, 200), hours, strict=True)])
    frame = wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28))
    found = row(frame, "rhythm_regularity")
    assert found["value"] == pytest.approx(interdaily_stability(table, 28))
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1


def test_regularity_needs_seven_days_at_each_hour(plays: Build, days: Build, row: Build) -> None:
    table = plays([local(day, 12) for day in range(7)])
    covered = days(MONDAY, 7, covered_hours=[24.0] * 6 + [23.0])
    found = row(wellbeing_indicators(table, covered, basis="all", as_of=date(2024, 1, 7)), "rhythm_regularity")
    assert found["reason"] == "Needs at least 7 observed days at each hour; this window has 6."


def test_sessions_are_counted_measured_and_placed_on_the_clock(plays: Build, days: Build, row: Build) -> None:
    ends, sessions = [], []
    for day in range(28):
        begin = 23.0 if day % 2 else 25.0
        for part in range(1, 2 + day % 3):
            ends.append(local(day, begin + part * 0.1))
            sessions.append(f"s{day}")
    # All 28 start by 28 January: even days' at one in the following night, odd days' at eleven in the evening.
    table = plays(ends, session_id=sessions, listened_ms=360_000)
    frame = wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28))
    assert row(frame, "sessions_per_week")["value"] == pytest.approx(28 / 4)
    spread = row(frame, "session_start_spread_hours")["value"]
    starts = np.array([23.0 if day % 2 else 1.0 for day in range(28)]) * np.pi / 12
    assert spread == pytest.approx(np.sqrt(-2 * np.log(abs(np.exp(1j * starts).mean()))) * 12 / np.pi)
    assert row(frame, "session_length_minutes")["value"] == pytest.approx(12.0)


def test_a_week_that_was_half_observed_is_scaled_to_the_time_seen(plays: Build, days: Build, row: Build) -> None:
    table = plays([local(day, 12) for day in range(7, 28)])
    covered = days(MONDAY, 28, covered_hours=[0.0] * 7 + [24.0] * 21)
    found = row(wellbeing_indicators(table, covered, basis="all", as_of=date(2024, 1, 28)), "sessions_per_week")
    assert (found["value"], found["low"], found["high"]) == pytest.approx((7.0, 7.0, 7.0))


def test_session_habit_needs_twenty_sessions(plays: Build, days: Build, row: Build) -> None:
    table = plays([local(day, 12) for day in range(19)])
    frame = wellbeing_indicators(table, days(MONDAY, 28), basis="all", as_of=date(2024, 1, 28))
    for name in ("sessions_per_week", "session_length_minutes", "session_start_spread_hours"):
        assert row(frame, name)["reason"] == "Needs at least 20 sessions; this window has 19."
