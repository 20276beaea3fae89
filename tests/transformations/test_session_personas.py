"""session_personas and personas: what the model says, once a session, summed over what was listened to."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from models.session_personas import find_personas
from transformations.gold.personas import personas
from transformations.gold.session_personas import session_personas

FIGURES = ["k", "silhouette", "stability", "null_silhouette", "fitted_sessions"]
TOLD = ["persona_id", "persona_name", "centroid_distance", *FIGURES, "reason"]


def settled(frame: pd.DataFrame, history) -> pd.DataFrame:
    """What lies before the Monday of the week of the build."""
    monday = history.as_of - timedelta(days=history.as_of.weekday())
    return frame[frame["played_date"] < monday]


@pytest.mark.parametrize("basis", ["measured", "all"])
def test_each_session_is_where_the_model_puts_it(history, table, basis):
    features = settled(table("session_features"), history)
    own = features[(features["user_id"] == "ada") & (features["basis"] == basis)]
    month = history.as_of.replace(day=1)
    expected = find_personas(own.assign(is_settled=own["played_date"] < month))
    found = table("session_personas")
    mine = found[(found["user_id"] == "ada") & (found["basis"] == basis)]
    pd.testing.assert_frame_equal(
        mine.sort_values("session_id", ignore_index=True)[["session_id", *TOLD]],
        expected[["session_id", *TOLD]],
        check_dtype=False,
    )


def test_every_session_of_whole_weeks_has_a_row_on_both_bases(history, table):
    key = ["user_id", "basis", "session_id", "played_date"]
    features, found = settled(table("session_features"), history), table("session_personas")
    assert len(features) < len(table("session_features"))
    assert sorted(map(tuple, found[key].values)) == sorted(map(tuple, features[key].values))


def test_no_session_of_too_little_measured_time_is_in_a_persona_on_the_measured_basis(table):
    found = table("session_personas").merge(
        table("session_features")[["session_id", "basis", "measured_share"]], on=["session_id", "basis"]
    )
    low = (found["basis"] == "measured") & ~(found["measured_share"] >= 0.6)
    assert low.sum() > 10
    assert (found.loc[low, "persona_id"] == 0).all() and found.loc[low, "reason"].notna().all()


def kinds_of_sessions(count: int, seed: int) -> list[dict]:
    """session_features of three planted kinds of sessions on basis all, half a year before May 2024."""
    rng = np.random.default_rng(seed)
    kinds = ((7.5, 15, 2, 0.8, 0.3), (20.0, 110, 4, 0.2, 0.0), (1.0, 150, 40, 0.75, 0.1))
    sessions = []
    for number in range(count):
        hour, minutes, artists, energy, skips = kinds[number % 3]
        angle = (hour + rng.normal(scale=0.7)) * np.pi / 12
        length = int(minutes * np.exp(rng.normal(scale=0.2)) * 60_000)
        starts = max(length // 200_000, artists)
        sessions.append(
            {
                "user_id": "u",
                "basis": "all",
                "session_id": f"s{number:04d}",
                "played_date": date(2023, 11, 1) + timedelta(days=int(rng.integers(0, 180))),
                "session_ms": length,
                "listened_ms": length,
                "start_count": starts,
                "play_count": starts,
                "artist_count": artists,
                "start_hour_sine": float(np.sin(angle)),
                "start_hour_cosine": float(np.cos(angle)),
                "mean_energy": float(np.clip(energy + rng.normal(scale=0.05), 0, 1)),
                "mean_valence": 0.5,
                "skip_share": float(skips),
                "recency_weight": 1.0,
                "measured_share": 0.25,
            }
        )
    return sessions


@pytest.fixture(scope="module")
def planted() -> list[dict]:
    reason = "only 25 % of the listening time has audio features"
    lacking = {"mean_energy": None, "mean_valence": None, "reason": reason}
    others = [{**row, **lacking, "session_id": f"x{row['session_id']}"} for row in kinds_of_sessions(6, 2)]
    return [*kinds_of_sessions(150, 1), *others]


def test_planted_personas_are_found_and_summed(rows, planted):
    features = rows("session_features", *planted)
    found = session_personas(features, as_of_month=date(2024, 5, 1))
    hours = rows("coverage", *({"user_id": "u", "is_covered": covered} for covered in (True, True, False, True)))
    made = {row.persona_id: row.asDict() for row in personas(found, features, hours).collect()}
    assert {number: row["persona_name"] for number, row in made.items()} == {
        0: None,
        1: "morning quick listen",
        2: "evening long listen",
        3: "late-night long mix",
    }
    sessions = pd.DataFrame(planted[:150])
    for number, kind in ((1, 0), (2, 1), (3, 2)):
        own, row = sessions.iloc[kind::3], made[number]
        assert row["session_count"] == 50 and row["session_share"] == pytest.approx(50 / 156)
        assert row["listened_ms"] == own["listened_ms"].sum()
        assert row["time_share"] == pytest.approx(own["listened_ms"].sum() / sum(p["listened_ms"] for p in planted))
        assert row["mean_session_minutes"] == pytest.approx(own["session_ms"].mean() / 60_000)
        assert row["artists_per_session"] == pytest.approx(own["artist_count"].mean())
        assert row["session_energy"] == pytest.approx(own["mean_energy"].mean(), abs=1e-9)
        direction = np.arctan2(own["start_hour_sine"].mean(), own["start_hour_cosine"].mean()) * 12 / np.pi % 24
        assert row["mean_start_hour"] == pytest.approx(direction)
        assert row["measured_share"] == pytest.approx(0.25) and row["coverage"] == 0.75
        assert (row["k"], row["fitted_sessions"], row["reason"]) == (3, 150, None)
    assert made[0]["reason"] == "too little of the time of these sessions has audio features"
    assert made[0]["session_count"] == 6 and made[0]["session_energy"] is None


def test_sessions_of_the_month_of_the_build_move_no_persona(rows, planted):
    new = [{**row, "session_id": f"n{row['session_id']}", "played_date": date(2024, 5, 2)} for row in planted[:30:3]]
    fitted = {
        row.fitted_sessions
        for row in session_personas(
            rows("session_features", *planted[:150], *new), as_of_month=date(2024, 5, 1)
        ).collect()
    }
    assert fitted == {150}


def test_personas_are_the_sums_of_their_sessions(history, sql, table, assert_same_rows):
    monday = history.as_of - timedelta(days=history.as_of.weekday())
    expected = sql(f"""
        WITH joined AS (
            SELECT f.* EXCLUDE (reason), p.persona_id, p.persona_name, p.k, p.fitted_sessions
            FROM session_personas p JOIN session_features f USING (session_id, basis)
        ),
        sums AS (
            SELECT user_id, is_simulated, basis, persona_id, persona_name, count(*) AS session_count,
                   sum(play_count) AS play_count, sum(listened_ms) AS listened_ms,
                   sum(measured_share * listened_ms) / sum(listened_ms) AS measured_share,
                   avg(session_ms) / 60000 AS mean_session_minutes, avg(artist_count) AS artists_per_session,
                   avg(skip_share) AS session_skip_share, avg(is_weekend::INT) AS weekend_session_share,
                   sum(album_run_count) / sum(start_count) AS album_run_share,
                   avg(mean_valence) AS session_valence, avg(mean_energy) AS session_energy,
                   avg(recency_weight) AS mean_recency_weight, max(k) AS k, max(fitted_sessions) AS fitted_sessions
            FROM joined GROUP BY ALL
        )
        SELECT *, session_count / sum(session_count) OVER own AS session_share,
               listened_ms / sum(listened_ms) OVER own AS time_share,
               (SELECT avg(is_covered::INT) FROM coverage c
                WHERE c.user_id = sums.user_id AND played_date < DATE '{monday}') AS coverage
        FROM sums WINDOW own AS (PARTITION BY user_id, basis)
    """)
    assert_same_rows(table("personas"), expected, ["user_id", "basis", "persona_id"])


def test_who_has_no_persona_is_told_why(table):
    found = table("personas")
    nowhere = found["persona_id"] == 0
    assert (found["persona_name"].isna() == nowhere).all()
    assert (found["reason"].notna() == nowhere).all()
    assert set(found["user_id"]) == {"ada", "ben"}
