"""Recommendations: what to listen to, why, and how good such advice has been."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Chart, Column, Fragment, Notice, Part, Table, Words
from dashboard.view import View, page

SOURCES = {
    "together": "played together with what you like",
    "forgotten": "favourites you have not heard for long",
    "own_popularity": "what you play most",
    "own_recency": "what you played last",
    "sound": "close in sound",
    "listeners": "liked by listeners like you",
    "album": "albums you have not finished",
    "discovery": "new to you",
}
SERVED = {
    "model": "The model is what you see: on held-out days it was better than both simple guides.",
    "own_popularity": "What you see is your own most played: on held-out days the model was not better than that.",
    "own_recency": "What you see is what you played last: on held-out days the model was not better than that.",
}
METRICS = {
    "ndcg_20": "Right ones near the top (nDCG at 20)",
    "hit_rate_20": "Days with at least one right among 20",
    "catalogue_coverage": "Share of the tracks that are ever suggested",
    "novelty": "Novelty (bits)",
}
SUBJECTS = {"model": "the model", "own_popularity": "your most played", "own_recency": "your last played"}


@page("/recommendations", "Recommendations", group="Ahead", place=1, has_range=False, has_basis=True)
def recommendations(view: View) -> Iterator[Part]:
    """What to listen to next, each with its reason, and how good such advice has been for you."""
    rows = view.rows(
        "SELECT * FROM track_recommendations WHERE basis = $basis ORDER BY rank, recording_id", basis=view.basis
    )
    if not rows:
        reason = view.row(
            "SELECT reason FROM recommendation_evaluations WHERE basis = $basis AND reason IS NOT NULL",
            basis=view.basis,
        )
        yield Notice(
            "nothing",
            text=f"Nothing is recommended yet{': ' + reason['reason'] if reason else ''}.",
            step="More history helps: import your export",
            href="/data-health",
        )
        return
    yield Words("served", sentences=_served(view))
    for row in rows:
        row["href"] = view.link("/track", key=row["recording_id"])
        row["source"] = SOURCES.get(row["suggestion_source"], row["suggestion_source"])
    own = [row for row in rows if not row["is_new_to_listener"]]
    new = [row for row in rows if row["is_new_to_listener"]]
    yield _table("own", "From what you know", own, "half" if new else "full")
    if new:
        yield _table("new", "New to you", new, "half")
    yield _parts(rows)
    yield Fragment("playlists", "Make a playlist", file="recommendations/playlists.html", data=_playlist_choices(view))
    yield from _evaluation(view)


def _served(view: View) -> list[str]:
    found = view.rows(
        "SELECT DISTINCT served_by FROM recommendation_evaluations WHERE basis = $basis AND served_by IS NOT NULL",
        basis=view.basis,
    )
    return [SERVED[row["served_by"]] for row in found if row["served_by"] in SERVED]


def _table(name: str, title: str, rows: list[dict[str, object]], width: str) -> Table:
    return Table(
        name, title, width=width, rows=rows, first=12,  # type: ignore[arg-type]
        columns=(
            Column("rank", "", "rank"), Column("track_name", "Track", link="href", sub="artist_name"),
            Column("why", "Why"),
        ),
    )  # fmt: skip


def _parts(rows: list[dict[str, object]]) -> Chart:
    """The parts of each score, which add up to it."""
    parts = [
        {"track": f"{row['rank']}. {row['track_name']}", "part": label, "score": row[f"{name}_score"]}
        for row in rows[:15]
        for name, label in SOURCES.items()
        if row.get(f"{name}_score")
    ]
    return Chart(
        "parts", "What each score is made of", kind="ranking", x="track", y=("score",), group="part", is_stacked=True,
        height=400, rows=parts, note="The first fifteen; parts add up to the score.",
        columns=(Column("track", "Track"), Column("part", "Part"), Column("score", "Score", "number")),
    )  # fmt: skip


def _playlist_choices(view: View) -> dict[str, list[str]]:
    moods = view.rows(
        "SELECT cluster_name AS name FROM mood_clusters WHERE basis = $basis AND cluster_id > 0 ORDER BY cluster_id",
        basis=view.basis,
    )
    personas = view.rows(
        "SELECT persona_name AS name FROM personas WHERE basis = $basis AND persona_id > 0 ORDER BY persona_id",
        basis=view.basis,
    )
    return {"moods": [row["name"] for row in moods], "personas": [row["name"] for row in personas]}


def _evaluation(view: View) -> Iterator[Part]:
    rows = view.rows(
        """
        SELECT DISTINCT subject, metric, metric_value, metric_low, metric_high, sample_size, sample_unit, reason
        FROM recommendation_evaluations WHERE basis = $basis ORDER BY metric, subject
        """,
        basis=view.basis,
    )
    for row in rows:
        row["metric"] = METRICS.get(row["metric"], row["metric"])
        row["subject"] = SUBJECTS.get(row["subject"], row["subject"])
    yield Table(
        "evaluation", "How good it has been", rows=rows, empty="Not measured yet.",
        columns=(
            Column("metric", "Measure"), Column("subject", "Of", sub="reason"),
            Column("metric_value", "Value", "number"),
            Column("metric_low", "95 % from", "number"), Column("metric_high", "to", "number"),
            Column("sample_size", "Held-out days", "count"),
        ),
        note="Measured on days that the guide had not seen when it chose.",
    )  # fmt: skip
    outcomes = view.rows("SELECT outcome, count(*) AS count FROM recommendation_outcomes GROUP BY 1 ORDER BY 2 DESC, 1")
    yield Table(
        "outcomes", "What became of earlier suggestions", rows=outcomes, width="half",
        columns=(Column("outcome", "Outcome"), Column("count", "Suggestions", "count", bar=True)),
        empty="None was suggested long enough ago to tell.",
    )  # fmt: skip
