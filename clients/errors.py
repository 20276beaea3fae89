"""What can go wrong with a service, as a person reads it and as a program tells it apart."""

from __future__ import annotations

from typing import Literal

from config.errors import LakesongError, NeedsUserError, PostponedError

UNKNOWN_WAIT_S = 3600  # taken for the wait of a used-up quota when the service does not say

Refusal = Literal["forbidden", "premium", "unregistered", "scope"]


class SourceError(LakesongError):
    """A service failed after retries, refused, or answered what cannot be read.

    `status` is the HTTP status where there was one, `reason` the service's own word for the failure.
    """

    def __init__(self, message: str, next_step: str = "", *, status: int | None = None, reason: str = "") -> None:
        """Keep what the message was made from."""
        super().__init__(message, next_step)
        self.status = status
        self.reason = reason


class PassingError(SourceError):
    """A failure that may pass by itself, so that the call is repeated; `wait_s` is the wait that the service asked for.

    It leaves a client only after the last attempt.
    """

    wait_s: int | None = None


class AbsentError(SourceError):
    """The service does not have what was asked for (404)."""


class RefusedError(SourceError):
    """Asking again will not help (403): `reason` says which refusal it is, the message what to do."""

    reason: Refusal

    def __init__(self, message: str, next_step: str, reason: Refusal) -> None:
        """Keep which refusal it is."""
        super().__init__(message, next_step, status=403, reason=reason)


class QuotaError(PostponedError):
    """Too many requests (429), and the wait is longer than a run waits: ask again in `retry_after_s` seconds."""

    def __init__(self, service: str, wait_s: int | None) -> None:
        """`wait_s` is the wait that the service asked for; None where it does not say."""
        self.service = service.lower()
        self.wait_s = wait_s
        self.retry_after_s = UNKNOWN_WAIT_S if wait_s is None else wait_s
        minutes = self.retry_after_s // 60 + 1
        wait = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60 + 1} hours"
        super().__init__(f"{service} takes no more requests for now.", f"Try again in {wait}.")


class SignInError(NeedsUserError):
    """The listener has to sign in again: the token was refused, or has reached the end of its six months."""

    def __init__(self, user_id: str = "") -> None:
        """Name the listener where one is known."""
        who, option = (user_id, f" --user {user_id}") if user_id else ("you", "")
        super().__init__(f"Spotify asks {who} to sign in again: run `lakesong login{option}`.")
        self.user_id = user_id
