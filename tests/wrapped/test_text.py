"""Text of pictures: cleaned, in the right order, in fonts that have it, and never wider than its place."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.catalogue import AWKWARD_ARTISTS, AWKWARD_TITLES
from wrapped.bidi import levels, visual_order
from wrapped.drawing import Canvas
from wrapped.names import UNNAMED, clean, clusters, direction, language
from wrapped.typeset import ELLIPSIS, LEAST_SCALE, _face, _pieces, fit, measure
from wrapped.typeset import STYLES as STYLE_FONTS

AWKWARD = (
    *AWKWARD_ARTISTS, *AWKWARD_TITLES, "नमस्ते क्षत्रिय & Hello สวัสดี", "רחוב של פנסים (feat. Zoë!) 2019",
    "مطر 🌧️ 2019 (live)", "🇫🇷 👩‍👩‍👧 ok", "Ξένη μουσική", "Ազնավուր", "საქართველო", "ខ្មែរ",
    "မြန်မာ", "አማርኛ", "தமிழ் తెలుగు", "𝔸 ☂ ♫",
)  # fmt: skip


def pixels(png: bytes) -> np.ndarray:
    """The picture as height x width x 4 (RGBA), read as https://www.w3.org/TR/png-3/ describes it."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (png[:8], depth) == (b"\x89PNG\r\n\x1a\n", 8) and colour in (2, 6)
    at, packed = 8, b""
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    channels = 4 if colour == 6 else 3
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    before, found = np.zeros(width * channels, np.int64), []
    for line in lines:
        before = _unfiltered(int(line[0]), line[1:].astype(np.int64), before, channels)
        found.append(before)
    return np.array(found, np.uint8).reshape(height, width, channels)


def _unfiltered(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    if kind in (0, 2):
        return (line + (above if kind else 0)) % 256
    done = np.zeros_like(line)
    for at in range(len(line)):
        left, up = (done[at - step] if at >= step else 0), above[at]
        corner = above[at - step] if at >= step else 0
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            near = left + up - corner
            guess = min((left, up, corner), key=lambda value: abs(near - value))
        done[at] = (line[at] + guess) % 256
    return done


def ink(text: str, size: float) -> tuple[int, int]:
    """First and last column that a name colours, written at column 50 of an otherwise empty picture."""
    canvas = Canvas(round(measure(text, "name", size)) + 100, 60)
    canvas.write(text, 50, 40, size=size, fill="#ffffff", style="name")
    columns = np.flatnonzero(pixels(canvas.png())[:, :, -1].max(axis=0))
    return int(columns[0]), int(columns[-1])


def test_what_cannot_be_drawn_goes_and_blanks_are_single() -> None:
    assert clean(" Tab\tStop \x00\n") == "Tab Stop"
    assert clean("a\u202egnp.exe\u202c\u2067") == "agnp.exe"
    assert clean("10\u00a0min") == "10\u00a0min"
    assert clean("👩\u200d👧 \u200fx") == "👩\u200d👧 x"
    for nothing in (None, "", " \t ", "\u200b"):
        assert clean(nothing) == UNNAMED


@pytest.mark.parametrize(
    ("text", "side", "tongue"),
    [
        ("Zoë", "ltr", None), ("夜行灯台クラブ", "ltr", "ja"), ("纸鲸邮局", "ltr", "zh"), ("달빛우체통", "ltr", "ko"),
        ("אגודת פנסי הגג", "rtl", "he"), ("🌧️ مطر", "rtl", "ar"), ("2019", "ltr", None), ("สวัสดี", "ltr", "th"),
    ],
)  # fmt: skip
def test_the_script_of_a_name_tells_its_direction_and_language(text: str, side: str, tongue: str | None) -> None:
    assert (direction(text), language(text)) == (side, tongue)


def test_marks_joined_emoji_and_flags_are_never_parted() -> None:
    assert clusters("é̂a👩‍👩‍👧🇫🇷🇩🇪🌧️") == ["é̂", "a", "👩‍👩‍👧", "🇫🇷", "🇩🇪", "🌧️"]


@pytest.mark.parametrize(
    ("text", "base", "drawn"),
    [
        # Capitals stand for Hebrew, as in https://www.unicode.org/reports/tr9/ (examples of sections 3.4 and 6).
        ("car means CAR.", "ltr", "car means RAC."),
        ("car MEANS CAR.", "ltr", "car RAC SNAEM."),
        ("CAR MEANS car!", "rtl", "!car SNAEM RAC"),
        ("ABC 123 DEF", "rtl", "FED 123 CBA"),
        ("ABC 12%, 3 DEF", "rtl", "FED 3 ,12% CBA"),
        ("AB(CD[&ef]!)gh", "rtl", "gh(![ef&]DC)BA"),
        ("smith (fabrikam ARABIC) HEBREW", "rtl", "WERBEH (CIBARA fabrikam) smith"),
        ("plain (x)", "ltr", "plain (x)"),
    ],
)
def test_text_of_both_directions_stands_in_the_order_of_unicode(text: str, base: str, drawn: str) -> None:
    hebrew = "".join(chr(0x05D0 + ord(char) - 65) if char.isupper() else char for char in text)
    mirrored = {"(": ")", ")": "(", "[": "]", "]": "["}
    of_chars = levels(hebrew, base)
    shown = [mirrored.get(text[at], text[at]) if of_chars[at] % 2 else text[at] for at in visual_order(of_chars)]
    assert "".join(shown) == drawn


@pytest.mark.parametrize("name", AWKWARD)
def test_a_shipped_font_has_every_character_of_an_awkward_name(name: str) -> None:
    for style in STYLE_FONTS.values():
        for piece in _pieces(clean(name), style, direction(name)):
            missing = {char for char in piece.text if ord(char) not in _face(piece.font)[1]} - set("\u200d\ufe0f")
            assert missing == set(), (piece, missing)


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("style", ["name", "text"])
@pytest.mark.parametrize("lines", [1, 2])
def test_a_name_is_never_wider_than_its_place_nor_too_small_to_read(name: str, style: str, lines: int) -> None:
    for width in (120.0, 390.0, 800.0):
        found = fit(clean(name), style, 50, width, lines)
        assert 1 <= len(found) <= lines
        assert all(line.width <= width + 0.01 for line in found)
        assert all(line.size >= 50 * (LEAST_SCALE if style == "name" else 1) - 0.01 for line in found)


@given(st.text(st.sampled_from("ab Wé夜ア달אבשלمط🦊👩\u200d1(,"), max_size=60), st.floats(90, 600), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_any_text_fits_and_loses_nothing_without_an_ellipsis(text: str, width: float, lines: int) -> None:
    wanted = clean(text)
    found = fit(wanted, "name", 40, width, lines)
    assert all(line.width <= width + 0.01 for line in found)
    told = "".join(line.text.replace(" ", "") for line in found)
    assert told == wanted.replace(" ", "") or (
        told.endswith(ELLIPSIS) and wanted.replace(" ", "").startswith(told[:-1])
    )


@pytest.mark.parametrize("name", AWKWARD)
def test_what_is_drawn_lies_where_it_was_measured(name: str) -> None:
    shown = next(line.text for line in fit(clean(name), "name", 30, 350))
    left, right = ink(shown, 30)
    measured = measure(shown, "name", 30)
    # Letters may reach a little over their own width, and leave some of it free.
    assert 50 - 3 <= left <= 50 + 6
    assert 50 + measured - 8 <= right <= 50 + measured + 3


def test_hebrew_with_a_mark_at_its_end_has_the_mark_on_the_left() -> None:
    """The dot of `שלום.` in a picture lies left of the letters: its columns hold ink near the ground line alone."""
    canvas = Canvas(400, 110)
    canvas.write("שלום.", 100, 75, size=60, fill="#ffffff", style="name")
    alpha = pixels(canvas.png())[:, :, -1]
    first = int(np.flatnonzero(alpha.max(axis=0))[0])
    rows = np.flatnonzero(alpha[:, first : first + 4].max(axis=1))
    assert rows.min() > 75 - 16


def test_a_picture_is_the_same_twice_and_looks_at_no_other_font() -> None:
    def drawn(text: str) -> bytes:
        canvas = Canvas(300, 80)
        canvas.write(text, 10, 50, size=40, fill="#ffffff")
        return canvas.png()

    assert drawn("夜 a") == drawn("夜 a")
    # A letter that no shipped font has is a box: that of another such letter looks the same.
    assert drawn("\U00012000") == drawn("\U00013000")
    assert drawn("\U00012000") != drawn("夜")
