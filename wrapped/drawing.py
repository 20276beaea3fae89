"""A picture as a list of shapes and lines of text, written as SVG and drawn as PNG with the shipped fonts alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from wrapped import palette
from wrapped.names import RIGHT_TO_LEFT, clean, direction
from wrapped.templating import environment
from wrapped.typeset import STYLES, Font, Line, fit, font_files

LINE_HEIGHT = 1.16
_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}  # the part of a line that stands before its anchor


@dataclass(frozen=True)
class Shape:
    """One shape: an element of SVG and its attributes. Of a text, its line, the place of it and whether it is bold."""

    element: str
    attributes: dict[str, str | float]
    line: Line | None = None
    x: float = 0.0
    y: float = 0.0
    is_bold: bool = False


@dataclass
class Canvas:
    """A picture of a size in pixels, drawn from the back to the front."""

    width: int
    height: int
    shapes: list[Shape] = field(default_factory=list)

    def add(self, element: str, **attributes: str | float) -> None:
        """Add a shape; attributes as in SVG, with _ for -."""
        named = {name.replace("_", "-"): _rounded(value) for name, value in attributes.items()}
        self.shapes.append(Shape(element, named))

    def write(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float,
        fill: str,
        style: str = "text",
        width: float = 10_000,
        lines: int = 1,
        anchor: str = "start",
    ) -> float:
        """Write a text whose first line stands on y, fitted into the width; gives the y that its last line stands on.

        anchor: whether x is the start, the middle or the end.
        """
        fitted = fit(clean(text), style, size, width, lines)
        widest = max(line.width for line in fitted)
        is_turned = direction(clean(text)) == RIGHT_TO_LEFT and anchor == "start"
        for number, line in enumerate(fitted):
            if number:
                y += line.size * LINE_HEIGHT
            # Lines that run to the left begin below each other, too.
            left = x + widest - line.width if is_turned else x - line.width * _BEFORE[anchor]
            attributes: dict[str, str | float] = {"font-size": line.size, "fill": fill}
            self.shapes.append(Shape("text", attributes, line, round(left, 2), round(y, 2), style == "name"))
        return y

    def svg(self) -> str:
        """The picture as SVG."""
        return environment().get_template("card.svg.j2").render(canvas=self, palette=palette)

    def png(self) -> bytes:
        """The picture as PNG, the same on every machine: no font but the shipped ones is looked at."""
        import resvg_py

        fonts: set[Font] = set(STYLES.values())
        fonts |= {run.font for shape in self.shapes if shape.line for run in shape.line.runs}
        drawn: bytes = resvg_py.svg_to_bytes(
            svg_string=self.svg(),
            skip_system_fonts=True,
            font_files=font_files(fonts),
            font_family="Inter",
        )
        return drawn


def smooth(points: list[tuple[float, float]]) -> str:
    """A curve through the points, from left to right, that never goes beyond them: level at each."""
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        parts.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(parts)


def _rounded(value: str | float) -> str | float:
    return round(value, 2) if isinstance(value, float) else value
