"""A listener's own rules: read from one file, guarded, limited in time, and refused in words."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from config.errors import InputError
from pipeline import declared_tables
from quality.results import CheckResult
from quality.rules import run_rule
from quality.runner import Checks, rules_in
from quality.user_rules import QUALITY_FILE, UserRules
from quality.views import LakeViews
from schemas.lake import Lake

AS_OF = date(2024, 7, 1)
Read = Callable[[str], UserRules]
Check = Callable[[str, UserRules], dict[str, CheckResult]]
YOUNG = """
[[rule]]
name = "not_before_i_was_born"
table = "plays"
severity = "WARN"
sql = "SELECT * FROM plays WHERE played_at < TIMESTAMP '2008-01-01';"
"""


@pytest.fixture
def read(lake: Lake, tmp_path: Path) -> Read:
    """The rules of a file that holds the text."""

    def write_and_read(text: str) -> UserRules:
        (tmp_path / QUALITY_FILE).write_text(text, encoding="utf-8")
        return rules_in(tmp_path, lake, declared_tables(), AS_OF)

    return write_and_read


def rule(**changes: str) -> str:
    entry = {"name": "odd", "table": "plays", "sql": "SELECT * FROM plays", **changes}
    return "[[rule]]\n" + "\n".join(f"{key} = '''{value}'''" for key, value in entry.items())


@pytest.fixture
def check(lake: Lake) -> Check:
    """What all rules of a table find, by name, with the listener's own."""

    def run(name: str, user: UserRules) -> dict[str, CheckResult]:
        checks = Checks(lake, declared_tables(), AS_OF, user)
        return {result.expectation: result for result in checks.run(declared_tables()[name])}

    return run


def test_without_a_file_or_a_folder_there_are_no_rules(lake: Lake, tmp_path: Path) -> None:
    assert rules_in(tmp_path, lake, declared_tables(), AS_OF) == UserRules(tmp_path / QUALITY_FILE)
    assert rules_in(None, lake, declared_tables(), AS_OF) == UserRules(None)


def test_a_rule_is_run_with_its_table_and_gives_the_keys_of_rows_that_break_it(
    read: Read, put: Any, check: Check
) -> None:
    old, new = datetime(2007, 12, 31, 23, tzinfo=UTC), datetime(2008, 1, 1, tzinfo=UTC)
    put("plays", {"play_id": "b", "played_at": old}, {"play_id": "a", "played_at": old}, {"played_at": new})
    found = check("plays", read(YOUNG))["not_before_i_was_born"]
    assert (found.status, found.severity, found.row_count, found.failing_rows) == ("WARN", "WARN", 3, 2)
    assert list(found.sample) == [{"play_id": "a"}, {"play_id": "b"}]
    assert "not_before_i_was_born" not in check("tracks", read(YOUNG))


def test_a_rule_may_read_any_table_and_the_day_and_shows_what_it_selects(read: Read, put: Any, lake: Lake) -> None:
    put("tracks", {"track_id": "t1"}, {"track_id": "t2"})
    put("plays", {"track_id": "t2"})
    sql = "SELECT track_id, $as_of AS day FROM tracks WHERE track_id NOT IN (SELECT track_id FROM plays) -- all of them"
    found = run_rule(LakeViews(lake, declared_tables(), AS_OF), read(rule(sql=sql)).rules[0])
    assert (found.severity, found.failing_rows, list(found.sample)) == ("FAIL", 1, [{"track_id": "t1", "day": AS_OF}])


def test_a_rule_on_bronze_names_the_batches(read: Read, put: Any, check: Check) -> None:
    put("listening_history_bronze", {"record_id": "1", "batch_id": "b2"}, {"record_id": "2", "batch_id": "b1"})
    user = read(rule(table="listening_history_bronze", sql="SELECT * FROM listening_history_bronze"))
    assert list(check("listening_history_bronze", user)["odd"].batch_ids) == ["b1", "b2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[rule]]\nname = odd", "at line 2"),
        ("[rules]\na = 1", "may hold [[rule]] entries"),
        ("rule = 3", "may hold [[rule]] entries"),
        ("rule = [3]", "rule 1: it is no [[rule]]"),
        (rule(sq="x"), "rule 1 (odd): there is no sq; known are name, severity, sql, table"),
        (rule(name=" "), "rule 1 ( ): it has no name"),
        ('[[rule]]\nname = "odd"\ntable = "plays"', "rule 1 (odd): it has no sql"),
        (rule(severity="STOP"), "its severity is STOP. Write FAIL or WARN."),
        (rule(table="play"), "there is no table play (is it plays?)"),
        (rule(sql="SELECT * FROM plays; SELECT 1"), "it is not one SELECT"),
        (rule(sql="DROP VIEW plays"), "it is not one SELECT"),
        (rule(sql="COPY plays TO '/tmp/stolen'"), "its sql cannot be used: "),
        (rule(sql="SELEC * FROM plays"), "its sql cannot be used: Parser Error"),
        (rule(sql="SELECT weight FROM plays"), 'its sql cannot be used: Binder Error: Referenced column "weight"'),
        (rule(sql="SELECT * FROM pets"), "its sql cannot be used: Catalog Error: Table with name pets"),
        (rule(sql="SELECT * FROM read_text('/etc/passwd')"), "its sql cannot be used: Permission Error"),
        (rule(sql="SELECT * FROM '/etc/passwd'"), "its sql cannot be used: Catalog Error"),
        (rule() + "\n" + rule(), "rule 2: plays.odd is there already"),
        (rule(name="records_add_up"), "plays.records_add_up is there already"),
        (rule(name="key_is_unique"), "plays.key_is_unique is there already"),
        ('[severity]\n"plays.records_ad_up" = "WARN"', "no rule plays.records_ad_up (is it plays.records_add_up?)"),
        ('[severity]\n"plays.records_add_up" = "OFF"', "plays.records_add_up is OFF. Write FAIL or WARN."),
        ('[severity]\n"plays.key_is_unique" = "WARN"', "plays.key_is_unique holds for every table"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_rule_and_what_to_do(
    text: str, words: str, read: Read, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        read(text)
    assert words in str(error.value) and QUALITY_FILE in str(error.value)
    assert error.value.next_step and "\n" not in str(error.value)


def test_variables_of_the_program_are_no_tables(read: Read) -> None:
    hidden = [1, 2, 3]
    assert hidden
    with pytest.raises(InputError, match="hidden"):
        read(rule(sql="SELECT * FROM hidden"))


def test_a_rule_that_takes_too_long_is_stopped_and_fails(read: Read, lake: Lake) -> None:
    sql = "SELECT a.range FROM range(1000000000) a, range(1000) b WHERE a.range + b.range < 0"
    slow = replace(read(rule(sql=sql, severity="WARN")).rules[0], seconds=0.5)
    began = time.monotonic()
    found = run_rule(LakeViews(lake, declared_tables(), AS_OF), slow)
    assert time.monotonic() - began < 5
    assert (found.status, found.severity) == ("FAIL", "WARN")
    assert "it took longer than 0.5 seconds" in (found.error or "")


def test_a_rule_of_ours_can_be_made_milder_or_stricter(read: Read, put: Any, check: Check) -> None:
    put("plays", {"listened_ms": -1}, {"play_id": "y", "listened_ms": 86_400_001})
    wishes = read('[severity]\n"plays.time_is_not_negative" = "WARN"\n"plays.heard_within_a_day" = "FAIL"')
    before = {name: result.status for name, result in check("plays", UserRules()).items()}
    after = {name: (result.status, result.severity) for name, result in check("plays", wishes).items()}
    assert (before["time_is_not_negative"], before["heard_within_a_day"]) == ("FAIL", "WARN")
    assert after["time_is_not_negative"] == ("WARN", "WARN")
    assert after["heard_within_a_day"] == ("FAIL", "FAIL")
    assert after["starts_before_it_ends"] == ("PASS", "FAIL")
