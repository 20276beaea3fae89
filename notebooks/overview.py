"""Overview: how much was listened to in a range, when, and to whom."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lakesong: overview")

with app.setup:
    import marimo as mo

    from notebooks import charts, wording
    from notebooks.lake import metrics_of, open_listener
    from notebooks.widgets import basis_picker, charted, listener_picker, opening, period_picker, range_words


@app.cell
def _():
    listener = listener_picker()
    return (listener,)


@app.cell
def _(listener):
    store = open_listener(listener.value)
    return (store,)


@app.cell
def _(store):
    period_choice = period_picker(store)
    basis_choice = basis_picker()
    return basis_choice, period_choice


@app.cell
def _(basis_choice, period_choice):
    period, basis = period_choice.value, basis_choice.value
    return basis, period


@app.cell(hide_code=True)
def _(basis, basis_choice, listener, period, period_choice, store):
    mo.vstack(
        [
            mo.md(f"# Overview\n{range_words(period)}"),
            mo.hstack([listener, period_choice, basis_choice], justify="start", wrap=True),
            opening(store, basis),
        ]
    )
    return


@app.cell
def _(basis, period, store):
    metrics = metrics_of(store, period, basis)
    figures = {
        name: metrics[name]
        for name in (
            "play_count",
            "listened_ms",
            "active_day_count",
            "session_count",
            "recording_count",
            "artist_count",
        )
    }
    return figures, metrics


@app.cell(hide_code=True)
def _(figures, metrics):
    mo.vstack(
        [
            mo.hstack(
                [
                    mo.stat(
                        wording.total(figures["listened_ms"], is_at_least=metrics["is_at_least"]), label="listened"
                    ),
                    mo.stat(f"{figures['play_count']:,}", label="plays", caption="of 30 s or a whole track"),
                    mo.stat(f"{figures['active_day_count']:,}", label="days with music"),
                    mo.stat(f"{figures['recording_count']:,}", label="recordings", caption="played or begun"),
                    mo.stat(f"{figures['artist_count']:,}", label="artists", caption="played or begun"),
                    mo.stat(wording.share(metrics["skip_share"]), label="of starts skipped"),
                ],
                wrap=True,
                justify="start",
            ),
            mo.md(f"*How sure: {wording.trust(metrics)}*"),
        ]
    )
    return


@app.cell
def _(basis, period, store):
    compared = store.row(
        """
        SELECT sentence, reason, is_comparable FROM period_comparisons
        WHERE period_kind = $kind AND period_start = $start AND basis = $basis
          AND dimension = 'total' AND comparison = 'period_before'
        """,
        kind=period.kind,
        start=period.start,
        basis=basis,
    )
    told = compared and (compared["sentence"] or f"Not compared with the range before: {compared['reason']}.")
    mo.md(f"**Against the range before:** {wording.quoted(told)}" if told else "")
    return


@app.cell
def _(basis, period, store):
    days = store.rows(
        """
        SELECT played_date, listened_ms / 3600000.0 AS hours, play_count, coverage FROM daily_listening
        WHERE played_date BETWEEN $start AND $end AND basis = $basis ORDER BY played_date
        """,
        start=period.start,
        end=period.end,
        basis=basis,
    )
    mo.vstack([mo.md("## Day by day"), charted(days, charts.bars_over_time, "played_date", "hours", "hours")])
    return (days,)


@app.cell
def _(period, store):
    artists = store.rows(
        """
        SELECT time_rank, artist_name, listened_ms / 3600000.0 AS hours, play_count, period_share, time_rank_change
        FROM artist_stats WHERE period_kind = $kind AND period_start = $start AND time_rank <= 15 ORDER BY time_rank
        """,
        kind=period.kind,
        start=period.start,
    )
    tracks = store.rows(
        """
        SELECT time_rank, track_name || ' – ' || artist_name AS track, listened_ms / 3600000.0 AS hours, play_count
        FROM track_stats WHERE period_kind = $kind AND period_start = $start AND time_rank <= 15 ORDER BY time_rank
        """,
        kind=period.kind,
        start=period.start,
    )
    mo.vstack(
        [
            mo.md("## Most heard, by time"),
            mo.ui.tabs(
                {
                    "Artists": charted(artists, charts.ranked_bars, "artist_name", "hours", "hours"),
                    "Tracks": charted(tracks, charts.ranked_bars, "track", "hours", "hours"),
                }
            ),
        ]
    )
    return (artists,)


@app.cell
def _(period, store):
    week = store.rows(
        """
        SELECT day_of_week, hour_of_day, sum(listened_ms) / 3600000.0 AS hours, count(*) FILTER (is_counted) AS plays
        FROM listening_with_features
        WHERE played_date BETWEEN $start AND $end AND excluded_by IS NULL
        GROUP BY ALL ORDER BY ALL
        """,
        start=period.start,
        end=period.end,
    )
    parts = store.rows(
        """
        SELECT part_of_day, sum(listened_ms) AS listened_ms FROM listening_with_features
        WHERE played_date BETWEEN $start AND $end AND excluded_by IS NULL
        GROUP BY ALL ORDER BY listened_ms DESC
        """,
        start=period.start,
        end=period.end,
    )
    whole = sum(row["listened_ms"] for row in parts)
    mo.vstack(
        [
            mo.md("## When in the week"),
            mo.md(
                f"The {parts[0]['part_of_day']} holds {wording.share(parts[0]['listened_ms'] / whole)} of the time. "
                "An hour is that of the listener's own clock at the end of a play."
                if whole
                else ""
            ),
            charted(week, charts.hour_week_heat, "hours", "hours"),
        ]
    )
    return (week,)


if __name__ == "__main__":
    app.run()
