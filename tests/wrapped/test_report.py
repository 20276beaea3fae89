"""The data of a Wrapped, from plays written by hand: each figure by its definition."""

import json
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from config.errors import InputError
from wrapped import words
from wrapped.archive import Source
from wrapped.periods import DAY, Period, month_of, read_period, week_of, year_of
from wrapped.report import canonical, make_data

if TYPE_CHECKING:
    from conftest import HandMade

Data = dict[str, Any]
Tell = Callable[..., Data]
MINUTE = 60_000
NEW_YEAR = date(2026, 1, 1)


@pytest.fixture
def tell(made: "HandMade", source: Callable[[], Source]) -> Tell:
    """Write the lake, and tell of a period, as the archive would hold it."""

    def of(text: str = "2026", period: Period | None = None) -> Data:
        made.write()
        return make_data(source().reader, made.user_id, period or read_period(text))

    return of


def test_totals_count_recordings_and_leave_out_what_a_rule_excludes(made: "HandMade", tell: Tell) -> None:
    made.play(NEW_YEAR, track="a", minutes=4)
    made.play(NEW_YEAR, track="a2", recording_id="a", artist_name="artist  A", minutes=2)
    made.play(NEW_YEAR + DAY, track="b", artist_name="Artist a", is_counted=False, is_skip=True, minutes=0.1)
    made.play(NEW_YEAR + DAY, track="c", excluded_by="sleep", minutes=60)
    made.play(date(2025, 12, 31), track="d", minutes=5)
    found = tell()
    assert found["totals"] == {
        "start_count": 3, "play_count": 2, "skip_count": 1, "listened_ms": 366_000, "measured_ms": 366_000,
        "recording_count": 2, "artist_count": 1, "album_count": 3, "active_day_count": 1, "genre_count": 0,
    }  # fmt: skip
    assert found["excluded"] == [{"rule": "sleep", "excluded_count": 1, "excluded_ms": 60 * MINUTE}]
    assert found["before"]["listened_ms"] == 5 * MINUTE


def test_lists_go_by_time_then_plays_then_name_and_name_what_was_only_begun_nowhere(
    made: "HandMade", tell: Tell
) -> None:
    made.play(NEW_YEAR, track="b", minutes=6)
    made.play(NEW_YEAR, track="c", minutes=3)
    made.play(NEW_YEAR, track="c", minutes=3)
    made.play(NEW_YEAR, track="a", minutes=6)
    made.play(NEW_YEAR, track="z", minutes=50, is_counted=False)
    made.play(date(2025, 5, 5), track="a", minutes=1)
    found = tell()
    named = [(row["track_name"], row["place"], row["place_before"]) for row in found["tracks"]]
    assert named == [("Song c", 2, None), ("Song a", 3, 1), ("Song b", 4, None)]


def test_a_recording_is_called_after_the_edition_that_was_played_most_ever(made: "HandMade", tell: Tell) -> None:
    for _ in range(3):
        made.play(date(2025, 3, 3), track="old", recording_id="r", track_name="Blue")
    made.play(NEW_YEAR, track="new", recording_id="r", track_name="Blue (Remastered)", minutes=9)
    assert [row["track_name"] for row in tell()["tracks"]] == ["Blue"]


def test_hours_that_nobody_knows_make_totals_read_at_least(made: "HandMade", tell: Tell) -> None:
    made.play(NEW_YEAR)
    assert tell()["known"]["is_at_least"] is False
    made.unseen = {date(2026, 3, 1): "suspected_gap", date(2026, 3, 2): "unknown"}
    known = tell()["known"]
    assert (known["is_at_least"], known["gap_hour_count"], known["unknown_hour_count"]) == (True, 24, 24)
    assert known["coverage"] == pytest.approx(1 - 2 / 365, abs=1e-6)
    march = tell()["steps"][2]
    assert (march["unseen_hour_count"], march["is_known"]) == (48, True)


def test_a_year_that_runs_is_compared_with_the_same_days_of_the_year_before(made: "HandMade", tell: Tell) -> None:
    made.last_day = date(2026, 3, 31)
    made.play(date(2026, 3, 1), minutes=10)
    made.play(date(2025, 3, 31), minutes=4)
    made.play(date(2025, 4, 1), minutes=99)
    found = tell()
    assert (found["known"]["to"], found["before"]["to"]) == (date(2026, 3, 31), date(2025, 3, 31))
    assert found["before"]["listened_ms"] == 4 * MINUTE
    assert [wave["from"] for wave in found["waves"]["waves"]] == [date(2026, month, 1) for month in (1, 2, 3)]
    assert [step["is_known"] for step in found["steps"]] == [True] * 3 + [False] * 9


def test_nothing_is_compared_with_a_time_before_the_history(made: "HandMade", tell: Tell) -> None:
    made.first_day = date(2026, 1, 1)
    made.play(NEW_YEAR)
    assert tell()["before"] is None


def test_a_period_before_that_is_known_in_part_is_not_compared(made: "HandMade", tell: Tell) -> None:
    made.play(NEW_YEAR, minutes=60)
    made.play(date(2025, 12, 1), minutes=10)
    assert words.comparison(written(tell())) == "6.0 times as much as the year before"
    made.first_day = date(2025, 11, 1)
    found = tell()
    assert found["before"]["coverage"] == pytest.approx(61 / 365, abs=1e-6)
    assert words.comparison(written(found)) == ""
    assert "Not compared with the year before: too few hours of both were observed." in words.notes(written(found))
    made.first_day, made.unseen = date(2025, 1, 1), {NEW_YEAR + day * DAY: "unknown" for day in range(40)}
    assert words.comparison(written(tell())) == ""


def written(data: Data) -> Data:
    """The data as the archive gives them back."""
    kept: Data = json.loads(canonical(data))
    return kept


def test_hours_days_and_weekdays_add_up_to_the_whole(made: "HandMade", tell: Tell) -> None:
    for number in range(60):
        made.play(NEW_YEAR + 5 * number * DAY, hour=(7 * number) % 24, track=f"t{number % 7}", minutes=number % 5 + 1)
    found = tell()
    whole = found["totals"]["listened_ms"]
    assert whole == sum(number % 5 + 1 for number in range(60)) * MINUTE
    assert sum(found["clock"]) == sum(found["weekdays"]) == whole
    assert sum(step["listened_ms"] for step in found["steps"]) == whole
    assert sum(sum(wave["hours"]) for wave in found["waves"]["waves"]) == whole
    assert found["weekdays"][NEW_YEAR.weekday()] >= MINUTE


def test_the_longest_run_of_days_is_the_first_of_equals_and_stays_in_the_period(made: "HandMade", tell: Tell) -> None:
    for day in (-2, -1, 0, 1, 5, 6, 9, 10, 11):
        made.play(NEW_YEAR + day * DAY)
    made.play(NEW_YEAR + 2 * DAY, is_counted=False)
    streak = tell()["streak"]
    assert (streak["from"], streak["day_count"]) == (NEW_YEAR + 9 * DAY, 3)
    assert tell(period=Period("range", NEW_YEAR, NEW_YEAR + 6 * DAY))["streak"] == {
        "from": NEW_YEAR, "to": NEW_YEAR + DAY, "day_count": 2,
    }  # fmt: skip


def test_the_biggest_day_has_most_plays_and_names_who_was_played_most(made: "HandMade", tell: Tell) -> None:
    for day, tracks in ((3, "aab"), (8, "bcc"), (9, "a")):
        for track in tracks:
            made.play(NEW_YEAR + day * DAY, track=track, minutes=50 if day == 9 else 3)
    found = tell()["biggest_day"]
    assert (found["played_date"], found["play_count"], found["top_artist_name"]) == (NEW_YEAR + 3 * DAY, 3, "Artist a")


def test_new_is_what_was_first_heard_in_the_period_and_its_top_is_of_most_time(made: "HandMade", tell: Tell) -> None:
    made.play(date(2025, 6, 6), track="old")
    made.play(NEW_YEAR, track="old", minutes=90)
    made.play(NEW_YEAR, track="x", artist_name="Artist old", minutes=20)
    made.play(NEW_YEAR + DAY, track="y", minutes=10)
    found = tell()["discovery"]
    assert (found["new_recording_count"], found["new_artist_count"]) == (2, 1)
    assert found["top_new_track"]["track_name"] == "Song x"
    assert found["top_new_artist"]["artist_name"] == "Artist y"
    assert found["newness"] == "first play ever"
    made.is_full_archive, made.first_day = False, date(2025, 6, 6)
    assert tell()["discovery"]["newness"] == "new to this archive"


def test_genres_split_a_track_and_say_how_much_has_none(made: "HandMade", tell: Tell) -> None:
    made.more["track_genres"] = [
        {"track_id": "a", "genre": "jazz", "genre_weight": 0.25, "genre_provider": "artist"},
        {"track_id": "a", "genre": "soul", "genre_weight": 0.75, "genre_provider": "artist"},
    ]
    made.play(NEW_YEAR, track="a", minutes=8)
    made.play(NEW_YEAR, track="b", minutes=2)
    found = tell()["genres"]
    assert [(row["genre"], row["listened_ms"]) for row in found["top"]] == [("soul", 6 * MINUTE), ("jazz", 2 * MINUTE)]
    assert found["unknown_share"] == 0.2


def moods(made: "HandMade", measured: str, cluster: str) -> None:
    """Tracks whose features are measured, and those that belong to mood 1, by their letters."""
    both = {"user_id": made.user_id, "basis": "measured"}
    made.more["track_features"] = [
        {"track_id": track, "basis": basis, "energy": 0.5, "valence": 0.5, "feature_source": "kaggle"}
        for track in measured
        for basis in ("measured", "all")
    ]
    in_mood = {"cluster_id": 1, "cluster_name": "calm"}
    made.more["track_moods"] = [
        {**both, "track_id": track, **(in_mood if track in cluster else {"reason": "x"})} for track in measured
    ]
    synthetic = {"user_id": made.user_id, "basis": "all", "track_id": "a", "cluster_id": 7, "cluster_name": "synthetic"}
    made.more["track_moods"].append(synthetic)
    made.more["mood_clusters"] = [
        {**both, "cluster_id": 0, "k": 0, "reason": "no grouping is clearer than chance"},
        {**both, "cluster_id": 1, "valence": 0.2, "energy": 0.3, "cluster_name": "calm"},
    ]


def test_moods_are_those_of_measured_features_alone(made: "HandMade", tell: Tell) -> None:
    moods(made, measured="ab", cluster="ab")
    for track, minutes in (("a", 5), ("b", 2), ("c", 3)):
        made.play(NEW_YEAR, track=track, minutes=minutes)
    found = tell()["moods"]
    assert [(one["name"], one["share"], one["valence"]) for one in found["clusters"]] == [("calm", 1.0, 0.2)]
    assert (found["measured_share"], found["reason"]) == (0.7, None)


def test_moods_are_withheld_with_the_reason_below_their_least_sample(made: "HandMade", tell: Tell) -> None:
    moods(made, measured="a", cluster="a")
    for track, minutes in (("a", 5.99), ("b", 4.01)):
        made.play(NEW_YEAR, track=track, minutes=minutes)
    found = tell()["moods"]
    assert found["clusters"] == []
    assert found["reason"] == "only 59 % of the listening time has measured audio features; 60 % is needed"
    moods(made, measured="ab", cluster="")
    assert tell()["moods"]["reason"] == "no grouping is clearer than chance"


def test_profiles_are_those_of_gold_for_years_and_months_and_withheld_elsewhere(made: "HandMade", tell: Tell) -> None:
    named = {"user_id": made.user_id, "period_kind": "year", "period_start": NEW_YEAR}
    made.more["music_profiles"] = [
        {**named, "profile_name": "Night Owl", "profile_share": 0.3, "profile_rank": 2},
        {**named, "profile_name": "Casual Listener", "profile_share": 0.7, "profile_rank": 1},
        {**named, "profile_name": "Music Addict", "reason": "too little"},
    ]
    made.play(NEW_YEAR)
    found = tell()["profile"]
    assert [row["name"] for row in found["profiles"]] == ["Casual Listener", "Night Owl"]
    week = tell(period=week_of(NEW_YEAR))["profile"]
    assert week == {"profiles": [], "reason": "profiles are told of calendar years and months"}


def test_a_listener_never_hears_of_another(made: "HandMade", tell: Tell) -> None:
    made.play(NEW_YEAR, track="a")
    mine = tell()
    made.plays.append({**made.plays[0], "play_id": "theirs", "user_id": "ben", "listened_ms": 99 * MINUTE})
    assert tell() == mine


def test_without_anything_known_of_the_time_the_history_is_named(made: "HandMade", tell: Tell) -> None:
    made.play(NEW_YEAR)
    with pytest.raises(InputError, match=r"in 2019\. The history runs from 2025-01-01 to 2026-12-31"):
        tell("2019")


@pytest.mark.parametrize(
    ("period", "step", "waves", "steps"),
    [
        (year_of(NEW_YEAR), "month", 12, 12),
        (month_of(NEW_YEAR), "week", 5, 31),
        (week_of(date(2026, 6, 3)), "day", 7, 7),
        (Period("range", date(2025, 1, 1), date(2026, 12, 31)), "month", 24, 24),
        (Period("range", date(2026, 1, 30), date(2026, 4, 2)), "month", 4, 4),
    ],
)
def test_every_period_is_told_in_steps_that_can_be_seen(
    period: Period, step: str, waves: int, steps: int, made: "HandMade", tell: Tell
) -> None:
    made.play(date(2026, 2, 2))
    made.play(date(2026, 6, 3))
    made.play(NEW_YEAR)
    found = tell(period=period)
    assert (found["waves"]["step"], len(found["waves"]["waves"]), len(found["steps"])) == (step, waves, steps)
