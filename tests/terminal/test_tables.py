"""`lakesong tables`: the list, one table, the tables of a kind of analytics, and the lineage of a column."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from config.errors import InputError
from pipeline import declared_tables

TABLES = declared_tables()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `lakesong tables` with these words, in an empty folder; an error is raised as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LAKE_URI", str(tmp_path / "lake"))

    def invoke(*words: str) -> str:
        done = CliRunner().invoke(app, ["tables", *words])
        if done.exception:
            raise done.exception
        return done.output

    return invoke


def test_the_list_names_every_table_once_below_its_layer(run: Any) -> None:
    shown = run()
    layers = re.split(r"^(bronze|records|silver|gold) \((\d+) tables\)$", shown, flags=re.MULTILINE)[1:]
    found = {
        layer: (int(count), re.findall(r"^([a-z_]+)  ", text, re.MULTILINE))
        for layer, count, text in zip(layers[::3], layers[1::3], layers[2::3], strict=True)
    }
    for layer, (count, names) in found.items():
        declared = [name for name, table in TABLES.items() if table.layer == layer]
        assert names[1:] == declared and count == len(declared)  # after the heading of the column
    assert list(found) == ["bronze", "records", "silver", "gold"]


def test_the_list_says_what_a_table_is_made_from(run: Any) -> None:
    lines = run().splitlines()
    place = next(index for index, line in enumerate(lines) if line.startswith("first_hearings "))
    assert lines[place + 1].split() == ["from", "listening_with_features"]


def test_a_table_is_shown_with_units_and_what_its_columns_point_to(run: Any) -> None:
    shown = run("listening_with_features")
    assert re.search(r"^listened_ms +BIGINT NOT NULL +ms ", shown, re.MULTILINE)
    assert re.search(r"^played_at +TIMESTAMP NOT NULL +UTC timestamp ", shown, re.MULTILINE)
    assert "reference: play_id -> plays" in shown


@pytest.mark.parametrize("kind", ["descriptive", "diagnostic", "predictive", "prescriptive"])
def test_the_tables_of_a_kind_are_listed_with_what_they_answer(run: Any, kind: str) -> None:
    expected = {name: t.description.splitlines()[0] for name, t in TABLES.items() if t.analytics == kind}
    listed = json.loads(run("--analytics", kind, "--json"))
    assert {row["table"]: row["answers"] for row in listed} == expected
    shown = run("--analytics", kind)
    assert shown.startswith(f"{kind}: ") and all(name in shown for name in expected)


def test_cognitive_says_that_it_is_questions_in_plain_words_and_has_no_table(run: Any) -> None:
    assert json.loads(run("--analytics", "cognitive", "--json")) == []
    shown = run("--analytics", "cognitive")
    assert "plain words" in shown and "no table of its own" in shown and "`ask`" in shown and "later release" in shown


def test_a_kind_that_there_is_not_names_those_that_there_are(run: Any) -> None:
    with pytest.raises(InputError, match="Kinds: descriptive, diagnostic, predictive, prescriptive, cognitive"):
        run("--analytics", "magical")


def test_lineage_is_drawn_as_a_tree_down_to_the_sources(run: Any) -> None:
    tree, choices = run("--lineage", "daily_listening.mean_valence").split("\n\nChosen by: ")
    depth = {match[2]: len(match[1]) for match in re.finditer(r"^([│├└─ ]*)([a-z_]+\.[a-z_]+)  ", tree, re.MULTILINE)}
    way = ["daily_listening.mean_valence", "track_features.valence", "kaggle_tracks_bronze.valence"]
    assert [depth[name] for name in way] == [0, 4, 8]
    assert re.search(r"track_features\.valence  aggregated$", tree, re.MULTILINE)
    assert re.search(r"kaggle_tracks_bronze\.valence  taken as is$", tree, re.MULTILINE)
    assert re.search(r"^track_features <- .*kaggle_tracks_bronze: .*track_genre", choices, re.MULTILINE)


def test_lineage_of_a_name_alone_has_a_tree_for_each_table_and_repeats_nothing(run: Any) -> None:
    tree = run("--lineage", "is_counted").split("\n\nChosen by")[0]
    roots = re.findall(r"^([a-z_]+)\.is_counted  ", tree, re.MULTILINE)
    assert roots == [name for name, table in TABLES.items() if "is_counted" in table.column_names]
    assert "plays: is_counted  taken as is" not in tree
    assert re.search(r"plays\.is_counted  taken as is; shown above", tree)


def test_lineage_as_json_names_each_column_on_the_way_once(run: Any) -> None:
    found = {row["column"]: row for row in json.loads(run("--lineage", "first_hearings.first_date", "--json"))}
    assert found["first_hearings.first_date"]["from"] == [
        {"column": "listening_with_features.played_date", "how": "aggregated"}
    ]
    assert found["listening_history_bronze.played_at"] == {
        "column": "listening_history_bronze.played_at",
        "is_source": True,
        "from": [],
        "chosen_by": [],
        "untold": "",
    }
    named = {one["column"] for row in found.values() for one in row["from"] if not one["column"].startswith("rows of")}
    assert named <= found.keys()
    assert "listening_with_features.is_counted" in found["first_hearings.first_date"]["chosen_by"]


def test_a_column_that_there_is_not_is_answered_with_those_that_are_close(run: Any) -> None:
    with pytest.raises(InputError, match="Did you mean mean_valence"):
        run("--lineage", "daily_listening.mean_valense")
