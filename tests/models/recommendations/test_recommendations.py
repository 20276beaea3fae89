"""The sources, the list and its score, on listeners of a few plays."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommendations.candidates import candidates
from models.recommendations.history import FEATURES
from models.recommendations.listeners import shared_taste
from models.recommendations.merging import merged, served
from models.recommendations.rules import LIST_LENGTH, NEW_PLACES, PER_ARTIST, SOURCES, WEIGHTS

AS_OF = date(2026, 10, 31)


def play(recording: str, days_ago: int, times: int = 1, **other: Any) -> dict[str, Any]:
    """Counted plays of one recording on one day."""
    block = min(days_ago // 30, 13)
    row = {"recording_id": recording, "track_id": recording, "session_id": f"s{days_ago}", "age_block": block}
    row |= {"days_ago": days_ago, "part_of_day": "evening", "start_count": times, "play_count": times}
    return {**row, "skip_count": 0, "excluded_count": 0, **other}


def track(recording: str, artist: str = "", kind: str = "track", **other: Any) -> dict[str, Any]:
    names = {"track_name": f"Title {recording}", "artist_name": artist or f"Artist {recording}"}
    return {"kind": kind, "recording_id": recording, **names, **other}


@pytest.fixture
def found(made):
    """Candidates of plays, where every recording played is a track of both bases beside the facts given."""

    def of(plays: list[dict[str, Any]], *facts: dict[str, Any], source: str, fit: str = "now", basis: str = "measured"):
        described = {fact["recording_id"] for fact in facts if fact["kind"] == "track"}
        names = sorted({row["recording_id"] for row in plays} - described)
        own = [track(name) for name in names] + [fact for fact in facts if fact["kind"] == "track"]
        each = [{**fact, "basis": basis} for fact in own for basis in ("measured", "all")]
        all_facts = made.facts_of(*each, *(fact for fact in facts if fact["kind"] != "track"))
        rows = candidates(pd.DataFrame(plays), all_facts, AS_OF)
        mine = rows[(rows["source"] == source) & (rows["fit"] == fit) & (rows["basis"] == basis)]
        return mine.set_index("recording_id")

    return of


def test_a_favourite_silent_for_ninety_days_is_forgotten_and_says_since_when(found):
    plays = [play("old", 170, 41), play("resting", 89, 50), play("rare", 170, 4), play("older", 400, 6)]
    rows = found(plays, source="forgotten")
    assert list(rows.index) == ["old", "older"]
    assert rows.loc["old", "why"] == "You played it 41 times until May and not since"
    assert rows.loc["older", "why"] == "You played it 6 times until September 2025 and not since"


def test_what_was_played_within_thirty_days_is_suggested_by_no_source(found):
    plays = [play("fresh", 29, 9), play("fresh", 200, 9), play("rested", 30, 9)]
    for source in ("own_popularity", "own_recency"):
        assert list(found(plays, source=source).index) == ["rested"]


def test_the_held_out_fit_sees_nothing_of_the_last_thirty_days(found):
    before = [play("a", 60, 3), play("b", 75, 2), play("c", 40, 9)]
    after = [play("a", 10, 50), play("new", 5, 50)]
    with_after = found(before + after, source="own_popularity", fit="held_out")
    assert list(with_after.index) == ["a", "b"]  # c was played within 30 days before the fit's last day
    assert with_after.loc["a", "why"] == "You have played it 3 times"
    assert with_after.loc["a", "days_ago"] == 30


def test_what_was_skipped_twice_in_thirty_days_is_refused(found):
    skip = {"play_count": 0, "days_ago": -1, "age_block": 0}
    twice = play("twice", 5, 2, skip_count=2) | skip
    once = play("once", 5, 1, skip_count=1) | skip
    rows = found([play("twice", 200, 9), play("once", 200, 9), twice, once], source="forgotten")
    assert list(rows.index) == ["once"]


def test_recordings_and_artists_that_are_mostly_excluded_are_not_suggested(found):
    plays = [
        play("half", 200, 5, excluded_count=5),
        play("hardly", 200, 9, excluded_count=1),
        play("other", 200, 6),
        play("noise", 200, 0, start_count=0, excluded_count=20),
    ]
    facts = [track("other", artist="Kids"), track("noise", artist="Kids")]
    facts += [track("fresh", artist="kids", kind="catalogue", genre="pop", strength=90.0)]
    rows = found(plays, *facts, source="own_popularity")
    assert list(rows.index) == ["hardly"]


def test_what_shares_sessions_with_recent_plays_comes_before_what_was_played_as_often_apart(found):
    plays = [play("seed", day) for day in (3, 40, 50, 60, 70)]
    plays += [play("mate", day) for day in (40, 50, 60)] + [play("stranger", day) for day in (41, 51, 61)]
    rows = found(plays, source="together")
    assert list(rows.index) == ["mate"]
    assert rows.loc["mate", "why"] == "You often play it together with Title seed"


def test_meeting_once_is_no_reason_to_name_a_companion(found):
    rows = found([play("seed", 3), play("seed", 40), play("mate", 40)], source="together")
    assert rows.loc["mate", "why"] == "It goes with what you play of late"


def sounding(name: str, value: float) -> dict[str, Any]:
    return track(name, **dict.fromkeys(FEATURES, value))


def test_what_lies_near_to_the_evening_is_close_in_sound_and_what_lies_far_comes_last(found):
    values = np.linspace(0.1, 0.9, 30)
    facts = [sounding(f"t{number:02d}", value) for number, value in enumerate(values)]
    plays = [play(f"t{number:02d}", 100, 2) for number in range(30)] + [play("t05", 2, 20)]
    rows = found(plays, *facts, source="sound")
    assert list(rows.index[:4]) == ["t04", "t06", "t03", "t07"]
    assert rows.index[-1] == "t29"
    assert rows.loc["t04", "why"] == "Close in sound to what you play in the evening"
    assert rows.loc["t04", "part_of_day"] == "evening"


def test_no_synthetic_feature_reaches_the_measured_basis(made):
    """On basis all every track has features, on measured none: the sources of sound say nothing there."""
    plays = pd.DataFrame([play(f"t{n:02d}", 100, 2) for n in range(30)] + [play("t05", 2, 20)])
    known = [{**sounding(f"t{n:02d}", n / 30), "basis": "all"} for n in range(30)]
    bare = [{**track(f"t{n:02d}"), "basis": "measured"} for n in range(30)]
    rows = candidates(plays, made.facts_of(*known, *bare), AS_OF)
    assert set(rows.loc[rows["source"] == "sound", "basis"]) == {"all"}
    by_basis = [rows[rows["basis"] == basis] for basis in ("measured", "all")]
    same = [part[part["source"] != "sound"].drop(columns="basis").reset_index(drop=True) for part in by_basis]
    assert len(same[0]) > 0
    pd.testing.assert_frame_equal(*same)


def album(name: str, **other: Any) -> dict[str, Any]:
    return track(name, artist="Band", kind="album", album_id="al", album_name="Long Player", **other)


def test_the_rest_of_an_album_of_which_three_tracks_are_liked_is_suggested(found):
    plays = [play(name, 50, 3) for name in "abc"]
    rows = found(plays, *(album(name) for name in "abcde"), source="album")
    assert list(rows.index) == ["d", "e"]
    assert set(rows["why"]) == {"One of the two tracks of Long Player that you have not heard"}
    assert bool(rows["is_new_to_listener"].all())
    assert found(plays[:2], *(album(name) for name in "abcde"), source="album").empty


def test_one_missing_track_is_named_as_the_one(found):
    rows = found([play(name, 50, 3) for name in "abc"], *(album(name) for name in "abcd"), source="album")
    assert rows.loc["d", "why"] == "The one track of Long Player that you have not heard"


def test_discoveries_are_of_favourite_genres_by_popularity_and_never_known_by_another_id(found):
    plays = [play("own", 50, 5)]
    facts = [
        track("own", artist="Ann", genre="bossa nova"),
        track("high", kind="catalogue", genre="bossanova", strength=80.0),
        track("low", kind="catalogue", genre="bossanova", strength=40.0),
        track("metal", kind="catalogue", genre="metal", strength=99.0),
        {**track("copy", kind="catalogue", genre="bossanova", strength=90.0), "track_name": "title OWN"}
        | {"artist_name": "ANN"},
    ]
    rows = found(plays, *facts, source="discovery")
    assert list(rows.index) == ["high", "low"]
    assert rows.loc["high", "why"] == "Popular in bossanova, one of your genres; new to you"


def taste(listener: str, *names: str, times: int = 20) -> list[dict[str, Any]]:
    return [{"user_id": listener, "recording_id": name, "now": times, "held_out": times} for name in names]


def test_what_a_listener_of_like_taste_plays_comes_before_what_another_does():
    common = [f"c{number}" for number in range(8)]
    rows = taste("ann", *common) + taste("bob", *common, "bobs") + taste("cy", *(f"x{n}" for n in range(8)), "cys")
    found = shared_taste(pd.DataFrame(rows))
    for fit in ("now", "held_out"):
        of_ann = found[(found["user_id"] == "ann") & (found["fit"] == fit)]["recording_id"].tolist()
        assert of_ann[0] == "bobs"
        assert not set(of_ann) & set(common)


def test_one_listener_alone_learns_nothing_from_listeners():
    assert shared_taste(pd.DataFrame(taste("ann", "a", "b", "c"))).empty


def test_factors_are_the_same_in_any_order_of_rows():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        [row for user in "abcd" for row in taste(user, *(f"r{n}" for n in rng.choice(60, 25, replace=False)))]
    )
    shuffled = rows.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(shared_taste(rows), shared_taste(shuffled))


@st.composite
def some_candidates(draw: st.DrawFn) -> pd.DataFrame:
    rows = []
    for source in SOURCES:
        chosen = draw(st.lists(st.integers(0, 79), unique=True, max_size=60))
        rows += [
            {
                "source": source,
                "source_rank": place + 1,
                "recording_id": f"r{number:02d}",
                "track_id": f"r{number:02d}",
                "track_name": f"Title {number % 75}",
                "artist_name": f"Artist {number % 25}" if number % 10 else "",
                "album_name": "",
                "why": f"by {source}",
                "part_of_day": "",
                "is_new_to_listener": number >= 60,
            }
            for place, number in enumerate(chosen)
        ]
    columns = ["source", "source_rank", "recording_id", "track_id", "track_name", "artist_name", "album_name", "why"]
    return pd.DataFrame(rows, columns=[*columns, "part_of_day", "is_new_to_listener"])


@settings(max_examples=60, deadline=None)
@given(some_candidates(), st.sampled_from(["model", "own_popularity", "own_recency"]))
def test_parts_add_up_and_no_artist_or_title_comes_too_often(rows, served_by):
    found = served(rows, served_by)
    parts = found[[f"{source}_score" for source in SOURCES]].sum(axis=1)
    assert (found["score"] - parts).abs().max() <= 1e-9 or found.empty
    assert found["rank"].tolist() == list(range(1, len(found) + 1))
    assert len(found) <= LIST_LENGTH and found["recording_id"].is_unique
    named = found[found["artist_name"] != ""]
    assert named["artist_name"].value_counts().max() <= PER_ARTIST or named.empty
    assert not named[["track_name", "artist_name"]].duplicated().any()
    for _, row in found.iterrows():  # the parts are by the sources that name it, the first of which says why
        told = {source for source in SOURCES if row[f"{source}_score"] > 0}
        assert told == set(row["sources"].split(","))
        assert row["why"].startswith(f"by {row['sources'].split(',')[0]}")


def simple(source: str, names: list[str], *, is_new: bool = False) -> pd.DataFrame:
    details = {"track_id": names, "track_name": names, "artist_name": names, "album_name": "", "why": f"by {source}"}
    place = {"source": source, "source_rank": range(1, len(names) + 1), "recording_id": names}
    return pd.DataFrame({**place, **details, "part_of_day": "", "is_new_to_listener": is_new})


def test_a_score_is_the_sum_of_weighted_reciprocal_ranks():
    rows = pd.concat([simple("together", ["a", "b"]), simple("forgotten", ["c", "b"])])
    found = merged(rows, WEIGHTS).set_index("recording_id")
    assert found.loc["b", "score"] == pytest.approx(1.0 * 31 / 32 + 0.7 * 31 / 32, abs=1e-12)
    assert list(found.index) == ["b", "a", "c"]
    assert found.loc["b", "sources"] == "together,forgotten"


def test_ten_places_are_kept_for_what_is_new():
    rows = pd.concat([simple("together", [f"o{n:02d}" for n in range(90)]),
                      simple("discovery", [f"n{n:02d}" for n in range(90)], is_new=True)])  # fmt: skip
    found = merged(rows, WEIGHTS)
    assert found["is_new_to_listener"].sum() == NEW_PLACES
    assert found["score"].is_monotonic_decreasing


def test_a_baseline_that_is_served_says_so_and_is_filled_up_by_the_model():
    rows = pd.concat([simple("own_popularity", ["a", "b"]), simple("together", ["b", "c"])])
    found = served(rows, "own_popularity").set_index("recording_id")
    assert found["served_by"].to_dict() == {"a": "own_popularity", "b": "own_popularity", "c": "model"}
    assert found.loc["a", "why"] == "by own_popularity; what you play most was no worse a guide when tested"
    assert found.loc["b", "together_score"] == 0.0
