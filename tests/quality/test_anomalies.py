"""Anomalies: an ordinary listener is not warned of, a planted fault is; too little to judge passes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from emulator.simulator import simulate

AS_OF = date(2024, 7, 1)  # a Monday
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def plays(count: int, overlap_s: float, overlapping: int, **more: Any) -> list[dict[str, Any]]:
    """Plays of three minutes, one after the other; the last few begin so many seconds before the one before ends."""
    rows, end = [], NOON
    for number in range(count):
        start = end - timedelta(seconds=overlap_s if number >= count - overlapping else 0)
        end = start + minutes(3)
        rows.append({"play_id": str(number), "started_at": start, "played_at": end, "listened_ms": 180_000, **more})
    return rows


@pytest.mark.parametrize(
    ("overlap_s", "overlapping", "source", "status", "share"),
    [
        (0, 0, "extended_history", "PASS", 0.0),
        (14, 50, "extended_history", "PASS", 0.0),  # crossfade
        (60, 2, "extended_history", "PASS", 0.02),
        (60, 3, "extended_history", "WARN", 0.03),
        (60, 50, "account_data", "PASS", 0.0),  # whole minutes
        (80, 50, "account_data", "WARN", 0.5),
    ],
)
def test_plays_that_overlap_are_warned_of_when_they_are_many(
    overlap_s: float, overlapping: int, source: str, status: str, share: float, put: Any, judge: Any
) -> None:
    put("plays", *plays(100, overlap_s, overlapping, source=source))
    found = judge("plays_do_not_overlap")
    assert (found.status, found.observed_value, found.threshold, found.error) == (status, share, 0.02, None)


def test_a_history_that_was_taken_in_twice_with_other_stamps_overlaps(put: Any, judge: Any) -> None:
    put("plays", *plays(50, 0, 0))
    put("plays", *({**row, "play_id": f"again-{row['play_id']}",
                    "started_at": row["started_at"] + minutes(1.5), "played_at": row["played_at"] + minutes(1.5)}
                   for row in plays(50, 0, 0)))  # fmt: skip
    assert judge("plays_do_not_overlap").status == "WARN"


def polled(came_days_later: float, came: date, user: str = "me") -> dict[str, Any]:
    ingested = datetime(came.year, came.month, came.day, tzinfo=UTC)
    played = ingested - timedelta(days=came_days_later)
    return {"user_id": user, "source": "recently_played", "played_at": played, "ingested_at": ingested,
            "played_month": f"{played:%Y-%m}"}  # fmt: skip


FIRST = polled(9, date(2024, 5, 1))


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([polled(0.1, date(2024, 6, 20))] * 40, "PASS"),
        ([polled(0.1, date(2024, 6, 20))] * 38 + [polled(8, date(2024, 6, 20))] * 2, "PASS"),  # 5 %
        ([polled(0.1, date(2024, 6, 20))] * 37 + [polled(8, date(2024, 6, 20))] * 3, "WARN"),
        ([polled(6.9, date(2024, 6, 20))] * 40, "PASS"),
        ([polled(8, date(2024, 6, 20))] * 19, "PASS"),  # too few to judge
        ([polled(8, date(2024, 5, 20))] * 40, "PASS"),  # more than four weeks ago
        ([polled(0.1, date(2024, 6, 20))] * 90 + [polled(8, date(2024, 6, 20), "you")] * 30, "PASS"),  # a first poll
    ],
)
def test_plays_that_polls_bring_late_are_warned_of(rows: Any, status: str, put: Any, judge: Any) -> None:
    put("listening_history_bronze", FIRST, *rows)
    found = judge("polled_in_time", AS_OF)
    assert (found.status, found.error) == (status, None)


@pytest.mark.parametrize(
    ("source", "days", "status"), [("recently_played", 14, "PASS"), ("recently_played", 15, "WARN"),
                                   ("extended_history", 400, "PASS")],
)  # fmt: skip
def test_a_listener_who_is_polled_and_silent_is_warned_of(
    source: str, days: int, status: str, put: Any, judge: Any
) -> None:
    newest = datetime(2024, 7, 1, tzinfo=UTC) - timedelta(days=days)
    put("ingestion_runs_bronze", {"source": source, "status": "done", "user_id": "me", "newest_at": newest},
        {"source": "recently_played", "status": "done", "user_id": "me", "newest_at": None})  # fmt: skip
    found = judge("polls_bring_plays", AS_OF)
    assert (found.status, found.error) == (status, None)
    assert found.observed_value == (days if source == "recently_played" else None)


def weeks(counts: list[int], coverage: float = 1.0, excluded: int = 0) -> list[dict[str, Any]]:
    """Days of whole weeks, the last of which ends on the Sunday before AS_OF: all plays are on the Mondays."""
    first = AS_OF - timedelta(weeks=len(counts))
    return [
        {"basis": "all", "played_date": first + timedelta(days=7 * number + day), "coverage": coverage,
         "start_count": 0 if day else count - excluded, "excluded_count": 0 if day else excluded}
        for number, count in enumerate(counts) for day in range(7)
    ]  # fmt: skip


EVEN = [300, 310, 290, 305, 295, 300, 315, 285, 300, 310, 290, 300]


@pytest.mark.parametrize(
    ("days", "status", "threshold"),
    [
        (weeks([*EVEN, 300]), "PASS", 150.0),
        (weeks([*EVEN, 449]), "PASS", 450.0),
        (weeks([*EVEN, 600]), "WARN", 450.0),  # taken in twice
        (weeks([*EVEN, 600], excluded=290), "WARN", 450.0),  # whatever rules leave out
        (weeks([*EVEN, 100]), "WARN", 150.0),
        (weeks([*EVEN[-8:], 0]), "WARN", 150.0),
        (weeks([*EVEN[-7:], 0]), "PASS", None),  # too short a past
        (weeks([*EVEN, 0], coverage=0.5), "PASS", None),  # nobody knows of those weeks
        ([*weeks([*EVEN, 0])[:-7], *weeks([0], coverage=0.8)], "PASS", None),
        (weeks([100, 500] * 6 + [900]), "PASS", 300 + 3 * 1.4826 * 200),  # uneven weeks are the listener's usual
        (weeks([100, 500] * 6 + [1200]), "WARN", 300 + 3 * 1.4826 * 200),
    ],
)
def test_a_week_of_too_many_or_too_few_plays_is_warned_of(
    days: Any, status: str, threshold: float | None, put: Any, judge: Any
) -> None:
    put("daily_listening", *days)
    found = judge("a_usual_number_of_plays", AS_OF)
    assert (found.status, found.error) == (status, None)
    assert found.threshold == (pytest.approx(threshold) if threshold is not None else None)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_an_ordinary_listener_is_not_warned_of_and_one_with_a_year_in_a_week_is(
    seed: int, put: Any, judge: Any
) -> None:
    listener = simulate(seed=seed, days=150, plays_per_day=40.0)
    counts = listener.plays["ended_at"].dt.date.value_counts()
    monday = max(counts.index) - timedelta(days=max(counts.index).weekday())
    days = [
        {"basis": "all", "played_date": day, "coverage": 1.0, "start_count": int(counts.get(day, 0))}
        for day in (monday - timedelta(days=number) for number in range(1, 120))
    ]
    put("daily_listening", *days)
    ordinary = judge("a_usual_number_of_plays", monday)
    put("daily_listening", {**days[0], "user_id": "odd", "start_count": 40 * 365})
    put("daily_listening", *({**day, "user_id": "odd"} for day in days[1:]))
    faulty = judge("a_usual_number_of_plays", monday)
    assert (ordinary.status, ordinary.row_count) == ("PASS", 1)
    assert (faulty.status, faulty.failing_rows, faulty.sample[0]["user_id"]) == ("WARN", 1, "odd")


def listened(day: date, hours: float, source: str | None, **more: Any) -> dict[str, Any]:
    known = {"energy": 0.5, "valence": 0.5, "feature_source": source} if source else {}
    return {
        "played_date": day,
        "played_month": f"{day:%Y-%m}",
        "listened_ms": round(hours * 3_600_000),
        **known,
        **more,
    }


BEFORE, RECENT = date(2024, 5, 1), date(2024, 6, 20)


@pytest.mark.parametrize(
    ("before", "recent", "bases"),
    [
        ({"real": 90, None: 10}, {"real": 30, None: 5}, []),  # from 90 to 86 %
        ({"real": 90, None: 10}, {"real": 30, None: 10}, ["all", "measured"]),  # to 75 %
        ({"real": 90, None: 10}, {"real": 30, "synthetic": 10}, ["measured"]),
        ({"real": 50, None: 50}, {"real": 40}, []),  # rose
        ({"real": 90, None: 10}, {None: 9}, []),  # too little to judge
        ({"real": 9}, {None: 40}, []),
    ],
)
def test_features_that_become_unknown_are_warned_of(
    before: Any, recent: Any, bases: list[str], put: Any, judge: Any
) -> None:
    put("listening_with_features", *(listened(BEFORE, hours, source) for source, hours in before.items()))
    put("listening_with_features", *(listened(RECENT, hours, source) for source, hours in recent.items()))
    put("listening_with_features", listened(RECENT, 500, None, excluded_by="sleep"))
    found = judge("features_stay_known", AS_OF)
    assert (found.status, found.error) == ("WARN" if bases else "PASS", None)
    assert sorted(row["basis"] for row in found.sample) == bases


@pytest.mark.parametrize(
    ("hours", "status", "share"),
    [({"kaggle": 60, "synthetic": 40}, "PASS", 0.4), ({"kaggle": 59, "synthetic": 41}, "WARN", 0.41),
     ({"synthetic": 9}, "PASS", None), ({None: 100}, "PASS", 0.0)],
)  # fmt: skip
def test_features_that_are_mostly_synthetic_are_warned_of(
    hours: Any, status: str, share: float | None, put: Any, judge: Any
) -> None:
    put("listening_with_features", *(listened(RECENT, number, source) for source, number in hours.items()))
    put("listening_with_features", listened(date(2024, 5, 1), 500, "synthetic"))  # before the four weeks
    found = judge("features_are_mostly_measured", AS_OF)
    assert (found.status, found.observed_value, found.error) == (status, share, None)


def run_of(source: str, first: datetime, last: datetime) -> dict[str, Any]:
    return {"source": source, "status": "done", "user_id": "x", "oldest_at": first, "newest_at": last,
            "started_at": last}  # fmt: skip


def records(source: str, days: int, a_day: int, ms_played: int | None = None) -> list[dict[str, Any]]:
    return [
        {"source": source, "kind": "track", "played_at": NOON + timedelta(days=day) + minutes(5 * number),
         "ms_played": ms_played, "played_month": "2024-06"}
        for day in range(days) for number in range(a_day)
    ]  # fmt: skip


TEN_DAYS = (NOON - timedelta(days=1), NOON + timedelta(days=10))


@pytest.mark.parametrize(
    ("polls", "status", "share"),
    [
        (records("recently_played", 10, 20), "PASS", 0.0),
        (records("recently_played", 10, 18), "PASS", 0.1),
        (records("recently_played", 10, 17), "WARN", 0.15),
        (records("recently_played", 8, 20), "WARN", 0.2),  # two days are missing
        (records("recently_played", 10, 23), "WARN", 3 / 23),
    ],
)
def test_sources_that_tell_of_the_same_days_in_other_numbers_are_warned_of(
    polls: Any, status: str, share: float, put: Any, judge: Any
) -> None:
    put("ingestion_runs_bronze", run_of("extended_history", *TEN_DAYS), run_of("recently_played", *TEN_DAYS))
    put("listening_history_bronze", *records("extended_history", 10, 20, 180_000), *polls)
    put("listening_history_bronze", *records("extended_history", 10, 9, 29_999))  # too short for Spotify's list
    found = judge("sources_tell_the_same")
    assert (found.status, found.error) == (status, None)
    assert found.observed_value == pytest.approx(share)


def test_days_that_one_source_does_not_cover_are_not_compared(put: Any, judge: Any) -> None:
    gap = {"user_id": "x", "gap_start_at": NOON + timedelta(days=5), "gap_end_at": NOON + timedelta(days=9)}
    put("ingestion_runs_bronze", run_of("extended_history", *TEN_DAYS), run_of("recently_played", *TEN_DAYS))
    put("coverage_gaps", gap)
    put("listening_history_bronze", *records("extended_history", 10, 40, 180_000), *records("recently_played", 5, 40))
    found = judge("sources_tell_the_same")
    assert (found.status, found.observed_value, found.error) == ("PASS", 0.0, None)
    put("coverage_gaps", {**gap, "user_id": "another", "found_at": NOON})
    assert judge("sources_tell_the_same").row_count == 1


def test_sources_without_a_common_day_are_not_compared(put: Any, judge: Any) -> None:
    later = (TEN_DAYS[1], TEN_DAYS[1] + timedelta(days=10))
    put("ingestion_runs_bronze", run_of("extended_history", *TEN_DAYS), run_of("recently_played", *later))
    put("listening_history_bronze", *records("extended_history", 10, 40, 180_000))
    found = judge("sources_tell_the_same")
    assert (found.status, found.row_count, found.error) == ("PASS", 0, None)
