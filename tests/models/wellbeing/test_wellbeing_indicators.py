"""The table as a whole: its shape, its promises, and that only the rows matter."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.wellbeing import INDICATORS, wellbeing_indicators
from models.wellbeing.rows import COLUMNS

Build = Callable[..., Any]
FIRST = date(2023, 1, 4)


def listening(plays: Build, count: int, span_days: int, seed: int = 0) -> pd.DataFrame:
    """A stationary listener: sessions of six starts at any time, recordings of uneven popularity."""
    rng = np.random.default_rng(seed)
    minute = np.repeat(np.sort(rng.choice(span_days * 1440 // 30, count // 6, replace=False)) * 30, 6)
    minute = minute + np.tile(np.arange(6) * 4, count // 6)
    recording = rng.zipf(1.4, len(minute)) % 500
    counted = rng.random(len(minute)) < 0.85
    return plays(
        np.datetime64(FIRST, "ms") + minute.astype("timedelta64[m]"),
        recording_id=[f"r{number}" for number in recording],
        artist_name=[f"a{number % 60}" for number in recording],
        session_id=[f"s{number // 6}" for number in range(len(minute))],
        is_counted=counted,
        is_skip=~counted,
        listened_ms=np.where(counted, rng.integers(60_000, 230_000, len(minute)), 9_000),
        valence=rng.beta(4, 4, len(minute)),
        energy=np.where(rng.random(len(minute)) < 0.1, np.nan, rng.beta(4, 4, len(minute))),
    )


@pytest.fixture(scope="module")
def year(plays: Build, days: Build) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Plays, days and indicators of 500 days."""
    table, calendar = listening(plays, 15_000, 500), days(FIRST, 500)
    return table, calendar, wellbeing_indicators(table, calendar, basis="all", as_of=FIRST + timedelta(days=499))


def test_each_week_has_each_indicator_once(year: tuple[pd.DataFrame, ...]) -> None:
    frame = year[2]
    weeks = [date(2023, 1, 2) + timedelta(weeks=number) for number in range(72)]
    assert tuple(frame.columns) == COLUMNS
    assert frame["indicator"].tolist() == list(INDICATORS) * 72
    assert sorted(set(frame["week_start"])) == weeks
    assert not frame.duplicated(["week_start", "indicator"]).any()


def test_a_row_has_a_value_or_a_reason(year: tuple[pd.DataFrame, ...]) -> None:
    frame = year[2]
    assert (frame["value"].isna() == frame["reason"].notna()).all()
    assert (frame["reason"].dropna().str.endswith(".")).all()
    known = frame[frame["value"].notna()]
    assert (known["sample_size"] >= known["least_sample"]).all()
    bounded = known[known["low"].notna()]
    assert ((bounded["low"] <= bounded["value"]) & (bounded["value"] <= bounded["high"])).all()
    assert set(known["indicator"]) >= set(INDICATORS) - {"diurnal_amplitude", "diurnal_phase_hours"}


def test_windows_have_their_length_and_end_with_the_week_or_the_build(year: tuple[pd.DataFrame, ...]) -> None:
    frame = year[2]
    for name, group in frame.groupby("indicator"):
        length = [(end - start).days + 1 for start, end in zip(group["window_start"], group["window_end"], strict=True)]
        assert set(length) == {INDICATORS[str(name)].window_days}
    last = FIRST + timedelta(days=499)
    expected = [min(week + timedelta(days=6), last) for week in frame["week_start"]]
    assert frame["window_end"].tolist() == expected


def test_the_order_of_the_rows_changes_nothing(year: tuple[pd.DataFrame, ...], plays: Build) -> None:
    table, calendar, frame = year
    twice = pd.concat([table, table.iloc[:300].assign(valence=0.9, recording_id="same moment")])
    as_of = FIRST + timedelta(days=499)
    one = wellbeing_indicators(twice, calendar, basis="all", as_of=as_of)
    other = wellbeing_indicators(
        twice.sample(frac=1, random_state=1), calendar.sample(frac=1, random_state=2), basis="all", as_of=as_of
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    again = wellbeing_indicators(table.iloc[::-1], calendar, basis="all", as_of=as_of)
    pd.testing.assert_frame_equal(frame, again, check_exact=True)


def test_what_is_after_the_build_is_not_read(year: tuple[pd.DataFrame, ...]) -> None:
    table, calendar, _ = year
    as_of = date(2023, 8, 16)
    seen = table[table["played_date"] <= as_of], calendar[calendar["played_date"] <= as_of]
    whole = wellbeing_indicators(table, calendar, basis="all", as_of=as_of)
    pd.testing.assert_frame_equal(whole, wellbeing_indicators(*seen, basis="all", as_of=as_of), check_exact=True)


def test_a_year_that_changes_the_clock_keeps_every_week(plays: Build, days: Build) -> None:
    utc = np.datetime64("2024-01-01T05:30", "m") + np.arange(0, 365 * 24, 3).astype("timedelta64[h]")
    stamps = pd.to_datetime(utc, utc=True).tz_convert("Europe/Berlin")
    offset = np.array([stamp.utcoffset().total_seconds() / 60 for stamp in stamps], dtype=int)
    table = plays(utc + offset.astype("timedelta64[m]"), offset_minutes=offset)
    length = [23.0 if day == 90 else 25.0 if day == 300 else 24.0 for day in range(366)]
    calendar = days(date(2024, 1, 1), 366, covered_hours=length, day_hours=length)
    frame = wellbeing_indicators(table, calendar, basis="all", as_of=date(2024, 12, 29))
    rate = frame[frame["indicator"] == "sessions_per_week"].iloc[4:]
    assert len(frame) == 52 * len(INDICATORS)
    # Sessions a day are eight; 23 hours of a spring day hold seven or eight, 25 hours of an autumn day eight or nine.
    assert rate["value"].between(56 * 27.8 / 28, 56 * 28.2 / 28).all()


def test_no_history_gives_no_rows(plays: Build, days: Build) -> None:
    none = wellbeing_indicators(plays([]), days(FIRST, 0), basis="measured", as_of=FIRST)
    assert (len(none), tuple(none.columns)) == (0, COLUMNS)


def test_days_without_plays_give_reasons_alone(plays: Build, days: Build) -> None:
    frame = wellbeing_indicators(plays([]), days(FIRST, 500), basis="measured", as_of=FIRST + timedelta(days=499))
    assert frame["value"].isna().all()
    assert frame["reason"].notna().all()


def test_what_cannot_be_read_is_refused(plays: Build, days: Build) -> None:
    with pytest.raises(ValueError, match="basis"):
        wellbeing_indicators(plays([]), days(FIRST, 1), basis="synthetic", as_of=FIRST)
    with pytest.raises(ValueError, match="twice"):
        wellbeing_indicators(plays([]), pd.concat([days(FIRST, 1), days(FIRST, 1)]), basis="all", as_of=FIRST)


@pytest.mark.long
def test_a_listener_who_never_changes_is_seldom_called_unusual(plays: Build, days: Build) -> None:
    table = listening(plays, 60_000, 2800, seed=3)
    frame = wellbeing_indicators(table, days(FIRST, 2800), basis="all", as_of=FIRST + timedelta(days=2799))
    judged = frame[frame["standing"].notna() & frame["low"].notna()]
    unusual = (judged["standing"] != "within your usual range").groupby(judged["indicator"]).mean()
    print(unusual.round(3).to_string())
    settled = unusual.drop(["diurnal_amplitude", "diurnal_phase_hours"], errors="ignore")
    assert settled.mean() <= 0.05
