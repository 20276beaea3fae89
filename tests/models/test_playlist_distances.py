"""Distances of tracks from the middle of their playlist: the written formula, and who stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.playlists import FEATURES, outlier_bound, playlist_distances


def tracks(values: np.ndarray, playlist: str = "p", first: int = 0) -> pd.DataFrame:
    names = [f"t{first + number}" for number in range(len(values))]
    return pd.DataFrame(values, columns=list(FEATURES)).assign(playlist_id=playlist, track_id=names)


@pytest.fixture
def own() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(1).normal(0.5, 0.2, (200, 6)), columns=list(FEATURES))


def test_the_distance_is_that_of_the_formula(own):
    values = np.random.default_rng(2).normal(0.5, 0.1, (12, 6))
    found = playlist_distances(tracks(values), own)
    scale = own.to_numpy()
    spread = 1.4826 * np.median(np.abs(scale - np.median(scale, axis=0)), axis=0)
    expected = np.linalg.norm((values - np.median(values, axis=0)) / spread, axis=1)
    np.testing.assert_allclose(found["centre_distance"], expected, rtol=1e-12)
    middle = np.median(expected)
    bound = max(middle + 3 * 1.4826 * np.median(np.abs(expected - middle)), 1.5 * middle)
    assert outlier_bound(expected) == pytest.approx(bound)
    assert found["is_outlier"].tolist() == (expected > bound).tolist()


def test_a_stranger_among_alike_tracks_stands_out_and_nobody_else(own):
    values = np.random.default_rng(3).normal(0.5, 0.03, (20, 6))
    values[7] += 0.5
    found = playlist_distances(tracks(values), own)
    assert np.flatnonzero(found["is_outlier"].astype(bool)).tolist() == [7]
    assert found["reason"].isna().all()


def test_where_all_tracks_are_about_as_far_none_stands_out(own):
    assert outlier_bound(np.array([1.0] * 9 + [1.4])) == 1.5
    assert outlier_bound(np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx(3 + 3 * 1.4826)


def test_few_tracks_have_a_distance_but_no_outlier_and_fewer_have_neither(own):
    values = np.random.default_rng(4).normal(0.5, 0.1, (13, 6))
    items = pd.concat([tracks(values[:9], "nine"), tracks(values[9:], "four", 9)], ignore_index=True)
    found = playlist_distances(items, own)
    assert found["centre_distance"].notna().tolist() == [True] * 9 + [False] * 4
    assert found["is_outlier"].isna().all()
    assert found["reason"].str.contains("fewer than 10").tolist() == [True] * 9 + [False] * 4
    assert found["reason"].str.contains("fewer than 5").tolist() == [False] * 9 + [True] * 4


def test_a_track_without_a_feature_is_left_out_of_the_centre(own):
    values = np.random.default_rng(5).normal(0.5, 0.1, (13, 6))
    values[4, 5] = np.nan
    found = playlist_distances(tracks(values), own)
    without = playlist_distances(tracks(np.delete(values, 4, axis=0)), own)
    assert found.loc[4, "reason"] == "the track lacks audio features" and np.isnan(found.loc[4, "centre_distance"])
    np.testing.assert_array_equal(found["centre_distance"].drop(4), without["centre_distance"])


def test_a_track_that_is_there_twice_counts_once(own):
    values = np.random.default_rng(6).normal(0.5, 0.1, (12, 6))
    once = tracks(values)
    twice = pd.concat([once, once.iloc[[3, 3, 3]]], ignore_index=True)
    found, alone = (playlist_distances(items, own) for items in (twice, once))
    np.testing.assert_array_equal(found["centre_distance"][:12], alone["centre_distance"])
    assert found["centre_distance"][12:].tolist() == [alone.loc[3, "centre_distance"]] * 3


def test_playlists_do_not_touch_each_other_and_the_order_of_rows_changes_nothing(own):
    values = np.random.default_rng(7).normal(0.5, 0.1, (24, 6))
    items = pd.concat([tracks(values[:12], "a"), tracks(values[12:] + 0.3, "b", 12)], ignore_index=True)
    together = playlist_distances(items, own)
    alone = playlist_distances(items[items["playlist_id"] == "b"], own)
    pd.testing.assert_frame_equal(together[12:], alone)
    shuffled = items.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(playlist_distances(shuffled, own).sort_index(), together)


def test_with_few_own_tracks_there_is_no_scale(own):
    found = playlist_distances(tracks(np.full((12, 6), 0.5)), own[:19])
    assert found["centre_distance"].isna().all()
    assert found["reason"].str.contains("fewer than 20 of the listener's tracks").all()


def test_a_feature_that_most_own_tracks_share_is_scaled_by_its_standard_deviation(own):
    own.loc[:150, "instrumentalness"] = 0.0
    values = np.full((12, 6), 0.5)
    values[0, FEATURES.index("instrumentalness")] = 0.9
    found = playlist_distances(tracks(values), own)
    assert found.loc[0, "centre_distance"] == pytest.approx(0.4 / own["instrumentalness"].std(ddof=0))
