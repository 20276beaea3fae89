"""wellbeing_indicators: the model gets the right rows, and its simplest answers follow from silver."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

KEY = ["user_id", "basis", "week_start", "indicator"]
# Days of the trailing window that the definition gives each indicator that is computed again here.
WINDOW = {"valence_centre": 28, "late_night_share": 28, "weekend_shift_hours": 84, "energy_inertia": 182}


@pytest.fixture(scope="module")
def indicators(table) -> pd.DataFrame:
    return table("wellbeing_indicators")


@pytest.fixture(scope="module")
def starts(table) -> pd.DataFrame:
    """Plays twice, once a basis, with the features of that basis only."""
    plays = table("listening_with_features").drop(columns=["valence", "energy", "feature_source"])
    both = plays.merge(pd.DataFrame({"basis": ["measured", "all"]}), how="cross")
    features = table("track_features")[["track_id", "basis", "feature_source", "valence", "energy"]]
    return both.merge(features, on=["track_id", "basis"], how="left")


def rows_of(indicators: pd.DataFrame, name: str) -> pd.DataFrame:
    return indicators[indicators["indicator"] == name]


def in_window(frame: pd.DataFrame, row: pd.Series, *, by_basis: bool = True) -> pd.DataFrame:
    chosen = (frame["user_id"] == row["user_id"]) & frame["played_date"].between(row["window_start"], row["window_end"])
    return frame[chosen & (frame["basis"] == row["basis"])] if by_basis else frame[chosen]


def last_sunday(history):
    """The day before the week of the build began."""
    return history.as_of - timedelta(days=history.as_of.isoweekday())


def test_there_is_a_row_for_every_whole_week_indicator_listener_and_basis(history, table, indicators):
    names = set(indicators["indicator"])
    assert len(names) == 19
    expected = set()
    for user_id, hours in table("coverage").groupby("user_id"):
        first = hours["played_date"].min()
        week = first - timedelta(days=first.isoweekday() - 1)
        while week <= last_sunday(history):
            expected |= {(user_id, basis, week, name) for basis in ("measured", "all") for name in names}
            week += timedelta(days=7)
    found = list(indicators[KEY].itertuples(index=False, name=None))
    assert len(found) == len(expected)
    assert set(found) == expected


def test_a_window_ends_with_its_week(history, indicators):
    ends = [week + timedelta(days=6) for week in indicators["week_start"]]
    assert indicators["window_end"].tolist() == ends
    for name, days in WINDOW.items():
        rows = rows_of(indicators, name)
        assert set(rows["window_end"] - rows["window_start"]) == {timedelta(days=days - 1)}


@pytest.mark.parametrize("feature", ["valence", "energy"])
def test_the_centre_is_the_time_weighted_mean_of_counted_plays(indicators, starts, feature):
    shown = {"measured": 0, "all": 0}
    for _, row in rows_of(indicators, f"{feature}_centre").iterrows():
        own = in_window(starts, row)
        own = own[own["is_counted"]]
        known = own[own[feature].notna()]
        days = known.loc[known["listened_ms"] > 0, "played_date"].nunique()
        enough = days >= 10 and known["listened_ms"].sum() >= 0.6 * own["listened_ms"].sum()
        assert row["sample_size"] == days
        assert pd.notna(row["value"]) == enough
        if enough:
            assert row["value"] == pytest.approx(np.average(known[feature], weights=known["listened_ms"]))
            shown[row["basis"]] += 1
    assert min(shown.values()) >= 5


def test_the_late_night_share_is_time_from_0_to_5_by_all_time(indicators, starts, table):
    days = table("coverage").groupby(["user_id", "played_date"], as_index=False)["is_covered"].mean()
    shown = 0
    for _, row in rows_of(indicators, "late_night_share").iterrows():
        covered = in_window(days, row, by_basis=False)
        own = in_window(starts, row)
        own = own[own["is_counted"]]
        assert row["sample_size"] == (covered["is_covered"] >= 0.8).sum()
        assert pd.notna(row["value"]) == (row["sample_size"] >= 14 and len(own) > 0)
        if pd.notna(row["value"]):
            night = own.loc[own["hour_of_day"] < 5, "listened_ms"].sum()
            assert row["value"] == pytest.approx(night / own["listened_ms"].sum())
            shown += 1
    assert shown >= 20


def test_session_habits_follow_from_sessions_with_a_counted_play(indicators, table):
    sessions = table("listening_sessions")
    plays = table("listening_with_features").sort_values("started_at")
    offset = plays.groupby("session_id")["utc_offset_minutes"].first()
    local = sessions["started_at"] + pd.to_timedelta(sessions["session_id"].map(offset), unit="min")
    # A session belongs to the local day that it starts in.
    sessions = sessions.assign(played_date=local.dt.date, minutes=sessions["session_ms"] / 60_000)
    sessions = sessions[sessions["play_count"] > 0]
    shown = 0
    for _, row in rows_of(indicators, "session_length_minutes").iterrows():
        own = in_window(sessions, row, by_basis=False)
        assert row["sample_size"] == len(own)
        assert pd.notna(row["value"]) == (len(own) >= 20)
        if len(own) >= 20:
            assert row["value"] == pytest.approx(own["minutes"].median())
            shown += 1
    assert shown >= 10


def test_the_measured_share_is_that_of_the_listening_time_of_the_window(indicators, starts):
    measured = starts["energy"].notna() & starts["valence"].notna() & (starts["feature_source"] != "synthetic")
    starts = starts.assign(measured_ms=starts["listened_ms"].where(measured, 0))
    windows = indicators.drop_duplicates([*KEY[:3], "window_start"])
    for _, row in windows.iterrows():
        own = in_window(starts, row)
        spent = own["listened_ms"].sum()
        if spent:
            assert row["measured_share"] == pytest.approx(own["measured_ms"].sum() / spent)
        else:
            assert pd.isna(row["measured_share"])
    assert windows["measured_share"].between(0.3, 0.95).any()


def test_what_rests_on_no_features_is_the_same_on_both_bases(indicators):
    on_features = {"valence_centre", "energy_centre", "diurnal_amplitude", "diurnal_phase_hours", "energy_inertia"}
    key = ["week_start", "user_id", "indicator", "basis"]
    same = indicators[~indicators["indicator"].isin(on_features)].set_index(key)
    columns = ["value", "low", "high", "sample_size", "past_value", "standing", "reason"]
    measured, everything = (same.xs(basis, level="basis")[columns].sort_index() for basis in ("measured", "all"))
    pd.testing.assert_frame_equal(measured, everything)
    assert measured["value"].notna().sum() > 50


def test_each_value_has_a_sample_that_suffices_and_each_null_a_reason(indicators):
    shown = indicators["value"].notna()
    assert (indicators["reason"].isna() == shown).all()
    assert (indicators.loc[shown, "sample_size"] >= indicators.loc[shown, "least_sample"]).all()
    too_small = indicators["sample_size"] < indicators["least_sample"]
    assert indicators.loc[too_small, "value"].isna().all()
    assert shown.sum() > 100 and too_small.sum() > 100


def test_the_own_past_is_the_mean_of_the_twelve_weeks_before(indicators):
    """With a range of two standard deviations about it, and a standing outside or within."""
    compared = 0
    for _, own in indicators.groupby(["user_id", "basis", "indicator"]):
        if "hour of the day" in set(own["unit"]):
            continue
        by_week = own.set_index("week_start")
        for week, row in by_week[by_week["past_value"].notna()].iterrows():
            before = [week - timedelta(days=7 * back) for back in range(1, 13)]
            past = by_week["value"].reindex(before).dropna()
            assert row["past_value"] == pytest.approx(past.mean(), abs=1e-12)
            compared += 1
    assert compared > 50
