"""Profile: five ways of listening, and how near each is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from dashboard.parts import Card, Cards, Chart, Column, Meter, Notice, Part, Table, Tile, Tiles
from dashboard.ranges import Range
from dashboard.view import View, page
from dashboard.words import hours, share, shown
from serving.profiles import HABITS, habits_of, metrics_of, nearest_period, profile_months, profiles_of
from serving.store import Row

PROFILES = ("Music Addict", "Mainstream Explorer", "Underground Hunter", "Night Owl", "Casual Listener")
LEAST_MONTHS = timedelta(days=365)  # that the picture over time reaches back
METHODS = {
    "reference_profiles": "Habits are compared with five fixed reference profiles, since the lake has fewer than 50 "
    "listeners; typical is a fixed figure, not an average of people.",
    "kmeans": "Habits are compared with five groups among the listeners of the lake.",
}
NOT_A_LABEL = "Shares of all five rather than one label; they add up to 100 %. Nothing rests on audio features."


@page("/profile", "Profile", group="Feeling", place=4)
def profile(view: View) -> Iterator[Part]:
    """A portrait of how you listen: five profiles, what speaks for each, and how they changed."""
    period = nearest_period(view.store, "music_profiles", view.range.first, view.range.last, view.first_day)
    if period is None:
        yield Notice(
            "nothing", text="Too little is known of the time around this range for a profile.",
            step="Choose a longer one above.",
        )  # fmt: skip
    else:
        yield from _portrait(view, period)
    yield _months(view)
    yield from _metrics(view)
    habits = nearest_period(view.store, "user_features", view.range.first, view.range.last, view.first_day)
    if habits is not None:
        yield _habits(view, habits)


def called(period: Row) -> str:
    """A period in words."""
    kind, start = period["period_kind"], period["period_start"]
    if kind == "month":
        return f"{start:%B %Y}"
    if kind.startswith("last_"):
        return f"the {kind.replace('_', ' ')}"
    return {"year": f"{start.year}", "all_time": "all time"}.get(kind, f"the {kind} from {start}")


def _portrait(view: View, period: Row) -> Iterator[Part]:
    if not period["is_same"]:
        text = f"Profiles are told of months, years and all time. Nearest to {view.range.label} is {called(period)}."
        yield Notice("period", text=text)
    rows = profiles_of(view.store, period)
    before = _shares_in(view, view.compare)
    cards = [_card(row, before, view.compare) for row in rows]
    first = rows[0]
    known = f"{first['feature_count']} of 20 habits are known, from {first['play_count']:,} plays"
    gaps = first["coverage"] is not None and first["coverage"] < 1
    seen = f"; {share(first['coverage'])} of the hours were observed" if gaps else ""
    yield Cards(
        "portrait", f"Your portrait: {called(period)}", cards=cards,
        note=f"{NOT_A_LABEL} {METHODS.get(first['method'], '')} {known}{seen}.",
    )  # fmt: skip


def _shares_in(view: View, other: Range | None) -> dict[str, float]:
    """The shares of the period that is nearest to another range."""
    if other is None:
        return {}
    period = nearest_period(view.store, "music_profiles", other.first, other.last, view.first_day)
    return {row["profile_name"]: row["profile_share"] for row in profiles_of(view.store, period)} if period else {}


def _card(row: Row, before: dict[str, float], other: Range | None) -> Card:
    name = row["profile_name"]
    colour = PROFILES.index(name) + 1 if name in PROFILES else 0
    if row["profile_share"] is None:
        return Card(name, shown(None), f"Not told: {row['reason']}.", colour=colour)
    meters = [Meter("Share", share(row["profile_share"]), row["profile_share"])]
    if other is not None and before.get(name) is not None:
        meters.append(Meter("Before", share(before[name]), before[name]))
    drivers = [text.strip() for text in (row["drivers"] or "").split(";") if text.strip()]
    lines = [f"{text[:1].upper()}{text[1:]}" for text in drivers] or ["No habit speaks for it."]
    note = f"likeness {row['similarity']:+.2f}, of −1 to 1".replace("-", "−")
    return Card(name, share(row["profile_share"]), note, colour=colour, meters=meters, lines=lines)


def _months(view: View) -> Chart:
    first = min(view.range.first, view.range.last - LEAST_MONTHS)
    found = profile_months(view.store, first, view.range.last)
    names = [*PROFILES, *sorted({row["profile_name"] for row in found} - set(PROFILES))]
    rows = sorted(found, key=lambda row: (names.index(row["profile_name"]), row["month"]))
    # A month of which nothing is told stays empty, for each profile.
    told = {row["month"] for row in rows if row["profile_share"] is not None}
    return Chart(
        "months", "Over time", kind="area" if len(told) > 2 else "bar", x="month", y=("profile_share",),
        group="profile_name", is_stacked=True, rows=[row for row in rows if row["month"] in told],
        columns=(
            Column("month", "Month", "month"), Column("profile_name", "Profile"),
            Column("profile_share", "Share", "share"), Column("drivers", "What speaks for it", "words"),
            Column("reason", "Why empty", "words"),
        ),
        empty="No month has enough listening for a profile yet.",
    )  # fmt: skip


def _metrics(view: View) -> Iterator[Part]:
    period = nearest_period(view.store, "user_metrics", view.range.first, view.range.last, view.first_day)
    row = metrics_of(view.store, period, view.basis) if period else None
    if period is None or row is None:
        return
    least = "at least " if row["is_at_least"] else ""

    def place(name: str) -> str:
        rank = row.get(f"{name}_rank")
        kind = period["period_kind"]
        return f"place {rank} of your {row['ranked_count']} {kind}s" if rank and row["ranked_count"] > 1 else ""

    def tile(label: str, name: str, note: str = "") -> Tile:
        return Tile(label, least + shown(row[name], "count"), place(name) or note)

    skips = "of starts" if row["skip_share"] is not None else "no start is known"
    of_known = f"of {row['history_day_count']} days"
    yield Tiles(
        "figures", f"In figures: {called(period)}",
        note="Places are among your own whole months or years of which at least 90 % was observed.",
        tiles=[
            Tile("Time", least + hours(row["listened_ms"]), place("listened_ms")),
            tile("Plays", "play_count"), tile("Artists", "artist_count"), tile("Recordings", "recording_count"),
            tile("Sessions", "session_count"),
            tile("Days with music", "active_day_count", of_known),
            Tile("Of the top ten artists", shown(row["top_ten_artists_time_share"], "share"), "of the time"),
            Tile("Skips", shown(row["skip_share"], "share"), skips),
        ],
    )  # fmt: skip


def _habits(view: View, period: Row) -> Table:
    rows = habits_of(view.store, period)
    compare = None
    if view.compare:
        compare = nearest_period(view.store, "user_features", view.compare.first, view.compare.last, view.first_day)
    before = {row["habit"]: row["value"] for row in habits_of(view.store, compare)} if compare else {}
    for row in rows:
        label, kind = HABITS[row["habit"]]
        row["label"] = label
        for name in ("value", "least", "middle", "most"):
            row[f"{name}_written"] = _written(row[name], kind)
        row["before_written"] = _written(before.get(row["habit"]), kind)
    columns = [Column("label", "Habit", "words"), Column("value_written", f"In {called(period)}")]
    if compare is not None:
        columns.append(Column("before_written", f"In {called(compare)}"))
    columns += [Column(f"{name}_written", label) for name, label in
                (("least", "Least month"), ("middle", "Middle month"), ("most", "Most month"))]  # fmt: skip
    why = f" Empty here: {rows[0]['reason']}." if rows and rows[0]["reason"] else ""
    return Table(
        "habits", "Your habits", columns=columns, rows=rows,
        note=f"Beside your own whole months of which at least 90 % was observed.{why}",
    )  # fmt: skip


def _written(value: float | None, kind: str) -> str:
    return shown(value, "figure" if kind == "number" else kind)
