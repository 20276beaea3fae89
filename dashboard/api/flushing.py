"""Takes submitted listens into the lake soon after they came, when no other run holds it."""

from __future__ import annotations

import threading

import structlog

from config.errors import PostponedError
from config.settings import Settings
from ingestion.listens import take_in_listens, waiting_listens

log = structlog.get_logger()

GATHER_S = 1.0  # submissions that come close together are one run
CLOSE_S = 20.0  # what is being taken in when the server stops is finished
BUSY_S, TROUBLE_S = 3.0, 60.0  # waits while another run holds the lake, and after a failure


class Flusher:
    """A thread that lives while listens wait. Ending it at any moment loses nothing: they stay in their files."""

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def wake(self) -> None:
        """See to it that what waits is taken in."""
        with self._lock:
            if self._thread is None and not self._stop.is_set() and waiting_listens(self._settings):
                self._thread = threading.Thread(target=self._run, name="listens", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Take in nothing more; what waits stays for the next start."""
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_S)

    def _run(self) -> None:
        wait_s = GATHER_S
        while not self._stop.wait(wait_s):
            wait_s = self._take_in()
            with self._lock:
                if not wait_s and not waiting_listens(self._settings):
                    self._thread = None
                    return
            wait_s = wait_s or GATHER_S

    def _take_in(self) -> float:
        """Take in what waits; gives the seconds after which to try again, 0 where all is done."""
        try:
            for counts in take_in_listens(self._settings):
                log.info("Listens were taken in.", new=counts.new, rows=counts.rows, set_aside=counts.rejected)
        except PostponedError:
            return BUSY_S
        except Exception:
            log.exception("Listens could not be taken in.", next_step="They are kept, and tried again in a minute.")
            return TROUBLE_S
        return 0.0
