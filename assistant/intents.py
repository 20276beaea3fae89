"""Which of the things that can be asked a question is nearest to: TF-IDF of words and characters over the examples.

Thirty lines of arithmetic instead of scikit-learn, whose import alone takes 3.5 s and 140 MB of the web process on two
cores; a test holds the weights and the similarities against scikit-learn's own.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from assistant.lexicon import FUNCTION, PLACEHOLDERS, canonical
from assistant.limits import take_limits
from assistant.phrases import phrases
from assistant.replies import Slots

Vector = dict[str, float]

_CUED = re.compile(r"\b(?:track|album|playlist) (x(?:track|album|playlist|item))\b")  # names are read with their cue
_ITEMS = ("xartist", "xtrack", "xalbum")


@dataclass(frozen=True)
class Guess:
    """An intent, how near its nearest example is (0-1), and that example."""

    intent: str
    nearness: float
    example: str


def terms(words: list[str]) -> list[str]:
    """Words, pairs of neighbours, and runs of three characters of each word with its ends."""
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    padded = [f" {word} " for word in words if word not in PLACEHOLDERS]
    runs = [f"#{word[i : i + 3]}" for word in padded for i in range(len(word) - 2)]
    return [*words, *pairs, *runs]


class Examples:
    """The examples as weighted vectors, each term by how rare it is among them (smoothed as scikit-learn does)."""

    def __init__(self, phrases: dict[str, list[list[str]]]) -> None:
        """phrases: intent -> examples as lists of words."""
        told = [(intent, words) for intent, examples in phrases.items() for words in examples]
        counts = Counter(term for _, words in told for term in set(terms(words)))
        self._rarity = {term: math.log((1 + len(told)) / (1 + count)) + 1 for term, count in counts.items()}
        self._unseen = math.log(1 + len(told)) + 1
        self._vectors = [(intent, " ".join(words), self.vector(words)) for intent, words in told]
        self.words = {intent: _words_of(examples) for intent, examples in phrases.items()}

    def vector(self, words: list[str]) -> Vector:
        """Counts times rarity, of length 1. Terms that no example has weigh most: they make all examples farther."""
        weights = {t: count * self._rarity.get(t, self._unseen) for t, count in Counter(terms(words)).items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def nearest(self, words: list[str]) -> list[Guess]:
        """Each intent by its nearest example, the nearest first."""
        asked = self.vector(words)
        best: dict[str, Guess] = {}
        for intent, example, vector in self._vectors:
            nearness = sum(weight * vector.get(term, 0.0) for term, weight in asked.items())
            if intent not in best or nearness > best[intent].nearness:
                best[intent] = Guess(intent, nearness, example)
        return sorted(best.values(), key=lambda guess: (-guess.nearness, guess.intent))


def _words_of(examples: Iterable[list[str]]) -> frozenset[str]:
    return frozenset(word for words in examples for word in words) | FUNCTION


def _expanded(lines: str) -> list[list[str]]:
    """One list of words an example, read as questions are; `xitem` gives one for an artist, a track and an album."""
    found = []
    for line in lines.strip().splitlines():
        text, _ = take_limits(_CUED.sub(r"\1", line.strip()), Slots())
        for item in _ITEMS if "xitem" in line else ("",):
            found.append([canonical(word) for word in text.replace("xitem", item).split()])
    return found


@cache
def examples() -> Examples:
    """The examples of everything that can be asked, and of what is declined."""
    answered = {intent: _expanded(lines) for intent, lines in phrases().asked.items()}
    return Examples(answered | {intent: _expanded(lines) for intent, (_, lines) in phrases().refused.items()})


def known_words() -> frozenset[str]:
    """All words that some example has."""
    return frozenset().union(*examples().words.values())
