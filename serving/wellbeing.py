"""Indicators of listening habits, as a listener's own past and their newest whole week tell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from serving.store import Row, Store

Unit = Literal["share", "difference", "clock", "hours", "minutes", "count", "number"]
GROUPS = ("Rhythm", "Sound", "Variety", "Discovery", "Habit")
CAVEAT = (
    "These describe listening, not health, and nothing here is a diagnosis. Published work found that mood explains "
    "little of what people choose to play, and nothing of its valence (doi 10.1177/27000710261456849)."
)
WEEKS_SHOWN = 52


@dataclass(frozen=True)
class Indicator:
    """What an indicator is called, the group it stands in, what it says, and how its value is written."""

    title: str
    group: str
    says: str
    unit: Unit


# As docs/analytics.md defines them.
INDICATORS = {
    "late_night_share": Indicator("Late-night share", "Rhythm", "Part of the time that falls on 0 to 5 h.", "share"),
    "weekend_shift_hours": Indicator(
        "Weekend shift", "Rhythm", "How much later the long silence of the night lies on free days.", "hours"
    ),
    "rhythm_regularity": Indicator(
        "Regularity", "Rhythm", "How alike the hours of one day and the next are: 0 not at all, 1 the same.", "number"
    ),
    "session_start_spread_hours": Indicator(
        "Spread of beginnings", "Rhythm", "How far apart in the day sessions begin.", "hours"
    ),
    "diurnal_amplitude": Indicator(
        "Swing of brightness", "Rhythm", "How far valence swings around its mean in a day.", "number"
    ),
    "diurnal_phase_hours": Indicator("Brightest hour", "Rhythm", "The hour at which valence is highest.", "clock"),
    "valence_centre": Indicator("Brightness", "Sound", "Mean valence of what was heard, weighted by time.", "number"),
    "energy_centre": Indicator("Energy", "Sound", "Mean energy of what was heard, weighted by time.", "number"),
    "energy_inertia": Indicator(
        "Carry-over of energy", "Sound", "How much a day's energy is like that of the day before: −1 to 1.", "number"
    ),
    "artist_diversity": Indicator(
        "Variety of artists", "Variety", "Artists played alike that 200 plays would be as varied as.", "count"
    ),
    "repetition": Indicator("Repetition", "Variety", "Part of 200 plays that repeat another of them.", "share"),
    "repeats_within_day_share": Indicator(
        "Again within a day", "Variety", "Part of the plays heard less than 24 h before already.", "share"
    ),
    "longest_loop": Indicator("Longest loop", "Variety", "Most plays of one recording in a row.", "count"),
    "discovery_rate": Indicator("Discovery", "Discovery", "Part of the plays that were the first of theirs.", "share"),
    "sticky_discovery_share": Indicator(
        "Discoveries that stick", "Discovery", "Part of them heard on 2 other days of the 28 after.", "share"
    ),
    "rediscovery_rate": Indicator(
        "Rediscovery", "Discovery", "Part of the plays after half a year of silence or more.", "share"
    ),
    "sessions_per_week": Indicator("Sessions a week", "Habit", "How often you sit down to listen.", "count"),
    "session_length_minutes": Indicator("Length of a session", "Habit", "The median, in minutes.", "minutes"),
    "relative_skip_rate": Indicator(
        "Skipping", "Habit", "Skips beyond what the same recordings get at other times.", "difference"
    ),
}


def told_of(name: str) -> Indicator:
    """An indicator's words; for one that has none, its name."""
    return INDICATORS.get(name) or Indicator(name.replace("_", " ").capitalize(), GROUPS[-1], "", "number")


def newest_week(store: Store, basis: str, last: date) -> date | None:
    """The newest whole week with indicators that ends by a day, and of which something is known."""
    found = store.row(
        """
        SELECT max(week_start) AS week FROM wellbeing_indicators
        WHERE basis = $basis AND window_end <= $last
            AND window_end <= (SELECT max(played_date) FROM coverage WHERE is_covered)
        """,
        basis=basis, last=last,
    )  # fmt: skip
    return found["week"] if found else None


def week_indicators(store: Store, basis: str, week: date) -> list[Row]:
    """The indicators of the week that begins on a Monday, in the order of INDICATORS."""
    rows = store.rows(
        "SELECT * FROM wellbeing_indicators WHERE basis = $basis AND week_start = $week ORDER BY indicator",
        basis=basis, week=week,
    )  # fmt: skip
    order = list(INDICATORS)
    return sorted(rows, key=lambda row: order.index(row["indicator"]) if row["indicator"] in order else len(order))


def past_weeks(store: Store, basis: str, week: date, weeks: int = WEEKS_SHOWN) -> dict[str, list[Row]]:
    """Of each indicator the weeks up to one: week_start, value, and the usual range past_low to past_high."""
    rows = store.rows(
        """
        SELECT indicator, week_start, value, past_low, past_high FROM wellbeing_indicators
        WHERE basis = $basis AND week_start > $week::DATE - 7 * $weeks::INT AND week_start <= $week
        ORDER BY indicator, week_start
        """,
        basis=basis, week=week, weeks=weeks,
    )  # fmt: skip
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["indicator"], []).append(row)
    return found


def indicator_weeks(store: Store, basis: str, indicator: str, first: date, last: date) -> list[Row]:
    """One indicator, week by week, of the weeks whose last day lies in a range."""
    return store.rows(
        """
        SELECT week_start, value, low, high, past_low, past_high, standing, sample_size, reason
        FROM wellbeing_indicators
        WHERE basis = $basis AND indicator = $indicator AND window_end BETWEEN $first AND $last ORDER BY week_start
        """,
        basis=basis, indicator=indicator, first=first, last=last,
    )  # fmt: skip


def findings(store: Store, basis: str) -> list[Row]:
    """What was asked of the data and what it answered, null results too: question by question."""
    return store.rows(
        """
        SELECT * FROM research_findings WHERE basis = $basis
        ORDER BY question, verdict <> 'supported', verdict <> 'no evidence', finding
        """,
        basis=basis,
    )
