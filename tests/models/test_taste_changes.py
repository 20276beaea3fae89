"""Changes of taste: what is tested, what is told of a change, and what is told where there is none."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.taste_changes import COLUMNS, FEATURES, taste_changes

KIND = "measured audio features"
FIRST_WEEK = date(2024, 1, 1)
FAMILIES = ("rock", "pop", "jazz and blues", "ambient and calm", "metal", "latin", "classical")
PLAY_MS = 200_000.0


def weekly_listening(
    seed: int, weeks: int = 104, change: int | None = None, plays_a_week: int = 150
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plays drawn from one taste (from the week `change` on: another), a third of them repeats of the play before."""
    rng = np.random.default_rng(seed)
    genre = rng.integers(0, len(FAMILIES), 1_200)
    sound = np.clip(rng.normal(0.2 + 0.6 * genre[:, None] / len(FAMILIES), 0.15, (1_200, 6)), 0, 1)
    sound[:, 5] = 90 + 60 * sound[:, 5]
    liked, tastes = rng.exponential(1, 1_200) ** 2, rng.dirichlet(np.full(len(FAMILIES), 2.0), 2)
    while change is not None and np.abs(tastes[0] - tastes[1]).sum() < 0.5:  # a change that is one
        tastes = rng.dirichlet(np.full(len(FAMILIES), 2.0), 2)
    rows = []
    for week in range(weeks):
        weight = liked * tastes[int(change is not None and week >= change)][genre]
        count = max(30, rng.poisson(plays_a_week))
        chosen = rng.choice(len(genre), count, p=weight / weight.sum())
        chosen = chosen[np.maximum.accumulate(np.where(rng.random(count) < 0.33, 0, np.arange(count)))]
        for family in np.unique(genre[chosen]):
            own = sound[chosen[genre[chosen] == family]]
            rows.append([FIRST_WEEK + timedelta(weeks=week), f"{FAMILIES[family]}:1.0", len(own), *(own.sum(axis=0))])
    names = ["week_start", "genre_parts", "play_count", *(f"{name}_ms" for name in FEATURES)]
    listening = pd.DataFrame(rows, columns=names)
    listening[[f"{name}_ms" for name in FEATURES]] *= PLAY_MS
    for name in ("listened_ms", "complete_ms", "measured_ms"):
        listening[name] = listening["play_count"] * PLAY_MS
    days = pd.DataFrame(
        {"week_start": sorted(listening["week_start"].unique()), "covered_hours": 168, "all_hours": 168}
    )
    return listening, days


def week_number(week: date) -> int:
    return (week - FIRST_WEEK).days // 7


def shares(listening: pd.DataFrame, family: str, first: int, end: int) -> float:
    """Mean weekly share of a family over some weeks."""
    weeks = [FIRST_WEEK + timedelta(weeks=week) for week in range(first, end)]
    all_ms = listening.groupby("week_start")["listened_ms"].sum()
    own = listening[listening["genre_parts"] == f"{family}:1.0"].set_index("week_start")["listened_ms"]
    return float((own.reindex(weeks, fill_value=0.0) / all_ms.reindex(weeks)).mean())


@pytest.fixture(scope="module")
def planted() -> tuple[pd.DataFrame, pd.DataFrame]:
    return weekly_listening(11, change=60)


def test_a_planted_change_is_told_with_its_week_and_what_changed_most(planted):
    found = taste_changes(*planted, KIND)
    assert list(found.columns) == list(COLUMNS)
    assert found["change_number"].tolist() == [1, 1, 1] and found["changed_place"].tolist() == [1, 2, 3]
    at = week_number(found["era_start"].iloc[0])
    assert abs(at - 60) <= 4
    assert found["before_week_count"].iloc[0] == at and found["after_week_count"].iloc[0] == 104 - at
    assert (found["size"].abs().diff().dropna() <= 0).all()
    genres = found[found["changed_aspect"] == "genre_family"]
    assert len(genres) >= 1
    for row in genres.itertuples():
        assert row.before_mean == pytest.approx(shares(planted[0], row.changed_item, 0, at))
        assert row.after_mean == pytest.approx(shares(planted[0], row.changed_item, at, 104))
        assert f"{row.changed_item} {100 * row.before_mean:.0f} % → {100 * row.after_mean:.0f} %" in row.sentence
    assert found["sentence"].iloc[0].startswith(f"a new era began in the week of {found['era_start'].iloc[0]}: ")


def test_where_nothing_changes_one_row_says_so_with_its_figures():
    found = taste_changes(*weekly_listening(12), KIND)
    assert len(found) == 1
    row = found.iloc[0]
    assert row["change_number"] == 0 and row["era_start"] is None and row["reason"] is None
    assert row["p_value"] > 0.01 and row["tested_week_count"] == 104
    assert row["sentence"] == f"no change of taste can be told from chance in 104 weeks (p = {row['p_value']:.2f})"


def test_weeks_with_too_little_listening_coverage_or_features_are_left_out(planted):
    listening, days = (frame.copy() for frame in planted)
    week = listening["week_start"].map(week_number)
    few = ["play_count", "listened_ms", "complete_ms"]
    listening[few] = listening[few].astype(float)
    listening.loc[week == 3, few] /= 20
    listening.loc[week == 5, "complete_ms"] *= 0.5
    days.loc[days["week_start"].map(week_number) == 7, "covered_hours"] = 100
    found = taste_changes(listening, days, KIND)
    assert found["left_out_week_count"].iloc[0] == 3 and found["tested_week_count"].iloc[0] == 101


def test_genres_that_are_seldom_known_are_not_compared(planted):
    listening, days = planted
    unknown = listening.assign(genre_parts=[f"{text[:-4]}:0.5|unknown:0.5" for text in listening["genre_parts"]])
    found = taste_changes(unknown, days, KIND)
    assert set(found["tested"]) == {"features"}
    assert set(found["changed_aspect"].dropna()) <= {"feature"}


def test_a_track_of_two_families_counts_for_both_by_its_parts(planted):
    listening, days = planted
    halves = listening.assign(
        genre_parts=[text.replace("1.0", "0.5") + "|other:0.5" for text in listening["genre_parts"]]
    )
    whole, split = (taste_changes(frame, days, KIND) for frame in (listening, halves))
    assert split["era_start"].iloc[0] == whole["era_start"].iloc[0]
    one = whole[whole["changed_aspect"] == "genre_family"].iloc[0]
    same = split[split["changed_item"] == one["changed_item"]]
    assert len(same) == 1 and same["before_mean"].iloc[0] == pytest.approx(one["before_mean"] / 2)


def test_a_short_history_says_how_many_weeks_are_needed():
    found = taste_changes(*weekly_listening(13, weeks=30), KIND)
    assert found["reason"].tolist() == [f"40 weeks with enough listening, coverage and {KIND} are needed; there are 30"]
    assert found["p_value"].isna().all() and found["sentence"].isna().all()


def test_taste_that_drifts_slowly_is_told_as_such_and_not_as_an_era():
    """Each family's weight follows a slow wave of its own."""
    listening, days = weekly_listening(14)
    week = listening["week_start"].map(week_number)
    phase = listening["genre_parts"].map(
        {text: place for place, text in enumerate(sorted(set(listening["genre_parts"])))}
    )
    wave = np.exp(np.sin(2 * np.pi * week / 52 + 2 * np.pi * phase / 7))
    columns = [name for name in listening.columns if name.endswith("_ms") or name == "play_count"]
    listening[columns] = listening[columns].mul(wave, axis=0)
    found = taste_changes(listening, days, KIND)
    assert found["change_number"].tolist() == [0] and "as where taste drifts slowly" in found["reason"].iloc[0]


def test_the_order_of_the_rows_changes_nothing(planted):
    listening, days = planted
    shuffled = taste_changes(listening.sample(frac=1, random_state=0), days.sample(frac=1, random_state=1), KIND)
    pd.testing.assert_frame_equal(shuffled, taste_changes(listening, days, KIND), rtol=1e-9)


@pytest.mark.long
def test_listening_without_structure_is_given_a_change_in_at_most_five_percent_of_runs():
    claims = [taste_changes(*weekly_listening(seed), KIND)["change_number"].max() > 0 for seed in range(1_000, 1_120)]
    print(f"claims without a change: {np.mean(claims):.1%} of {len(claims)}")
    assert np.mean(claims) <= 0.05


@pytest.mark.long
def test_a_planted_change_is_found_within_a_month_in_nine_of_ten_runs():
    near = []
    for seed in range(2_000, 2_060):
        weeks = taste_changes(*weekly_listening(seed, change=60), KIND)["era_start"].dropna()
        near.append(any(abs(week_number(week) - 60) <= 4 for week in weeks))
    print(f"planted changes found within a month: {np.mean(near):.1%} of {len(near)}")
    assert np.mean(near) >= 0.9
