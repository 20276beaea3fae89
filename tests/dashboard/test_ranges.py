"""Ranges at the edges of the calendar: pages decline those that nobody can have listened in, lists are empty."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from dashboard.view import PAGES

EDGES = (
    {"from": "0001-01-01", "to": "9999-12-31"},
    {"from": "0001-01-01", "to": "0001-01-01"},
    {"from": "9999-12-31", "to": "9999-12-31"},
    {"from": "1000-01-01", "to": "2500-01-01"},
    {"range": "0001"},
    {"range": "9999-12"},
    {"from": "1900-01-01", "to": "2199-12-31"},
    {"range": "1900"},
    {"range": "2199-12"},
)
WITHIN = EDGES[-3:]


@pytest.mark.parametrize("compare", ["", "before", "year"])
@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: "-".join(edge.values()))
def test_every_page_answers(edge: dict[str, str], compare: str, client: TestClient) -> None:
    asked = edge | ({"compare": compare} if compare else {})
    paths = [path for path, page in PAGES.items() if page.has_range]
    expected = 200 if edge in WITHIN else 400
    assert {path: client.get(path, params=asked).status_code for path in paths} == dict.fromkeys(paths, expected)


@pytest.mark.parametrize("edge", [edge for edge in EDGES if "from" in edge], ids=lambda edge: "-".join(edge.values()))
def test_every_list_answers(edge: dict[str, str], client: TestClient) -> None:
    paths = ["/api/v1/summary", *(f"/api/v1/top/{what}" for what in ("artists", "albums", "tracks", "genres"))]
    assert {path: client.get(path, params=edge).status_code for path in paths} == dict.fromkeys(paths, 200)
