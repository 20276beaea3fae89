"""What `lakesong watch` does on a terminal or in a container: watch until it is told to stop."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from clients.tokens import TokenStore
from config.errors import NeedsUserError
from config.lock import run_lock
from config.settings import Settings
from ingestion.collection import spotify_client
from ingestion.listeners import register_listener
from ingestion.polls import keep_observed
from ingestion.readiness import obstacle
from ingestion.shared_quota import SharedQuotaPlayer
from ingestion.watch import Say, Store, WatchSession, watch
from mappers.record import Row
from schemas.lake import Lake
from terminal.screen import out
from terminal.stopping import told_to_stop


def watch_listeners(settings: Settings, user_id: str | None = None) -> None:
    """Watch this listener, or all who have signed in. Raises NeedsUserError where there is none."""
    known = TokenStore(settings.token_file).users()
    users = [user_id] if user_id else known
    missing = obstacle(settings)
    if not missing and user_id and user_id not in known:
        missing = f"{user_id} has not signed in. Run `lakesong login --user {user_id}`."
    if missing:
        raise NeedsUserError(f"Nothing can be watched: {missing}")
    lake = Lake(settings.lake_uri)
    for user in users:
        register_listener(lake, user, is_simulated=settings.is_emulated)
    folder = settings.state_dir / "watch"
    sessions = [
        WatchSession(
            user, SharedQuotaPlayer(spotify_client(settings, user), lake), folder / f"{quote(user, safe='')}.json"
        )
        for user in users
    ]

    def store(rows: list[Row]) -> None:
        with run_lock(settings.state_dir, "watch"):
            keep_observed(lake, rows)

    run_watch(sessions, store)


def run_watch(sessions: Sequence[WatchSession], store: Store, say: Say | None = None) -> None:
    """Watch these listeners until Ctrl-C or SIGTERM; each play that ends is a line of standard output.

    Raises what `watch` raises: among others NeedsUserError where every listener has to sign in.
    """
    tell = say or (lambda line: out.print(line, markup=False))
    tell(f"Watching what {', '.join(session.user_id for session in sessions)} plays; Ctrl-C ends it.")
    with told_to_stop() as stop:
        watch(sessions, store=store, say=tell, stop=stop)
    tell("Stopped. What was heard so far is kept, and goes on with the next `lakesong watch`.")
