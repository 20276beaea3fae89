"""Playlists: how they sound, what stands out in them, how they are played, and what would fit."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lakesong: playlists")

with app.setup:
    import marimo as mo

    from notebooks import charts, wording
    from notebooks.lake import open_listener
    from notebooks.widgets import basis_picker, charted, listed, listener_picker, opening


@app.cell
def _():
    listener = listener_picker()
    return (listener,)


@app.cell
def _(listener):
    store = open_listener(listener.value)
    return (store,)


@app.cell
def _():
    basis_choice = basis_picker()
    return (basis_choice,)


@app.cell
def _(basis_choice):
    basis = basis_choice.value
    return (basis,)


@app.cell(hide_code=True)
def _(basis, basis_choice, listener, store):
    mo.vstack(
        [
            mo.md("# Playlists"),
            mo.hstack([listener, basis_choice], justify="start", wrap=True),
            opening(store, basis),
        ]
    )
    return


@app.cell
def _(basis, store):
    vibes = store.rows(
        """
        SELECT playlist_id, playlist_name, is_own, track_count, featured_count, play_count, valence, energy, tempo,
               played_share, never_played_count, outlier_count, genre_family, cluster_name, sentence, reason
        FROM playlist_vibes WHERE basis = $basis ORDER BY track_count DESC, playlist_id
        """,
        basis=basis,
    )
    figures = {
        "playlist_count": len(vibes),
        "track_count": sum(row["track_count"] for row in vibes),
        "never_played_count": sum(row["never_played_count"] for row in vibes),
    }
    placed = [row for row in vibes if row["valence"] is not None and row["energy"] is not None]
    unknown = [row for row in vibes if row["reason"]]
    mo.vstack(
        [
            mo.md(
                f"## How they sound\n{wording.counted(len(vibes), 'playlist')} with {figures['track_count']:,} tracks; "
                f"never played: {figures['never_played_count']:,}. A playlist lies at the mean of its tracks whose "
                "features are known."
            ),
            charted(placed, charts.mood_plane, "playlist_name", "track_count"),
            mo.md("\n".join(f"- {wording.quoted(row['playlist_name'])}: {row['reason']}" for row in unknown)),
        ]
    )
    return figures, vibes


@app.cell
def _(vibes):
    mo.stop(not vibes, mo.md("There is no playlist yet: `lakesong login`, then `lakesong ingest` brings them."))
    names = {
        f"{wording.cut(row['playlist_name'] or 'without a name')[:60]} ({row['track_count']})": row["playlist_id"]
        for row in reversed(vibes)
    }
    playlist_choice = mo.ui.dropdown(options=names, value=list(names)[-1], label="Playlist")
    mo.hstack([playlist_choice], justify="start")
    return (playlist_choice,)


@app.cell
def _(playlist_choice):
    playlist = playlist_choice.value
    return (playlist,)


@app.cell
def _(basis, playlist, store, vibes):
    vibe = next(row for row in vibes if row["playlist_id"] == playlist)
    items = store.rows(
        """
        SELECT track_name, artist_name, play_count, is_never_played, last_played_date, cluster_name, genre,
               feature_source, centre_distance, is_outlier, reason
        FROM playlist_tracks WHERE playlist_id = $playlist AND basis = $basis
        ORDER BY centre_distance DESC NULLS LAST, item_uri, occurrence
        """,
        playlist=playlist,
        basis=basis,
    )
    outliers = [row for row in items if row["is_outlier"]]
    silent = [row for row in items if row["is_never_played"]]
    mo.vstack(
        [
            mo.md(
                f"## {wording.quoted(vibe['playlist_name'])}\n"
                f"{wording.quoted(vibe['sentence']) if vibe['sentence'] else vibe['reason']}. "
                f"Features of {vibe['featured_count']} of {vibe['track_count']} tracks are known; "
                f"{wording.share(vibe['played_share'])} of its tracks were ever played."
            ),
            mo.ui.tabs(
                {
                    f"All ({len(items)})": listed(items),
                    f"Stand out ({len(outliers)})": listed(outliers),
                    f"Never played ({len(silent)})": listed(silent),
                }
            ),
        ]
    )
    return (items,)


@app.cell
def _(playlist, store):
    trend = store.rows(
        """
        SELECT month_start, month_end_item_count, added_count, removed_count, turnover, play_count,
               listened_ms / 3600000.0 AS hours, known_context_share, is_reconstructed, reason
        FROM playlist_trends WHERE playlist_id = $playlist ORDER BY month_start
        """,
        playlist=playlist,
    )
    rebuilt = sum(row["is_reconstructed"] for row in trend)
    sized = [row for row in trend if row["month_end_item_count"] is not None]
    mo.vstack(
        [
            mo.md(
                "## Over the months\nPlays from the playlist itself are told where the source says where a play came "
                f"from. {wording.counted(rebuilt, 'month')} lie before it was first read: their sizes are of "
                "what is still on it."
            ),
            mo.ui.tabs(
                {
                    "Items": charted(sized, charts.lines_over_time, "month_start", "month_end_item_count", "items"),
                    "Plays from it": charted(
                        trend, charts.bars_over_time, "month_start", "play_count", "plays", each="yearmonth"
                    ),
                }
            ),
        ]
    )
    return (trend,)


@app.cell
def _(basis, playlist, store):
    suggestions = store.rows(
        """
        SELECT suggestion, suggestion_rank, track_name, artist_name, play_count, why FROM playlist_suggestions
        WHERE playlist_id = $playlist AND basis = $basis ORDER BY suggestion, suggestion_rank
        """,
        playlist=playlist,
        basis=basis,
    )
    mo.vstack(
        [
            mo.md("## What would fit, what would not\nNothing is changed here: `lakesong playlist apply` does it."),
            listed(suggestions),
        ]
    )
    return (suggestions,)


if __name__ == "__main__":
    app.run()
