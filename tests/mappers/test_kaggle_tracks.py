"""Rows of the Kaggle tracks file: whole rows, the null row, and nothing but a row or a reason."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.kaggle_tracks import to_bronze
from mappers.record import RejectedError
from schemas.bronze import kaggle_tracks_bronze
from writers.records import arrow_rows

ROW: dict[str, str | None] = {
    "row_index": "12",
    "track_id": "t1",
    "artists": 'Gen Hoshino;"Weird Al" ',
    "album_name": "Comedy",
    "track_name": "喜劇",
    "popularity": "73",
    "duration_ms": "230666",
    "explicit": "False",
    "danceability": "0.676",
    "energy": "0.461",
    "key": "1",
    "loudness": "-6.746",
    "mode": "0",
    "speechiness": "0.143",
    "acousticness": "0.0322",
    "instrumentalness": "1.01e-06",
    "liveness": "0.358",
    "valence": "0.715",
    "tempo": "87.917",
    "time_signature": "4",
    "track_genre": "acoustic",
}
NULL_ROW = ROW | {"artists": "", "album_name": "", "track_name": "", "popularity": "0", "duration_ms": "0"}


def test_a_row_becomes_this_row() -> None:
    assert to_bronze(ROW) == {
        "track_id": "t1",
        "track_genre": "acoustic",
        "row_index": 12,
        "artists": 'Gen Hoshino;"Weird Al"',
        "artist_name": "Gen Hoshino",
        "track_name": "喜劇",
        "album_name": "Comedy",
        "popularity": 73,
        "duration_ms": 230_666,
        "explicit": False,
        "danceability": 0.676,
        "energy": 0.461,
        "key": 1,
        "loudness": -6.746,
        "mode": 0,
        "speechiness": 0.143,
        "acousticness": 0.0322,
        "instrumentalness": 1.01e-06,
        "liveness": 0.358,
        "valence": 0.715,
        "tempo": 87.917,
        "time_signature": 4,
        "source": "kaggle",
    }


def test_values_stay_as_in_the_file_even_where_they_mean_nothing_was_found() -> None:
    silent = to_bronze(ROW | {"tempo": "0.0", "time_signature": "0", "danceability": "0.0"})
    assert (silent["tempo"], silent["time_signature"], silent["danceability"]) == (0.0, 0, 0.0)


def test_an_empty_number_is_null() -> None:
    assert to_bronze(ROW | {"tempo": "", "popularity": ""})["tempo"] is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (NULL_ROW, "title or artists are missing"),
        (ROW | {"track_id": ""}, "track_id or track_genre is missing"),
        (ROW | {"track_genre": None}, "track_id or track_genre is missing"),
        (ROW | {"valence": "1.2"}, "valence is not between 0 and 1"),
        (ROW | {"energy": "loud"}, "energy is no number"),
        (ROW | {"tempo": "nan"}, "tempo is no number"),
        (ROW | {"duration_ms": "-1"}, "duration_ms is negative or too large"),
        (ROW | {"popularity": str(2**31)}, "popularity is negative or too large"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_with_its_reason(row: dict[str, str | None], reason: str) -> None:
    with pytest.raises(RejectedError) as error:
        to_bronze(row)
    assert str(error.value) == reason


# Cells of a CSV in UTF-8: text without lone surrogates.
CELL = st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.floats().map(str) | st.integers().map(str)
CELLS = st.fixed_dictionaries({}, optional=dict.fromkeys(ROW, CELL))


@given(CELLS.map(lambda changes: ROW | changes))
def test_whatever_the_cells_are_they_become_a_row_that_the_table_can_hold_or_are_rejected(
    row: dict[str, str | None],
) -> None:
    try:
        made = to_bronze(row)
    except RejectedError:
        return
    whole = made | {"batch_id": "b", "ingested_at": datetime(2024, 1, 1, tzinfo=UTC)}
    assert arrow_rows(kaggle_tracks_bronze, [whole]).num_rows == 1
