"""Research findings: estimates against their definitions, planted effects found, chance seldom called support."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.research import COLUMNS, research_findings
from models.research.findings import holm
from models.research.foretelling import foretold
from models.research.resampling import without_each, zero_p
from models.research.sessions import FEATURES

FIRST_DAY = np.datetime64("2024-01-01")  # a Monday
KIND = "audio features"
QUESTIONS = ("mood_by_hour", "features_foretell_habits", "bright_and_dark_sessions")


def listener(
    seed: int,
    days: int = 300,
    *,
    by_hour: float = 0.0,
    by_week: float = 0.0,
    by_length: float = 0.0,
    known: float = 1.0,
) -> pd.DataFrame:
    """Sums by session and hour. Days and weeks have moods of their own, sessions too; valence is skewed.

    by_hour: how much brighter the day (12-22 h) is than the rest; by_week: how much a week's energy lengthens its
    sessions; by_length: how much longer bright sessions are.
    """
    rng = np.random.default_rng(seed)
    week_mood, day_mood = rng.normal(0, 0.05, days // 7 + 1), rng.normal(0, 0.05, days)
    rows = []
    for day in range(days):
        for number, hour in enumerate(sorted(rng.choice(np.arange(6, 26), rng.integers(1, 5), replace=False))):
            energy = np.clip(0.5 + 2 * week_mood[day // 7] + rng.normal(0, 0.1), 0, 1)
            is_bright = rng.random() < 0.5
            plays = 1 + rng.poisson(5 * np.exp(by_week * week_mood[day // 7] * 10 + by_length * is_bright))
            mean = 0.4 + day_mood[day] + 0.1 * is_bright + by_hour * (12 <= hour < 22)
            valence = np.clip(mean + 0.1 * rng.gamma(1.5, 1, plays), 0, 1)
            heard = rng.integers(100_000, 300_000, plays).astype(float)
            row = {"session_id": f"{day}/{number}", "played_date": (FIRST_DAY + day + hour // 24).item()}
            row |= {"hour_of_day": int(hour % 24), "play_count": plays, "measured_start_count": plays + 1}
            row |= {"measured_skip_count": rng.binomial(plays + 1, 0.2), "listened_ms": heard.sum()}
            start = float(day * 86_400_000 + hour * 3_600_000)
            row |= {"feature_ms": heard.sum() * known, "started_ms": start, "ended_ms": start + heard.sum()}
            values = {name: rng.random() for name in FEATURES} | {"energy": energy}
            row |= {f"{name}_ms": value * heard.sum() * known for name, value in values.items()}
            rows.append((row | {"valence_ms": (valence * heard).sum() * known}, valence, heard))
    middle = _weighted_median(np.concatenate([row[1] for row in rows]), np.concatenate([row[2] for row in rows]))
    told = [row | {"bright_ms": heard[valence > middle].sum() * known} for row, valence, heard in rows]
    return pd.DataFrame(told).assign(measured_feature_ms=lambda frame: frame["feature_ms"])


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def finding(found: pd.DataFrame, question: str, name: str) -> pd.Series:
    return found[(found["question"] == question) & (found["finding"] == name)].iloc[0]


@pytest.fixture(scope="module")
def plain() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = listener(1)
    return rows, research_findings(rows, kind=KIND)


def test_every_question_has_its_findings_each_with_a_verdict_and_an_interval(plain):
    found = plain[1]
    assert list(found.columns) == list(COLUMNS)
    assert found.groupby("question", sort=False).size().to_dict() == dict(zip(QUESTIONS, (12, 5, 4), strict=True))
    told = found[found["reason"].isna()]
    assert set(told["verdict"]) <= {"supported", "no evidence"} and len(told) >= 17
    assert (told["low"] <= told["estimate"]).all() and (told["estimate"] <= told["high"]).all()
    assert told["sentence"].str.endswith(("supported", "no evidence")).all()
    assert set(found.loc[found["reason"].notna(), "verdict"]) <= {"too little"}


def test_the_mean_of_a_part_of_the_day_is_weighted_by_time(plain):
    rows, found = plain
    part = rows[rows["hour_of_day"].between(17, 21)]
    for feature in ("valence", "energy"):
        row = finding(found, "mood_by_hour", f"{feature}_in_evening")
        assert row["estimate"] == pytest.approx(part[f"{feature}_ms"].sum() / part["feature_ms"].sum())
        assert row["sample_size"] == part["played_date"].nunique()


def test_the_difference_of_bright_and_dark_sessions_is_that_of_their_means(plain):
    rows, found = plain
    is_bright = 2 * rows["bright_ms"] > rows["feature_ms"]
    minutes = (rows["ended_ms"] - rows["started_ms"]) / 60_000
    row = finding(found, "bright_and_dark_sessions", "session_minutes")
    assert row["estimate"] == pytest.approx(minutes[is_bright].mean() - minutes[~is_bright].mean())
    skips = rows["measured_skip_count"]
    row = finding(found, "bright_and_dark_sessions", "skip_share")
    share = [skips[kind].sum() / rows.loc[kind, "measured_start_count"].sum() for kind in (is_bright, ~is_bright)]
    assert row["estimate"] == pytest.approx(share[0] - share[1])
    assert row["sample_size"] == min(is_bright.sum(), (~is_bright).sum())


def test_the_score_is_one_minus_the_error_by_that_of_the_mean_out_of_sample():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(60, 6))
    habit = 2 * features[:, 1] + rng.normal(0, 0.5, 60)
    ours, means = foretold(features, habit)
    for fold in np.array_split(np.arange(60), 5):
        others = np.ones(60, dtype=bool)
        others[max(fold[0] - 2, 0) : fold[-1] + 3] = False
        assert means[fold] == pytest.approx(habit[others].mean())
        changed = habit.copy()
        changed[fold] += 100.0  # what is foretold of these weeks does not rest on them
        np.testing.assert_allclose(foretold(features, changed)[0][fold], ours[fold], rtol=1e-12)
    assert 1 - ((habit - ours) ** 2).sum() / ((habit - means) ** 2).sum() > 0.8


def test_brighter_days_than_nights_are_found_in_valence_and_not_in_energy():
    found = research_findings(listener(2, by_hour=0.05), kind=KIND)
    assert finding(found, "mood_by_hour", "valence_by_part_of_day")["verdict"] == "supported"
    assert finding(found, "mood_by_hour", "valence_in_afternoon")["verdict"] == "supported"
    energy = found[found["finding"].str.startswith("energy_")]
    assert "supported" not in set(energy["verdict"])


def test_sessions_that_the_weeks_energy_lengthens_are_foretold():
    row = finding(
        research_findings(listener(3, days=420, by_week=0.6), kind=KIND), "features_foretell_habits", "session_minutes"
    )
    assert row["verdict"] == "supported" and row["estimate"] > 0.2 and row["low"] > 0
    assert row["estimate_unit"] == "out-of-sample R²"


def test_longer_bright_sessions_are_found_and_nothing_else_is_made_of_them():
    found = research_findings(listener(4, by_length=0.4), kind=KIND)
    own = found[found["question"] == "bright_and_dark_sessions"].set_index("finding")
    assert own.loc["session_minutes", "verdict"] == "supported" and own.loc["session_minutes", "low"] > 0
    assert set(own.drop("session_minutes")["verdict"]) == {"no evidence"}
    assert (own["comparison_count"] == 4).all()


def test_a_part_is_only_supported_where_the_test_of_all_parts_is():
    for seed in range(20, 23):
        found = research_findings(listener(seed, days=150), kind=KIND)
        for feature in ("valence", "energy"):
            overall = finding(found, "mood_by_hour", f"{feature}_by_part_of_day")["verdict"]
            parts = set(found.loc[found["finding"].str.startswith(f"{feature}_in_"), "verdict"])
            assert overall == "supported" or "supported" not in parts


def test_too_little_listening_is_said_and_nothing_is_estimated():
    found = research_findings(listener(6, days=15), kind=KIND)
    assert set(found["verdict"]) == {"too little"}
    assert found["estimate"].isna().all() and found["reason"].notna().all() and found["sentence"].isna().all()
    half = research_findings(listener(7, known=0.5), kind="measured audio features")
    assert set(half["verdict"]) == {"too little"}
    assert "only 50 % of the time has measured audio features; 60 % is needed" in set(half["reason"])


def test_the_order_of_the_rows_changes_nothing(plain):
    rows, found = plain
    shuffled = research_findings(rows.sample(frac=1, random_state=0), kind=KIND)
    pd.testing.assert_frame_equal(shuffled, found, rtol=1e-9)


def test_holms_correction_is_that_of_the_definition():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9]) == [0.9] and holm([]) == []


def test_ratios_without_a_week_are_those_of_the_other_weeks():
    part, whole = np.array([[1.0], [2.0], [4.0]]), np.array([[2.0], [2.0], [5.0]])
    np.testing.assert_allclose(without_each(part, whole)[:, 0], [6 / 7, 5 / 7, 3 / 4])


def test_a_p_value_of_no_effect_is_uniform():
    rng = np.random.default_rng(8)
    p_values = []
    for _ in range(400):
        values = rng.normal(size=(30, 2))
        p_values.append(zero_p(values.mean(axis=0), np.cov(values.T) / 30, 30))
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


@pytest.mark.long
def test_chance_is_called_support_in_at_most_seven_and_a_half_percent_a_question():
    runs = 120
    claims = dict.fromkeys(QUESTIONS, 0)
    for seed in range(1_000, 1_000 + runs):
        found = research_findings(listener(seed, days=300), kind=KIND)
        supported = found[found["verdict"] == "supported"]
        for question in QUESTIONS:
            claims[question] += question in set(supported["question"])
    print({question: f"{count / runs:.1%}" for question, count in claims.items()})
    assert max(claims.values()) <= 0.075 * runs


@pytest.mark.long
def test_planted_effects_are_found_in_nine_of_ten_runs():
    found = {"valence_by_part_of_day": 0, "session_minutes": 0, "bright": 0}
    runs = 30
    for seed in range(2_000, 2_000 + runs):
        clock = research_findings(listener(seed, by_hour=0.05, by_length=0.4), kind=KIND)
        week = research_findings(listener(seed, days=420, by_week=0.6), kind=KIND)
        found["valence_by_part_of_day"] += (
            finding(clock, "mood_by_hour", "valence_by_part_of_day")["verdict"] == "supported"
        )
        found["bright"] += finding(clock, "bright_and_dark_sessions", "session_minutes")["verdict"] == "supported"
        found["session_minutes"] += (
            finding(week, "features_foretell_habits", "session_minutes")["verdict"] == "supported"
        )
    print({name: f"{count / runs:.0%}" for name, count in found.items()})
    assert min(found.values()) >= 0.9 * runs
