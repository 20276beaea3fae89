"""`lakesong password`: who may sign in at the dashboard, set on the machine itself."""

from __future__ import annotations

import sys
from getpass import getpass

from config.errors import InputError
from config.settings import Settings
from dashboard.access.accounts import Accounts
from dashboard.access.passwords import hash_password
from serving.making import listener_ids
from terminal.screen import out


def set_password(settings: Settings, user_id: str, *, is_admin: bool | None) -> None:
    """Ask for a password twice (or read one line where nobody types), and keep it. The first one looks after the lake.

    Raises InputError for an unknown listener, and for a password that is too short.
    """
    there = listener_ids(settings)
    if there and user_id not in there:
        raise InputError(f"There is no listener {user_id}.", f"There are: {', '.join(there)}.")
    hashed = hash_password(_asked())
    accounts = Accounts(settings.state_dir)
    has_admin = any(one.is_admin for one in accounts.accounts().values())
    accounts.set_password(user_id, hashed, is_admin=True if is_admin is None and not has_admin else is_admin)
    role = ", and looks after the lake" if accounts.account(user_id).is_admin else ""
    out.print(f"{user_id} can sign in with it{role}. Sessions begun before have ended.", markup=False)


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("New password: ")
    if getpass("Once more: ") != password:
        raise InputError("The two differ.", "Run it again.")
    return password
