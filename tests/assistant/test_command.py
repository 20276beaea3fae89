from __future__ import annotations

import json

import pytest

from assistant.replies import Column, Reply
from terminal import ask as command


@pytest.fixture
def _opened(monkeypatch, made_store):
    """The small listener's file in place of one made from a lake."""
    monkeypatch.setattr(command, "open_store", lambda settings, user_id: made_store)


@pytest.mark.usefixtures("_opened")
def test_json_holds_the_figure_and_its_sql(settings, capsys, own_reading):
    assert command.answer(settings, "How many songs did I play in 2025?", user_id=None, as_json=True)
    body = json.loads(capsys.readouterr().out)
    assert (
        body["value"]
        == own_reading.execute("SELECT count(*) FROM counted WHERE year(played_date) = 2025").fetchone()[0]
    )
    assert body["queries"][0]["values"] == {"first": "2025-01-01", "last": "2025-12-31"}


@pytest.mark.usefixtures("_opened")
def test_a_decline_is_no_answer_and_says_what_to_try(settings, capsys):
    assert not command.answer(settings, "How happy was I in March?", user_id=None, as_json=False)
    said = capsys.readouterr().out
    assert "no scores of happiness" in said and "You can ask, for instance:" in said


@pytest.mark.usefixtures("_opened")
def test_the_prompt_keeps_what_was_said(settings, capsys, monkeypatch, own_reading):
    lines = iter(["How many songs did I play in 2025?", "what is the weather", "and in 2026?", "exit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    command.prompt(settings, user_id=None)
    count = own_reading.execute("SELECT count(*) FROM counted WHERE year(played_date) = 2026").fetchone()[0]
    assert f"{count:,} plays in 2026." in capsys.readouterr().out


def test_control_characters_and_markup_of_a_name_are_shown_as_text(capsys):
    rows = ({"name": "[red]\x1b[2J<script>"}, {"name": "b"})
    command.print_reply(
        Reply("?", True, "[bold]\x1b[31m sentence", columns=(Column("name", "Name"),), rows=rows, confidence=0.9)
    )
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[red]" in said and "<script>" in said and "[bold]" in said
