"""What to listen to, forgotten favourites, the library and the playlists."""

from __future__ import annotations

from assistant.desk import DeclinedError, Desk, Told
from assistant.replies import Column

_MUSIC = (Column("name", "Track"), Column("artist", "Artist"))


def recommend(desk: Desk) -> Told:
    """The newest recommendations, each with its reason."""
    rows = desk.rows(
        "SELECT track_name AS name, artist_name AS artist, why, rank, is_new_to_listener FROM track_recommendations "
        "WHERE basis = 'measured' AND (is_new_to_listener OR NOT $new) ORDER BY rank LIMIT $count",
        new=bool(desk.slots.words & {"new", "discover"}),
        count=desk.slots.count or 10,
    )
    if not rows:
        raise DeclinedError("There are no recommendations yet: too little listening is known, or no features.")
    named = ", ".join(f"{row['name']} by {row['artist']}" for row in rows[:3])
    columns: tuple[Column, ...] = (*_MUSIC, Column("why", "Why"))
    told = f"{named}. The first because: {rows[0]['why']}."
    return Told(told, rows[0]["name"], "track", columns, tuple(rows), trust=0.95, is_ranged=False)


def forgotten(desk: Desk) -> Told:
    """Tracks of 15 plays and more that were not played for 90 days and longer, most played first."""
    rows = desk.rows(
        "SELECT track_name AS name, artist_name AS artist, play_count, last_date FROM track_stats "
        "WHERE period_kind = 'all_time' AND play_count >= 15 AND last_date < $before "
        "ORDER BY play_count DESC, listened_ms DESC LIMIT $count",
        before=desk.today.fromordinal(desk.today.toordinal() - 90),
        count=desk.slots.count or 10,
    )
    if not rows:
        raise DeclinedError("Nothing that you played 15 times or more has rested for 90 days.")
    first = rows[0]
    told = f"{first['name']} by {first['artist']}: {first['play_count']} plays, but not since {first['last_date']}"
    columns: tuple[Column, ...] = (
        *_MUSIC,
        Column("play_count", "Plays", "plays"),
        Column("last_date", "Last played", "day"),
    )
    return Told(f"{told}.", first["name"], "track", columns, tuple(rows), first["play_count"], is_ranged=False)


def saved(desk: Desk) -> Told:
    """How many tracks are saved, or artists followed."""
    part = "followed_artists" if desk.slots.words & {"followed"} else "saved_tracks"
    row = desk.row(
        "SELECT different_count, played_count, never_played_count, listened_share FROM library_overview "
        "WHERE library_part = $part",
        part=part,
    )
    told = f"{row['different_count']:,} {part.replace('_', ' ')}; you have played {row['played_count']:,} of them."
    columns: tuple[Column, ...] = (Column("different_count", "Number"), Column("played_count", "Played"))
    columns += (Column("never_played_count", "Never played"),)
    return Told(told, row["different_count"], part.split("_")[1], columns, (row,), is_ranged=False)


def never_played(desk: Desk) -> Told:
    """Saved tracks, or followed artists, without any counted play."""
    is_artists = bool(desk.slots.words & {"followed", "artist"})
    part = "followed_artists" if is_artists else "saved_tracks"
    row = desk.row("SELECT never_played_count FROM library_overview WHERE library_part = $part", part=part)
    heard = (
        "artist_of(item_name) IN (SELECT artist_key FROM artist_names)"
        if is_artists
        else (
            "item_id IN (SELECT track_id FROM recordings WHERE recording_id IN "
            "(SELECT recording_id FROM kept_plays WHERE is_counted))"
        )
    )
    rows = desk.rows(
        "SELECT item_name AS name, artist_name AS artist, added_at FROM library_history "
        f"WHERE is_current AND collection = $part AND NOT coalesce({heard}, false) ORDER BY added_at DESC LIMIT 50",
        part=part,
    )
    named = ", ".join(row["name"] for row in rows[:5])
    count = row["never_played_count"]
    told = f"{count:,} of your {part.replace('_', ' ')} were never played" + (f": {named}." if count and named else ".")
    columns: tuple[Column, ...] = (*_MUSIC, Column("added_at", "Added", "UTC"))
    return Told(told, count, part.split("_")[1], columns, tuple(rows) if count else (), is_ranged=False)


_VIBES = """
    SELECT playlist_name AS name, is_own, track_count, play_count, last_played_date, sentence, reason
    FROM playlist_vibes WHERE basis = 'measured' {where} ORDER BY is_own DESC, {order}, name
"""
_PLAYLIST: tuple[Column, ...] = (Column("name", "Playlist"), Column("is_own", "Own"), Column("track_count", "Tracks"))
_PLAYLIST += (Column("play_count", "Plays of its tracks", "plays"), Column("sentence", "Vibe"))


def playlists(desk: Desk) -> Told:
    """The playlists that were seen, own ones first."""
    order = "play_count DESC" if desk.slots.words & {"most", "play"} else "name"
    rows = desk.rows(_VIBES.format(where="", order=order))
    if not rows:
        raise DeclinedError("No playlist is known: sign in with `lakesong login`, so that the library is read.")
    own = [row["name"] for row in rows if row["is_own"]]
    told = f"{len(rows)} playlists, {len(own)} of your own: {', '.join(own)}."
    return Told(told, len(rows), "playlists", _PLAYLIST, tuple(rows), is_ranged=False)


def playlist_vibe(desk: Desk) -> Told:
    """How a playlist sounds, in one sentence."""
    item = desk.item("playlist")
    if item is None:
        raise DeclinedError("Of which playlist?", "What playlists do I have?")
    row = desk.row(_VIBES.format(where="AND playlist_id = $key", order="name"), key=item.key)
    if row["sentence"] is None:
        raise DeclinedError(f"Nothing can be said of {item.name}: {row['reason']}.")
    told = f"{item.name} ({row['track_count']} tracks): {row['sentence']}."
    return Told(told, row["sentence"], "vibe", _PLAYLIST, (row,), is_ranged=False)
