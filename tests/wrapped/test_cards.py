"""Cards of the most awkward data: right sizes, nothing over an edge or another text, readable, honest."""

import copy
import struct
from itertools import combinations
from typing import Any

import pytest

from wrapped.cards import canvas_of, cards_of, pictures
from wrapped.drawing import Canvas
from wrapped.frames import FRAMES, Frame
from wrapped.lake import heights
from wrapped.palette import CORAL, DAY, INK, MUTED, NIGHT, SKY_LOW, SKY_TOP, SUN, TEAL, WATER_NEAR
from wrapped.typeset import LEAST_SCALE

Data = dict[str, Any]
NAMES = ["overview", "artists", "tracks", "albums", "genres", "clock", "steps", "moods", "firsts"]
PHONE = 390  # points that a phone is wide
TEXT_ON = (
    *((text, ground) for text in (INK, MUTED, CORAL, SUN, TEAL) for ground in (SKY_TOP, SKY_LOW, WATER_NEAR)),
    *(
        (p[text], p[ground])
        for p in (DAY, NIGHT)
        for text in ("ink", "muted", "accent")
        for ground in ("ground", "raised")
    ),
)
LEAST_CONTRAST = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def shape_texts(canvas: Canvas) -> list[Data]:
    """Every text of a picture with the box it takes: text, left, right, top and bottom in pixels."""
    boxes = []
    for shape in canvas.shapes:
        if shape.line is None:
            continue
        top, bottom = shape.y - 0.76 * shape.line.size, shape.y + 0.24 * shape.line.size
        right = shape.x + shape.line.width
        boxes.append({"text": shape.line.text, "left": shape.x, "right": right, "top": top, "bottom": bottom})
    return boxes


def texts(data: Data, name: str, frame: Frame) -> list[Data]:
    card = next(card for card in cards_of(data) if card.name == name)
    return shape_texts(canvas_of(data, card, frame))


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.width)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_leaves_the_picture_or_touches_another(name: str, frame: Frame, awkward: Data) -> None:
    boxes = texts(awkward, name, frame)
    assert len(boxes) >= 4
    for box in boxes:
        assert box["left"] >= frame.margin - 1 and box["right"] <= frame.width - frame.margin + 1, box
        assert box["top"] >= 20 and box["bottom"] <= frame.height - 10, box
    for one, other in combinations(boxes, 2):
        beside = min(one["right"], other["right"]) - max(one["left"], other["left"])
        over = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
        # Boxes reach from the highest to the lowest stroke of any letter: lines may share a little of that.
        assert beside <= 0 or over <= 10, (one, other)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.width)
def test_the_smallest_letters_can_be_read_on_a_phone(frame: Frame, awkward: Data) -> None:
    for card in cards_of(awkward):
        sizes = [shape.line.size for shape in canvas_of(awkward, card, frame).shapes if shape.line]
        assert min(sizes) >= min(frame.small, LEAST_SCALE * frame.name) - 0.01
        # 13 points on a phone held upright; the wide format, a preview of a link, is shown small by nature.
        assert min(sizes) * PHONE / frame.width >= (13 if frame.is_tall else 9)


@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_every_text_stands_out_from_its_ground(text: str, ground: str) -> None:
    assert contrast(text, ground) >= LEAST_CONTRAST


def test_contrast_is_that_of_the_guidelines() -> None:
    """#777777 on white has 4.48 : 1, black on white 21 : 1 (WCAG's own examples)."""
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_colours_of_texts_are_those_whose_contrast_is_checked(awkward: Data) -> None:
    checked = {text for text, _ in TEXT_ON}
    for card in cards_of(awkward):
        for frame in FRAMES:
            used = {shape.attributes["fill"] for shape in canvas_of(awkward, card, frame).shapes if shape.line}
            assert used <= checked


def test_every_card_comes_in_both_sizes_with_its_words(awkward: Data) -> None:
    awkward["artists"] = awkward["artists"][:2]
    sizes = {}
    for picture in pictures({**awkward, "tracks": [], "albums": [], "genres": {"top": [], "unknown_share": None}}):
        sizes[picture.file_name] = struct.unpack(">II", picture.png[16:24])
        assert "2026" in picture.alt
    assert set(sizes.values()) == {(1080, 1920), (1200, 630)}
    assert len(sizes) == 2 * (len(NAMES) - 3)
    assert all(f"{width}x{height}" in name for name, (width, height) in sizes.items())


def test_a_simulated_listener_is_called_so_on_every_card(awkward: Data) -> None:
    real = {**awkward, "is_simulated": False}
    for card in cards_of(awkward):
        for frame in FRAMES:
            assert any(box["text"].startswith("simulated") for box in shape_texts(canvas_of(awkward, card, frame)))
    for card in cards_of(real):
        assert not any("simulated" in box["text"] for box in shape_texts(canvas_of(real, card, FRAMES[0])))


def test_totals_with_hours_that_are_not_known_say_at_least(awkward: Data) -> None:
    def said(data: Data) -> str:
        return " ".join(box["text"] for box in texts(data, "overview", FRAMES[0]))

    assert "at least" in said(awkward)
    assert "at least" not in said({**awkward, "known": {**awkward["known"], "is_at_least": False}})


def test_a_period_that_still_runs_says_until_when_on_every_card(awkward: Data) -> None:
    for card in cards_of(awkward):
        for frame in FRAMES:
            words = " ".join(box["text"] for box in shape_texts(canvas_of(awkward, card, frame)))
            assert "up to 31 October" in words


def test_what_is_not_told_has_no_card(awkward: Data) -> None:
    data = copy.deepcopy(awkward)
    data["moods"] = {"clusters": [], "measured_share": 0.2, "reason": "only 20 % of the listening time has …"}
    data["albums"] = []
    data["discovery"] |= {"top_new_artist": None, "top_new_track": None}
    data |= {"streak": None, "biggest_day": None}
    assert [card.name for card in cards_of(data)] == [n for n in NAMES if n not in ("moods", "albums", "firsts")]


def test_a_period_without_music_still_has_an_overview(awkward: Data) -> None:
    data = copy.deepcopy(awkward)
    data["totals"] = dict.fromkeys(data["totals"], 0)
    data |= {"artists": [], "tracks": [], "albums": [], "clock": [0] * 24, "streak": None, "biggest_day": None}
    data["genres"] = {"top": [], "unknown_share": None}
    data["moods"] = {"clusters": [], "measured_share": 0.0, "reason": "nothing was listened to"}
    data["discovery"] |= {"top_new_artist": None, "top_new_track": None}
    for wave in data["waves"]["waves"]:
        wave["hours"] = [0] * 24
    assert [card.name for card in cards_of(data)] == ["overview"]
    assert len(list(pictures(data))) == 2


def test_a_wave_is_as_high_as_its_hours_and_joins_itself_at_midnight() -> None:
    clock = [0] * 24
    clock[0], clock[23], clock[12] = 2, 6, 8
    high = heights(clock, 8)
    assert len(high) == 26 and high[0] == high[-1] == 0.5
    assert (high[1], high[13], high[24]) == (0.25, 1.0, 0.75)
    assert heights([0] * 24, 0) == [0.0] * 26


def test_names_are_escaped_in_the_picture(awkward: Data) -> None:
    awkward["artists"][0]["artist_name"] = '</text><script>"&'
    card = next(card for card in cards_of(awkward) if card.name == "artists")
    svg = canvas_of(awkward, card, FRAMES[0]).svg()
    assert "<script>" not in svg and "&lt;script&gt;" in svg
