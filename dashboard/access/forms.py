"""Forms that visitors send, and where they are led afterwards."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request
from starlette.responses import RedirectResponse

from config.errors import InputError

MOST_BYTES = 64_000  # of a form; files have an address of their own


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, without blanks around them but for passwords. Raises InputError for one too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise InputError("That is more than a form of ours holds.", "Send less.")
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value if "password" in name else value.strip() for name, value in fields}


Form = Annotated[dict[str, str], Depends(form_of)]


def inside(path: str | None, otherwise: str = "/") -> str:
    """A path of this site, as `next` may name it; else another one. What could lead to another host is none."""
    text = path or ""
    is_plain = text.startswith("/") and text.isprintable() and "\\" not in text and not text.startswith("//")
    if not is_plain or len(text) > 2000:
        return otherwise
    parts = urlsplit(text)
    return otherwise if parts.scheme or parts.netloc else text


def then(path: str) -> RedirectResponse:
    """To a page, after something was changed."""
    return RedirectResponse(path, status_code=303)
