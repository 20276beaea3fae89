"""Trends: how listening and its sound change over the months, and what is expected next."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lakesong: trends")

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
    period_choice = period_picker(store)
    basis_choice = basis_picker()
    return basis_choice, period_choice


@app.cell
def _(basis_choice, period_choice):
    period, basis = period_choice.value, basis_choice.value
    return basis, period


@app.cell(hide_code=True)
def _(basis, basis_choice, listener, store):
    mo.vstack(
        [
            mo.md("# Trends"),
            mo.hstack([listener, basis_choice], justify="start", wrap=True),
            opening(store, basis),
        ]
    )
    return


@app.cell
def _(basis, store):
    months = store.rows(
        """
        SELECT period_start AS month_start, listened_ms / 3600000.0 AS hours, play_count, recording_count,
               mean_valence, mean_energy, coverage, is_at_least, measured_share, reason
        FROM user_metrics WHERE period_kind = 'month' AND basis = $basis ORDER BY period_start
        """,
        basis=basis,
    )
    figures = {"month_count": len(months), "hours": sum(row["hours"] for row in months)}
    partly = sum(row["is_at_least"] for row in months)
    mo.vstack(
        [
            mo.md("## Time, month by month"),
            mo.md(
                f"{wording.counted(len(months), 'month')} with {figures['hours']:,.0f} hours. "
                + (
                    f"{wording.counted(partly, 'month')} were not wholly observed: their bars are *at least* so high."
                    if partly
                    else "Every hour of them was observed. The first and the last may be parts of a month."
                )
            ),
            charted(months, charts.bars_over_time, "month_start", "hours", "hours", each="yearmonth"),
        ]
    )
    return figures, months


@app.cell
def _(months):
    sound = [
        {"month_start": row["month_start"], "feature": feature, "mean": row[f"mean_{feature}"]}
        for row in months
        for feature in ("valence", "energy")
        if row[f"mean_{feature}"] is not None
    ]
    mo.vstack(
        [
            mo.md("## Brightness and energy of the music"),
            mo.md(
                "Means over the listening time of a month: valence from dark (0) to bright (1), energy from calm (0) "
                "to intense (1). They describe the music, not the listener. A month of too few features has no point."
            ),
            mo.md(wording.reasons(months)),
            charted(sound, charts.lines_over_time, "month_start", "mean", "mean, 0-1", series="feature"),
        ]
    )
    return


@app.cell
def _(basis, store):
    families = store.rows(
        """
        SELECT period_start AS month_start, aspect_item AS genre_family, aspect_value AS time_share
        FROM taste_evolution
        WHERE taste_aspect = 'genre_family' AND period_kind = 'month' AND basis = $basis AND aspect_value IS NOT NULL
        ORDER BY ALL
        """,
        basis=basis,
    )
    mo.vstack(
        [
            mo.md("## Families of genres"),
            mo.md("Shares of the listening time; *unknown* is music for which no source names a genre."),
            charted(families, charts.shares_over_time, "month_start", "time_share", "genre_family"),
        ]
    )
    return (families,)


@app.cell
def _(basis, store):
    changes = store.rows(
        """
        SELECT change_number, era_start, changed_aspect, changed_item, before_mean, after_mean, p_value,
               tested_week_count, sentence, reason
        FROM taste_changes WHERE basis = $basis ORDER BY change_number, changed_place
        """,
        basis=basis,
    )
    eras = [row for row in changes if row["change_number"]]
    said = "\n".join(f"- {sentence}" for sentence in {wording.quoted(row["sentence"]): None for row in eras})
    mo.vstack(
        [
            mo.md("## Has the taste changed?"),
            mo.md(said or f"No change is claimed: {changes[0]['reason']}." if changes else "Nothing was tested yet."),
            mo.md("*A change is believed at p < 0.01 among weeks that are enough alike to be compared.*"),
            listed(eras) if eras else mo.md(""),
        ]
    )
    return (changes,)


@app.cell
def _(store):
    found = store.rows(
        """
        SELECT period_start AS month_start, discovery_share, new_recording_count, sticky_share, rediscovery_share,
               newness, reason
        FROM discovery WHERE period_kind = 'month' ORDER BY period_start
        """
    )
    mainstream = store.rows(
        """
        SELECT period_start AS month_start, mainstream_share, popularity_known_share, mean_popularity, reason
        FROM mainstream_share WHERE period_kind = 'month' ORDER BY period_start
        """
    )
    new = found[-1]["newness"] if found else "first play ever"
    mo.vstack(
        [
            mo.md("## New music, and how well known it is"),
            mo.ui.tabs(
                {
                    "New music": mo.vstack(
                        [
                            mo.md(f"Share of the plays that were the first of their recording (*{new}*)."),
                            charted(found, charts.lines_over_time, "month_start", "discovery_share", "share of plays"),
                        ]
                    ),
                    "Mainstream": mo.vstack(
                        [
                            mo.md("Share of plays of popularity 60 or more, of those whose popularity is known."),
                            charted(mainstream, charts.lines_over_time, "month_start", "mainstream_share", "share"),
                        ]
                    ),
                }
            ),
        ]
    )
    return (found,)


@app.cell
def _(period_choice):
    dimension_choice = mo.ui.dropdown(
        options={
            "artists": "artist",
            "families of genres": "genre_family",
            "parts of the day": "part_of_day",
            "hours": "hour_of_day",
            "moods": "mood",
            "devices": "device",
        },
        value="artists",
        label="Split by",
    )
    mo.vstack([mo.md("## Why was it different?"), mo.hstack([period_choice, dimension_choice], justify="start")])
    return (dimension_choice,)


@app.cell
def _(basis, dimension_choice, period, store):
    splits = store.rows(
        """
        SELECT item, difference_ms / 3600000.0 AS hours, contribution, listened_ms, before_ms, sentence, reason,
               is_comparable
        FROM period_comparisons
        WHERE period_kind = $kind AND period_start = $start AND basis = $basis
          AND comparison = 'period_before' AND dimension IN ($dimension, 'total')
        ORDER BY dimension = 'total' DESC, item_place
        """,
        kind=period.kind,
        start=period.start,
        basis=basis,
        dimension=dimension_choice.value,
    )
    whole, parts = (splits[0], splits[1:]) if splits else (None, [])
    if whole is None:
        why = f"{range_words(period)} is not compared with another: choose a month, a year, or the last 28 or 365 days."
    elif not whole["is_comparable"]:
        why, parts = f"{range_words(period)} is not compared: {whole['reason']}.", []
    else:
        why = f"{range_words(period)}: {wording.quoted(whole['sentence'])}."
    mo.vstack(
        [
            mo.md(why),
            charted(parts[:21], charts.differences, "item", "hours", "hours more (right) or less (left)")
            if parts
            else mo.md(""),
        ]
    )
    return (splits,)


@app.cell
def _(basis, store):
    ahead = store.rows(
        """
        SELECT forecast_date, forecast_value / 3600000.0 AS value, low_80 / 3600000.0 AS low_80,
               high_80 / 3600000.0 AS high_80, is_better, choice, coverage_80, reason
        FROM mood_forecast WHERE target = 'listened_ms' AND basis = $basis ORDER BY forecast_date
        """,
        basis=basis,
    )
    before = store.rows(
        """
        SELECT played_date, listened_ms / 3600000.0 AS value FROM daily_listening
        WHERE basis = $basis AND played_date > $as_of::DATE - 60 ORDER BY played_date
        """,
        basis=basis,
        as_of=store.as_of,
    )
    known = [row for row in ahead if row["value"] is not None]
    if known:
        sure = f"Served: {known[0]['choice']}. The band should hold 80 % of days"
        sure += f"; of past days it held {wording.share(known[0]['coverage_80'])}." if known[0]["coverage_80"] else "."
    else:
        sure = f"No forecast. {wording.reasons(ahead)}" if ahead else ""
    mo.vstack(
        [
            mo.md(f"## The next two weeks\n{sure}"),
            charted(known, charts.forecast, before, "hours a day"),
        ]
    )
    return (ahead,)


if __name__ == "__main__":
    app.run()
