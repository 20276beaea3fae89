"""Spotify's Web API for one listener: raw items in, raw items out (https://developer.spotify.com/documentation/web-api)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from requests import RequestException
from spotipy import Spotify, SpotifyException  # type: ignore[import-untyped]

from clients.errors import AbsentError, PassingError, SignInError, SourceError
from clients.http import Http

T = TypeVar("T")
Item = dict[str, Any]

MOST_RECENT_PAGES = 5  # recently-played is about 50 plays deep in all: a second page is empty already
FEATURES_A_CALL = 100


class UnsureError(SourceError):
    """A change was sent and no answer came that says whether it was made: look before it is sent again."""


@dataclass(frozen=True)
class Page:
    """Some items of a collection as delivered, and how many the whole is said to have."""

    items: list[Any]
    total: int | None


class SpotifyClient:
    """The Web API through spotipy, whose own retrying is off: it sleeps for hours and hides statuses.

    Every request goes through one `Http` session, whose hook reads each answer before spotipy does. Every method
    raises SourceError (RefusedError, AbsentError), QuotaError, or SignInError when a fresh token is refused too, and
    whatever `access_token` and `refresh` raise. An answer that lacks what it must hold is asked for again, then an
    error: never "nothing". `user_id` is for the message of SignInError alone; for the other arguments see `Http`.
    """

    def __init__(
        self,
        api_url: str,
        access_token: Callable[[], str],
        *,
        refresh: Callable[[], str] | None = None,
        user_id: str = "",
        longest_wait_s: float = 60.0,
        first_wait_s: float = 1.0,
        timeout_s: float = 30.0,
        per_second: float = 5.0,
    ) -> None:
        """Nothing is sent yet. The rate is the average of half a minute, the window that Spotify counts in."""
        self._http = Http(
            "Spotify",
            api_url,
            per_second=per_second,
            window_s=30,
            longest_wait_s=longest_wait_s,
            first_wait_s=first_wait_s,
            timeout_s=timeout_s,
        )
        self._spotipy = Spotify(
            requests_session=self._http.session,
            requests_timeout=timeout_s,
            retries=0,
            status_retries=0,
            status_forcelist=(599,),
        )
        self._spotipy.prefix = f"{self._http.base_url}/"
        # At level DEBUG spotipy logs the access token.
        logging.getLogger("spotipy").setLevel(logging.WARNING)
        self._access_token = access_token
        self._refresh = refresh
        self._user_id = user_id

    @property
    def request_count(self) -> int:
        """Requests that were sent, repeats included."""
        return self._http.request_count

    def close(self) -> None:
        """Close the connections; also done when the client is forgotten."""
        self._http.close()

    def me(self) -> Item:
        """The listener's profile; `account_id` (else `id`) names the account."""
        return self._ask(self._spotipy.me, _object("id"))

    def recently_played(self) -> list[Any]:
        """Every play on offer, newest first as delivered; about 50 in all, listed once each or more often.

        Asks without `after`, since plays arrive late and out of order, and for more until a page is empty.
        """
        pages = self._pages(partial(self._spotipy.current_user_recently_played, limit=50))
        return [item for _, page in zip(range(MOST_RECENT_PAGES), pages, strict=False) for item in page.items]

    def currently_playing(self) -> Item | None:
        """What plays now, with device, shuffle_state and repeat_state; None when nothing does (204).

        Asked for without spotipy, which gives None for a broken answer as well.
        """

        def call() -> Any:
            bearer = {"Authorization": f"Bearer {self._token}"}
            types = {"additional_types": "track,episode"}
            return self._http.get("/me/player", types, headers=bearer, check=_object("is_playing", or_nothing=True))

        playing: Item | None = self._signed_in(call)
        return playing

    def saved_tracks(self) -> Iterator[Page]:
        """Liked songs, {added_at, track}, newest first; 50 a page. The next page is asked for when it is consumed."""
        return self._pages(partial(self._spotipy.current_user_saved_tracks, limit=50))

    def followed_artists(self) -> Iterator[Page]:
        """Followed artists, 50 a page."""
        return self._pages(partial(self._spotipy.current_user_followed_artists, limit=50), inside="artists")

    def playlists(self) -> Iterator[Page]:
        """The listener's playlists, followed ones included, 50 a page."""
        return self._pages(partial(self._spotipy.current_user_playlists, limit=50))

    def playlist_items(self, playlist_id: str) -> Iterator[Page]:
        """Entries of a playlist in order, 50 a page. RefusedError for a list neither owned nor collaborative."""
        return self._pages(partial(self._spotipy.playlist_items, playlist_id, limit=50))

    def top_items(self, kind: Literal["artists", "tracks"], time_range: str) -> Iterator[Page]:
        """Most played artists or tracks, best first, 50 a page; time_range short_term, medium_term or long_term."""
        asks = {"artists": self._spotipy.current_user_top_artists, "tracks": self._spotipy.current_user_top_tracks}
        return self._pages(partial(asks[kind], limit=50, time_range=time_range))

    def track(self, track_id: str) -> Item:
        """One track. popularity, available_markets and preview_url may be absent."""
        return self._ask(partial(self._spotipy.track, track_id), _object("id"))

    def artist(self, artist_id: str) -> Item:
        """One artist. genres, followers and popularity may be absent."""
        return self._ask(partial(self._spotipy.artist, artist_id), _object("id"))

    def album(self, album_id: str) -> Item:
        """One album with all its tracks in `tracks.items`."""
        album = self._ask(partial(self._spotipy.album, album_id), _object("id"))
        first = album.get("tracks")
        if isinstance(first, dict) and isinstance(first.get("items"), list) and not first.get("next"):
            return album
        pages = self._pages(partial(self._spotipy.album_tracks, album_id, limit=50))
        return album | {"tracks": {"items": [item for page in pages for item in page.items], "next": None}}

    def artist_albums(self, artist_id: str) -> Iterator[Page]:
        """An artist's albums, 10 a page, which is the most that Spotify allows."""
        return self._pages(partial(self._spotipy.artist_albums, artist_id, limit=10))

    def audio_features(self, ids: list[str]) -> list[Item | None]:
        """Audio features in the order of the ids, None for an unknown one; RefusedError for apps of 2024-11 and later.

        Asked for by address, since spotipy's method warns of deprecation, and breaks on an empty answer.
        """
        found: list[Item | None] = []
        for start in range(0, len(ids), FEATURES_A_CALL):
            part = ids[start : start + FEATURES_A_CALL]
            url = f"{self._http.base_url}/audio-features?ids={','.join(part)}"
            body = self._ask(partial(self._spotipy.next, {"next": url}), _list("audio_features", len(part)))
            found += body["audio_features"]
        return found

    def search_isrc(self, isrc: str) -> list[Item]:
        """Tracks that carry this ISRC, at most 10."""
        call = partial(self._spotipy.search, q=f"isrc:{isrc}", type="track", limit=10)
        found: list[Item] = self._ask(call, _paging("tracks"))["tracks"]["items"]
        return found

    def create_playlist(self, name: str, description: str, *, is_public: bool) -> Item:
        """A new, empty playlist of the listener's own. Sent once: see `_send`."""
        call = partial(self._spotipy.current_user_playlist_create, name, public=is_public, description=description)
        return self._send(call, _object("id"))

    def add_to_playlist(self, playlist_id: str, uris: list[str], position: int) -> Item:
        """Put at most 100 items into a playlist, from this position on; {snapshot_id}. Sent once: see `_send`."""
        call = partial(self._spotipy.playlist_add_items, playlist_id, uris, position=position)
        return self._send(call, _object("snapshot_id"))

    def replace_playlist(self, playlist_id: str, uris: list[str]) -> Item:
        """Let a playlist hold these items, at most 100, and no others. Their dates of adding are lost."""
        call = partial(self._spotipy.playlist_replace_items, playlist_id, uris)
        return self._ask(call, _object("snapshot_id"))

    def remove_from_playlist(self, playlist_id: str, uris: list[str]) -> Item:
        """Take every occurrence of at most 100 items out of a playlist."""
        call = partial(self._spotipy.playlist_remove_all_occurrences_of_items, playlist_id, uris)
        return self._ask(call, _object("snapshot_id"))

    def move_in_playlist(self, playlist_id: str, start: int, before: int, snapshot_id: str | None = None) -> Item:
        """Move the item at position `start` to stand before that which is at `before` now, both from 0.

        Sent once: see `_send`. The date of adding stays, which it does not when an item is removed and added again.
        """
        call = partial(self._spotipy.playlist_reorder_items, playlist_id, start, before, snapshot_id=snapshot_id)
        return self._send(call, _object("snapshot_id"))

    def playlist(self, playlist_id: str) -> Item:
        """One playlist: name, description, owner, snapshot_id; of an own one with a first page of items."""
        return self._ask(partial(self._spotipy.playlist, playlist_id), _object("id", "snapshot_id"))

    def _send(self, call: Callable[[], Any], check: Callable[[Any], None]) -> Item:
        """One answer to a change that must not be made twice. Raises UnsureError when nobody knows if it was made.

        Only what was surely not done is sent again: a 429, and a 401, which is tried with a fresh token.
        """

        def once() -> Item:
            try:
                body: Item = call()
                check(body)
                return body
            except (PassingError, RequestException) as error:
                raise UnsureError("Spotify did not say whether the change was made.", "Run it again.") from error

        try:
            return self._signed_in(lambda: self._http.repeat(once))
        except SpotifyException as error:
            raise AbsentError("This is no Spotify id.", status=404) from error

    def _pages(self, call: Callable[[], Any], inside: str | None = None) -> Iterator[Page]:
        """Pages until there is no next one, or one is empty. Raises SourceError for a `next` that leads elsewhere."""
        asked: set[str] = set()
        while True:
            body = self._ask(call, _paging(inside))
            paging = body[inside] if inside else body
            yield Page(paging["items"], paging.get("total"))
            following = paging.get("next")
            if not following or not paging["items"]:
                return
            self._check_address(following, asked)
            asked.add(following)
            call = partial(self._spotipy.next, {"next": following})

    def _check_address(self, following: Any, asked: set[str]) -> None:
        """The bearer token goes where `next` points: never to another host, and never round in a circle."""
        ours, theirs = urlsplit(self._http.base_url), urlsplit(str(following))
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
            raise SourceError("Spotify sent an address of another host as the next page; it was not asked.")
        if following in asked:
            raise SourceError(f"Spotify sent the same next page twice ({theirs.path}).")

    def _ask(self, call: Callable[[], Any], check: Callable[[Any], None]) -> Item:
        """One answer of spotipy that passes the check."""

        def checked() -> Item:
            body: Item = call()
            check(body)
            return body

        try:
            return self._signed_in(lambda: self._http.repeat(checked))
        except SpotifyException as error:  # raised before anything is sent; the session's hook reads every answer
            raise AbsentError("This is no Spotify id.", status=404) from error

    def _signed_in(self, call: Callable[[], T]) -> T:
        """The call with an access token, and once more with a fresh one when Spotify refuses that (401)."""
        for token in filter(None, (self._access_token, self._refresh)):
            self._token = token()
            self._spotipy.set_auth(self._token)
            try:
                return call()
            except SourceError as error:
                if error.status != 401:
                    raise
        raise SignInError(self._user_id)


def _object(*names: str, or_nothing: bool = False) -> Callable[[Any], None]:
    """A check that an answer is an object with these fields."""

    def check(body: Any) -> None:
        if body is None and or_nothing:
            return
        _require(isinstance(body, dict) and all(name in body for name in names), names)

    return check


def _paging(inside: str | None = None) -> Callable[[Any], None]:
    """A check that an answer is a page with items."""

    def check(body: Any) -> None:
        paging = body.get(inside) if inside and isinstance(body, dict) else body
        _require(isinstance(paging, dict) and isinstance(paging.get("items"), list), ("items",))

    return check


def _list(name: str, length: int) -> Callable[[Any], None]:
    """A check that an answer is an object whose field is a list of this length."""

    def check(body: Any) -> None:
        found = body.get(name) if isinstance(body, dict) else None
        _require(isinstance(found, list) and len(found) == length, (name,))

    return check


def _require(is_right: bool, names: Iterable[str]) -> None:
    if not is_right:
        raise PassingError(f"Spotify answered without {', '.join(names)}.", "Try again later.")
