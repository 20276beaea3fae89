"""Research questions: what was asked of the listening, what came out, and a place for your own."""
# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Lakesong: research")

with app.setup:
    import marimo as mo

    from config.errors import LakesongError
    from notebooks import charts, wording
    from notebooks.lake import open_listener
    from notebooks.widgets import basis_picker, charted, listed, listener_picker, opening, period_picker, range_words
    from serving.store import Row

    QUESTIONS = {
        "Does the sound of the music follow the time of day?": "mood_by_hour",
        "Does a week's sound foretell its habits?": "features_foretell_habits",
        "Do bright sessions differ from dark ones?": "bright_and_dark_sessions",
    }


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


@app.cell
def _():
    question_choice = mo.ui.dropdown(options=QUESTIONS, value=next(iter(QUESTIONS)), label="Question")
    return (question_choice,)


@app.cell
def _(question_choice):
    question = question_choice.value
    return (question,)


@app.cell(hide_code=True)
def _(basis, basis_choice, listener, question_choice, store):
    mo.vstack(
        [
            mo.md("# Research questions"),
            mo.hstack([listener, question_choice, basis_choice], justify="start", wrap=True),
            opening(store, basis),
        ]
    )
    return


@app.cell
def _(basis, question, store):
    findings = store.rows(
        """
        SELECT finding, estimate, low, high, estimate_unit, verdict, adjusted_p_value, comparison_count, sample_size,
               sample_unit, least_sample, measured_share, sentence, reason
        FROM research_findings WHERE question = $question AND basis = $basis ORDER BY finding
        """,
        question=question,
        basis=basis,
    )
    figures = {"findings": len(findings), "supported": sum(row["verdict"] == "supported" for row in findings)}
    known = [row for row in findings if row["estimate"] is not None and row["low"] is not None]
    # Differences are not drawn on one axis with levels.
    drawn: dict[tuple[str, bool], list[Row]] = {}
    for row in known:
        is_level = question == "mood_by_hour" and not row["finding"].endswith("_by_part_of_day")
        drawn.setdefault((row["estimate_unit"], is_level), []).append(row)
    said = "\n".join(
        f"- {wording.quoted(row['sentence'] or row['finding'] + ': ' + str(row['reason']))}" for row in findings
    )
    mo.vstack(
        [
            mo.md(
                f"**{figures['supported']} of {figures['findings']} comparisons are supported** (p below 0.05 after "
                "correction for all of them; 95 % intervals resample days). No evidence is a result too: it was looked "
                "for and not seen. All describes one listener, and how things go together, not what causes what."
            ),
            *[
                charted(
                    group,
                    charts.intervals,
                    "finding",
                    unit if is_level else f"{unit} (difference)" if question != "features_foretell_habits" else unit,
                    at=None if is_level else 0.0,
                )
                for (unit, is_level), group in drawn.items()
            ],
            mo.md(said or "Nothing was asked yet."),
        ]
    )
    return figures, findings


@app.cell
def _(period_choice):
    mo.vstack([mo.md("## Look for yourself: the sound of each hour"), period_choice])
    return


@app.cell
def _(basis, period, store):
    by_hour = store.rows(
        """
        WITH known AS (
            SELECT * FROM listening_with_features
            WHERE excluded_by IS NULL AND valence IS NOT NULL AND energy IS NOT NULL AND listened_ms > 0
              AND played_date BETWEEN $start AND $end AND ($basis = 'all' OR feature_source <> 'synthetic')
        )
        SELECT hour_of_day, sum(valence * listened_ms) / sum(listened_ms) AS valence,
               sum(energy * listened_ms) / sum(listened_ms) AS energy, count(*) AS starts,
               count(DISTINCT played_date) AS days
        FROM known GROUP BY hour_of_day ORDER BY hour_of_day
        """,
        start=period.start,
        end=period.end,
        basis=basis,
    )
    few = [f"{row['hour_of_day']} h" for row in by_hour if row["days"] < 10]
    # What is missing leaves a hole in the lines.
    enough = [row if row["days"] >= 10 else {**row, "valence": None, "energy": None} for row in by_hour]
    mo.vstack(
        [
            mo.md(
                f"{range_words(period)}. Means weighted by time. "
                + (f"Left out, as they rest on fewer than 10 days: {', '.join(few)}." if few else "")
            ),
            charted(enough, charts.hour_curve, "valence", "energy"),
        ]
    )
    return (by_hour,)


@app.cell
def _():
    sql = mo.ui.text_area(
        value="SELECT season, count(*) AS plays, round(avg(energy), 3) AS energy\n"
        "FROM listening_with_features\n"
        "WHERE is_counted AND excluded_by IS NULL AND feature_source <> 'synthetic'\n"
        "GROUP BY season ORDER BY plays DESC",
        rows=6,
        full_width=True,
        label="One SELECT over this listener's tables (`lakesong tables` lists them)",
    )
    mo.vstack([mo.md("## Ask your own"), sql])
    return (sql,)


@app.cell
def _(sql, store):
    try:
        answer = store.ask(sql.value, rows=1_000)
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        shown = mo.vstack([listed(rows), mo.md("*Cut at 1,000 rows.*" if answer.is_cut else "")])
    except LakesongError as error:
        rows, shown = [], mo.callout(f"{error}", kind="warn")
    mo.vstack([shown])
    return (rows,)


if __name__ == "__main__":
    app.run()
