"""A listener's own rules, from `quality.toml` in the folder of rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from config.errors import InputError
from config.rules_files import read_rules_file
from quality.checks import KEY_RULE
from quality.rules import Rule
from quality.views import LakeViews
from schemas.declaration import Severity

QUALITY_FILE = "quality.toml"
SECONDS = 30.0  # that a rule of a listener may take
EXAMPLE = 'Write it like: [[rule]] name = "not_before_2008" table = "plays" sql = "SELECT * FROM plays WHERE …"'
_KEYS = {"name", "table", "severity", "sql"}
_SEVERITIES = ("FAIL", "WARN")


@dataclass(frozen=True)
class UserRules:
    """Rules of a listener's own, and what severity they give to rules of ours: "table.rule" to FAIL or WARN."""

    path: Path | None = None
    rules: tuple[Rule, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)


def read_user_rules(folder: Path | None, views: LakeViews, ours: Collection[str]) -> UserRules:
    """The rules of the file in this folder; none without a file. ours: our rules, as "table.rule".

    Each query must be one SELECT on tables and columns that exist. Raises InputError, with the rule and what to do, for
    a file that cannot be used.
    """
    found = read_rules_file(folder, QUALITY_FILE, EXAMPLE)
    if found is None:
        return UserRules(folder / QUALITY_FILE if folder else None)
    path, content = found
    entries, severities = content.get("rule", []), content.get("severity", {})
    if content.keys() - {"rule", "severity"} or not isinstance(entries, list) or not isinstance(severities, dict):
        raise InputError(f"{path} may hold [[rule]] entries and one [severity] section alone.", EXAMPLE)
    rules: dict[str, Rule] = {}
    for number, entry in enumerate(entries, start=1):
        rule = _rule(path, number, entry, views)
        key = f"{rule.table}.{rule.name}"
        if key in rules or key in ours:
            raise InputError(f"{path}, rule {number}: {key} is there already.", "Give the rule another name.")
        rules[key] = rule
    for key, severity in severities.items():
        _need_known(path, key, severity, ours)
    return UserRules(path, tuple(rules.values()), severities)


def _rule(path: Path, number: int, entry: Any, views: LakeViews) -> Rule:
    """One entry, checked. Raises InputError that says which entry cannot be used, and why."""
    named = f" ({entry['name']})" if isinstance(entry, dict) and isinstance(entry.get("name"), str) else ""

    def refuse(why: str, step: str = EXAMPLE) -> InputError:
        return InputError(f"{path}, rule {number}{named}: {why}.", step)

    if not isinstance(entry, dict):
        raise refuse("it is no [[rule]]")
    unknown = sorted(entry.keys() - _KEYS)
    if unknown:
        raise refuse(f"there is no {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
    for key in ("name", "table", "sql"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise refuse(f"it has no {key}")
    severity = entry.get("severity", "FAIL")
    if severity not in _SEVERITIES:
        raise refuse(f"its severity is {severity}", "Write FAIL or WARN.")
    table = entry["table"].strip()
    if table not in views.tables:
        raise refuse(f"there is no table {table}{_nearest(table, views.tables)}", "`lakesong tables` lists them.")
    try:
        sql = views.need_one_select(entry["sql"])
        views.need_columns(sql)
    except ValueError as error:
        raise refuse(f"its sql cannot be used: {error}", "Try it with `lakesong sql`.") from error
    advice = f"It is your rule: see {path}."
    return Rule(entry["name"].strip(), table, sql, severity, advice=advice, seconds=SECONDS)


def _need_known(path: Path, key: str, severity: Any, ours: Collection[str]) -> None:
    if key.endswith(f".{KEY_RULE}"):
        raise InputError(f"{path}, [severity]: {key} holds for every table.", "Take the line out.")
    if key not in ours:
        raise InputError(f"{path}, [severity]: there is no rule {key}{_nearest(key, ours)}.", 'Write "table.rule".')
    if severity not in _SEVERITIES:
        raise InputError(f"{path}, [severity]: {key} is {severity}.", "Write FAIL or WARN.")


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f" (is it {near[0]}?)" if near else ""
