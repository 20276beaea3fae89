"""Files of rules that a listener writes: found in the folder of rules, read as TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from config.errors import InputError


def read_rules_file(folder: Path | None, name: str, example: str) -> tuple[Path, dict[str, Any]] | None:
    """The path and content of a file of rules; None where there is no folder or no such file.

    Raises InputError, with the example, for a file that is no TOML.
    """
    path = folder / name if folder else None
    if path is None or not path.is_file():
        return None
    try:
        # utf-8-sig reads a file that a Windows editor saved with a byte-order mark.
        return path, tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}.", example) from error
