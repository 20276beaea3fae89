"""The names that a listener's own tables know, found in a question: exactly, in part, or written differently."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from rapidfuzz import fuzz, process

from assistant.replies import Item

if TYPE_CHECKING:
    from serving.store import Store

SURE_SCORE, NEAR_SCORE = 84.0, 68.0  # of 100: taken for the name, or offered as "did you mean"
_LONGEST = 14  # words of a name
_QUERIES = {
    "artist": """
        SELECT artist_key AS key, artist_name AS name, play_count AS weight FROM artist_stats
        WHERE period_kind = 'all_time'
    """,
    "track": """
        SELECT recording_id AS key, track_name AS name, play_count AS weight, artist_name FROM track_stats
        WHERE period_kind = 'all_time'
    """,
    "album": """
        SELECT album_key AS key, album_name AS name, play_count AS weight, artist_name FROM album_stats
        WHERE period_kind = 'all_time'
    """,
    "genre": """
        SELECT genre AS key, genre AS name, play_count AS weight FROM genre_stats WHERE period_kind = 'all_time'
    """,
    "playlist": """
        SELECT playlist_id AS key, any_value(playlist_name) AS name, max(play_count) AS weight
        FROM playlist_vibes GROUP BY 1
    """,
}
_ORDER = ("playlist", "artist", "track", "album", "genre")


@dataclass(frozen=True)
class Known:
    """An item of the listener's, how much it was played, and for tracks and albums the artist."""

    item: Item
    weight: int
    artist_name: str = ""


def plain_words(text: str) -> list[str]:
    """Words of a text in lower case, without accents and punctuation; & is and."""
    bare = unicodedata.normalize("NFKD", text.replace("&", " and ").replace("’", "'")).casefold()
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", bare)


class Names:
    """All names of a store, by their plain words."""

    def __init__(self, store: Store) -> None:
        """Read them once: one query a kind."""
        self._by_name: dict[str, list[Known]] = defaultdict(list)
        for kind in _ORDER:
            for row in store.ask(_QUERIES[kind], rows=200_000).rows:
                key, name, weight = row[0], row[1], row[2] or 0
                plain = " ".join(plain_words(name or "")[:_LONGEST])
                if plain:
                    artist_name = row[3] if len(row) > 3 else ""
                    self._by_name[plain].append(Known(Item(kind, key, name), weight, artist_name or ""))
        for known in self._by_name.values():
            known.sort(key=lambda one: (_ORDER.index(one.item.kind), -one.weight, one.item.key))
        self._names = list(self._by_name)

    def exactly(self, words: Iterable[str]) -> list[Known]:
        """What is called by just these words, most played first within a kind; a leading 'the' may be missing."""
        name = " ".join(words)
        return self._by_name.get(name) or self._by_name.get(f"the {name}") or []

    def nearly(self, words: list[str]) -> tuple[list[Known], list[str]]:
        """What these words are taken for though written differently, and else what may have been meant.

        Taken only where no other name is nearly as near.
        """
        text = " ".join(words)
        near = process.extract(text, self._names, scorer=fuzz.ratio, limit=4, score_cutoff=NEAR_SCORE)
        if near and near[0][1] >= SURE_SCORE and (len(near) == 1 or near[1][1] < near[0][1] - 4):
            return self._by_name[near[0][0]], []
        parts = [name for name in self._names if f" {text} " in f" {name} "] if len(text) > 3 else []
        if len(parts) == 1:
            return self._by_name[parts[0]], []
        offered = dict.fromkeys([*sorted(parts, key=self._weight)[:3], *(name for name, *_ in near)])
        return [], [self._by_name[name][0].item.name for name in list(offered)[:3]]

    def search(self, text: str, count: int = 20) -> list[Known]:
        """What has such a name, written like it or in part, most played first."""
        asked = " ".join(plain_words(text))
        if not asked:
            return []
        near = process.extract(asked, self._names, scorer=fuzz.ratio, limit=count, score_cutoff=SURE_SCORE)
        names = {name for name in self._names if asked in name} | {name for name, *_ in near}
        found = [known for name in names for known in self._by_name[name]]
        return sorted(found, key=lambda one: (-one.weight, one.item.kind, one.item.key))[:count]

    def _weight(self, name: str) -> int:
        return -self._by_name[name][0].weight


_kept: WeakKeyDictionary[Store, Names] = WeakKeyDictionary()


def names_of(store: Store) -> Names:
    """The names of a store, read at the first question about it and kept as long as the store."""
    if store not in _kept:
        _kept[store] = Names(store)
    return _kept[store]
