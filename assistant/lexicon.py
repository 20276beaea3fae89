"""Words that mean the same, and words that say nothing by themselves."""

from __future__ import annotations

_SAME = {
    "track": "song songs tracks title titles tune tunes",
    "artist": "artists band bands singer singers musician musicians group groups performer performers act acts",
    "album": "albums record records lp lps",
    "genre": "genres style styles",
    "playlist": "playlists",
    "play": "plays played playing playcount",
    "listen": "listened listens listening hear heard hears hearing",
    "top": "favourite favourites favorite favorites fave faves best biggest",
    "minutes": "minute mins min hours hrs",
    "share": "percentage percent proportion fraction part portion",
    "different": "distinct unique various",
    "times": "often frequently",
    "session": "sessions sitting sittings",
    "skip": "skips skipped skipping",
    "discover": "discovered discovering discoveries discovery found find",
    "rank": "ranks ranked place placed position stand stands",
    "average": "mean typical typically usually averaged",
    "day": "days",
    "month": "months",
    "hour": "o'clock",
    "recommend": "recommends recommendation recommendations suggest suggestion suggestions",
    "similar": "alike resembles resembling",
    "mood": "moods",
    "calm": "calmer quiet quieter relaxed relaxing chill mellow soft softer gentle",
    "energetic": "energy lively loud louder upbeat powerful intense",
    "bright": "brighter happier cheerful sunny",
    "dark": "darker sadder gloomy melancholic",
    "fast": "faster quick",
    "slow": "slower",
    "streak": "streaks",
    "saved": "liked likes save library",
    "followed": "follow following follows",
    "longest": "biggest",
    "first": "earliest",
    "last": "latest newest",
    "total": "totals altogether",
    "compare": "compared comparing comparison versus vs",
    "change": "changed changes changing shifted",
    "different_month": "unusual",
    "forecast": "predict prediction predicted expect expected",
    "device": "devices platform",
    "tempo": "bpm speed",
    "released": "release",
    "many": "number count",
    "weekday": "weekdays_asked",
}  # fmt: skip
SAME = {word: name for name, words in _SAME.items() for word in words.split()} | {"favourite": "top"}

_FUNCTION_WORDS = """
    a an the i me my mine i've i'm i'd did do does don't have has had was were is are am be been to of in on at
    for by and or that this it its so please can could would you tell show give list us what which who whom
    whose how when where whats whos what's who's how's when's where's there as from up just really music some
    any s get got one
"""
FUNCTION = frozenset(_FUNCTION_WORDS.split())
PLACEHOLDERS = frozenset({"xartist", "xtrack", "xalbum", "xgenre", "xplaylist", "xwhen", "xlimit", "xcount", "xby"})


def canonical(word: str) -> str:
    """The word that stands for all that mean the same."""
    return SAME.get(word, word)
