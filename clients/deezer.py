"""Deezer: a track by its ISRC, and its preview of about 30 seconds (https://developers.deezer.com/api/track)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote

from clients.errors import AbsentError, PassingError, QuotaError, RefusedError, SourceError
from clients.http import Http

NO_DATA, QUOTA, BUSY = 800, 4, 700  # error codes, which come with HTTP status 200
LENGTH_TOLERANCE_MS = 3000  # Deezer gives whole seconds

Item = dict[str, Any]


class Deezer:
    """The service, without a key. Every method raises SourceError or QuotaError; for the arguments see `Http`."""

    def __init__(
        self,
        url: str,
        *,
        per_second: float = 8.0,
        quota_wait_s: int = 5,
        longest_wait_s: float = 60.0,
        first_wait_s: float = 1.0,
        timeout_s: float = 30.0,
    ) -> None:
        """Nothing is sent yet. Deezer allows 50 requests in 5 seconds, and asks for 5 seconds of silence after that."""
        self._http = Http(
            "Deezer",
            url,
            per_second=per_second,
            window_s=5,
            longest_wait_s=longest_wait_s,
            first_wait_s=first_wait_s,
            timeout_s=timeout_s,
        )
        self._quota_wait_s = quota_wait_s

    @property
    def request_count(self) -> int:
        """Requests that were sent, repeats included."""
        return self._http.request_count

    def close(self) -> None:
        """Close the connections; also done when the client is forgotten."""
        self._http.close()

    def by_isrc(self, isrc: str) -> Item | None:
        """One track that carries this ISRC, or None. Any of several may come: check it with `is_match`."""
        found: Item = self._http.get(f"/track/isrc:{quote(isrc, safe='')}", check=self._check)
        return None if "error" in found else found

    def preview(self, track: Item) -> bytes | None:
        """The preview of a track just fetched, as MP3; None when it has none, or its address has run out."""
        url = track.get("preview")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            return None
        try:
            return self._http.get_bytes(url) or None
        except (RefusedError, AbsentError):
            return None

    def _check(self, body: Any) -> None:
        """Raise what the error in a body of HTTP status 200 stands for; NO_DATA is an answer."""
        if not isinstance(body, dict) or not {"id", "error"} & body.keys():
            raise PassingError("Deezer answered without a track.", "Try again later.")
        if "error" not in body:
            return
        error = body["error"]
        code = error.get("code") if isinstance(error, dict) else None
        if code == QUOTA:
            raise QuotaError("Deezer", self._quota_wait_s)
        if code == BUSY:
            raise PassingError("Deezer is busy.", "Try again later.")
        if code != NO_DATA:
            raise SourceError(f"Deezer did not accept the request (code {code}).", reason=str(code))


def is_match(deezer_track: Item, title: str, artist: str, duration_ms: int) -> bool:
    """Is this the recording of that title and artist? Equal but for case, accents, punctuation and the wording of
    guests and remasters, and at most 3 seconds longer or shorter. A track without an id or not readable is none."""
    seconds, found_title = deezer_track.get("duration"), deezer_track.get("title")
    found_artist = (deezer_track.get("artist") or {}).get("name")
    if not deezer_track.get("id") or deezer_track.get("readable") is False:
        return False
    if not (isinstance(seconds, int) and isinstance(found_title, str) and isinstance(found_artist, str)):
        return False
    return (
        _plain(found_title) == _plain(title)
        and _plain(found_artist) == _plain(artist)
        and abs(seconds * 1000 - duration_ms) <= LENGTH_TOLERANCE_MS
    )


# "(feat. X)", "[with X]", "ft. X", "(Remastered 2011)", " - 2011 Remaster": another wording, not another recording.
_REMASTER = r"(\d{4} )?(digital(ly)? )?remaster(ed)?( \d{4})?( version| edition)?"
_WORDING = re.compile(
    rf"[(\[](feat|ft|featuring|with)\b[^)\]]*[)\]]|[(\[]{_REMASTER}[)\]]|\s-\s{_REMASTER}$|\s(feat|ft)\.\s.*$"
)


def _plain(text: str) -> str:
    """Letters and digits alone, without case and accents; the text itself where it has none."""
    lowered = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    letters = "".join(c for c in _WORDING.sub("", lowered) if c.isalnum())
    return letters or "".join(lowered.split())
