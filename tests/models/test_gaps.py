"""Suspected gaps: only a poll that was offered all that Spotify shows, and nothing known, leaves one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from models.gaps import find_gaps

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def gaps(*polls: tuple[float, float, float, bool]) -> list[tuple[float, float]]:
    """Bounds of the gaps in minutes; polls are (polled, oldest stamp, newest stamp, full)."""
    rows = [(at(polled), at(oldest), at(newest), full) for polled, oldest, newest, full in polls]
    found = find_gaps(pd.DataFrame(rows, columns=["started_at", "oldest_at", "newest_at", "is_full"]))
    return [
        ((row.gap_start_at - START).total_seconds() / 60, (row.gap_end_at - START).total_seconds() / 60)
        for row in found.itertuples()
    ]


def test_the_first_poll_leaves_no_gap():
    assert gaps((200, 0, 190, True)) == []


def test_a_full_poll_that_reaches_back_to_what_was_seen_leaves_none():
    assert gaps((200, 0, 190, True), (400, 190, 390, True)) == []


def test_a_poll_that_is_not_full_has_shown_everything():
    assert gaps((200, 0, 190, True), (4000, 3000, 3900, False)) == []


def test_a_full_poll_beyond_what_was_seen_leaves_a_gap_that_allows_for_plays_listed_late():
    # Seen until 190, but polled at 200: what ended after 140 may not have been listed yet.
    assert gaps((200, 0, 190, True), (900, 700, 890, True)) == [(140, 700)]
    assert gaps((200, 0, 20, True), (900, 700, 890, True)) == [(20, 700)]


@pytest.mark.parametrize(("after", "expected"), [(0, []), (0.1, [(140, 190.1)])])
def test_only_a_stamp_that_was_seen_joins_two_polls(after, expected):
    assert gaps((200, 0, 190, True), (900, 190 + after, 890, True)) == expected


def test_the_order_of_the_rows_changes_nothing():
    polls = [(200, 0, 190, True), (900, 700, 890, True), (1500, 880, 1490, True), (2900, 2500, 2890, True)]
    assert gaps(*polls) == gaps(*reversed(polls)) == [(140, 700), (1440, 2500)]


def test_what_an_earlier_poll_saw_counts_even_when_a_later_one_was_stale():
    """An answer from a stale cache must not open a gap that the next good one would fill."""
    assert gaps((200, 0, 190, True), (210, 0, 100, True), (400, 185, 390, True)) == []
