"""Reads a question: finds names, ranges and limits in it, and leaves the words that say what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from rapidfuzz.distance import OSA

from assistant.date_words import MONTHS, WEEKDAYS
from assistant.dates import find_ranges
from assistant.intents import known_words
from assistant.lexicon import FUNCTION, PLACEHOLDERS, SAME, canonical
from assistant.limits import asked_for, take_limits
from assistant.names import Known, Names, plain_words
from assistant.replies import Item, Slots

_CUES = {
    "song": "track", "songs": "track", "track": "track", "title": "track", "album": "album", "record": "album",
    "artist": "artist", "band": "artist", "singer": "artist", "playlist": "playlist", "genre": "genre",
}  # fmt: skip
# Before a name of one word, these say that something else is meant: "in Berlin", "with Anna".
_NO_NAME_AFTER = frozenset(
    ["in", "with", "at", "during", "near", "while", "for", "from", "around", "since", "until", "my"]
)
_TIME_WORDS_TOLD = """
    spring summer autumn fall winter springs summers autumns winters today yesterday tomorrow week weeks month
    months year years day days weekend weekends weekday weekdays morning mornings afternoon afternoons evening
    evenings night nights midnight late quarter half last this next past previous coming since between before
    after until till ago christmas eve new first second third fourth q1 q2 q3 q4 am pm h one two three four five
    six seven eight nine ten eleven twelve current during only over within hours minutes time by ranked count
    number working work up through throughout onwards recent jan feb mar apr jun jul aug sep sept oct nov dec
    night nighttime
"""
_TIME_WORDS = frozenset(_TIME_WORDS_TOLD.split()) | {*MONTHS, *WEEKDAYS, *(f"{day}s" for day in WEEKDAYS)}


@dataclass(frozen=True)
class Reading:
    """What a question holds. words: canonical, with placeholders. notes: how names and words were read.

    offered: names that may have been meant by words that are not known. unknown: words that mean nothing here.
    """

    words: tuple[str, ...]
    slots: Slots
    notes: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass
class _Draft:
    """The words of a question while names are looked for; a found name stands as one placeholder."""

    words: list[str]
    items: list[Item]
    notes: list[str]
    offered: list[str]


def read(question: str, names: Names, today: date, *, is_south: bool) -> Reading:
    """Read a question about the listener whose names these are. today: the day that the tables were built for."""
    draft = _Draft(_words(question), [], [], [])
    known = known_words() | FUNCTION | set(SAME) | _TIME_WORDS | PLACEHOLDERS
    _take_exact(draft, names, known)
    _take_near(draft, names, known)
    text = " ".join(draft.words)
    ranges = find_ranges(text, today, is_south=is_south)
    for found in reversed(ranges):
        text = f"{text[: found.start]} xwhen {text[found.end :]}"
    slots = Slots(ranges=tuple(found.range for found in ranges), items=tuple(draft.items))
    text, slots = take_limits(text, slots)
    words = [canonical(word) for word in text.split() if re.search(r"\w", word)]
    words = _without_repeats(words)
    unknown = [word for word in words if word not in known and word not in known_words()]
    return Reading(tuple(words), asked_for(words, slots), tuple(draft.notes), tuple(draft.offered), tuple(unknown))


def _words(question: str) -> list[str]:
    """Lower-case words; dates, "2025/26" and "o'clock" whole; a quoted name as one word with blanks."""
    text = question.replace("’", "'").replace("“", '"').replace("”", '"')
    quoted: list[str] = []

    def keep(match: re.Match[str]) -> str:
        quoted.append(match[1])
        return f" xquote{len(quoted) - 1} "

    text = re.sub(r'"([^"]{1,200})"', keep, text)
    bare = re.findall(r"xquote\d+|\d{4}-\d\d-\d\d|(?:19|20)\d\d/\d+|\d+:\d\d|[^\W_]+(?:['-][^\W_]+)*|&|-", text)
    found = []
    for word in bare:
        match = re.fullmatch(r"xquote(\d+)", word)
        found.append(f'"{quoted[int(match[1])]}"' if match else "and" if word == "&" else word.casefold())
    return found


def _take_exact(draft: _Draft, names: Names, known: set[str] | frozenset[str]) -> None:
    """Replace each run of words that is a name, the longest first."""
    start = 0
    while start < len(draft.words):
        for end in range(min(len(draft.words), start + 12), start, -1):
            words = draft.words[start:end]
            is_quoted = len(words) == 1 and words[0].startswith('"')
            if not is_quoted and any(word.startswith(('"', "x")) and word in PLACEHOLDERS for word in words):
                continue
            found = names.exactly(plain_words(" ".join(words)))
            if found and (is_quoted or _is_meant(draft.words, start, end, found, known)):
                _put(draft, start, end, found, is_guess=False)
                break
            if is_quoted:
                draft.words[start] = words[0].strip('"').casefold()
        start += 1


def _is_meant(words: list[str], start: int, end: int, found: list[Known], known: set[str] | frozenset[str]) -> bool:
    """Whether a run of words that could be a name is one here: plain words are names only after "song", "by" …"""
    before = words[start - 1] if start else ""
    if all(word in known or word.isdigit() for word in words[start:end]):
        return before in _CUES or (found[0].item.kind == "genre" and before not in _NO_NAME_AFTER)
    if all(word in FUNCTION or word.isdigit() for word in words[start:end]):
        return False
    is_short = end - start == 1 and found[0].item.kind in ("track", "album")
    return not (is_short and before in _NO_NAME_AFTER)


def _put(draft: _Draft, start: int, end: int, found: list[Known], *, is_guess: bool) -> None:
    """Set a placeholder in place of a name; of several things with this name the one that the words around say."""
    before = draft.words[start - 1] if start else ""
    after = draft.words[end] if end < len(draft.words) else ""
    cue = _CUES.get(before) or _CUES.get(after) or ("artist" if before == "by" else "")
    fitting = [one for one in found if one.item.kind == cue] or found
    rest = set(plain_words(" ".join(draft.words[:start] + draft.words[end:])))
    named = [one for one in fitting if one.artist_name and set(plain_words(one.artist_name)) <= rest]
    chosen = (named or fitting)[0]
    same_kind = [one for one in fitting if one.item.kind == chosen.item.kind]
    if len(same_kind) > 1 and not named and chosen.artist_name:
        others = ", ".join(one.artist_name for one in same_kind if one is not chosen)
        draft.notes.append(f"{chosen.item.name} is read as the one by {chosen.artist_name}; there is one by {others}.")
    written = " ".join(draft.words[start:end])
    if is_guess:
        draft.notes.append(f"“{written}” is read as {chosen.item.name}.")
    draft.items.append(replace(chosen.item, is_guess=is_guess))
    begin = start - 1 if before in _CUES and _CUES[before] == chosen.item.kind and before not in ("songs",) else start
    close = end + 1 if _CUES.get(after) == chosen.item.kind and begin == start and after == "playlist" else end
    draft.words[begin:close] = [f"x{chosen.item.kind}"]


def _take_near(draft: _Draft, names: Names, known: set[str] | frozenset[str]) -> None:
    """Runs of words that are not known: a name written differently, else a word written differently."""
    at = 0
    while at < len(draft.words):
        if _is_known(draft.words[at], known):
            at += 1
            continue
        end = at + 1
        for stop in range(at + 1, min(len(draft.words), at + 10)):
            if not _is_known(draft.words[stop], known):
                end = stop + 1
            elif draft.words[stop] not in FUNCTION:
                break
        word = draft.words[at]
        better = _typo(word, known)
        if better and end == at + 1:
            draft.notes.append(f"“{word}” is read as {better}.")
            draft.words[at] = better
            continue
        found, offered = names.nearly(plain_words(" ".join(draft.words[at:end])))
        if found:
            _put(draft, at, end, found, is_guess=True)
        elif better and all(_is_known(each, known) or _typo(each, known) for each in draft.words[at:end]):
            draft.notes.append(f"“{word}” is read as {better}.")
            draft.words[at] = better
            continue
        else:
            draft.offered += offered
            at = end
        at += 1


def _is_known(word: str, known: set[str] | frozenset[str]) -> bool:
    return word in known or bool(re.fullmatch(r"[\d/:-]+(st|nd|rd|th|am|pm|h)?|-", word))


def _typo(word: str, known: set[str] | frozenset[str]) -> str:
    """The one known word that this is a slip of the finger away from; '' for none or several."""
    allowed = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
    near = [one for one in known if abs(len(one) - len(word)) <= allowed and len(one) > 3 and one not in PLACEHOLDERS]
    distances = {one: OSA.distance(word, one, score_cutoff=allowed) for one in near}
    best = [one for one, distance in distances.items() if distance == min(distances.values(), default=9) <= allowed]
    meanings = {canonical(one) for one in best}
    return min(best) if len(meanings) == 1 else ""


def _without_repeats(words: list[str]) -> list[str]:
    """Two limits side by side are one, as in "summer nights"; dashes say nothing."""
    kept: list[str] = []
    for word in words:
        if word != "-" and not (kept and kept[-1] == word == "xlimit"):
            kept.append(word)
    return kept
