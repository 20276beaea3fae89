"""track_moods and mood_clusters: what the model says, once a track, summed over what was listened to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.mood_clusters import FEATURES, cluster_moods
from transformations.gold.track_moods import track_moods
from transformations.silver.first_hearings import first_hearings

GROUP = ["user_id", "basis"]
CLUSTER = [*GROUP, "cluster_id"]
MODEL = ["cluster_id", "cluster_name", "centroid_distance", "k", "silhouette", "stability", "null_silhouette"]
MODEL += ["fitted_tracks", "reason"]


def heard_tracks(table) -> pd.DataFrame:
    """Tracks of counted plays on each basis, with plays, time, whether heard before the month, and features."""
    plays = table("listening_with_features")
    counted = plays[plays["is_counted"] & plays["track_id"].notna()]
    tracks = counted.groupby(["user_id", "track_id"], as_index=False).agg(
        play_count=("play_id", "count"), listened_ms=("listened_ms", "sum"), first=("played_date", "min")
    )
    both = tracks.merge(pd.DataFrame({"basis": ["measured", "all"]}), how="cross")
    features = table("track_features")[["track_id", "basis", "feature_source", *FEATURES]]
    return both.merge(features, on=["track_id", "basis"], how="left")


def test_each_track_is_where_the_model_puts_it(history, table):
    month = history.as_of.replace(day=1)
    heard, found = heard_tracks(table), table("track_moods")
    assert len(found) == len(heard)
    # One listener and basis is enough to see that the model gets the right tracks; all of them are seen below.
    tracks = heard[(heard["user_id"] == "ada") & (heard["basis"] == "measured")].assign(
        is_settled=lambda rows: rows["first"] < month
    )
    expected = cluster_moods(tracks[["track_id", "is_settled", *FEATURES]])
    mine = found[(found["user_id"] == "ada") & (found["basis"] == "measured")]
    pd.testing.assert_frame_equal(
        mine.sort_values("track_id", ignore_index=True)[["track_id", *MODEL]],
        expected.sort_values("track_id", ignore_index=True)[["track_id", *MODEL]],
        check_dtype=False,
    )
    assert set(expected["k"]) <= set(range(3, 9)), "this simulated listener has moods"


def test_every_track_of_counted_plays_has_a_row_on_both_bases(table):
    key = [*GROUP, "track_id"]
    heard, found = heard_tracks(table), table("track_moods")
    assert sorted(map(tuple, found[key].values)) == sorted(map(tuple, heard[key].values))


def test_tracks_first_heard_in_the_month_of_the_build_do_not_move_the_clusters(rows):
    """Half of the tracks are new in May: they are assigned, and the fit is on the others."""
    draw = np.random.default_rng(3)
    listening, features = [], []
    for number in range(120):
        track, day = f"t{number:03d}", date(2024, 4, 30) if number < 60 else date(2024, 5, 1)
        listening.append({"user_id": "u", "play_id": track, "track_id": track, "is_counted": True, "played_date": day})
        values = dict(zip(FEATURES, map(float, draw.uniform(0.1, 0.9, len(FEATURES))), strict=True))
        features.append({"track_id": track, "basis": "all", "feature_source": "kaggle", **values})
    # Heard again in May, a track of April stays settled; a start that is not counted settles none.
    listening.append({**listening[0], "play_id": "again", "played_date": date(2024, 5, 3)})
    listening.append({**listening[119], "play_id": "early", "played_date": date(2024, 4, 1), "is_counted": False})
    heard, known = first_hearings(rows("listening_with_features", *listening)), rows("track_features", *features)
    fitted = {
        month: {
            row.fitted_tracks for row in track_moods(heard, known, as_of_month=month).collect() if row.basis == "all"
        }
        for month in (date(2024, 5, 1), date(2024, 6, 1))
    }
    assert fitted == {date(2024, 5, 1): {60}, date(2024, 6, 1): {120}}


@pytest.fixture(scope="module")
def expected(table) -> pd.DataFrame:
    joined = heard_tracks(table).merge(table("track_moods")[[*GROUP, "track_id", *MODEL]], on=[*GROUP, "track_id"])
    has_features = joined["energy"].notna() & joined["valence"].notna()
    joined["measured_ms"] = joined["listened_ms"].where(has_features & (joined["feature_source"] != "synthetic"), 0)
    means = {name: (name, "mean") for name in FEATURES}
    clusters = joined.groupby(CLUSTER, as_index=False).agg(
        track_count=("track_id", "count"),
        play_count=("play_count", "sum"),
        listened_ms=("listened_ms", "sum"),
        measured_ms=("measured_ms", "sum"),
        **means,
    )
    clusters["measured_share"] = clusters.pop("measured_ms") / clusters["listened_ms"]
    whole = clusters.groupby(GROUP)["listened_ms"].transform("sum")
    covered = clusters["user_id"].map(table("coverage").groupby("user_id")["is_covered"].mean())
    return clusters.assign(listened_share=clusters["listened_ms"] / whole, coverage=covered)


def test_each_cluster_is_the_sum_of_its_tracks(table, expected, assert_same_rows):
    assert_same_rows(table("mood_clusters"), expected, CLUSTER)


def test_clusters_hold_all_counted_listening_of_silver_on_both_bases(sql, table):
    silver = sql("""
        SELECT user_id, count(DISTINCT track_id) AS track_count, count(*) AS play_count, sum(listened_ms) AS listened_ms
        FROM listening_with_features WHERE is_counted AND track_id IS NOT NULL GROUP BY user_id
    """).set_index("user_id")
    totals = table("mood_clusters").groupby(GROUP)[["track_count", "play_count", "listened_ms"]].sum()
    assert len(totals) == 4
    for (user_id, _), row in totals.iterrows():
        assert row.to_dict() == silver.loc[user_id].to_dict()
    shares = table("mood_clusters").groupby(GROUP)["listened_share"].sum()
    assert ((shares - 1).abs() < 1e-12).all()


def test_cluster_0_is_what_has_no_cluster_and_says_why(table):
    clusters = table("mood_clusters")
    nowhere = clusters["cluster_id"] == 0
    assert nowhere.sum() >= 2 and (~nowhere).sum() >= 3
    assert (clusters["cluster_name"].isna() == nowhere).all()
    assert (clusters["reason"].notna() == nowhere).all()
    for _, own in clusters.groupby(GROUP):
        assert set(own["cluster_id"]) - {0} == set(range(1, own["k"].iloc[0] + 1))


def test_no_track_of_the_measured_basis_is_in_a_cluster_by_invented_features(table):
    moods = table("track_moods")
    features = table("track_features")
    measured = set(features.loc[features["basis"] == "measured", "track_id"])
    clustered = moods[(moods["basis"] == "measured") & (moods["cluster_id"] > 0)]
    assert len(clustered) > 100
    assert set(clustered["track_id"]) <= measured
