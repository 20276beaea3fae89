"""A playlist: its vibe through time, its tracks, and what would suit it."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.failures import NotFoundError
from dashboard.parts import Chart, Column, Notice, Part, Table, Tile, Tiles, Words
from dashboard.view import View, page
from dashboard.words import shown
from serving.store import Row


def _vibe(view: View) -> Row:
    found = view.row(
        "SELECT * FROM playlist_vibes WHERE playlist_id = $id AND basis = $basis",
        id=view.parameters.get("id", ""),
        basis=view.basis,
    )
    if found is None:
        raise NotFoundError("There is no such playlist.", "The library lists them.")
    return found


def _name(view: View) -> str:
    return _vibe(view)["playlist_name"] or "Untitled playlist"


@page("/playlist", "Playlist", has_range=False, has_basis=True, title_of=_name)
def playlist(view: View) -> Iterator[Part]:
    """What it sounds like, how it grew, what is played from it, and what would suit it."""
    vibe = _vibe(view)
    yield Words("told", sentences=(vibe["sentence"] or f"Nothing is said of its sound: {vibe['reason']}.",))
    yield Tiles("figures", tiles=(
        Tile("Tracks", shown(vibe["track_count"], "count")),
        Tile("Played from it", shown(vibe["listened_ms"], "hours"), shown(vibe["play_count"], "count") + " plays"),
        Tile("Never played", shown(vibe["never_played_count"], "count")),
        Tile("Most of it", vibe["cluster_name"] or "–", "mood of most tracks" if vibe["cluster_name"] else ""),
        Tile("Genre", vibe["genre_family"] or "–", shown(vibe["genre_family_share"], "share") + " of the tracks"
             if vibe["genre_family"] else ""),
    ))  # fmt: skip
    yield _growth(view)
    yield from _suggestions(view, vibe)
    yield _tracks(view)


def _growth(view: View) -> Chart:
    rows = view.rows(
        """
        SELECT month_start, month_end_item_count, added_count, removed_count, listened_ms FROM playlist_trends
        WHERE playlist_id = $id AND month_end_item_count IS NOT NULL ORDER BY month_start
        """,
        id=view.parameters["id"],
    )
    return Chart(
        "growth", "How it grew", kind="area", x="month_start", y=("month_end_item_count",), height=200, rows=rows,
        columns=(
            Column("month_start", "Month", "month"), Column("month_end_item_count", "Tracks at its end", "count"),
            Column("added_count", "Added", "count"), Column("removed_count", "Removed", "count"),
            Column("listened_ms", "Played from it", "hours"),
        ),
        note="Before the first look at the playlist, from the days on which what is there now was added.",
    )  # fmt: skip


def _suggestions(view: View, vibe: Row) -> Iterator[Part]:
    if not vibe["is_own"]:
        return
    for suggestion, title in (("add", "Would suit it"), ("remove", "Stands apart")):
        rows = view.rows(
            """
            SELECT suggestion_rank, track_name, artist_name, why FROM playlist_suggestions
            WHERE playlist_id = $id AND basis = $basis AND suggestion = $suggestion ORDER BY suggestion_rank
            """,
            id=view.parameters["id"], basis=view.basis, suggestion=suggestion,
        )  # fmt: skip
        yield Table(
            f"to-{suggestion}", title, width="half", rows=rows, empty="Nothing.",
            columns=(Column("track_name", "Track", sub="artist_name"), Column("why", "Why")),
        )  # fmt: skip
    yield Notice(
        "apply",
        text="Nothing on Spotify changes by itself. To apply suggestions, with a way back:",
        step=f'lakesong playlist apply "{vibe["playlist_name"]}"',
    )


def _tracks(view: View) -> Table:
    rows = view.rows(
        """
        SELECT track_name, artist_name, play_count, last_played_date, genre_family, cluster_name, is_outlier,
            added_at::DATE AS added_date
        FROM playlist_tracks WHERE playlist_id = $id AND basis = $basis
        ORDER BY play_count DESC, track_name, item_uri, occurrence
        """,
        id=view.parameters["id"],
        basis=view.basis,
    )
    return Table(
        "tracks", "Tracks", rows=rows, first=25, empty="Spotify does not show its items.",
        columns=(
            Column("track_name", "Track", sub="artist_name"), Column("play_count", "Plays", "count", bar=True),
            Column("last_played_date", "Last played", "date"), Column("genre_family", "Genre"),
            Column("cluster_name", "Mood"), Column("added_date", "Added", "date"),
        ),
    )  # fmt: skip
