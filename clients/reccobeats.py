"""ReccoBeats: audio features and track details by Spotify id, and the analysis of a piece of audio.

Source: https://reccobeats.com/docs/documentation/request-and-response
"""

from __future__ import annotations

from typing import Any

from clients.errors import PassingError
from clients.http import Http

IDS_A_CALL = 40  # beyond it the service refuses, or drops the surplus without a word
Item = dict[str, Any]


class ReccoBeats:
    """The service, without a key. Every method raises SourceError or QuotaError; for the arguments see `Http`."""

    def __init__(
        self,
        url: str,
        *,
        per_second: float = 2.0,
        longest_wait_s: float = 60.0,
        first_wait_s: float = 1.0,
        timeout_s: float = 30.0,
    ) -> None:
        """Nothing is sent yet. The service publishes no rate; the average of half a minute is kept modest."""
        self._http = Http(
            "ReccoBeats",
            url,
            per_second=per_second,
            window_s=30,
            longest_wait_s=longest_wait_s,
            first_wait_s=first_wait_s,
            timeout_s=timeout_s,
        )

    @property
    def request_count(self) -> int:
        """Requests that were sent, repeats included."""
        return self._http.request_count

    def close(self) -> None:
        """Close the connections; also done when the client is forgotten."""
        self._http.close()

    def audio_features(self, spotify_ids: list[str]) -> dict[str, Item]:
        """Raw audio features by Spotify id; ids that the service does not know are absent. key is -1 if undetected."""
        return self._by_spotify_id("/v1/audio-features", spotify_ids)

    def tracks(self, spotify_ids: list[str]) -> dict[str, Item]:
        """Raw track details by Spotify id; ids that the service does not know are absent."""
        return self._by_spotify_id("/v1/track", spotify_ids)

    def analyse(self, audio: bytes, filename: str) -> Item:
        """Nine features of a piece of audio: at most 5 MB, of which 30 seconds are heard; no key or mode."""
        found: Item = self._http.post(
            "/v1/analysis/audio-features", files={"audioFile": (filename, audio)}, check=_check_analysis
        )
        return found

    def _by_spotify_id(self, path: str, spotify_ids: list[str]) -> dict[str, Item]:
        """Answers come in any order and with several records for one id: the record with the smallest own id counts."""
        wanted = list(dict.fromkeys(spotify_ids))
        found: dict[str, Item] = {}
        for start in range(0, len(wanted), IDS_A_CALL):
            part = wanted[start : start + IDS_A_CALL]
            content = self._http.get(path, {"ids": ",".join(part)}, check=_check_content)["content"]
            for item in sorted(content, key=lambda item: str(item.get("id"))):
                spotify_id = str(item.get("href") or "").rstrip("/").rpartition("/")[2]
                if spotify_id in part:
                    found.setdefault(spotify_id, item)
        return found


def _check_content(body: Any) -> None:
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise PassingError("ReccoBeats answered without content.", "Try again later.")


def _check_analysis(body: Any) -> None:
    if not isinstance(body, dict) or "tempo" not in body:
        raise PassingError("ReccoBeats answered without an analysis.", "Try again later.")
