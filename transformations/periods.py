"""The standard ranges that statistics are told for: calendar months and years, the last days, all time."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transformations.cases import by_name

ALL_TIME = "all_time"
# Range: its length in days. It ends with the day of the build; its predecessor, of equal length, the day before it.
LAST_DAYS = {"last_7_days": 7, "last_28_days": 28, "last_90_days": 90, "last_365_days": 365}
CALENDAR = ("month", "year", ALL_TIME)
KINDS = (*CALENDAR, *LAST_DAYS)

PERIOD_BEGIN = """
    period_kind  STRING NOT NULL COMMENT 'week, month, year, all_time; last_7_, _28_, _90_ or _365_days to the build',
    period_start DATE NOT NULL COMMENT 'First local day of the period; 1970-01-01 for all_time'
"""
PERIOD = f"""
    {PERIOD_BEGIN},
    period_end   DATE NOT NULL COMMENT 'Last local day of the period'
"""
PERIOD_KEY = ("period_kind", "period_start", "period_end")
_BEGINNING = date(1970, 1, 1)


def recent_from(as_of: date) -> date:
    """First day that a range of last days, or the one before it, reads."""
    return as_of - timedelta(days=2 * max(LAST_DAYS.values()) - 1)


def in_periods(rows: DataFrame, day: str, as_of: date, kinds: tuple[str, ...] = KINDS) -> DataFrame:
    """Each row once for every period that its local day lies in, with period_kind, period_start and period_end.

    Of the ranges of last days, the one that ends with `as_of` and the one before it are both given.
    """
    each = rows.withColumn("period_kind", F.explode(F.array(*(F.lit(kind) for kind in kinds))))
    starts = {kind: _start(kind, F.col(day), as_of) for kind in kinds}
    placed = each.withColumn("period_start", _chosen(starts)).where(F.col("period_start").isNotNull())
    return placed.withColumn("period_end", _end(as_of))


def period_before() -> Column:
    """The first day of the period before, of the same kind; null for all time."""
    start = F.col("period_start")
    starts = {"month": F.add_months(start, -1), "year": F.add_months(start, -12)}
    return _chosen(starts | {kind: F.date_sub(start, days) for kind, days in LAST_DAYS.items()})


def is_shown(as_of: date) -> Column:
    """Whether a period is one to tell of: all but the predecessors of the ranges of last days."""
    return ~F.col("period_kind").isin(*LAST_DAYS) | (F.col("period_end") == F.lit(as_of))


def period_coverage(coverage: DataFrame, as_of: date, kinds: tuple[str, ...] = KINDS) -> DataFrame:
    """Share of the hours of each listener's periods that were observed or imported: user_id, the period, coverage.

    Hours before the listener's first record are not part of any period.
    """
    days = coverage.groupBy("user_id", "played_date").agg(
        F.count("*").alias("hours"), F.count_if("is_covered").alias("covered_hours")
    )
    sums = (
        in_periods(days, "played_date", as_of, kinds)
        .groupBy("user_id", *PERIOD_KEY)
        .agg(F.sum("covered_hours").alias("covered_hours"), F.sum("hours").alias("hours"))
    )
    share = F.col("covered_hours").cast("double") / F.col("hours").cast("double")
    return sums.select("user_id", *PERIOD_KEY, share.alias("coverage"))


def _start(kind: str, day: Column, as_of: date) -> Column:
    """First day of the period of this kind that the day lies in; null where it lies in none."""
    if kind == ALL_TIME:
        return F.lit(_BEGINNING)
    if kind in LAST_DAYS:
        length = timedelta(days=LAST_DAYS[kind])
        newest, older = as_of + timedelta(days=1) - length, as_of + timedelta(days=1) - 2 * length
        inside = F.when(day >= F.lit(newest), F.lit(newest)).when(day >= F.lit(older), F.lit(older))
        return F.when(day <= F.lit(as_of), inside)
    return F.trunc(day, kind)


def _end(as_of: date) -> Column:
    start = F.col("period_start")
    year_end = F.date_sub(F.add_months(start, 12), 1)
    ends = {"month": F.last_day(start), "year": year_end, ALL_TIME: F.lit(as_of)}
    return _chosen(ends | {kind: F.date_add(start, days - 1) for kind, days in LAST_DAYS.items()})


def _chosen(by_kind: dict[str, Column]) -> Column:
    """The expression of the row's period_kind; null for a kind that has none."""
    return by_name("period_kind", by_kind)
