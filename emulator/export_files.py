"""A simulation as the files a listener would have: history exports, account data and a Kaggle-style catalogue.

Formats: section 8 (exports) and 9 (Kaggle) of the project's API contract. Both archives carry
`lakesong-simulation.json`, so that nobody takes them for a real listener's, and addresses come from the ranges
reserved for documentation (RFC 5737).
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence

from emulator.catalogue import GENRES, base62_id, build_tracks
from emulator.simulator import Simulation

MARKER_FILE = "lakesong-simulation.json"
EXPORT_FOLDER, ACCOUNT_FOLDER = "Spotify Extended Streaming History", "Spotify Account Data"
DUPLICATE_SHARE, OLD_SHARE = 0.002, 0.06
ACCOUNT_DAYS, ACCOUNT_ROWS_PER_FILE = 365, 10_000
CATALOGUE_ONLY_TRACKS, SILENT_TRACKS = 1_500, 6
KAGGLE_COLUMNS = (
    "track_id", "artists", "album_name", "track_name", "popularity", "duration_ms", "explicit", "danceability",
    "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
    "tempo", "time_signature", "track_genre",
)  # fmt: skip
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Record = dict[Any, Any]


@dataclass(frozen=True)
class ExportCounts:
    """Rows of an extended export: each play once, plus exact duplicates; `old_schema` of all are in endsong_0.json."""

    plays: int
    duplicates: int
    old_schema: int

    @property
    def rows(self) -> int:
        """All rows of all history files."""
        return self.plays + self.duplicates


def count_export_rows(simulation: Simulation, rows_per_file: int = 15_000) -> ExportCounts:
    """What `write_extended_export` will write for this simulation."""
    positions, old = _export_order(simulation, rows_per_file)
    return ExportCounts(len(simulation.plays), len(positions) - len(simulation.plays), old)


def write_extended_export(simulation: Simulation, path: Path, rows_per_file: int = 15_000) -> None:
    """Write the extended streaming history as a zip; equal simulations give equal bytes.

    The earliest rows are in the old schema (`endsong_0.json`), others in `Streaming_History_Audio_<years>_<n>.json`.
    """
    positions, old = _export_order(simulation, rows_per_file)
    texts = _track_texts(simulation, True)
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, MARKER_FILE, _marker(simulation))
        _add(archive, f"{EXPORT_FOLDER}/ReadMeFirst_ExtendedStreamingHistory.pdf", PDF)
        if old:
            plays = simulation.plays.iloc[positions[:old]]
            _add(archive, f"{EXPORT_FOLDER}/endsong_0.json", _array(_old_rows(simulation, plays)))
        for number, begin in enumerate(range(old, len(positions), rows_per_file)):
            plays = simulation.plays.iloc[positions[begin : begin + rows_per_file]]
            years = plays["exported_at"].dt.year
            span = "-".join(str(year) for year in dict.fromkeys([years.min(), years.max()]))
            name = f"{EXPORT_FOLDER}/Streaming_History_Audio_{span}_{number}.json"
            _add(archive, name, _array(_current_rows(simulation, plays, texts)))


def write_account_data(simulation: Simulation, path: Path) -> None:
    """Write the account data zip: the last 365 days of music without ids, true end times cut to the minute (UTC)."""
    plays = simulation.plays[simulation.plays["kind"] == "track"]
    plays = plays[plays["ended_at"] > simulation.plays["ended_at"].max() - pd.Timedelta(days=ACCOUNT_DAYS)]
    music = plays.merge(simulation.tracks[["track_id", "artist_name", "track_name"]], on="track_id", how="left")
    music["endTime"] = music["ended_at"].dt.strftime("%Y-%m-%d %H:%M")
    names = {"artist_name": "artistName", "track_name": "trackName", "ms_played": "msPlayed"}
    music = music.rename(columns=names)[["endTime", "artistName", "trackName", "msPlayed"]]
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, MARKER_FILE, _marker(simulation))
        for number, begin in enumerate(range(0, max(len(music), 1), ACCOUNT_ROWS_PER_FILE)):
            rows = music.iloc[begin : begin + ACCOUNT_ROWS_PER_FILE].to_dict("records")
            content = json.dumps(rows, ensure_ascii=False).encode()
            _add(archive, f"{ACCOUNT_FOLDER}/StreamingHistory_music_{number}.json", content)


def write_catalogue_csv(simulation: Simulation, path: Path, known_share: float = 0.88) -> None:
    """Write the CSV that `catalogue_rows` describes, with the Kaggle set's nameless index column."""
    catalogue_rows(simulation, known_share).to_csv(path, encoding="utf-8", lineterminator="\n")


def catalogue_rows(simulation: Simulation, known_share: float = 0.88) -> pd.DataFrame:
    """Catalogue rows in genre blocks: about `known_share` of the played tracks and 1,500 that nobody played.

    Traps of the real set: tracks under two genres (some with another popularity), exact duplicates, trailing blanks in
    `artists`, tracks without tempo, and one row whose artists, album and title are empty.
    """
    known = simulation.tracks[_luck("known", simulation.tracks["track_id"]) < known_share]
    last_year = int(simulation.tracks["release_year"].max())
    unplayed = build_tracks(simulation.seed, CATALOGUE_ONLY_TRACKS, last_year, label="catalogue-only")
    unplayed.loc[: SILENT_TRACKS - 1, ["danceability", "tempo", "time_signature"]] = [0.0, 0.0, 0]
    blank = unplayed.index[-8:]
    unplayed.loc[blank, "artists"] = unplayed.loc[blank, "artists"] + " "
    rows = pd.concat([known, unplayed], ignore_index=True).rename(columns={"genre": "track_genre"})
    second = rows[_luck("second", rows["track_id"]) < 0.15].copy()
    genres = np.array(list(GENRES), dtype=object)
    shift = 1 + (_luck("genre", second["track_id"]) * (len(genres) - 1)).astype(np.int64)
    second["track_genre"] = genres[(pd.Index(genres).get_indexer(second["track_genre"]) + shift) % len(genres)]
    differs = _luck("popularity", second["track_id"]) < 0.3
    second["popularity"] = np.where(differs, (second["popularity"] + 7) % 101, second["popularity"])
    copies = rows[_luck("copy", rows["track_id"]) < 0.005]
    empty = rows.iloc[[0]].assign(
        track_id=base62_id(f"{simulation.seed}:empty"), artists=None, album_name=None, track_name=None, popularity=0,
        duration_ms=0,
    )  # fmt: skip
    table = pd.concat([rows, second, copies, empty], ignore_index=True)
    table = table.sort_values(["track_genre", "track_id"], kind="stable", ignore_index=True)
    return cast(pd.DataFrame, table[list(KAGGLE_COLUMNS)])


def _luck(purpose: str, ids: Iterable[str]) -> npt.NDArray[np.float64]:
    """A number in 0..1 for each id that depends on nothing but the purpose and the id."""
    digests = (hashlib.sha256(f"{purpose}:{name}".encode()).digest() for name in ids)
    return np.array([int.from_bytes(digest[:6], "big") / 2**48 for digest in digests])


def _export_order(simulation: Simulation, rows_per_file: int) -> tuple[Ints, int]:
    """Row numbers of the plays in the order of the export, duplicates included, and how many come in the old schema."""
    plays = simulation.plays
    if rows_per_file < 1:
        raise ValueError(f"rows_per_file is {rows_per_file}: a file needs at least one row")
    order = np.argsort(plays["exported_at"].to_numpy(), kind="stable")
    rng = Generator(PCG64(SeedSequence([simulation.seed, 3])))
    copies = 1 + (rng.random(len(order)) < DUPLICATE_SHARE)
    # The old schema has no columns for audiobooks, so it ends before the first.
    is_audiobook = plays["kind"].to_numpy(object)[order] == "audiobook"
    until = int(np.argmax(is_audiobook)) if is_audiobook.any() else len(order)
    written = np.cumsum(copies[: min(int(OLD_SHARE * len(order)), until)])
    return np.repeat(order, copies), int(written[written <= rows_per_file].max(initial=0))


def _current_rows(simulation: Simulation, plays: pd.DataFrame, texts: Texts) -> list[str]:
    """Rows of today's 23 keys as JSON text; `offline_timestamp` in seconds."""
    stamps = plays["offline_timestamp"].astype("string").fillna("null")
    return [
        f'{{"ts":"{ts}","platform":{platform},"ms_played":{ms},"conn_country":"{country}","ip_addr":"{ip}",{content},'
        f'"reason_start":"{start}","reason_end":"{end}","shuffle":{shuffle},"skipped":{skipped},"offline":{offline},'
        f'"offline_timestamp":{stamp},"incognito_mode":{incognito}}}'
        for ts, platform, ms, country, ip, start, end, shuffle, skipped, offline, incognito, content, stamp in zip(
            *_shared(plays), _contents(simulation, plays, texts, True), stamps, strict=True
        )
    ]


def _old_rows(simulation: Simulation, plays: pd.DataFrame) -> list[str]:
    """Rows as before 2023: user name and agent, some unknown flags, `offline_timestamp` in milliseconds or 0."""
    contents = _contents(simulation, plays, _track_texts(simulation, False), False)
    user = json.dumps(simulation.user_id, ensure_ascii=False)
    stamps = plays["offline_timestamp"].fillna(0) * 1000
    unknown = plays["ended_at"].astype("int64").to_numpy() // 10**9 % 5
    return [
        f'{{"ts":"{ts}","username":{user},"platform":{platform},"ms_played":{ms},"conn_country":"{country}",'
        f'"ip_addr_decrypted":"{ip}","user_agent_decrypted":"unknown",{content},"reason_start":"{start}",'
        f'"reason_end":"{end}","shuffle":{shuffle},"skipped":{"null" if skipped == "false" and dice < 3 else skipped},'
        f'"offline":{offline},"offline_timestamp":{stamp},"incognito_mode":{"null" if dice == 4 else incognito}}}'
        for (
            (ts, platform, ms, country, ip, start, end, shuffle, skipped, offline, incognito),
            content,
            stamp,
            dice,
        ) in zip(zip(*_shared(plays), strict=True), contents, stamps, unknown, strict=True)
    ]


def _shared(plays: pd.DataFrame) -> list[Any]:
    """The columns both schemas have, as JSON text, in the order the row writers name them."""
    seconds = plays["exported_at"].dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    day = plays["ended_at"].astype("int64").to_numpy() // (86_400 * 10**9)
    network = np.where(plays["conn_country"] == "DE", "192.0.2", "198.51.100")
    address = [f"{prefix}.{number % 250 + 1}" for prefix, number in zip(network, day, strict=True)]
    flags = [
        np.where(plays[name].to_numpy(bool), "true", "false")
        for name in ("shuffle", "skipped", "offline", "incognito_mode")
    ]
    return [
        np.datetime_as_string(seconds, timezone="UTC"), plays["platform"].map(json.dumps), plays["ms_played"],
        plays["conn_country"], address, plays["reason_start"], plays["reason_end"], *flags,
    ]  # fmt: skip


def _track_texts(simulation: Simulation, with_audiobooks: bool) -> Texts:
    """The JSON text of what was heard, one element a track: made once a track, not once a play."""
    tracks = simulation.tracks.to_dict("records")
    return np.array([_content(track, None, with_audiobooks) for track in tracks], dtype=object)


def _contents(simulation: Simulation, plays: pd.DataFrame, texts: Texts, with_audiobooks: bool) -> Texts:
    row = pd.Index(simulation.tracks["track_id"]).get_indexer(plays["track_id"])
    result = texts[row]
    spoken = np.flatnonzero(row < 0)
    for place, play in zip(spoken, plays.iloc[spoken].to_dict("records"), strict=True):
        result[place] = _content(None, play, with_audiobooks)
    return cast(Texts, result)


def _content(track: Record | None, spoken: Record | None, with_audiobooks: bool) -> str:
    values: dict[str, str | None] = dict.fromkeys((
        "master_metadata_track_name", "master_metadata_album_artist_name", "master_metadata_album_album_name",
        "spotify_track_uri", "episode_name", "episode_show_name", "spotify_episode_uri", "audiobook_title",
        "audiobook_uri", "audiobook_chapter_uri", "audiobook_chapter_title",
    ))  # fmt: skip
    if track is not None:
        values["master_metadata_track_name"] = track["track_name"]
        values["master_metadata_album_artist_name"] = track["artist_name"]
        values["master_metadata_album_album_name"] = track["album_name"]
        values["spotify_track_uri"] = f"spotify:track:{track['track_id']}"
    elif spoken and spoken["kind"] == "episode":
        show, episode = spoken["show_name"], spoken["episode_name"]
        values |= {"episode_name": episode, "episode_show_name": show}
        values["spotify_episode_uri"] = f"spotify:episode:{base62_id(f'{show}:{episode}')}"
    elif spoken:
        title, chapter = spoken["audiobook_title"], spoken["audiobook_chapter_title"]
        values |= {"audiobook_title": title, "audiobook_chapter_title": chapter}
        values["audiobook_uri"] = f"spotify:show:{base62_id(title)}"
        values["audiobook_chapter_uri"] = f"spotify:episode:{base62_id(f'{title}:{chapter}')}"
    if not with_audiobooks:
        values = {name: value for name, value in values.items() if not name.startswith("audiobook")}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _array(rows: list[str]) -> bytes:
    return ("[" + ",\n".join(rows) + "]").encode()


def _marker(simulation: Simulation) -> bytes:
    zones = [{"valid_from": zone.valid_from.isoformat(), "time_zone": zone.time_zone} for zone in simulation.zones]
    marker = {"generator": "lakesong", "version": 1, "user_id": simulation.user_id, "seed": simulation.seed,
              "is_simulated": True, "zones": zones}  # fmt: skip
    return json.dumps(marker, ensure_ascii=False, indent=2).encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file with a fixed time and system, so that equal contents make equal archives."""
    entry = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr, entry.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=2)
