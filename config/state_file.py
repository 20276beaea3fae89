"""Small JSON files in the state folder, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any


def read_state(path: Path) -> dict[str, Any]:
    """The JSON object in the file; empty where there is none, or what is there cannot be read.

    Only for what may be forgotten at the cost of doing something twice: never for tokens.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_state(path: Path, content: dict[str, Any]) -> None:
    """Put this JSON object in place of the file: a reader sees the old or the new, a kill leaves one of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, suffix=".part", delete=False
    ) as part:
        try:
            json.dump(content, part, ensure_ascii=False)
            part.close()  # no fsync: after a power cut an empty file is read as none
            os.replace(part.name, path)
        except BaseException:
            part.close()
            Path(part.name).unlink(missing_ok=True)
            raise
