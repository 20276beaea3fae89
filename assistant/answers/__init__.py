"""What answers each intent, what of a question it can use, and an example of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.answers import comparing, habits, moments, moods, music, similar, suggestions, tops, totals
from assistant.desk import Desk, Told


@dataclass(frozen=True)
class Ability:
    """An answer. takes: the slots that it uses; a question with others is declined. example: how to ask for it."""

    answer: Callable[[Desk], Told]
    takes: frozenset[str]
    example: str


RANGE, LIMITS, ITEM, COUNT, BY = "range", "limits", "item", "count", "by"
_PLAYS = (RANGE, LIMITS, ITEM)


def _ability(answer: Callable[[Desk], Told], example: str, *takes: str) -> Ability:
    return Ability(answer, frozenset(takes), example)


ABILITIES: dict[str, Ability] = {
    "plays": _ability(totals.plays, "How many songs did I play last year?", *_PLAYS, BY),
    "time": _ability(totals.time, "How many hours did I listen on weekends this year?", *_PLAYS, BY),
    "average": _ability(totals.average, "How many minutes a day do I listen on average?", *_PLAYS, BY),
    "different": _ability(totals.different, "How many different artists did I hear last month?", *_PLAYS),
    "share": _ability(totals.share, "What share of my listening is in the morning?", *_PLAYS),
    "history": _ability(totals.history, "How complete is my history?"),
    "top": _ability(tops.top, "What did I play most last winter?", *_PLAYS, COUNT, BY),
    "most_skipped": _ability(tops.most_skipped, "Which artist do I skip most?", *_PLAYS, COUNT),
    "new": _ability(tops.new, "Which new artists did I discover this year?", RANGE, COUNT),
    "busiest": _ability(tops.busiest, "On which day did I listen the most?", *_PLAYS),
    "last_time": _ability(moments.last_time, "When did I last hear …?", *_PLAYS),
    "first_time": _ability(moments.first_time, "When did I first hear …?", *_PLAYS),
    "first_play": _ability(moments.first_play, "What was the first song I played this year?", *_PLAYS, COUNT),
    "last_play": _ability(moments.last_play, "What did I play last?", *_PLAYS, COUNT),
    "rank": _ability(moments.rank, "What rank is … among my artists?", *_PLAYS, BY, COUNT),
    "about": _ability(moments.about, "Tell me about …", *_PLAYS),
    "compare": _ability(comparing.compare, "Did I listen more this year or last year?", *_PLAYS, BY, "two"),
    "why": _ability(comparing.why, "Why was last month different?", RANGE),
    "streak": _ability(habits.streak, "What is my longest streak?"),
    "skips": _ability(habits.skips, "How often do I skip?", *_PLAYS),
    "sessions": _ability(habits.sessions, "How many listening sessions did I have this year?", RANGE),
    "session_length": _ability(habits.session_length, "How long was my longest session?", RANGE),
    "shuffle": _ability(habits.shuffle, "How much of my listening is on shuffle?", *_PLAYS),
    "device": _ability(habits.device, "Which device do I use most?", RANGE),
    "mainstream": _ability(habits.mainstream, "How mainstream is my taste?", RANGE),
    "profile": _ability(habits.profile, "What kind of listener am I?", RANGE),
    "moods": _ability(moods.moods, "What moods do I listen to?"),
    "indicator": _ability(moods.indicator, "How regular is my listening rhythm?", LIMITS),
    "taste": _ability(moods.taste, "Has my taste changed?"),
    "forecast": _ability(moods.forecast, "How much will I listen tomorrow?", RANGE),
    "recommend": _ability(suggestions.recommend, "What should I listen to?", COUNT),
    "forgotten": _ability(suggestions.forgotten, "Which songs did I forget?", COUNT),
    "similar": _ability(similar.similar, "Something calm like …", ITEM, COUNT),
    "fact_album": _ability(music.fact_album, "Which album is … on?", ITEM),
    "fact_artist": _ability(music.fact_artist, "Who sings …?", ITEM),
    "fact_year": _ability(music.fact_year, "What year is the album … from?", ITEM),
    "fact_length": _ability(music.fact_length, "How long is the song …?", ITEM),
    "fact_feature": _ability(music.fact_feature, "What is the tempo of …?", ITEM),
    "fact_genre": _ability(music.fact_genre, "What genre is …?", ITEM),
    "saved": _ability(suggestions.saved, "How many songs have I saved?"),
    "never_played": _ability(suggestions.never_played, "Which of my saved songs have I never played?"),
    "playlists": _ability(suggestions.playlists, "What playlists do I have?"),
    "playlist_vibe": _ability(suggestions.playlist_vibe, "What is the vibe of my playlist …?", ITEM),
}
