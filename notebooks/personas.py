"""Personas: the kinds of sessions there are, and which of the five profiles the listening is like."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lakesong: personas")

with app.setup:
    import marimo as mo

    from notebooks import charts, wording
    from notebooks.lake import open_listener
    from notebooks.widgets import basis_picker, charted, listed, listener_picker, opening, period_picker, range_words


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
    period_choice = period_picker(store, ("all_time", "year", "month"), "all_time")
    basis_choice = basis_picker()
    return basis_choice, period_choice


@app.cell
def _(basis_choice, period_choice):
    period, basis = period_choice.value, basis_choice.value
    return basis, period


@app.cell(hide_code=True)
def _(basis, basis_choice, listener, period_choice, store):
    mo.vstack(
        [
            mo.md("# Sessions and personas"),
            mo.hstack([listener, period_choice, basis_choice], justify="start", wrap=True),
            opening(store, basis),
        ]
    )
    return


@app.cell
def _(basis, store):
    personas = store.rows(
        "SELECT * EXCLUDE (user_id, is_simulated, basis) FROM personas WHERE basis = $basis ORDER BY persona_id",
        basis=basis,
    )
    groups = [
        {"persona": row["persona_name"] or "all sessions", **row}
        for row in personas
        if row["k"] or row["session_count"]
    ]
    figures = {
        "session_count": sum(row["session_count"] for row in personas),
        "persona_count": sum(row["persona_id"] > 0 for row in personas),
    }
    mo.vstack(
        [
            mo.md("## Kinds of sessions"),
            mo.md(
                "A session ends with a longer silence. Sessions are grouped by length, artists, hour, sound, skips and "
                f"age. {wording.fit_words(personas[0]) if personas else 'There are none yet.'}"
            ),
            charted(groups, charts.ranked_bars, "persona", "session_count", "sessions"),
        ]
    )
    return figures, personas


@app.cell
def _(basis, store):
    kinds_by_month = store.rows(
        """
        WITH counted AS (
            SELECT date_trunc('month', played_date)::DATE AS month_start, persona_name, count(*) AS sessions
            FROM session_personas WHERE basis = $basis AND persona_id > 0 GROUP BY ALL
        )
        SELECT *, sessions / sum(sessions) OVER (PARTITION BY month_start) AS session_share
        FROM counted ORDER BY month_start, persona_name
        """,
        basis=basis,
    )
    mo.vstack(
        [
            mo.md("## Over the months"),
            charted(kinds_by_month, charts.shares_over_time, "month_start", "session_share", "persona_name")
            if kinds_by_month
            else mo.md("*No groups were found, so there is nothing to follow over the months.*"),
        ]
    )
    return


@app.cell
def _(period, store):
    lengths = store.rows(
        """
        SELECT least(floor(session_ms / 600000.0) * 10, 240)::INT AS minutes_from, count(*) AS sessions,
               sum(listened_ms) / 3600000.0 AS hours
        FROM listening_sessions WHERE played_date BETWEEN $start AND $end GROUP BY ALL ORDER BY ALL
        """,
        start=period.start,
        end=period.end,
    )
    middle = store.row(
        """
        SELECT count(*) AS sessions, median(session_ms) / 60000.0 AS minutes, median(artist_count) AS artists
        FROM listening_sessions WHERE played_date BETWEEN $start AND $end
        """,
        start=period.start,
        end=period.end,
    )

    def lasted(minutes: int) -> str:
        return "240 min and more" if minutes == 240 else f"{minutes} to {minutes + 10} min"

    bars = [{"length": lasted(row["minutes_from"]), **row} for row in lengths]
    mo.vstack(
        [
            mo.md("## How long sessions are"),
            mo.md(
                f"{range_words(period)}: {wording.counted(middle['sessions'], 'session')}; half of them are longer "
                f"than {wording.number(middle['minutes'], 0)} minutes and have more than "
                f"{wording.number(middle['artists'], 0)} artists."
            ),
            charted(bars, charts.ranked_bars, "length", "sessions", "sessions"),
        ]
    )
    return (middle,)


@app.cell
def _(period, store):
    profiles = store.rows(
        """
        SELECT profile_name, profile_share, similarity, drivers, method, feature_count, listener_count, reason
        FROM music_profiles WHERE period_kind = $kind AND period_start = $start ORDER BY profile_rank, profile_name
        """,
        kind=period.kind,
        start=period.start,
    )
    known = [row for row in profiles if row["profile_share"] is not None]
    if known:
        best = known[0]
        said = f"Most like **{best['profile_name']}** ({wording.share(best['profile_share'])} of the five"
        said += f"): {best['drivers']}." if best["drivers"] else ")."
        said += f" It rests on {best['feature_count']} of 20 habits, "
        said += (
            f"compared among {best['listener_count']} listeners."
            if best["method"] == "kmeans"
            else "compared with five written profiles: a description, not a finding."
        )
    else:
        said = wording.reasons(profiles) or "Nothing is told of this range yet."
    mo.vstack(
        [
            mo.md(f"## The five profiles\n{range_words(period)}. {said}"),
            charted(known, charts.ranked_bars, "profile_name", "profile_share", "share of the five"),
        ]
    )
    return (profiles,)


@app.cell
def _(basis, store):
    moods = store.rows(
        """
        SELECT cluster_name, cluster_id, track_count, play_count, listened_share, valence, energy, tempo, k, silhouette,
               stability, null_silhouette, reason
        FROM mood_clusters WHERE basis = $basis ORDER BY cluster_id
        """,
        basis=basis,
    )
    placed = [row for row in moods if row["k"] and row["valence"] is not None and row["energy"] is not None]
    mo.vstack(
        [
            mo.md("## Moods of the music"),
            mo.md(
                f"Groups of tracks by how they sound; names describe the music. {wording.fit_words(moods[0])}"
                if moods
                else "There are none yet."
            ),
            charted(placed, charts.mood_plane, "cluster_name", "play_count") if placed else listed(moods),
        ]
    )
    return (moods,)


if __name__ == "__main__":
    app.run()
