"""What a table is given to be made from, and what changed in it: rows rather than files, where files say too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from engine.fingerprints import WHOLE, digest, files_by_month, lookup_key
from schemas.declaration import MONTH_COLUMN, Table
from schemas.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

LOCAL_DAY = "played_date"


@dataclass(frozen=True)
class Inputs:
    """The inputs of one build: `find` gives the declared table of a name."""

    spark: SparkSession
    lake: Lake
    find: Callable[[str], Table]
    as_of: date
    _known: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _past: dict[tuple[str, str], DataFrame] = field(default_factory=dict)

    def given(self, table: Table, months: Sequence[str] | None = None) -> list[DataFrame]:
        """The frames that the table's function gets: of its monthly inputs these months, of the others all.

        Of a looked-up input only the columns that are declared; of a settled table's inputs only days that are past.
        """
        frames = [self.read(self.find(name), months) for name in table.inputs]
        if table.is_settled:
            frames = [self._settled(frame) for frame in frames]
        return [
            frame.select(*table.lookups[name].by, *table.lookups[name].reads) if name in table.lookups else frame
            for name, frame in zip(table.inputs, frames, strict=True)
        ]

    def last_day(self, table: Table) -> date:
        """The day that the table is made for: of a settled one the Sunday before the week of the build."""
        return self._monday - timedelta(days=1) if table.is_settled else self.as_of

    def files(self, table: Table) -> dict[str, dict[str, list[str]]]:
        """What the fingerprints of the table rest on: files by month of each input that is not looked up.

        Of a settled table, months that are still being written count by a digest of the rows that are past.
        """
        inputs = {name: self.find(name) for name in table.inputs if name not in table.lookups}
        found = {name: self.newest_files(other) for name, other in inputs.items()}
        if not table.is_settled:
            return found
        settled = {name: self._settled_files(inputs[name], months) for name, months in found.items()}
        return settled | {name: {WHOLE: [self._rows_used(table, name)]} for name in table.lookups}

    def newest_files(self, table: Table) -> dict[str, list[str]]:
        """Files by month of the newest version, read once until the build writes the table (`forget`)."""
        if table.name not in self._known:
            self._known[table.name] = files_by_month(self.lake, table)
        return self._known[table.name]

    def forget(self, table: Table) -> None:
        """The table was written: what is known of its files is no longer true."""
        self._known.pop(table.name, None)
        for key in [key for key in list(self._past) if key[0] == table.name]:  # a list: another table may add to it
            del self._past[key]

    def lookup_versions(self, table: Table) -> dict[str, str]:
        """The versions of the inputs that a monthly table looks things up in, kept beside its fingerprints."""
        names = table.lookups if table.window else ()
        return {lookup_key(name): str(self.lake.open(self.find(name)).version()) for name in names}

    def months_looked_up(self, table: Table, before: Mapping[str, str], months: Sequence[str]) -> set[str]:
        """The months of a monthly table in which a changed row of a lookup is used; all where that cannot be told."""
        touched: set[str] = set()
        for name, lookup in table.lookups.items() if table.window and before else ():
            looked_up, used = self.find(name), int(before.get(lookup_key(name), -1))
            if not self.lake.has_version(looked_up, used):
                return set(months)
            if files_by_month(self.lake, looked_up, used) != self.newest_files(looked_up):
                changed = self.changed_rows(looked_up, used, [*lookup.by, *lookup.reads])
                touched |= self._months_with(table, changed, lookup.by)
        return touched

    def changed_rows(self, table: Table, version: int, columns: Sequence[str] = ()) -> DataFrame:
        """Rows (of some columns) that only the given version or only the newest one has."""
        wanted = columns or table.column_names
        old, new = (self.read_files(table, at).select(*wanted) for at in (version, None))
        return new.exceptAll(old).unionByName(old.exceptAll(new))

    def has_equal_rows(self, table: Table, version: int) -> bool:
        """Whether the newest version of a whole table holds the rows of the version given, in any order of its files.

        In Polars: two sorted frames side by side, where the engine would group every row by all its columns, twice.
        """
        import polars as pl

        old, new = (
            pl.scan_delta(self.lake.path(table), version=at)
            .select(table.column_names)
            .collect()
            .sort(table.primary_key)
            for at in (version, None)
        )
        return old.equals(new)

    def months_that_differ(self, old: DataFrame, new: DataFrame, months: Sequence[str]) -> list[str]:
        """Of these months, those that do not hold the same rows in both frames."""
        before, after = (self._digests(frame) for frame in (old, new))
        return [month for month in months if before.get(month) != after.get(month)]

    def read(self, table: Table, months: Sequence[str] | None = None) -> DataFrame:
        """The newest version of a table; of a monthly one, if months are given, only those."""
        frame = self.spark.read.format("delta").load(self.lake.path(table))
        return frame.where(F.col(MONTH_COLUMN).isin(*months)) if months and table.is_monthly else frame

    def read_files(self, table: Table, version: int | None, months: Sequence[str] = (WHOLE,)) -> DataFrame:
        """Some months (of a table without months, all) of a version, the newest if None, from its files.

        Sail 0.7 cannot go back to a version before the latest checkpoint of the log; delta-rs knows its files.
        """
        found = files_by_month(self.lake, table, version)
        frame = self.spark.createDataFrame([], table.ddl)
        for month in (month for month in months if month in found):
            paths = [f"{self.lake.path(table)}/{name}" for name in found[month]]
            part = self.spark.read.schema(table.ddl).parquet(*paths)
            if month != WHOLE:  # the month is no column of the files
                part = part.withColumn(MONTH_COLUMN, F.lit(month))
            frame = frame.unionByName(part)
        return frame

    @property
    def _monday(self) -> date:
        return self.as_of - timedelta(days=self.as_of.weekday())

    def _settled(self, frame: DataFrame) -> DataFrame:
        return frame.where(F.col(LOCAL_DAY) < F.lit(self._monday)) if LOCAL_DAY in frame.columns else frame

    def _settled_files(self, table: Table, months: dict[str, list[str]]) -> dict[str, list[str]]:
        """Files of the months before that of the week of the build; of the rest, a digest of the rows that are past."""
        if LOCAL_DAY not in table.column_names:
            return months
        past = {month: files for month, files in months.items() if month and month < f"{self._monday:%Y-%m}"}
        rest = [month for month in months if month not in past]
        rows = self._settled(self.read(table, [month for month in rest if month]))
        return past | ({WHOLE: [self._digest(rows)]} if rest else {})

    def _rows_used(self, table: Table, name: str) -> str:
        """Digest of the rows of a lookup that share one of its columns with what the table reads of other inputs."""
        lookup = table.lookups[name]
        rows = self.read(self.find(name)).select(*lookup.by, *lookup.reads)
        others = [self.find(other) for other in table.inputs if other not in table.lookups]
        for column in lookup.by:
            for other in others:
                if column in other.column_names:
                    rows = rows.join(self._past_values(other, column), on=column, how="left_semi")
        return self._digest(rows)

    def _past_values(self, table: Table, column: str) -> DataFrame:
        """The values of a column on past days, read once: a dozen lookups ask which tracks the plays name."""
        if (table.name, column) not in self._past:
            values = self._settled(self.read(table)).select(column).distinct()
            self._past[table.name, column] = self.spark.createDataFrame(values.toArrow(), values.schema)
        return self._past[table.name, column]

    def _digest(self, rows: DataFrame) -> str:
        """A digest of a set of rows, whatever their order."""
        found = rows.agg(*_rows_and_hashes(rows)).collect()[0]
        return digest(found["rows"], str(found["hashes"]))

    def _digests(self, rows: DataFrame) -> dict[str, str]:
        """The same for each month."""
        found = rows.groupBy(MONTH_COLUMN).agg(*_rows_and_hashes(rows)).collect()
        return {row[MONTH_COLUMN]: digest(row["rows"], str(row["hashes"])) for row in found}

    def _months_with(self, table: Table, changed: DataFrame, columns: Sequence[str]) -> set[str]:
        """Months of the table's rows that share one of the columns with a changed row."""
        own = self.read(table)
        found: set[str] = set()
        for column in columns:
            months = own.join(changed.select(column).distinct(), on=column, how="left_semi").select(MONTH_COLUMN)
            found |= {row[MONTH_COLUMN] for row in months.distinct().collect()}
        return found


def _rows_and_hashes(rows: DataFrame) -> tuple[Column, Column]:
    """Number of rows and sum of their hashes: equal for equal rows in any order. Nulls count by their place."""
    places = [F.col(name).isNull() for name in rows.columns]
    each = F.xxhash64(*rows.columns, *places).cast("decimal(38,0)")
    return F.count("*").alias("rows"), F.sum(each).alias("hashes")
