"""The way in: a question in plain words, and the answer, from the listener's own tables alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answers import ABILITIES
from assistant.desk import DeclinedError, Desk, Told, history_of
from assistant.following import follow
from assistant.intents import Guess, examples
from assistant.lexicon import FUNCTION, PLACEHOLDERS
from assistant.names import names_of
from assistant.phrases import phrases
from assistant.reading import Reading, read
from assistant.replies import Context, Reply, Slots

if TYPE_CHECKING:
    from config.settings import Settings
    from serving.store import Store

LONGEST_QUESTION = 500  # characters
LEAST_NEARNESS = 0.38  # below it, nothing that can be asked is near enough
REFUSED_NEARNESS = 0.5  # from here on the reason for declining is known
_CLOSE = 0.85  # an intent this near to the best is tried where the best leaves words unused
# Words that change nothing wherever they stand.
_HARMLESS = frozenset(["music", "play", "listen", "ever", "all", "data", "please", "overall", "exactly", "actually"])


def ask(store: Store, question: str, before: Context | None = None, settings: Settings | None = None) -> Reply:
    """Answer a question about this listener's music, or say why not.

    before: the context of the reply before, so that "and in 2023?" is understood. settings: where an endpoint for
    free-form questions is configured there, it is asked what the intents decline.
    """
    text = " ".join(question.split())[:LONGEST_QUESTION]
    reply = _by_intents(store, text, before)
    if (
        not reply.is_answered
        and settings is not None
        and settings.llm_url
        and text
        and reply.intent not in phrases().refused
    ):
        from assistant.freeform import ask_model

        return ask_model(store, text, settings, reply)
    return reply


def _by_intents(store: Store, text: str, before: Context | None) -> Reply:
    history = history_of(store)
    if not text:
        return _declined(store, text, "Ask something about the music you play.")
    if history is None:
        return _declined(store, text, "There are no plays yet: bring in your history with `lakesong import PATH`.")
    reading = read(text, names_of(store), store.as_of, is_south=history.is_south)
    followed = follow(reading, before)
    if followed is not None:
        guess, reading = Guess(followed.intent, 0.9, "follow-up"), replace(reading, slots=followed.slots)
    else:
        found = _chosen(reading)
        if isinstance(found, str):
            return _refused(store, text, reading, found)
        guess = found
    if guess.intent == "help":
        return _help(store, text)
    return _answered(store, text, reading, guess, Desk(store, reading.slots, history))


def _chosen(reading: Reading) -> Guess | str:
    """The intent of a question, or the intent of a refusal, or '' where nothing fits."""
    near = examples().nearest(list(reading.words))
    best = near[0]
    if best.intent in phrases().refused and best.nearness >= REFUSED_NEARNESS:
        return best.intent
    for guess in near[:6]:
        if guess.intent in phrases().refused or guess.nearness < max(LEAST_NEARNESS, _CLOSE * best.nearness):
            continue
        if not _unused(reading, guess.intent):
            return guess
    return best.intent if best.intent in phrases().refused and best.nearness >= LEAST_NEARNESS else ""


def _unused(reading: Reading, intent: str) -> list[str]:
    """What the question says and this intent does not use."""
    words = examples().words[intent] | FUNCTION | PLACEHOLDERS | _HARMLESS
    left = [word for word in reading.words if word not in words]
    if intent == "help":
        return left
    takes, slots = ABILITIES[intent].takes, reading.slots
    if (slots.ranges and "range" not in takes) or len(slots.ranges) > (2 if "two" in takes else 1):
        left.append("the range of days")
    if (slots.parts or slots.weekdays or slots.hours or slots.season) and "limits" not in takes:
        left.append("the part of the day or week")
    if (slots.items and "item" not in takes) or len(slots.items) > (2 if "two" in takes else 1):
        left += [item.name for item in slots.items] if not _goes_together(slots) else []
    if slots.count and "count" not in takes:
        left.append("the number")
    if slots.by and "by" not in takes:
        left.append("the order")
    return left


def _goes_together(slots: Slots) -> bool:
    """Whether two items limit one another, as a track and its artist do."""
    kinds = [item.kind for item in slots.items]
    return len(kinds) == len(set(kinds)) == 2 and "artist" in kinds and "playlist" not in kinds


def _answered(store: Store, text: str, reading: Reading, guess: Guess, desk: Desk) -> Reply:
    try:
        told = ABILITIES[guess.intent].answer(desk)
    except DeclinedError as error:
        return _declined(store, text, error.reason, *error.suggestions, intent=guess.intent)
    known = desk.coverage() if told.is_ranged else None
    is_at_least = (
        told.is_ranged
        and told.unit in ("plays", "minutes")
        and (desk.begins_early or (known is not None and known < 1.0))
    )
    sentence = f"At least {told.sentence[0].lower()}{told.sentence[1:]}" if is_at_least else told.sentence
    notes = list(told.notes) + list(reading.notes)
    if told.is_ranged and desk.begins_early:
        notes.append(f"Your history begins on {desk.history.first}: what came before is not known.")
    trust = told.trust * (0.8 if any(item.is_guess for item in desk.slots.items) else 1.0)
    trust *= 0.7 if any("is read as the one by" in note for note in reading.notes) else 1.0
    return Reply(
        question=text,
        is_answered=True,
        sentence=sentence,
        intent=guess.intent,
        value=told.value,
        unit=told.unit,
        columns=told.columns,
        rows=told.rows,
        queries=tuple(desk.queries),
        versions=desk.versions(),
        play_count=told.play_count,
        coverage=known,
        is_at_least=is_at_least,
        confidence=min(1.0, 0.35 + guess.nearness * 0.75) * trust,
        notes=tuple(notes),
        context=Context(guess.intent, desk.slots),
        is_simulated=store.is_simulated,
    )


def _refused(store: Store, text: str, reading: Reading, intent: str) -> Reply:
    near = [guess.intent for guess in examples().nearest(list(reading.words)) if guess.intent in ABILITIES]
    is_far = bool(reading.unknown) and examples().nearest(list(reading.words))[0].nearness < LEAST_NEARNESS
    instead = [] if is_far else [ABILITIES[name].example for name in near[:3]]
    if intent in phrases().refused:
        return _declined(store, text, phrases().refused[intent][0], *instead, intent=intent)
    if reading.offered:
        names = ", ".join(reading.offered)
        return _declined(store, text, f"That name is not in what you have played. Did you mean {names}?", *instead)
    left = ", ".join(f"“{word}”" for word in dict.fromkeys(reading.unknown or _unused(reading, near[0])))
    reason = "I do not understand that well enough to answer."
    if reading.unknown:
        reason = f"I find nothing called {left} in what you have played, and know no other meaning of it."
    elif left:
        reason = f"I do not understand how {left} belongs to the rest of the question, so I give no answer."
    return _declined(store, text, reason, *instead)


def _declined(store: Store, text: str, reason: str, *suggestions: str, intent: str = "") -> Reply:
    offered = suggestions or tuple(ABILITIES[name].example for name in ("top", "time", "last_time"))
    return Reply(text, False, reason, intent, suggestions=offered, is_simulated=store.is_simulated)


def _help(store: Store, text: str) -> Reply:
    told = Told("You can ask, for example:")
    rows = tuple({"example": ability.example} for ability in ABILITIES.values())
    from assistant.replies import Column

    columns = (Column("example", "Question"),)
    return Reply(
        text, True, told.sentence, "help", len(rows), "questions", columns, rows, confidence=1.0,
        is_simulated=store.is_simulated,
    )  # fmt: skip
