"""Measured audio features: each service asked for what only it can give, and never twice in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clients.deezer import Deezer
from clients.errors import AbsentError, SourceError
from clients.reccobeats import IDS_A_CALL, ReccoBeats
from config.errors import InputError
from emulator.reccobeats import is_known
from ingestion.audio_features import ABSENT_FOR, NOT_TRIED_FOR, REFUSED_FOR, FeatureRun
from ingestion.catalogue_queue import CatalogueRun, played_tracks
from ingestion.polls import take_in_plays
from ingestion.previews import analyser
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch

if TYPE_CHECKING:
    from emulator.server import Emulator
    from emulator.simulator import Simulation
    from schemas.lake import Lake

FEATURES = "/reccobeats/v1/audio-features"
ANALYSIS = "/reccobeats/v1/analysis/audio-features"
SPOTIFYS = "/v1/audio-features"
QUICK: dict[str, Any] = {"per_second": 0, "first_wait_s": 0.001}

Stored = Callable[[str], list[dict[str, Any]]]
Run = Callable[..., FileReceipt]


@pytest.fixture
def track_ids(listening: list[Simulation], lake: Lake, emulator: Emulator) -> list[str]:
    """90 tracks that ann has played once each."""
    ids, now = [str(one) for one in listening[0].tracks["track_id"][:90]], emulator.clock.now()
    items = [
        {"played_at": (now - timedelta(minutes=n)).isoformat(), "track": {"id": one, "name": "x", "type": "track"}}
        for n, one in enumerate(ids)
    ]
    take_in_plays(lake, items, Batch("plays", "ann", now))
    return ids


@pytest.fixture
def run(spotify: Callable[[], Any], lake: Lake, emulator: Emulator) -> Run:
    """One turn, now by the emulator's clock."""

    def turn(previews: str = "off", analyse: Any = None, client: Any = None) -> FileReceipt:
        now, reccobeats = emulator.clock.now(), ReccoBeats(emulator.reccobeats_url, **QUICK)
        analyse = analyse or analyser(previews, reccobeats)
        deezer, batch = Deezer(emulator.deezer_url, **QUICK), Batch(f"f{now:%d%H%M%S}", "*", now)
        client = client or spotify()
        return FeatureRun(client, reccobeats, deezer, analyse, lake, batch, played_tracks(lake), str).collect()

    return turn


@pytest.fixture
def described(track_ids: list[str], spotify: Callable[[], Any], lake: Lake, emulator: Emulator) -> list[str]:
    """The tracks that ReccoBeats does not know, after the catalogue has given their names and ISRC."""
    batch = Batch("catalogue", "*", emulator.clock.now())
    CatalogueRun(spotify(), lake, batch, played_tracks(lake), len(track_ids), str).collect()
    return [one for one in track_ids if not is_known(one)]


def asked_ids(emulator: Emulator, path: str) -> list[list[str]]:
    """The ids of each request to a path."""
    urls = [urlsplit(one.path) for one in emulator.requests]
    return [parse_qs(url.query)["ids"][0].split(",") for url in urls if url.path == path]


def test_the_refusal_of_spotify_is_met_once_and_remembered_for_a_week(track_ids, run, emulator, asked, lake):
    met = []
    for number, hours in enumerate((0, 6, 24 * 7 - 7, 1, 24)):
        emulator.clock.advance(timedelta(hours=hours))
        now = emulator.clock.now()
        item = {"played_at": now.isoformat(), "track": {"id": f"{number:022d}", "name": "x", "type": "track"}}
        take_in_plays(lake, [item], Batch(f"p{number}", "ann", now))  # something new to ask for
        run()
        met.append(asked()[SPOTIFYS])
    assert timedelta(days=7) == REFUSED_FOR
    assert met == [1, 0, 0, 1, 0]


def test_where_spotify_answers_reccobeats_is_not_asked(track_ids, run, emulator, asked, stored):
    emulator.faults.update({"audio_features_allowed": True})
    counts = run()
    assert (counts.new, counts.rejected) == (90, 0)
    rows = stored("my_tracks_features_bronze")
    assert {(row["source"], row["time_signature"] is None) for row in rows} == {("spotify", False)}
    assert asked() == Counter({SPOTIFYS: 1})


def test_reccobeats_is_asked_in_batches_and_its_answers_go_to_the_right_tracks(
    track_ids, run, emulator, stored, listening
):
    run()
    batches = asked_ids(emulator, FEATURES)
    assert [len(batch) for batch in batches] == [IDS_A_CALL, IDS_A_CALL, 10]
    assert sorted(one for batch in batches for one in batch) == sorted(track_ids)
    truth = listening[0].tracks.set_index("track_id")
    rows = {row["track_id"]: row for row in stored("my_tracks_features_bronze")}
    assert set(rows) == {one for one in track_ids if is_known(one)}
    assert {one: row["valence"] for one, row in rows.items()} == {one: truth.at[one, "valence"] for one in rows}
    assert {row["source"] for row in rows.values()} == {"reccobeats"}
    popularity = {row["track_id"]: (row["provider"], row["popularity"]) for row in stored("tracks_bronze")}
    assert popularity == {one: ("reccobeats", truth.at[one, "popularity"]) for one in rows}


def test_what_reccobeats_does_not_know_is_asked_again_only_after_its_date(track_ids, run, emulator, stored):
    absent = {one for one in track_ids if not is_known(one)}
    asked_again = []
    for wait in (timedelta(), timedelta(days=1), ABSENT_FOR - timedelta(days=1)):
        emulator.clock.advance(wait)
        emulator.requests.clear()
        run()
        asked_again.append({one for batch in asked_ids(emulator, FEATURES) for one in batch})
    assert asked_again == [set(track_ids), set(), absent]
    queue = [row for row in stored("catalog_queue") if row["item_kind"] == "audio_features"]
    last = {row["item_id"]: row["status"] for row in sorted(queue, key=lambda row: row["attempt_count"])}
    assert last == {one: "absent" if one in absent else "done" for one in track_ids}


def test_what_came_before_reccobeats_failed_is_kept_and_not_asked_again(track_ids, run, emulator, stored):
    emulator.faults.update({"script": ["", "", *["server_errors"] * 6], "services": ["reccobeats"]})
    with pytest.raises(SourceError):
        run()
    first = asked_ids(emulator, FEATURES)[0]
    assert {row["track_id"] for row in stored("my_tracks_features_bronze")} == set(filter(is_known, first))
    emulator.requests.clear()
    run()
    again = {one for batch in asked_ids(emulator, FEATURES) for one in batch}
    assert again == set(track_ids) - set(filter(is_known, first))


def test_previews_are_measured_where_title_artist_and_length_are_right(
    described, run, emulator, stored, listening, asked
):
    asked()
    run("reccobeats")
    counted = asked()
    rows = [row for row in stored("my_tracks_features_bronze") if row["source"] == "preview_analysis"]
    assert 0 < len(rows) < min(20, len(described)) and {row["track_id"] for row in rows} <= set(described)
    truth = listening[0].tracks.set_index("track_id")
    assert all(row["tempo"] == pytest.approx(truth.at[row["track_id"], "tempo"]) for row in rows)
    assert {(row["key"], row["mode"]) for row in rows} == {(None, None)}
    assert counted[ANALYSIS] == len(rows)
    waits = Counter(
        row["not_before"] - emulator.clock.now()
        for row in stored("catalog_queue")
        if row["item_kind"] == "audio_features" and row["status"] == "absent" and row["not_before"]
    )
    assert waits == {ABSENT_FOR: 20 - len(rows), NOT_TRIED_FOR: len(described) - 20}


@pytest.mark.parametrize("wrong", [{"track_name": "Another song"}, {"duration_ms": 10_000}, {"artist_name": "Nobody"}])
def test_a_preview_of_another_recording_is_not_measured(wrong, described, run, stored, asked, monkeypatch):
    details = FeatureRun._details

    def other(self: FeatureRun, track_ids: list[str]) -> dict[str, Any]:
        return {one: {**row, **wrong} for one, row in details(self, track_ids).items()}

    monkeypatch.setattr(FeatureRun, "_details", other)
    asked()
    run("reccobeats")
    assert asked()[ANALYSIS] == 0
    assert {row["source"] for row in stored("my_tracks_features_bronze")} == {"reccobeats"}


def test_a_preview_that_cannot_be_measured_is_set_aside_and_stops_no_other(described, run, stored):
    heard: list[bytes] = []

    def analyse(audio: bytes) -> dict[str, float]:
        heard.append(audio)
        if len(heard) == 1:
            raise AbsentError("No analysis.", status=400)
        return {"tempo": 100.0}

    counts = run(analyse=analyse)
    assert len(heard) > 2 and counts.rejected == 1
    (letter,) = stored("rejected_records_bronze")
    assert letter["file"].startswith("preview ") and letter["reason"] == "No analysis."
    measured = [row for row in stored("my_tracks_features_bronze") if row["source"] == "preview_analysis"]
    assert [row["tempo"] for row in measured] == [100.0] * (len(heard) - 1)


def test_features_out_of_range_are_dead_letters_one_a_track(track_ids, run, stored, emulator, spotify):
    class Odd:
        """A client whose features are no shares."""

        def __getattr__(self, name: str) -> Any:
            return getattr(spotify(), name)

        def audio_features(self, ids: list[str]) -> list[Any]:
            return [{"id": one, "valence": 2.0} for one in ids if is_known(one)][:3]

    counts = run(client=Odd())
    assert counts.rejected == 3 == len(stored("rejected_records_bronze"))
    assert {row["reason"] for row in stored("rejected_records_bronze")} == {"valence is not between 0 and 1"}


def test_librosa_that_is_not_installed_is_named_with_the_next_step(monkeypatch):
    monkeypatch.setattr("ingestion.previews.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"\.\[audio\]"):
        analyser("librosa", ReccoBeats("http://127.0.0.1:9", **QUICK))


def test_previews_are_off_unless_they_are_asked_for(described, run, asked):
    asked()
    run()
    assert not [path for path in asked() if path.startswith("/deezer")]
