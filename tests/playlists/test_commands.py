"""`lakesong playlist …` as a person uses it: said first, asked, done, listed; files; and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli import app
from config.errors import InputError, LakesongError, NeedsUserError
from config.settings import Settings
from emulator.library import Library
from emulator.server import Emulator
from schemas.lake import Lake

from .conftest import Write, sign_in

Run = Callable[..., Result]


@pytest.fixture
def run(emulated: Settings, small_lake: Lake, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Run:
    names = ("spotify_api_url", "spotify_accounts_url", "client_id", "lake_uri", "state_dir")
    for name in names:
        monkeypatch.setenv(name.upper(), str(getattr(emulated, name)))
    monkeypatch.setenv("CLIENT_SECRET", emulator.client_secret)
    monkeypatch.chdir(emulated.state_dir)

    def call(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, ["playlist", *arguments], input=stdin)

    return call


def ours(library: Library) -> list[str]:
    return [one.name for one in library.playlists() if "lakesong:" in one.description]


def test_a_preview_shows_tracks_with_reasons_and_writes_files(run: Run, tmp_path: Path) -> None:
    m3u, table = tmp_path / "a" / "x.m3u8", tmp_path / "x.csv"
    done = run("preview", "mood", "calm-dark", "--user", "ann", "--tracks", "5", "--m3u", str(m3u), "--csv", str(table))
    assert done.exit_code == 0
    assert "mood calm-dark, for ann (simulated): 5 tracks" in done.stdout
    assert done.stdout.count("nearer to the centre of calm-dark") == 5
    assert m3u.read_text(encoding="utf-8").count("#EXTINF") == 5
    assert len(table.read_text(encoding="utf-8").splitlines()) == 6


def test_json_is_as_the_help_says(run: Run) -> None:
    body = json.loads(run("preview", "forgotten", "--user", "ann", "--minutes", "20", "--json").stdout)
    assert list(body) == ["user_id", "is_simulated", "kind", "value", "basis", "day", "total_ms", "simulated_count",
                          "mean_step", "notes", "tracks"]  # fmt: skip
    assert body["total_ms"] >= 20 * 60_000
    assert {"track_id", "reason", "uri", "has_simulated_features"} <= set(body["tracks"][0])
    help_text = " ".join(run("preview", "--help").output.split())
    assert all(f'"{name}"' in help_text for name in [*body, *body["tracks"][0]])


def test_create_says_what_will_happen_and_sends_nothing_without_a_yes(
    run: Run, library: Library, emulator: Emulator
) -> None:
    asked = ("create", "mood", "calm-dark", "--user", "ann", "--tracks", "4", "--name", "Calm one")
    refused = run(*asked, stdin="n\n")
    assert refused.exit_code == 1
    assert "This makes the playlist 'Calm one' with 4 tracks in the Spotify account of ann (private)" in refused.output
    silent = run(*asked)
    assert isinstance(silent.exception, InputError)
    assert "Nobody answered" in str(silent.exception)
    assert ours(library) == []
    assert emulator.request_count("/v1") == 0
    agreed = run(*asked, stdin="y\n")
    assert agreed.exit_code == 0
    assert ours(library) == ["Calm one"]
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["playlist_name"], one["status"], one["track_count"]) for one in listed] == [("Calm one", "filled", 4)]
    assert listed[0]["link"] == f"https://open.spotify.com/playlist/{listed[0]['playlist_id']}"


def test_created_again_it_is_there_already_and_update_is_what_changes_it(run: Run, library: Library) -> None:
    asked = ("create", "forgotten", "--user", "ann", "--yes", "--json")
    outcomes = [json.loads(run(*asked, *more).stdout)["outcome"]
                for more in ((), (), ("--update",), ("--update", "--tracks", "3"))]  # fmt: skip
    assert outcomes == ["made", "there already", "unchanged", "updated"]
    assert len(ours(library)) == 1
    assert len(library.playlists()[0].items.entries) == 3


def test_public_needs_its_own_scope(run: Run, emulator: Emulator, emulated: Settings, library: Library) -> None:
    sign_in(emulator, emulated, scope="playlist-modify-private playlist-read-private")
    done = run("create", "forgotten", "--user", "ann", "--public", "--yes")
    assert isinstance(done.exception, NeedsUserError)
    assert "playlist-modify-public" in str(done.exception)
    assert done.exception.exit_code == 3
    assert ours(library) == []


def test_suggest_apply_and_undo_go_together(run: Run, library: Library, write: Write) -> None:
    name = "Calm mornings"
    playlist = next(one for one in library.playlists() if one.name == name)
    before = [entry.what for entry in playlist.items.entries]
    same = {"user_id": "ann", "playlist_id": playlist.playlist_id, "playlist_name": name}
    write("playlist_history", {**same, "is_own": True, "is_current": True})
    write("playlist_suggestions", {**same, "is_simulated": True, "basis": "measured", "suggestion": "remove",
          "item_uri": before[0], "suggestion_rank": 1, "track_name": "Old [red]", "why": "odd one"})  # fmt: skip
    write("library_snapshots_bronze", {"user_id": "ann", "collection": "playlist_items", "snapshot_key": "k",
          "part": playlist.playlist_id, "is_readable": True})  # fmt: skip
    write("playlist_items_bronze", *({"snapshot_key": "k", "user_id": "ann", "playlist_id": playlist.playlist_id,
          "position": number, "item_uri": uri} for number, uri in enumerate(before, start=1)))  # fmt: skip
    shown = run("suggest", name, "--user", "ann")
    assert "Old [red]" in shown.stdout
    assert "odd one" in shown.stdout
    assert run("apply", name, "--user", "ann", "--only", "remove", stdin="n\n").exit_code == 1
    assert [entry.what for entry in playlist.items.entries] == before
    assert run("apply", name, "--user", "ann", "--only", "remove", "--yes").exit_code == 0
    assert [entry.what for entry in playlist.items.entries] == before[1:]
    undone = json.loads(run("undo", name, "--user", "ann", "--yes", "--json").stdout)
    assert undone["outcome"] == "undone"
    assert [entry.what for entry in playlist.items.entries] == before


@pytest.mark.parametrize(("arguments", "message"), [
    (("preview", "mood", "--tracks", "3", "--minutes", "9"), "of --tracks or of --minutes"),
    (("preview", "mood", "--tracks", "0"), "at least one track"),
    (("apply", "Calm mornings", "--only", "shuffle"), "--only is add, remove, reorder"),
    (("undo", "Nowhere"), "No own playlist is called 'Nowhere'"),
    (("suggest", "x"), "holds nothing of ann"),
    (("create", "forgotten", "--name", "x" * 101, "--yes"), "at most 100 characters"),
])  # fmt: skip
def test_a_mistake_is_one_line_with_the_next_step(arguments: tuple[str, ...], message: str, run: Run) -> None:
    done = run(*arguments, "--user", "ann")
    assert isinstance(done.exception, LakesongError)
    assert (message in str(done.exception), done.exception.exit_code) == (True, 2)


def test_consent_is_given_listed_and_taken_back(run: Run, emulated: Settings) -> None:
    def listeners(*arguments: str) -> Any:
        return json.loads(CliRunner().invoke(app, ["listeners", "--json", *arguments]).stdout)

    assert [row["has_consented"] for row in listeners()] == [False, False]
    assert listeners("--user", "ann", "--consent-compare")[0]["has_consented"]
    assert [row["has_consented"] for row in listeners()] == [True, False]
    refused = CliRunner().invoke(app, ["listeners", "--user", "ann", "--compare-with", "ben"])
    assert "ben did not agree" in str(refused.exception)
    assert not listeners("--user", "ann", "--no-consent-compare")[0]["has_consented"]


def test_a_family_is_written_as_files_to_import(tmp_path: Path, run: Run) -> None:
    arguments = ["simulate", "--listeners", "2", "--days", "30", "--plays-per-day", "3", "--out", str(tmp_path / "fam")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    files = sorted(str(path.relative_to(tmp_path / "fam")) for path in (tmp_path / "fam").rglob("*") if path.is_file())
    assert files == ["ada/my_account_data.zip", "ada/my_spotify_data.zip", "ben/my_account_data.zip",
                     "ben/my_spotify_data.zip", "kaggle/dataset.csv"]  # fmt: skip
