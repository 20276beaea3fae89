"""The listeners' files, opened when first needed, and made again when the lake has a new release."""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import duckdb
import structlog
from cachetools import LRUCache
from deltalake.exceptions import DeltaError

from config.errors import LakesongError
from config.settings import Settings
from pipeline import Release, latest_release
from schemas.lake import Lake
from schemas.records import pipeline_runs
from serving.making import make_store, release_for, store_file, store_key
from serving.store import Store

log = structlog.get_logger()

LOOK_SECONDS = 5.0  # how often a new release is looked for
OPEN_FILES = 8  # listeners whose files stay open


class Stores:
    """The files of all listeners. A file is made in a process of its own, so that the memory it takes is given back.

    While a newer file is made, the one before is read.
    """

    def __init__(self, settings: Settings) -> None:
        """Begin with no file open."""
        self._settings = settings
        self._open: LRUCache[str, Store] = LRUCache(OPEN_FILES)
        self._making: dict[str, Future[Path]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._makers = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=signal.signal,  # Ctrl-C is for the server, which ends this process itself
            initargs=(signal.SIGINT, signal.SIG_IGN),
        )
        self._watcher = threading.Thread(target=self._watch, name="releases", daemon=True)
        self._watcher.start()
        atexit.register(self.close)  # a thread inside DuckDB or delta-rs when Python ends takes the process down

    def get(self, user_id: str) -> Store | None:
        """The listener's newest file; None while the first one is made.

        Raises InputError where there is no lake, no release or no such listener.
        """
        with self._lock:
            found = self._open.get(user_id)
            if found is None:
                found = self._opened(user_id)
        if found is None:
            release_for(Lake(self._settings.lake_uri), user_id)
            self._make(user_id)
            self._take(user_id)
            with self._lock:
                return self._open.get(user_id)
        return found

    def forget(self, user_id: str) -> None:
        """Close a listener's file, as after a change of the lake."""
        with self._lock:
            self._open.pop(user_id, None)

    def close(self) -> None:
        """Stop looking for releases."""
        self._stop.set()
        self._watcher.join()
        self._makers.shutdown(wait=False, cancel_futures=True)

    def _opened(self, user_id: str) -> Store | None:
        """The newest file of an earlier run: shown until it is known whether there is a newer release."""
        folder = store_file(self._settings, user_id, "any").parent
        files = sorted(folder.glob("*.duckdb"), key=lambda file: file.stat().st_mtime)
        for file in reversed(files):
            try:
                self._open[user_id] = Store(file)
            except LakesongError:
                file.unlink(missing_ok=True)
                continue
            return self._open[user_id]
        return None

    def _make(self, user_id: str) -> None:
        with self._lock:
            if user_id not in self._making and not self._stop.is_set():
                self._making[user_id] = self._makers.submit(make_store, self._settings, user_id)

    def _take(self, user_id: str) -> None:
        """Open the file that was made, if it is done, and remove those before it. Raises what the making raised."""
        with self._lock:
            making = self._making.get(user_id)
            if making is None or not making.done():
                return
            del self._making[user_id]
            file = making.result()
            present = self._open.get(user_id)
            if present is None or present.file != file:
                self._open[user_id] = Store(file)
            for other in file.parent.glob("*.duckdb"):
                if other != file:
                    other.unlink(missing_ok=True)

    def _watch(self) -> None:
        """Look for a new release again and again; a file that cannot be made is tried again the next time.

        The runs are read only when a build has written one.
        """
        lake, seen, release = Lake(self._settings.lake_uri), -1, Release()
        while not self._stop.wait(LOOK_SECONDS):
            with self._lock:
                users = {*self._open, *self._making}
            for user_id in users:
                try:
                    self._take(user_id)
                    if (version := lake.open(pipeline_runs).version()) != seen:
                        release, seen = latest_release(lake), version
                    self._make_if_stale(lake, release, user_id)
                except (LakesongError, OSError, DeltaError, duckdb.Error) as error:
                    log.warning("The pages could not be brought up to date.", error=str(error))

    def _make_if_stale(self, lake: Lake, release: Release, user_id: str) -> None:
        with self._lock:
            present = self._open.get(user_id)
        if present is not None and present.key != store_key(lake, release, user_id):
            self._make(user_id)
