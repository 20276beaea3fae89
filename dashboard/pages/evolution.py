"""Evolution: how taste moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from dashboard.eras import changes, families_beside, years
from dashboard.items import coverage_notice
from dashboard.parts import Chart, Column, Notice, Part
from dashboard.view import View, page
from serving.store import Row

LONG = 120  # days from which on months are shown rather than weeks
FAMILIES = 7
UNKNOWN, OTHER = "unknown", "other families"
FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness")


@page("/evolution", "Evolution", group="Listening", place=3, has_basis=True)
def evolution(view: View) -> Iterator[Part]:
    """How your taste moved: genres, decades, discoveries, and how the music sounds."""
    kind = "month" if view.range.days > LONG else "week"
    found = view.rows(
        """
        SELECT period_start, taste_aspect, aspect_item, aspect_value, listened_ms, reason FROM taste_evolution
        WHERE basis = $basis AND period_kind = $kind AND taste_aspect IN ('genre_family', 'era', 'feature', 'distance')
            AND period_start BETWEEN date_trunc($kind, $first::DATE)::DATE AND $last
        ORDER BY period_start, taste_aspect, aspect_item
        """,
        basis=view.basis, kind=kind, first=view.range.first, last=view.range.last,
    )  # fmt: skip
    yield from coverage_notice(view)
    yield from changes(view)
    if not found:
        yield Notice("nothing", text="Nothing was heard in this range.", step="Choose a longer one above.")
        return
    of: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        of[row["taste_aspect"]].append(row)
    yield _genres(of["genre_family"], kind)
    if view.compare:
        yield families_beside(view)
    yield from _decades(of["era"], kind)
    yield _features(view, of["feature"], kind)
    yield from _distances(view, of["distance"], kind)
    yield _discovery(view)
    yield _mainstream(view)
    yield years(view)


def _genres(rows: Sequence[Row], kind: str) -> Chart:
    weights: dict[str, float] = defaultdict(float)
    for row in rows:
        weights[row["aspect_item"]] += (row["aspect_value"] or 0) * row["listened_ms"]
    named = sorted((name for name in weights if name != UNKNOWN), key=lambda name: -weights[name])
    kept = named[:FAMILIES]
    shares: dict[tuple[Any, str], float] = defaultdict(float)
    for row in rows:
        item = row["aspect_item"]
        shares[row["period_start"], item if item in (*kept, UNKNOWN) else OTHER] += row["aspect_value"] or 0
    order = [*kept, *((OTHER,) if len(named) > FAMILIES else ()), *((UNKNOWN,) if weights.get(UNKNOWN) else ())]
    told = [
        {"period_start": start, "family": name, "share": shares.get((start, name), 0.0)}
        for start in dict.fromkeys(row["period_start"] for row in rows) for name in order
    ]  # fmt: skip
    return Chart(
        "genres", "Genres over time", kind="area", x="period_start", y=("share",), group="family", is_stacked=True,
        rows=told, height=400,
        columns=(Column("period_start", kind.capitalize(), _axis(kind)), Column("family", "Family"),
                 Column("share", "Share", "share")),
        summary=f"Most time went to {' and '.join(kept[:2])}." if kept else "",
        note=f"Shares of the time by family of genres; the running {kind} is not whole.",
        empty="No genre of your tracks is known.",
    )  # fmt: skip


def _axis(kind: str) -> Any:
    return "month" if kind == "month" else "date"


def _decades(rows: Sequence[Row], kind: str) -> Iterator[Part]:
    if all(row["aspect_item"] == UNKNOWN for row in rows):
        yield Notice(
            "decades", text="Decades of release are not known of any of this music: they come with the catalogue of "
            "Spotify, once you are signed in.",
        )  # fmt: skip
        return
    told = [
        {"period_start": r["period_start"], "era": r["aspect_item"], "share": r["aspect_value"] or 0.0} for r in rows
    ]
    told.sort(key=lambda row: (row["era"] == UNKNOWN, row["era"], row["period_start"]))
    starts = dict.fromkeys(row["period_start"] for row in rows)
    known = {(row["period_start"], row["era"]): row for row in told}
    whole = [
        known.get((start, era), {"period_start": start, "era": era, "share": 0.0})
        for era in dict.fromkeys(row["era"] for row in told) for start in starts
    ]  # fmt: skip
    yield Chart(
        "decades", "Decades of release", kind="area", x="period_start", y=("share",), group="era", is_stacked=True,
        rows=whole, columns=(Column("period_start", kind.capitalize(), _axis(kind)), Column("era", "Decade"),
                             Column("share", "Share", "share")),
        note="Shares of the time, by the year in which the album came out.",
    )  # fmt: skip


def _features(view: View, rows: Sequence[Row], kind: str) -> Chart:
    by_start: dict[Any, Row] = {}
    for row in rows:
        one = by_start.setdefault(row["period_start"], {"period_start": row["period_start"], "reason": row["reason"]})
        one[row["aspect_item"]] = row["aspect_value"]
    marked = "With simulated features, invented where nothing was measured." if view.basis == "all" else ""
    return Chart(
        "features", "How it sounds over time", kind="line", x="period_start", y=FEATURES, rows=list(by_start.values()),
        columns=(Column("period_start", kind.capitalize(), _axis(kind)),
                 *(Column(name, name.capitalize(), "share") for name in FEATURES),
                 Column("tempo", "Tempo (BPM)", "number"), Column("reason", "Why empty")),
        note=f"Time-weighted means of the features. {marked}".strip(), height=400,
        empty="No audio features were measured in this range.",
    )  # fmt: skip


def _distances(view: View, rows: Sequence[Row], kind: str) -> Iterator[Chart]:
    before = "3 months" if kind == "month" else "13 weeks"
    titles = {"genre_families": "Distance of genres", "features": "Distance of sound"}
    notes = {
        "genre_families": "Jensen-Shannon distance of the shares of families: 0 the same, 1 nothing in common.",
        "features": "Distance of the centres of the features, in standard deviations.",
    }
    for item, title in titles.items():
        told = [row for row in rows if row["aspect_item"] == item]
        yield Chart(
            item.replace("_", "-"), f"{title} to the {before} before", kind="line", x="period_start",
            y=("aspect_value",), rows=told, width="half",
            columns=(Column("period_start", kind.capitalize(), _axis(kind)),
                     Column("aspect_value", "Distance", "number"), Column("reason", "Why empty")),
            note=notes[item], empty="Nothing to tell yet.",
        )  # fmt: skip


def _discovery(view: View) -> Chart:
    rows = view.rows(
        "SELECT * FROM discovery WHERE period_kind = 'month' AND period_start BETWEEN "
        "date_trunc('month', $first::DATE) AND $last ORDER BY period_start",
        **view.days,
    )
    newness = rows[-1]["newness"] if rows else ""
    return Chart(
        "discovery", "New against known", kind="line", x="period_start", y=("discovery_share", "rediscovery_share"),
        rows=rows, width="half",
        columns=(
            Column("period_start", "Month", "month"), Column("discovery_share", "New", "share"),
            Column("rediscovery_share", "Came back", "share"), Column("new_recording_count", "New tracks", "count"),
            Column("new_artist_count", "New artists", "count"), Column("sticky_share", "Of new ones stuck", "share"),
            Column("reason", "Why empty"),
        ),
        note=f"Shares of the plays. New: {newness}. Came back: after 180 silent days. Stuck: played on two or more "
        "other days of the four weeks after.",
    )  # fmt: skip


def _mainstream(view: View) -> Chart:
    rows = view.rows(
        "SELECT * FROM mainstream_share WHERE period_kind = 'month' AND period_start BETWEEN "
        "date_trunc('month', $first::DATE) AND $last ORDER BY period_start",
        **view.days,
    )
    return Chart(
        "mainstream", "Mainstream", kind="line", x="period_start", y=("mainstream_share",), rows=rows, width="half",
        columns=(
            Column("period_start", "Month", "month"), Column("mainstream_share", "Widely heard", "share"),
            Column("popularity_known_share", "Popularity known", "share"),
            Column("mean_popularity", "Mean popularity", "number"), Column("reason", "Why empty"),
        ),
        note="Share of plays of popularity 60 or more, out of those whose popularity is known. It is today's "
        "popularity, not that of the day of the play.",
    )  # fmt: skip
