"""Which end of a play a poll stamped: plays without a pause between them tell, where enough of them do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transformations.stamps import with_stamped_end

START = datetime(2026, 10, 20, 8, tzinfo=UTC)

# Lengths that cannot be taken for each other: the votes allow 2.5 s of difference.
LENGTHS_S = st.integers(min_value=20, max_value=60).map(lambda number: number * 6)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def judge(rows: Callable[..., Any]) -> Callable[..., dict[str, list[bool]]]:
    """Whether each record is judged to carry its start: by listener, from (stamp, length) in seconds, in order."""

    def of(**listeners: list[tuple[float, float]]) -> dict[str, list[bool]]:
        records = [
            {
                "record_id": f"{number:04d}",
                "user_id": user,
                "source": "recently_played",
                "played_at": at(stamp),
                "duration_ms": int(length * 1000),
            }
            for user, plays in listeners.items()
            for number, (stamp, length) in enumerate(plays)
        ]
        found = with_stamped_end(rows("listening_history_bronze", *records)).collect()
        judged: dict[str, list[bool]] = {}
        for row in sorted(found, key=lambda row: (row.user_id, row.record_id)):
            begin, end = row.played_at, row.played_at + timedelta(milliseconds=row.duration_ms)
            assert {row.stamped_end, row.other_end} == {begin, end}
            judged.setdefault(row.user_id, []).append(row.stamped_end == end)
        return judged

    return of


def in_a_row(lengths: list[int], *, starts: bool, begin: float = 0.0) -> list[tuple[float, float]]:
    """Plays without a pause, each stamped at its start or at its end."""
    plays = []
    for length in lengths:
        plays.append((begin if starts else begin + length, length))
        begin += length
    return plays


def test_ends_stay_ends_and_starts_are_moved_by_the_length(judge):
    lengths = [200, 150, 300, 180, 240]
    assert judge(ends=in_a_row(lengths, starts=False), starts=in_a_row(lengths, starts=True)) == {
        "ends": [False] * 5,
        "starts": [True] * 5,
    }


def test_one_vote_is_not_enough_and_two_are(judge):
    """n plays in a row have n - 1 intervals."""
    assert judge(two=in_a_row([200, 150], starts=True), three=in_a_row([200, 150, 300], starts=True)) == {
        "two": [False] * 2,
        "three": [True] * 3,
    }


def test_a_stamp_may_be_two_and_a_half_seconds_off_and_no_more(judge):
    def slipping(by: float) -> list[tuple[float, float]]:
        plays = in_a_row([200, 150, 300, 180], starts=True)
        return [(stamp + number * by, length) for number, (stamp, length) in enumerate(plays)]

    assert judge(just=slipping(2.5), more=slipping(2.6)) == {"just": [True] * 4, "more": [False] * 4}


def test_plays_of_one_length_pauses_and_a_single_play_say_nothing(judge):
    assert judge(
        same=in_a_row([200] * 6, starts=True),
        paused=[
            (stamp + number * 60, length)
            for number, (stamp, length) in enumerate(in_a_row([200, 150, 300], starts=True))
        ],
        single=[(0.0, 200.0)],
    ) == {"same": [False] * 6, "paused": [False] * 3, "single": [False]}


def test_a_record_without_a_length_is_left_where_it_is(rows):
    record = {"record_id": "a", "user_id": "u", "source": "recently_played", "played_at": at(0)}
    (row,) = with_stamped_end(rows("listening_history_bronze", record)).collect()
    assert row.stamped_end == row.other_end
    assert row.stamped_end.astimezone(UTC) == at(0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.lists(LENGTHS_S, min_size=5, max_size=14)), min_size=1, max_size=4))
def test_sessions_are_judged_each_by_itself_whichever_end_they_carry(judge, sessions):
    """Sessions hours apart; within one, neighbours of one length say nothing, so a few others must speak."""
    plays: list[tuple[float, float]] = []
    truth: list[bool] = []
    begin = 0.0
    for starts, lengths in sessions:
        varied = [length + 3 * (number % 2) for number, length in enumerate(lengths)]  # no two neighbours alike
        plays += in_a_row(varied, starts=starts, begin=begin)
        truth += [starts] * len(varied)
        begin += sum(varied) + 3 * 3600
    assert judge(one=plays) == {"one": truth}
