"""JSON over HTTP: one session with a rate limit, repeated where a failure may pass, and every outcome with a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import stamina
from requests.adapters import HTTPAdapter
from requests_ratelimiter import LimiterAdapter

from clients.errors import (
    UNKNOWN_WAIT_S,
    AbsentError,
    PassingError,
    QuotaError,
    Refusal,
    RefusedError,
    SourceError,
)
from config.errors import InputError

ATTEMPTS = 6
NO_CONTENT = 204

T = TypeVar("T")
Params = Mapping[str, Any] | None
Headers = Mapping[str, str] | None
Check = Callable[[Any], None] | None

_REFUSALS: dict[Refusal, str] = {
    "premium": "The owner of the app needs Spotify Premium; after a change it can take some hours.",
    "unregistered": "Add this account under User Management of the app at developer.spotify.com/dashboard.",
    "scope": "Run `lakesong login` again and agree to all that is asked.",
    "forbidden": "It does not offer this to this app or account.",
}


class _Session(requests.Session):
    """A session that counts what it sends."""

    sent_count = 0

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.sent_count += 1
        return super().send(request, **options)


class Http:
    """A service that speaks JSON.

    - per_second: requests a second, as the average of a window of `window_s` seconds; 0 for no limit
    - longest_wait_s: a wait that the service asks for is kept up to this; beyond it the call ends with QuotaError
    - first_wait_s: the wait before the second attempt; it doubles each time
    - timeout_s: to connect, and again between two pieces of an answer

    Raises InputError when the address is none.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        per_second: float,
        window_s: float = 1.0,
        longest_wait_s: float = 60.0,
        first_wait_s: float = 1.0,
        timeout_s: float = 30.0,
        headers: Headers = None,
    ) -> None:
        """Make the session; nothing is sent yet."""
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"The address of {service} must be like https://host, not '{base_url}'.", "Mend it in .env."
            )
        self.service = service
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s
        self.session = _Session()
        self.session.headers.update(headers or {})
        self.session.hooks["response"] = [partial(check_json, service)]
        for scheme in ("http://", "https://"):
            # A 429 is read by `check_status`, not by the limiter.
            limited = LimiterAdapter(per_second=per_second, burst=window_s, limit_statuses=()) if per_second else None
            self.session.mount(scheme, limited or HTTPAdapter())
        self._longest_wait_s = longest_wait_s
        self._first_wait_s = first_wait_s

    @property
    def request_count(self) -> int:
        """Requests that were sent, repeats included, answered or not."""
        return self.session.sent_count

    def close(self) -> None:
        """Close the connections and end the rate limiter's thread; also done when this object is forgotten."""
        self.session.close()

    def get(self, path: str, params: Params = None, *, headers: Headers = None, check: Check = None) -> Any:
        """The JSON of an answer; None for a 204 alone. `check` may look at it and raise PassingError to ask again.

        Raises SourceError (RefusedError for 403, AbsentError for 404) or QuotaError.
        """
        return self.repeat(lambda: self._once("GET", path, check, params=params, headers=headers))

    def post(
        self, path: str, params: Params = None, *, data: Params = None, files: Params = None, headers: Headers = None,
        check: Check = None,
    ) -> Any:  # fmt: skip
        """As `get`, with a form in `data` or files. Repeated just the same: only for what may be asked twice."""
        return self.repeat(
            lambda: self._once("POST", path, check, params=params, data=data, files=files, headers=headers)
        )

    def get_bytes(self, url: str) -> bytes:
        """What stands at a full address, which may be of another host."""

        def once() -> bytes:
            hooks = {"response": partial(check_status, self.service)}
            return self.session.get(url, hooks=hooks, timeout=self.timeout_s, allow_redirects=False).content

        return self.repeat(once)

    def _once(self, method: str, path: str, check: Check, **options: Any) -> Any:
        reply = self.session.request(
            method, self.base_url + path, timeout=self.timeout_s, allow_redirects=False, **options
        )
        body = None if reply.status_code == NO_CONTENT else reply.json()
        if check:
            check(body)
        return body

    def repeat(self, call: Callable[[], T]) -> T:
        """The call's value: up to six attempts while it raises what may pass, with growing waits between them."""
        attempts = stamina.retry_context(
            self._wait_after,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=self._first_wait_s,
            wait_max=self._longest_wait_s,
            wait_jitter=self._first_wait_s / 2,
        )
        for attempt in attempts:
            with attempt:
                try:
                    return call()
                except requests.RequestException as error:
                    where = urlsplit(getattr(error.request, "url", None) or "").path
                    what = f"{self.service} could not be reached ({where or '/'}: {type(error).__name__})."
                    raise PassingError(what, "Try again later.") from error
        raise AssertionError("the last attempt returns or raises")

    def _wait_after(self, error: Exception) -> bool | float:
        """Seconds to wait before the call is repeated; True for the next of the growing waits, False for no repeat."""
        if not isinstance(error, PassingError | QuotaError):
            return False
        if error.wait_s is None or (isinstance(error, PassingError) and error.wait_s > self._longest_wait_s):
            return True
        return error.wait_s <= self._longest_wait_s and max(float(error.wait_s), self._first_wait_s)


def check_json(service: str, reply: requests.Response, **_: Any) -> None:
    """Raise for everything but a 204 and an answer of 2xx that holds JSON. A hook of `requests`.

    Being called before anyone reads the answer, it also stands in front of spotipy, which takes an answer that cannot
    be read, or a Retry-After that is no number, for an empty one (None).
    """
    check_status(service, reply)
    if reply.status_code == NO_CONTENT:
        return
    try:
        body = reply.json()
    except (ValueError, RecursionError):
        body = None
    if body is None:
        raise _failure(PassingError, service, reply, "answered what cannot be read")


def check_status(service: str, reply: requests.Response, **_: Any) -> None:
    """Raise for everything but 2xx. A hook of `requests`; a redirect is not followed either, since it ends here."""
    status = reply.status_code
    if 200 <= status < 300:
        return
    if status == 429:
        reason = _complaint(reply)[0]
        wait_s = _wait_of(reply)
        raise QuotaError(service, UNKNOWN_WAIT_S if wait_s is None and reason == "QUOTA_EXCEEDED" else wait_s)
    if status >= 500:
        error = _failure(PassingError, service, reply, "failed", "Try again later.")
        error.wait_s = _wait_of(reply)
        raise error
    if status == 403:
        refusal = _refusal(_complaint(reply)[1])
        message = f"{service} refuses {_where(reply)} (403)."
        raise RefusedError(message, _REFUSALS[refusal], refusal)
    raise _failure(AbsentError if status == 404 else SourceError, service, reply, "did not accept the request")


E = TypeVar("E", bound=SourceError)


def _failure(kind: type[E], service: str, reply: requests.Response, what: str, next_step: str = "") -> E:
    status, reason = reply.status_code, _complaint(reply)[0]
    return kind(f"{service} {what} ({_where(reply)}: {status}).", next_step, status=status, reason=reason)


def _where(reply: requests.Response) -> str:
    """Method and path; never the query, which may hold what is private."""
    return f"{reply.request.method} {urlsplit(reply.url).path}"


def _complaint(reply: requests.Response) -> tuple[str, str]:
    """The reason as a word, and the message, of an error body: `{"error": {…}}`, `{"error": "word"}` or plain text."""
    try:
        body = reply.json()
    except (ValueError, RecursionError):
        return "", reply.text[:1000]
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return str(error.get("reason") or ""), str(error.get("message") or "")
    return (error, "") if isinstance(error, str) else ("", "")


def _refusal(message: str) -> Refusal:
    """Which refusal a 403 is, told by its text: Spotify sends them as JSON, as plain text, or without a word."""
    text = message.lower()
    if "premium" in text:
        return "premium"
    if "not registered" in text:
        return "unregistered"
    return "scope" if "scope" in text else "forbidden"


def _wait_of(reply: requests.Response) -> int | None:
    """Retry-After in whole seconds. Empty, negative, decimal and other text say nothing: None."""
    stated = reply.headers.get("Retry-After", "").strip()
    return int(stated) if re.fullmatch(r"[0-9]{1,7}", stated) else None
