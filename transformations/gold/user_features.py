"""Gold: user_features."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.gold.discovery import NEW_TO_LISTENER
from transformations.habits import (
    DEPTH,
    PARTS_OF_TIME,
    SESSION_SUMS,
    day_sums,
    genre_diversity,
    listening_days,
    streaks,
    variety,
)
from transformations.periods import PERIOD, PERIOD_KEY, in_periods
from transformations.sessions import MINUTE_MS

LEAST_DAYS, LEAST_SESSIONS, LEAST_STARTS = 7, 5, 20
LEAST_KNOWN_SHARE = 0.5
HOUR_MS, WEEK_DAYS = 3_600_000, 7
_PERIOD = ["user_id", *PERIOD_KEY]
# What a feature needs: its name in _enough(), how the reason says it, and the features that are null without it.
_NEEDS = {
    "days": (
        f"fewer than {LEAST_DAYS} observed days",
        ("plays_per_day", "hours_per_day", "active_day_share", "longest_streak_days", "sessions_per_week"),
    ),
    "sessions": (f"fewer than {LEAST_SESSIONS} sessions", ("session_minutes",)),
    "plays": (
        f"fewer than {DEPTH} counted plays",
        ("artists_per_100_plays", "top_artist_share", "repeat_share"),
    ),
    "archive": ("told of months, years and all time, from a full archive or 12 months of one on", ("discovery_share",)),
    "starts": (
        f"fewer than {LEAST_STARTS} starts",
        (*(f"{name}_share" for name in PARTS_OF_TIME), "skip_share", "album_run_share"),
    ),
    "shuffle": ("too few starts say whether shuffle was on", ("shuffle_share",)),
    "popularity": ("too few plays are of known popularity", ("mainstream_share", "mean_popularity")),
    "genres": ("too little time is of known genre", ("genre_diversity",)),
}

FEATURES = """
    plays_per_day     DOUBLE COMMENT 'Counted plays for each observed day; from 7 observed days on',
    hours_per_day     DOUBLE COMMENT 'Hours listened for each observed day; from 7 observed days on',
    active_day_share  DOUBLE COMMENT 'Share of the observed days on which counted listening began, 0-1; from 7 on',
    longest_streak_days BIGINT COMMENT 'Most local days in a row on which counted listening began; from 7 observed on',
    sessions_per_week DOUBLE COMMENT 'Sessions for each 7 observed days; from 7 observed days on',
    session_minutes   DOUBLE COMMENT 'Mean minutes from first start to last end of a session; from 5 sessions on',
    artists_per_100_plays DOUBLE COMMENT 'Different artists expected in 100 counted plays drawn at random; from 100 on',
    top_artist_share  DOUBLE COMMENT 'Share of the counted plays that are of the most played artist, 0-1; from 100 on',
    repeat_share      DOUBLE COMMENT 'Repeats expected in 100 counted plays drawn at random, in 100, 0-1; from 100 on',
    discovery_share   DOUBLE COMMENT 'Share of the counted plays that were the first of their recording, 0-1',
    night_share       DOUBLE COMMENT 'Share of the listening time from 0 to 5 h local, 0-1; from 20 starts on',
    morning_share     DOUBLE COMMENT 'Share of the listening time from 5 to 12 h local, 0-1; from 20 starts on',
    evening_share     DOUBLE COMMENT 'Share of the listening time from 17 to 22 h local, 0-1; from 20 starts on',
    late_share        DOUBLE COMMENT 'Share of the listening time from 22 to 24 h local, 0-1; from 20 starts on',
    weekend_share     DOUBLE COMMENT 'Share of the listening time in sessions of a Saturday or Sunday, 0-1; from 20',
    skip_share        DOUBLE COMMENT 'Share of the plays begun that were skips, 0-1',
    shuffle_share     DOUBLE COMMENT 'Share of the plays begun with shuffle on, of those where it is known, 0-1',
    album_run_share   DOUBLE COMMENT 'Share of plays begun right after another recording of the same album, 0-1',
    mainstream_share  DOUBLE COMMENT 'Share of popularity 60 and more among the plays of known popularity, 0-1',
    popularity_known_share DOUBLE COMMENT 'Share of the counted plays whose popularity is known, 0-1',
    mean_popularity   DOUBLE COMMENT 'Mean popularity of the counted plays where it is known, 0-100',
    genre_diversity   DOUBLE COMMENT 'Genres of equal time that are as diverse: exp of the Shannon entropy of time',
    genre_known_share DOUBLE COMMENT 'Share of the listening time whose genre is known, 0-1'
"""


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {SUMMARY},
        observed_days     BIGINT NOT NULL COMMENT 'Local days of the period of which at least an hour was covered',
        session_count     BIGINT NOT NULL COMMENT 'Listening sessions',
        {FEATURES},
        reason            STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "period_kind", "period_start"),
    expectations={
        "shares_in_range": Expectation(
            " AND ".join(
                f"{name} BETWEEN 0 AND 1"
                for name in ("active_day_share", "repeat_share", "night_share", "skip_share", "shuffle_share")
            )
        ),
        "days_hold_the_streak": Expectation("longest_streak_days <= observed_days"),
        "value_or_reason": Expectation(
            f"({' OR '.join(f'{name} IS NULL' for _, names in _NEEDS.values() for name in names)})"
            " = (reason IS NOT NULL)"
        ),
    },
)
def user_features(
    mainstream_share: DataFrame,
    artist_stats: DataFrame,
    genre_stats: DataFrame,
    discovery: DataFrame,
    track_periods: DataFrame,
    session_features: DataFrame,
    coverage: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """How each listener listens in each standard range: what profiles and recommendations are made from.

    None rests on audio features. Days are the local days on which sessions began. The least samples stand in the
    columns' comments, and reason names what is null: of skips, shuffle and album runs below 20 starts, of shuffle also
    where less than half of the starts say, of genre below half of the time, of discovery where what is new to the
    archive may not be new to the listener (table discovery; told of calendar ranges alone).
    """
    days = in_periods(listening_days(session_features, coverage), "played_date", as_of)
    new = F.when(F.col("newness") == NEW_TO_LISTENER, F.col("discovery_share")).alias("discovery_share")
    parts = [
        day_sums(days),
        streaks(days),
        artist_stats.groupBy(*_PERIOD).agg(F.max("play_count").alias("top_artist_count")),
        variety(track_periods, artist_stats),
        genre_diversity(genre_stats),
        discovery.select(*_PERIOD, new),
    ]
    base = mainstream_share.drop("reason")
    joined = reduce(lambda rows, part: rows.join(part, on=_PERIOD, how="left"), parts, base)
    counts = ["observed_days", "session_count", *SESSION_SUMS]
    return _told(joined.fillna(0, subset=counts)).select(*user_features.column_names)


def _told(sums: DataFrame) -> DataFrame:
    """Each feature, null where what it needs is not there, and the reason."""
    found = _values()
    values: dict[str, Column] = {}
    reasons: list[Column] = []
    for need, is_enough in _enough().items():
        why, names = _NEEDS[need]
        known = F.coalesce(is_enough, F.lit(False))
        values |= {name: F.when(known, found[name]) for name in names}
        reasons.append(F.when(~known, f"{why}: {', '.join(names)}"))
    values["reason"] = F.nullif(F.concat_ws("; ", *reasons), F.lit(""))
    values["genre_known_share"] = F.coalesce(F.col("genre_known_share"), F.lit(0.0))
    return sums.withColumns(values)


def _enough() -> dict[str, Column]:
    """Whether there is what features need; null where it is not known, and so not enough."""
    starts = F.col("start_count")
    return {
        "days": F.col("observed_days") >= LEAST_DAYS,
        "sessions": F.col("session_count") >= LEAST_SESSIONS,
        # Of some plays no artist is known: of too few others, variety is null, or NaN.
        "plays": (F.col("play_count") >= DEPTH) & F.col("artists").between(0, DEPTH),
        "archive": F.col("discovery_share").isNotNull(),
        "starts": (starts >= LEAST_STARTS) & (F.col("heard_ms") > 0),
        "shuffle": (starts >= LEAST_STARTS) & (share(F.col("shuffle_known_count"), starts) >= LEAST_KNOWN_SHARE),
        "popularity": F.col("mainstream_share").isNotNull(),
        "genres": F.col("genre_known_share") >= LEAST_KNOWN_SHARE,
    }


def _values() -> dict[str, Column]:
    """Each feature, whether there is enough for it or not."""
    days, sessions, starts = F.col("observed_days"), F.col("session_count"), F.col("start_count")
    plays = F.col("play_count")
    as_joined = ("discovery_share", "mainstream_share", "mean_popularity", "genre_diversity")
    return {name: F.col(name) for name in as_joined} | {
        "plays_per_day": share(plays, days),
        "hours_per_day": share(F.col("listened_ms"), days * HOUR_MS),
        "active_day_share": share(F.col("active_days"), days),
        "longest_streak_days": F.coalesce(F.col("longest_streak_days"), F.lit(0)),
        "sessions_per_week": share(sessions * WEEK_DAYS, days),
        "session_minutes": share(F.col("session_ms"), sessions * MINUTE_MS),
        "artists_per_100_plays": F.col("artists"),
        "top_artist_share": share(F.col("top_artist_count"), plays),
        "repeat_share": 1 - F.col("recordings") / DEPTH,
        **{f"{name}_share": share(F.col(f"{name}_ms"), F.col("heard_ms")) for name in PARTS_OF_TIME},
        "skip_share": share(F.col("skip_count"), starts),
        "album_run_share": share(F.col("album_run_count"), starts),
        "shuffle_share": share(F.col("shuffle_count"), F.col("shuffle_known_count")),
    }
