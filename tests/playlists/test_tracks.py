"""Choosing: two tracks an artist, no recording twice, the length asked for, the same choice for the same day."""

from __future__ import annotations

import csv
import io
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InputError
from playlists.files import to_csv, to_m3u, write_file
from playlists.previews import Preview
from playlists.tracks import Length, Track, choose


def candidates(count: int, artists: int = 1000, ms: int = 200_000) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recording_id": [f"r{number}" for number in range(count)],
            "track_id": [f"t{number:03}" for number in range(count)],
            "artist_name": [f"Artist {number % artists}" for number in range(count)],
            "duration_ms": ms,
            "score": [1.0 + number for number in range(count)],
        }
    )


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 40), artists=st.integers(1, 12), wanted=st.integers(1, 30), seed=st.text(max_size=4))
def test_at_most_two_tracks_an_artist_and_as_many_as_asked_for_where_there_are_so_many(
    count: int, artists: int, wanted: int, seed: str
) -> None:
    rows = candidates(count, artists)
    chosen = choose(rows, Length(wanted), seed)
    assert chosen["artist_name"].value_counts().max() <= 2 if len(chosen) else count == 0
    assert len(chosen) == min(wanted, rows.groupby("artist_name").head(2).shape[0])
    assert chosen["track_id"].is_unique


def test_names_of_one_artist_in_other_spelling_are_one_artist() -> None:
    rows = candidates(6).assign(artist_name=["ABBA", "Abba", " abba ", "Björk", None, None])
    assert set(choose(rows, Length(6), "x")["track_id"]) > {"t003", "t004", "t005"}
    assert len(choose(rows, Length(6), "x")) == 5


def test_editions_of_one_recording_come_once() -> None:
    rows = candidates(4).assign(recording_id=["r", "r", "r", "s"])
    assert sorted(choose(rows, Length(4), "x")["recording_id"]) == ["r", "s"]


def test_the_same_seed_chooses_the_same_whatever_the_order_of_the_rows_and_another_day_another() -> None:
    rows = candidates(200)
    one, same = choose(rows, Length(20), "2026-01-01"), choose(rows.iloc[::-1], Length(20), "2026-01-01")
    assert one["track_id"].tolist() == same["track_id"].tolist()
    assert set(one["track_id"]) != set(choose(rows, Length(20), "2026-01-02")["track_id"])


def test_without_luck_the_best_are_taken_and_with_it_good_ones_more_often_than_bad() -> None:
    rows = candidates(100)
    assert choose(rows, Length(3), "x", variety=0)["track_id"].tolist() == ["t099", "t098", "t097"]
    taken = pd.concat([choose(rows, Length(10), f"day {day}", variety=1.0) for day in range(60)])
    scores = taken["score"]
    assert scores.mean() > 60
    assert (scores < 50).any()


def test_minutes_are_reached_and_gone_beyond_by_less_than_a_track() -> None:
    rows = candidates(50, ms=200_000)
    total = choose(rows, Length(None, 30), "x")["duration_ms"].sum()
    assert 30 * 60_000 <= total < 30 * 60_000 + 200_000


@pytest.mark.parametrize("length", [{"tracks": 0}, {"minutes": 0.0}, {"minutes": -3.0}, {"tracks": 501}])
def test_a_length_that_is_none_is_refused(length: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Length(**length)  # type: ignore[arg-type]


def track(title: str = "A", artist: str = "B", **other: object) -> Track:
    given = {"duration_ms": 61_500, "energy": 0.5, "valence": 0.4, "tempo": 120.0, "feature_source": "real"}
    return Track("1" * 22, title, artist, "Album", reason="why", **{**given, **other})  # type: ignore[arg-type]


def made(*tracks: Track) -> Preview:
    return Preview("ann", False, "mood", "calm", "measured", date(2026, 1, 1), tracks)


def test_m3u_has_length_names_address_and_link_of_each_track() -> None:
    text = to_m3u(made(track("Blue\nSky", "Ann, B"), track(duration_ms=None)), "My\nlist")
    assert text.splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:My list",
        "#EXTINF:62,Ann, B - Blue Sky",
        f"#EXT-X-SPOTIFY-URI:spotify:track:{'1' * 22}",
        f"https://open.spotify.com/track/{'1' * 22}",
        "#EXTINF:-1,B - A",
        f"#EXT-X-SPOTIFY-URI:spotify:track:{'1' * 22}",
        f"https://open.spotify.com/track/{'1' * 22}",
    ]


def test_csv_reads_back_whole_and_no_name_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(made(track('Say "no", 夜\n', "=1+1"), track(energy=None))))))
    assert [row["position"] for row in rows] == ["1", "2"]
    assert rows[0]["track_name"] == 'Say "no", 夜\n'
    assert rows[0]["artist_name"] == "'=1+1"
    assert (rows[1]["energy"], rows[0]["energy"], rows[0]["reason"]) == ("", "0.5", "why")


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_file(tmp_path, "x")  # type: ignore[arg-type]
