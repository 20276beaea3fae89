"""model_runs of the built lake: a card for each fit, with the figures of the table that holds it."""

from __future__ import annotations

import json

from models import genre_clusters, mood_clusters, music_profiles, session_personas

FITTED = {
    "track_moods": ("fitted_tracks", mood_clusters.FEATURES),
    "session_personas": ("fitted_sessions", session_personas.FEATURES),
}


def test_each_listener_and_basis_has_the_card_of_its_fit(sql, table):
    cards = table("model_runs")
    for name, (fitted, features) in FITTED.items():
        own = cards[cards["table_name"] == name].set_index(["user_id", "basis"]).sort_index()
        expected = (
            sql(f"""
            SELECT user_id, basis, max(k) AS k, max(silhouette) AS silhouette, max(stability) AS stability,
                   max(null_silhouette) AS null_silhouette, max({fitted}) AS fitted_count,
                   max(reason) FILTER (k = 0) AS reason
            FROM {name} GROUP BY ALL
        """)
            .set_index(["user_id", "basis"])
            .sort_index()
        )
        assert own.index.tolist() == expected.index.tolist()
        assert len(own) == 4
        for column in expected.columns:
            same = (own[column] == expected[column]) | (own[column].isna() & expected[column].isna())
            assert same.all(), (name, column)
        assert {tuple(json.loads(text)) for text in own["features"]} == {features}
        assert own["is_simulated"].all()


def test_fits_of_all_listeners_together_are_told_once(table):
    cards = table("model_runs")
    genres = cards[cards["table_name"] == "genre_clusters"].sort_values("basis")
    assert genres[["user_id", "basis"]].values.tolist() == [["*", "all"], ["*", "measured"]]
    assert json.loads(genres["features"].iloc[0]) == list(genre_clusters.FEATURES)
    profiles = cards[cards["table_name"] == "music_profiles"]
    assert profiles[["user_id", "basis", "k", "fitted_count"]].values.tolist() == [["*", "all", 0, 2]]
    assert len(json.loads(profiles["features"].iloc[0])) >= 15
    assert json.loads(profiles["features"].iloc[0]) == list(music_profiles.FEATURES)


def test_the_cards_name_the_build(history, table):
    cards, runs = table("model_runs"), table("pipeline_runs")
    assert set(cards["run_id"]) <= set(runs.loc[runs["status"] == "released", "run_id"])
    assert set(cards["as_of"]) == {history.as_of}
