"""Moods: how the music sounds, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dashboard.items import coverage_notice
from dashboard.parts import Card, Cards, Chart, Choice, Choices, Column, Meter, Notice, Part, Table
from dashboard.view import View, page
from dashboard.words import hours, share
from serving.moods import (
    PARTS_OF_DAY,
    mood_clusters,
    mood_hours,
    mood_items,
    mood_months,
    mood_parts_of_day,
    mood_tracks,
)
from serving.store import Row

TRACKS, TYPICAL, ITEMS = 200, 4, 10
LEAST_DAYS = 20  # as mood_drivers
CORNERS = ("energetic-dark", "energetic-bright", "calm-dark", "calm-bright")
NO_MOOD = "in no mood"
WHEN = {"night": "In the night", "late": "In the late evening"}
FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness")
SHORT = {"danceability": "Danceable", "acousticness": "Acoustic", "instrumentalness": "Instrumental"}
FEATURE = {"valence": "Brightness (valence)", "energy": "Energy"}
DIMENSIONS = {"artist": "Artist", "genre_family": "Family of genres"}
ABOUT = "Moods describe the music, not you."


@page("/moods", "Moods", group="Feeling", place=1, has_basis=True)
def moods(view: View) -> Iterator[Part]:
    """How your music sounds: bright or dark, calm or energetic, and at which hours."""
    clusters = mood_clusters(view.store, view.basis)
    days = (view.range.first, view.range.last)
    months = mood_months(view.store, view.basis, *days)
    if not months:
        yield Notice("nothing", text="Nothing was heard in this range.", step="Choose a longer one above.")
        return
    yield from coverage_notice(view)
    named = [row for row in clusters if row["cluster_id"]]
    if not named:
        yield _no_moods(clusters)
    tracks = mood_tracks(view.store, view.basis, days, TRACKS, is_all=view.range.kind == "all_time")
    yield _plane(view, named, tracks, _time_of(months))
    if named:
        yield _cards(view, named, tracks, months)
        yield _months(named, months)
        yield _table(view, named, months)
    yield _hours(view)
    yield from _reasons(view)


def _no_moods(clusters: list[Row]) -> Notice:
    reason = clusters[0]["reason"] if clusters else "no track was played yet"
    text = f"No moods are told apart in your music: {reason}. Below is where your tracks lie all the same."
    return Notice("no-moods", text=text)


def _time_of(months: list[Row]) -> dict[int, int]:
    """Time heard of each cluster."""
    found: dict[int, int] = {}
    for row in months:
        found[row["cluster_id"]] = found.get(row["cluster_id"], 0) + row["listened_ms"]
    return found


def _plane(view: View, named: list[Row], tracks: list[Row], time: dict[int, int]) -> Chart:
    moods = {row["cluster_id"]: row["cluster_name"] for row in named}
    order = [*moods, 0]
    rows = [
        {
            **row, "mood": moods.get(row["cluster_id"], NO_MOOD), "what": row["name"], "label": None,
            "href": view.link("/track", key=row["key"]),
        }
        for row in sorted(tracks, key=lambda row: order.index(row["cluster_id"] if row["cluster_id"] in moods else 0))
    ]  # fmt: skip
    for row in named:
        centre = {name: row[name] for name in ("valence", "energy")}
        name = row["cluster_name"]
        rows.append({**centre, "what": f"Centre: {name}", "mood": name, "label": name.split(",")[0],
                     "listened_ms": time.get(row["cluster_id"], 0)})  # fmt: skip
    simulated = " Positions include simulated features." if view.basis == "all" else ""
    return Chart(
        "plane", "Valence and energy", kind="plane", x="valence", y=("energy",), group="mood" if named else "",
        size="listened_ms", label="label", corners=CORNERS, height=500, rows=rows,
        columns=(
            Column("what", "Track or centre", link="href", sub="detail"), Column("mood", "Mood"),
            Column("valence", "Valence (dark to bright)", "number"),
            Column("energy", "Energy (calm to energetic)", "number"),
            Column("listened_ms", "Time", "hours"), Column("label", "Name"),
        ),
        empty="No track of this range has audio features. A catalogue may have them: lakesong import-catalog --help.",
        note=f"Pale dots: the {len(tracks)} tracks heard most in this range that have features. "
        f"{'Named dots: the centres of moods, sized by their time here. ' if named else ''}{ABOUT}{simulated}",
    )  # fmt: skip


def _cards(view: View, named: list[Row], tracks: list[Row], months: list[Row]) -> Cards:
    time = _time_of(months)
    total = sum(time.values())
    earlier = _earlier(view)
    cards = []
    for place, row in enumerate(named, start=1):
        mine = [track for track in tracks if track["cluster_id"] == row["cluster_id"]]
        typical = sorted(mine, key=lambda track: track["centroid_distance"])[:TYPICAL]
        part = time.get(row["cluster_id"], 0) / total if total else 0.0
        note = f"{hours(time.get(row['cluster_id'], 0))} of this range; {row['track_count']:,} tracks of all time"
        if view.compare and earlier is not None:
            note += f"; {share(earlier.get(row['cluster_id'], 0.0))} in {view.compare.label}"
        cards.append(
            Card(
                row["cluster_name"], share(part), note, colour=place,
                meters=[
                    *(Meter(SHORT.get(name, name.capitalize()), f"{row[name]:.2f}", row[name]) for name in FEATURES),
                    Meter("Tempo", f"{row['tempo']:.0f} BPM", min(1.0, row["tempo"] / 200)),
                ],
                links_title="Typical, and heard here",
                links=[(one["name"], one["detail"], view.link("/track", key=one["key"])) for one in typical],
            )
        )  # fmt: skip
    return Cards("cards", "The moods", cards=cards, note=_how_sure(named[0]))


def _how_sure(row: Row) -> str:
    return (
        f"{row['k']} groups were found among {row['fitted_tracks']:,} tracks; drawn again, they stay the same "
        f"(stability {row['stability']:.2f} of 1), and they are clearer than in 19 samples without groups "
        f"(silhouette {row['silhouette']:.2f}, at most {row['null_silhouette']:.2f} there)."
    )


def _earlier(view: View) -> dict[int, float] | None:
    """Each cluster's share of the time of the range to compare with, if there is one."""
    if view.compare is None:
        return None
    return _shares(mood_months(view.store, view.basis, view.compare.first, view.compare.last))


def _shares(months: list[Row]) -> dict[int, float]:
    time = _time_of(months)
    total = sum(time.values())
    return {cluster: value / total for cluster, value in time.items()} if total else {}


def _months(named: list[Row], months: list[Row]) -> Chart:
    names = {row["cluster_id"]: row["cluster_name"] for row in named} | {0: NO_MOOD}
    totals: dict[date, int] = {}
    for row in months:
        totals[row["month"]] = totals.get(row["month"], 0) + row["listened_ms"]
    known = {(row["month"], row["cluster_id"]): row["listened_ms"] for row in months}
    rows = [
        {
            "month": month, "mood": name, "listened_ms": known.get((month, cluster), 0),
            "time_share": known.get((month, cluster), 0) / totals[month] if totals[month] else None,
        }
        for cluster, name in names.items()
        for month in sorted(totals)
    ]  # fmt: skip
    return Chart(
        "months", "Moods over time", kind="area" if len(totals) > 2 else "bar", x="month", y=("time_share",),
        group="mood", is_stacked=True, rows=rows,
        columns=(
            Column("month", "Month", "month"), Column("mood", "Mood"), Column("time_share", "Share of time", "share"),
            Column("listened_ms", "Time", "hours"),
        ),
        note=f"Parts of each month's time. Tracks without features are {NO_MOOD}.",
    )  # fmt: skip


def _table(view: View, named: list[Row], months: list[Row]) -> Table:
    parts, earlier = _shares(months), _earlier(view)
    rows: list[Row] = [
        {
            **row, "here": parts.get(row["cluster_id"], 0.0),
            "earlier": earlier.get(row["cluster_id"], 0.0) if earlier is not None else None,
        }
        for row in named
    ]  # fmt: skip
    rows.append({"cluster_name": NO_MOOD, "here": parts.get(0, 0.0), "earlier": (earlier or {}).get(0)})
    columns = [Column("cluster_name", "Mood"), Column("here", "Share here", "share", bar=True)]
    if view.compare:
        columns.append(Column("earlier", view.compare.label, "share"))
    columns += [Column("listened_share", "Of all time", "share"), Column("track_count", "Tracks", "count")]
    columns += [Column(name, name.capitalize(), "number") for name in FEATURES]
    return Table("moods", "The moods in numbers", columns=(*columns, Column("tempo", "BPM", "count")), rows=rows)


def _hours(view: View) -> Chart:
    is_all = view.range.kind == "all_time"
    told = mood_hours(view.store, view.basis, view.range.first, view.range.last, is_all=is_all)
    found = {row["hour"]: row for row in told}
    rows: list[Row] = [
        {"hour": hour, "valence": None, "energy": None, "listened_ms": 0, "heard_day_count": 0} | found.get(hour, {})
        for hour in range(24)
    ]
    bright = [row for row in rows if row["valence"] is not None and row["heard_day_count"] >= LEAST_DAYS]
    summary = ""
    if view.basis == "measured" and bright:
        top = max(bright, key=lambda row: row["valence"])
        low = min(bright, key=lambda row: row["valence"])
        summary = (
            f"The brightest music is heard from {top['hour']}:00 (valence {top['valence']:.2f}), "
            f"the darkest from {low['hour']}:00 ({low['valence']:.2f})."
        )
    return Chart(
        "hours", "Around the day", kind="line", x="hour", y=("valence", "energy"), from_zero=False, rows=rows,
        columns=(
            Column("hour", "Hour", "hour"), Column("valence", "Valence", "number"),
            Column("energy", "Energy", "number"), Column("listened_ms", "Time", "hours"),
            Column("heard_day_count", "Days", "count"),
        ),
        summary=summary,
        note="Means weighted by time. Hours of whose time less than 60 % has features stay empty."
        f"{' The sentence speaks of hours that were heard on 20 days or more.' if summary else ''}",
    )  # fmt: skip


def _reasons(view: View) -> Iterator[Part]:
    """Why a part of the day sounds as it does: of all time, whole weeks."""
    parts = mood_parts_of_day(view.store, view.basis)
    if not parts:
        return
    for row in parts:
        row["when"] = WHEN.get(row["part"], f"In the {row['part']}")
        row["sound"] = FEATURE[row["feature"]]
        row["words"] = row["reason"] or (_sentence(row["sentence"]) if view.basis == "measured" else None)
    columns = [Column("when", "When"), Column("sound", "What"), Column("bucket_mean", "Then", "number"),
               Column("day_mean", "Whole day", "number"), Column("difference", "Difference", "effect")]  # fmt: skip
    yield Table(
        "parts", "Why an hour sounds as it does", columns=(*columns, Column("words", "In words", "words")), rows=parts,
        note="Of all time, in whole weeks. It says what goes together, not what causes what.",
    )  # fmt: skip
    told = [row for row in parts if row["difference"] is not None]
    if told:
        yield from _items(view, max(told, key=lambda row: abs(row["difference"])))


def _sentence(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _items(view: View, most: Row) -> Iterator[Part]:
    part, feature = view.parameters.get("when", ""), view.parameters.get("sound", "")
    part = part if part in PARTS_OF_DAY else most["part"]
    feature = feature if feature in FEATURE else most["feature"]
    choices = [Choice(one.capitalize(), f"{view.here(when=one)}#why", one == part) for one in PARTS_OF_DAY]
    choices += [Choice(label, f"{view.here(sound=one)}#why", one == feature) for one, label in FEATURE.items()]
    yield Choices("why", title="Part of the day and feature", choices=choices)
    for dimension, label in DIMENSIONS.items():
        yield Chart(
            f"why-{dimension}", f"What moves {feature}: {label.lower()}", kind="ranking", x="item", y=("effect",),
            width="half", height=400, rows=mood_items(view.store, view.basis, part, feature, dimension, ITEMS),
            columns=(
                Column("item", label), Column("effect", "Moves it by", "effect"),
                Column("share_effect", "By more or less of it", "effect"),
                Column("within_effect", "By other tracks of it", "effect"),
                Column("bucket_weight", "Share then", "share"), Column("day_weight", "Share of the day", "share"),
            ),
            empty="Too little is known of this part of the day.",
        )  # fmt: skip
