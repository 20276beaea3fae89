"""How taste moves: shares, centres and distances by hand and by SciPy, and when they are not told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from models.taste import COLUMNS, FEATURES, taste_evolution

WEEK, MONTH = "week", "month"


def listening(heard: Iterable[tuple[str, int, str, int]], plays: int = 50) -> pd.DataFrame:
    """(kind, number, track, ms), each with so many plays; months are there for every kind."""
    rows = [(kind, number, track, plays, ms) for kind, number, track, ms in heard]
    return pd.DataFrame(rows, columns=["period_kind", "period_number", "track_key", "play_count", "listened_ms"])


def attributes(*given: tuple[str, str, str, str, float]) -> pd.DataFrame:
    """(track, basis, aspect, item, weight)."""
    return pd.DataFrame(given, columns=["track_key", "basis", "aspect", "item", "weight"])


def sounds(track: str, level: float, basis: str = "all", **others: float) -> list[tuple[str, str, str, str, float]]:
    """All nine features of a track at one level, but for those that are named."""
    values = {**dict.fromkeys(FEATURES, level), **others}
    return [(track, basis, "feature", name, value) for name, value in values.items()]


def genre(track: str, name: str, weight: float = 1.0) -> list[tuple[str, str, str, str, float]]:
    return [(track, "", aspect, name, weight) for aspect in ("genre", "genre_family")]


def values(frame: pd.DataFrame, aspect: str, kind: str = MONTH, basis: str = "all") -> dict[tuple[int, str], Any]:
    chosen = frame[(frame["taste_aspect"] == aspect) & (frame["period_kind"] == kind) & (frame["basis"] == basis)]
    keys = zip(chosen["period_number"], chosen["aspect_item"], strict=True)
    return dict(zip(keys, chosen["aspect_value"], strict=True))


def test_shares_split_a_track_among_its_genres_and_leave_the_rest_unknown():
    found = taste_evolution(
        listening([(MONTH, 0, "a", 600), (MONTH, 0, "b", 300), (MONTH, 0, "?", 100), (MONTH, 2, "?", 5)]),
        attributes(*genre("a", "rock", 0.5), *genre("a", "folk", 0.5), *genre("b", "rock")),
    )
    shares = {(0, "rock"): 0.6, (0, "folk"): 0.3}
    assert values(found, "genre_family") == pytest.approx({**shares, (0, "unknown"): 0.1, (2, "unknown"): 1})
    assert values(found, "genre") == pytest.approx(shares)
    assert values(found, "genre_family", basis="measured") == values(found, "genre_family")
    assert list(found.columns) == list(COLUMNS)
    assert set(found["period_number"]) == {0, 2}  # a month of silence has no rows


def test_two_genres_of_one_family_are_added():
    found = taste_evolution(
        listening([(MONTH, 0, "a", 100)]),
        attributes(("a", "", "genre_family", "rock", 0.25), ("a", "", "genre_family", "rock", 0.75)),
    )
    assert values(found, "genre_family") == {(0, "rock"): 1}


def test_only_the_ten_genres_of_most_time_over_all_are_followed():
    heard = [(MONTH, 0, f"t{n:02d}", 100 - n) for n in range(12)] + [(MONTH, 1, "t11", 50), (WEEK, 0, "t11", 50)]
    found = taste_evolution(
        listening(heard), attributes(*(row for n in range(12) for row in genre(f"t{n:02d}", f"g{n:02d}")))
    )
    followed = {item for _, item in values(found, "genre")}
    assert followed == {f"g{n:02d}" for n in (11, *range(9))}  # the last has 139 ms, t09 and t10 the least
    assert values(found, "genre", WEEK) == {(0, "g11"): 1}
    assert len({item for _, item in values(found, "genre_family")}) == 12


def test_eras_are_shares_with_what_is_unknown_beside():
    found = taste_evolution(
        listening([(MONTH, 0, "a", 30), (MONTH, 0, "b", 70)]), attributes(("a", "", "era", "1990s", 1.0))
    )
    assert values(found, "era") == pytest.approx({(0, "1990s"): 0.3, (0, "unknown"): 0.7})


def test_a_centre_is_weighted_by_time_and_told_from_sixty_percent_on():
    known = attributes(*sounds("a", 0.2), *sounds("b", 0.8, tempo=120), *sounds("a", 0.2, "measured"))
    found = taste_evolution(
        listening(
            [
                (MONTH, 0, "a", 450),
                (MONTH, 0, "b", 150),
                (MONTH, 0, "?", 400),
                (MONTH, 1, "b", 599),
                (MONTH, 1, "?", 401),
            ]
        ),
        known,
    )
    centres = values(found, "feature")
    assert centres[0, "energy"] == pytest.approx((450 * 0.2 + 150 * 0.8) / 600)
    assert centres[0, "tempo"] == pytest.approx((450 * 0.2 + 150 * 120) / 600)
    assert np.isnan(centres[1, "energy"])
    measured = found[(found["taste_aspect"] == "feature") & (found["basis"] == "measured")]
    assert measured["aspect_value"].isna().all()
    assert set(measured["reason"]) == {
        f"only {n} % of the listening time has measured audio features; 60 % is needed" for n in (45, 0)
    }
    at_one = found[(found["taste_aspect"] == "feature") & (found["basis"] == "all") & (found["period_number"] == 1)]
    assert set(at_one["reason"]) == {"only 59 % of the listening time has audio features; 60 % is needed"}


def test_a_feature_of_zero_is_known_and_one_that_is_missing_is_not():
    known = [row for row in sounds("a", 0.0) if row[3] != "tempo"]
    centres = values(taste_evolution(listening([(MONTH, 0, "a", 10)]), attributes(*known)), "feature")
    assert centres[0, "energy"] == 0 and np.isnan(centres[0, "tempo"])


def test_measured_share_is_the_time_of_measured_tracks():
    found = taste_evolution(
        listening([(MONTH, 0, "a", 30), (MONTH, 0, "b", 70)]), attributes(("a", "all", "measured", "measured", 1.0))
    )
    assert set(found.loc[found["basis"] == "all", "measured_share"]) == {0.3}
    assert set(found.loc[found["basis"] == "measured", "measured_share"]) == {0.0}


def test_the_distance_of_features_is_euclidean_in_standard_deviations_by_time():
    months = [(MONTH, n, track, ms) for n, track, ms in [(0, "a", 10), (1, "a", 20), (2, "b", 10), (3, "b", 40)]]
    found = values(taste_evolution(listening(months), attributes(*sounds("a", 0.0), *sounds("b", 1.0))), "distance")
    share = 50 / 80  # of the time that b has: mean and variance of a feature that is 0 or 1
    expected = np.sqrt(9) * (1 - 10 / 40) / np.sqrt(share * (1 - share))
    assert found[3, "features"] == pytest.approx(expected)
    assert [np.isnan(found[n, "features"]) for n in range(4)] == [True, True, True, False]


def test_a_feature_that_never_changes_adds_no_distance():
    months = [(MONTH, n, track, 10) for n, track in enumerate("aaab")]
    known = attributes(*sounds("a", 0.5, energy=0.0), *sounds("b", 0.5, energy=1.0))
    found = values(taste_evolution(listening(months), known), "distance")
    assert found[3, "features"] == pytest.approx(1 / np.sqrt(0.25 * 0.75))


@settings(max_examples=20, deadline=None)
@given(
    weights=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=4, max_size=4).filter(
        lambda rows: sum(rows[3]) > 0 and sum(map(sum, rows[:3])) > 0
    )
)
def test_the_distance_of_genres_is_the_one_that_scipy_knows(weights):
    heard = [(MONTH, n, track, ms) for n, row in enumerate(weights) for track, ms in zip("abc", row, strict=True)]
    known = attributes(*(row for track in "abc" for row in genre(track, track)))
    found = values(taste_evolution(listening(heard), known), "distance")
    quarter = np.sum(weights[:3], axis=0)
    assert found[3, "genre_families"] == pytest.approx(jensenshannon(weights[3], quarter, base=2), abs=1e-7)


def test_weeks_look_back_on_thirteen_weeks_and_months_on_three():
    heard = [(MONTH, n, "a", 10) for n in range(5)] + [(WEEK, n, "a", 10) for n in range(15)]
    known = attributes(*genre("a", "rock"), *sounds("a", 0.5))
    frame = taste_evolution(listening(heard), known)
    for kind, told in ((MONTH, {3, 4}), (WEEK, {13, 14})):
        found = values(frame, "distance", kind)
        assert {number for (number, _), value in found.items() if not np.isnan(value)} == told
        assert {value for value in found.values() if not np.isnan(value)} == {0}
    reasons = frame[(frame["taste_aspect"] == "distance") & (frame["period_number"] == 0)]["reason"]
    assert set(reasons) == {"no whole quarter of history lies before"}


@pytest.mark.parametrize(
    ("plays", "reason"),
    [
        ([50, 50, 50, 19], "only 19 counted plays; 20 are needed"),
        ([33, 33, 33, 50], "only 99 counted plays in the quarter before; 100 are needed"),
        ([34, 33, 33, 20], None),
    ],
)
def test_a_distance_needs_enough_plays(plays, reason):
    rows = listening([(MONTH, n, "a", 10) for n in range(4)]).assign(play_count=plays)
    found = taste_evolution(rows, attributes(*genre("a", "rock"), *sounds("a", 0.5)))
    at_three = found[(found["taste_aspect"] == "distance") & (found["period_number"] == 3) & (found["basis"] == "all")]
    assert set(at_three["reason"]) == {reason}
    assert at_three["aspect_value"].isna().all() == (reason is not None)


def test_a_distance_needs_sixty_percent_known_here_and_in_the_quarter_before():
    known = attributes(*genre("a", "rock"), *sounds("a", 0.5))
    here = [(MONTH, n, "a", 100) for n in range(4)] + [(MONTH, 3, "?", 67)]
    before = [(MONTH, n, "a", 100) for n in range(4)] + [(MONTH, 1, "?", 201)]
    for heard in (here, before):
        found = taste_evolution(listening(heard), known)
        at_three = found[
            (found["taste_aspect"] == "distance") & (found["period_number"] == 3) & (found["basis"] == "all")
        ]
        assert at_three["aspect_value"].isna().all()
        assert set(at_three["reason"]) == {
            f"less than 60 % of the listening time, here or in the quarter before, has {what}"
            for what in ("audio features", "a known genre")
        }


def test_the_order_of_rows_changes_nothing():
    rng = np.random.default_rng(7)
    heard = [
        (kind, number, f"t{track}", int(rng.integers(1, 9_999)))
        for kind, count in ((MONTH, 6), (WEEK, 26))
        for number in range(count)
        for track in rng.choice(40, 15, replace=False)
    ]
    known = [row for n in range(40) for row in (*sounds(f"t{n}", float(rng.random())), *genre(f"t{n}", f"g{n % 7}"))]
    rows, facts = listening(heard), attributes(*known)
    mixed = taste_evolution(rows.sample(frac=1, random_state=1), facts.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(mixed, taste_evolution(rows, facts))
