"""Eras of taste, years side by side, and families of genres in two ranges: parts of the page Evolution."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Column, Part, Table, Words
from dashboard.ranges import Range
from dashboard.view import View

ASPECTS = {"genre_family": "genre", "feature": "sound"}


def changes(view: View) -> Iterator[Part]:
    """When taste changed for good, as far as chance can be ruled out; else why nothing is claimed."""
    rows = view.rows(
        "SELECT * FROM taste_changes WHERE basis = $basis ORDER BY change_number, changed_place", basis=view.basis
    )
    told = [row for row in rows if row["change_number"] > 0]
    marked = " (With simulated features: no statement about you.)" if view.basis == "all" else ""
    if not told:
        reason = rows[0]["reason"] if rows else "the history is too short"
        weeks = f", out of {rows[0]['tested_week_count']} weeks" if rows and rows[0]["tested_week_count"] else ""
        yield Words("eras", "Eras", sentences=(f"No change of taste is told{weeks}: {reason}.{marked}",))
        return
    sentences = dict.fromkeys(row["sentence"] for row in told if row["sentence"])
    yield Words("eras", "Eras", sentences=[f"{one[0].upper()}{one[1:]}.{marked}" for one in sentences])
    yield Table(
        "changes", "What changed", rows=[{**row, "aspect": ASPECTS.get(row["changed_aspect"], "")} for row in told],
        columns=(
            Column("era_start", "Since", "date"), Column("changed_item", "What", sub="aspect"),
            Column("before_mean", "Before", "number"), Column("after_mean", "After", "number"),
            Column("size", "In its weekly spread", "number"), Column("p_value", "p", "figure"),
        ),
        note="Over the whole history. A change is told where chance alone gives as much in less than 1 of 100 cases.",
    )  # fmt: skip


def families_beside(view: View) -> Table:
    """Shares of the time by family of genres in the range and in the one that it is compared with."""
    now = _families(view, view.range)
    before = _families(view, view.compare) if view.compare else {}
    rows = [
        {"family": name, "share": now.get(name), "before": before.get(name)}
        for name in sorted({*now, *before}, key=lambda name: -(now.get(name) or 0))
    ]
    label = view.compare.label if view.compare else ""
    return Table(
        "beside", "Then and now", rows=rows,
        columns=(Column("family", "Family"), Column("share", view.range.label, "share", bar=True),
                 Column("before", label, "share", bar=True)),
        note="Shares of the time whose genre is known." if before else f"Nothing is known of {label}.",
    )  # fmt: skip


def _families(view: View, days: Range) -> dict[str, float]:
    rows = view.rows(
        """
        WITH heard AS (SELECT track_id, sum(listened_ms) AS ms FROM kept_plays
            WHERE played_date BETWEEN $first AND $last AND track_id IS NOT NULL GROUP BY 1)
        SELECT genre_family, sum(ms * genre_weight) / sum(sum(ms * genre_weight)) OVER () AS share
        FROM heard JOIN track_genres USING (track_id) GROUP BY 1
        """,
        first=days.first, last=days.last,
    )  # fmt: skip
    return {row["genre_family"]: row["share"] for row in rows}


def years(view: View) -> Table:
    """Each year with what was played most in it."""
    rows = view.rows(
        """
        SELECT metrics.period_start, metrics.listened_ms, metrics.play_count, metrics.is_at_least,
            artist_key, artists.artist_name AS artist, recording_id, tracks.track_name AS track, genre
        FROM user_metrics AS metrics
        LEFT JOIN (FROM artist_stats WHERE period_kind = 'year' AND time_rank = 1) AS artists USING (period_start)
        LEFT JOIN (FROM track_stats WHERE period_kind = 'year' AND time_rank = 1) AS tracks USING (period_start)
        LEFT JOIN (FROM genre_stats WHERE period_kind = 'year' AND time_rank = 1) AS genres USING (period_start)
        WHERE metrics.period_kind = 'year' AND metrics.basis = 'measured' ORDER BY metrics.period_start DESC
        """
    )
    told = [
        {**row, "year": f"{row['period_start']:%Y}", "state": "at least" if row["is_at_least"] else "",
         "artist_href": view.link("/artist", key=row["artist_key"]) if row["artist_key"] else "",
         "track_href": view.link("/track", key=row["recording_id"]) if row["recording_id"] else "",
         "genre_href": view.link("/genre", key=row["genre"]) if row["genre"] else ""}
        for row in rows
    ]  # fmt: skip
    return Table(
        "years", "Year by year", rows=told,
        columns=(
            Column("year", "Year"), Column("listened_ms", "Time", "hours", bar=True, sub="state"),
            Column("play_count", "Plays", "count"), Column("artist", "Artist of the year", link="artist_href"),
            Column("track", "Track of the year", link="track_href"), Column("genre", "Genre", link="genre_href"),
        ),
    )  # fmt: skip
