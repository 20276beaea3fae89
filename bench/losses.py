"""Is a play ever lost? Counts what polls of a simulated listener catch and miss, and what an export brings back.

A listener plays music for thirty days; the emulator offers it as Spotify does, on a bad but livable day. The real
collection polls by the emulator's clock, with outages, and the real build makes the tables: `.venv/bin/python
bench/losses.py --markdown docs/losses.md` writes the figures down.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import structlog
from pydantic import SecretStr

PROJECT = Path(__file__).parent.parent
sys.path.insert(0, str(PROJECT))  # The project's modules, when this file is run as a script.

from clients.tokens import Token, TokenStore  # noqa: E402
from config.settings import Settings  # noqa: E402
from emulator.clock import Clock  # noqa: E402
from emulator.export_files import write_extended_export  # noqa: E402
from emulator.faults import Faults  # noqa: E402
from emulator.server import Emulator  # noqa: E402
from emulator.simulator import Simulation, simulate  # noqa: E402
from engine.session import open_session  # noqa: E402
from ingestion.collection import Collection  # noqa: E402
from ingestion.history import import_history  # noqa: E402
from ingestion.maintenance import maintain  # noqa: E402
from pipeline import build, table_named  # noqa: E402
from schemas.lake import Lake  # noqa: E402

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS, PLAYS_PER_DAY = 30, 120.0
INTERVALS = (20, 60, 360)  # minutes
TABLES = ("plays", "coverage_gaps", "coverage")

NEAR = pd.Timedelta(seconds=5)
AFTERWARDS = timedelta(hours=12)  # polls go on after the last play: offline plays are uploaded hours later


@dataclass(frozen=True)
class Outage:
    """A time without a good poll: the computer is off, or Spotify answers every request with an error."""

    begins_h: float  # hours after the first poll
    lasts_h: float
    is_spotify: bool = False

    def covers(self, hours: float) -> bool:
        """Whether a poll so many hours after the first one meets it."""
        return self.begins_h <= hours < self.begins_h + self.lasts_h


# Short ones that cost nothing at 20 minutes, and long ones that must cost plays: two of 12 hours and a day and a half.
OUTAGES = (
    Outage(2 * 24 + 9, 1.5),
    Outage(5 * 24 + 17, 1.0, is_spotify=True),
    Outage(9 * 24 + 8, 12.0),
    Outage(13 * 24 + 10, 2.0, is_spotify=True),
    Outage(17 * 24 + 7, 36.0),
    Outage(23 * 24 + 20, 10.0),
    Outage(26 * 24 + 9, 12.0),
)


@dataclass(frozen=True)
class Observed:
    """A lake that polls have filled, and what was to be had: true plays by now, and what was offered."""

    settings: Settings
    truth: pd.DataFrame
    offered: set[tuple[str, datetime]]
    poll_seconds: list[float]
    failed_polls: int

    @property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.settings.lake_uri)

    def table(self, name: str) -> pd.DataFrame:
        """A table as it stands."""
        return self.lake.open(table_named(name)).to_pyarrow_table().to_pandas()


@dataclass(frozen=True)
class Losses:
    """What came of polling at one interval. Plays are counted among those that Spotify would list."""

    minutes: int
    polls: int
    failed_polls: int
    never_listed: int  # heard offline and uploaded behind 50 newer plays: no poll can see them; not among those made
    made: int
    offered: int
    kept: int
    missing_of_offered: int  # offered, and not in plays
    doubled: int  # rows of plays that are no play of their own
    lost: int  # made, and not in plays
    lost_in_gaps: int
    lost_late: int  # listed so late that no poll after that reached back to them, outside gaps
    lost_unnoticed: int  # neither
    gaps: int
    empty_gaps: int  # without a lost play
    shifted: int  # kept, with an end that is off by more than 5 s
    poll_ms: float
    last_poll_ms: float

    @property
    def holds(self) -> bool:
        """Whether what must never happen did not."""
        return not (self.missing_of_offered or self.doubled or self.lost_unnoticed)


@dataclass(frozen=True)
class Restored:
    """What the import of the export made of it: plays of the truth and of the table that have no counterpart."""

    made: int
    absent: int
    surplus: int
    open_gaps: int

    @property
    def is_exact(self) -> bool:
        """Whether `plays` is the truth, and every gap is closed."""
        return not (self.absent or self.surplus or self.open_gaps)


def observe(
    folder: Path,
    simulation: Simulation,
    minutes: int,
    outages: Sequence[Outage] = OUTAGES,
    afterwards: timedelta = AFTERWARDS,
) -> Observed:
    """Poll a listener from before the first play until after the last, into a lake in the folder."""
    # A wait of a second asked for by a 429 is kept in real time: the clock of the emulator stands still meanwhile.
    faults = Faults.awkward()
    faults.rate_limit_seconds = 0
    begin = simulation.plays["ended_at"].min().floor("D").to_pydatetime()
    end = simulation.plays["ended_at"].max().to_pydatetime() + afterwards
    clock, seconds, failed = Clock(begin), [], 0
    with Emulator(simulation, clock=clock, faults=faults) as emulator:
        settings = _signed_in(emulator, folder, simulation.user_id)
        for number in range(int((end - begin) / timedelta(minutes=minutes)) + 1):
            hours = number * minutes / 60
            met = next((outage for outage in outages if outage.covers(hours)), None)
            if met and not met.is_spotify:
                continue
            clock.set(begin + timedelta(hours=hours))
            faults.server_errors = 1.0 if met else Faults.awkward().server_errors
            started = time.perf_counter()
            collected = Collection(settings, _nothing, clock=clock.now).run(sources=("recently_played",))
            seconds.append(time.perf_counter() - started)
            failed += collected.exit_code != 0
            if len(seconds) % (24 * 60 // minutes) == 0:
                maintain(Lake(settings.lake_uri))  # as the scheduler does each night
        return Observed(
            settings,
            emulator.play_truth(simulation.user_id),
            emulator.offered(simulation.user_id),
            seconds,
            failed,
        )


def losses(spark: SparkSession, observed: Observed, minutes: int) -> Losses:
    """Build the tables and hold them against what was made and what was offered."""
    _build(spark, observed)
    kept, gaps = _streamed(observed), observed.table("coverage_gaps")
    # What was before the oldest play that the first poll showed is not known, and nobody's loss.
    is_known = observed.truth["ended_at"] >= kept["stamped_at"].min().floor("s")
    listable = observed.truth[observed.truth["is_listable"] & is_known]
    truth = listable[listable["listed_at"].notna()]
    found = truth.merge(kept, on=["track_id", "stamped_at"], how="left", indicator=True)
    lost = found[found["_merge"] == "left_only"]
    in_gap = [lost.index[lost["ended_at"].between(gap.gap_start_at, gap.gap_end_at)] for gap in gaps.itertuples()]
    noticed = lost.index.isin([row for rows in in_gap for row in rows])
    late = lost["listed_at"] - lost["ended_at"] > pd.Timedelta(seconds=1)
    last = observed.poll_seconds[-100:]
    return Losses(
        minutes=minutes,
        polls=len(observed.poll_seconds),
        failed_polls=observed.failed_polls,
        never_listed=len(listable) - len(truth),
        made=len(truth),
        offered=len(observed.offered),
        kept=len(truth) - len(lost),
        missing_of_offered=len(observed.offered - set(zip(kept["track_id"], kept["stamped_at"], strict=True))),
        doubled=len(kept) - (len(truth) - len(lost)),
        lost=len(lost),
        lost_in_gaps=int(noticed.sum()),
        lost_late=int((late & ~noticed).sum()),
        lost_unnoticed=int((~late & ~noticed).sum()),
        gaps=len(gaps),
        empty_gaps=sum(rows.empty for rows in in_gap),
        shifted=int(((found["played_at"] - found["ended_at"]).abs() > NEAR).sum()),
        poll_ms=1000 * sum(observed.poll_seconds) / len(observed.poll_seconds),
        last_poll_ms=1000 * sum(last) / len(last),
    )


def restored(spark: SparkSession, observed: Observed, simulation: Simulation, folder: Path) -> Restored:
    """Import the export of the same listening, build, and compare `plays` with every true play of music, one by one."""
    export = folder / "export.zip"
    write_extended_export(simulation, export)
    import_history(spark, observed.lake, [export])
    _build(spark, observed)
    plays = observed.table("plays").dropna(subset="track_id")  # files of the listener's own are in no export
    # A play heard offline is timed by its start, in whole seconds, and what was heard: its end has a fraction.
    found = _identities(plays["track_id"], plays["played_at"].dt.ceil("s"), plays["listened_ms"])
    made = _identities(observed.truth["track_id"], observed.truth["ended_at"], observed.truth["ms_played"])
    return Restored(
        made=made.total(),
        absent=(made - found).total(),
        surplus=(found - made).total(),
        open_gaps=int((~observed.table("coverage_gaps")["is_closed"]).sum()),
    )


def _streamed(observed: Observed) -> pd.DataFrame:
    """`plays` before any import: track_id and stamped_at of its record as delivered, and played_at as corrected.

    Files of the listener's own are left out: the emulator lists them, without an id, besides what was streamed.
    """
    records = observed.table("listening_history_bronze")[["record_id", "track_id", "played_at"]]
    records = records.rename(columns={"record_id": "play_id", "played_at": "stamped_at"})
    plays = observed.table("plays")[["play_id", "played_at"]]
    return plays.merge(records, on="play_id", how="left").dropna(subset="track_id").reset_index(drop=True)


def _identities(track_ids: Iterable[str], ends: pd.Series, heard: pd.Series) -> Counter[tuple[object, ...]]:
    return Counter(zip(track_ids, ends.dt.as_unit("s"), heard, strict=True))


def _build(spark: SparkSession, observed: Observed) -> None:
    day = observed.truth["ended_at"].max().date() + timedelta(days=1)
    build(spark, observed.settings, as_of=day, names=TABLES)


def _signed_in(emulator: Emulator, folder: Path, user_id: str) -> Settings:
    """Settings that lead to the emulator, where the listener has signed in."""
    addresses = {name.lower(): value for name, value in emulator.settings().items()}
    secret = SecretStr(addresses.pop("client_secret"))
    settings = Settings(
        _env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state", client_secret=secret, **addresses
    )
    granted, now = emulator.grant(user_id), emulator.clock.now()
    expires = now + timedelta(seconds=granted["expires_in"])
    token = Token(user_id, granted["access_token"], granted["refresh_token"], granted["scope"], expires, now, user_id)
    TokenStore(settings.token_file).put(token)
    return settings


def _nothing(line: str) -> None:
    """What a collection says is not shown here."""


def main() -> int:
    """Measure at each interval, print, and write what was asked for; 1 if a play was lost that must not be."""
    options = _options()
    # Each request that is repeated would be a line, and there are hundreds.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    simulation = simulate(seed=1, days=options.days, plays_per_day=PLAYS_PER_DAY)
    found: list[Losses] = []
    with tempfile.TemporaryDirectory(prefix="lakesong-losses-") as name:
        root = Path(name)
        settings = Settings(_env_file=None, state_dir=root / "state")
        for minutes in options.minutes:
            print(f"polling every {minutes} minutes for {options.days} days", file=sys.stderr, flush=True)
            observed = observe(root / str(minutes), simulation, minutes)
            with open_session(
                settings
            ) as spark:  # afterwards: a session that waits for minutes is closed by the engine
                found.append(losses(spark, observed, minutes))
                if minutes == options.minutes[-1]:
                    exact = restored(spark, observed, simulation, root)
    lines = _report(found, exact)
    print("\n".join(lines))
    if options.json:
        figures = {"intervals": [asdict(one) for one in found], "after_the_import": asdict(exact)}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text("\n".join([*_explanation(options.days), *lines, ""]), encoding="utf-8")
    return int(not (exact.is_exact and all(one.holds for one in found)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="days of listening")
    parser.add_argument("--minutes", type=int, nargs="+", default=INTERVALS, help="intervals of the polls")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report as Markdown, too")
    return parser.parse_args()


ROWS: dict[str, str] = {
    "polls": "polls",
    "failed_polls": "of these failed, all attempts included",
    "never_listed": "plays uploaded too late to be listed at all",
    "made": "other plays made that Spotify lists",
    "offered": "plays that the API ever offered",
    "kept": "plays in `plays`",
    "missing_of_offered": "**offered, and missing in `plays`**",
    "doubled": "**doubled in `plays`**",
    "lost": "made, and lost",
    "lost_in_gaps": "lost inside a suspected gap",
    "lost_late": "lost outside, because they were listed too late",
    "lost_unnoticed": "**lost without a trace**",
    "gaps": "suspected gaps",
    "empty_gaps": "suspected gaps in which nothing was lost",
    "shifted": "kept with an end that is off by more than 5 s",
}


def _report(found: Sequence[Losses], exact: Restored) -> list[str]:
    """A Markdown table, a column an interval, and what the export brought back."""
    rows = [["polls every", *(f"{one.minutes} min" for one in found)]]
    rows += [[label, *(f"{getattr(one, name):,}" for one in found)] for name, label in ROWS.items()]
    rows.append(["time of a poll", *(f"{one.poll_ms:.0f} ms" for one in found)])
    rows.append(["time of each of the last hundred", *(f"{one.last_poll_ms:.0f} ms" for one in found)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [
        lines[0],
        ruler,
        *lines[1:],
        "",
        f"After the import of the export into the lake polled every {found[-1].minutes} minutes, `plays` has "
        f"{exact.made - exact.absent:,} of the {exact.made:,} plays of music that were made, counted or not, each with "
        f"its track, its end and the time heard; {exact.surplus} besides; {exact.open_gaps} suspected gaps are open.",
    ]


def _explanation(days: int) -> list[str]:
    return EXPLANATION.format(days=days, plays=PLAYS_PER_DAY, outages=len(OUTAGES)).splitlines()


EXPLANATION = """\
# Is a play ever lost?

Written by `.venv/bin/python bench/losses.py --markdown docs/losses.md`.

Spotify lists the last 50 plays, and no more. Fifty songs are about three hours of music, so whoever asks every six
hours alone sees the second half of a long evening and never the first: what has left the list before it was asked for
cannot be asked for any more. Asking every 20 minutes has room for 50 plays where six or seven fit, and so loses nothing
as long as the computer is on and Spotify answers.

Lakesong therefore asks every 20 minutes (`POLL_MINUTES`), and reads the whole list each time, since plays arrive late
and out of order. Where a list of 50 has nothing in common with those before it, plays may have been lost between them:
that is a **suspected gap**, in the table `coverage_gaps`, and the hours are marked in `coverage`. Only your export
brings such plays back (spotify.com/account/privacy); importing it closes the gaps that it spans.

Measured here: a simulated listener of {days} days and about {plays:.0f} plays a day, offered by the emulator on a bad
but livable day (429 and 5xx answers, broken bodies, plays listed up to 40 minutes late, out of order, twice, or stamped
at their start; plays heard offline are listed hours later) with {outages} outages between one and 36 hours. The
client and the tables are the real ones; the clock is moved.

What must be 0 is in bold. A play that was heard offline and is uploaded behind 50 newer ones is never on the list: no
poll can see it, and it is left out of the counts. Else a play can be lost outside a gap in one way: it was listed late,
after one poll, and had left the list before the next, which still reached back to what was known. That takes hours
between two polls, or an outage, and is counted apart. An end is off where Spotify stamped the start of a play that was
not heard to its end: how long it was heard is in the export alone.

"""


if __name__ == "__main__":
    sys.exit(main())
