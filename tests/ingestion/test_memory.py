"""What collection remembers: the newest state holds, for its service, subject and name alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingestion.memory import QUOTA, recall, remember, waits_until

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_was_never_recorded_is_nothing(lake):
    assert recall(lake, "spotify", QUOTA) is None
    assert waits_until(lake, "spotify", QUOTA, NOW) is None


def test_a_state_holds_until_its_time_and_not_at_it(lake):
    remember(lake, "spotify", QUOTA, NOW, not_before=NOW + HOUR)
    assert waits_until(lake, "spotify", QUOTA, NOW + HOUR - timedelta(microseconds=1)) == NOW + HOUR
    assert waits_until(lake, "spotify", QUOTA, NOW + HOUR) is None


def test_a_state_concerns_no_other_service_subject_or_name(lake):
    remember(lake, "spotify", QUOTA, NOW, not_before=NOW + HOUR)
    assert waits_until(lake, "reccobeats", QUOTA, NOW) is None
    assert waits_until(lake, "spotify", "top_items", NOW) is None
    assert waits_until(lake, "spotify", QUOTA, NOW, "ann") is None


def test_the_newest_state_holds_whatever_the_order_of_writing(lake):
    for minutes, value in ((5, "new"), (0, "old")):
        remember(lake, "spotify", "refused", NOW + timedelta(minutes=minutes), value=value)
    state = recall(lake, "spotify", "refused")
    assert state and state["state_value"] == "new"


def test_a_later_state_without_a_time_lets_go(lake):
    remember(lake, "spotify", QUOTA, NOW, not_before=NOW + HOUR)
    remember(lake, "spotify", QUOTA, NOW + timedelta(minutes=1))
    assert waits_until(lake, "spotify", QUOTA, NOW + timedelta(minutes=2)) is None
