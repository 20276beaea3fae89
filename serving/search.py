"""Finding an artist, album or track of the listener's history and library by what one remembers of its name."""

from __future__ import annotations

from dataclasses import dataclass

from serving.store import Row, Store

LONGEST_QUERY = 100  # letters; more say nothing more
MOST_WORDS = 8
ALIKE = 0.86  # mean Jaro-Winkler similarity of the words, from which a misspelt query names something
WORD_ALIKE = 0.75  # and that of its worst word

SUBJECTS = ("artists", "albums", "tracks")

_EXACT = """
    CASE WHEN title = $text THEN 5 WHEN starts_with(title, $text) THEN 3 WHEN contains(title, $text) THEN 2
        WHEN list_bool_and(list_transform($words, lambda word: contains(text, word))) THEN 1 ELSE 0 END
"""
_ALIKE_WORDS = """
    list_transform($words, lambda word: list_max(
        list_transform(string_split(text, ' '), lambda other: jaro_winkler_similarity(word, other))))
"""
_LIKE = f"""
    list_extract(list_transform([{_ALIKE_WORDS}], lambda alike: CASE
        WHEN list_avg(alike) >= {ALIKE} AND list_min(alike) >= {WORD_ALIKE} THEN round(list_avg(alike), 2)
        ELSE 0 END), 1)
"""
_ORDER = "score = 5 DESC, listened_ms > 0 DESC, score DESC, listened_ms DESC, name, key"


@dataclass(frozen=True)
class Found:
    """What was found. Rows: key, name, detail (the artist), play_count, listened_ms; the best first.

    is_guess: whether nothing holds the words as they were written, so that names that are like them are shown.
    """

    artists: list[Row]
    albums: list[Row]
    tracks: list[Row]
    is_guess: bool = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.artists) + len(self.albums) + len(self.tracks)


def search(store: Store, query: str, limit: int = 10) -> Found:
    """The artists, albums and tracks whose names hold the words of the query, else those that are spelt like it.

    What was played counts first, by time; what is only in the library comes after. An empty query finds nothing.
    """
    row = store.row("SELECT strip_accents(lower($text)) AS text", text=" ".join(query[:LONGEST_QUERY].split()))
    text = str(row["text"]) if row else ""
    words = text.split()[:MOST_WORDS]
    if not words:
        return Found([], [], [])
    found = _found(store, _EXACT, {"text": text, "words": words}, limit)
    if found:
        return _sorted_out(found)
    long = [word for word in words if len(word) > 2]
    return _sorted_out(_found(store, _LIKE, {"words": long}, limit) if long else [], is_guess=True)


def _found(store: Store, score: str, values: Row, limit: int) -> list[Row]:
    return store.rows(
        f"""
        WITH scored AS (SELECT *, {score} AS score FROM search_names)
        SELECT subject, key, name, detail, play_count, listened_ms FROM scored WHERE score > 0
        QUALIFY row_number() OVER (PARTITION BY subject ORDER BY {_ORDER}) <= $limit ORDER BY {_ORDER}
        """,
        **values, limit=limit,
    )  # fmt: skip


def _sorted_out(found: list[Row], is_guess: bool = False) -> Found:
    of = {subject: [row for row in found if row["subject"] == subject] for subject in SUBJECTS}
    return Found(of["artists"], of["albums"], of["tracks"], is_guess)
