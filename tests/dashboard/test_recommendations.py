"""Recommendations and the playlists that are made of them."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.testclient import TestClient

from serving.store import Store

from .conftest import PageOf


def test_every_recommendation_stands_with_its_reason_in_its_order(client: TestClient, demo_store: Store) -> None:
    expected = demo_store.rows(
        "SELECT track_name, why FROM track_recommendations WHERE basis = 'measured' AND NOT is_new_to_listener "
        "ORDER BY rank"
    )
    body = client.get("/recommendations.csv", params={"part": "own"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["track_name"], row["why"]) for row in rows] == [(row["track_name"], row["why"]) for row in expected]


def test_what_is_served_and_how_good_it_was_is_said(page_of: PageOf, demo_store: Store) -> None:
    text = page_of("/recommendations")
    served = demo_store.row("SELECT DISTINCT served_by FROM recommendation_evaluations WHERE basis = 'measured'")
    assert served == {"served_by": "own_popularity"}
    assert "the model was not better than that" in text
    ndcg = demo_store.row("SELECT metric_value FROM recommendation_evaluations WHERE basis = 'measured' "
                          "AND subject = 'model' AND metric = 'ndcg_20'")  # fmt: skip
    assert ndcg is not None
    assert f"the model {ndcg['metric_value']:.2f}" in text


def test_a_playlist_is_shown_before_anything_is_sent(client: TestClient, demo_store: Store) -> None:
    mood = demo_store.row("SELECT cluster_name FROM mood_clusters WHERE basis = 'measured' AND cluster_id = 1")
    assert mood is not None
    choice = f"mood:{mood['cluster_name']}"
    answer = client.post("/playlists/preview", data={"choice": choice, "tracks": "7"})
    assert answer.status_code == 200
    assert f"mood {mood['cluster_name']}" in answer.text
    assert answer.text.count("<tr>") == 8
    file = client.get("/playlists/file.m3u8", params={"choice": choice, "tracks": 7})
    assert file.text.startswith("#EXTM3U")
    assert file.text.count("#EXTINF") == 7


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("podcast:x", "no kind of playlist"),
        ("mood:--user=guest", "--user=guest"),
        ("mood:<script>alert(1)</script>", "&lt;script&gt;"),
        ("path:nowhere", "nowhere"),
    ],
)
def test_a_choice_that_cannot_be_made_is_told_in_words(choice: str, said: str, client: TestClient) -> None:
    answer = client.post("/playlists/preview", data={"choice": choice})
    assert "notice warning" in answer.text
    assert said in answer.text
    assert "<script>" not in answer.text


def test_a_simulated_listener_has_no_playlist_made_on_spotify(client: TestClient) -> None:
    answer = client.post("/playlists/create", data={"choice": "forgotten:", "tracks": "5", "name": "--public"})
    assert "notice warning" in answer.text


def test_another_site_can_make_no_playlist(client: TestClient) -> None:
    answer = client.post("/playlists/create", data={"choice": "forgotten:"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
