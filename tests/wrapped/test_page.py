"""The page: whole in one file, honest about gaps, right for names of every script, and fit for a phone."""

import html
import json
import re
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from wrapped.page import page

Data = dict[str, Any]
VOID = {"meta", "link", "br", "hr", "img", "circle", "line", "path", "rect", "stop", "input"}


class Outline(HTMLParser):
    """What a page consists of: tags with their attributes, its text, and tags that were closed wrongly."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data if not self.open or self.open[-1] != "style" else ""


@pytest.fixture
def outline(awkward: Data) -> Outline:
    return Outline(page(awkward, {"Report": "0123abcd"}))


def test_the_page_is_one_file_that_loads_nothing(awkward: Data) -> None:
    source = page(awkward)
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", source)
    assert addresses and all(address.startswith(("data:", "#", "&#34;#", "url(#")) for address in addresses), addresses
    assert set(re.findall(r"https?://[^\"' ]+", source)) <= {"http://www.w3.org/2000/svg"}
    assert "<script" not in source


def test_every_tag_is_closed_in_its_place(outline: Outline) -> None:
    assert (outline.wrong, outline.open) == ([], [])


def test_names_carry_their_direction_and_language(outline: Outline) -> None:
    marks = [attributes for tag, attributes in outline.tags if tag == "bdi"]
    assert {"dir": "rtl", "lang": "he"} in marks
    assert {"dir": "ltr", "lang": "ja"} in marks
    assert {"dir": "ltr"} in marks
    assert outline.tags[0] == ("html", {"lang": "en"})


def test_names_and_rules_are_escaped(awkward: Data) -> None:
    awkward["artists"][0]["artist_name"] = "<img src=x onerror=alert(1)>"
    source = page(awkward)
    assert "<img" not in source and "sleep <b>" not in source
    assert "sleep <b>" in Outline(source).text


def test_pictures_have_words_and_charts_have_tables(outline: Outline) -> None:
    pictures = [attributes for _, attributes in outline.tags if attributes.get("role") == "img"]
    assert len(pictures) == 2 and all(attributes["aria-label"] for attributes in pictures)
    assert [tag for tag, _ in outline.tags].count("details") == 3
    for hour in range(24):
        assert f"{hour} to {hour + 1}\u00a0h" in outline.text


def test_headings_follow_each_other_in_order(outline: Outline) -> None:
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_is_uncertain_is_said(outline: Outline, awkward: Data) -> None:
    said = " ".join(outline.text.split())
    for words in (
        "A simulated listener,",
        "minutes of music, at least",
        "2 hours of which nothing is known and 3 hours in which plays may be missing",
        "% of the time is estimated from track lengths",
        "12 plays (2 h) left out by your rules: sleep <b>",
        "(up to 31 October)",
        "known of 94 % of the time",
        "new to this archive, which may not go back far enough",
    ):
        assert words in said, words
    awkward["moods"] = {"clusters": [], "measured_share": 0.3, "reason": "only 30 % has features"}
    awkward["profile"] = {"profiles": [], "reason": "profiles are told of years"}
    bare = Outline(page(awkward)).text
    assert "Not told here: only 30 % has features." in bare and "Not told here: profiles are told of years." in bare


def test_fonts_of_the_page_hold_only_the_letters_of_its_names(awkward: Data) -> None:
    plain = page(awkward)
    assert 30_000 < len(plain) < 400_000
    for rows in (awkward["artists"], awkward["genres"]["top"]):
        for row in rows:
            row |= {"artist_name": "Ann", "track_name": "Blue", "album_name": "Sky", "genre": "pop"}
    awkward["discovery"] |= {"top_new_artist": None, "top_new_track": None}
    latin = page(awkward)
    assert plain.count("@font-face") > 4 and latin.count("@font-face") == 1


MEASURE = """<body><iframe style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const root = frame.contentDocument.documentElement;
  const wide = [...root.querySelectorAll("*")].filter(e => !e.closest("svg") && !e.closest(".steps"))
    .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1).map(e => e.outerHTML.slice(0, 80));
  document.title = JSON.stringify([root.scrollWidth, root.clientWidth, wide]);
}};
</script></body>"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(width: int, awkward: Data, tmp_path: Path) -> None:
    file = tmp_path / "measure.html"
    file.write_text(MEASURE.format(width=width, page=html.escape(page(awkward, {"Table versions": "x" * 300}))))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = ["chromium", *options, "--virtual-time-budget=5000", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    found = re.search(r"<title>(.*?)</title>", done.stdout)
    assert found, done.stderr[-500:]
    content, visible, wide = json.loads(html.unescape(found[1]))
    assert (content, wide) == (visible, []) and visible >= width - 20  # a scroll bar stands inside
