"""A Wrapped of a year or a month tells what the gold tables tell: both go by the same definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from wrapped.archive import Source, current, opened
from wrapped.periods import Period, read_period

if TYPE_CHECKING:
    from conftest import History

Data = dict[str, Any]
# The history ends on 31 October 2026 and begins 120 days before.
PERIODS = ("2026", "2026-10", "2026-09", "2026-07")
USERS = ("ada", "ben")


@pytest.fixture(scope="module")
def source(history: History) -> Iterator[Source]:
    with opened(history.settings) as found:
        yield found


@pytest.fixture(scope="module")
def told(source: Source) -> Callable[[str, Period], Data]:
    made: dict[tuple[str, Period], Data] = {}

    def of(user: str, period: Period) -> Data:
        if (user, period) not in made:
            made[user, period] = current(source, user, period).data
        return made[user, period]

    return of


def cases() -> list[tuple[str, str]]:
    return [(user, text) for user in USERS for text in PERIODS if (user, text) != ("ben", "2026-07")]


def gold(table: Callable[[str], pd.DataFrame], name: str, user: str, period: Period) -> pd.DataFrame:
    """The rows of a gold table of this listener's period."""
    rows = table(name)
    is_meant = (rows["user_id"] == user) & (rows["period_kind"] == period.kind)
    return rows[is_meant & (rows["period_start"] == period.first)]


@pytest.mark.parametrize(("user", "text"), cases())
@pytest.mark.parametrize(
    ("name", "entry", "title"),
    [
        ("artist_stats", "artists", "artist_name"),
        ("track_stats", "tracks", "track_name"),
        ("album_stats", "albums", "album_name"),
    ],
)
def test_lists_are_those_of_the_stats_tables(
    name: str, entry: str, title: str, user: str, text: str, told: Callable[..., Data], table: Any
) -> None:
    period = read_period(text)
    rows = gold(table, name, user, period)
    expected = rows[rows["play_count"] > 0].sort_values("time_rank").head(10)
    found = told(user, period)[entry]
    assert len(found) == min(10, len(expected)) and len(found) >= 5
    columns = {title: title, "time_rank": "place", "listened_ms": "listened_ms", "play_count": "play_count"}
    for there, here in columns.items():
        assert [row[here] for row in found] == expected[there].tolist(), there
    if told(user, period)["known"]["to"] == str(period.last):  # else the same days are compared, not the whole period
        rises = [row["place_before"] and row["place_before"] - row["place"] for row in found]
        assert rises == [None if pd.isna(rise) else rise for rise in expected["time_rank_change"]]


@pytest.mark.parametrize(("user", "text"), cases())
def test_genres_are_those_of_genre_stats(user: str, text: str, told: Callable[..., Data], table: Any) -> None:
    period = read_period(text)
    expected = gold(table, "genre_stats", user, period).sort_values("time_rank")
    found = told(user, period)
    assert [row["genre"] for row in found["genres"]["top"]] == expected["genre"].head(10).tolist()
    assert [row["listened_ms"] for row in found["genres"]["top"]] == pytest.approx(
        expected["genre_time"].head(10), abs=1
    )
    assert found["totals"]["genre_count"] == len(expected)
    assert found["genres"]["unknown_share"] == pytest.approx(expected["unknown_share"].iloc[0], abs=1e-4)


@pytest.mark.parametrize(("user", "text"), cases())
def test_totals_are_those_of_user_metrics(user: str, text: str, told: Callable[..., Data], table: Any) -> None:
    period = read_period(text)
    rows = gold(table, "user_metrics", user, period)
    (expected,) = rows[rows["basis"] == "measured"].to_dict("records")
    found = told(user, period)
    names = ("start_count", "skip_count", "play_count", "listened_ms", "measured_ms", "recording_count", "artist_count",
             "album_count", "genre_count", "active_day_count")  # fmt: skip
    assert {name: found["totals"][name] for name in names} == {name: expected[name] for name in names}
    assert found["known"]["coverage"] == pytest.approx(expected["coverage"], abs=1e-6)
    assert found["known"]["is_at_least"] == expected["is_at_least"]
    biggest = found["biggest_day"]
    assert (date.fromisoformat(biggest["played_date"]), biggest["play_count"]) == (
        expected["longest_date"], expected["longest_date_play_count"],
    )  # fmt: skip
    assert found["moods"]["measured_share"] == pytest.approx(expected["measured_share"], abs=1e-4)


@pytest.mark.parametrize(("user", "text"), cases())
def test_discoveries_are_those_of_discovery(user: str, text: str, told: Callable[..., Data], table: Any) -> None:
    period = read_period(text)
    (expected,) = gold(table, "discovery", user, period).to_dict("records")
    found = told(user, period)["discovery"]
    for name in ("new_recording_count", "new_artist_count", "new_album_count", "newness"):
        assert found[name] == expected[name], name


@pytest.mark.parametrize(("user", "text"), cases())
def test_hours_and_days_are_those_of_daily_listening(
    user: str, text: str, told: Callable[..., Data], table: Any, sql: Any
) -> None:
    period = read_period(text)
    found = told(user, period)
    days = table("daily_listening")
    days = days[(days["user_id"] == user) & (days["basis"] == "measured")]
    inside = days[(days["played_date"] >= period.first) & (days["played_date"] <= period.last)]
    assert sum(step["listened_ms"] for step in found["steps"]) == inside["listened_ms"].sum()
    clock = sql(
        f"""
        SELECT hour_of_day, sum(listened_ms) AS ms FROM listening_with_features
        WHERE user_id = '{user}' AND excluded_by IS NULL AND played_date BETWEEN '{period.first}' AND '{period.last}'
        GROUP BY 1 ORDER BY 1
        """
    )
    assert {hour: ms for hour, ms in enumerate(found["clock"]) if ms} == {
        hour: ms for hour, ms in zip(clock["hour_of_day"], clock["ms"], strict=True) if ms
    }
    features = gold(table, "user_features", user, period)
    assert found["streak"]["day_count"] == features["longest_streak_days"].iloc[0]


@pytest.mark.parametrize(("user", "text"), cases())
def test_profiles_are_those_of_music_profiles(user: str, text: str, told: Callable[..., Data], table: Any) -> None:
    period = read_period(text)
    rows = gold(table, "music_profiles", user, period)
    expected = rows[rows["profile_share"].notna()].sort_values("profile_rank")
    found = told(user, period)["profile"]["profiles"]
    assert [row["name"] for row in found] == expected["profile_name"].tolist()
    assert [row["share"] for row in found] == pytest.approx(expected["profile_share"].tolist(), abs=1e-4)
