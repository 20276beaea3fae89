"""Counts that add up: what is right passes, and each way to lose or double something is found."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

BRONZE = [
    {"record_id": "r1", "kind": "track"},
    {"record_id": "r1", "kind": "track", "revision": "later"},
    {"record_id": "r2", "kind": "track"},  # merged into r1
    {"record_id": "r3", "kind": "track"},
    {"record_id": "e1", "kind": "episode"},
]
PLAYS = [{"play_id": "r1", "record_count": 2}, {"play_id": "r3", "record_count": 1}]
MERGED = [{"record_id": "r2", "play_id": "r1"}]


def test_plays_merged_records_and_podcasts_are_the_records_of_bronze(put: Any, judge: Any) -> None:
    put("listening_history_bronze", *BRONZE)
    put("plays", *PLAYS)
    put("merged_records", *MERGED)
    found = judge("records_add_up")
    assert (found.status, found.observed_value, found.threshold, found.row_count) == ("PASS", 4.0, 4.0, 1)


@pytest.mark.parametrize(
    ("plays", "merged"),
    [
        (PLAYS[:1], MERGED),  # a play is lost
        (PLAYS, []),  # a merged record is in no play
        ([*PLAYS, {"play_id": "r9", "record_count": 1}], MERGED),  # a play of no record
        ([PLAYS[0], {"play_id": "r9", "record_count": 1}], MERGED),  # one lost, another made up: the sums agree
        ([*PLAYS, {"play_id": "e1", "record_count": 1}], MERGED),  # a podcast became a play
        ([*PLAYS, {"play_id": "r2", "record_count": 1}], MERGED),  # merged, and a play of its own
        ([{**PLAYS[0], "record_count": 1}, PLAYS[1]], MERGED),  # a play that does not count what was merged into it
        ([PLAYS[0], {**PLAYS[1], "user_id": "other"}], MERGED),  # a play of another listener
    ],
)
def test_a_record_that_is_lost_doubled_or_made_up_is_found(plays: Any, merged: Any, put: Any, judge: Any) -> None:
    put("listening_history_bronze", *BRONZE)
    put("plays", *plays)
    put("merged_records", *merged)
    found = judge("records_add_up")
    assert (found.status, found.error) == ("FAIL", None)
    assert {row["user_id"] for row in found.sample} <= {"x", "other"}


@pytest.mark.parametrize(
    ("months", "status", "records"),
    [
        (("2024-02", "2024-02"), "PASS", 2.0),
        (("2024-01", "2024-02"), "FAIL", 3.0),  # r0 is lost
        (("2024-02", "2024-03"), "FAIL", 3.0),  # r9 was made up
        (("2024-04", "2024-04"), "PASS", 1.0),
    ],
)
def test_only_the_months_that_were_built_are_counted_with_those_around_them(
    months: Any, status: str, records: float, put: Any, judge: Any
) -> None:
    """r1 was stamped in February and uploaded from January; r2 is merged into a play of March; r4 is of April."""
    stamped = {"r0": "2024-01", "r1": "2024-02", "r2": "2024-02", "r3": "2024-03", "r4": "2024-04"}
    ended = {"r1": ("2024-01", 1), "r3": ("2024-03", 2), "r9": ("2024-03", 1), "r4": ("2024-04", 1)}
    put("listening_history_bronze", *({"record_id": r, "played_month": m, "kind": "track"} for r, m in stamped.items()))
    put("plays", *({"play_id": r, "played_month": m, "record_count": n} for r, (m, n) in ended.items()))
    put("merged_records", {"record_id": "r2", "play_id": "r3", "played_month": "2024-02"})
    found = judge("records_add_up", months=months)
    assert (found.status, found.threshold, found.error) == (status, records, None)


SPANS = [("p1", 1000, None), ("p2", 2000, None), ("p3", 4000, "sleep")]


def describe(put: Any, *rows: tuple[str, int, str | None], table: str = "listening_with_features") -> None:
    more: Any = {"played_date": date(2024, 1, 5)} if table == "listening_with_features" else {}
    for play, ms, excluded in rows:
        rule = {"excluded_by": excluded} if table == "listening_with_features" else {}
        session = {"session_id": "s1"} if table == "listening_with_features" else {}
        put(
            table,
            {"play_id": play, "listened_ms": ms, "played_month": "2024-01", "is_counted": True}
            | rule | session | more,
        )  # fmt: skip


def test_every_play_is_in_the_wide_table_once_with_its_time(put: Any, judge: Any) -> None:
    describe(put, *SPANS, table="plays")
    describe(put, *SPANS)
    found = judge("every_play_is_described_once")
    assert (found.status, found.observed_value, found.threshold) == ("PASS", 3.0, 3.0)


@pytest.mark.parametrize("rows", [SPANS[:2], [*SPANS, SPANS[0]], [("p1", 999, None), *SPANS[1:]]])
def test_a_play_that_is_missing_doubled_or_shortened_in_the_wide_table_is_found(
    rows: Any, put: Any, judge: Any
) -> None:
    describe(put, *SPANS, table="plays")
    describe(put, *rows)
    found = judge("every_play_is_described_once")
    assert (found.status, found.failing_rows, found.error) == ("FAIL", 1, None)
    assert found.sample[0]["played_month"] == "2024-01"


@pytest.mark.parametrize(
    ("sessions", "status"),
    [
        ([("s1", 2, 3000)], "PASS"),  # the play that a rule excludes is in no session
        ([("s1", 3, 7000)], "FAIL"),
        ([("s1", 2, 2999)], "FAIL"),
        ([], "FAIL"),
        ([("s1", 2, 3000), ("s2", 1, 1000)], "FAIL"),
    ],
)
def test_sessions_hold_the_plays_that_count(sessions: Any, status: str, put: Any, judge: Any) -> None:
    describe(put, *SPANS)
    put("listening_sessions", *({"session_id": s, "start_count": n, "listened_ms": ms} for s, n, ms in sessions))
    found = judge("sessions_hold_every_play")
    assert (found.status, found.error) == (status, None)


@pytest.mark.parametrize("month", ["2024-01", "2024-02"])
def test_a_session_over_the_end_of_a_month_is_whole_in_each(month: str, put: Any, judge: Any) -> None:
    """It begins in January and ends in February; another begins in December."""
    new_year = datetime(2024, 1, 1, tzinfo=UTC)
    begun = {"s0": new_year - timedelta(minutes=9), "s1": new_year + timedelta(days=30, hours=23, minutes=50)}
    for session, start in begun.items():
        for number in range(5):
            at, end = start + timedelta(minutes=4 * number), start + timedelta(minutes=4 * (number + 1))
            put("listening_with_features", {"session_id": session, "started_at": at, "played_month": f"{end:%Y-%m}"})
        put("listening_sessions", {"session_id": session, "start_count": 5, "played_month": f"{start:%Y-%m}"})
    assert judge("sessions_hold_every_play", months=(month, month)).status == "PASS"
    put("listening_sessions", {"session_id": "s2", "start_count": 1, "played_month": month})
    assert judge("sessions_hold_every_play", months=(month, month)).failing_rows == 1
    assert judge("sessions_hold_every_play", months=("2024-04", "2024-05")).failing_rows == 0


DAY = {"played_date": date(2024, 1, 5), "start_count": 2, "play_count": 2, "listened_ms": 3000}
DAY |= {"excluded_count": 1, "excluded_ms": 4000}


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (DAY, "PASS"),
        ({**DAY, "start_count": 3}, "FAIL"),
        ({**DAY, "play_count": 1}, "FAIL"),
        ({**DAY, "skip_count": 1}, "FAIL"),
        ({**DAY, "listened_ms": 7000}, "FAIL"),
        ({**DAY, "excluded_count": 0}, "FAIL"),
        ({**DAY, "excluded_ms": 0}, "FAIL"),
        ({**DAY, "played_date": date(2024, 2, 5)}, "FAIL"),
    ],
)
def test_days_of_gold_are_sums_of_silver_on_each_basis(day: Any, status: str, put: Any, judge: Any) -> None:
    describe(put, *SPANS)
    put("daily_listening", {**DAY, "basis": "all"}, {**day, "basis": "measured"})
    put("daily_listening", {"basis": "all", "played_date": date(2023, 1, 1)})  # a day without music
    found = judge("totals_are_those_of_silver")
    assert (found.status, found.error) == (status, None)
    assert {row["basis"] for row in found.sample} == ({"measured"} if status == "FAIL" else set())


def test_a_basis_that_is_missing_is_found(put: Any, judge: Any) -> None:
    describe(put, *SPANS)
    put("daily_listening", {**DAY, "basis": "all"})
    assert judge("totals_are_those_of_silver").failing_rows == 1


@pytest.mark.parametrize(("letters", "status"), [(2, "WARN"), (3, "PASS"), (4, "PASS")])
def test_of_what_a_run_set_aside_letters_are_kept(letters: int, status: str, put: Any, judge: Any) -> None:
    put("ingestion_runs_bronze", {"source": "kaggle", "rejected_count": 3}, {"source": "kaggle", "rejected_count": 1})
    put("rejected_records_bronze", *({"source": "kaggle"} for _ in range(letters)), {"source": "other"})
    found = judge("rejected_records_are_kept")
    assert (found.status, found.observed_value, found.threshold) == (status, float(letters), 3.0)
