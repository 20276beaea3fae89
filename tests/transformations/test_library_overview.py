"""library_overview: parts of the library, what is played of them, and Spotify's ranking against own plays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from transformations.gold.library_overview import library_overview

AS_OF = date(2024, 6, 3)
ANN = {"user_id": "ann"}
ALL_TIME = {"period_kind": "all_time", "period_start": date(1970, 1, 1), "period_end": AS_OF}


@pytest.fixture
def overview(rows):
    def make(*, saved=(), lists=(), top=(), played=(), recordings=(), tracks=(), artists=(), hours=()):
        frames = [
            rows("library_history", *[ANN | {"is_current": True} | row for row in saved]),
            rows("playlist_items_history", *[ANN | {"is_current": True} | row for row in lists]),
            rows("top_items_bronze", *[ANN | row for row in top]),
            rows("track_periods", *[ANN | ALL_TIME | row for row in played]),
            rows("recordings", *recordings),
            rows("tracks", *tracks),
            rows("artists", *artists),
            rows("coverage", *[ANN | row for row in hours]),
            rows("listeners", ANN | {"is_simulated": True}),
        ]
        return library_overview(*frames, as_of=AS_OF).toPandas().set_index("library_part")

    return make


def saved(track: str, day: int = 1, **more) -> dict:
    added = datetime(2024, 1, day, tzinfo=UTC)
    return {"collection": "saved_tracks", "item_id": track, "item_name": track, "added_at": added} | more


def heard(track: str, plays: int, last: date = date(2024, 5, 1), **more) -> dict:
    row = {"track_key": track, "track_id": track, "recording_id": track, "artist_name": "Ann Other"}
    return row | {"play_count": plays, "listened_ms": plays * 1000, "last_date": last} | more


def test_saved_tracks_are_counted_by_what_was_played_of_them(overview):
    found = overview(
        saved=[saved("a"), saved("b", 9), saved("c"), saved("d"), saved("gone", is_current=False)],
        played=[
            heard("a", 5, has_measured_features=True),
            heard("b", 2, AS_OF - timedelta(days=366)),
            heard("c", 0),
            heard("elsewhere", 3),
        ],
    )
    row = found.loc["saved_tracks"]
    counts = ["different_count", "played_count", "never_played_count", "long_ago_count", "play_count", "listened_ms"]
    assert row[counts].tolist() == [4, 2, 2, 1, 7, 7000]
    assert row["listened_share"] == 0.7 and row["measured_share"] == pytest.approx(5 / 7)
    assert [row["oldest_added_date"], row["newest_added_date"]] == [date(2024, 1, 1), date(2024, 1, 9)]
    assert row["is_simulated"] and row["item_kind"] == "track"


def test_on_the_365th_day_a_play_is_not_long_ago(overview):
    found = overview(saved=[saved("a")], played=[heard("a", 1, AS_OF - timedelta(days=365))])
    assert found.loc["saved_tracks", "long_ago_count"] == 0


def test_editions_of_one_recording_are_one_item_and_their_plays_count_once(overview):
    found = overview(
        saved=[saved("a"), saved("remaster")],
        recordings=[{"track_id": "a", "recording_id": "a"}, {"track_id": "remaster", "recording_id": "a"}],
        played=[heard("a", 5), heard("remaster", 2, recording_id="a")],
    )
    assert found.loc["saved_tracks", ["different_count", "play_count", "listened_share"]].tolist() == [1, 7, 1.0]


def test_followed_artists_are_found_by_name_however_written(overview):
    followed = {"collection": "followed_artists", "item_id": "id", "item_name": "ANN  Other"}
    found = overview(saved=[followed, followed | {"item_id": "2", "item_name": "Nobody"}], played=[heard("a", 5)])
    row = found.loc["followed_artists"]
    assert row[["different_count", "played_count", "play_count"]].tolist() == [2, 1, 5]
    assert row["item_kind"] == "artist" and pd.isna(row["oldest_added_date"])


def test_tracks_on_several_playlists_count_once_and_local_files_do_not(overview):
    lists = [
        {"playlist_id": name, "track_id": track, "item_uri": str(track)}
        for name, track in (("p", "a"), ("q", "a"), ("q", "b"), ("q", None))
    ]
    found = overview(lists=lists, played=[heard("a", 5)])
    assert found.loc["playlists", ["different_count", "played_count", "play_count"]].tolist() == [2, 1, 5]


def test_the_share_of_popular_items_is_of_those_whose_popularity_is_known(overview):
    tracks = [{"track_id": "a", "popularity": 60}, {"track_id": "b", "popularity": 59}, {"track_id": "c"}]
    row = overview(saved=[saved(name) for name in "abcd"], tracks=tracks).loc["saved_tracks"]
    assert row["popular_item_share"] == 0.5 and row["known_item_share"] == 0.5 and row["reason"] is None
    few = overview(saved=[saved(f"{number}") for number in range(6)] + [saved("a")], tracks=tracks).loc["saved_tracks"]
    assert pd.isna(few["popular_item_share"]) and few["known_item_share"] == pytest.approx(1 / 7)
    assert few["reason"] == "popularity is known of less than 20 % of the items"


def ranking(count: int, day: int, time_range: str = "short_term", kind: str = "track") -> list[dict]:
    read = {"snapshot_at": datetime(2024, 5, day, tzinfo=UTC), "snapshot_key": f"{day}"}
    shape = {"item_kind": kind, "time_range": time_range}
    return [read | shape | {"position": n + 1, "item_id": f"t{n:02d}", "item_name": f"t{n:02d}"} for n in range(count)]


@pytest.mark.parametrize(("time_range", "kind"), [("short_term", "last_28_days"), ("long_term", "last_365_days")])
def test_spotifys_places_are_compared_with_own_plays_of_as_long_a_range(overview, time_range, kind):
    plays = np.random.default_rng(1).permutation(np.arange(1, 15))
    recent = {"period_kind": kind, "period_start": AS_OF - timedelta(days=27)}
    played = [heard(f"t{number:02d}", int(count)) | recent for number, count in enumerate(plays)]
    old = ranking(20, 2, time_range)[::-1]  # an older answer, in another order, is not read
    found = overview(top=[*old, *ranking(16, 20, time_range)], played=[*played, heard("t00", 99)])
    row = found.loc[f"top_tracks_{time_range}"]
    assert row["ranked_count"] == 14 and row["different_count"] == 16
    assert row["rank_correlation"] == pytest.approx(spearmanr(np.arange(14), -plays).statistic)
    assert not str(row["reason"]).endswith("old")


def test_a_ranking_of_few_items_or_of_long_ago_or_of_six_months_has_a_reason(overview):
    recent = {"period_kind": "last_28_days", "period_start": AS_OF - timedelta(days=27)}
    played = [heard(f"t{number:02d}", number + 1) | recent for number in range(12)]
    few = overview(top=ranking(9, 20), played=played).loc["top_tracks_short_term"]
    old = overview(top=ranking(12, 5), played=played).loc["top_tracks_short_term"]
    medium = overview(top=ranking(12, 20, "medium_term"), played=played).loc["top_tracks_medium_term"]
    for row in (few, old):
        assert pd.isna(row["rank_correlation"])
        assert "fewer than 10 of the top items were played in the range, or Spotify's answer is old" in row["reason"]
    assert pd.isna(medium["rank_correlation"]) and "as long as Spotify's six months" in medium["reason"]


def test_coverage_is_that_of_the_whole_history(overview):
    hours = [{"hour_at": datetime(2024, 1, 1, hour, tzinfo=UTC), "is_covered": hour < 6} for hour in range(8)]
    assert overview(saved=[saved("a")], hours=hours).loc["saved_tracks", "coverage"] == 0.75
