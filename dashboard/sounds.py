"""How an artist, album, track or genre sounds, and what is like it: parts of their pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.parts import Chart, Column, Part, Table, Tile, Tiles, Words
from dashboard.view import View
from dashboard.words import shown
from serving.alike import genres_of, heard_together, mean_sound, moods_of, nearest, sound_of
from serving.arranged import FEATURES
from serving.items import Item

SOURCES = {"real": "measured audio", "kaggle": "a public catalogue", "synthetic": "simulated"}
NONE_MEASURED = "No audio features were measured for it yet; they come with the next collections."


def sounds(view: View, item: Item) -> Iterator[Part]:
    """All that is told of an item's sound."""
    yield _sound(view, item)
    yield _character(view, item)
    if item.subject == "track":
        yield _editions(view, item)


def _sound(view: View, item: Item) -> Chart:
    """Mean features beside those of all that the listener plays; simulated ones only where asked for, and marked."""
    found = sound_of(view.store, item, view.basis)
    usual = mean_sound(view.store, view.basis) or {}
    rows: list[dict[str, Any]] = []
    note = ""
    if found:
        rows = [
            {"feature": name.capitalize(), "value": found[name], "usual": usual.get(name)}
            for name in FEATURES
            if name != "tempo"
        ]
        what = "" if item.subject == "track" else f"Mean of {found['track_count']} of {found['all_count']} tracks. "
        tempo = f" Tempo: {found['tempo']:.0f} BPM." if found["tempo"] else ""
        simulated = " With simulated features: no statement about the music." if view.basis == "all" else ""
        sources = ", ".join(SOURCES.get(one, one) for one in found["sources"].split(", "))
        note = f"{what}From {sources}.{tempo}{simulated}"
    return Chart(
        "sound", "Audio features", kind="ranking", x="feature", y=("value", "usual"), rows=rows, width="half",
        note=note, columns=(Column("feature", "Feature"), Column("value", f"This {item.subject}", "share"),
                 Column("usual", "All that you play", "share")),
        empty=NONE_MEASURED,
    )  # fmt: skip


def _character(view: View, item: Item) -> Words:
    """Genres and moods in sentences, with where they come from."""
    return Words("character", "Genre and mood", sentences=[*_genres(view, item), *_moods(view, item)], width="half")


def _genres(view: View, item: Item) -> Iterator[str]:
    found = genres_of(view.store, item)
    if not found:
        yield "No source names a genre for it."
    elif item.subject == "track":
        yield f"Genre: {', '.join(row['genre'] for row in found)}."
    else:
        parts = [f"{row['genre']} ({shown(row['track_share'], 'share')})" for row in found[:6]]
        yield f"Genres of its tracks: {', '.join(parts)}."
    if found:
        words = {"artist": "listed for the artist", "catalogue_track": "of the track in a catalogue",
                 "catalogue_artist": "of the artist's tracks in a catalogue"}  # fmt: skip
        providers = {one for row in found for one in row["providers"].split(", ")}
        yield f"That is {' and '.join(words.get(one, one) for one in sorted(providers))}."


def _moods(view: View, item: Item) -> Iterator[str]:
    found = moods_of(view.store, item, view.basis)
    named = [row for row in found if row["cluster_name"]]
    marked = " (with simulated features)" if view.basis == "all" else ""
    if not named:
        reason = found[0]["reason"] if found else "its tracks were not counted or have no features"
        yield f"It is in no mood cluster{marked}: {reason}."
    elif item.subject == "track":
        yield f"Mood{marked}: {named[0]['cluster_name']}."
    else:
        told = ", ".join(f"{row['cluster_name']} ({row['track_count']})" for row in named)
        yield f"Tracks by mood{marked}: {told}."


def alike(view: View, item: Item) -> Iterator[Part]:
    """What sounds like an artist or track, and what is heard in the same sessions."""
    path, what = ("/artist", "artists") if item.subject == "artist" else ("/track", "tracks")
    rows = [{**row, "href": view.link(path, key=row["key"])} for row in nearest(view.store, item, view.basis)]
    marked = " With simulated features." if view.basis == "all" else ""
    yield Table(
        "nearest", "Sounds most like it", width="half", rows=rows,
        columns=(Column("name", what.capitalize()[:-1], link="href", sub="detail"),
                 Column("distance", "Distance", "number")),
        note=f"Of the {what} that you play: distance over six features, in standard deviations.{marked}",
        empty=NONE_MEASURED,
    )  # fmt: skip
    sessions, found = heard_together(view.store, item)
    rows = [{**row, "href": view.link(path, key=row["key"])} for row in found]
    yield Table(
        "together", "Heard in the same sessions", width="half", rows=rows,
        columns=(Column("name", what.capitalize()[:-1], link="href", sub="detail"),
                 Column("session_count", "Sessions", "count"), Column("session_share", "Of its", "share"),
                 Column("usual_share", "Of all", "share")),
        note=f"Out of its last {sessions:,} sessions; first what is most out of the usual, from 3 sessions on."
        if sessions else "",
        empty="Too few sessions with it to tell.",
    )  # fmt: skip


def _editions(view: View, item: Item) -> Tiles:
    """What is known of the track itself, and where it stands in the library."""
    row = view.row("SELECT * FROM item_editions WHERE key = $key", key=item.key)
    found = row or {}
    tiles = [
        Tile("Length", shown(found.get("duration_ms"), "length")),
        Tile("Editions", shown(found.get("edition_count"), "count"), "counted as one recording"),
        Tile("Saved", shown(found["saved_at"].date(), "date") if found.get("saved_at") else "no", "in your library"),
        Tile("Playlists", shown(found.get("playlist_count"), "count"), "of yours hold it now"),
        Tile("Popularity", shown(found.get("popularity"), "rank"), "0–100, as a source gives it now"),
    ]
    return Tiles("about-it", "The track itself", tiles=tiles)
