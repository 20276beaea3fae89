"""A player that keeps the quota which collection and watching share: Spotify counts the requests of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from clients.errors import QuotaError
from ingestion.memory import QUOTA, remember, waits_until
from ingestion.watch import Player
from schemas.lake import Lake


@dataclass(frozen=True)
class SharedQuotaPlayer:
    """Asks `player` unless the quota is known to be used up, and notes when it turns out to be."""

    player: Player
    lake: Lake
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def currently_playing(self) -> Any:
        """What plays now. Raises QuotaError, without a request, before the quota's end."""
        now = self.clock()
        until = waits_until(self.lake, "spotify", QUOTA, now)
        if until:
            raise QuotaError("Spotify", int((until - now).total_seconds()) + 1)
        try:
            return self.player.currently_playing()
        except QuotaError as error:
            if error.wait_s is not None:
                remember(self.lake, error.service, QUOTA, now, not_before=now + timedelta(seconds=error.wait_s))
            raise
