"""The emulated catalogue in the shapes of the Web API, as a development-mode app has seen them since February 2026.

Left out, as Spotify does: popularity, available_markets, linked_from, label, followers. Kept: external_ids, so ISRC.
Addresses in `href` lead to the emulator itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

import pandas as pd

from emulator.catalogue import base62_id
from emulator.faults import Faults, chance

Row = dict[str, Any]
FEATURES = (
    "danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness", "instrumentalness", "liveness",
    "valence", "tempo",
)  # fmt: skip


class Catalogue:
    """Tracks, albums and artists of all simulations by id. Artists and albums are told apart by their names."""

    def __init__(self, frames: Iterable[pd.DataFrame], url: str, faults: Faults) -> None:
        self.url = url
        self._faults = faults
        rows = pd.concat(frames).drop_duplicates("track_id").to_dict("records")
        self.tracks: dict[str, Row] = {row["track_id"]: cast(Row, row) for row in rows}
        self.albums: dict[str, list[Row]] = {}
        self.artists: dict[str, Row] = {}
        self.artist_albums: dict[str, list[str]] = {}
        for row in self.tracks.values():
            self._place(row)

    def _place(self, row: Row) -> None:
        row["artist_names"] = row["artists"].split(";")
        row["artist_id"] = artist_id(row["artist_name"])
        row["album_id"] = base62_id(f"album:{row['artist_name']}:{row['album_name']}")
        row["isrc"] = _isrc(row)
        album = self.albums.setdefault(row["album_id"], [])
        album.append(row)
        row["track_number"] = len(album)
        for name in row["artist_names"]:
            self.artists.setdefault(artist_id(name), {"artist_id": artist_id(name), "name": name, "genres": {}})
        self.artists[row["artist_id"]]["genres"][row["genre"]] = None
        albums = self.artist_albums.setdefault(row["artist_id"], [])
        if row["album_id"] not in albums:
            albums.append(row["album_id"])

    @cached_property
    def by_isrc(self) -> dict[str, list[Row]]:
        """Tracks by ISRC; editions of one recording share it."""
        found: dict[str, list[Row]] = {}
        for row in self.tracks.values():
            found.setdefault(row["isrc"], []).append(row)
        return found

    def track(self, track_id: str) -> dict[str, Any]:
        """TrackObject. Raises KeyError."""
        row = self.tracks[track_id]
        return {
            "album": self.album_summary(row["album_id"]),
            **self._track_in_album(row),
            "external_ids": {"isrc": row["isrc"]},
        }

    def album_summary(self, album_id: str) -> dict[str, Any]:
        """SimplifiedAlbumObject. Raises KeyError."""
        rows = self.albums[album_id]
        first, year = rows[0], rows[0]["release_year"]
        month, day = 1 + int(chance(album_id, "month") * 12), 1 + int(chance(album_id, "day") * 28)
        to_the_day = chance(album_id, "precision") < 0.9
        return {
            "album_type": "album" if len(rows) > 2 else "single",
            "artists": [self._artist_summary(first["artist_name"])],
            **self._named("album", album_id),
            "images": [],
            "name": first["album_name"],
            "release_date": f"{year}-{month:02d}-{day:02d}" if to_the_day else f"{year}",
            "release_date_precision": "day" if to_the_day else "year",
            "total_tracks": len(rows),
        }

    def album(self, album_id: str, tracks: dict[str, Any]) -> dict[str, Any]:
        """AlbumObject with a first page of its tracks. Raises KeyError."""
        upc = f"{int(chance(album_id, 'upc') * 10**12):012d}"
        more = {"copyrights": [], "external_ids": {"upc": upc}, "genres": [], "tracks": tracks}
        return self.album_summary(album_id) | more

    def album_tracks(self, album_id: str) -> list[dict[str, Any]]:
        """SimplifiedTrackObjects of an album in order. Raises KeyError."""
        return [self._track_in_album(row) for row in self.albums[album_id]]

    def artist(self, of_artist: str) -> dict[str, Any]:
        """ArtistObject. Raises KeyError."""
        row = self.artists[of_artist]
        genres = {"genres": list(row["genres"])} if self._faults.artist_genres else {}
        return {**self._artist_summary(row["name"]), **genres, "images": []}

    def audio_features(self, track_id: str) -> dict[str, Any] | None:
        """AudioFeaturesObject, 18 keys; null for an unknown id."""
        row = self.tracks.get(track_id)
        if row is None:
            return None
        return {
            **{name: row[name] for name in FEATURES},
            "duration_ms": row["duration_ms"],
            "time_signature": row["time_signature"],
            "type": "audio_features",
            "id": track_id,
            "uri": f"spotify:track:{track_id}",
            "track_href": f"{self.url}/v1/tracks/{track_id}",
            "analysis_url": f"{self.url}/v1/audio-analysis/{track_id}",
        }

    def item(self, uri: str) -> dict[str, Any] | None:
        """What a playlist's URI stands for; null when Spotify has it no more."""
        _, kind, rest = uri.split(":", 2)
        if kind == "local":
            artist, _, title, seconds = rest.split(":")
            return local_track(title.replace("+", " "), artist.replace("+", " "), int(seconds) * 1000)
        if kind == "episode":
            return episode("An episode", "A show", 1_800_000) | {"id": rest, "uri": uri}
        return self.track(rest) if rest in self.tracks else None

    def user(self, user_id: str) -> dict[str, Any]:
        """PublicUserObject."""
        return {"display_name": user_id.title(), **self._named("user", user_id)}

    def _track_in_album(self, row: Row) -> dict[str, Any]:
        return {
            "artists": [self._artist_summary(name) for name in row["artist_names"]],
            "disc_number": 1,
            "duration_ms": row["duration_ms"],
            "explicit": row["explicit"],
            **self._named("track", row["track_id"]),
            "is_local": False,
            "name": row["track_name"],
            "preview_url": None,
            "track_number": row["track_number"],
        }

    def _artist_summary(self, name: str) -> dict[str, Any]:
        return {**self._named("artist", artist_id(name)), "name": name}

    def _named(self, kind: str, identifier: str) -> dict[str, Any]:
        return {
            "external_urls": {"spotify": f"https://open.spotify.com/{kind}/{identifier}"},
            "href": f"{self.url}/v1/{kind}s/{identifier}",
            "id": identifier,
            "type": kind,
            "uri": f"spotify:{kind}:{identifier}",
        }


def artist_id(name: str) -> str:
    """The id of an artist, who is the same in every simulation."""
    return base62_id(f"artist:{name}")


def local_track(title: str, artist: str, duration_ms: int) -> dict[str, Any]:
    """A file of the listener's own, as the player and playlists show it: no id."""
    where = ":".join(part.replace(" ", "+") for part in (artist, "", title))
    plain: dict[str, Any] = {"external_urls": {}, "href": None, "id": None}
    return {
        "album": {**plain, "album_type": None, "artists": [], "images": [], "name": "", "release_date": None,
                  "type": "album", "uri": None},
        "artists": [{**plain, "name": artist, "type": "artist", "uri": None}],
        "disc_number": 0, "duration_ms": duration_ms, "explicit": False, "external_ids": {}, **plain, "is_local": True,
        "name": title, "preview_url": None, "track_number": 0, "type": "track",
        "uri": f"spotify:local:{where}:{duration_ms // 1000}",
    }  # fmt: skip


def episode(name: str, show: str, duration_ms: int) -> dict[str, Any]:
    """EpisodeObject, cut to what a player needs."""
    identifier, of_show = base62_id(f"episode:{show}:{name}"), base62_id(f"show:{show}")
    return {
        "description": "", "duration_ms": duration_ms, "explicit": False, "id": identifier, "images": [],
        "is_playable": True, "language": "en", "name": name, "release_date": "2025-01-01",
        "release_date_precision": "day", "type": "episode", "uri": f"spotify:episode:{identifier}",
        "show": {"id": of_show, "name": show, "type": "show", "uri": f"spotify:show:{of_show}", "images": []},
    }  # fmt: skip


def _isrc(row: Row) -> str:
    """Twelve characters; the same title by the same artist is the same recording under another id."""
    what = (row["artist_name"], row["track_name"])
    letters = base62_id(f"isrc:{what}").upper()[:3]
    return f"QZ{letters}{row['release_year'] % 100:02d}{int(chance('isrc', *what) * 10**5):05d}"
