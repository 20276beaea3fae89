"""A small lake, built once for all tests of a process: two simulated listeners, a catalogue that knows some tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest
from deltalake import DeltaTable

from config.settings import Settings
from emulator.export_files import write_account_data, write_catalogue_csv, write_extended_export
from emulator.simulator import LAST_DAY, Simulation, simulate
from ingestion.catalogue import import_catalogue
from ingestion.history import import_history
from ingestion.synthetic import add_synthetic_features
from pipeline import build, declared_tables, table_named
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAYS = 120
KNOWN_SHARE = 0.62  # low enough that on some days less than 60 % of the time has measured features
UNKNOWN_FROM = LAST_DAY - timedelta(days=20)
AS_OF = LAST_DAY + timedelta(days=1)


@dataclass(frozen=True)
class History:
    """A built lake and what it was simulated from; `table` reads one of its tables with pandas."""

    lake: Lake
    settings: Settings
    simulations: tuple[Simulation, ...]
    as_of: date

    def table(self, name: str) -> pd.DataFrame:
        return DeltaTable(self.lake.path(table_named(name))).to_pandas()


@pytest.fixture(scope="session")
def history(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    settings = Settings(_env_file=None, lake_uri=str(folder / "lake"), state_dir=folder / "state")
    lake = Lake(settings.lake_uri)
    first = simulate(seed=5, days=DAYS, plays_per_day=25.0, user_id="ada")
    second = simulate(seed=6, days=40, plays_per_day=15.0, user_id="ben")
    # Of the second listener there are two exports, and between them four days of which nobody knows anything.
    day = second.plays["ended_at"].dt.date
    exports = {
        "first": first,
        "before": replace(second, plays=second.plays[day < UNKNOWN_FROM]),
        "after": replace(second, plays=second.plays[day >= UNKNOWN_FROM + timedelta(days=4)]),
    }
    for name, simulation in exports.items():
        write_extended_export(simulation, folder / f"{name}.zip")
        import_history(spark, lake, [folder / f"{name}.zip"])
    second = replace(second, plays=pd.concat([exports["before"].plays, exports["after"].plays], ignore_index=True))
    write_account_data(first, folder / "account.zip")
    import_history(spark, lake, [folder / "account.zip"])
    write_catalogue_csv(first, folder / "dataset.csv", known_share=KNOWN_SHARE)
    import_catalogue(spark, lake, folder / "dataset.csv")
    add_synthetic_features(spark, lake, "missing")
    build(spark, settings, as_of=AS_OF)
    return History(lake, settings, (first, second), AS_OF)


@pytest.fixture(scope="session")
def table(history: History) -> Callable[[str], pd.DataFrame]:
    """Tables of the built lake by name, each read once."""
    read: dict[str, pd.DataFrame] = {}

    def of(name: str) -> pd.DataFrame:
        if name not in read:
            read[name] = history.table(name)
        return read[name].copy()

    return of


@pytest.fixture(scope="session")
def sql(history: History) -> Callable[[str], pd.DataFrame]:
    """Answers of DuckDB, another engine, on the tables of the built lake; instants in UTC."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in declared_tables().values():
        connection.register(table.name, DeltaTable(history.lake.path(table)).to_pyarrow_table())

    def answer(query: str) -> pd.DataFrame:
        return connection.execute(query).df()

    return answer


@pytest.fixture(scope="session")
def assert_same_rows() -> Callable[..., None]:
    """Whether two frames hold the same rows, whatever their order; numbers to ten digits."""

    def check(found: pd.DataFrame, expected: pd.DataFrame, key: list[str]) -> None:
        assert len(found) > 0
        assert set(expected.columns) <= set(found.columns)
        pd.testing.assert_frame_equal(
            found[expected.columns].sort_values(key, ignore_index=True),
            expected.sort_values(key, ignore_index=True),
            check_dtype=False,
            rtol=1e-10,
            atol=1e-12,
        )

    return check
