"""Settings: what a listener may say about themselves, their rules, and who may come in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any
from zoneinfo import available_timezones

from config.errors import InputError
from config.exclusions import Exclusion, read_exclusions
from config.settings import with_spotify_app
from dashboard import jobs
from dashboard.access.accounts import Account, Accounts
from dashboard.access.passwords import LEAST
from dashboard.parts import Fragment, Notice, Part
from dashboard.view import View, address, page
from ingestion.listeners import ALWAYS, read_listeners
from ingestion.spotify_sign_in import sign_ins
from playlists.consents import consenting
from schemas.lake import Lake

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DONE = {
    "zone": "The time zone is recorded. Hours and days change with the next build.",
    "rule": "The rules are changed. What they leave out changes with the next build.",
    "build": "A build has begun.",
    "consent": "Your choice is recorded.",
    "token": "The token is revoked.",
    "password": "The password is set. Other sessions of yours have ended.",
    "listener": "The listener can sign in now. Tell them the password, and to change it.",
    "closed": "The listener cannot sign in any more. Their plays stay: `lakesong forget` removes them.",
}
BUILDS = ("zone", "rule")


@page("/settings", "Settings", group="Yours", place=9, has_range=False, is_live=True)
def settings(view: View) -> Iterator[Part]:
    """Where you lived, what does not count, how music arrives, and who may come in."""
    done = view.parameters.get("done", "")
    if done in DONE:
        yield Notice("done", text=DONE[done])
    yield from _jobs(view, done)
    rows = read_listeners(Lake(view.settings.lake_uri))
    accounts = Accounts(view.settings.state_dir)
    yield _spotify(view)
    yield Fragment("appearance", "Light and dark", file="settings/appearance.html", width="half")
    yield _zone(view, rows)
    yield _ranges(view, accounts)
    yield _rules(view)
    if len({row["user_id"] for row in rows}) > 1:
        yield _consent(view)
    yield _tokens(view, accounts)
    yield _sign_in(view, accounts)
    if view.visitor.is_admin:
        yield _listeners(rows, accounts, view)
    yield Fragment("version", file="settings/version.html", data={"version": _version()})


def _jobs(view: View, done: str) -> Iterator[Part]:
    """The visitor's running job, or the offer to build after a change that needs it."""
    mine = [one for one in jobs.jobs(view.settings) if one.user_id == view.visitor.user_id]
    job = mine[0] if mine and (mine[0].is_running or done == "build") else None
    if job or done in BUILDS:
        data = {"job": job, "offers": done in BUILDS and not job, "address": "/settings/job"}
        yield Fragment("work", "Bringing it into effect", file="settings/work.html", data=data)


def _spotify(view: View) -> Part:
    found = with_spotify_app(view.settings)
    mine = next((one for one in sign_ins(found) if one["user_id"] == view.visitor.user_id), None)
    is_apart = view.store.is_simulated and not view.settings.is_emulated
    data = {"sign_in": mine, "has_app": bool(found.client_id), "is_apart": is_apart}
    return Fragment("spotify", "Spotify", file="settings/spotify.html", data=data, width="half")


def _zone(view: View, rows: list[dict[str, Any]]) -> Part:
    mine = sorted((row for row in rows if row["user_id"] == view.visitor.user_id), key=lambda row: row["valid_from"])
    lived = [
        {"zone": row["time_zone"] or f"{view.settings.timezone} (the setting TIMEZONE)", "since": _since(row)}
        for row in mine
    ]
    data = {"lived": lived, "zones": _zones()}
    return Fragment("zone", "Time zone", file="settings/zone.html", data=data, width="half")


def _since(row: dict[str, Any]) -> str:
    return "always" if row["valid_from"] == ALWAYS else f"{row['valid_from']:%Y-%m-%d %H:%M} UTC"


@cache
def _version() -> str:
    return version("lakesong")


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")))


def _rules(view: View) -> Part:
    counted = {
        row["excluded_by"]: row
        for row in view.rows(
            "SELECT excluded_by, count(*) AS plays, sum(listened_ms)::BIGINT AS listened_ms "
            "FROM listening_with_features WHERE excluded_by IS NOT NULL GROUP BY 1"
        )
    }
    problem, rules = "", []
    try:
        found = read_exclusions(view.settings.rules_folder)
        visible = [rule for rule in found if rule.user in (None, view.visitor.user_id)]
        rules = [
            {
                "name": rule.name,
                "what": in_words(rule),
                "plays": counted.get(rule.name, {}).get("plays", 0),
                "listened_ms": counted.get(rule.name, {}).get("listened_ms", 0),
                "can_go": view.visitor.is_admin or rule.user == view.visitor.user_id,
            }
            for rule in visible
        ]
    except InputError as error:
        problem = str(error)
    data = {"rules": rules, "problem": problem, "has_folder": view.settings.rules_folder is not None}
    return Fragment("rules", "What does not count", file="settings/rules.html", data=data)


def in_words(rule: Exclusion) -> str:
    """What a rule leaves out, as a sentence says it."""
    said = []
    if rule.artist:
        said.append(f"by {rule.artist}")
    if rule.device:
        said.append(f"on a device called {rule.device}")
    if rule.playlist:
        said.append(f"from the playlist {rule.playlist}")
    if rule.hours:
        said.append(f"between {rule.hours[0]:02d}:00 and {rule.hours[1]:02d}:59")
    if rule.days:
        said.append("on " + ", ".join(DAYS[day - 1] for day in rule.days))
    if rule.loop_hours:
        said.append(f"of one recording for longer than {rule.loop_hours:g} hours")
    if rule.first_date:
        said.append(f"from {rule.first_date}")
    if rule.last_date:
        said.append(f"until {rule.last_date}")
    return "Plays " + ", ".join(said)


def _ranges(view: View, accounts: Accounts) -> Part:
    saved = [(one.name, address("/top", {}) + "?" + one.query) for one in accounts.ranges(view.visitor.user_id)]
    return Fragment("ranges", "Saved ranges", file="settings/saved.html", data={"saved": saved}, width="half")


def _consent(view: View) -> Part:
    is_given = view.visitor.user_id in consenting(Lake(view.settings.lake_uri))
    data = {"is_given": is_given}
    return Fragment("consent", "Being compared", file="settings/consent.html", data=data)


def _tokens(view: View, accounts: Accounts) -> Part:
    data = {"tokens": accounts.tokens(view.visitor.user_id)}
    return Fragment("tokens", "Tokens for programs", file="settings/tokens.html", data=data)


def _sign_in(view: View, accounts: Accounts) -> Part:
    has_password = bool(accounts.account(view.visitor.user_id).password_hash)
    data = {"has_password": has_password, "least": LEAST, "how": view.visitor.how, "user_id": view.visitor.user_id}
    return Fragment("sign-in", "Signing in", file="settings/sign_in.html", data=data)


def _listeners(rows: list[dict[str, Any]], accounts: Accounts, view: View) -> Part:
    known, agreed = accounts.accounts(), consenting(Lake(view.settings.lake_uri))
    connected = {one["user_id"]: one for one in sign_ins(view.settings)}
    simulated = {row["user_id"]: row["is_simulated"] for row in rows}
    listed = [
        {
            "user_id": user,
            "roles": _roles(user == view.visitor.user_id, known.get(user), is_simulated),
            "account": known.get(user),
            "spotify": connected.get(user),
            "has_agreed": user in agreed,
            "is_me": user == view.visitor.user_id,
        }
        for user, is_simulated in sorted(simulated.items())
    ]
    return Fragment("listeners", "Listeners", file="settings/listeners.html", data={"listed": listed, "least": LEAST})


def _roles(is_me: bool, account: Account | None, is_simulated: bool) -> list[str]:
    admin = account is not None and account.is_admin
    said = {"you": is_me, "looks after the lake": admin, "simulated": is_simulated}
    return [word for word, holds in said.items() if holds]
