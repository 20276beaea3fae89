"""genre_clusters: sums compared with SQL, clusters with the model on the same sums; planted groups found again."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.genre_clusters import SOUND, cluster_genres, pairs_in_sessions
from transformations.gold.genre_clusters import genre_clusters

PLAYS = """
    SELECT * FROM listening_with_features
    WHERE excluded_by IS NULL AND is_counted AND track_id IS NOT NULL AND played_date < DATE '{monday}'
"""
GENRES = """
WITH plays AS ({plays}),
heard AS (
    SELECT p.is_simulated, p.user_id, p.listened_ms, g.genre, g.genre_family, g.genre_weight AS weight, b.basis,
           p.track_id, f.energy IS NOT NULL AND f.valence IS NOT NULL AS is_known,
           f.feature_source <> 'synthetic' AS is_measured
    FROM plays p JOIN track_genres g USING (track_id) CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = p.track_id AND f.basis = b.basis
),
sounds AS (
    SELECT t.user_id, t.track_id, g.genre, g.genre_weight AS weight, b.basis, f.*
    FROM (SELECT DISTINCT user_id, track_id FROM plays) t JOIN track_genres g USING (track_id)
    CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN (SELECT track_id AS of_track, basis AS of_basis, {sound} FROM track_features) f
        ON f.of_track = t.track_id AND f.of_basis = b.basis
),
means AS (
    SELECT basis, genre, sum(weight) FILTER (energy IS NOT NULL AND valence IS NOT NULL) / sum(weight) AS known,
           {means}
    FROM sounds GROUP BY basis, genre
)
SELECT *, genre_time / sum(genre_time) OVER (PARTITION BY basis) AS genre_time_share
FROM (
    SELECT is_simulated, basis, genre, genre_family, count(DISTINCT user_id) AS genre_listener_count,
           sum(weight * listened_ms) AS genre_time, sum(weight) AS genre_plays, count(*) AS play_count,
           sum(listened_ms) AS listened_ms,
           coalesce(sum(listened_ms) FILTER (is_known AND is_measured), 0) / sum(listened_ms) AS measured_share,
           {withheld}
    FROM heard JOIN means USING (basis, genre) GROUP BY ALL
)
"""


@pytest.fixture(scope="module")
def monday(history) -> date:
    return history.as_of - timedelta(days=history.as_of.weekday())


@pytest.fixture(scope="module")
def expected(sql, monday) -> pd.DataFrame:
    return sql(
        GENRES.format(
            plays=PLAYS.format(monday=monday),
            sound=", ".join(SOUND),
            means=", ".join(
                f"sum(weight * {name}) / sum(weight) FILTER ({name} IS NOT NULL) AS {name}" for name in SOUND
            ),
            withheld=", ".join(
                f"CASE WHEN any_value(known) >= 0.6 THEN any_value({name}) END AS {name}" for name in SOUND
            ),
        )
    )


def test_each_genre_is_what_was_heard_of_it_and_how_its_tracks_sound(table, expected, assert_same_rows):
    assert_same_rows(table("genre_clusters").round(8), expected.round(8), ["basis", "genre"])


@pytest.mark.parametrize("basis", ["measured", "all"])
def test_each_genre_is_where_the_model_puts_it(table, sql, monday, basis):
    sessions = sql(
        "SELECT user_id, session_id, genre, sum(genre_weight) AS plays "
        f"FROM ({PLAYS.format(monday=monday)}) JOIN track_genres USING (track_id) GROUP BY ALL"
    )
    pairs = [pairs_in_sessions(own).assign(user_id=user) for user, own in sessions.groupby("user_id")]
    found = table("genre_clusters")
    mine = found[found["basis"] == basis]
    modelled = cluster_genres(mine[["genre", "genre_plays", "genre_time", *SOUND]], pd.concat(pairs))
    told = ["genre", "genre_cluster_id", "genre_cluster_name", "k", "fitted_genres", "reason"]
    pd.testing.assert_frame_equal(mine.sort_values("genre", ignore_index=True)[told], modelled[told], check_dtype=False)


def test_a_genre_has_a_cluster_or_a_reason(table):
    found = table("genre_clusters")
    assert (found["genre_cluster_name"].isna() == found["reason"].notna()).all()
    assert ((found["genre_cluster_id"] == 0) == found["reason"].notna()).all()
    shares = found.groupby("basis")["genre_time_share"].sum()
    assert len(shares) == 2 and ((shares - 1).abs() < 1e-9).all()


@pytest.fixture(scope="module")
def world():
    """Fifteen genres in three groups of five: a session holds mostly one group, and groups sound unlike each other."""
    rng = np.random.default_rng(1)
    tracks, features, plays = [], [], []
    centres = rng.uniform(0.15, 0.85, (3, 6))
    for number in range(60):
        genre = number % 15
        track = {"track_id": f"t{number:02d}", "genre": f"g{genre:02d}", "genre_weight": 1.0}
        tracks.append(track)
        sound = np.clip(centres[genre % 3] + rng.normal(scale=0.05, size=6), 0, 1) * [1, 1, 1, 1, 1, 120]
        source = {
            "track_id": track["track_id"],
            "feature_source": "kaggle",
            **dict(zip(SOUND, sound.tolist(), strict=True)),
        }
        features += [{**source, "basis": basis} for basis in ("measured", "all")]
    for session in range(150):
        of_group = [at for at in range(60) if at % 15 % 3 == session % 3]
        for play in range(10):
            track = rng.choice(of_group) if rng.random() < 0.9 else rng.integers(60)
            place = {"user_id": f"u{session % 2}", "session_id": f"s{session}", "play_id": f"{session}-{play}"}
            plays.append({**place, "track_id": f"t{track:02d}", "is_counted": True, "listened_ms": 200_000})
    return plays, tracks, features


def made(rows, plays, tracks, features):
    hours = rows("coverage", {"user_id": "u0", "is_covered": True})
    return genre_clusters(
        rows("listening_with_features", *plays), rows("track_genres", *tracks), rows("track_features", *features), hours
    ).toPandas()


def test_planted_groups_are_found_on_both_bases(rows, world):
    found = made(rows, *world)
    for _, own in found.groupby("basis"):
        group = own["genre"].str[1:].astype(int) % 3
        assert adjusted_rand_score(group, own["genre_cluster_id"]) == 1
        assert set(own["genre_listener_count"]) == {2}


def test_synthetic_features_give_no_cluster_on_the_measured_basis(rows, world):
    plays, tracks, features = world
    only_all = [{**row, "feature_source": "synthetic"} for row in features if row["basis"] == "all"]
    found = made(rows, plays, tracks, only_all).set_index("basis")
    assert set(found.loc["measured", "genre_cluster_id"]) == {0}
    assert found.loc["measured", list(SOUND)].isna().all(axis=None)
    assert set(found.loc["measured", "reason"]) == {"fewer than 12 genres with 20 plays have audio features"}
    assert set(found.loc["all", "k"]) == {3} and set(found.loc["all", "measured_share"]) == {0.0}


def test_invented_and_real_listeners_are_apart_and_excluded_plays_are_out(rows, world):
    plays, tracks, features = world
    invented = [{**row, "is_simulated": True, "user_id": "sim", "session_id": "x"} for row in plays[:40]]
    excluded = [{**row, "play_id": f"e{row['play_id']}", "excluded_by": "sleep"} for row in plays[:200]]
    found = made(rows, [*plays, *invented, *excluded], tracks, features)
    counts = found[found["basis"] == "all"].groupby("is_simulated")["play_count"].sum()
    assert counts.to_dict() == {False: 1_500, True: 40}
