"""All that the services give, into bronze, without an engine: each source of each listener by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

import structlog

from clients.deezer import Deezer
from clients.errors import QuotaError, RefusedError
from clients.reccobeats import ReccoBeats
from clients.spotify import SpotifyClient
from clients.spotify_accounts import Accounts, access_token_source, age_warning
from clients.tokens import TokenStore
from config.errors import LakesongError, NeedsUserError, PostponedError
from config.settings import Settings
from ingestion import audio_features, catalogue_queue, library
from ingestion.alerts import Alerts
from ingestion.audio_features import FeatureRun
from ingestion.catalogue_queue import CatalogueRun, budget_left, played_tracks
from ingestion.library import LibraryRun
from ingestion.listeners import refuse_mixing, register_listener
from ingestion.memory import EVERYONE, QUOTA, remember, waits_until
from ingestion.polls import poll_recently_played
from ingestion.previews import analyser
from ingestion.receipts import FileReceipt
from ingestion.runs import Batch, run_row
from mappers import recently_played
from mappers.record import sha256
from schemas.bronze import ingestion_runs_bronze
from schemas.lake import Lake
from writers.records import append_rows

log = structlog.get_logger()

Progress = Callable[[str], None]
Clock = Callable[[], datetime]

OF_A_LISTENER = (recently_played.SOURCE, library.SOURCE)
OF_ALL = (catalogue_queue.SOURCE, audio_features.SOURCE)
SOURCES = (*OF_A_LISTENER, *OF_ALL)

A_DAY_H = 24
EMULATED: dict[str, Any] = {"per_second": 500.0, "first_wait_s": 0.02}  # a stand-in on this machine needs no patience


class SourceRun(Protocol):
    """A source at work; `counts` says what it has brought so far, also after it raised."""

    @property
    def counts(self) -> FileReceipt: ...  # noqa: D102

    def collect(self) -> FileReceipt: ...  # noqa: D102


@dataclass(frozen=True)
class SourceReport:
    """What one source of one listener (or of all, then None) brought, or why it brought nothing."""

    source: str
    user_id: str | None
    counts: FileReceipt
    error: LakesongError | None = None

    @property
    def line(self) -> str:
        """The report as one line for a person."""
        who = f" of {self.user_id}" if self.user_id else ""
        name = self.source.replace("_", " ")
        if self.error:
            return f"{name}{who}: {self.error}"
        set_aside = f", {self.counts.rejected:,} set aside" if self.counts.rejected else ""
        if not self.counts.rows:
            return f"{name}{who}: nothing new"
        return f"{name}{who}: {self.counts.new:,} new of {self.counts.rows:,}{set_aside}"

    def to_json(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        counts = {
            name: getattr(self.counts, name)
            for name in ("rows", "new", "already_known", "duplicate_in_file", "rejected")
        }
        error = str(self.error) if self.error else None
        return {"source": self.source, "user_id": self.user_id, **counts, "error": error}


@dataclass
class Collected:
    """What a collection did, source by source."""

    reports: list[SourceReport] = field(default_factory=list)

    @property
    def new_count(self) -> int:
        """New rows of all sources."""
        return sum(report.counts.new for report in self.reports)

    @property
    def exit_code(self) -> int:
        """0 when everything was collected; else that of the first of: needs the user, postponed, failed."""
        errors = [report.error for report in self.reports if report.error]
        for kind in (NeedsUserError, PostponedError, LakesongError):
            if any(isinstance(error, kind) for error in errors):
                return kind.exit_code
        return 0


class Collection:
    """One run over listeners and sources. The caller holds the run lock.

    The failure of one source stops no other; a quota that is used up stops what asks the same service, and is kept as
    a not-before time; a sign-in that has ended stops the sources of that listener alone.
    """

    def __init__(
        self,
        settings: Settings,
        say: Progress,
        progress: Progress = lambda line: None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is read or sent yet."""
        self._settings, self._say, self._progress, self._clock = settings, say, progress, clock
        self._http = EMULATED if settings.is_emulated else {}
        self._lake = Lake(settings.lake_uri)
        self._store = TokenStore(settings.token_file)
        self._alerts = Alerts(settings)
        self._clients: dict[str, SpotifyClient] = {}
        self._collected = Collected()

    def run(self, users: Sequence[str] = (), sources: Sequence[str] = SOURCES) -> Collected:
        """Collect from the sources for the listeners named, or for all who have signed in.

        Raises InputError, with nothing asked, where simulated listeners would come among real ones.
        """
        refuse_mixing(self._lake, self._settings.is_emulated)
        for user_id in users or self._store.users():
            self._warn_of_age(user_id)
            for source in OF_A_LISTENER:
                if source in sources and not self._needs_sign_in(user_id):
                    self._guarded(source, user_id)
        for source in OF_ALL:
            if source in sources:
                self._guarded(source, None)
        return self._collected

    def _warn_of_age(self, user_id: str) -> None:
        token = self._store.get(user_id)
        warning = age_warning(token, self._clock()) if token else None
        if warning:
            self._say(warning)
            self._alerts.send("sign_in_again", "Lakesong: sign in again soon", warning, subject=f"{user_id} soon")

    def _needs_sign_in(self, user_id: str) -> bool:
        return any(r.user_id == user_id and isinstance(r.error, NeedsUserError) for r in self._collected.reports)

    def _guarded(self, source: str, user_id: str | None) -> None:
        """Run one source to its end or its error; the ledger gets a row, the report a line."""
        at = self._clock()
        who = user_id or EVERYONE
        batch = Batch(sha256(("collection", who, at.isoformat()))[:16], who, at)
        error: LakesongError | None = None
        run: SourceRun | None = None
        counts, sent = FileReceipt(source), self._request_count()
        try:
            self._refuse_before_quota_ends(source, at)
            if user_id:
                register_listener(self._lake, user_id, is_simulated=self._settings.is_emulated)
            if source == recently_played.SOURCE:
                counts = self._poll(batch)
            elif run := self._run_of(source, batch):
                run.collect()
        except LakesongError as raised:
            error = raised
        except Exception as raised:
            log.exception("A source failed in a way that was not foreseen.", source=source)
            error = LakesongError(f"{type(raised).__name__} in {source}.", "The log has the details.")
        if isinstance(error, QuotaError) and error.wait_s is not None:  # else nothing says that the quota is used up
            until = at + timedelta(seconds=error.retry_after_s)
            remember(self._lake, error.service, QUOTA, at, not_before=until)
            error = _quota_ends(error.service, until)
        if isinstance(error, RefusedError) and error.reason != "forbidden":
            error = NeedsUserError(str(error))  # without Premium, registration or agreement asking again is in vain
        self._alert(user_id, error)
        counts = run.counts if run else counts  # what came before an error counts too
        if error or source != recently_played.SOURCE:  # a poll enters itself
            requests = self._request_count() - sent
            more = {"error": str(error) if error else None, "request_count": requests}
            row = run_row(batch.batch_id, source, user_id, counts, at, self._clock(), **more)
            append_rows(self._lake, ingestion_runs_bronze, [row])
        report = SourceReport(source, user_id, counts, error)
        self._collected.reports.append(report)
        self._say(report.line)

    def _run_of(self, source: str, batch: Batch) -> SourceRun | None:
        """What collects from the source; None where nobody can ask, or the budget of the day is spent."""
        settings = self._settings
        if source == library.SOURCE:
            return LibraryRun(self._client(batch.user_id), self._lake, batch, self._progress)
        anyone = self._anyone()
        if source == catalogue_queue.SOURCE:
            left = budget_left(self._lake, settings.catalog_daily_budget, batch.at)
            share = -(-settings.catalog_daily_budget * settings.build_hours // A_DAY_H)
            budget = min(left, share)
            if anyone is None or not budget:
                return None
            return CatalogueRun(anyone, self._lake, batch, self._plays, budget, self._progress)
        reccobeats = ReccoBeats(settings.reccobeats_url, **self._http)
        deezer = Deezer(settings.deezer_url, **self._http)
        analyse = analyser(settings.preview_analysis, reccobeats)
        return FeatureRun(anyone, reccobeats, deezer, analyse, self._lake, batch, self._plays, self._progress)

    @cached_property
    def _plays(self) -> Counter[str]:
        """Records of plays by track id, after the polls of this run."""
        return played_tracks(self._lake)

    def _poll(self, batch: Batch) -> FileReceipt:
        poll = poll_recently_played(self._client(batch.user_id), self._lake, batch)
        if poll.gap:
            begin, end = (f"{bound:%Y-%m-%d %H:%M}" for bound in poll.gap)
            line = (
                f"Plays of {batch.user_id} between {begin} and {end} UTC may be missing: Spotify shows only the newest "
                "50. Import your export when it comes (spotify.com/account/privacy), and collect more often."
            )
            self._say(line)
            self._alerts.send("gap_found", "Lakesong: plays may be missing", line, subject=f"{batch.user_id} {end}")
        return poll.counts

    def _refuse_before_quota_ends(self, source: str, now: datetime) -> None:
        """Raise PostponedError, without a request, while the quota of the source's service is used up."""
        service = "reccobeats" if source == audio_features.SOURCE else "spotify"
        until = waits_until(self._lake, service, QUOTA, now)
        if until:
            raise _quota_ends(service, until)

    def _alert(self, user_id: str | None, error: LakesongError | None) -> None:
        if user_id and isinstance(error, NeedsUserError):
            self._alerts.send("sign_in_again", "Lakesong: Spotify needs you", str(error), subject=user_id)
        elif user_id and error is None:
            self._alerts.resolve("sign_in_again", user_id)

    def _anyone(self) -> SpotifyClient | None:
        """A client of a listener whose sign-in holds; None where there is none, or Spotify's quota is used up."""
        if waits_until(self._lake, "spotify", QUOTA, self._clock()):
            return None
        for user_id in self._store.users():
            token = self._store.get(user_id)
            if token and not token.needs_sign_in and not self._needs_sign_in(user_id):
                return self._client(user_id)
        return None

    def _client(self, user_id: str) -> SpotifyClient:
        if user_id not in self._clients:
            self._clients[user_id] = spotify_client(self._settings, user_id, clock=self._clock)
        return self._clients[user_id]

    def _request_count(self) -> int:
        return sum(client.request_count for client in self._clients.values())


def _quota_ends(service: str, until: datetime) -> PostponedError:
    return PostponedError(f"{service.title()} takes no more requests before {until:%Y-%m-%d %H:%M} UTC.")


def spotify_client(settings: Settings, user_id: str, *, clock: Clock = lambda: datetime.now(UTC)) -> SpotifyClient:
    """A client that speaks for a listener who has signed in. Raises InputError where CLIENT_ID is missing."""
    http = EMULATED if settings.is_emulated else {}
    accounts = Accounts(
        settings.spotify_accounts_url,
        settings.client_id,
        settings.client_secret.get_secret_value(),
        settings.redirect_uri,
        clock=clock,
        first_wait_s=http.get("first_wait_s", 1.0),
    )
    tokens = access_token_source(accounts, TokenStore(settings.token_file), user_id)
    return SpotifyClient(settings.spotify_api_url, tokens, refresh=tokens.refresh, user_id=user_id, **http)
