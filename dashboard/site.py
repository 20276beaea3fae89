"""What all requests share: settings, the listeners' files, who may come in, templates, and pages that were made."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cachetools import LRUCache

from config.settings import Settings
from dashboard.view import Visitor
from serving.stores import Stores

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request

FOLDER = Path(__file__).parent
CACHE_BYTES = 24_000_000


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

    @cached_property
    def templates(self) -> Environment:
        """The templates; everything that is put into them is escaped."""
        from dashboard.rendering import environment

        return environment()

    def kept(self, key: tuple[str, ...], make: Any) -> bytes:
        """What was made for a key before, else what is made now."""
        with self.lock:
            found = self.made.get(key)
        if found is None:
            found = make()
            with self.lock:
                if len(found) <= self.made.maxsize:
                    self.made[key] = found
        return found


def tag_of(body: bytes) -> str:
    """An entity tag for a body: equal bodies, equal tags."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
