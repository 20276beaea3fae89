"""What the forms of the Settings page do."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from config.errors import InputError
from config.exclusions import read_exclusions
from config.exclusions_file import add_exclusion, remove_exclusion
from config.settings import Settings
from dashboard import jobs
from dashboard.access.entrance import entrance_of
from dashboard.access.forms import Form, then
from dashboard.access.passwords import hash_password, is_password
from dashboard.failures import NotAllowedError
from dashboard.rendering import render
from dashboard.site import Site
from ingestion.listeners import record_zone, register_listener
from playlists.consents import record_consent
from schemas.lake import Lake

router = APIRouter(include_in_schema=False)

NAME_LETTERS = 64


@router.post("/settings/zone")
def set_zone(request: Request, form: Form) -> Response:
    """Record where the listener lived from a day on."""
    visitor = entrance_of(request).person(request)
    record_zone(_lake(request), visitor.user_id, form.get("zone", ""), _day(form, "from"))
    return then("/settings?done=zone#zone")


@router.post("/settings/rules")
def add_rule(request: Request, form: Form) -> Response:
    """Add a rule that leaves plays out."""
    visitor = entrance_of(request).person(request)
    given: dict[str, Any] = {name: form[name] for name in ("name", "artist", "device", "playlist") if form.get(name)}
    if form.get("first_hour") and form.get("last_hour"):
        given["hours"] = f"{form['first_hour']}-{form['last_hour']}"
    for key, day in (("from", _day(form, "from")), ("to", _day(form, "to"))):
        if day:
            given[key] = day
    if len(entrance_of(request).listeners()) > 1:
        given["user"] = visitor.user_id
    add_exclusion(_settings(request).rules_folder, given)
    return then("/settings?done=rule#rules")


@router.post("/settings/rules/remove")
def remove_rule(request: Request, form: Form) -> Response:
    """Take a rule away: one's own, or any for who looks after the lake."""
    visitor = entrance_of(request).person(request)
    folder, name = _settings(request).rules_folder, form.get("name", "")
    rule = next((one for one in read_exclusions(folder) if one.name == name), None)
    if rule is not None and not visitor.is_admin and rule.user != visitor.user_id:
        raise NotAllowedError("This rule holds for others too.", "Ask who looks after the lake.")
    remove_exclusion(folder, name)
    return then("/settings?done=rule#rules")


@router.post("/settings/build")
def build(request: Request) -> Response:
    """Put changes into effect now."""
    visitor = entrance_of(request).person(request)
    jobs.start(_settings(request), ["build"], visitor.user_id)
    return then("/settings?done=build")


@router.get("/settings/job")
def show_job(request: Request) -> Response:
    """What the visitor's last job does: asked for again and again by the page while it runs."""
    visitor = entrance_of(request).person(request)
    mine = [one for one in jobs.jobs(_settings(request)) if one.user_id == visitor.user_id]
    body = render("settings/job.html", job=mine[0] if mine else None, address="/settings/job")
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/html")


@router.post("/settings/consent")
def set_consent(request: Request, form: Form) -> Response:
    """Agree to be compared with others who agreed, or not any more."""
    visitor = entrance_of(request).person(request)
    record_consent(_lake(request), visitor.user_id, is_given=form.get("agree") == "yes")
    return then("/settings?done=consent#consent")


@router.post("/settings/tokens")
def make_token(request: Request, form: Form) -> Response:
    """Make a token, and show it this once."""
    visitor = entrance_of(request).person(request)
    token = entrance_of(request).accounts.make_token(visitor.user_id, form.get("name", ""))
    body = render("settings/token.html", title="A new token", token=token, name=form.get("name", ""))
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/html")


@router.post("/settings/tokens/revoke")
def revoke_token(request: Request, form: Form) -> Response:
    """Let a token in no more."""
    visitor = entrance_of(request).person(request)
    token_id = form.get("token_id", "")
    if token_id.isascii() and token_id.isdigit() and len(token_id) < 16:
        entrance_of(request).accounts.revoke(visitor.user_id, int(token_id))
    return then("/settings?done=token#tokens")


@router.post("/settings/password")
def set_password(request: Request, form: Form) -> Response:
    """Change the password, or set the first one; other sessions end."""
    entrance = entrance_of(request)
    visitor = entrance.person(request)
    kept = entrance.accounts.account(visitor.user_id).password_hash
    if kept:
        entrance.attempts.count("", visitor.user_id)
        if not is_password(kept, form.get("old_password", "")):
            raise InputError("That is not the present password.", "Go back and write it again.")
    if form.get("password", "") != form.get("password_again", ""):
        raise InputError("The two new passwords differ.", "Go back and write the same twice.")
    response = then("/settings?done=password#sign-in")
    entrance.change_password(request, response, visitor, form.get("password", ""))
    return response


@router.post("/settings/listeners")
def add_listener(request: Request, form: Form) -> Response:
    """Add a listener, or give one who is there a new password."""
    entrance = entrance_of(request)
    visitor = entrance.admin(request)
    user_id = form.get("user", "")
    if not user_id or len(user_id) > NAME_LETTERS or not user_id.isprintable() or user_id.startswith("-"):
        raise InputError("A listener needs a name of at most 64 letters.", "Such as: anna.")
    if user_id == visitor.user_id:
        raise InputError("This is you.", "Change your password further up.")
    if visitor.how == "local" and not entrance.accounts.account(visitor.user_id).password_hash:
        raise InputError("From then on everybody signs in, you too.", "Set your own password first.")
    hashed = hash_password(form.get("password", ""))
    settings = _settings(request)
    if user_id not in entrance.listeners():
        register_listener(_lake(request), user_id, is_simulated=settings.is_emulated)
        entrance.listeners_changed()
    entrance.accounts.set_password(user_id, hashed)
    return then("/settings?done=listener#listeners")


@router.post("/settings/listeners/close")
def close_listener(request: Request, form: Form) -> Response:
    """Let a listener in no more."""
    entrance = entrance_of(request)
    visitor = entrance.admin(request)
    user_id = form.get("user", "")
    if user_id == visitor.user_id:
        raise InputError("You cannot shut yourself out.", "Another who looks after the lake can.")
    if user_id not in entrance.listeners():
        raise InputError(f"There is no listener {user_id}.", "Look at the list again.")
    entrance.accounts.close(user_id)
    return then("/settings?done=closed#listeners")


def _settings(request: Request) -> Settings:
    site: Site = request.app.state.site
    return site.settings


def _lake(request: Request) -> Lake:
    return Lake(_settings(request).lake_uri)


def _day(form: dict[str, str], name: str) -> date | None:
    text = form.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"'{text}' is no day.", "Write it like 2026-05-31.") from error
