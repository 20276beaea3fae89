"""Steps from one list of items to another: they lead there, and what stays is not touched needlessly."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from playlists.changes import BATCH, applied, steps_between

items = st.lists(st.sampled_from([f"spotify:track:{letter}" for letter in "abcdefgh"]), max_size=12)


def led(now: list[str], wanted: list[str]) -> list[str]:
    for step in steps_between(now, wanted):
        now = applied(now, step)
    return now


@settings(max_examples=300, deadline=None)
@given(now=items, wanted=items)
def test_the_steps_lead_from_any_list_to_any_other(now: list[str], wanted: list[str]) -> None:
    assert led(now, wanted) == wanted


@settings(max_examples=100, deadline=None)
@given(now=items, wanted=items)
def test_nothing_is_removed_that_is_on_the_list_as_often_as_wanted(now: list[str], wanted: list[str]) -> None:
    removed = {uri for step in steps_between(now, wanted) if step.kind == "remove" for uri in step.uris}
    there, goal = Counter(now), Counter(wanted)
    assert removed == {uri for uri in there if there[uri] > goal[uri]}


def test_equal_lists_need_no_step_and_a_moved_item_one() -> None:
    assert list(steps_between(["a", "b", "c"], ["a", "b", "c"])) == []
    assert [step.kind for step in steps_between(["a", "b", "c", "d"], ["d", "a", "b", "c"])] == ["move"]


def test_no_step_holds_more_items_than_spotify_takes() -> None:
    many = [f"t{number}" for number in range(3 * BATCH + 5)]
    for now, wanted in ((many, ["x"]), (["x"], ["x", *many]), (["x"], [*many, "x"])):
        steps = list(steps_between(now, wanted))
        assert max(len(step.uris) for step in steps) <= BATCH
        assert led(now, wanted) == wanted
