"""Small lines without axes, as paths of an SVG: how a value went, and the range that was usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 100.0, 30.0, 2.0
Values = Sequence[float | None]


@dataclass(frozen=True)
class Sparkline:
    """Paths inside WIDTH by HEIGHT: the line, the band of the usual range, and the newest value as a dot."""

    line: str
    band: str
    dot: str


def sparkline(values: Values, lows: Values, highs: Values) -> Sparkline | None:
    """The line of values at equal distances, gaps left open; None below two values."""
    known = [value for value in (*values, *lows, *highs) if value is not None]
    if sum(value is not None for value in values) < 2:
        return None
    least, most = min(known), max(known)
    span = most - least or 1.0

    def place(at: int, value: float) -> str:
        x = at * WIDTH / max(len(values) - 1, 1)
        return f"{x:.1f} {EDGE + (HEIGHT - 2 * EDGE) * (most - value) / span:.1f}"

    line, band = "", ""
    for at, value in enumerate(values):
        if value is not None:
            begins = at == 0 or values[at - 1] is None
            line += f"{'M' if begins else 'L'}{place(at, value)}"
    # Of each two neighbours with a range a piece.
    for at in range(1, len(values)):
        before, now = (lows[at - 1], highs[at - 1]), (lows[at], highs[at])
        if before[0] is None or before[1] is None or now[0] is None or now[1] is None:
            continue
        band += f"M{place(at - 1, before[0])}L{place(at, now[0])}L{place(at, now[1])}L{place(at - 1, before[1])}Z"
    last = values[-1]
    return Sparkline(line, band, f"M{place(len(values) - 1, last)}h0" if last is not None else "")
