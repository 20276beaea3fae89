"""Every rule on a whole lake of two simulated listeners: none fails, and what is ordinary is not warned of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingestion.checking import check_lake
from pipeline import declared_tables, latest_release
from quality.anomalies import ANOMALIES
from quality.results import CheckResult
from quality.standing import check_standing
from quality.totals import TOTALS


@pytest.fixture(scope="module")
def results(history) -> dict[tuple[str, str], CheckResult]:
    found = check_standing(history.lake, declared_tables(), latest_release(history.lake).versions, history.as_of, None)
    return {(result.table, result.expectation): result for result in found}


def test_no_rule_fails(results):
    assert {key: result for key, result in results.items() if result.status == "FAIL"} == {}


def test_nothing_ordinary_is_warned_of(results):
    """But that less than 60 % of what was heard is measured is so: the catalogue of this lake is small on purpose."""
    warned = {key for key, result in results.items() if result.status == "WARN"}
    assert warned <= {("listening_with_features", "features_are_mostly_measured")}


def test_every_rule_over_tables_had_something_to_judge_but_those_about_polls(results):
    judged = {rule.name for rule in (*TOTALS, *ANOMALIES) if results[rule.table, rule.name].row_count}
    without = {"polled_in_time", "polls_bring_plays"}
    assert judged == {rule.name for rule in (*TOTALS, *ANOMALIES)} - without


def test_totals_are_those_of_the_files_that_were_imported(results, history):
    of_all = results["plays", "records_add_up"]
    assert of_all.observed_value == of_all.threshold
    assert of_all.row_count == len(history.simulations)


def test_the_check_of_the_lake_is_made_for_the_day_of_its_build(history):
    report = check_lake(history.settings, ["coverage"])
    assert report.as_of == history.as_of


def test_weeks_of_which_nobody_knows_are_not_judged(history):
    """Four weeks later nothing new has come, and nobody polled."""
    found = check_standing(
        history.lake, declared_tables(), latest_release(history.lake).versions,
        history.as_of + timedelta(weeks=4), None, ["daily_listening"],
    )  # fmt: skip
    volume = next(result for result in found if result.expectation == "a_usual_number_of_plays")
    assert (volume.status, volume.row_count) == ("PASS", 0)
