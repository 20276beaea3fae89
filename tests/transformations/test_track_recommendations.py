"""Recommendations in the lake: against SQL from the definitions, and what keeps a recording from a list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from pipeline import table_named
from transformations.gold.recommendation_candidates import recommendation_candidates
from transformations.gold.track_recommendations import track_recommendations

AS_OF = date(2026, 3, 11)  # a Wednesday
SUNDAY = AS_OF - timedelta(days=3)


def played(recording: str, days_ago: int, **other: Any) -> dict[str, Any]:
    """A counted play, so many days before the Sunday."""
    day = SUNDAY - timedelta(days=days_ago)
    row = {"play_id": f"{recording}-{days_ago}", "user_id": "ann", "recording_id": recording, "track_id": recording}
    row |= {"track_name": f"Title {recording}", "artist_name": f"Artist {recording}", "session_id": f"s{days_ago}"}
    row |= {"played_date": day, "played_month": f"{day:%Y-%m}", "is_counted": True, "part_of_day": "evening"}
    return {**row, **other}


@pytest.fixture
def made(rows):
    """Rows of recommendation_candidates from plays and, by name, rows of other inputs."""

    def of(plays: list[dict[str, Any]], **others: list[dict[str, Any]]) -> pd.DataFrame:
        inputs = [
            rows(name, *(plays if name == "listening_with_features" else others.get(name, ())))
            for name in recommendation_candidates.inputs
        ]
        return recommendation_candidates(*inputs, as_of=SUNDAY).toPandas()

    return of


def of_source(found: pd.DataFrame, source: str, fit: str = "now", basis: str = "measured") -> pd.DataFrame:
    fits = (found["suggestion_source"] == source) & (found["fit"] == fit) & (found["basis"] == basis)
    return found[fits].sort_values("source_rank").set_index("recording_id")


def test_candidates_of_counts_know_names_and_dates_and_leave_out_what_is_fresh_or_excluded(made):
    plays = [played("a", day) for day in (100, 101, 102, 103, 104)] + [
        played("b", 40),
        played("c", 30),
        played("d", 29),
    ]
    plays += [played("e", day, excluded_by="party") for day in (50, 60)]
    found = made(plays)
    popular = of_source(found, "own_popularity")
    assert list(popular.index) == ["a", "c", "b"]
    assert popular.loc["a", "track_name"] == "Title a"
    assert popular.loc["a", "last_played_date"] == SUNDAY - timedelta(days=100)
    assert not popular["is_new_to_listener"].any()
    assert list(of_source(found, "forgotten").index) == ["a"]
    assert list(of_source(found, "own_recency").index) == ["c", "b", "a"]
    # 30 days earlier: c and d were not played yet, b ten days before.
    assert list(of_source(found, "own_recency", "held_out").index) == ["a"]
    assert of_source(found, "own_recency", "held_out").loc["a", "last_played_date"] == SUNDAY - timedelta(days=100)


def test_the_missing_tracks_of_an_album_come_from_its_list_with_their_names(made):
    plays = [played(name, day) for name in "abc" for day in (50, 51, 52)]
    album = {"album_id": "al", "album_name": "Long Player", "track_ids": '["a","b","c","d","d2"]'}
    names = [{"track_id": name, "track_name": f"Title {name}", "artist_name": "Band"} for name in ("a", "d", "d2")]
    editions = [{"track_id": "d2", "recording_id": "d"}]
    found = of_source(made(plays, albums=[album], tracks=names, recordings=editions), "album")
    assert found["why"].to_dict() == {"d": "The one track of Long Player that you have not heard"}
    assert found.loc["d", "track_name"] == "Title d"
    assert pd.isna(found.loc["d", "last_played_date"])


def test_the_catalogue_brings_what_is_popular_in_the_genres_that_are_played(made):
    plays = [played("a", day) for day in (50, 51)]
    genres = [{"track_id": "a", "genre": "hip hop", "genre_weight": 1.0, "genre_family": "hip hop"}]
    catalogue = [
        {"track_id": f"k{place}", "track_genre": genre, "track_name": f"K {place}", "artists": "Kay;Guest"}
        | {"popularity": 10 * place, "energy": 0.5, "valence": 0.5}
        for place, genre in enumerate(("hip-hop", "hip-hop", "metal"), start=1)
    ]
    found = of_source(made(plays, track_genres=genres, kaggle_tracks_bronze=catalogue), "discovery")
    assert list(found.index) == ["k2", "k1"]
    assert set(found["artist_name"]) == {"Kay"}


def test_simulated_listeners_teach_real_ones_nothing(made):
    common = [played(f"c{number}", 50, play_id=f"{who}{number}", user_id=who, is_simulated=who != "ann", track_id=None)
              for who in ("ann", "bob", "cy") for number in range(8)]  # fmt: skip
    extra = [played("bobs", 50, user_id="bob", is_simulated=True), played("cys", 51, user_id="cy", is_simulated=True)]
    names = [{"track_id": name, "track_name": f"Title {name}", "artist_name": "Band"} for name in ("bobs", "cys")]
    found = of_source(made([*common, *extra], tracks=names), "listeners")
    assert found["user_id"].to_dict() == {"bobs": "cy", "cys": "bob"}


def candidate(recording: str, source: str, rank: int, **other: Any) -> dict[str, Any]:
    row = {"user_id": "ann", "basis": "measured", "fit": "now", "suggestion_source": source, "source_rank": rank}
    row |= {"recording_id": recording, "track_name": recording, "artist_name": recording, "why": f"by {source}"}
    return {**row, "last_played_date": SUNDAY - timedelta(days=40), **other}


@pytest.fixture
def listed(rows):
    """Rows of track_recommendations from candidates and, by name, rows of other inputs."""

    def of(*candidates: dict[str, Any], **others: list[dict[str, Any]]) -> pd.DataFrame:
        given = {"recommendation_candidates": list(candidates), **others}
        inputs = [rows(name, *given.get(name, ())) for name in track_recommendations.inputs]
        return track_recommendations(*inputs, as_of=AS_OF).toPandas().sort_values("rank").set_index("recording_id")

    return of


VERDICT = {"user_id": "ann", "basis": "measured", "subject": "model", "metric": "ndcg_20", "served_by": "model"}


def test_a_list_has_parts_and_days_of_silence(listed):
    found = listed(
        candidate("a", "together", 1),
        candidate("b", "together", 2),
        candidate("b", "forgotten", 1),
        candidate("n", "discovery", 1, is_new_to_listener=True, last_played_date=None, track_id="n"),
        candidate("z", "together", 1, fit="held_out"),
        recommendation_evaluations=[VERDICT],
        track_features=[{"track_id": "n", "basis": "measured", "feature_source": "real"}],
    )
    assert list(found.index) == ["b", "a", "n"]
    assert found.loc["b", ["together_score", "forgotten_score", "score"]].tolist() == pytest.approx(
        [31 / 32, 0.7, 31 / 32 + 0.7]
    )
    assert found.loc["b", "sources"] == "together,forgotten"
    assert found["silent_days"].tolist()[:2] == [43, 43] and pd.isna(found.loc["n", "silent_days"])
    assert found["has_measured_features"].to_dict() == {"b": False, "a": False, "n": True}
    assert set(found["served_by"]) == {"model"}


def test_what_was_played_or_skipped_since_the_candidates_were_made_is_left_out(listed):
    skip = {"is_counted": False, "is_skip": True}
    plays = [played("fresh", -2), played("old", 27), played("gone", 26), played("excluded", -1, excluded_by="party")]
    plays += [played("twice", -1, **skip), played("twice", -2, play_id="x", **skip), played("once", -1, **skip)]
    names = ("fresh", "old", "gone", "excluded", "twice", "once")
    found = listed(
        *(candidate(name, "together", place) for place, name in enumerate(names, start=1)),
        recommendation_evaluations=[VERDICT],
        listening_with_features=plays,
    )
    assert set(found.index) == {"old", "excluded", "once"}  # 27 days before the Sunday is 30 before the Wednesday


def outcome(recording: str, kind: str, day: date, source: str = "together") -> dict[str, Any]:
    row = {"user_id": "ann", "basis": "measured", "suggested_date": day - timedelta(days=14), "recording_id": recording}
    when = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {**row, "outcome": kind, "outcome_date": None if kind == "suggested" else day, "recorded_at": when} | {
        "suggestion_source": source, "served_by": "model", "rank": 1, "why": "why"
    }  # fmt: skip


def test_what_was_refused_within_sixty_days_is_left_out(listed):
    found = listed(
        *(candidate(name, "together", place) for place, name in enumerate("abcd", start=1)),
        recommendation_evaluations=[VERDICT],
        recommendation_outcomes=[
            outcome("a", "ignored", AS_OF - timedelta(days=59)),
            outcome("b", "ignored", AS_OF - timedelta(days=60)),
            outcome("c", "suggested", AS_OF),
            outcome("d", "skipped", AS_OF - timedelta(days=3)),
        ],
    )
    assert list(found.index) == ["b", "c"]


def test_a_source_whose_suggestions_were_taken_weighs_more(listed):
    taken = [outcome(f"t{n}", "played", AS_OF - timedelta(days=70), "sound") for n in range(30)]
    refused = [outcome(f"r{n}", "ignored", AS_OF - timedelta(days=70)) for n in range(30)]
    found = listed(
        candidate("a", "together", 1),
        candidate("b", "sound", 1),
        recommendation_evaluations=[VERDICT],
        recommendation_outcomes=taken + refused,
    )
    # All: half. sound: (30 + 10) / 50, together: 10 / 50.
    assert found.loc["b", "sound_score"] == pytest.approx(0.3 * 1.5)
    assert found.loc["a", "together_score"] == pytest.approx(1.0 * 0.5)


@pytest.mark.parametrize("verdicts", [[], [{**VERDICT, "served_by": "own_popularity"}]])
def test_without_a_better_model_the_baseline_is_served(listed, verdicts):
    found = listed(
        candidate("a", "together", 1), candidate("p", "own_popularity", 1), recommendation_evaluations=verdicts
    )
    assert found["served_by"].to_dict() == {"p": "own_popularity", "a": "model"}
    assert found.loc["p", "why"].endswith("what you play most was no worse a guide when tested")


def settled_end(as_of: date) -> date:
    return as_of - timedelta(days=as_of.weekday() + 1)


def test_the_baselines_of_the_built_lake_are_those_of_sql(history, table, sql):
    found = table("recommendation_candidates")
    for fit, back in (("now", 0), ("held_out", 30)):
        end = settled_end(history.as_of) - timedelta(days=back)
        expected = sql(f"""
            SELECT user_id, recording_id, count(*) AS plays, max(played_date) AS last_date
            FROM listening_with_features WHERE is_counted AND excluded_by IS NULL AND played_date <= DATE '{end}'
            GROUP BY ALL
            HAVING max(played_date) <= DATE '{end}' - 30 AND (user_id, recording_id) NOT IN (
                SELECT (user_id, recording_id) FROM listening_with_features
                WHERE is_skip AND played_date BETWEEN DATE '{end}' - 29 AND DATE '{end}'
                GROUP BY user_id, recording_id HAVING count(*) >= 2)
        """)
        own = found[(found["fit"] == fit) & (found["basis"] == "measured")]
        for order, source in (["plays", "last_date"], "own_popularity"), (["last_date", "plays"], "own_recency"):
            ranked = expected.sort_values([*order, "recording_id"], ascending=[False, False, True])
            for user, rows in own[own["suggestion_source"] == source].groupby("user_id"):
                mine = ranked[ranked["user_id"] == user]["recording_id"].head(150).tolist()
                assert rows.sort_values("source_rank")["recording_id"].tolist() == mine


def test_the_returns_that_are_to_be_found_are_those_of_sql(history, table, sql):
    end = settled_end(history.as_of)
    expected = sql(f"""
        SELECT user_id, count(*) AS returns FROM (
            SELECT user_id, recording_id FROM listening_with_features WHERE is_counted AND excluded_by IS NULL
            GROUP BY ALL
            HAVING count(*) FILTER (played_date > DATE '{end}' - 30 AND played_date <= DATE '{end}') > 0
               AND count(*) FILTER (played_date > DATE '{end}' - 60 AND played_date <= DATE '{end}' - 30) = 0
        ) GROUP BY ALL ORDER BY 1
    """)
    found = table("recommendation_evaluations").groupby("user_id")["return_count"].agg(["min", "max"]).reset_index()
    expected = expected[expected["user_id"].isin(found["user_id"])]
    assert found["min"].tolist() == found["max"].tolist() == expected["returns"].tolist()


def test_lists_of_the_built_lake_obey_their_rules(history, table, sql):
    found = table("track_recommendations")
    assert set(found["basis"]) == {"measured", "all"}
    fresh = sql(f"""
        SELECT r.recording_id FROM track_recommendations r JOIN listening_with_features l USING (user_id, recording_id)
        WHERE l.is_counted AND l.excluded_by IS NULL AND l.played_date > DATE '{history.as_of}' - 30
    """)
    assert fresh.empty
    per_artist = found.groupby(["user_id", "basis", found["artist_name"].str.lower()]).size()
    assert per_artist.max() <= 2
    for name, rule in table_named("track_recommendations").expectations.items():
        broken = sql(f"SELECT * FROM track_recommendations WHERE NOT ({rule.condition})")
        assert broken.empty, name
