"""Library: what is kept, what of it is played, how Spotify ranks it, and what playlists are like."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Chart, Choice, Choices, Column, Notice, Part, Table, Tile, Tiles
from dashboard.view import View, page
from dashboard.words import shown

PARTS = {"saved_tracks": "Saved tracks", "followed_artists": "Followed artists", "playlists": "Tracks on playlists"}
TIME_RANGES = {"short_term": "Last 4 weeks", "medium_term": "Last 6 months", "long_term": "Last year and more"}
NEVER_SHOWN = 100


@page("/library", "Library", group="Collection", place=1, has_range=False, has_basis=True)
def library(view: View) -> Iterator[Part]:
    """What you keep, what of it you play, and what your playlists are like."""
    parts = {row["library_part"]: row for row in view.rows("SELECT * FROM library_overview")}
    kept = [name for name in PARTS if name in parts]
    if not kept:
        yield Notice(
            "nothing",
            text="Nothing is known of your library yet: Spotify tells it once you are connected.",
            step="Connect Spotify",
            href="/settings",
        )
        return
    yield Tiles("kept", tiles=[_tile(view, name, parts[name]) for name in kept])
    yield _played_of_kept([(PARTS[name], parts[name]) for name in kept])
    yield _playlists(view)
    yield _never_played(view)
    yield from _as_spotify_ranks(view)


def _tile(view: View, name: str, row: dict[str, int]) -> Tile:
    never = row["never_played_count"]
    return Tile(
        PARTS[name],
        shown(row["different_count"], "count"),
        f"{never:,} never played, {row['long_ago_count']:,} not for a year" if never or row["long_ago_count"] else "",
        "#never",
    )


def _played_of_kept(parts: list[tuple[str, dict[str, int]]]) -> Chart:
    rows = []
    for label, row in parts:
        recent = row["played_count"] - row["long_ago_count"]
        rows += [
            {"part": label, "state": "played in the last year", "count": recent},
            {"part": label, "state": "not for a year", "count": row["long_ago_count"]},
            {"part": label, "state": "never played", "count": row["never_played_count"]},
        ]
    return Chart(
        "played", "What of it is played", kind="ranking", x="part", y=("count",), group="state", is_stacked=True,
        height=200, rows=rows,
        columns=(Column("part", "Part"), Column("state", "State"), Column("count", "Items", "count")),
    )  # fmt: skip


def _playlists(view: View) -> Table:
    rows = view.rows(
        """
        SELECT playlist_id, playlist_name, track_count, never_played_count, listened_ms, cluster_name, genre_family,
            outlier_count, last_played_date, coalesce(sentence, reason) AS told
        FROM playlist_vibes WHERE basis = $basis ORDER BY listened_ms DESC, playlist_name, playlist_id
        """,
        basis=view.basis,
    )
    for row in rows:
        row["href"] = view.link("/playlist", id=row["playlist_id"])
    return Table(
        "playlists", "Playlists", rows=rows, empty="No playlist is known yet.",
        columns=(
            Column("playlist_name", "Playlist", link="href", sub="told"), Column("track_count", "Tracks", "count"),
            Column("listened_ms", "Played from it", "hours", bar=True),
            Column("never_played_count", "Never played", "count"), Column("outlier_count", "Stand apart", "count"),
            Column("last_played_date", "Last played", "date"),
        ),
        note="Time counts where Spotify told that a play came from the playlist.",
    )  # fmt: skip


def _never_played(view: View) -> Table:
    """Of what is saved now: tracks of which no play is known, the latest saved first."""
    rows = view.rows(
        """
        SELECT item_name, artist_name, added_at::DATE AS added_date FROM library_history
        WHERE collection = 'saved_tracks' AND is_current AND item_id NOT IN (
            SELECT coalesce(own.track_id, '') FROM recordings AS own
            WHERE own.recording_id IN (SELECT recording_id FROM listening_with_features)
        ) AND item_id NOT IN (SELECT track_id FROM listening_with_features WHERE track_id IS NOT NULL)
        ORDER BY added_at DESC NULLS LAST, item_id LIMIT $limit
        """,
        limit=NEVER_SHOWN,
    )
    return Table(
        "never", "Saved and never played", rows=rows, first=10, width="half",
        empty="Every track that you saved has been played.",
        columns=(Column("item_name", "Track", sub="artist_name"), Column("added_date", "Saved", "date")),
    )  # fmt: skip


def _as_spotify_ranks(view: View) -> Iterator[Part]:
    """The service's own lists beside one's own ranks, so far as Spotify gives them."""
    asked = view.parameters.get("spotify", "short_term")
    time_range = asked if asked in TIME_RANGES else "short_term"
    yield Choices(
        "spotify",
        title="As Spotify ranks it",
        choices=[
            Choice(label, view.here(spotify=name) + "#spotify", name == time_range)
            for name, label in TIME_RANGES.items()
        ],
        note="Spotify's own lists, by a formula that it does not tell.",
    )
    for kind in ("artist", "track"):
        rows = view.rows(
            """
            SELECT position, item_name, artist_name, snapshot_at::DATE AS seen_date FROM top_items_bronze
            WHERE item_kind = $kind AND time_range = $range AND snapshot_at = (
                SELECT max(snapshot_at) FROM top_items_bronze WHERE item_kind = $kind AND time_range = $range
            ) ORDER BY position LIMIT 20
            """,
            kind=kind,
            range=time_range,
        )
        sub = "artist_name" if kind == "track" else ""
        yield Table(
            f"spotify-{kind}s", f"Spotify's top {kind}s, {TIME_RANGES[time_range].lower()}", rows=rows, width="half",
            columns=(Column("position", "", "rank"), Column("item_name", kind.capitalize(), sub=sub)),
            empty="Spotify has not been asked for this list yet.",
        )  # fmt: skip
