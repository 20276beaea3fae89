"""Two ranges side by side: which range a range is compared with, and whether the two can be compared."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transformations.periods import LAST_DAYS, PERIOD_KEY, is_shown, period_coverage

PERIOD_BEFORE, YEAR_BEFORE = "period_before", "year_before"
KINDS = ("month", "year", "last_28_days", "last_365_days")
KEY = ("user_id", "period_kind", "period_start", "comparison")

# Shares of covered hours that lie further apart than this tell of the record, not of the listening.
LARGEST_COVERAGE_DIFFERENCE = 0.1


def on_both_sides(rows: DataFrame) -> DataFrame:
    """Each row of a range once for every comparison it is part of: as the later range and as the one before.

    Adds comparison, is_later and own_start; period_start becomes that of the later range.
    """
    roles = F.array(*(F.lit(f"{name}/{side}") for name in (PERIOD_BEFORE, YEAR_BEFORE) for side in ("later", "before")))
    each = rows.withColumn("_role", F.explode(roles)).withColumn("own_start", F.col("period_start"))
    sides = F.split("_role", "/")
    told = each.withColumns({"comparison": F.element_at(sides, 1), "is_later": F.element_at(sides, 2) == "later"})
    fits = (F.col("comparison") == PERIOD_BEFORE) | (F.col("period_kind") == "month")
    start = F.when(F.col("is_later"), F.col("own_start")).otherwise(_later_start())
    return told.where(fits).withColumn("period_start", start).drop("_role")


def compared_ranges(coverage: DataFrame, as_of: date) -> DataFrame:
    """Every comparison of two ranges that both hold a part of a listener's history, with what is known of them.

    KEY, period_end, before_start, before_end, coverage, before_coverage, is_comparable and reason.
    """
    known = period_coverage(coverage, as_of, KINDS)
    sides = on_both_sides(known.select("user_id", *PERIOD_KEY, "coverage"))
    later, before = F.col("is_later"), ~F.col("is_later")
    pairs = sides.groupBy(*KEY).agg(
        F.max(F.when(later, F.col("period_end"))).alias("period_end"),
        F.max(F.when(before, F.col("own_start"))).alias("before_start"),
        F.max(F.when(before, F.col("period_end"))).alias("before_end"),
        F.max(F.when(later, F.col("coverage"))).alias("coverage"),
        F.max(F.when(before, F.col("coverage"))).alias("before_coverage"),
    )
    whole = pairs.where(F.col("period_end").isNotNull() & F.col("before_end").isNotNull() & is_shown(as_of))
    spans = coverage.groupBy("user_id").agg(F.min("played_date").alias("first"), F.max("played_date").alias("last"))
    judged = whole.join(spans, on="user_id", how="inner").withColumn("reason", _reason(as_of))
    return judged.withColumn("is_comparable", F.col("reason").isNull()).drop("first", "last")


def _later_start() -> Column:
    """First day of the later range that a row's own range is compared with."""
    start, kind = F.col("own_start"), F.col("period_kind")
    months = F.when((kind == "year") | (F.col("comparison") == YEAR_BEFORE), 12).otherwise(1)
    days = F.when(kind == "last_28_days", LAST_DAYS["last_28_days"]).otherwise(LAST_DAYS["last_365_days"])
    return F.when(kind.isin("month", "year"), F.add_months(start, months)).otherwise(F.date_add(start, days))


def _reason(as_of: date) -> Column:
    """Why the two ranges cannot be compared: the first of the rules that holds, else null."""
    first, last, end = F.col("first"), F.col("last"), F.col("period_end")
    is_over = ~F.col("period_kind").isin("month", "year") | (end < F.lit(as_of))
    difference = F.abs(F.col("coverage") - F.col("before_coverage"))
    points = F.floor(difference * 100).cast("int").cast("string")
    return (
        F.when(~is_over, "the range is not over")
        .when(first > F.col("before_start"), _sentence("the history begins on ", first, ", within the range before"))
        # The day of the build itself has just begun.
        .when(last < F.date_sub(end, 1), _sentence("the history ends on ", last, ", within the range"))
        .when(
            difference > LARGEST_COVERAGE_DIFFERENCE,
            _sentence("the shares of hours that are covered differ by ", points, " points"),
        )
    )


def _sentence(before: str, value: Column, after: str) -> Column:
    return F.concat(F.lit(before), value.cast("string"), F.lit(after))
