"""Gold: period_comparisons."""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import BASIS, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import BASES, share
from transformations.cases import by_name
from transformations.comparisons import KEY, KINDS, compared_ranges, on_both_sides
from transformations.devices import UNKNOWN, device_kind
from transformations.exclusions import kept
from transformations.genre_parts import split_by_genre, with_genre_parts
from transformations.local_time import part_of_day
from transformations.periods import PERIOD, in_periods
from transformations.readings import period_sentence

MOST_ITEMS = 20
WHOLE, REST = "all", "others"

_PLACE = ("user_id", "is_simulated", "period_kind", "period_start")
_SUMS = ("listened_ms", "play_count", "featured_ms")  # the last: time with measured features, for the whole only
_ITEM = ("dimension", "item", "on_basis")


@table(
    layer="gold",
    analytics="diagnostic",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        {PERIOD},
        comparison   STRING NOT NULL COMMENT 'period_before, or year_before: the same month of the year before',
        before_start DATE NOT NULL COMMENT 'First local day of the range that it is compared with',
        before_end   DATE NOT NULL COMMENT 'Last local day of the range that it is compared with',
        dimension    STRING NOT NULL COMMENT 'What is split by: artist, genre_family, device and so on, or total',
        item_place   INT NOT NULL COMMENT 'Place of the item, the one that explains most first; others are last',
        item         STRING NOT NULL COMMENT 'Item of the dimension; unknown where it is not known, all for a total',
        is_rest      BOOLEAN NOT NULL COMMENT 'Whether the row adds up all items of the dimension that are not shown',
        {SUMMARY},
        before_ms    BIGINT NOT NULL COMMENT 'Listening time in the range before, in milliseconds',
        before_play_count BIGINT NOT NULL COMMENT 'Counted plays in the range before',
        difference_ms BIGINT COMMENT 'Listening time minus that in the range before, in milliseconds',
        difference_play_count BIGINT COMMENT 'Counted plays minus those in the range before',
        contribution DOUBLE COMMENT 'Part of the whole difference of time: 1 for all of it, negative against it',
        parts_difference_ms BIGINT COMMENT 'Sum of difference_ms over the rows of the dimension',
        whole_difference_ms BIGINT COMMENT 'Difference of the whole listening time of the two ranges',
        before_coverage DOUBLE COMMENT 'Share of the hours of the range before that were observed or imported, 0-1',
        is_comparable BOOLEAN NOT NULL COMMENT 'Whether the difference tells of the listening, not of the record',
        sentence     STRING COMMENT 'What the numbers say, by a written rule',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "period_kind", "period_start", "comparison", "dimension", "item_place"),
    expectations={
        # No NOT NULL on these: with it, Sail plans the write for twenty seconds (docs/decisions/007).
        "differences_are_known": Expectation(
            "difference_ms IS NOT NULL AND difference_play_count IS NOT NULL"
            " AND parts_difference_ms IS NOT NULL AND whole_difference_ms IS NOT NULL"
        ),
        "parts_add_up": Expectation("parts_difference_ms = whole_difference_ms"),
        "difference_is_of_its_sides": Expectation("difference_ms = listened_ms - before_ms"),
        "comparable_or_explained": Expectation("is_comparable = (reason IS NULL)"),
    },
)
def period_comparisons(
    track_periods: DataFrame,
    listening_with_features: DataFrame,
    track_moods: DataFrame,
    track_genres: DataFrame,
    coverage: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What explains a change of listening: each range against one before it, split by artist, hour, mood and so on.

    Of a dimension the 20 items of the largest difference of time, and one row for all others, so that its parts add up
    to the whole difference. A month is compared with the month before and with that of a year before. Time of a track
    of several genres is split; moods differ between the bases, all else is the same on both. measured_share and
    coverage are those of the whole range. reason says why two ranges cannot be compared.
    """
    ranges = compared_ranges(coverage, as_of)
    measured = F.when(F.col("has_measured_features"), F.col("listened_ms")).otherwise(0)
    periods = track_periods.where(F.col("period_kind").isin(*KINDS)).withColumn("featured_ms", measured)
    parts = [
        *_by_track(periods, track_moods, track_genres),
        *_by_clock(kept(listening_with_features), as_of),
    ]
    items = reduce(DataFrame.unionByName, parts)
    told = _with_sentence(_most(_compared(items).join(ranges, on=list(KEY), how="inner")))
    bases = F.when(F.col("on_basis") == "", F.array(*(F.lit(name) for name in BASES))).otherwise(F.array("on_basis"))
    return told.withColumn("basis", F.explode(bases)).select(*period_comparisons.column_names)


def _by_track(periods: DataFrame, moods: DataFrame, genres: DataFrame) -> list[DataFrame]:
    """Sums by artist, mood and genre family, and the whole."""
    unknown = F.lit(UNKNOWN)
    named = with_genre_parts(periods, genres).withColumn("artist_name", F.coalesce("artist_name", unknown))
    is_on = {basis: F.when(F.col("basis") == basis, F.col("cluster_name")) for basis in BASES}
    mooded = moods.groupBy("user_id", "track_id").agg(*(F.max(is_on[basis]).alias(basis) for basis in BASES))
    by_mood = _summed(periods.join(mooded, on=["user_id", "track_id"], how="left"), *BASES)
    on_basis = by_mood.withColumn("on_basis", F.explode(F.array(*(F.lit(basis) for basis in BASES))))
    cluster = F.when(F.col("on_basis") == BASES[0], F.col(BASES[0])).otherwise(F.col(BASES[1]))
    return [
        _items(_summed(periods), "total", F.lit(WHOLE)),
        _items(_summed(named, "artist_name"), "artist", F.col("artist_name")),
        _items(_of_genres(_summed(named, "genre_parts")), "genre_family", F.col("genre_family")),
        _items(on_basis, "mood", F.coalesce(cluster, unknown), F.col("on_basis")),
    ]


def _by_clock(plays: DataFrame, as_of: date) -> list[DataFrame]:
    """Sums by hour, part of the day and device."""
    place = ("user_id", "is_simulated", "played_date", "hour_of_day", "platform")
    days = plays.groupBy(*place).agg(
        F.sum("listened_ms").alias("listened_ms"),
        F.count_if("is_counted").alias("play_count"),
        F.lit(0).cast("bigint").alias("featured_ms"),
    )
    fine = _summed(in_periods(days, "played_date", as_of, KINDS), "hour_of_day", "platform")
    named = fine.withColumns({"device": device_kind(F.col("platform")), "part": part_of_day(F.col("hour_of_day"))})
    names = {"hour_of_day": F.lpad(F.col("hour_of_day").cast("string"), 2, "0"), "part_of_day": F.col("part")}
    names["device"] = F.col("device")
    each = named.withColumn("dimension", F.explode(F.array(*(F.lit(name) for name in names))))
    return [_items(each, F.col("dimension"), by_name("dimension", names, ""))]


def _summed(rows: DataFrame, *by: str) -> DataFrame:
    return rows.groupBy(*_PLACE, *by).agg(*(F.sum(name).alias(name) for name in _SUMS))


def _items(rows: DataFrame, dimension: str | Column, item: Column, on_basis: Column | None = None) -> DataFrame:
    """Rows as items of a dimension. on_basis: the basis that alone they hold on; empty for both."""
    name = F.lit(dimension) if isinstance(dimension, str) else dimension
    basis = F.lit("") if on_basis is None else on_basis
    return rows.select(*_PLACE, name.alias("dimension"), item.alias("item"), basis.alias("on_basis"), *_SUMS)


def _of_genres(rows: DataFrame) -> DataFrame:
    """Sums by family, in whole milliseconds and plays that add up to those of all families.

    Each family gets what rounding the sum up to it, in order of the names, adds to that of the families before.
    """
    exact = split_by_genre(rows)
    sums = exact.groupBy(*_PLACE, "genre_family").agg(*(F.sum(F.col(n) * F.col("part")).alias(n) for n in _SUMS))
    by_name = Window.partitionBy(*_PLACE).orderBy("genre_family")
    running = by_name.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    until = {name: F.round(F.sum(name).over(running)).cast("bigint") for name in _SUMS}
    reached = sums.withColumns(until)
    return reached.withColumns({name: F.col(name) - F.coalesce(F.lag(name).over(by_name), F.lit(0)) for name in _SUMS})


def _compared(items: DataFrame) -> DataFrame:
    """Each item of two ranges: its sums in the later one and in the one before."""
    later, before = F.col("is_later"), ~F.col("is_later")

    def on(side: Column, name: str) -> Column:
        return F.sum(F.when(side, F.col(name)).otherwise(0))

    sides = on_both_sides(items).groupBy("is_simulated", *KEY, *_ITEM)
    return sides.agg(
        on(later, "listened_ms").alias("listened_ms"),
        on(later, "play_count").alias("play_count"),
        on(before, "listened_ms").alias("before_ms"),
        on(before, "play_count").alias("before_play_count"),
        on(later, "featured_ms").alias("featured_ms"),
    )


def _most(compared: DataFrame) -> DataFrame:
    """The items of the largest difference in each dimension, and the sum of all others, beside those of the whole."""
    group = ("is_simulated", *KEY, "dimension", "on_basis")
    sides = ("listened_ms", "play_count", "before_ms", "before_play_count", "featured_ms")
    by_size = Window.partitionBy(*group).orderBy(F.abs(F.col("listened_ms") - F.col("before_ms")).desc(), "item")
    placed = compared.withColumn("item_place", F.least(F.row_number().over(by_size), F.lit(MOST_ITEMS + 1)))
    is_rest = F.col("item_place") > MOST_ITEMS
    named = placed.withColumns({"is_rest": is_rest, "item": F.when(is_rest, REST).otherwise(F.col("item"))})
    same = [name for name in named.columns if name not in sides]
    told = (
        named.groupBy(*same)
        .agg(*(F.sum(name).alias(name) for name in sides))
        .withColumn("difference_ms", F.col("listened_ms") - F.col("before_ms"))
        .withColumn("difference_play_count", F.col("play_count") - F.col("before_play_count"))
    )
    whole, is_total = Window.partitionBy(*KEY), F.col("dimension") == "total"
    sums = told.withColumns(
        {
            "parts_difference_ms": F.sum("difference_ms").over(Window.partitionBy(*group)),
            **{
                f"whole_{name}": F.max(F.when(is_total, F.col(name))).over(whole)
                for name in ("difference_ms", "listened_ms", "featured_ms")
            },
        }
    )
    difference = F.col("whole_difference_ms")
    part = F.col("difference_ms").cast("double") / difference.cast("double")
    return sums.withColumns(
        {
            "contribution": F.when(difference != 0, part),
            "measured_share": share(F.col("whole_featured_ms"), F.col("whole_listened_ms")),
        }
    )


def _with_sentence(told: DataFrame) -> DataFrame:
    """The sentence stands beside the total. It rests on no audio features."""
    whole = Window.partitionBy(*KEY)
    is_same_way = F.signum("difference_ms") == F.signum("whole_difference_ms")
    may_be_named = ~F.col("is_rest") & is_same_way & (F.col("item") != UNKNOWN)
    fits = {name: may_be_named & (F.col("dimension") == name) for name in ("artist", "part_of_day")}
    # In two steps: Sail refuses a window within a window.
    placed = told.withColumns(
        {f"first_{name}": F.min(F.when(fit, F.col("item_place"))).over(whole) for name, fit in fits.items()}
    )
    is_first = {name: fit & (F.col("item_place") == F.col(f"first_{name}")) for name, fit in fits.items()}
    named = placed.withColumns(
        {
            f"first_{name}_{column}": F.max(F.when(first, F.col(column))).over(whole)
            for name, first in is_first.items()
            for column in ("item", "difference_ms")
        }
    )
    is_told = (F.col("dimension") == "total") & F.col("is_comparable")
    return named.withColumn("sentence", F.when(is_told, period_sentence()))
