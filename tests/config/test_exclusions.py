"""exclusions.toml: what it says, and how a mistake in it is answered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config.errors import InputError
from config.exclusions import EXCLUSIONS_FILE, Exclusion, read_exclusions

EVERYTHING = """
[[exclude]]
name = "kids"
user = "ada"
hours = "16-18"
days = ["sat", "Sunday"]
device = "Kitchen"
playlist = "https://open.spotify.com/playlist/37i9dQZF1DX?si=1"
artist = "Rain Sounds"
loop_hours = 3
from = 2026-01-01
to = 2026-02-01

[[exclude]]
name = "sleep"
playlist = "spotify:playlist:abc"
"""


def read(folder: Path, text: str) -> tuple[Exclusion, ...]:
    (folder / EXCLUSIONS_FILE).write_text(text, encoding="utf-8")
    return read_exclusions(folder)


def test_without_a_folder_or_a_file_nothing_is_excluded(tmp_path):
    assert read_exclusions(None) == read_exclusions(tmp_path) == read_exclusions(tmp_path / "missing") == ()


def test_an_empty_file_excludes_nothing(tmp_path):
    assert read(tmp_path, "\ufeff") == ()


def test_a_rule_holds_what_was_written(tmp_path):
    kids, sleep = read(tmp_path, EVERYTHING)
    assert kids == Exclusion(
        name="kids",
        user="ada",
        hours=(16, 18),
        days=(6, 7),
        device="Kitchen",
        playlist="37i9dQZF1DX",
        artist="Rain Sounds",
        loop_hours=3.0,
        first_date=date(2026, 1, 1),
        last_date=date(2026, 2, 1),
    )
    assert sleep == Exclusion(name="sleep", playlist="abc")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[[exclude]\nname", "cannot be read"),
        ("[exclude]\nname = 'a'", "entries alone"),
        ("other = 1", "entries alone"),
        ("[[exclude]]\nhours = '1-2'", "has no name"),
        ("[[exclude]]\nname = 'all'", "would exclude all"),
        ("[[exclude]]\nname = 'all'\nuser = 'ada'", "would exclude all"),
        ("[[exclude]]\nname = 'a'\nhour = '1-2'", "there is no hour"),
        ("[[exclude]]\nname = 'a'\nhours = '22'", "two of 0-23"),
        ("[[exclude]]\nname = 'a'\nhours = '22-24'", "two of 0-23"),
        ("[[exclude]]\nname = 'a'\ndays = ['someday']", "rule 1"),
        ("[[exclude]]\nname = 'a'\nloop_hours = 0", "above 0"),
        ("[[exclude]]\nname = 'a'\nloop_hours = true", "above 0"),
        ("[[exclude]]\nname = 'a'\nfrom = '2026-01-01'", "without quotes"),
        ("[[exclude]]\nname = 'a'\nartist = ' '", "artist is no text"),
        ("[[exclude]]\nname = 'a'\nartist = 'b'\n[[exclude]]\nname = 'a'\nartist = 'c'", "names a twice"),
    ],
)
def test_a_mistake_is_named_with_the_file_and_a_way_on(tmp_path, text, part):
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert part in str(error.value)
    assert str(tmp_path / EXCLUSIONS_FILE) in str(error.value)
