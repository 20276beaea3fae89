"""Is a play ever lost? Counts what polls of a simulated listener catch and miss, and what an export brings back.

A listener plays music for thirty days; the emulator offers it as Spotify does, on a bad but livable day. The real
collection polls by the emulator's clock, with outages, and the real build makes the tables: `.venv/bin/python
bench/losses.py --markdown docs/losses.md` writes the figures down.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
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
    shifted: int  # kept, with an end that is off by more than 5 s: stamped at the start, and not heard to the end
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


def observe(folder: Path, simulation: Simulation, minutes: int, outages: Sequence[Outage] = OUTAGES) -> Observed:
    """Poll a listener from before the first play until after the last, into a lake in the folder."""
    # A wait of a second asked for by a 429 is kept in real time: the clock of the emulator stands still meanwhile.
    faults = Faults.awkward()
    faults.rate_limit_seconds = 0
    begin = simulation.plays["ended_at"].min().floor("D").to_pydatetime()
    end = simulation.plays["ended_at"].max().to_pydatetime() + AFTERWARDS
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
    truth = observed.truth[observed.truth["is_listable"]].reset_index(drop=True)
    near, far = match(truth, kept)
    lost = truth.drop(index=[row for row, _ in near + far])
    in_gap = {number: _inside(lost, gap) for number, gap in enumerate(gaps.itertuples())}
    noticed = lost.index.isin([row for rows in in_gap.values() for row in rows])
    late = lost["listed_at"] - lost["ended_at"] > pd.Timedelta(seconds=1)
    delivered = set(zip(kept["stamped_id"], kept["stamped_at"], strict=True))
    last = observed.poll_seconds[-100:]
    return Losses(
        minutes=minutes,
        polls=len(observed.poll_seconds),
        failed_polls=observed.failed_polls,
        made=len(truth),
        offered=len(observed.offered),
        kept=len(near) + len(far),
        missing_of_offered=len(observed.offered - delivered),
        doubled=len(kept) - len(near) - len(far),
        lost=len(lost),
        lost_in_gaps=int(noticed.sum()),
        lost_late=int((late & ~noticed).sum()),
        lost_unnoticed=int((~late & ~noticed).sum()),
        gaps=len(gaps),
        empty_gaps=sum(not rows for rows in in_gap.values()),
        shifted=len(far),
        poll_ms=1000 * sum(observed.poll_seconds) / len(observed.poll_seconds),
        last_poll_ms=1000 * sum(last) / len(last),
    )


def restored(spark: SparkSession, observed: Observed, simulation: Simulation, folder: Path) -> Restored:
    """Import the export of the same listening, build, and compare `plays` with every true play of music, one by one."""
    export = folder / "export.zip"
    write_extended_export(simulation, export)
    import_history(spark, observed.lake, [export])
    _build(spark, observed)
    plays = observed.table("plays")
    # A play heard offline is timed by its start, in whole seconds, and what was heard: its end has a fraction.
    found = _identities(plays["track_id"], plays["played_at"].dt.ceil("s"), plays["ms_played"])
    made = _identities(observed.truth["track_id"], observed.truth["ended_at"], observed.truth["ms_played"])
    return Restored(
        made=made.total(),
        absent=(made - found).total(),
        surplus=(found - made).total(),
        open_gaps=int((~observed.table("coverage_gaps")["is_closed"]).sum()),
    )


def match(truth: pd.DataFrame, kept: pd.DataFrame) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs (row of truth, row of kept) of the same track, one to one, nearest ends first.

    The first list has ends within five seconds. The second is of the rest: an end anywhere from the true start to
    where a play of the whole track would have ended, as polls that stamp the start tell no more.
    """
    pairs = truth.reset_index().merge(kept.reset_index(), on="track_id", suffixes=("", "_kept"))
    pairs["distance"] = (pairs["played_at"] - pairs["ended_at"]).abs()
    start = pairs["ended_at"] - pd.to_timedelta(pairs["ms_played"], unit="ms")
    earliest, latest = start - NEAR, start + pd.to_timedelta(pairs["duration_ms"], unit="ms") + NEAR
    near = _one_to_one(pairs[pairs["distance"] <= NEAR])
    possible = pairs["played_at"].between(earliest, latest)
    taken = pairs["index"].isin([row for row, _ in near]) | pairs["index_kept"].isin([row for _, row in near])
    return near, _one_to_one(pairs[possible & ~taken])


def _one_to_one(pairs: pd.DataFrame) -> list[tuple[int, int]]:
    left: set[int] = set()
    right: set[int] = set()
    chosen = []
    ordered = pairs.sort_values(["distance", "index", "index_kept"], kind="stable")
    for one, other in zip(ordered["index"], ordered["index_kept"], strict=True):
        if one not in left and other not in right:
            left.add(one)
            right.add(other)
            chosen.append((one, other))
    return chosen


def _streamed(observed: Observed) -> pd.DataFrame:
    """`plays` before any import, each with its record's id and stamp as delivered; without files of the listener's own,
    which have no id and which the emulator lists besides what was streamed."""
    records = observed.table("listening_history_bronze")[["record_id", "track_id", "played_at"]]
    records = records.rename(columns={"record_id": "play_id", "track_id": "stamped_id", "played_at": "stamped_at"})
    plays = observed.table("plays")[["play_id", "track_id", "played_at"]]
    known = plays.merge(records, on="play_id", how="left")
    return known[known["stamped_id"].notna()].reset_index(drop=True)


def _inside(lost: pd.DataFrame, gap: object) -> list[int]:
    begin, end = gap.gap_start_at, gap.gap_end_at
    return list(lost.index[lost["ended_at"].between(begin, end)])


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
    token = Token(
        user_id, granted["access_token"], granted["refresh_token"], granted["scope"], expires, now, user_id
    )
    TokenStore(settings.token_file).put(token)
    return settings


def _nothing(line: str) -> None:
    """What a collection says is not shown here."""


if __name__ == "__main__":
    sys.exit(main())
