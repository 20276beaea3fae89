"""Groups of editions: who belongs together, whose id stands for the group, and why."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recordings import REASONS, group_editions

COLUMNS = ["track_id", "other_track_id", "evidence"]


def groups(*links: tuple[str, str, str]) -> dict[str, tuple[str, str]]:
    """track_id -> (recording_id, evidence)."""
    found = group_editions(pd.DataFrame(links, columns=COLUMNS))
    return {row.track_id: (row.recording_id, row.evidence) for row in found.itertuples()}


def known(*tracks: str) -> list[tuple[str, str, str]]:
    return [(track, track, "alone") for track in tracks]


def test_a_track_without_links_is_alone():
    assert groups(*known("b", "a")) == {"a": ("a", "alone"), "b": ("b", "alone")}


def test_links_join_in_chains_under_the_smallest_id():
    found = groups(*known("a", "b", "c", "d"), ("c", "b", "isrc"), ("b", "a", "name_and_length"))
    assert found == {"a": ("a", "name_and_length"), "b": ("a", "isrc"), "c": ("a", "isrc"), "d": ("d", "alone")}


def test_a_link_to_an_unknown_track_says_nothing():
    assert groups(*known("a"), ("a", "z", "rule")) == {"a": ("a", "alone")}


def test_a_track_that_a_rule_sets_apart_says_so():
    assert groups(*known("a"), ("a", "a", "rule")) == {"a": ("a", "rule")}


def test_no_tracks_are_no_groups():
    found = group_editions(pd.DataFrame([], columns=COLUMNS, dtype=object))
    assert (list(found.columns), len(found)) == (["track_id", "recording_id", "evidence"], 0)


TRACKS = [f"t{n}" for n in range(8)]
LINK = st.tuples(st.sampled_from(TRACKS), st.sampled_from([*TRACKS, "unknown"]), st.sampled_from(REASONS[:3]))


@given(links=st.lists(LINK, max_size=12), data=st.data())
def test_tracks_share_a_group_exactly_if_a_path_of_links_joins_them_whatever_the_order(links, data):
    every = known(*TRACKS) + links
    found = groups(*every)
    assert groups(*data.draw(st.permutations(every))) == found
    joined = {track: {track} for track in TRACKS}
    for one, other, _ in links:
        if other in joined:
            together = joined[one] | joined[other]
            joined.update(dict.fromkeys(together, together))
    assert {track: edition for track, (edition, _) in found.items()} == {t: min(joined[t]) for t in TRACKS}
    for track, (_, evidence) in found.items():
        own = [reason for one, other, reason in links if track in (one, other) and other != "unknown"]
        assert evidence == min([*own, "alone"], key=REASONS.index)


@pytest.mark.parametrize("count", [100_000])
def test_a_large_catalogue_is_grouped(count):
    ids = [f"{number:06d}" for number in range(count)]
    pairs = pd.DataFrame({"track_id": ids[1::2], "other_track_id": ids[::2], "evidence": "isrc"})
    loops = pd.DataFrame({"track_id": ids, "other_track_id": ids, "evidence": "alone"})
    found = group_editions(pd.concat([pairs, loops], ignore_index=True))
    assert found["recording_id"].tolist() == [track for track in ids[::2] for _ in range(2)]
