"""Watching and collecting are one app to Spotify: what one learns of the quota, the other keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clients.errors import QuotaError
from ingestion.memory import QUOTA, remember, waits_until
from ingestion.shared_quota import SharedQuotaPlayer

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Player:
    """Answers with what it was given, and counts how often it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0

    def currently_playing(self):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_what_plays_is_passed_on(lake):
    player = Player({"is_playing": True})
    assert SharedQuotaPlayer(player, lake, lambda: NOW).currently_playing() == {"is_playing": True}


def test_a_quota_that_watching_meets_holds_for_collection(lake):
    with pytest.raises(QuotaError):
        SharedQuotaPlayer(Player(QuotaError("Spotify", 48_925)), lake, lambda: NOW).currently_playing()
    assert waits_until(lake, "spotify", QUOTA, NOW) == NOW + timedelta(seconds=48_925)


def test_a_refusal_that_does_not_say_how_long_is_not_kept(lake):
    with pytest.raises(QuotaError):
        SharedQuotaPlayer(Player(QuotaError("Spotify", None)), lake, lambda: NOW).currently_playing()
    assert waits_until(lake, "spotify", QUOTA, NOW) is None


def test_a_quota_that_collection_met_is_kept_without_a_request(lake):
    remember(lake, "spotify", QUOTA, NOW, not_before=NOW + timedelta(hours=2))
    player = Player(None)
    with pytest.raises(QuotaError) as error:
        SharedQuotaPlayer(player, lake, lambda: NOW + timedelta(hours=1)).currently_playing()
    assert player.asked == 0 and 3_600 <= error.value.retry_after_s <= 3_602
    assert SharedQuotaPlayer(player, lake, lambda: NOW + timedelta(hours=2)).currently_playing() is None
