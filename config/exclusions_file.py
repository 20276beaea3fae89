"""Changing `exclusions.toml` for the listener, and leaving what they wrote in it as it stands."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import NamedTemporaryFile

import tomlkit
from filelock import FileLock
from tomlkit.items import AoT, Table

from config.errors import InputError
from config.exclusions import EXCLUSIONS_FILE, rules_in

Entry = Mapping[str, str | float | date | list[str]]


def add_exclusion(folder: Path | None, entry: Entry) -> None:
    """Put a rule at the end of the file. Raises InputError for a rule, or a file, that cannot be used."""
    path = _path(folder)
    with _held(path):
        content = _read(path)
        rules = content.get("exclude")
        if not isinstance(rules, AoT):
            if rules is not None:
                raise InputError(f"{path} holds its rules in another form than [[exclude]].", "Change it by hand.")
            rules = tomlkit.aot()
            content["exclude"] = rules
        rule = tomlkit.table()
        for name, value in entry.items():
            rule[name] = value
        rules.append(rule)
        _write(path, content)


def remove_exclusion(folder: Path | None, name: str) -> None:
    """Take a rule out of the file. Raises InputError where there is none of this name."""
    path = _path(folder)
    with _held(path):
        content = _read(path)
        rules = content.get("exclude")
        at = [number for number, rule in enumerate(rules or ()) if str(rule.get("name", "")).strip() == name]
        if not at or not isinstance(rules, AoT):
            raise InputError(f"{path} holds no rule {name}.", "Look at the list again.")
        after = _written_after(rules[at[0]])
        del rules[at[0]]
        if at[0] < len(rules):
            following = rules[at[0]].trivia
            following.indent, after = after + following.indent, ""
        if not rules:
            del content["exclude"]
        _write(path, content, after)


def _written_after(rule: Table) -> str:
    """The comments below a rule, which are about the one that follows."""
    lines: list[str] = []
    for key, item in reversed(rule.value.body):
        if key is not None:
            break
        lines.insert(0, item.as_string())
    return "".join(lines).lstrip("\n")


def _path(folder: Path | None) -> Path:
    if folder is None:
        raise InputError("There is no folder of rules.", "Set RULES_DIR; docs/rules.md says what for.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / EXCLUSIONS_FILE


def _held(path: Path) -> FileLock:
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=10)


def _read(path: Path) -> tomlkit.TOMLDocument:
    if not path.exists():
        return tomlkit.document()
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read: {error}.", "Mend it by hand first; docs/rules.md shows how."
        ) from error


def _write(path: Path, content: tomlkit.TOMLDocument, end: str = "") -> None:
    """Put the content in place of the file, whole, once it is known to be one that a build can use."""
    text = tomlkit.dumps(content) + end
    rules_in(path, tomllib.loads(text))
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=path.name, delete=False) as part:
        try:
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
            os.chmod(part.name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
            os.replace(part.name, path)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
