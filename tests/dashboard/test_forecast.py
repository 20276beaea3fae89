"""The page of forecasts: what is expected, what is served, and how good it was."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.forecasts import TARGETS
from serving.store import Store

PageOf = Callable[..., str]


def numbers(client: TestClient, part: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get("/forecast.csv", params={"part": part, **parameters})
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def drawn(html: str, name: str) -> list[dict[str, Any]]:
    """The rows that a chart draws."""
    told = json.loads(re.findall(rf'data-chart="{name}">\s*<script type="application/json">(.*?)</script>', html)[0])
    names = [column["name"] for column in told["columns"]]
    return [dict(zip(names, row, strict=True)) for row in told["rows"]]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("basis", ["measured", "all"])
def test_known_days_are_followed_by_fourteen_with_both_bands(
    client: TestClient, demo_store: Store, target: str, basis: str
) -> None:
    rows = numbers(client, f"days-{target}", basis=basis)
    known = [row for row in rows if row["known"]]
    ahead = [row for row in rows if row["forecast_value"]]
    assert len(ahead) == 14 and len(known) > 30
    assert max(row["day"] for row in known) < str(demo_store.as_of) < min(row["day"] for row in ahead)
    for row in ahead:
        ends = [float(row[name]) for name in ("low_95", "low_80", "forecast_value", "high_80", "high_95")]
        assert ends == sorted(ends) and ends[0] >= 0
    for row in known:
        column = {"listened_ms": "sum(listened_ms)"}.get(target)
        if column is None:
            continue
        day = demo_store.row(
            "SELECT sum(listened_ms) AS value FROM listening_with_features WHERE excluded_by IS NULL "
            "AND played_date = $day::DATE",
            day=row["day"],
        )
        assert day is not None and float(row["known"]) == float(day["value"] or 0)


@pytest.mark.parametrize("target", TARGETS)
def test_every_model_stands_beside_both_simple_guesses(client: TestClient, demo_store: Store, target: str) -> None:
    """As forecast_evaluations tells it, which is made apart from the table that the page reads."""
    expected = demo_store.rows(
        "SELECT subject, metric, metric_value FROM forecast_evaluations WHERE basis = 'measured' AND metric_cutoff = 0 "
        "AND starts_with(subject, $target) AND metric IN ('mae', 'coverage_80', 'coverage_95')",
        target=target,
    )
    names = {"ridge": "The model", "trailing_mean": "28-day mean", "same_weekday": "Same weekday"}
    found = {row["model"]: row for row in numbers(client, f"models-{target}")}
    assert set(found) == set(names.values()) and len(expected) >= 9
    for row in expected:
        model = names[row["subject"].split(" by ")[1]]
        assert float(found[model][row["metric"]]) == pytest.approx(row["metric_value"])
    assert sum(row["said"] == "served" for row in found.values()) == 1


def test_a_model_that_is_not_better_is_told_plainly(page_of: PageOf, demo_store: Store) -> None:
    found = demo_store.row("SELECT bool_or(is_better) AS better FROM mood_forecast WHERE basis = 'measured'")
    assert found == {"better": False}, "the demo's model became better: choose another lake for this"
    text = page_of("/forecast")
    served = (
        "The mean of the last 28 days is served, a simple guess: the model was not shown to be better on unseen days."
    )
    assert text.count(served) == 3


def test_a_better_model_is_told_too(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/forecast",
        "UPDATE mood_forecast SET served_model = 'ridge', is_better = true, choice = 'ridge, better than both'",
        "UPDATE forecast_backtests SET is_served = model_name = 'ridge', is_better = model_name = 'ridge', "
        "coverage_80 = 0.64, coverage_95 = 0.96",
    )
    assert "The model (a Bayesian ridge regression) is served: on unseen days it was better" in html
    assert "Its 80 % bands held 64 % of" in html and "too narrow" in html
    assert "Its 95 % bands held 96 % of" in html and "as promised" in html


def test_what_cannot_be_foretold_says_why(page_after: Callable[..., str]) -> None:
    html = page_after(
        "/forecast",
        "UPDATE mood_forecast SET forecast_value = NULL, reason = 'only 12 of <84> days are known' "
        "WHERE target = 'mean_energy'",
    )
    assert "Energy cannot be foretold: only 12 of &lt;84&gt; days are known." in html
    assert 'id="days-listened_ms"' in html and 'id="days-mean_energy"' not in html


def test_without_a_forecast_the_next_step_is_told(page_after: Callable[..., str]) -> None:
    assert "There is no forecast yet: it needs 84 known days" in page_after("/forecast", "DELETE FROM mood_forecast")


def test_days_that_were_hardly_observed_stay_empty(page_after: Callable[..., str]) -> None:
    html = page_after("/forecast", "UPDATE daily_listening SET coverage = 0.79 WHERE played_date = '2026-10-20'")
    known = {row["day"]: row["known"] for row in drawn(html, "days-listened_ms")}
    assert known["2026-10-20"] is None
    assert known["2026-10-19"] is not None and known["2026-10-21"] is not None


def test_simulated_features_are_marked(page_of: PageOf) -> None:
    assert page_of("/forecast", basis="all").count("With simulated features: no statement about you.") == 2
