"""What can be asked, and what is declined: the examples in phrases.toml, read at the first question."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "phrases.toml"


@dataclass(frozen=True)
class Phrases:
    """asked: intent -> examples, one a line. refused: intent -> why it is declined, and examples."""

    asked: dict[str, str]
    refused: dict[str, tuple[str, str]]


@cache
def phrases() -> Phrases:
    """The examples."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    refused = {name: (one["reason"], one["examples"]) for name, one in told["refused"].items()}
    return Phrases(told["asked"], refused)
