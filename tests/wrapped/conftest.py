"""A lake written by hand, without an engine: a few plays, and the tables that a Wrapped reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from config.settings import Settings
from emulator.catalogue import AWKWARD_ARTISTS, AWKWARD_TITLES
from pipeline import table_named
from schemas.lake import Lake
from wrapped.archive import READ, Source, opened
from writers.creation import ensure_table
from writers.records import append_rows, arrow_rows, arrow_schema

Row = dict[str, Any]
DAY = timedelta(days=1)
FILLER = {
    "STRING": "x",
    "INT": 0,
    "BIGINT": 0,
    "DOUBLE": 0.0,
    "BOOLEAN": False,
    "TIMESTAMP": datetime(2024, 1, 1, tzinfo=UTC),
    "DATE": date(2024, 1, 1),
}
MINUTE = 60_000


@dataclass
class HandMade:
    """A lake of one listener: plays as rows of what differs, days that are known, and what else is named."""

    settings: Settings
    user_id: str = "ann"
    plays: list[Row] = field(default_factory=list)
    first_day: date = date(2025, 1, 1)
    last_day: date = date(2026, 12, 31)
    unseen: Mapping[date, str] = field(default_factory=dict)
    is_full_archive: bool = True
    more: dict[str, list[Row]] = field(default_factory=dict)
    imports: list[Row] = field(default_factory=list)
    built_at: datetime = datetime(2027, 1, 1, tzinfo=UTC)

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_uri)

    def play(self, day: date, hour: int = 12, track: str = "t1", minutes: float = 3, **more: Any) -> None:
        """A counted play of a track by an artist of the same number, unless told otherwise."""
        named = {"track_name": f"Song {track}", "artist_name": f"Artist {track}", "album_name": f"Album {track}"}
        play = {
            "play_id": f"p{len(self.plays)}", "user_id": self.user_id, "played_date": day, "hour_of_day": hour,
            "played_month": f"{day:%Y-%m}", "recording_id": track, "track_id": track, "is_counted": True,
            "listened_ms": round(minutes * MINUTE), "time_source": "measured", "day_of_week": day.isoweekday(),
        }  # fmt: skip
        self.plays.append({**play, **named, **more})

    def write(self) -> None:
        """Write every table anew, and a release of their versions."""
        rows = {
            "listening_with_features": self.plays,
            "track_months": self._track_months(),
            "listeners": [{"user_id": self.user_id, "time_zone": "UTC"}],
            "ingestion_runs_bronze": self.imports,
            **self.more,
        }
        versions = {}
        for name in READ:
            table = table_named(name)
            ensure_table(self.lake, table)
            filled = [self._filled(name, row) for row in rows.get(name, [])]
            data = self._coverage() if name == "coverage" else arrow_rows(table, filled)
            if data.num_rows or self.lake.open(table).version():
                write_deltalake(self.lake.path(table), data, mode="overwrite")
            versions[name] = self.lake.open(table).version()
        run = {
            "run_id": f"r{self.built_at:%Y%m%d%H%M}", "status": "released", "started_at": self.built_at,
            "finished_at": self.built_at, "as_of": self.built_at.date(), "engine": "x", "built": "x",
            "release": json.dumps(versions), "fingerprints": "{}",
        }  # fmt: skip
        append_rows(self.lake, table_named("pipeline_runs"), [run])
        self.built_at += DAY

    def _filled(self, name: str, row: Row) -> Row:
        columns = table_named(name).columns
        assert set(row) <= {column.name for column in columns}, row
        return {c.name: row.get(c.name, None if c.nullable else FILLER[c.type]) for c in columns}

    def _coverage(self) -> pa.Table:
        """Every hour of every known day, column by column: rows of their own would take seconds."""
        table = table_named("coverage")
        days = [self.first_day + number * DAY for number in range((self.last_day - self.first_day).days + 1)]
        each = [(day, self.unseen.get(day, "imported"), hour) for day in days for hour in range(24)]
        columns: dict[str, list[Any]] = {
            "played_date": [day for day, _, _ in each],
            "hour_at": [datetime.combine(day, time(hour), UTC) for day, _, hour in each],
            "hour_of_day": [hour for _, _, hour in each],
            "status": [status for _, status, _ in each],
            "is_covered": [status == "imported" for _, status, _ in each],
        }
        same = {"user_id": self.user_id, "is_full_archive": self.is_full_archive}
        for column in table.columns:
            columns.setdefault(column.name, [same.get(column.name, FILLER[column.type])] * len(each))
        return pa.table({name: columns[name] for name in table.column_names}, schema=arrow_schema(table))

    def _track_months(self) -> list[Row]:
        """What track_months holds of the plays, added up in Python."""
        months: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for play in self.plays:
            if not play.get("excluded_by"):
                months[(play["played_month"], play["track_id"] or play["recording_id"])].append(play)
        return [_summed(month, track, plays) for (month, track), plays in months.items()]


def _summed(month: str, track: str, plays: Sequence[Row]) -> Row:
    counted = [play["played_date"] for play in plays if play["is_counted"]]
    names = ("user_id", "recording_id", "track_id", "track_name", "artist_name", "album_name")
    return {
        **{name: plays[0][name] for name in names},
        "played_month": month,
        "month_start": date.fromisoformat(f"{month}-01"),
        "track_key": track,
        "start_count": len(plays),
        "play_count": len(counted),
        "listened_ms": sum(play["listened_ms"] for play in plays),
        "first_date": min(counted, default=None),
        "last_date": max(counted, default=None),
    }


@pytest.fixture
def made(settings: Settings) -> HandMade:
    """An empty lake to fill by hand; `write` puts it there."""
    return HandMade(settings)


@pytest.fixture
def source(made: HandMade) -> Iterator[Callable[[], Source]]:
    """Open the lake as it stands."""
    entered = []

    def enter() -> Source:
        context = opened(made.settings)
        entered.append(context)
        return context.__enter__()

    yield enter
    for context in entered:
        context.__exit__(None, None, None)


@pytest.fixture
def awkward() -> Row:
    """The data of a year whose names are as awkward as names get, with all that can be told."""
    days = [date(2026, 1, 1) + number * DAY for number in range(304)]
    waves = [
        {"from": f"2026-{month:02d}-01", "hours": [hour * month * MINUTE for hour in range(24)]}
        for month in range(1, 11)
    ]
    steps = [
        {
            "from": f"2026-{month:02d}-01", "to": f"2026-{month:02d}-28", "listened_ms": 400_000_000 * (month <= 10),
            "play_count": 1200 * (month <= 10), "unseen_hour_count": 5 * (month == 3), "is_known": month <= 10,
        }
        for month in range(1, 13)
    ]  # fmt: skip
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    mixed = "नमस्ते क्षत्रिय & Hello สวัสดี 달빛 夜行 🦊 רחוב (feat. Zoë!) 2019"
    artists, titles = [*AWKWARD_ARTISTS, long, mixed], [*AWKWARD_TITLES, mixed, long]
    rows = [
        {
            "key": f"k{number}", "place": number + 1, "place_before": number or None,
            "listened_ms": 9_000_000_000 // (number + 1), "play_count": 99_999, "recording_count": 3,
            "artist_name": artists[-1 - number % len(artists)],
            "track_name": titles[-1 - number % len(titles)], "album_name": titles[-3 - number], "genre": titles[number],
        }
        for number in range(10)
    ]  # fmt: skip
    new = {"first_date": "2026-03-20", "listened_ms": 48_000_000, "play_count": 168}
    names = ("energetic-bright, danceable and instrumental", "energetic-dark, fast", "calm-bright", "calm-dark")
    totals = dict.fromkeys(
        ("start_count", "play_count", "skip_count", "recording_count", "artist_count", "album_count"), 123_456
    )
    totals |= {
        "listened_ms": 525_600 * MINUTE,
        "measured_ms": 400_000 * MINUTE,
        "active_day_count": 365,
        "genre_count": 99,
    }
    return {
        "format": 1,
        "user_id": "a-rather-long-listener-name@example.org",
        "is_simulated": True,
        "period": {"kind": "year", "from": "2026-01-01", "to": "2026-12-31"},
        "known": {
            "from": "2026-01-01", "to": str(days[-1]), "hour_count": 7296, "gap_hour_count": 3, "unknown_hour_count": 2,
            "coverage": 0.99, "is_at_least": True,
        },
        "totals": totals,
        "excluded": [{"rule": "sleep <b>", "excluded_count": 12, "excluded_ms": 7_200_000}],
        "before": {**totals, "from": "2025-01-01", "to": "2025-10-31", "coverage": 1.0, "listened_ms": 48_000 * MINUTE},
        "artists": rows,
        "tracks": rows,
        "albums": rows,
        "genres": {"top": rows, "unknown_share": 0.12},
        "clock": [hour * 1_000_000 for hour in range(24)],
        "waves": {"step": "month", "waves": waves},
        "weekdays": [1_000_000 * day for day in range(1, 8)],
        "steps": steps,
        "streak": {"from": "2026-01-01", "to": "2026-05-24", "day_count": 144},
        "biggest_day": {
            "played_date": "2026-01-03", "play_count": 123, "listened_ms": 25_900_000, "top_artist_name": artists[18],
        },
        "discovery": {
            "new_recording_count": 1, "new_artist_count": 12, "new_album_count": 3, "newness": "new to this archive",
            "top_new_artist": {**new, "artist_name": artists[18]},
            "top_new_track": {**new, "artist_name": artists[9], "track_name": titles[16]},
        },
        "moods": {
            "clusters": [
                {"cluster_id": number, "name": name, "listened_ms": 1, "share": 0.25, "valence": 0.5, "energy": 0.5}
                for number, name in enumerate(names, 1)
            ],
            "measured_share": 0.94,
            "reason": None,
        },
        "profile": {
            "profiles": [{"name": "Night Owl", "share": 0.62, "drivers": "share from 0 to 5 h above typical"}],
            "reason": None,
        },
    }  # fmt: skip
