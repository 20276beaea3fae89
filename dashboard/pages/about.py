"""About the numbers: what they mean and where they come from."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.parts import Column, Part, Table, Words
from dashboard.view import View, page
from dashboard.words import shown
from serving.declarations import served_declarations

SOURCES = {
    "real": "measured by a service, or from the preview's sound",
    "kaggle": "a public catalogue of tracks",
    "synthetic": "simulated: invented from the track's id, the same everywhere",
}
MEANINGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("plays", "Plays and time", (
        "A play counts from 30 seconds on, or when the whole of a shorter track was heard. Every other start is kept "
        "too: a skip is a start that did not count, or one that was ended by a button before half of the track.",
        "Time is what was really heard where a source measured it (exports, the watch), else it is estimated from the "
        "length of the track and the pause before it. An export replaces estimates.",
        "A play that several sources tell of is one play. Editions of one recording, such as a remaster, count as one.",
        "Days and hours are those of your own clock, in the zone where you were.",
        "What your rules exclude is in no number here; it stays in the lake, and Settings says how many plays that is.",
    )),
    ("coverage", "What is missing", (
        "Spotify shows the last 50 plays alone. Hours that no poll and no export saw are not covered, and totals over "
        "them read “at least”. Importing your export closes such gaps.",
        "A number that rests on too little is left empty, with the reason in words: nothing is guessed.",
    )),
    ("music", "Sound, mood and genre", (
        "Features such as valence (how bright music sounds) and energy (how intense) lie between 0 and 1; tempo is in "
        "beats per minute. They describe the recording, not you.",
        "Sentences rest on measured features alone. Where you ask for simulated ones too, the page says so: they fill "
        "gaps so that everything works, and say nothing about the music.",
        "Moods are groups of your tracks that sound alike, told only where the groups hold under repetition and are "
        "clearer than in music without groups.",
        "Genres come from what is listed for the artist, else from a catalogue. A track of several genres is split.",
        "Mainstream is the share of plays of popularity 60 or more, by today's popularity, where it is known.",
    )),
    ("comparisons", "Ranks, ranges and comparisons", (
        "Rank 1 is the most. A change counts the places risen since the range before of the same length.",
        "A session is music without a silence of more than 20 minutes, unless you set another length.",
        "“Usual” is your own past, never other people: on the overview, where the middle half of the 12 weeks "
        "before lay.",
        "An era is told where weeks before and after differ by more than chance gives in one of a hundred trials.",
        "Intervals are 95 % unless another number stands there.",
    )),
    ("health", "What is not said", (
        "These pages describe listening. They are no statement about health or mood: published work finds that mood "
        "explains little of what people choose to play (doi 10.1177/27000710261456849).",
    )),
)  # fmt: skip


@page("/about", "About the numbers", has_range=False)
def about(view: View) -> Iterator[Part]:
    """What each number means, and where it comes from."""
    for name, title, sentences in MEANINGS:
        yield Words(name, title, sentences=sentences)
    yield _features(view)
    yield _sources(view)
    yield _tables(view)
    yield _columns()


def _features(view: View) -> Table:
    rows = view.rows(
        """
        SELECT feature_source, split_part(feature_provider, '/', 1) AS feature_provider, count(*) AS start_count,
            sum(listened_ms)::BIGINT AS listened_ms, sum(listened_ms) / sum(sum(listened_ms)) OVER () AS time_share
        FROM kept_plays GROUP BY 1, 2 ORDER BY time_share DESC
        """
    )
    told = [
        {
            **row,
            "meaning": SOURCES.get(row["feature_source"], "no features"),
            "provider": row["feature_provider"] or "none",
        }
        for row in rows
    ]
    measured = sum(row["time_share"] or 0 for row in rows if row["feature_source"] in ("real", "kaggle"))
    return Table(
        "features", "Where the audio features come from", rows=told,
        columns=(Column("provider", "From", sub="meaning"),
                 Column("time_share", "Share of the time", "share", bar=True),
                 Column("listened_ms", "Time", "hours"), Column("start_count", "Starts", "count")),
        note=f"{shown(measured, 'share')} of your listening time has features that are not simulated.",
    )  # fmt: skip


def _sources(view: View) -> Table:
    rows = view.rows(
        """
        SELECT source, time_source, count(*) AS start_count, sum(listened_ms)::BIGINT AS listened_ms,
            min(played_date) AS first_date, max(played_date) AS last_date
        FROM kept_plays GROUP BY 1, 2 ORDER BY start_count DESC
        """
    )
    return Table(
        "sources", "Where the plays come from", rows=rows,
        columns=(Column("source", "Source"), Column("time_source", "Its time is"),
                 Column("start_count", "Starts", "count"), Column("listened_ms", "Time", "hours"),
                 Column("first_date", "First", "date"), Column("last_date", "Last", "date")),
    )  # fmt: skip


def _tables(view: View) -> Table:
    rows = [
        {"table": one.name, "layer": one.layer, "description": _first_sentence(one.description),
         "href": f"/api/v1/tables/{one.name}", "version": view.store.versions.get(one.name)}
        for one in served_declarations().values()
    ]  # fmt: skip
    return Table(
        "tables", "Every table behind these pages", rows=rows,
        columns=(Column("table", "Table", link="href", sub="layer"), Column("description", "What it tells"),
                 Column("version", "Version", "count")),
        note="Each leads to its rows in the API.",
    )  # fmt: skip


def _columns() -> Table:
    """Columns that mean the same in every table, each once."""
    known: dict[tuple[str, str], dict[str, str]] = {}
    for table in served_declarations().values():
        for column in table.columns:
            known.setdefault((column.name, column.comment), {
                "column": column.name, "meaning": column.comment, "unit": column.unit or "",
                "type": column.type.lower(),
            })  # fmt: skip
    return Table(
        "columns", "Every quantity", rows=sorted(known.values(), key=lambda row: row["column"]),
        columns=(Column("column", "Name", sub="type"), Column("meaning", "Meaning"), Column("unit", "Unit")),
    )  # fmt: skip


def _first_sentence(text: str) -> str:
    return text.split("\n\n")[0].replace("\n", " ")
