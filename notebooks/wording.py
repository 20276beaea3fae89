"""What the notebooks say about their numbers: how they are written, and how far they can be trusted."""

from __future__ import annotations

import re
from typing import Any

from serving.store import Row, Store

MS_PER_HOUR, MS_PER_MINUTE = 3_600_000, 60_000
NOTHING = "–"
LONGEST = 300
# Around text whose direction stays its own.
ISOLATED, UNTIL_HERE = "&#8296;", "&#8297;"
SIMULATED = (
    "**With simulated features:** some audio features are invented from track ids. Do not read them as measured."
)


def hours(ms: float) -> str:
    """A time of listening: hours from one hour on, else minutes."""
    if ms < MS_PER_HOUR:
        return f"{ms / MS_PER_MINUTE:,.0f} min"
    return f"{ms / MS_PER_HOUR:,.1f} h"


def share(value: float | None) -> str:
    """A share of 0-1 as per cent."""
    if value is None:
        return NOTHING
    if 0 < value < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= value < 1 else f"{100 * value:.0f} %"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many digits behind the point; a dash for none."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def counted(count: int, one: str, several: str = "") -> str:
    """`1 play`, `1,234 plays`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def total(ms: float, *, is_at_least: bool) -> str:
    """A time, as a lower bound where hours were not observed."""
    return f"at least {hours(ms)}" if is_at_least else hours(ms)


def trust(metrics: Row) -> str:
    """How sure the numbers of a range are: what was observed, measured and left out (a row of `user_metrics`)."""
    said = []
    if metrics["is_at_least"]:
        said.append(f"{share(metrics['coverage'])} of the hours of this range were observed: totals are at least so.")
    else:
        said.append("Every hour of this range was observed.")
    if metrics["listened_ms"]:
        said.append(f"{share(metrics['measured_ms'] / metrics['listened_ms'])} of the time was measured by the player.")
        if metrics["measured_ms"] < metrics["listened_ms"]:
            said.append("The rest is estimated.")
    said.append(f"{share(metrics['measured_share'])} of the time has audio features that a service measured or lists.")
    if metrics["excluded_count"]:
        said.append(f"{counted(metrics['excluded_count'], 'start is', 'starts are')} left out by your own rules.")
    return " ".join(said)


def origin(store: Store, basis: str) -> str:
    """Whose numbers these are, from when, and on which basis."""
    who = f"Listener **{quoted(store.user_id)}**"
    if store.is_simulated:
        who += " (**simulated**: nobody's real listening)"
    said = f"{who}, as of {store.as_of:%Y-%m-%d}."
    return f"{said} {SIMULATED}" if basis == "all" else f"{said} Features: measured ones only."


def fit_words(row: Row) -> str:
    """How far groups that a model found can be believed (a row with MODEL_FIGURES)."""
    figures = (
        f"silhouette {number(row['silhouette'])} against {number(row['null_silhouette'])} in data without groups, "
        f"stability {number(row['stability'])} over 20 refits"
    )
    if row["k"]:
        return f"{row['k']} groups: {figures}."
    return f"No groups: {row['reason']} ({figures})."


def reasons(rows: list[Row]) -> str:
    """The reasons for which values are missing, each once; empty for none."""
    told: dict[Any, None] = {row["reason"]: None for row in rows if row["reason"]}
    return "".join(f"Missing: {reason}. " for reason in told)


def quoted(text: str | None) -> str:
    """Text that others wrote (names, sentences with names) as Markdown shows it: as text, never as markup.

    It is cut where it is too long, and turns no letters around that come after it.
    """
    if text is None:
        return NOTHING
    marks = re.sub(r"[^\w\s,;%/']|_", lambda mark: f"&#{ord(mark[0])};", cut(" ".join(text.split())))
    return f"{ISOLATED}{marks}{UNTIL_HERE}"


def cut(text: str) -> str:
    """The text, at most LONGEST characters of it."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def in_cell(value: Any) -> Any:
    """A value as a table of marimo's shows it, which would make links of addresses, and fetch those of pictures."""
    if isinstance(value, float):
        return round(value, 3)
    return re.sub(r":(?=//|image)", ":\u200b", value) if isinstance(value, str) else value
