"""What is suggested for a playlist, against the definition computed apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.playlist_care import care_for
from models.playlists import FEATURES


def own(count: int = 60, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.random((count, 6)), columns=list(FEATURES))
    ids = [f"t{number:02}" for number in range(count)]
    names = {"track_id": ids, "recording_id": ids, "track_name": ids, "artist_name": ids, "artist_key": ids}
    return pd.concat([pd.DataFrame({**names, "play_count": 5}), values], axis=1)


def entries(tracks: pd.DataFrame, **other: Any) -> pd.DataFrame:
    given = {"playlist_id": "p", "added_days": 10, "is_outlier": 0, "is_never_played": 0, "centre_distance": 1.0}
    return tracks.assign(item_uri="spotify:track:" + tracks["track_id"], **{**given, **other})


def test_added_are_the_nearest_ten_that_are_nearer_than_half_of_the_playlist() -> None:
    tracks = own()
    items = entries(tracks.head(15))
    values = tracks[list(FEATURES)].to_numpy()
    spread = 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)
    apart = np.sqrt((((values - np.median(values[:15], axis=0)) / spread) ** 2).sum(axis=1))
    near = [number for number in np.argsort(apart) if number >= 15 and apart[number] <= np.median(apart[:15])]
    found = care_for(items, tracks)
    added = found[found["suggestion"] == "add"]
    assert added["track_id"].tolist() == [f"t{number:02}" for number in near[:10]] != []
    assert added["suggestion_rank"].tolist() == list(range(1, len(added) + 1))
    assert added["centre_distance"].tolist() == pytest.approx(apart[near[:10]].tolist())


def test_nothing_is_added_that_is_there_in_an_edition_or_was_hardly_played() -> None:
    tracks = own()
    items = entries(tracks.head(15))
    first = care_for(items, tracks).query("suggestion == 'add'")["track_id"].iloc[0]
    for column, value in (("play_count", 2), ("recording_id", "t00")):
        changed = tracks.copy()
        changed.loc[changed["track_id"] == first, column] = value
        assert first not in set(care_for(items, changed)["track_id"])


def test_two_of_an_artist_at_most_are_added() -> None:
    tracks = own()
    found = care_for(entries(tracks.head(15)), tracks.assign(artist_key="one"))
    assert (found["suggestion"] == "add").sum() == 2


def test_outliers_are_removed_first_then_what_was_never_played_for_half_a_year() -> None:
    tracks = own()
    items = entries(tracks.head(6))
    items["is_outlier"] = [0, 1, 0, 1, -1, 0]
    items["centre_distance"] = [1.0, 4.0, 1.0, 5.0, np.nan, 1.0]
    items["is_never_played"] = [1, 1, 1, 0, 1, 0]
    items["added_days"] = [180, 400, 179, 10, -1, 900]
    found = care_for(items, tracks)
    assert found["track_id"].tolist() == ["t03", "t01", "t00"]
    assert set(found["suggestion"]) == {"remove"}
    assert found["why"].tolist() == [
        "sounds unlike nearly all of the playlist",
        "sounds unlike nearly all of the playlist; added 400 days ago and never played, as far as is known",
        "added 180 days ago and never played, as far as is known",
    ]


def test_a_local_file_is_never_removed_and_below_ten_tracks_nothing_is_added() -> None:
    tracks = own()
    items = entries(tracks.head(9), is_outlier=1)
    items.loc[0, "track_id"] = ""
    found = care_for(items, tracks)
    assert len(found) == 8
    assert set(found["suggestion"]) == {"remove"}


def test_with_too_few_own_tracks_or_no_playlist_nothing_is_suggested() -> None:
    tracks = own(19)
    assert care_for(entries(tracks.head(15)), tracks).empty
    assert care_for(entries(own().head(0)), own()).empty


def test_the_order_of_the_rows_changes_nothing() -> None:
    tracks = own()
    items = pd.concat([entries(tracks.head(15)), entries(tracks.iloc[10:30], playlist_id="q")], ignore_index=True)
    one = care_for(items, tracks)
    other = care_for(items.sample(frac=1, random_state=3), tracks.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))
