"""A family: one catalogue, days of their own, and tastes that some share, which the plays show."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon

from emulator.family import simulate_family
from emulator.simulator import Simulation, simulate


@pytest.fixture(scope="module")
def family() -> list[Simulation]:
    return simulate_family(4, seed=1, days=120, plays_per_day=40)


def artist_shares(family: list[Simulation]) -> pd.DataFrame:
    artists = family[0].tracks.set_index("track_id")["artist_name"]
    counts = [one.plays["track_id"].map(artists).value_counts(normalize=True) for one in family]
    return pd.concat(counts, axis=1, keys=[one.user_id for one in family]).fillna(0)


def test_members_have_names_and_days_of_their_own_and_one_catalogue(family: list[Simulation]) -> None:
    assert [one.user_id for one in family] == ["ada", "ben", "cleo", "dan"]
    for one in family[1:]:
        pd.testing.assert_frame_equal(one.tracks, family[0].tracks)
        assert not set(one.plays["ended_at"]) & set(family[0].plays["ended_at"]) > set(one.plays["ended_at"].head(50))
    ends = [set(one.plays["ended_at"]) for one in family]
    assert len(ends[0] & ends[1]) < 0.05 * len(ends[0])


def test_the_first_two_love_the_same_artists_and_the_others_do_not(family: list[Simulation]) -> None:
    shares = artist_shares(family)
    apart = {
        (one, other): jensenshannon(shares[one], shares[other], base=2)
        for one in shares
        for other in shares
        if one < other
    }
    alike = apart.pop(("ada", "ben"))
    assert alike < 0.5 * min(apart.values())


def test_the_same_seed_gives_the_same_family_and_a_listener_alone_is_as_before(family: list[Simulation]) -> None:
    again = simulate_family(4, seed=1, days=120, plays_per_day=40)
    pd.testing.assert_frame_equal(again[3].plays, family[3].plays)
    plain = simulate(seed=5, days=30)
    named = simulate(seed=5, days=30, catalogue_seed=5)
    pd.testing.assert_frame_equal(plain.plays, named.plays)


def test_a_large_family_has_names_for_all_and_none_has_no_members() -> None:
    names = [one.user_id for one in simulate_family(10, days=2, plays_per_day=5)]
    assert len(set(names)) == 10
    with pytest.raises(ValueError, match="count=0"):
        simulate_family(0)
