"""Audio features of services and previews: whole rows, values that stand for nothing, and values out of range."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mappers.audio_features import preview_features_row, reccobeats_features_row, spotify_features_row
from mappers.record import RejectedError
from schemas.bronze import my_tracks_features_bronze
from schemas.columns import AUDIO_FEATURE_NAMES
from writers.records import arrow_rows

ADDED_LATER = {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}
MEASURED = {
    "danceability": 0.5,
    "energy": 1,
    "loudness": -7.25,
    "speechiness": 0.03,
    "acousticness": 1.01e-06,
    "instrumentalness": 0.0,
    "liveness": 0.125,
    "valence": 0.75,
    "tempo": 138.2334,
}
SPOTIFY: dict[str, Any] = {
    **MEASURED,
    "id": "t1",
    "key": 5,
    "mode": 0,
    "time_signature": 4,
    "duration_ms": 215_040,
    "type": "audio_features",
    "uri": "spotify:track:t1",
}
UNNAMED = {"track_name": None, "artist_name": None, "popularity": None, "explicit": None}


def test_an_object_of_spotify_becomes_this_row() -> None:
    made = spotify_features_row(SPOTIFY)
    assert made == {
        **UNNAMED, **MEASURED, "track_id": "t1", "key": 5, "mode": 0, "time_signature": 4, "duration_ms": 215_040,
        "source": "spotify",
    }  # fmt: skip
    assert arrow_rows(my_tracks_features_bronze, [made | ADDED_LATER]).num_rows == 1


def test_an_entry_of_reccobeats_belongs_to_the_spotify_id_and_has_no_length_or_time_signature() -> None:
    entry = {
        **MEASURED,
        "id": "0f2c-uuid",
        "href": "https://open.spotify.com/track/t1",
        "isrc": "X",
        "key": -1,
        "mode": 1,
    }
    assert reccobeats_features_row("t1", entry) == {
        **UNNAMED, **MEASURED, "track_id": "t1", "key": None, "mode": 1, "time_signature": None, "duration_ms": None,
        "source": "reccobeats",
    }  # fmt: skip


def test_a_preview_gives_what_it_gives() -> None:
    made = preview_features_row("t1", 120.5, 0.5, -8.9531, danceability=0.25)
    known = {name: value for name, value in made.items() if value is not None}
    assert known == {
        "track_id": "t1", "tempo": 120.5, "energy": 0.5, "loudness": -8.9531, "danceability": 0.25,
        "source": "preview_analysis",
    }  # fmt: skip
    assert arrow_rows(my_tracks_features_bronze, [made | ADDED_LATER]).num_rows == 1


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("key", -1, None), ("key", 0, 0), ("key", 11, 11), ("mode", 0, 0), ("mode", None, None),
        ("tempo", 0, None), ("tempo", 0.0, None), ("time_signature", 0, None), ("time_signature", 3, 3),
        ("valence", 0, 0.0), ("valence", 1, 1.0), ("loudness", 4.532, 4.532), ("liveness", None, None),
    ],
)  # fmt: skip
def test_values_that_stand_for_nothing_found_are_null_and_a_true_zero_is_not(
    field: str, value: Any, expected: Any
) -> None:
    assert spotify_features_row(SPOTIFY | {field: value})[field] == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"energy": 1.01}, "energy is not between 0 and 1"),
        ({"valence": -0.01}, "valence is not between 0 and 1"),
        ({"acousticness": float("nan")}, "acousticness is not between 0 and 1"),
        ({"tempo": -1}, "tempo is not between 0 and 400"),
        ({"tempo": float("inf")}, "tempo is not between 0 and 400"),
        ({"tempo": 10**400}, "tempo is not between 0 and 400"),
        ({"loudness": 21}, "loudness is not between -100 and 20"),
        ({"liveness": "high"}, "liveness is no number"),
        ({"liveness": True}, "liveness is no number"),
        ({"key": 12}, "key is negative or too large"),
        ({"mode": 2}, "mode is negative or too large"),
        ({"id": None}, "the track has no id"),
        (dict.fromkeys(AUDIO_FEATURE_NAMES), "there are no audio features"),
    ],
)
def test_a_value_out_of_range_is_rejected_by_the_name_of_its_field(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        spotify_features_row(SPOTIFY | changes)
    assert str(error.value) == reason


def test_null_in_place_of_features_is_rejected() -> None:
    for make in (lambda: spotify_features_row(None), lambda: reccobeats_features_row("t1", None)):
        with pytest.raises(RejectedError, match="no JSON object"):
            make()


def test_a_name_that_is_no_feature_is_rejected() -> None:
    with pytest.raises(RejectedError, match=r"^happiness is no audio feature$"):
        preview_features_row("t1", happiness=1.0)
