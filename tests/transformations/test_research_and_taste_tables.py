"""research_findings and taste_changes: the models get the plays of whole weeks, summed as defined."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from models.taste_changes import FEATURES
from transformations.gold.research_findings import research_findings
from transformations.gold.taste_changes import taste_changes

FIRST = date(2024, 1, 1)  # a Monday


def test_findings_are_of_plays_before_the_week_of_the_build(history, sql, table):
    monday = history.as_of - timedelta(days=history.as_of.weekday())
    expected = sql(f"""
        SELECT l.user_id, f.basis, sum(f.valence * l.listened_ms) / sum(l.listened_ms) AS estimate,
               count(DISTINCT l.played_date) AS sample_size
        FROM listening_with_features l JOIN track_features f USING (track_id)
        WHERE l.part_of_day = 'evening' AND l.played_date < DATE '{monday}' AND l.listened_ms > 0
          AND l.excluded_by IS NULL
        GROUP BY ALL
    """).set_index(["user_id", "basis"])
    found = table("research_findings")
    told = found[found["finding"] == "valence_in_evening"].set_index(["user_id", "basis"])
    assert told["estimate"].notna().sum() >= 1
    for key, row in told.iterrows():
        known = expected.loc[key, "sample_size"] if key in expected.index else 0  # ben's tracks are in no catalogue
        assert row["sample_size"] == known
        if row["reason"] is None:
            assert row["estimate"] == pytest.approx(expected.loc[key, "estimate"], rel=1e-9)


def test_every_listener_has_all_findings_on_each_basis_with_a_value_or_a_reason(table):
    found = table("research_findings")
    sizes = found.groupby(["user_id", "basis", "question"]).size().unstack()
    assert len(sizes) == 4 and set(map(tuple, sizes.to_numpy())) == {(4, 5, 12)}
    assert (found["estimate"].isna() == found["reason"].notna()).all()
    assert found["measured_share"].between(0, 1).all()


def test_short_histories_have_one_row_of_taste_with_a_reason(table):
    found = table("taste_changes")
    assert found.groupby(["user_id", "basis"]).size().tolist() == [1, 1, 1, 1]
    assert found["reason"].str.contains("40 weeks with enough listening, coverage and").all()
    assert (found["change_number"] == 0).all() and found["p_value"].isna().all()


class Lake:
    """A year of one listener: each day a session of plays; what is played and how it sounds is up to the test."""

    def __init__(self, rows, seed: int):
        self.rows, self.rng = rows, np.random.default_rng(seed)
        self.plays: list[dict] = []
        self.sound: dict[str, dict] = {}

    def play(self, day: int, number: int, track: str, **more) -> None:
        at = datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day, minutes=4 * number)
        row = {"play_id": f"{day}/{number}", "user_id": "ann", "track_id": track, "session_id": f"s{day}"}
        row |= {
            "played_date": FIRST + timedelta(days=day),
            "hour_of_day": 12,
            "listened_ms": 200_000,
            "is_counted": True,
        }
        row |= {"time_source": "measured", "started_at": at, "played_at": at + timedelta(seconds=200)}
        self.plays.append(row | more)

    def track(self, name: str, **sound) -> None:
        drawn = {feature: float(self.rng.random()) for feature in FEATURES}
        self.sound[name] = drawn | sound | {"track_id": name, "feature_source": "real"}

    def features(self):
        sound = [row | {"basis": basis} for row in self.sound.values() for basis in ("measured", "all")]
        return self.rows("track_features", *sound)

    def listening(self):
        return self.rows("listening_with_features", *self.plays)


def test_a_change_of_genres_is_told_for_the_week_in_which_it_came(rows):
    lake = Lake(rows, 1)
    for family in ("rock", "pop", "jazz"):
        for number in range(12):
            lake.track(f"{family}{number}")
    for day in range(60 * 7):
        shares = [0.6, 0.3, 0.1] if day < 32 * 7 else [0.1, 0.3, 0.6]
        for number in range(8):
            family = lake.rng.choice(["rock", "pop", "jazz"], p=shares)
            lake.play(day, number, f"{family}{lake.rng.integers(0, 12)}")
    lake.play(3, 9, "rock0", excluded_by="asleep", listened_ms=10**9)
    genres = [
        {"track_id": track, "genre": track[:3], "genre_family": track.rstrip("0123456789"), "genre_weight": 1.0}
        for track in lake.sound
    ]
    hours = [
        {"user_id": "ann", "hour_at": datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)}
        | {"played_date": FIRST + timedelta(days=day), "is_covered": True}
        for day in range(60 * 7)
    ]
    made = taste_changes(lake.listening(), lake.features(), rows("track_genres", *genres), rows("coverage", *hours))
    found = made.toPandas().query("basis == 'measured'").sort_values("changed_place")
    assert found["changed_place"].tolist() == [1, 2, 3] and set(found["change_number"]) == {1}
    assert abs((found["era_start"].iloc[0] - FIRST).days // 7 - 32) <= 1
    assert {"rock", "jazz"} <= set(found["changed_item"]) and found["p_value"].iloc[0] <= 0.01
    plays = pd.DataFrame(lake.plays).query("play_id != '3/9'")
    weeks = plays.assign(week=[(day - FIRST).days // 7 for day in plays["played_date"]])
    rock = weeks["track_id"].str.startswith("rock").groupby(weeks["week"]).mean()
    at = (found["era_start"].iloc[0] - FIRST).days // 7
    row = found.set_index("changed_item").loc["rock"]
    assert row["before_mean"] == pytest.approx(rock[:at].mean()) and row["after_mean"] == pytest.approx(
        rock[at:].mean()
    )
    assert found["tested_week_count"].iloc[0] == 60 and found["measured_share"].iloc[0] == 1


def test_a_session_is_bright_by_the_median_of_the_listening_time(rows):
    """Of three tracks the one in the middle is the median; long sessions are made of the brightest."""
    lake = Lake(rows, 2)
    for name, valence in (("dark", 0.1), ("middle", 0.6), ("bright", 0.9)):
        lake.track(name, valence=valence)
    for day in range(140):
        for number in range(8 if day % 2 else 4):
            lake.play(day, number, "bright" if day % 2 else "dark", is_skip=bool(day % 2 == 0 and number == 0))
        lake.play(day, 20, "middle", session_id=f"m{day}", listened_ms=800_000)
    lake.play(1, 40, "bright", excluded_by="asleep")
    made = research_findings(lake.listening(), lake.features()).toPandas()
    found = made[(made["basis"] == "measured") & (made["question"] == "bright_and_dark_sessions")].set_index("finding")
    assert found.loc["session_minutes", "sample_size"] == 70
    # Eight plays every four minutes against four; the sessions of the middle are dark, each of 200 s.
    minutes = [28 + 200 / 60, (12 + 200 / 60 + 2 * 200 / 60) / 3]
    assert found.loc["session_minutes", "estimate"] == pytest.approx(minutes[0] - minutes[1])
    assert found.loc["skip_share", "estimate"] == pytest.approx(0 - 70 / (70 * 4 + 140))
