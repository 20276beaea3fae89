"""Rules asked in SQL: references, what a measure observes, and rules that cannot be run."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pipeline import declared_tables
from quality.rules import Rule, reference_rules, run_rule
from quality.runner import BUILT_IN, Checks, our_rules
from quality.views import LakeViews
from schemas.declaration import Table
from schemas.lake import Lake

AS_OF = date(2024, 7, 1)
TABLES = declared_tables()


@pytest.fixture
def views(lake: Lake) -> LakeViews:
    return LakeViews(lake, TABLES, AS_OF)


def upstream(name: str) -> set[str]:
    inputs = set(TABLES[name].inputs)
    return inputs.union(*(upstream(other) for other in inputs))


def test_a_value_that_the_other_table_does_not_have_fails_and_null_obeys(put: Any, views: LakeViews) -> None:
    put("tracks", {"track_id": "t1"}, {"track_id": "t2"})
    put("plays", {"play_id": "a", "track_id": "t1"}, {"play_id": "b", "track_id": None})
    (rule,) = reference_rules(TABLES["plays"], TABLES)
    assert (run_rule(views, rule).status, rule.name, rule.severity) == ("PASS", "track_id_is_in_tracks", "FAIL")
    put("plays", {"play_id": "d", "track_id": "t3"}, {"play_id": "c", "track_id": "t3"})
    views.forget(TABLES["plays"])
    found = run_rule(views, rule)
    assert (found.status, found.row_count, found.failing_rows) == ("FAIL", 4, 2)
    assert list(found.sample) == [{"play_id": "c"}, {"play_id": "d"}]


def test_a_reference_may_lead_to_the_key_of_another_name(put: Any, views: LakeViews) -> None:
    put("tracks", {"track_id": "t1"})
    put("first_hearings", {"track_id": "t1", "user_id": "t1"}, {"track_id": "t2", "user_id": "t2"})
    table = replace(TABLES["first_hearings"], references={"user_id": "tracks"})
    (rule,) = reference_rules(table, TABLES)
    found = run_rule(views, rule)
    assert [row["user_id"] for row in found.sample] == ["t2"]


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.references], ids=lambda table: table.name)
def test_a_reference_leads_to_a_column_of_a_table_that_is_built_before(table: Table) -> None:
    for column, other in table.references.items():
        assert column in table.column_names
        assert other in upstream(table.name)
        assert column in TABLES[other].column_names or len(TABLES[other].primary_key) == 1


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.name)
def test_a_rule_reads_only_its_table_and_what_is_built_before(rule: Rule, views: LakeViews) -> None:
    named = {name for name in TABLES if name in rule.sql.replace("(", " ").replace(".", " ").split()}
    layers = {name: TABLES[name].layer for name in named}
    allowed = upstream(rule.table) | {rule.table}
    assert {name for name, layer in layers.items() if layer != "bronze"} <= allowed
    assert rule.advice and run_rule(views, rule).error is None


def test_names_of_rules_are_unique_within_their_table() -> None:
    for table in TABLES.values():
        names = our_rules(table, TABLES)
        assert sorted(set(names)) == sorted(names)


def test_a_measure_gives_what_is_furthest_off_and_everything_that_breaks_it(put: Any, views: LakeViews) -> None:
    put("plays", *({"play_id": play, "listened_ms": ms} for play, ms in (("a", 5), ("b", 90), ("c", 30))))
    sql = """SELECT play_id, listened_ms::DOUBLE AS observed_value, 20.0::DOUBLE AS threshold,
                    listened_ms > 20 AS is_broken FROM plays"""
    found = run_rule(views, Rule("short", "plays", sql, "WARN", is_measure=True))
    assert (found.status, found.row_count, found.failing_rows) == ("WARN", 3, 2)
    assert (found.observed_value, found.threshold) == (90.0, 20.0)
    assert list(found.sample) == [{"play_id": "b"}, {"play_id": "c"}]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("odd", "plays", "SELECT weight FROM plays", "WARN"),
        Rule("odd", "plays", "SELECT * FROM no_such_table", "WARN"),
        Rule("odd", "plays", "SELECT 1 AS observed_value", "WARN", is_measure=True),
    ],
)
def test_a_rule_that_cannot_be_run_fails_with_its_error(rule: Rule, put: Any, views: LakeViews) -> None:
    put("plays", {})
    found = run_rule(views, rule)
    assert (found.status, found.severity, found.failing_rows, found.observed_value) == ("FAIL", "WARN", 0, None)
    assert found.error and "\n" not in found.error


def test_instants_are_utc_whatever_the_zone_of_the_machine(
    put: Any, views: LakeViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    put("plays", {"played_at": datetime(2024, 1, 1, 23, 30, tzinfo=UTC)})
    assert views.run("SELECT played_at, played_at::DATE FROM plays")[1] == [
        (datetime(2024, 1, 1, 23, 30), date(2024, 1, 1))
    ]


def test_a_table_that_is_not_there_is_empty_and_one_of_an_older_version_has_nulls(lake: Lake, put: Any) -> None:
    put("tracks", {"track_id": "t1"})
    newer = replace(TABLES["tracks"], schema=TABLES["tracks"].schema + ", mood STRING COMMENT 'Mood'")
    views = LakeViews(lake, {**TABLES, "tracks": newer}, AS_OF)
    assert views.run("SELECT track_id, mood FROM tracks")[1] == [("t1", None)]
    assert views.run("SELECT count(play_id), count(*) FROM plays")[1] == [(0, 0)]


def test_a_version_is_seen_where_one_is_named_and_a_made_table_without_one_was_not_built(lake: Lake, put: Any) -> None:
    put("tracks", {"track_id": "t1"})
    version = lake.open(TABLES["tracks"]).version()
    put("tracks", {"track_id": "t2"})
    put("plays", {})
    checks = Checks(lake, TABLES, AS_OF, versions={"tracks": version})
    assert checks.views.run("SELECT track_id FROM tracks")[1] == [("t1",)]
    assert checks.run(TABLES["tracks"])[0].row_count == 1
    found = run_rule(checks.views, Rule("odd", "tracks", "SELECT * FROM plays"))
    assert (found.status, found.error) == ("FAIL", "LookupError: plays was not built yet")


def test_what_duckdb_puts_aside_lies_in_a_folder_of_its_own(views: LakeViews) -> None:
    ((folder,),) = views.run("SELECT current_setting('temp_directory')")[1]
    assert "lakesong-checks-" in folder
    assert views.run("SELECT current_setting('enable_external_access')")[1] == [(False,)]
