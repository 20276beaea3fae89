"""What the notebooks say is right, and what others wrote is shown as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import marimo as mo
import pytest

from notebooks import wording
from notebooks.overview import app

WHOLE: dict[str, Any] = {
    "is_at_least": False, "coverage": 1.0, "measured_ms": 3_600_000, "listened_ms": 3_600_000, "measured_share": 0.94,
    "excluded_count": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0.0, "0 %"), (0.004, "under 1 %"), (0.5, "50 %"), (0.9997, "over 99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float | None, said: str) -> None:
    assert wording.share(value) == said


def test_totals_are_at_least_where_hours_are_missing() -> None:
    assert wording.total(90 * 60_000, is_at_least=True) == "at least 1.5 h"
    assert wording.total(90 * 60_000, is_at_least=False) == "1.5 h"
    assert "37 % of the hours" in wording.trust({**WHOLE, "is_at_least": True, "coverage": 0.37})
    assert wording.trust(WHOLE).startswith("Every hour of this range was observed.")


def test_estimated_time_and_excluded_plays_are_told() -> None:
    said = wording.trust({**WHOLE, "measured_ms": 900_000, "excluded_count": 1})
    assert "25 % of the time was measured by the player. The rest is estimated." in said
    assert "1 start are left out" not in said and "1 start is left out by your own rules." in said
    assert "estimated" not in wording.trust(WHOLE)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "[x](http://a.b)",
        "$x$ \\(y\\)",
        "# **A** _b_",
        "`rm` | <b>",
        "a\n\n# b",
        "\u202egnol",
    ],
)
def test_a_hostile_name_is_shown_as_text(name: str) -> None:
    shown = mo.md(f"by {wording.quoted(name)}").text
    body = shown.split("by ", 1)[1]
    for tag in ("<script", "<a ", "<h1", "<strong", "<em", "<code", "<b>", "marimo-tex"):
        assert tag not in body


def test_without_a_lake_a_notebook_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_URI", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    outputs, found = app.run()
    assert "figures" not in found
    said = " ".join(output.text for output in outputs if output is not None)
    assert "There is no lake" in said and "lakesong import" in said


def test_a_name_of_ten_thousand_characters_is_cut() -> None:
    assert len(wording.quoted("x" * 10_000)) < 400


def test_an_address_in_a_table_is_no_link() -> None:
    assert "://" not in wording.in_cell("https://evil.example/a.png")
    assert wording.in_cell("10:30") == "10:30" and wording.in_cell(0.123456) == 0.123
