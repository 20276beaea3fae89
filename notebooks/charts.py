"""The charts of the notebooks, from rows as `Store.rows` gives them."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from serving.store import Row

TEAL, CORAL, GREY = "#1c8274", "#c2552d", "#8a979c"
HEIGHT = 260
ROW_HEIGHT = 22
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def frame(rows: list[Row]) -> pd.DataFrame:
    """The rows with days as instants, as Vega wants them."""
    table = pd.DataFrame(rows)
    for name in table.columns:
        if name.endswith(("_date", "_start", "_end")):
            table[name] = pd.to_datetime(table[name])
    return table


def _sized(chart: Any, height: int = HEIGHT) -> Any:
    return chart.properties(width="container", height=height)


def bars_over_time(rows: list[Row], day: str, value: str, title: str, each: str = "yearmonthdate") -> Any:
    """A bar for each day or month (each: Vega's unit of time)."""
    chart = alt.Chart(frame(rows)).mark_bar(color=TEAL)
    return _sized(
        chart.encode(
            x=alt.X(f"{each}({day}):T", title=None),
            y=alt.Y(f"{value}:Q", title=title),
            tooltip=[alt.Tooltip(f"{day}:T"), alt.Tooltip(f"{value}:Q", format=",.2f")],
        )
    )


def lines_over_time(rows: list[Row], day: str, value: str, title: str, series: str | None = None) -> Any:
    """A line with a point for each value; a line for each of the series. Values that are missing leave a hole."""
    colour = alt.Color(f"{series}:N", title=None) if series else alt.value(TEAL)
    chart = alt.Chart(frame(rows)).mark_line(point=True)
    return _sized(
        chart.encode(
            x=alt.X(f"{day}:T", title=None),
            y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(zero=False)),
            color=colour,
            tooltip=[alt.Tooltip(f"{day}:T"), alt.Tooltip(f"{value}:Q", format=".3f"), *([series] if series else [])],
        )
    )


def shares_over_time(rows: list[Row], day: str, value: str, series: str) -> Any:
    """Shares of a whole, one on another."""
    chart = alt.Chart(frame(rows)).mark_area()
    return _sized(
        chart.encode(
            x=alt.X(f"{day}:T", title=None),
            y=alt.Y(f"{value}:Q", title="share of the time", stack="zero", axis=alt.Axis(format="%")),
            color=alt.Color(f"{series}:N", title=None, scale=alt.Scale(scheme="tableau20")),
            tooltip=[alt.Tooltip(f"{day}:T"), f"{series}:N", alt.Tooltip(f"{value}:Q", format=".1%")],
        )
    )


def ranked_bars(rows: list[Row], name: str, value: str, title: str) -> Any:
    """A bar for each name, in the order of the rows."""
    chart = alt.Chart(frame(rows)).mark_bar(color=TEAL)
    return _sized(
        chart.encode(
            y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=200)),
            x=alt.X(f"{value}:Q", title=title),
            tooltip=[f"{name}:N", alt.Tooltip(f"{value}:Q", format=",.2f")],
        ),
        ROW_HEIGHT * max(len(rows), 2),
    )


def differences(rows: list[Row], name: str, value: str, title: str) -> Any:
    """A bar to the right for more, to the left for less, in the order of the rows."""
    colour = alt.condition(f"datum.{value} >= 0", alt.value(TEAL), alt.value(CORAL))
    return ranked_bars(rows, name, value, title).encode(color=colour)


def hour_week_heat(rows: list[Row], value: str, title: str) -> Any:
    """Hours of the day by days of the week (day_of_week 1 Monday to 7 Sunday, hour_of_day 0-23)."""
    table = pd.DataFrame(rows)
    table["day"] = [DAYS[day - 1] for day in table["day_of_week"]]
    chart = alt.Chart(table).mark_rect()
    return _sized(
        chart.encode(
            x=alt.X(
                "hour_of_day:O",
                title="hour of the local day",
                scale=alt.Scale(domain=list(range(24))),
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("day:N", sort=DAYS, title=None, scale=alt.Scale(domain=DAYS)),
            color=alt.Color(f"{value}:Q", title=title, scale=alt.Scale(scheme="teals")),
            tooltip=["day:N", "hour_of_day:O", alt.Tooltip(f"{value}:Q", format=",.2f")],
        ),
        200,
    )


def hour_curve(rows: list[Row], *values: str) -> Any:
    """Lines over the hours of the day (hour_of_day 0-23), one for each column of values, 0-1."""
    table = pd.DataFrame(rows).melt(id_vars=["hour_of_day", "days"], value_vars=list(values), value_name="mean")
    chart = alt.Chart(table).mark_line(point=True)
    return _sized(
        chart.encode(
            x=alt.X("hour_of_day:Q", title="hour of the local day", scale=alt.Scale(domain=[0, 23])),
            y=alt.Y("mean:Q", title="mean, 0-1", scale=alt.Scale(zero=False)),
            color=alt.Color("variable:N", title=None),
            tooltip=["variable:N", "hour_of_day:Q", alt.Tooltip("mean:Q", format=".3f"), "days:Q"],
        )
    )


def mood_plane(rows: list[Row], name: str, size: str) -> Any:
    """Where names lie by valence (dark to bright) and energy (calm to energetic), both 0-1."""
    unit = alt.Scale(domain=[0, 1])
    table = frame(rows)
    place = alt.Chart(table).encode(
        x=alt.X("valence:Q", title="dark  ←  valence  →  bright", scale=unit),
        y=alt.Y("energy:Q", title="calm  ←  energy  →  energetic", scale=unit),
        tooltip=[f"{name}:N", alt.Tooltip("valence:Q", format=".2f"), alt.Tooltip("energy:Q", format=".2f"), size],
    )
    dots = place.mark_circle(color=TEAL, opacity=0.75).encode(size=alt.Size(f"{size}:Q", legend=None))
    names = place.mark_text(dy=-14, limit=160).encode(text=f"{name}:N")
    middle = alt.Chart(pd.DataFrame({"half": [0.5]}))
    rules = middle.mark_rule(color=GREY, strokeDash=[3, 3])
    return _sized(rules.encode(x="half:Q") + rules.encode(y="half:Q") + dots + names, 380)


def intervals(rows: list[Row], name: str, title: str, *, at: float | None = None) -> Any:
    """Each estimate with its 95 % interval (columns estimate, low, high); a line where nothing would be."""
    chart = alt.Chart(frame(rows)).encode(y=alt.Y(f"{name}:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)))
    verdict = alt.Color(
        "verdict:N", title=None, scale=alt.Scale(domain=["supported", "no evidence"], range=[TEAL, GREY])
    )
    near = alt.Scale(zero=False)
    bars = chart.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title, scale=near), x2="high:Q", color=verdict)
    dots = chart.mark_point(filled=True, size=70).encode(x=alt.X("estimate:Q", scale=near), color=verdict)
    both = bars + dots
    if at is not None:
        nothing = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(color=GREY, strokeDash=[3, 3]).encode(x="at:Q")
        both = nothing + both
    return _sized(both, ROW_HEIGHT * max(len(rows), 2))


def forecast(rows: list[Row], past: list[Row], title: str) -> Any:
    """Days that were (played_date, value), then days to come (forecast_date, value, low_80, high_80)."""
    ahead = alt.Chart(frame(rows)).encode(x=alt.X("forecast_date:T", title=None))
    band = ahead.mark_area(color=CORAL, opacity=0.25).encode(y=alt.Y("low_80:Q", title=title), y2="high_80:Q")
    line = ahead.mark_line(color=CORAL).encode(y="value:Q")
    before = alt.Chart(frame(past)).mark_line(color=TEAL).encode(x="played_date:T", y="value:Q")
    return _sized(before + band + line)
