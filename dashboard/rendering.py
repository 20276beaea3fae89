"""From parts to HTML and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from dashboard.parts import Chart, Column, Part, Table
from dashboard.ranges import COMPARISONS, presets
from dashboard.site import FOLDER
from dashboard.view import GROUPS, PAGES, Page, View
from dashboard.words import shown

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def asset_version(name: str) -> str:
    """A few letters that change with a static file, so that browsers may keep it for ever."""
    import hashlib

    return hashlib.blake2b((FOLDER / "static" / name).read_bytes(), digest_size=4).hexdigest()


def static(name: str) -> str:
    """The address of a static file."""
    return f"/static/{name}?v={asset_version(name)}"


@cache
def environment() -> Environment:
    """The templates of the dashboard; a name that is not given is an error, every value is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["shown"] = shown
    made.globals.update(static=static, chart_data=chart_data, bar_width=bar_width, comparisons=COMPARISONS)
    return made


def render_page(page: Page, view: View) -> bytes:
    """A whole page. Raises what its queries raise."""
    parts = list(page.make(view))
    return render(
        "page.html",
        page=page,
        view=view,
        title=page.title_of(view) if page.title_of else page.name,
        parts=parts,
    )


def render(template: str, **given: Any) -> bytes:
    """A template with the navigation around it."""
    values = {"page": None, "view": None, "title": "", "navigation": navigation(), "presets": presets, **given}
    return environment().get_template(template).render(values).encode()


def navigation() -> list[tuple[str, list[Page]]]:
    """Groups of pages in their order."""
    return [
        (group, sorted((page for page in PAGES.values() if page.group == group), key=lambda page: page.place))
        for group in GROUPS
    ]


def chart_data(chart: Chart) -> str:
    """What static/charts.js draws, as JSON that cannot end the element it stands in."""
    names = [column.name for column in chart.columns]
    told = {
        "kind": chart.kind, "x": chart.x, "y": list(chart.y), "low": chart.low, "high": chart.high,
        "group": chart.group, "size": chart.size, "stacked": chart.is_stacked,
        "innerLow": chart.inner_low, "innerHigh": chart.inner_high, "dashed": list(chart.dashed),
        "fromZero": chart.from_zero, "named": chart.label, "corners": list(chart.corners),
        "columns": [{"name": c.name, "label": c.label, "kind": c.kind} for c in chart.columns],
        "rows": [[_plain(row.get(name)) for name in names] for row in chart.rows],
    }  # fmt: skip
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def bar_width(table: Table, column: Column, row: Any) -> str:
    """How wide the bar behind a value is, in per cent of the largest of its column."""
    most = max((abs(other.get(column.name) or 0) for other in table.rows), default=0)
    return f"{100 * abs(row.get(column.name) or 0) / most:.1f}%" if most else "0%"


def csv_of(parts: Iterable[Part], name: str) -> bytes | None:
    """A part's rows as CSV, every field as it is stored; None where there is no such part.

    Text that a spreadsheet would take for a formula is given a quote in front
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    part = next((part for part in parts if isinstance(part, Table) and part.name == name), None)
    if part is None:
        return None
    out = io.StringIO()
    writer = csv.writer(out)
    names = [name for column in part.columns for name in (column.name, column.sub) if name]
    writer.writerow(names)
    for row in part.rows:
        writer.writerow([_csv_safe(_plain(row.get(name))) for name in names])
    return out.getvalue().encode("utf-8-sig")


def _csv_safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
