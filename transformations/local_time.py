"""A listener's local clock: zone, date, hour and season of an instant."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from config.zones import southern_zones
from transformations.cases import case
from transformations.ranking import first_of_each

# Part of the day: its name and the hour that it begins with.
PARTS_OF_DAY = (("night", 0), ("morning", 5), ("afternoon", 12), ("evening", 17), ("late", 22))
_SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
_SOUTHERN = {"winter": "summer", "spring": "autumn", "summer": "winter", "autumn": "spring"}


def with_local_time(rows: DataFrame, listeners: DataFrame, instant: str, timezone: str) -> DataFrame:
    """Add is_simulated, time_zone, local_at, local_date, hour_of_day and utc_offset_minutes for a UTC column.

    The zone is the one that held for the listener then; where none is recorded, the setting `timezone`.
    local_at is the wall clock as a timestamp: for deriving columns, not for storing.
    """
    zones = zone_spans(listeners).alias("zones")
    at = F.col(f"rows.{instant}")
    within = (at >= F.col("zones.valid_from")) & (at < F.col("zones.valid_to"))
    held = (F.col("rows.user_id") == F.col("zones.user_id")) & within
    located = (
        rows.alias("rows")
        .join(zones, on=held, how="left")
        .select("rows.*", "zones.time_zone", "zones.is_simulated")
        .withColumn("time_zone", F.coalesce("time_zone", F.lit(timezone)))
        .withColumn("is_simulated", F.coalesce("is_simulated", F.lit(False)))
    )
    local = located.withColumn("local_at", F.from_utc_timestamp(F.col(instant), F.col("time_zone")))
    offset = F.unix_timestamp("local_at") - F.unix_timestamp(instant)
    return local.withColumns(
        {
            "local_date": F.to_date("local_at"),
            "hour_of_day": F.hour("local_at"),
            "utc_offset_minutes": (offset / 60).cast("int"),
        }
    )


def zone_spans(listeners: DataFrame) -> DataFrame:
    """One row a listener and zone, from valid_from to before valid_to: the first reaches back for ever."""
    in_time = Window.partitionBy("user_id").orderBy("valid_from")
    holding = first_of_each(listeners, ["user_id", "valid_from"], F.col("recorded_at").desc())
    beginning, end = F.lag("valid_from").over(in_time), F.lead("valid_from").over(in_time)
    return holding.select(
        "user_id",
        "time_zone",
        "is_simulated",
        F.when(beginning.isNull(), F.lit("0001-01-01").cast("timestamp"))
        .otherwise(F.col("valid_from"))
        .alias("valid_from"),
        F.coalesce(end, F.lit("9999-12-31").cast("timestamp")).alias("valid_to"),
    )


def part_of_day(hour: Column) -> Column:
    """Name of the part of the day that an hour (0-23) belongs to."""
    return case((hour >= first_hour, part) for part, first_hour in reversed(PARTS_OF_DAY))


def day_of_week(day: Column) -> Column:
    """1 Monday to 7 Sunday. Counted from `dayofweek`, on which both engines agree (`weekday` differs on Sundays)."""
    return ((F.dayofweek(day) + 5) % 7 + 1).cast("int")


def season(day: Column, time_zone: Column) -> Column:
    """Meteorological season of a local date, by the hemisphere of the zone's main city."""
    is_southern = time_zone.isin(*sorted(southern_zones()))
    names = ((northern, F.when(is_southern, _SOUTHERN[northern]).otherwise(northern)) for northern in _SEASONS)
    return case((F.month(day).isin(*_SEASONS[northern]), here) for northern, here in names)
