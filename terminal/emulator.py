"""`lakesong emulator`: the local stand-in for Spotify, ReccoBeats and Deezer, in the foreground."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.errors import InputError
from terminal.screen import out, working
from terminal.stopping import told_to_stop

LISTENERS = ("demo", "guest")
DAYS_AHEAD = 30


def run_emulator(
    *, port: int, days: int, seed: int, plays_per_day: float, faults: list[str], speed: float, replies: Path | None
) -> None:
    """Serve two simulated listeners, with `days` behind them and as many as can pass ahead, until Ctrl-C or SIGTERM.

    faults are words for `Faults.parse`: `awkward`, `token_endpoint_down`, `late_plays=0.3`. speed is in seconds of the
    emulator's clock a real second. Raises InputError for an unknown fault, a reply file that is none, a taken port.
    """
    from emulator.clock import Clock
    from emulator.faults import Faults
    from emulator.server import Emulator
    from emulator.simulator import simulate

    if speed <= 0:
        raise InputError(f"A clock at speed {speed} stands still:", "give --speed a number above 0.")
    if replies is not None and not replies.is_dir():
        raise InputError(f"{replies} is no folder:", "give --replies the folder of the recorded replies.")
    ahead = min(365, round(DAYS_AHEAD * max(1.0, speed)))
    last = (datetime.now(UTC) + timedelta(days=ahead)).date()
    with working("simulating listeners"):
        simulations = [
            simulate(seed=seed + number, days=days + ahead, end=last, plays_per_day=plays_per_day, user_id=name)
            for number, name in enumerate(LISTENERS)
        ]
    try:
        emulator = Emulator(
            simulations, clock=Clock(speed=speed), faults=Faults.parse(faults), port=port, seed=seed, replies=replies
        )
        with told_to_stop() as stopped, emulator:
            _announce(emulator.url, emulator.settings(), last.isoformat())
            stopped.wait()
    except ValueError as error:
        raise InputError(f"The emulator cannot start: {error}.", "Mend the option and run it again.") from error
    except OSError as error:
        raise InputError(
            f"Port {port} of this machine is taken or not allowed ({error.strerror}):", "choose another with --port."
        ) from error
    out.print("The emulator has stopped.")


def _announce(url: str, settings: dict[str, str], last_day: str) -> None:
    out.print(f"The emulator answers at {url}. Put this into .env, or into the shell's environment:\n")
    for name, value in settings.items():
        out.print(f"{name}={value}", markup=False)
    out.print(
        f"""
Then sign in with `lakesong login` as {" or ".join(LISTENERS)}. Plays arrive by its clock until {last_day}.
It can be moved and made to fail while it runs:
  curl -X POST {url}/emulator/clock -H 'Content-Type: application/json' -d '{{"advance_seconds": 3600}}'
  curl -X PUT {url}/emulator/faults -H 'Content-Type: application/json' -d '{{"server_errors": 0.1}}'
  curl {url}/emulator/state
Ctrl-C stops it.""",
        markup=False,
    )
