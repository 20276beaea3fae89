"""What `lakesong check` prints: what is broken first, with figures, keys and what to do; what is obeyed in one line."""

import json
from datetime import date

import pytest

from ingestion.checking import CheckReport
from quality.results import CheckResult, could_not_run, of_rows
from terminal.check import print_report, report_json, worst_of

OBEYED = of_rows("plays", "time_is_not_negative", "FAIL", 1200, 0)
WARNED = CheckResult(
    "daily_listening", "a_usual_number_of_plays", "WARN", "WARN", 2, 1, 600.0, 450.0,
    [{"user_id": "me", "week_start": date(2024, 6, 24)}], advice="Look for a source taken in twice.",
)  # fmt: skip
FAILED = of_rows(
    "listening_history_bronze", "month_of_its_stamp", "FAIL", 1200, 3,
    sample=[{"record_id": "r1", "revision": "[red]"}], batch_ids=["b1", "b2"],
)  # fmt: skip
UNRUN = could_not_run("tracks", "odd", "WARN", ValueError("no column weight\nLINE 1: …"))


def report(*results: CheckResult) -> CheckReport:
    return CheckReport("run-1", date(2024, 7, 1), list(results))


def printed(capsys: pytest.CaptureFixture[str], *results: CheckResult, show_all: bool = False) -> list[str]:
    print_report(report(*results), show_all=show_all)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_what_fails_comes_first_and_what_is_obeyed_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, OBEYED, WARNED, FAILED)
    assert lines == [
        "FAIL listening_history_bronze.month_of_its_stamp: 3 of 1,200 rows",
        "     record_id r1, revision [red]",
        "     brought by batch b1, b2",
        "WARN daily_listening.a_usual_number_of_plays: 600 against 450",
        "     in 1 of 2 things that it judges",
        "     user_id me, week_start 2024-06-24",
        "     Look for a source taken in twice.",
        "1 rules of 3 tables are obeyed, 1 warn, 1 fail (for 2024-07-01).",
    ]


def test_a_rule_that_could_not_be_run_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    first = printed(capsys, UNRUN)[0]
    assert first == "FAIL tracks.odd: it could not be run (ValueError: no column weight)"


def test_rules_that_are_obeyed_are_listed_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    judged = CheckResult("plays", "plays_do_not_overlap", "WARN", "PASS", 1, 0, 0.004, 0.02)
    nothing = CheckResult("coverage", "polls_bring_plays", "WARN", "PASS", 0, 0)
    lines = printed(capsys, OBEYED, judged, nothing, show_all=True)
    assert [line.split() for line in lines[1:4]] == [
        ["plays.time_is_not_negative", "1,200", "0", "of", "1,200", "rows"],
        ["plays.plays_do_not_overlap", "1", "0.004", "against", "0.020"],
        ["coverage.polls_bring_plays", "0", "there", "was", "nothing", "to", "judge"],
    ]


def test_json_has_the_documented_fields_what_fails_first() -> None:
    body = json.loads(json.dumps(report_json(report(OBEYED, WARNED, FAILED))))
    assert list(body) == ["run_id", "as_of", "status", "counts", "checks"]
    assert (body["status"], body["counts"]) == ("FAIL", {"FAIL": 1, "WARN": 1, "PASS": 1})
    assert [check["status"] for check in body["checks"]] == ["FAIL", "WARN", "PASS"]
    assert body["checks"][1] == {
        "table": "daily_listening",
        "expectation": "a_usual_number_of_plays",
        "severity": "WARN",
        "status": "WARN",
        "observed_value": 600.0,
        "threshold": 450.0,
        "row_count": 2,
        "failing_rows": 1,
        "sample_keys": [{"user_id": "me", "week_start": "2024-06-24"}],
        "batch_ids": [],
        "error": None,
        "advice": "Look for a source taken in twice.",
    }


@pytest.mark.parametrize(
    ("results", "worst"),
    [([OBEYED, WARNED, FAILED], "FAIL"), ([OBEYED, WARNED], "WARN"), ([OBEYED], "PASS"), ([], "PASS")],
)
def test_the_worst_decides(results: list[CheckResult], worst: str) -> None:
    assert worst_of(report(*results)) == worst
