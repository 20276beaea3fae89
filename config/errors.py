"""Errors that a person reads: what went wrong, and what to do next."""

from __future__ import annotations


class LakesongError(Exception):
    """Something failed. `exit_code` follows docs/design.md, section 6."""

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        """Keep the message, and the next step after it where there is one."""
        super().__init__(f"{message} {next_step}".strip())
        self.message = message
        self.next_step = next_step


class InputError(LakesongError):
    """What was given cannot be used: a wrong file, setting, folder or option."""

    exit_code = 2


class NeedsUserError(LakesongError):
    """Only the listener can go on, for instance by signing in again."""

    exit_code = 3


class PostponedError(LakesongError):
    """Not now: another run holds the lake, or a quota is used up."""

    exit_code = 4


class ForeignTableError(InputError):
    """A table that another program, or a later Lakesong, made stands where ours belongs."""


class ExpectationError(LakesongError):
    """A table broke a rule of severity FAIL and was taken back to the version before."""
