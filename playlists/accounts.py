"""A listener's account while playlists are changed: one process at a time, and every refusal with its next step."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from filelock import FileLock, Timeout

from clients.errors import QuotaError, RefusedError, SourceError
from clients.spotify import SpotifyClient
from clients.tokens import TokenStore
from config.errors import NeedsUserError, PostponedError
from config.settings import Settings
from ingestion.collection import spotify_client
from ingestion.listeners import refuse_mixing
from ingestion.memory import QUOTA, remember, waits_until
from schemas.lake import Lake

PRIVATE, PUBLIC = "playlist-modify-private", "playlist-modify-public"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Entry:
    """What stands at one place of a playlist. uri is empty where Spotify shows nothing any more."""

    uri: str
    label: str

    @property
    def can_be_added(self) -> bool:
        """Whether it could be put back once it is gone: a local file, or what is shown no more, could not."""
        return self.uri.startswith(("spotify:track:", "spotify:episode:"))


@contextmanager
def signed_in(settings: Settings, user_id: str, clock: Clock = utc_now) -> Iterator[SpotifyClient]:
    """A client that speaks for the listener, alone among the processes that change playlists.

    Raises InputError where a real account meets a simulated lake, NeedsUserError where the listener has to sign in or
    agree to more, PostponedError while the quota is used up (kept as a not-before time) or another process is at it.
    """
    lake = Lake(settings.lake_uri)
    refuse_mixing(lake, settings.is_emulated)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.state_dir / ".lakesong.playlists.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise PostponedError("Another process is changing playlists.", "Try again when it has ended.") from error
    try:
        until = waits_until(lake, "spotify", QUOTA, clock())
        if until:
            raise PostponedError(f"Spotify takes no more requests before {until:%Y-%m-%d %H:%M} UTC.")
        client = spotify_client(settings, user_id, clock=clock)
        try:
            yield client
        except QuotaError as error:
            if error.wait_s is not None:
                at = clock()
                remember(lake, error.service, QUOTA, at, not_before=at + timedelta(seconds=error.retry_after_s))
            raise
        except RefusedError as error:
            if error.reason == "scope":
                raise _scope_missing(user_id) from error
            if error.reason != "forbidden":
                raise NeedsUserError(str(error)) from error
            raise
        finally:
            client.close()
    finally:
        lock.release()


def need_scope(settings: Settings, user_id: str, *, is_public: bool) -> None:
    """Raise NeedsUserError where the sign-in does not allow to change such playlists; a sign-in that is missing passes.

    Spotify tells private from public: each has a scope of its own.
    """
    token = TokenStore(settings.token_file).get(user_id)
    if token and (PUBLIC if is_public else PRIVATE) not in token.scope.split():
        raise _scope_missing(user_id, PUBLIC if is_public else PRIVATE)


def _scope_missing(user_id: str, scope: str = f"{PRIVATE} or {PUBLIC}") -> NeedsUserError:
    return NeedsUserError(
        f"{user_id} did not agree that playlists are changed ({scope}).",
        f"Run `lakesong login --user {user_id}` and agree to it.",
    )


def entries(client: SpotifyClient, playlist_id: str) -> list[Entry]:
    """Everything on a playlist, in order. Raises SourceError where Spotify shows a part of it."""
    pages = list(client.playlist_items(playlist_id))
    found = [_entry(item) for page in pages for item in page.items]
    if pages[0].total is not None and len(found) != pages[0].total:
        raise SourceError(
            f"Spotify showed {len(found):,} of {pages[0].total:,} entries of the playlist.", "Run it again."
        )
    return found


def own_playlists(client: SpotifyClient) -> list[dict[str, Any]]:
    """The playlists that the listener owns, as delivered. Raises SourceError where Spotify shows a part of the list."""
    own_id = client.me()["id"]
    pages = list(client.playlists())
    found = [item for page in pages for item in page.items]
    if pages[0].total is not None and len(found) < pages[0].total:
        raise SourceError(f"Spotify showed {len(found):,} of {pages[0].total:,} playlists.", "Run it again.")
    return [item for item in found if isinstance(item, dict) and (item.get("owner") or {}).get("id") == own_id]


def description_of(playlist: dict[str, Any]) -> str:
    """The text of a playlist; Spotify delivers it with some characters as HTML entities."""
    return html.unescape(str(playlist.get("description") or ""))


def _entry(delivered: Any) -> Entry:
    """An entry stands under `item`, in older replies under `track`, and may be null."""
    outer = delivered if isinstance(delivered, dict) else {}
    inner = outer.get("item") or outer.get("track")
    if not isinstance(inner, dict):
        return Entry("", "(no longer on Spotify)")
    uri = str(inner.get("uri") or (f"spotify:track:{inner['id']}" if inner.get("id") else ""))
    artists = inner.get("artists") or [{}]
    return Entry(uri, f"{inner.get('name') or ''} by {artists[0].get('name') or 'somebody'}")
