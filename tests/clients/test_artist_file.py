"""The artist catalogue as a file: both shapes, and one line of complaint for anything else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from clients.artist_file import content_of, read_artists
from config.errors import InputError

TWO = '[{"id": "a", "name": "Ann", "popularity": 12.5}, {"id": "b", "genres": ["folk"]}]'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "artists.json"


@pytest.mark.parametrize("text", [TWO, f'{{"version": 1, "artists": {TWO}}}', f"  \n{TWO}\n"])
def test_an_array_and_an_object_that_holds_one_give_the_artists_as_they_stand(text, file):
    file.write_text(text)
    assert list(read_artists(file)) == [
        {"id": "a", "name": "Ann", "popularity": 12.5},
        {"id": "b", "genres": ["folk"]},
    ]


def test_numbers_are_plain_ones_and_other_values_come_through_for_the_mapper_to_refuse(file):
    file.write_text('[{"popularity": 12.5}, "nonsense", null, 3]')
    found = list(read_artists(file))
    assert found == [{"popularity": 12.5}, "nonsense", None, 3]
    assert isinstance(found[0]["popularity"], float)


def test_an_empty_array_holds_no_artists(file):
    file.write_text("[]")
    assert list(read_artists(file)) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is no JSON"),
        (b'"text"', "holds no artists"),
        (b"5", "holds no artists"),
        (b"id,name\na,Ann", "is no JSON"),
        (b'[{"id": "a"}, {"id": ', "is no JSON"),
        (b'[{"name": "\xff\xfe"}]', "is no JSON"),
        (b'{"items": [{"id": "a"}]}', "holds no artists"),
        (b'{"artists": {"id": "a"}}', "holds no artists"),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_line_with_the_shape_that_it_has(content, complaint, file):
    file.write_bytes(content)
    with pytest.raises(InputError, match=complaint) as error:
        list(read_artists(file))
    assert str(file) in str(error.value) and '[{"id": …' in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_is_known_by_its_content(file, tmp_path):
    file.write_text(TWO)
    assert content_of(file) == hashlib.sha256(TWO.encode()).hexdigest()
    with pytest.raises(InputError, match="There is no file"):
        content_of(tmp_path / "missing.json")
