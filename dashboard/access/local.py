"""On this machine alone, for one listener: no sign-in."""

from __future__ import annotations

from starlette.requests import Request

from config.errors import InputError
from config.settings import Settings
from dashboard.view import Visitor
from ingestion.listeners import DEFAULT_USER
from serving.making import listener_ids


class LocalAccess:
    """Whoever sits at this machine is the lake's only listener, or `me`."""

    def __init__(self, settings: Settings) -> None:
        """Begin for the lake of the settings."""
        self._settings = settings
        self._visitor: Visitor | None = None

    def visitor(self, request: Request) -> Visitor:
        """The listener. Raises InputError where there are several, none of whom is `me`."""
        if self._visitor is None:
            there = listener_ids(self._settings)
            if not there:
                from schemas.lake import Lake
                from serving.lake_reader import no_lake

                raise no_lake(Lake(self._settings.lake_uri))
            if len(there) > 1 and DEFAULT_USER not in there:
                raise InputError("Several listeners share this lake.", "Turn on sign-in: docs/dashboard.md.")
            self._visitor = Visitor(there[0] if len(there) == 1 else DEFAULT_USER, is_admin=True)
        return self._visitor
