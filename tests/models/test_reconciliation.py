"""Reconciliation: records of several sources become plays, whatever their order, and no play is lost or doubled."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models.reconciliation import reconcile

SECOND, MINUTE = 1_000, 60_000
# The definition: sources in order of trust, and how far (ms) a record of each may be from the anchor that it meets.
TOLERANCE = {
    "extended_history": 90 * SECOND,
    "currently_playing": 90 * SECOND,
    "recently_played": 90 * SECOND,
    "listenbrainz": 90 * SECOND,
    "account_data": 150 * SECOND,
}
SOURCES = tuple(TOLERANCE)


def records(*rows: tuple[str, int], key: str = "a song\tan artist") -> pd.DataFrame:
    """Records of one key from (source, end in ms); ids tell their place."""
    named = [(f"{key}/{place}", key, source, end) for place, (source, end) in enumerate(rows)]
    return pd.DataFrame(named, columns=["record_id", "match_key", "source", "ended_ms"]).assign(
        other_ms=None, started_ms=None
    )


def play_of(frame: pd.DataFrame) -> dict[str, str]:
    found = reconcile(frame)
    assert len(found) == found["record_id"].nunique()
    return dict(zip(found["record_id"], found["play_id"], strict=True))


def play_count(frame: pd.DataFrame) -> int:
    return len(set(play_of(frame).values()))


def nearest_first_count(anchors: list[int], others: list[int], tolerance: int) -> int:
    """Plays that the obvious wrong rule finds: pair the nearest two, then the next nearest."""
    pairs = sorted((abs(a - b), i, j) for i, a in enumerate(anchors) for j, b in enumerate(others))
    used_anchors: set[int] = set()
    used_others: set[int] = set()
    for distance, i, j in pairs:
        if distance <= tolerance and i not in used_anchors and j not in used_others:
            used_anchors.add(i)
            used_others.add(j)
    return len(anchors) + len(others) - len(used_others)


# Ends crowd into ten minutes on half minutes, so that ties, exact tolerances and loops all come up.
crowded_ends = st.integers(0, 20).map(lambda step: step * 30 * SECOND)
some_keys = st.sampled_from(["one\tx", "two\ty", "id\t3"])


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(some_keys, st.sampled_from(SOURCES), crowded_ends), max_size=40))
    named = [(f"r{place:02d}", *row) for place, row in enumerate(rows)]
    return pd.DataFrame(named, columns=["record_id", "match_key", "source", "ended_ms"]).assign(
        other_ms=None, started_ms=None
    )


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_never_matters(history, random):
    order = list(range(len(history)))
    random.shuffle(order)
    assert play_of(history.iloc[order]) == play_of(history)


@given(histories())
def test_each_record_belongs_to_one_play_and_each_anchor_to_itself(history):
    plays = play_of(history)
    assert plays.keys() == set(history["record_id"])
    for play_id in plays.values():
        assert plays[play_id] == play_id


@given(histories())
def test_a_play_has_at_most_one_record_of_each_source_and_one_key(history):
    history = history.assign(play_id=history["record_id"].map(play_of(history)))
    assert not history.duplicated(["play_id", "source"]).any()
    assert (history.groupby("play_id")["match_key"].nunique() <= 1).all()


@given(histories())
def test_the_anchor_comes_from_the_most_trusted_source_of_its_play(history):
    history = history.assign(
        play_id=history["record_id"].map(play_of(history)), rank=history["source"].map(SOURCES.index)
    )
    best = history.groupby("play_id")["rank"].min()
    anchors = history[history["record_id"] == history["play_id"]].set_index("play_id")["rank"]
    pd.testing.assert_series_equal(anchors.sort_index(), best.sort_index())


@given(histories())
def test_records_further_apart_than_the_tolerance_never_meet(history):
    ends = dict(zip(history["record_id"], history["ended_ms"], strict=True))
    sources = dict(zip(history["record_id"], history["source"], strict=True))
    for record_id, play_id in play_of(history).items():
        assert abs(ends[record_id] - ends[play_id]) <= TOLERANCE[sources[record_id]]


@given(histories())
def test_no_two_records_that_could_still_meet_are_left_as_two_plays(history):
    """Of two sources, a play of one alone and a play of the other alone are further apart than the tolerance."""
    several = history[history["source"].isin(["extended_history", "recently_played"])]
    several = several.assign(play_id=several["record_id"].map(play_of(several)))
    sizes = several.groupby("play_id")["source"].transform("size")
    alone = several[sizes == 1]
    for _, same_key in alone.groupby("match_key"):
        of = {source: rows["ended_ms"].tolist() for source, rows in same_key.groupby("source")}
        for export_end in of.get("extended_history", []):
            for poll_end in of.get("recently_played", []):
                assert abs(export_end - poll_end) > 90 * SECOND


@given(st.sampled_from(SOURCES), st.lists(crowded_ends, min_size=1, max_size=15))
def test_what_one_source_reports_several_times_was_played_several_times(source, ends):
    assert play_count(records(*((source, end) for end in ends))) == len(ends)


@given(histories())
def test_music_of_another_key_changes_nothing(history):
    together = play_of(history)
    for _, same_key in history.groupby("match_key"):
        alone = play_of(same_key)
        assert {record_id: together[record_id] for record_id in alone} == alone


@st.composite
def loops(draw: st.DrawFn) -> tuple[int, pd.DataFrame]:
    """A loop as three sources tell it: the export every play, a poll and account data some of them, each in its way."""
    length_ms = draw(st.integers(5 * SECOND, 240 * SECOND))
    first_ms = draw(st.integers(0, 59_999))
    ends = [first_ms + number * length_ms for number in range(draw(st.integers(1, 12)))]
    rows = [("extended_history", end) for end in ends]
    for end in ends:
        if draw(st.booleans()):
            rows.append(("recently_played", end + draw(st.integers(-90 * SECOND, 90 * SECOND))))
        if draw(st.booleans()):
            rows.append(("account_data", end // MINUTE * MINUTE))
    return len(ends), records(*rows)


@given(loops())
def test_a_loop_told_by_three_sources_keeps_exactly_its_plays(loop):
    true_count, told = loop
    assert play_count(told) == true_count


@given(st.integers(1, 12), st.integers(20 * SECOND, 240 * SECOND), st.integers(0, 60 * SECOND), st.integers(0, 59_999))
def test_account_data_meets_the_anchors_of_a_lagging_poll(count, length_ms, lag_ms, first_ms):
    """Without an export the poll makes the anchors; a minute stamp is then up to lag and 60 s away."""
    ends = [first_ms + number * length_ms for number in range(count)]
    poll = [("recently_played", end + lag_ms) for end in ends]
    minutes = [("account_data", end // MINUTE * MINUTE) for end in ends]
    assert play_count(records(*poll, *minutes)) == count


def test_a_loop_that_nearest_pair_matching_would_count_three_times_is_two_plays():
    ends, polled = [0, 80 * SECOND], [60 * SECOND, 150 * SECOND]  # the poll is 60 s and 70 s late
    assert nearest_first_count(ends, polled, 90 * SECOND) == 3
    told = records(*(("extended_history", end) for end in ends), *(("recently_played", end) for end in polled))
    plays = list(play_of(told).values())
    anchors = told["record_id"].tolist()[:2]
    assert sorted(plays) == sorted([*anchors, *anchors])


def test_the_tolerance_is_90_seconds_and_150_for_minute_stamps():
    for source, tolerance in TOLERANCE.items():
        if source == "extended_history":
            continue
        for sign in (-1, 1):
            within = records(("extended_history", 0), (source, sign * tolerance))
            beyond = records(("extended_history", 0), (source, sign * (tolerance + 1)))
            assert (play_count(within), play_count(beyond)) == (1, 2), source


def test_an_unpaired_record_becomes_an_anchor_for_the_next_source():
    told = records(("account_data", 0), ("recently_played", 60 * SECOND), ("extended_history", 600 * SECOND))
    account, poll, export = told["record_id"]
    assert play_of(told) == {account: poll, poll: poll, export: export}


def test_no_records_make_no_plays():
    assert play_of(records()) == {}


def test_a_poll_that_stamped_the_start_of_a_play_meets_the_play_by_its_other_end():
    export, poll = ("extended_history", 10 * MINUTE), ("recently_played", 6 * MINUTE)
    assert play_count(records(export, poll)) == 2
    assert play_count(records(export, poll).assign(other_ms=[None, 10 * MINUTE])) == 1


def test_a_poll_that_stamped_the_start_of_a_play_cut_short_meets_it_by_its_start():
    """Heard for 110 s of 325 s, stamped at the start: the stamp and the supposed end are both far from the true end."""
    export, poll = ("extended_history", 10 * MINUTE), ("recently_played", 10 * MINUTE + 215 * SECOND)
    start = 10 * MINUTE - 110 * SECOND
    frame = records(export, poll).assign(other_ms=[None, start])
    assert play_count(frame) == 2
    assert play_count(frame.assign(started_ms=[start, None])) == 1


def test_the_other_end_is_only_tried_where_the_stamp_itself_meets_nothing():
    """Two plays in a row, both polled with their true ends: the other end of the first is the end of the second."""
    plays = [("extended_history", 4 * MINUTE), ("extended_history", 8 * MINUTE)]
    polls = [("recently_played", 4 * MINUTE), ("recently_played", 8 * MINUTE)]
    frame = records(*plays, *polls).assign(other_ms=[None, None, 8 * MINUTE, 12 * MINUTE])
    ids = list(frame["record_id"])
    assert play_of(frame) == dict(zip(ids, ids[:2] * 2, strict=True))
