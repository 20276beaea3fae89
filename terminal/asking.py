"""Asking before something is changed or removed."""

from __future__ import annotations

from config.errors import InputError
from terminal.screen import err


def agreed(yes: bool) -> bool:
    """Whether the person agrees to what was just said. Raises InputError where nobody can be asked."""
    if yes:
        return True
    err.print("Go on? (y/N) ", end="")
    try:
        answer = input()
    except EOFError:
        err.print("")
        raise InputError("Nobody answered, and nothing was changed.", "Answer with --yes.") from None
    if answer.strip().lower() in ("y", "yes"):
        return True
    err.print("Nothing was changed.")
    return False
