"""The last days beside those before: what somebody wants to see every day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import quantiles

from serving.store import Row, Store

WEEK = 7
WEEKS = 12  # that the week is held against
LEAST_WEEKS = 6
NEW_DAYS = 60
LEAST_PLAYS = 5  # of an artist that is called a new favourite


@dataclass(frozen=True)
class Week:
    """Time of the seven whole days that end with `last`, beside the weeks before.

    usual_low, usual_high: quartiles of up to 12 weeks before; null below 6. is_at_least: whether hours are missing.
    """

    last: date
    listened_ms: int
    play_count: int
    usual_low: float | None
    usual_high: float | None
    is_at_least: bool

    @property
    def standing(self) -> str:
        """Where it stands, in words; empty where no usual range is known, or hours are missing that may be more."""
        if self.usual_low is None or self.usual_high is None:
            return ""
        if self.listened_ms > self.usual_high:
            return "more than usual"
        if self.is_at_least:
            return ""  # what is missing may be more
        return "less than usual" if self.listened_ms < self.usual_low else "as usual"


def recent_days(store: Store, last: date, days: int = WEEK * (WEEKS + 1) + 1) -> list[Row]:
    """The days of the history up to `last`, in order: played_date, play_count, listened_ms, coverage."""
    return store.rows(
        """
        SELECT played_date, play_count, listened_ms, coverage FROM daily_listening
        WHERE basis = 'measured' AND played_date BETWEEN $first AND $last ORDER BY played_date
        """,
        first=last - timedelta(days=days - 1), last=last,
    )  # fmt: skip


def week_of(days: list[Row], last: date) -> Week:
    """The week that ends with `last`, out of `recent_days`. A week with uncovered hours is not told as usual."""
    blocks: dict[int, list[Row]] = {}
    for row in days:
        if row["played_date"] <= last:
            blocks.setdefault((last - row["played_date"]).days // WEEK, []).append(row)
    times = [
        sum(row["listened_ms"] for row in rows)
        for block, rows in blocks.items()
        if 0 < block <= WEEKS and len(rows) == WEEK and all((row["coverage"] or 0) >= 1 for row in rows)
    ]
    low, _, high = quantiles(times, n=4, method="inclusive") if len(times) >= LEAST_WEEKS else (None, None, None)
    own = blocks.get(0, [])
    return Week(
        last,
        sum(row["listened_ms"] for row in own),
        sum(row["play_count"] for row in own),
        low,
        high,
        len(own) < WEEK or any((row["coverage"] or 0) < 1 for row in own),
    )


def streaks(store: Store) -> tuple[Row | None, Row | None]:
    """The run of days with music that goes on, and the longest ever."""
    rows = store.rows(
        "SELECT * FROM listening_streaks WHERE streak_kind = 'listening' AND (is_current_streak OR is_longest_streak)"
    )
    current = next((row for row in rows if row["is_current_streak"]), None)
    return current, next((row for row in rows if row["is_longest_streak"]), None)


def new_favourites(store: Store, limit: int = 5) -> list[Row]:
    """Artists first heard within 60 days of the build, with at least 5 plays, by time: key, name, first_date, plays."""
    return store.rows(
        """
        SELECT artist_key AS key, artist_name AS name, first_date, play_count, listened_ms FROM artist_stats
        WHERE period_kind = 'all_time' AND first_date > $since AND play_count >= $least
        ORDER BY listened_ms DESC, artist_key LIMIT $limit
        """,
        since=store.as_of - timedelta(days=NEW_DAYS), least=LEAST_PLAYS, limit=limit,
    )  # fmt: skip


def newest_plays(store: Store, limit: int = 12) -> list[Row]:
    """The last plays that a build has counted, newest first; ended_at in local time, played_at in UTC."""
    return store.rows(
        """
        SELECT played_at, played_at + to_minutes(utc_offset_minutes) AS ended_at, time_zone, recording_id, track_name,
            artist_name, listened_ms, is_skip
        FROM kept_plays WHERE played_date >= (SELECT max(played_date) - 30 FROM daily_listening WHERE play_count > 0)
        ORDER BY played_at DESC LIMIT $limit
        """,
        limit=limit,
    )  # fmt: skip
