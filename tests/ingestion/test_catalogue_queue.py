"""The catalogue queue: most played first, within the budget, each id once, through kills, gaps and quotas."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clients.errors import SourceError
from ingestion.catalogue_queue import ABSENT_FOR, CatalogueRun, Queue, budget_left, played_tracks
from ingestion.polls import take_in_plays
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, run_row
from schemas.bronze import ingestion_runs_bronze
from writers.records import append_rows

if TYPE_CHECKING:
    from emulator.server import Emulator
    from emulator.simulator import Simulation
    from schemas.lake import Lake

CATALOGUE, POLL = "catalogue", "recently_played"
GONE = "0" * 22

Stored = Callable[[str], list[dict[str, Any]]]
Run = Callable[..., FileReceipt]


def played(lake: Lake, now: datetime, *track_ids: str) -> None:
    """Let ann have played these tracks, one after another."""
    items = [
        {"played_at": (now - timedelta(minutes=n)).isoformat(), "track": {"id": track_id, "name": "x", "type": "track"}}
        for n, track_id in enumerate(track_ids)
    ]
    take_in_plays(lake, items, Batch(f"plays-{now:%H%M%S}", "ann", now))


def last(stored: Stored) -> dict[tuple[str, str], dict[str, Any]]:
    """The last attempt of each id."""
    rows = sorted(stored("catalog_queue"), key=lambda row: row["attempt_count"])
    return {(row["item_kind"], row["item_id"]): row for row in rows}


@pytest.fixture
def run(spotify: Callable[[], Any], lake: Lake, emulator: Emulator) -> Run:
    """One turn at the queue by a client of its own, now by the emulator's clock."""

    def turn(budget: int = 1000, client: Any = None) -> FileReceipt:
        now = emulator.clock.now()
        batch, plays = Batch(f"{now:%d%H%M%S}", "*", now), played_tracks(lake)
        return CatalogueRun(client or spotify(), lake, batch, plays, budget, str).collect()

    return turn


@pytest.fixture
def track_ids(listening: list[Simulation]) -> list[str]:
    return [str(one) for one in listening[0].tracks["track_id"][:6]]


def asked_for(asked: Callable[[], Counter[str]], kind: str) -> list[str]:
    return [path.rsplit("/", 1)[1] for path in asked() if path.startswith(f"/v1/{kind}s/")]


def test_the_most_played_are_asked_for_first_and_the_budget_ends_the_turn(lake, emulator, run, track_ids, asked):
    one, two, three, *_ = track_ids
    played(lake, emulator.clock.now(), one, two, two, two, three, three)
    counts = run(budget=2)
    assert asked_for(asked, "track") == [two, three]
    assert (counts.rows, counts.new) == (2, 2)
    run(budget=1)
    assert asked_for(asked, "track") == [one]


def test_albums_artists_and_discographies_follow_and_nothing_that_is_done_is_asked_again(
    collect, emulator, stored, run, asked
):
    collect(POLL, "library")
    asked()
    run()
    queue = last(stored)
    kinds = Counter(kind for kind, _ in queue)
    assert set(kinds) == {"track", "album", "artist", "discography"}
    assert {row["status"] for row in queue.values()} == {"done"}
    plays = {row["track_id"] for row in stored("listening_history_bronze")}
    assert {item_id for kind, item_id in queue if kind == "track"} == plays
    albums = {row["album_id"] for row in stored("tracks_bronze")}
    assert {item_id for kind, item_id in queue if kind == "album"} == albums
    favourites = {row["artist_id"] for row in stored("followed_artists_bronze")}
    favourites |= {row["item_id"] for row in stored("top_items_bronze") if row["item_kind"] == "artist"}
    assert {item_id for kind, item_id in queue if kind == "discography"} == favourites
    artists = {one for row in stored("tracks_bronze") for one in json.loads(row["artist_ids"])}
    assert {item_id for kind, item_id in queue if kind == "artist"} == artists | favourites
    assert all(row["isrc"] for row in stored("tracks_bronze"))
    asked()
    assert run().rows == 0
    assert asked() == {}


def test_an_album_lists_all_its_tracks_however_many_pages_it_comes_in(lake, emulator, stored, run, listening):
    tracks = listening[0].tracks
    album = tracks.groupby(["artist_name", "album_name"]).size().idxmax()
    mine = tracks[(tracks["artist_name"] == album[0]) & (tracks["album_name"] == album[1])]["track_id"]
    assert len(mine) > 2
    emulator.faults.update({"album_page": 2})
    played(lake, emulator.clock.now(), mine.iloc[0])
    run()
    (row,) = [row for row in stored("albums_bronze") if row["track_ids"]]
    assert sorted(json.loads(row["track_ids"])) == sorted(mine) and row["total_tracks"] == len(mine)


def test_an_id_that_spotify_does_not_know_is_absent_and_asked_again_only_after_its_date(
    lake, emulator, stored, run, asked
):
    played(lake, emulator.clock.now(), GONE)
    begin = emulator.clock.now()
    assert run().rows == 0
    row = last(stored)[("track", GONE)]
    assert (row["status"], row["attempt_count"], row["not_before"]) == ("absent", 1, begin + ABSENT_FOR)
    for wait, expected in ((ABSENT_FOR - timedelta(seconds=1), []), (timedelta(seconds=1), [GONE])):
        asked()
        emulator.clock.advance(wait)
        run()
        assert asked_for(asked, "track") == expected


def test_what_fails_for_some_hours_is_tried_again_then_and_others_are_fetched_meanwhile(
    lake, emulator, stored, run, track_ids, asked
):
    one, two, *_ = track_ids
    played(lake, emulator.clock.now(), one, one, two)
    emulator.faults.update({"script": ["server_errors"] * 6, "services": ["spotify"]})
    run()
    queue = last(stored)
    assert (queue["track", one]["status"], queue["track", two]["status"]) == ("pending", "done")
    asked()
    run()
    assert asked_for(asked, "track") == []
    emulator.clock.advance(timedelta(hours=6))
    run()
    assert asked_for(asked, "track") == [one]


def test_a_service_that_is_down_ends_the_turn_after_five_failures(lake, emulator, run, track_ids, asked):
    played(lake, emulator.clock.now(), *track_ids)
    emulator.faults.update({"server_errors": 1.0, "services": ["spotify"]})
    with pytest.raises(SourceError):
        run()
    assert len(asked_for(asked, "track")) == 5


def test_a_kill_between_the_rows_and_the_queue_asks_again_and_doubles_nothing(
    lake, emulator, stored, run, track_ids, monkeypatch
):
    class DeadError(BaseException):
        pass

    def die(_: Queue) -> None:
        raise DeadError

    played(lake, emulator.clock.now(), *track_ids)
    with monkeypatch.context() as patched:
        patched.setattr(Queue, "save", die)
        with pytest.raises(DeadError):
            run()
    run()
    ids = [row["track_id"] for row in stored("tracks_bronze")]
    assert sorted(ids) == sorted(track_ids)
    assert {last(stored)["track", one]["status"] for one in track_ids} == {"done"}


def test_a_turn_that_is_interrupted_goes_on_where_it_was(lake, emulator, stored, run, spotify, track_ids, asked):
    class Interrupted:
        """A client whose third track brings the end of the process."""

        def __init__(self) -> None:
            self.client, self.calls = spotify(), 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def track(self, track_id: str) -> Any:
            self.calls += 1
            if self.calls == 3:
                raise KeyboardInterrupt
            return self.client.track(track_id)

    played(lake, emulator.clock.now(), *track_ids)
    with pytest.raises(KeyboardInterrupt):
        run(client=Interrupted())
    first = asked_for(asked, "track")
    assert len(first) == 2 == len(stored("tracks_bronze"))
    run()
    assert sorted(asked_for(asked, "track")) == sorted(set(track_ids) - set(first))


def test_a_description_that_cannot_be_used_is_a_dead_letter_of_its_own_without_what_is_not_allowed(
    lake, emulator, stored, run, spotify, track_ids
):
    class Odd:
        """A client whose tracks have a length below nothing."""

        def __init__(self) -> None:
            self.client = spotify()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def track(self, track_id: str) -> Any:
            return self.client.track(track_id) | {"duration_ms": -1, "owner_address": "10.0.0.1"}

    played(lake, emulator.clock.now(), *track_ids[:2])
    counts = run(client=Odd())
    assert (counts.rows, counts.rejected) == (2, 2)
    letters = stored("rejected_records_bronze")
    assert [letter["reason"] for letter in letters] == ["duration_ms is negative or too large"] * 2
    assert {json.loads(letter["payload"])["id"] for letter in letters} == set(track_ids[:2])
    assert "10.0.0.1" not in "".join(letter["payload"] for letter in letters)


def test_the_budget_holds_over_any_24_hours_and_a_turn_takes_its_share_of_the_day(collect, emulator, stored, asked):
    """BUILD_HOURS is 6: a budget of 40 a day is spent in four turns of 10."""
    collect(POLL, "library")
    asked()
    spent = []
    for hours in (0, 1, 1, 1, 1, 20, 1):
        emulator.clock.advance(timedelta(hours=hours))
        assert collect(CATALOGUE, catalog_daily_budget=40).exit_code == 0
        spent.append(sum(number for path, number in asked().items() if path.startswith("/v1")))
    assert spent == [10, 10, 10, 10, 0, 10, 10]


def test_requests_older_than_a_day_and_of_other_sources_take_nothing_of_the_budget(lake, emulator):
    now = emulator.clock.now()
    for source, age_h, requests in ((CATALOGUE, 25, 7), (CATALOGUE, 23, 11), ("library", 1, 13)):
        at = now - timedelta(hours=age_h)
        row = run_row("b", source, None, FileReceipt(source), at, at, request_count=requests)
        append_rows(lake, ingestion_runs_bronze, [row])
    assert budget_left(lake, 100, now) == 89
    assert budget_left(lake, 10, now) == 0
