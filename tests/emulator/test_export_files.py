"""The written files: nothing lost on the way, nothing that could be taken for a real person's data."""

import ipaddress
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emulator.export_files import (
    ACCOUNT_ROWS_PER_FILE,
    KAGGLE_COLUMNS,
    catalogue_rows,
    count_export_rows,
    write_account_data,
    write_catalogue_csv,
    write_extended_export,
)
from emulator.simulator import Simulation, simulate

CURRENT_KEYS = [
    "ts", "platform", "ms_played", "conn_country", "ip_addr", "master_metadata_track_name",
    "master_metadata_album_artist_name", "master_metadata_album_album_name", "spotify_track_uri", "episode_name",
    "episode_show_name", "spotify_episode_uri", "audiobook_title", "audiobook_uri", "audiobook_chapter_uri",
    "audiobook_chapter_title", "reason_start", "reason_end", "shuffle", "skipped", "offline", "offline_timestamp",
    "incognito_mode",
]  # fmt: skip
ROWS_PER_FILE = 4_000


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(days=400)


@pytest.fixture(scope="module")
def archive(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("export") / "my_spotify_data.zip"
    write_extended_export(simulation, path, rows_per_file=ROWS_PER_FILE)
    return contents(path)


@pytest.fixture(scope="module")
def current(archive: dict[str, bytes]) -> list[dict[str, Any]]:
    return [row for name in archive if "Streaming_History_Audio" in name for row in json.loads(archive[name])]


@pytest.fixture(scope="module")
def old(archive: dict[str, bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive["Spotify Extended Streaming History/endsong_0.json"])
    return rows


@pytest.fixture(scope="module")
def catalogue(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("kaggle") / "dataset.csv"
    write_catalogue_csv(simulation, path)
    return pd.read_csv(path)


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_equal_simulations_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        simulation = simulate(seed=3, days=30)
        write_extended_export(simulation, tmp_path / f"{name}.zip")
        write_account_data(simulation, tmp_path / f"{name}-account.zip")
        write_catalogue_csv(simulation, tmp_path / f"{name}.csv")
    for suffix in (".zip", "-account.zip", ".csv"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_every_play_is_exported_once_plus_the_counted_duplicates(
    simulation: Simulation, current: list[dict[str, Any]], old: list[dict[str, Any]]
) -> None:
    counts = count_export_rows(simulation, ROWS_PER_FILE)
    assert len(current) + len(old) == counts.rows == len(simulation.plays) + counts.duplicates
    assert len(old) == counts.old_schema > 500
    assert 0.001 < counts.duplicates / counts.plays < 0.004
    distinct = {json.dumps(row, sort_keys=True) for row in [*current, *old]}
    assert len(distinct) == counts.plays
    assert sum(row["ms_played"] for row in [*current, *old]) > simulation.plays["ms_played"].sum()


def test_the_files_have_the_names_and_sizes_of_an_export(archive: dict[str, bytes]) -> None:
    folder = "Spotify Extended Streaming History/"
    audio = [name for name in archive if name.startswith(f"{folder}Streaming_History_Audio_")]
    assert audio[0] == f"{folder}Streaming_History_Audio_2025_0.json"
    assert audio[-1].startswith(f"{folder}Streaming_History_Audio_2026_")
    assert [len(json.loads(archive[name])) for name in audio[:-1]] == [ROWS_PER_FILE] * (len(audio) - 1)
    assert archive[f"{folder}ReadMeFirst_ExtendedStreamingHistory.pdf"].startswith(b"%PDF")


def test_current_rows_have_exactly_the_23_keys(current: list[dict[str, Any]]) -> None:
    assert len(CURRENT_KEYS) == 23
    assert all(list(row) == CURRENT_KEYS for row in current)


def test_each_row_names_exactly_one_kind_of_content(current: list[dict[str, Any]]) -> None:
    kinds = ["spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri"]
    assert all(sum(row[kind] is not None for kind in kinds) == 1 for row in current)
    assert [sum(row[kind] is not None for row in current) > 20 for kind in kinds] == [True, True, True]


def test_rows_carry_the_simulated_values(simulation: Simulation, current: list[dict[str, Any]]) -> None:
    plays = simulation.plays.merge(simulation.tracks, on="track_id")
    plays["ts"] = plays["exported_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    uri, flags = "spotify:track:" + plays["track_id"], ["shuffle", "skipped", "offline", "incognito_mode"]
    columns = [plays["ts"], uri, plays["track_name"], plays["artist_name"], plays["album_name"], plays["ms_played"]]
    stamps = plays["offline_timestamp"].astype(object).where(plays["offline_timestamp"].notna(), None)
    expected = set(zip(*columns, *(plays[flag] for flag in flags), stamps, strict=True))
    keys = ["ts", "spotify_track_uri", "master_metadata_track_name", "master_metadata_album_artist_name",
            "master_metadata_album_album_name", "ms_played", *flags, "offline_timestamp"]  # fmt: skip
    exported = {tuple(row[key] for key in keys) for row in current if row["spotify_track_uri"]}
    assert exported <= expected
    assert len(exported) > 0.9 * len(expected)


def test_some_uploads_share_one_stamp_and_keep_the_true_start(current: list[dict[str, Any]]) -> None:
    offline = pd.DataFrame([row for row in current if row["offline"]])
    sizes = offline.groupby("ts")["offline_timestamp"].nunique()
    assert (sizes >= 3).sum() >= 5
    start = pd.to_datetime(offline["offline_timestamp"], unit="s", utc=True)
    assert (pd.to_datetime(offline["ts"], utc=True) > start).all()


def test_the_oldest_file_has_the_old_schema(old: list[dict[str, Any]], current: list[dict[str, Any]]) -> None:
    keys = set(CURRENT_KEYS) - {"ip_addr"} | {"username", "ip_addr_decrypted", "user_agent_decrypted"}
    assert all(set(row) == {key for key in keys if not key.startswith("audiobook")} for row in old)
    assert {row["skipped"] for row in old} == {None, True, False}
    stamps = {row["offline_timestamp"] for row in old}
    assert 0 in stamps and all(stamp == 0 or stamp > 10**12 for stamp in stamps)
    assert max(row["ts"] for row in old) <= min(row["ts"] for row in current)


def test_addresses_are_from_the_documentation_ranges(current: list[dict[str, Any]], old: list[dict[str, Any]]) -> None:
    ranges = [ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("198.51.100.0/24")]
    found = {row["ip_addr"] for row in current} | {row["ip_addr_decrypted"] for row in old}
    assert all(any(ipaddress.ip_address(address) in network for network in ranges) for address in found)
    abroad = {row["ip_addr"].rsplit(".", 1)[0] for row in current if row["conn_country"] == "JP"}
    assert abroad == {"198.51.100"}


def test_the_archive_says_that_it_is_simulated(simulation: Simulation, archive: dict[str, bytes]) -> None:
    marker = json.loads(archive["lakesong-simulation.json"])
    assert marker["zones"][1] == {"valid_from": simulation.zones[1].valid_from.isoformat(), "time_zone": "Asia/Tokyo"}
    del marker["zones"]
    assert marker == {"generator": "lakesong", "version": 1, "user_id": "demo", "seed": 1, "is_simulated": True}


def test_a_file_without_rows_is_refused(simulation: Simulation, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows_per_file"):
        write_extended_export(simulation, tmp_path / "export.zip", rows_per_file=0)


def test_a_listener_who_heard_nothing_has_an_empty_archive(tmp_path: Path) -> None:
    silent = simulate(seed=2, days=1, plays_per_day=0.001)
    assert len(silent.plays) == 0
    write_extended_export(silent, tmp_path / "export.zip")
    write_account_data(silent, tmp_path / "account.zip")
    assert not [name for name in contents(tmp_path / "export.zip") if name.endswith("_0.json")]
    assert json.loads(contents(tmp_path / "account.zip")["Spotify Account Data/StreamingHistory_music_0.json"]) == []


def test_account_data_is_the_last_year_of_music_by_the_minute(simulation: Simulation, tmp_path: Path) -> None:
    write_account_data(simulation, tmp_path / "account.zip")
    files = {name: data for name, data in contents(tmp_path / "account.zip").items() if "StreamingHistory" in name}
    rows = [row for data in files.values() for row in json.loads(data)]
    plays = simulation.plays
    recent = plays[(plays["kind"] == "track") & (plays["ended_at"] > plays["ended_at"].max() - pd.Timedelta(days=365))]
    assert len(rows) == len(recent) < (plays["kind"] == "track").sum()
    assert len(files) == -(-len(recent) // ACCOUNT_ROWS_PER_FILE) > 1
    assert all(list(row) == ["endTime", "artistName", "trackName", "msPlayed"] for row in rows)
    assert [row["endTime"] for row in rows] == recent["ended_at"].dt.strftime("%Y-%m-%d %H:%M").tolist()
    assert [row["msPlayed"] for row in rows] == recent["ms_played"].tolist()


def test_the_catalogue_parses_to_the_rows_that_were_written(simulation: Simulation, catalogue: pd.DataFrame) -> None:
    assert list(catalogue.columns) == ["Unnamed: 0", *KAGGLE_COLUMNS]
    assert len(catalogue) == len(catalogue_rows(simulation))
    assert catalogue["Unnamed: 0"].tolist() == list(range(len(catalogue)))
    assert catalogue["explicit"].dtype == bool
    assert catalogue["track_genre"].is_monotonic_increasing


def test_most_played_tracks_are_in_the_catalogue_and_many_unplayed_ones(
    simulation: Simulation, catalogue: pd.DataFrame
) -> None:
    ids = set(catalogue["track_id"])
    known = simulation.tracks["track_id"].isin(ids)
    assert known.mean() == pytest.approx(0.88, abs=0.03)
    assert len(ids) == known.sum() + 1_500 + 1
    merged = simulation.tracks.merge(catalogue.drop_duplicates("track_id"), on="track_id", suffixes=("", "_csv"))
    assert (merged["valence"] == merged["valence_csv"]).all()
    readable = merged["track_name"] != "nan"  # read_csv takes this title for a missing value
    assert (merged["track_name"] == merged["track_name_csv"])[readable].all()


def test_tracks_repeat_under_other_genres_and_as_exact_copies(catalogue: pd.DataFrame) -> None:
    rows = catalogue.drop(columns="Unnamed: 0")
    distinct = rows.drop_duplicates()
    assert 0.002 < (len(rows) - len(distinct)) / len(rows) < 0.01
    genres = distinct.groupby("track_id")["track_genre"].nunique()
    assert (genres == 2).mean() == pytest.approx(0.15, abs=0.03)
    popularity = distinct.groupby("track_id")["popularity"].nunique()
    assert 0.1 < (popularity > 1).sum() / (genres == 2).sum() < 0.5


def test_the_catalogue_has_the_traps_of_the_real_one(simulation: Simulation, catalogue: pd.DataFrame) -> None:
    empty = catalogue[catalogue["artists"].isna()]
    assert len(empty) == 1
    row = empty.iloc[0]
    assert pd.isna(row["album_name"]) and pd.isna(row["track_name"])
    assert row["duration_ms"] == 0 and row["popularity"] == 0 and row["energy"] > 0
    silent = catalogue[catalogue["tempo"] == 0]
    assert silent["track_id"].nunique() == 6 and (silent["time_signature"] == 0).all()
    assert set(silent["track_id"]).isdisjoint(simulation.tracks["track_id"])
    artists = catalogue["artists"].dropna()
    assert artists.str.endswith(" ").any() and artists.str.contains(";").any() and artists.str.contains('"').any()
    assert artists.str.contains(",").any() and catalogue["instrumentalness"].between(0, 1e-5, "neither").any()
