"""`lakesong playlist …`: previews, what will happen before it happens, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from config.errors import InputError
from config.settings import Settings
from playlists.accounts import need_scope, signed_in
from playlists.care import ADD, PARTS, REORDER, Care, apply_change, care_for, own_playlist, standing, stored_playlist
from playlists.care import undo_change as undo_on_spotify
from playlists.creation import Maker, planned
from playlists.files import to_csv, to_m3u, write_file
from playlists.ledger import Creation, creation_of, creations
from playlists.listening import Listening, the_listener
from playlists.previews import Preview, preview
from playlists.tracks import Length
from schemas.lake import Lake
from terminal.asking import agreed
from terminal.screen import err, grid, out, print_json

MINUTE_MS = 60_000


def chosen(
    settings: Settings,
    kind: str,
    value: str,
    *,
    user: str | None,
    basis: str,
    tracks: int | None,
    minutes: float | None,
    begin: str = "",
) -> Preview:
    """The playlist that a command asks for. Raises InputError for one that cannot be made."""
    if tracks is not None and minutes is not None:
        raise InputError("A playlist is of --tracks or of --minutes.", "Give one of them.")
    length = Length(minutes=minutes) if tracks is None and minutes is not None else Length(tracks or Length().tracks)
    if tracks is not None and tracks < 1:
        raise InputError("A playlist has at least one track.", "Give --tracks a number above 0.")
    return preview(Listening(settings, the_listener(settings, user), basis), kind, value, length, begin)


def show_preview(made: Preview, *, m3u: Path | None, csv: Path | None, as_json: bool) -> None:
    """Print a preview, and write it as files where that is asked for."""
    name = f"Lakesong: {made.title}"
    if m3u:
        write_file(m3u, to_m3u(made, name))
    if csv:
        write_file(csv, to_csv(made))
    if as_json:
        print_json(made.to_json())
        return
    print_tracks(made)
    for path in (m3u, csv):
        if path:
            out.print(f"Written: {path}", markup=False)


def print_tracks(made: Preview) -> None:
    """The tracks with their reasons, then how smooth they are and what is to be known about them."""
    who = f"{made.user_id} (simulated)" if made.is_simulated else made.user_id
    minutes = made.total_ms / MINUTE_MS
    out.print(f"{made.title}, for {who}: {len(made.tracks)} tracks, {minutes:.0f} minutes", style="bold", markup=False)
    table = grid("", "track", "artist", "length", "energy", "tempo", "why", right=("", "length", "energy", "tempo"))
    for place, track in enumerate(made.tracks, start=1):
        simulated = " (simulated)" if track.has_simulated_features else ""
        table.add_row(
            str(place),
            _plain(track.track_name),
            _plain(track.artist_name),
            "" if track.duration_ms is None else _length(track.duration_ms),
            "" if track.energy is None else f"{track.energy:.2f}{simulated}",
            "" if track.tempo is None else f"{track.tempo:.0f}",
            _plain(track.reason),
        )
    out.print(table)
    steps = dict(made.mean_step)
    if steps.get("energy") is not None and steps.get("tempo") is not None:
        out.print(
            f"From a track to the next, energy changes by {steps['energy']:.2f} and tempo by {steps['tempo']:.0f}."
        )
    if made.simulated_count:
        out.print(f"The audio features of {made.simulated_count} tracks are made up, not measured.", style="yellow")
    for note in made.notes:
        out.print(f"Note: {note}.".replace("..", "."), markup=False)


def create(
    settings: Settings, made: Preview, *, name: str, is_public: bool, update: bool, yes: bool, as_json: bool
) -> bool:
    """Say what will happen, ask, and make the playlist on Spotify. False where the answer was no."""
    plan = planned(made, name, is_public=is_public)
    need_scope(settings, plan.user_id, is_public=is_public)
    known = creation_of(Lake(settings.lake_uri), plan.playlist_key)
    will = _will(plan, known, update)
    if not as_json:
        print_tracks(made)
    err.print(will, markup=False)
    if not agreed(yes):
        return False
    result = Maker(settings, plan, update=update).make()
    if as_json:
        body = _creation_json(result.creation)
        print_json({"outcome": result.outcome, "notes": list(result.notes), **body})
        return True
    one = result.creation
    out.print(f"{result.outcome}: '{one.playlist_name}', {len(one.track_uris)} tracks, {one.link}", markup=False)
    if result.outcome == "there already":
        out.print("Nothing was changed; `--update` lets it hold the tracks above.")
    for note in result.notes:
        out.print(f"Note: {note}.", markup=False)
    return True


def _will(plan: Creation, known: Creation | None, update: bool) -> str:
    count, name = len(plan.track_uris), plan.playlist_name
    if known is None or known.status == "gone":
        seen = "public: it shows on the profile" if plan.is_public else "private"
        return (
            f"This makes the playlist '{name}' with {count} tracks in the Spotify account of {plan.user_id} ({seen})."
        )
    if known.status != "filled":
        return f"The playlist '{name}' was begun on {known.recorded_at:%Y-%m-%d}: this goes on with it."
    if update:
        return f"The playlist '{name}' is there: this lets it hold these {count} tracks and no others."
    return f"The playlist '{name}' is there: nothing will be changed without --update."


def list_created(settings: Settings, *, user: str | None, as_json: bool) -> None:
    """Print the playlists that were made, with status and address."""
    found = creations(Lake(settings.lake_uri), user)
    if as_json:
        print_json([_creation_json(one) for one in found])
        return
    if not found:
        out.print("No playlist was made yet: `lakesong playlist create KIND`.")
        return
    table = grid("playlist", "listener", "chosen by", "tracks", "status", "address", right=("tracks",))
    for one in found:
        begun = "" if one.status in ("filled", "gone") else ": the same `playlist create` goes on with it"
        table.add_row(
            _plain(one.playlist_name), one.user_id, _plain(one.playlist_kind), str(len(one.track_uris)),
            f"{one.status}{begun}", one.link or "",
        )  # fmt: skip
    out.print(table)


def suggest(settings: Settings, playlist: str, *, user: str | None, basis: str, as_json: bool) -> None:
    """Print what would become of a playlist as it was last collected. Nothing is sent."""
    listening = Listening(settings, the_listener(settings, user), basis)
    playlist_id, name, items = stored_playlist(listening, playlist)
    care = care_for(listening, playlist_id, name, items)
    if as_json:
        print_json(care.to_json())
    else:
        _print_care(care, PARTS)


def apply(
    settings: Settings, playlist: str, *, user: str | None, basis: str, parts: Sequence[str], yes: bool, as_json: bool
) -> bool:
    """Say what will happen to a playlist as it stands on Spotify, ask, and do it. False where the answer was no."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise InputError(f"There is nothing called '{unknown[0]}' to apply.", f"--only is {', '.join(PARTS)}.")
    listening = Listening(settings, the_listener(settings, user), basis)
    with signed_in(settings, listening.user_id) as client:
        playlist_id, name, is_public = own_playlist(client, playlist)
        need_scope(settings, listening.user_id, is_public=is_public)
        now = standing(client, playlist_id, name)
        care = care_for(listening, playlist_id, name, now.uris)
        wanted = care.after(parts or PARTS)
        if not as_json:
            _print_care(care, parts or PARTS)
        if wanted == now.uris:
            if as_json:
                print_json({"playlist_id": playlist_id, "outcome": "unchanged"})
            return True
        err.print(f"This changes '{name}' on Spotify: {len(now.uris)} items before, {len(wanted)} after.", markup=False)
        if not agreed(yes):
            return False
        change = apply_change(client, listening.lake, listening, now, wanted)
    if as_json:
        counts = {"item_count_before": len(now.uris), "item_count": len(change.items_after)}
        print_json({"playlist_id": playlist_id, "outcome": "applied", "change_id": change.change_id, **counts})
    else:
        out.print(f'Applied. `lakesong playlist undo "{name}"` puts back what was there.', markup=False)
    return True


def undo(settings: Settings, playlist: str, *, user: str | None, yes: bool, as_json: bool) -> bool:
    """Put back what stood on a playlist before its newest change. False where the answer was no."""
    user_id = the_listener(settings, user)
    with signed_in(settings, user_id) as client:
        playlist_id, name, is_public = own_playlist(client, playlist)
        need_scope(settings, user_id, is_public=is_public)
        err.print(f"This puts back what stood on '{name}' before the last change made by Lakesong.", markup=False)
        if not agreed(yes):
            return False
        change = undo_on_spotify(client, Lake(settings.lake_uri), user_id, playlist_id, name)
    if as_json:
        body = {"playlist_id": playlist_id, "outcome": "undone", "item_count": len(change.items_before)}
        print_json({**body, "change_id": change.change_id})
    else:
        out.print(f"Undone: '{name}' holds its {len(change.items_before)} items of before.", markup=False)
    return True


def _print_care(care: Care, parts: Sequence[str]) -> None:
    out.print(f"'{care.playlist_name}': {len(care.items)} items", style="bold", markup=False)
    table = grid("", "track", "artist", "why")
    for row in care.rows.to_dict("records"):
        if row["suggestion"] in parts:
            texts = [_plain(row[name]) if not pd.isna(row[name]) else "" for name in ("track_name", "artist_name")]
            table.add_row("+" if row["suggestion"] == ADD else "-", *texts, _plain(row["why"]))
    if table.row_count:
        out.print(table)
    if REORDER in parts and care.ordered != care.items:
        out.print(f"In another order, energy and tempo change {care.gain:.0%} less (in squared steps).")
    elif not table.row_count:
        out.print("Nothing to suggest.")
    for note in care.notes:
        out.print(f"Note: {note}.", markup=False)


def _creation_json(one: Creation) -> dict[str, object]:
    names = ("playlist_key", "user_id", "is_simulated", "playlist_name", "playlist_kind", "status", "is_public")
    known = {name: getattr(one, name) for name in names}
    return {**known, "playlist_id": one.playlist_id, "link": one.link, "track_count": len(one.track_uris)}


def _length(duration_ms: int) -> str:
    return f"{duration_ms // MINUTE_MS}:{duration_ms // 1000 % 60:02d}"


def _plain(text: object) -> str:
    """A text from outside for a terminal: without control characters, and not taken for markup."""
    return "".join(c for c in str(text) if c.isprintable()).replace("[", r"\[")
