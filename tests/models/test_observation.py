"""Watching: what was heard, from looks at the player. Every rule alone, and random listening against its truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.observation import Heard, Sighting, Watching, next_wait_s, sighted

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LENGTH_S = 200


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def shown(item: str, position_s: float, *, playing: bool = True, length_s: float | None = LENGTH_S) -> Sighting:
    duration = None if length_s is None else int(length_s * 1000)
    return Sighting(item, {"name": item, "duration_ms": duration}, int(position_s * 1000), playing)


def paused(item: str, position_s: float) -> Sighting:
    return shown(item, position_s, playing=False)


def watch(*looks: tuple[float, Sighting | None]) -> tuple[Watching, list[Heard]]:
    """The state and the plays that have ended, after looks at these seconds."""
    state, ended = Watching(), []
    for second, sighting in looks:
        state, new = sighted(state, at(second), sighting)
        ended += new
    return state, ended


def only(plays: list[Heard]) -> Heard:
    (play,) = plays
    return play


def span(play: Heard) -> tuple[float, float, float]:
    """Start and end in seconds after noon, and seconds heard."""
    return (
        (play.started_at - NOON).total_seconds(),
        (play.ended_at - NOON).total_seconds(),
        play.ms_played / 1000,
    )


def heard_s(state: Watching) -> float:
    return state.play.ms_played / 1000 if state.play else 0


NOTHING = (0.0, None)


def test_a_track_that_plays_to_its_end_is_heard_whole_and_ends_where_it_ends() -> None:
    looks = [(5, shown("a", 3)), (35, shown("a", 33)), (201, shown("a", 199)), (204, shown("b", 2))]
    state, ended = watch(NOTHING, *looks)
    assert span(only(ended)) == (2, 202, 200)
    assert (ended[0].reason_end, ended[0].was_skipped, ended[0].is_partial) == ("trackdone", False, False)
    assert state.play is not None
    assert (state.play.reason_start, span(state.play)) == ("trackdone", (202, 204, 2))


def test_a_track_left_for_another_is_skipped_when_the_other_began() -> None:
    state, ended = watch(NOTHING, (5, shown("a", 5)), (35, shown("a", 35)), (65, shown("b", 20)))
    assert span(only(ended)) == (0, 45, 45)
    assert (ended[0].reason_end, ended[0].was_skipped) == ("fwdbtn", True)
    assert state.play is not None
    assert (state.play.reason_start, state.play.ms_played) == ("fwdbtn", 20_000)


def test_the_rest_of_a_track_is_heard_where_a_silence_comes_before_the_next() -> None:
    _, ended = watch(NOTHING, (10, shown("a", 10)), (30, shown("a", 180)), (60, shown("b", 4)))
    assert span(only(ended)) == (0, 50, 10 + 20 + 20)


def test_what_the_crossfade_cuts_off_does_not_make_a_skip() -> None:
    _, ended = watch(NOTHING, (10, shown("a", 10)), (40, shown("a", 185)), (46, shown("b", 3)))
    assert only(ended).reason_end == "trackdone"
    assert span(only(ended)) == (0, 43, 10 + 30 + 3)


def test_the_first_look_of_all_finds_nothing_heard_and_a_partial_play() -> None:
    state, _ = watch((100, shown("a", 90)))
    assert state.play is not None
    assert (span(state.play), state.play.is_partial) == ((100, 100, 0), True)


def test_an_item_seen_first_was_not_heard_for_longer_than_since_the_look_before() -> None:
    state, _ = watch(NOTHING, (30, shown("a", 90)))
    assert state.play is not None
    assert (span(state.play), state.play.is_partial) == ((0, 30, 30), True)


def test_what_is_paused_when_first_seen_after_silence_was_not_heard() -> None:
    state, ended = watch(NOTHING, (300, paused("a", 90)), (330, paused("a", 90)), (345, shown("a", 100)))
    assert ended == []
    assert state.play is not None
    assert span(state.play) == (335, 345, 10)


def test_a_seek_forward_does_not_count_as_heard() -> None:
    state, ended = watch(NOTHING, (10, shown("a", 10)), (40, shown("a", 150)))
    assert (ended, heard_s(state)) == ([], 40)


def test_a_seek_while_paused_does_not_count_as_heard() -> None:
    state, ended = watch(NOTHING, (10, shown("a", 10)), (40, paused("a", 10)), (70, paused("a", 150)))
    assert (ended, heard_s(state)) == ([], 10)


def test_a_seek_backward_goes_on_with_the_same_play() -> None:
    state, ended = watch(NOTHING, (10, shown("a", 10)), (40, shown("a", 40)), (50, shown("a", 2)))
    assert (ended, heard_s(state)) == ([], 50)


def test_back_at_the_beginning_after_90_percent_is_a_repeat() -> None:
    looks = [(30, shown("a", 30)), (60, shown("a", 180)), (75, shown("a", 5))]
    state, ended = watch(NOTHING, *looks)
    assert span(only(ended)) == (0, 70, 30 + 30 + 10)
    assert (ended[0].was_repeated, ended[0].was_skipped) == (True, False)
    assert state.play is not None
    assert span(state.play) == (70, 75, 5)


def test_back_at_the_beginning_after_90_percent_were_heard_is_a_repeat() -> None:
    to_the_middle = [(second, shown("a", second)) for second in range(30, 151, 30)]
    again = [(160, shown("a", 20)), (190, shown("a", 50)), (210, shown("a", 4))]
    _, ended = watch(NOTHING, *to_the_middle, *again)
    assert span(only(ended)) == (0, 206, 206)


def test_back_at_the_beginning_before_90_percent_is_the_same_play() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (60, shown("a", 60)), (90, shown("a", 5)))
    assert (ended, heard_s(state)) == ([], 90)


def test_back_in_the_middle_after_90_percent_is_the_same_play() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (60, shown("a", 190)), (65, shown("a", 100)))
    assert (ended, heard_s(state)) == ([], 65)


def test_a_track_on_repeat_is_one_play_a_time() -> None:
    looks = [(second, shown("a", second % LENGTH_S)) for second in range(20, 660, 20)]
    state, ended = watch(NOTHING, *looks)
    assert [span(play) for play in ended] == [(0, 200, 200), (200, 400, 200), (400, 600, 200)]
    assert [(play.reason_start, play.reason_end, play.was_repeated) for play in ended] == [
        (None, "trackdone", True),
        ("trackdone", "trackdone", True),
        ("trackdone", "trackdone", True),
    ]
    assert heard_s(state) == 40


def test_a_pause_keeps_the_play_open_and_adds_nothing() -> None:
    looks = [(30, shown("a", 30)), (60, paused("a", 50)), (600, paused("a", 50)), (620, shown("a", 60))]
    state, ended = watch(NOTHING, *looks)
    assert ended == []
    assert state.play is not None
    assert (span(state.play), state.play.pause_count) == ((0, 620, 60), 1)


def test_a_pause_of_more_than_thirty_minutes_ends_the_play_when_it_was_last_heard() -> None:
    before = [(30, shown("a", 30)), (60, paused("a", 50)), (1850, paused("a", 50))]
    _, ended = watch(NOTHING, *before)
    assert ended == []
    state, ended = watch(NOTHING, *before, (1851, paused("a", 50)), (1871, shown("a", 70)))
    assert span(only(ended)) == (0, 50, 50)
    assert ended[0].reason_end is None
    assert state.play is not None
    assert (span(state.play), state.play.is_partial) == ((1851, 1871, 20), True)


def test_a_paused_play_is_left_where_it_was_paused() -> None:
    _, ended = watch(NOTHING, (30, shown("a", 30)), (60, paused("a", 50)), (90, shown("b", 10)))
    assert (span(only(ended)), ended[0].reason_end) == ((0, 50, 50), "fwdbtn")


def test_nothing_playing_ends_a_play_when_it_was_last_heard() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (60, None))
    assert (span(only(ended)), ended[0].reason_end, state.play) == ((0, 30, 30), None, None)


def test_nothing_playing_after_the_end_has_let_the_track_end() -> None:
    _, ended = watch(NOTHING, (30, shown("a", 30)), (60, shown("a", 180)), (81, None))
    assert (span(only(ended)), ended[0].reason_end) == ((0, 80, 80), "trackdone")


def test_the_last_track_that_stops_at_its_end_and_shows_its_beginning_has_ended() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (60, shown("a", 180)), (81, paused("a", 0)), (111, None))
    assert (span(only(ended)), ended[0].reason_end) == ((0, 80, 80), "trackdone")
    assert state.play is None


def test_a_track_resumed_after_nothing_played_counts_from_where_it_was_left() -> None:
    state, _ = watch(NOTHING, (30, shown("a", 30)), (60, None), (360, shown("a", 45)))
    assert state.play is not None
    assert (span(state.play), state.play.is_partial) == ((345, 360, 15), True)


def test_after_a_long_time_without_a_look_only_what_was_seen_is_heard() -> None:
    _, ended = watch(NOTHING, (30, shown("a", 30)), (30 + 601, shown("b", 20)))
    assert (span(only(ended)), ended[0].reason_end) == ((0, 30, 30), None)


def test_a_play_is_the_same_when_watching_stopped_for_a_while_and_the_position_fits() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (150, shown("a", 150)))
    assert (ended, heard_s(state)) == ([], 150)


def test_an_item_of_unknown_length_never_ends_by_itself() -> None:
    endless = {"length_s": None}
    state, ended = watch(NOTHING, (30, shown("a", 30, **endless)), (60, shown("a", 60, **endless)), (90, None))
    assert (span(only(ended)), state.play) == ((0, 60, 60), None)


def test_a_track_that_was_shown_but_never_heard_is_no_play() -> None:
    assert watch((0, paused("a", 90)), (30, paused("b", 10)), (60, None))[1] == []


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    state, ended = watch(NOTHING, (30, shown("a", 30)), (10, shown("a", 40)), (40, shown("a", 70)))
    assert (ended, heard_s(state)) == ([], 60)


@pytest.mark.parametrize(
    ("looks", "now", "wait"),
    [
        ([], 0, 0),
        ([(0, shown("a", 10))], 0, 30),
        ([(0, shown("a", 190))], 0, 11),
        ([(0, shown("a", 190))], 4, 7),
        ([(0, shown("a", 199.5))], 0, 2),
        ([(0, shown("a", 200))], 0, 2),
        ([(0, shown("a", 190, length_s=None))], 0, 30),
        ([(0, None)], 0, 30),
        ([(0, shown("a", 10)), (30, paused("a", 20))], 30, 30),
        ([(0, None)] * 2, 0, 60),
        ([(0, None), (30, paused("a", 10)), (60, paused("a", 10))], 60, 60),
        ([(0, paused("a", 10))] * 3, 0, 120),
        ([(0, paused("a", 10))] * 3 + [(1, paused("b", 0))], 1, 30),
        ([(0, None)] * 4, 0, 300),
        ([(0, None)] * 9, 0, 300),
        ([(0, None)] * 9 + [(1, shown("a", 1))], 1, 30),
    ],
)
def test_the_next_look_is_soon_after_the_end_and_later_and_later_while_it_is_quiet(
    looks: list[tuple[float, Sighting | None]], now: float, wait: float
) -> None:
    assert next_wait_s(watch(*looks)[0], at(now)) == wait


# Random listening. A listener plays tracks and, in each, plays on, pauses, or seeks, then skips or lets it end.


@dataclass(frozen=True)
class Stretch:
    """Seconds of one track on the player, from a position on; playing or paused."""

    item: str
    length_s: int
    start_s: float
    end_s: float
    position_s: float
    is_playing: bool

    def look(self, second: float) -> Sighting:
        moved = second - self.start_s if self.is_playing else 0
        return shown(self.item, self.position_s + moved, playing=self.is_playing, length_s=self.length_s)


@dataclass(frozen=True)
class Truth:
    """What really happened: the stretches in order, the tracks in which somebody sought, and when all is over."""

    stretches: list[Stretch]
    seeks: dict[str, int]
    end_s: float

    def look(self, second: float) -> Sighting | None:
        return next((one.look(second) for one in self.stretches if one.start_s <= second < one.end_s), None)

    def heard_s(self, item: str) -> float:
        return sum(one.end_s - one.start_s for one in self.stretches if one.item == item and one.is_playing)


@st.composite
def listening(draw: st.DrawFn, *, longest_pause_s: int = 300) -> Truth:
    stretches: list[Stretch] = []
    seeks: dict[str, int] = {}
    second = float(draw(st.integers(0, 100)))
    for number in range(draw(st.integers(1, 6))):
        item, length, position = f"track {number}", draw(st.integers(40, 400)), 0.0
        for act in [*draw(st.lists(st.sampled_from(["play", "pause", "seek"]), max_size=5)), "last"]:
            if act == "seek":
                # Not back to the very beginning: whether that is a repeat is a rule of its own.
                position = draw(st.integers(35, length)) if length > 35 else position
                seeks[item] = seeks.get(item, 0) + 1
                continue
            left = length - position
            longest = longest_pause_s if act == "pause" else left
            lasts = left if act == "last" and draw(st.booleans()) else draw(st.integers(0, max(0, int(longest))))
            stretches.append(Stretch(item, length, second, second + lasts, position, act != "pause"))
            second += lasts
            position += lasts if act != "pause" else 0
        second += draw(st.sampled_from([0, 0, 0, 15, 400]))
    return Truth([one for one in stretches if one.end_s > one.start_s], seeks, second)


def follow(truth: Truth, restart: bool = False) -> tuple[list[Heard], list[float]]:
    """Every play that watching finds, and when it looked."""
    state, ended, second, looks = Watching(), [], 0.0, []
    while second < truth.end_s + 2000:
        state, new = sighted(state, at(second), truth.look(second))
        if restart:
            state = Watching.from_json(json.loads(json.dumps(state.to_json())))
            new = [Heard.from_json(json.loads(json.dumps(play.to_json()))) for play in new]
        ended += new
        looks.append(second)
        second += next_wait_s(state, at(second))
    assert state.play is None
    return ended, looks


def disturbed_s(truth: Truth, item: str, looks: list[float]) -> float:
    """How much one cannot know of a track: the intervals in which it began or ended, and one for each seek."""
    mine = [one for one in truth.stretches if one.item == item]
    edges = [mine[0].start_s, mine[-1].end_s]
    edges += [here.start_s for before, here in pairwise(mine) if here.position_s != end_position(before)]
    return sum(later - earlier for earlier, later in pairwise(looks) if any(earlier <= edge <= later for edge in edges))


def end_position(stretch: Stretch) -> float:
    return stretch.position_s + (stretch.end_s - stretch.start_s if stretch.is_playing else 0)


def plays_by_item(ended: list[Heard]) -> dict[str, list[Heard]]:
    found: dict[str, list[Heard]] = {}
    for play in ended:
        found.setdefault(play.item["name"], []).append(play)
    return found


@given(listening())
def test_no_play_is_found_twice_and_none_that_was_seen_playing_is_missing(truth: Truth) -> None:
    ended, looks = follow(truth)
    found = plays_by_item(ended)
    # A seek to a position that is no further than the time between two looks cannot be told from a new beginning.
    assert {item for item, plays in found.items() if len(plays) > 1} <= set(truth.seeks)
    seen = [sighting for second in looks if (sighting := truth.look(second))]
    twice_playing = {
        b.item_uri for a, b in pairwise(seen) if a.item_uri == b.item_uri and a.is_playing and b.is_playing
    }
    assert twice_playing <= set(found)
    # A seek while paused that is no longer than the time between two looks cannot be told from listening.
    assert set(found) - set(truth.seeks) <= {one.item for one in truth.stretches if one.is_playing}


@given(listening(longest_pause_s=2))
def test_every_play_of_more_than_thirty_seconds_is_found_once_while_the_player_is_never_quiet_for_long(
    truth: Truth,
) -> None:
    busy = Truth(joined(truth.stretches), truth.seeks, truth.end_s)
    found = plays_by_item(follow(busy)[0])
    # A seek hides one interval.
    long = {one.item for one in busy.stretches if busy.heard_s(one.item) > 30 + 60 * busy.seeks.get(one.item, 0)}
    assert {item: len(found.get(item, [])) for item in long} == dict.fromkeys(long, 1)


@given(listening())
def test_the_time_heard_is_right_but_for_the_intervals_in_which_a_play_began_ended_or_was_sought_in(
    truth: Truth,
) -> None:
    ended, looks = follow(truth)
    for item, plays in plays_by_item(ended).items():
        error = abs(sum(play.ms_played for play in plays) / 1000 - truth.heard_s(item))
        assert error <= disturbed_s(truth, item, looks) + 0.01


@given(listening(longest_pause_s=0))
def test_without_pauses_and_seeks_the_time_heard_is_within_one_interval(truth: Truth) -> None:
    plain = Truth(joined([one for one in truth.stretches if one.item not in truth.seeks]), {}, truth.end_s)
    ended, _ = follow(plain)
    for item, plays in plays_by_item(ended).items():
        assert abs(plays[0].ms_played / 1000 - plain.heard_s(item)) <= 30


@given(listening())
def test_plays_come_in_order_do_not_overlap_and_last_no_longer_than_the_clock_says(truth: Truth) -> None:
    ended, _ = follow(truth)
    for play in ended:
        assert play.ms_played <= (play.ended_at - play.started_at) / timedelta(milliseconds=1)
    for earlier, later in pairwise(ended):
        assert earlier.ended_at <= later.started_at


@given(listening())
def test_a_restart_at_every_look_changes_nothing(truth: Truth) -> None:
    assert follow(truth, restart=True) == follow(truth)


def joined(stretches: list[Stretch]) -> list[Stretch]:
    """The same stretches without the silences between them."""
    second, moved = 0.0, []
    for one in stretches:
        length: Any = one.end_s - one.start_s
        moved.append(Stretch(one.item, one.length_s, second, second + length, one.position_s, one.is_playing))
        second += length
    return moved
