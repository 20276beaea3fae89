"""The order in which text of both directions is drawn: https://www.unicode.org/reports/tr9/, for one line of a name.

Marks that set a direction are not looked at: names lose them, see `names.clean`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from wrapped.names import RIGHT_TO_LEFT

_NEUTRAL = ("B", "S", "WS", "ON")
_CLOSED_BY = dict(zip("([{（［｛「『【〈《", ")]}）］｝」』】〉》", strict=True))


def levels(text: str, base: str) -> list[int]:
    """The level of each character in a line of this direction: even ones run to the right, odd ones to the left."""
    bottom = 1 if base == RIGHT_TO_LEFT else 0
    edge = "R" if bottom else "L"
    weak = _weak([unicodedata.bidirectional(char) or "ON" for char in text], edge)
    types = _neutrals(_brackets(text, weak, edge), edge)
    above = {"L": 0, "R": 1, "EN": 2, "AN": 2} if bottom == 0 else {"R": 0, "L": 1, "EN": 1, "AN": 1}
    return [bottom + above[name] for name in types]


def visual_order(of_pieces: Sequence[int]) -> list[int]:
    """The numbers of the pieces of a line from left to right, given their levels (rule L2)."""
    order = list(range(len(of_pieces)))
    for level in range(max(of_pieces, default=0), 0, -1):
        at = 0
        while at < len(order):
            end = at
            while end < len(order) and of_pieces[order[end]] >= level:
                end += 1
            order[at:end] = reversed(order[at:end])
            at = max(end, at + 1)
    return order


def _weak(types: list[str], edge: str) -> list[str]:
    """Marks, digits and what stands between them (rules W1 to W7)."""
    found: list[str] = []
    for name in types:
        found.append((found[-1] if found else edge) if name in ("NSM", "BN") else name)
    strong = edge
    for at, name in enumerate(found):
        if name in ("L", "R", "AL"):
            strong = name
        elif name == "EN" and strong == "AL":
            found[at] = "AN"
    found = ["R" if name == "AL" else name for name in found]
    for at in range(1, len(found) - 1):
        before, sign = found[at - 1], found[at]
        joins = (sign == "CS" and before in ("EN", "AN")) or (sign == "ES" and before == "EN")
        if joins and before == found[at + 1]:
            found[at] = before
    _join_signs(found)
    strong = edge
    for at, name in enumerate(found):
        if name in ("L", "R"):
            strong = name
        elif name == "EN" and strong == "L":
            found[at] = "L"
    return ["ON" if name in ("ES", "ET", "CS", *_NEUTRAL) else name for name in found]


def _join_signs(types: list[str]) -> None:
    """Signs such as % and € go with a number next to them (rule W5)."""
    for order in (range(len(types)), range(len(types) - 1, -1, -1)):
        is_number = False
        for at in order:
            is_number = types[at] == "EN" or (is_number and types[at] == "ET")
            if is_number:
                types[at] = "EN"


def _brackets(text: str, types: list[str], edge: str) -> list[str]:
    """A pair of brackets takes the direction of the line if anything in it has that, else that around it (rule N0)."""
    found = list(types)
    for first, last in sorted(_pairs(text, types)):
        inside = {_side(name) for name in found[first + 1 : last] if name != "ON"}
        if edge in inside:
            side = edge
        elif inside:
            before = next((_side(name) for name in reversed(found[:first]) if name != "ON"), edge)
            side = before
        else:
            continue
        found[first] = found[last] = side
    return found


def _pairs(text: str, types: list[str]) -> list[tuple[int, int]]:
    """Where brackets open and close, those that belong together."""
    pairs: list[tuple[int, int]] = []
    waiting: list[int] = []
    for at, char in enumerate(text):
        if types[at] != "ON":
            continue
        if char in _CLOSED_BY:
            waiting.append(at)
        opening = next((number for number in reversed(waiting) if _CLOSED_BY[text[number]] == char), None)
        if opening is not None:
            pairs.append((opening, at))
            waiting = waiting[: waiting.index(opening)]
    return pairs


def _neutrals(types: list[str], edge: str) -> list[str]:
    """What has no direction takes that of its neighbours where they agree, else that of the line (rules N1, N2)."""
    found, at = list(types), 0
    while at < len(found):
        end = at
        while end < len(found) and found[end] == "ON":
            end += 1
        if end > at:
            before = _side(found[at - 1]) if at else edge
            after = _side(found[end]) if end < len(found) else edge
            found[at:end] = [before if before == after else edge] * (end - at)
        at = max(end, at + 1)
    return found


def _side(name: str) -> str:
    return "L" if name == "L" else "R"
