"""What all requests share: settings, the listeners' files, who may come in, templates, and pages that were made."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cachetools import LRUCache

from config.settings import Settings
from dashboard.view import Visitor
from serving.store import Store
from serving.stores import Stores

if TYPE_CHECKING:
    from starlette.requests import Request

FOLDER = Path(__file__).parent
CACHE_BYTES = 16_000_000
AT_ONCE = 2  # pages that are made side by side: more only make each other wait


class Access(Protocol):
    """Who may come in."""

    def visitor(self, request: Request) -> Visitor:
        """Who asks. Raises NeedsSignInError for nobody that is known."""


@dataclass
class Site:
    """One dashboard."""

    settings: Settings
    stores: Stores
    access: Access
    made: LRUCache[tuple[str, ...], bytes] = field(
        default_factory=lambda: LRUCache(CACHE_BYTES, getsizeof=lambda body: len(body))
    )
    lock: threading.Lock = field(default_factory=threading.Lock)
    makers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    warmed: set[tuple[str, str]] = field(default_factory=set)
    closing: threading.Event = field(default_factory=threading.Event)
    _helpers: list[threading.Thread] = field(default_factory=list)

    def kept(self, key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
        """What was made for a key before, else what is made now."""
        with self.lock:
            found = self.made.get(key)
        if found is not None:
            return found
        with self.makers:
            with self.lock:
                found = self.made.get(key)  # another request may have made it while this one waited
            if found is not None:
                return found
            made = make()
        with self.lock:
            if len(made) <= self.made.maxsize:
                self.made[key] = made
        return made

    def is_first_look(self, store: Store, visitor: Visitor) -> bool:
        """Whether nobody has looked at this file as this visitor before; from now on somebody has."""
        look = (store.key, str(visitor))
        with self.lock:
            if look in self.warmed:
                return False
            self.warmed = {one for one in self.warmed if one[1] != look[1]} | {look}
            return True

    def run_aside(self, work: Callable[[], None]) -> None:
        """Do something beside the requests; it must look at `closing` from time to time."""
        self._helpers = [thread for thread in self._helpers if thread.is_alive()]
        self._helpers.append(threading.Thread(target=work))
        self._helpers[-1].start()

    def close(self) -> None:
        """End what runs aside. A thread inside DuckDB when Python ends would take the process down with it."""
        self.closing.set()
        for thread in self._helpers:
            thread.join()
        self.stores.close()


def tag_of(body: bytes) -> str:
    """An entity tag for a body: equal bodies, equal tags."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
