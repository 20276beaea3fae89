"""What every answer and every request must obey, before any page is asked: hosts, origins, headers.

Hosts: names that do not belong to this machine are refused, so that a page elsewhere cannot reach it by a name of its
own (DNS rebinding). Origins: a request that changes something must come from this site, which browsers say in
`Sec-Fetch-Site` and `Origin` (https://cheatsheetseries.owasp.org, "Cross-Site Request Forgery Prevention",
Fetch Metadata); programs send neither, and no cookies. Headers: nothing is loaded from elsewhere, nothing runs that is
not a file of ours.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
TOKENS = ("bearer ", "token ")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """The outermost layer. hosts: names that this site answers to beside those of the machine itself."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] = frozenset()) -> None:
        """Wrap an application."""
        self._app = app
        self._hosts = LOCAL_HOSTS | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not come in, and put the headers on what goes out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    given.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], headers)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        name = _name_in(host)
        if name not in self._hosts:
            return PlainTextResponse(
                f"This dashboard does not answer to the name {name!r}. Add it to DASHBOARD_HOSTS.\n", status_code=421
            )
        if method in SAFE_METHODS or _is_of_this_site(headers, host):
            return None
        return PlainTextResponse("The request came from another site, and was refused.\n", status_code=403)


def _is_of_this_site(headers: Headers, host: str) -> bool:
    """Whether a request that changes something was sent by a page of this site, or by no browser."""
    if headers.get("authorization", "").lower().startswith(TOKENS):
        return True  # a page elsewhere cannot know a token, and no form of its can send this header
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:  # a program; but none shows cookies, and whatever hides where it comes from may be a page
        return "cookie" not in headers
    return origin.partition("://")[2] == host


def _name_in(host: str) -> str:
    """The name in a Host header; empty where there is none to be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
