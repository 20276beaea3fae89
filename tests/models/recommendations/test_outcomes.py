"""What becomes of suggestions, by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest

from models.recommendations.outcomes import COLUMNS, new_suggestions, outcomes_by, weights_after
from models.recommendations.rules import WEIGHTS

DAY = date(2026, 10, 1)


def suggestion(recording: str, **other: Any) -> dict[str, Any]:
    row = {"user_id": "ann", "basis": "measured", "suggested_date": DAY, "recording_id": recording, "rank": 1}
    row |= {"suggestion_source": "together", "outcome": "suggested", "recorded_at": datetime(2026, 10, 1, tzinfo=UTC)}
    return dict.fromkeys(COLUMNS) | row | other


def record(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=[*COLUMNS, "recorded_at"])


def play(recording: str, day: int, *, is_skip: bool = False) -> dict[str, Any]:
    when = {"user_id": "ann", "recording_id": recording, "played_date": date(2026, 10, day)}
    return {**when, "is_counted": not is_skip, "is_skip": is_skip}


def plays(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["user_id", "recording_id", "played_date", "is_counted", "is_skip"])


def saved(*rows: tuple[str, int]) -> pd.DataFrame:
    found = [{"user_id": "ann", "recording_id": name, "added_date": date(2026, 10, day)} for name, day in rows]
    return pd.DataFrame(found, columns=["user_id", "recording_id", "added_date"])


@pytest.mark.parametrize(
    ("heard", "kept", "as_of", "expected"),
    [
        ([play("a", 3)], [], 4, ("played", date(2026, 10, 3))),
        ([play("a", 3, is_skip=True)], [], 4, None),
        ([play("a", 3, is_skip=True), play("a", 4, is_skip=True)], [], 4, ("skipped", date(2026, 10, 4))),
        ([play("a", 3, is_skip=True), play("a", 4, is_skip=True), play("a", 5)], [], 6, ("played", date(2026, 10, 5))),
        ([play("a", 3)], [("a", 4)], 5, ("saved", date(2026, 10, 4))),
        ([play("a", 1)], [("a", 1)], 2, None),  # of the day itself: before it was suggested
        ([], [], 15, None),
        ([], [], 16, ("ignored", date(2026, 10, 15))),
        ([play("a", 16)], [], 20, ("ignored", date(2026, 10, 15))),  # too late
        ([play("b", 3)], [], 4, None),
    ],
)
def test_an_outcome_is_what_happened_within_fourteen_days(heard, kept, as_of, expected):
    rows = outcomes_by(record(suggestion("a")), plays(*heard), saved(*kept), date(2026, 10, as_of))
    assert [(row["outcome"], row["outcome_date"]) for _, row in rows.iterrows()] == ([expected] if expected else [])


def test_a_suggestion_with_an_outcome_is_closed():
    closed = suggestion("a", outcome="played", outcome_date=DAY, recorded_at=datetime(2026, 10, 5, tzinfo=UTC))
    assert outcomes_by(record(suggestion("a"), closed), plays(play("a", 6)), saved(), date(2026, 10, 30)).empty


def shown(*names: str) -> pd.DataFrame:
    rows = [
        {"user_id": "ann", "basis": "measured", "recording_id": name, "track_id": name, "rank": place}
        | {"suggestion_source": "sound", "why": "Close in sound", "served_by": "model"}
        for place, name in enumerate(names, start=1)
    ]
    return pd.DataFrame(rows)


def test_the_first_twenty_are_suggested_once():
    names = [f"r{number:02d}" for number in range(30)]
    first = new_suggestions(shown(*names), record(), DAY)
    assert first["recording_id"].tolist() == names[:20]
    known = first.assign(recorded_at=datetime(2026, 10, 1, tzinfo=UTC))
    assert new_suggestions(shown(*names), known, DAY).empty
    assert new_suggestions(shown(*names), known, date(2026, 10, 9)).empty  # still open


@pytest.mark.parametrize(("outcome", "as_of", "is_made"), [
    ("ignored", date(2026, 12, 2), False), ("ignored", date(2026, 12, 3), True),
    ("saved", date(2026, 10, 20), False), ("played", date(2026, 11, 20), True),
])  # fmt: skip
def test_what_was_refused_is_not_suggested_for_sixty_days(outcome, as_of, is_made):
    ended = suggestion("a", outcome=outcome, outcome_date=date(2026, 10, 4))
    made = new_suggestions(shown("a"), record(ended), as_of)
    assert (len(made) == 1) == is_made


def known(**counts: tuple[int, int]) -> pd.DataFrame:
    rows = [{"suggestion_source": s, "known_count": k, "taken_count": t} for s, (k, t) in counts.items()]
    return pd.DataFrame(rows, columns=["suggestion_source", "known_count", "taken_count"])


def test_without_outcomes_the_weights_are_those_written_down():
    assert weights_after(known()) == WEIGHTS
    assert weights_after(known(sound=(50, 0))) == WEIGHTS


def test_a_source_with_better_outcomes_gets_more_weight_within_bounds():
    found = weights_after(known(together=(200, 100), sound=(200, 0), album=(5, 1)))
    # All: 101 of 405. together: (100 + 20 * 101/405) / 220 is 1.9 times that, sound a tenth or less.
    assert found["together"] == pytest.approx(1.5 * WEIGHTS["together"])
    assert found["sound"] == pytest.approx(0.5 * WEIGHTS["sound"])
    rate = 101 / 405
    assert found["album"] == pytest.approx(WEIGHTS["album"] * (1 + 20 * rate) / 25 / rate)
    assert found["forgotten"] == WEIGHTS["forgotten"]
