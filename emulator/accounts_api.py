"""https://accounts.spotify.com as the emulator plays it: consent page, redirects, token endpoint.

https://developer.spotify.com/documentation/web-api/tutorials/code-flow and .../code-pkce-flow
"""

from __future__ import annotations

import base64
import binascii
import html
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from emulator.accounts import TokenError, redirect_fault
from emulator.replies import HTML
from emulator.world import TheWorld, World

router = APIRouter(prefix="/accounts")


@router.get("/authorize")
async def authorize(request: Request, world: TheWorld) -> Response:
    """The consent page: a link for each emulated listener, and one to cancel."""
    fault = _authorize_fault(request, world)
    if fault:
        return _page("Error", f"<p>{html.escape(fault)}</p>", 400)
    links = [
        f'<li><a href="authorize/allow?{_query(request, user=user_id)}">Sign in as {html.escape(user_id)}</a></li>'
        for user_id in world.listeners
    ]
    scopes = html.escape(request.query_params.get("scope", "") or "nothing but public data")
    cancel = f'<p><a href="authorize/deny?{_query(request)}">Cancel</a></p>'
    return _page("Emulated sign-in", f"<p>Asks for: {scopes}</p><ul>{''.join(links)}</ul>{cancel}")


@router.get("/authorize/allow")
async def allow(request: Request, world: TheWorld, user: str = "") -> Response:
    """The listener agrees: back to the application with a code."""
    fault = _authorize_fault(request, world)
    if fault or user not in world.listeners:
        return _page("Error", f"<p>{html.escape(fault or 'there is no such listener')}</p>", 400)
    asked = request.query_params
    code = world.accounts.code(user, asked.get("scope", ""), asked["redirect_uri"], asked.get("code_challenge"))
    return _redirect(request, code=code)


@router.get("/authorize/deny")
async def deny(request: Request, world: TheWorld) -> Response:
    """The listener cancels."""
    fault = _authorize_fault(request, world)
    return _page("Error", f"<p>{html.escape(fault)}</p>", 400) if fault else _redirect(request, error="access_denied")


@router.post("/api/token")
async def token(request: Request, world: TheWorld) -> Response:
    """Tokens for a code or a refresh token; the application says who it is by Basic authorization or client_id."""
    if world.faults.token_endpoint_down:
        return HTMLResponse(HTML, 503)
    async with request.form() as fields:
        form = {name: str(value) for name, value in fields.items()}
    try:
        return JSONResponse(_tokens(request, form, world), headers={"Cache-Control": "no-store"})
    except TokenError as error:
        return JSONResponse({"error": error.error, "error_description": error.description}, 400)


def _tokens(request: Request, form: dict[str, str], world: World) -> dict[str, Any]:
    has_secret = _check_client(request, form, world)
    kind = form.get("grant_type", "")
    if kind == "authorization_code":
        code, redirect_uri = form.get("code", ""), form.get("redirect_uri", "")
        return world.accounts.exchange(code, redirect_uri, form.get("code_verifier", ""), has_secret=has_secret)
    if kind == "refresh_token":
        return world.accounts.refresh(form.get("refresh_token", ""))
    raise TokenError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")


def _check_client(request: Request, form: dict[str, str], world: World) -> bool:
    """Whether the application showed its secret. Raises TokenError for another application or a wrong secret."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise TokenError("invalid_client", "Invalid client") from error
    else:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if client_id != world.accounts.client_id:
        raise TokenError("invalid_client", "Invalid client")
    if secret and secret != world.accounts.client_secret:
        raise TokenError("invalid_client", "Invalid client secret")
    return bool(secret)


def _authorize_fault(request: Request, world: World) -> str | None:
    """Why the sign-in cannot begin: these are shown to the person, never sent to the application."""
    asked = request.query_params
    if asked.get("client_id") != world.accounts.client_id:
        return "INVALID_CLIENT: Invalid client"
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
        return "code_challenge_method must be S256"
    return redirect_fault(asked.get("redirect_uri", ""), world.redirect_uris)


def _redirect(request: Request, **answer: str) -> Response:
    asked = request.query_params
    if "state" in asked:
        answer["state"] = asked["state"]
    separator = "&" if "?" in asked["redirect_uri"] else "?"
    return RedirectResponse(f"{asked['redirect_uri']}{separator}{urlencode(answer)}", 302)


def _query(request: Request, **more: str) -> str:
    return html.escape(urlencode({**request.query_params, **more}))


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(f"<!DOCTYPE html><title>{title}</title><h1>{title}</h1>{body}", status)
