"""Session: what was heard at one stretch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from dashboard.failures import NotFoundError
from dashboard.parts import Chart, Choice, Choices, Column, Notice, Part, Table, Tile, Tiles
from dashboard.view import View, page
from dashboard.words import hours, shown
from serving.sessions import one_session, session_plays

LEAST_TRACKS = 3  # with features, for a line


@page("/session", "Session", has_range=False, has_basis=True)
def session(view: View) -> Iterator[Part]:
    """What was heard at one stretch, in its order."""
    found = one_session(view.store, view.parameters.get("id", ""), view.basis)
    if found is None:
        raise NotFoundError("There is no such session.", "The page of sessions lists them.")
    yield Choices(
        "around", title="Other sessions",
        choices=[
            Choice(label, view.link("/session", id=found[name]))
            for label, name in (("The one before", "before_id"), ("The one after", "after_id")) if found[name]
        ] + [Choice("All sessions", view.link("/sessions"))],
    )  # fmt: skip
    began = found["began"]
    ended = f"{began + timedelta(milliseconds=found['session_ms']):%H:%M}" if began else ""
    yield Tiles(
        "totals", "This session",
        tiles=[
            Tile("Began", shown(began, "time"), f"ended {ended}, local time" if ended else ""),
            Tile("Length", hours(found["session_ms"]), f"{hours(found['listened_ms'])} heard"),
            Tile("Plays", shown(found["play_count"], "count"), f"{found['start_count']} begun"),
            Tile("Artists", shown(found["artist_count"], "count")),
            Tile("Skips", shown(found["skip_count"], "count")),
            *([Tile("Persona", found["persona_name"])] if found["persona_name"] else []),
        ],
    )  # fmt: skip
    if found["persona_reason"] and not found["persona_name"]:
        yield Notice("no-persona", text=f"It is in no persona: {found['persona_reason']}.")
    plays = session_plays(view.store, found, view.basis)
    for row in plays:
        row["track_href"] = view.link("/track", key=row["recording_id"])
        row["artist_href"] = view.link("/artist", key=row["artist_key"])
        row["what"] = "skipped" if row["is_skip"] else "" if row["is_counted"] else "not counted"
    sounds = [row for row in plays if row["valence"] is not None and row["energy"] is not None]
    if len(sounds) >= LEAST_TRACKS:
        yield Chart(
            "sound", "How it sounded", kind="line", x="began", y=("valence", "energy"), height=200,
            rows=[row | {"began": f"{row['began']:%H:%M:%S}"} for row in sounds],
            columns=(
                Column("began", "Began"), Column("track_name", "Track"), Column("valence", "Valence", "number"),
                Column("energy", "Energy", "number"),
            ),
            note=f"{len(sounds)} of {len(plays)} tracks have features.",
        )  # fmt: skip
    yield Table(
        "plays", "What was heard", rows=[row | {"at": f"{row['began']:%H:%M}"} for row in plays],
        columns=(
            Column("at", "Began"), Column("track_name", "Track", link="track_href"),
            Column("artist_name", "Artist", link="artist_href"), Column("listened_ms", "Heard", "length"),
            Column("what", "Note"),
        ),
    )  # fmt: skip
