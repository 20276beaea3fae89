"""Gold: discovery."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.exclusions import kept
from transformations.periods import ALL_TIME, CALENDAR, PERIOD, PERIOD_KEY, in_periods, period_coverage
from transformations.standings import album_key, artist_key, measured_feature_ms

STICKY_DAYS, STICKY_OTHER_DAYS = 28, 2
SILENT_DAYS = 180
ARCHIVE_DAYS = 365
NEW_TO_LISTENER, NEW_TO_ARCHIVE = "first play ever", "new to this archive"
_PERIOD = ["user_id", *PERIOD_KEY]
_COUNTS = (
    "new_recording_count",
    "new_artist_count",
    "new_album_count",
    "ripe_recording_count",
    "sticky_count",
    "rediscovery_count",
)


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {PERIOD},
        {SUMMARY},
        new_recording_count BIGINT NOT NULL COMMENT 'Recordings whose first counted play is in the period',
        new_artist_count BIGINT NOT NULL COMMENT 'Artists whose first counted play is in the period',
        new_album_count  BIGINT NOT NULL COMMENT 'Albums whose first counted play is in the period',
        discovery_share  DOUBLE COMMENT 'Share of the counted plays that were the first of their recording, 0-1',
        ripe_recording_count BIGINT NOT NULL COMMENT 'New recordings whose 28 days after the first play are over',
        sticky_count     BIGINT COMMENT 'Of those, played on 2 or more other local days within the 28 days',
        sticky_share     DOUBLE COMMENT 'Share of the ripe new recordings that stuck: sticky_count in them, 0-1',
        rediscovery_count BIGINT COMMENT 'Counted plays of a recording that was last played 180 or more days before',
        rediscovery_share DOUBLE COMMENT 'Share of the counted plays that were rediscoveries, 0-1',
        newness          STRING NOT NULL COMMENT 'What new means here: first play ever, or new to this archive',
        is_full_archive  BOOLEAN NOT NULL COMMENT 'Whether an extended export, back to the first play, spans it',
        reason           STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "period_kind", "period_start"),
    expectations={
        "new_are_plays": Expectation("new_recording_count <= play_count AND rediscovery_count <= play_count"),
        "sticky_are_ripe": Expectation("sticky_count <= ripe_recording_count"),
        "ripe_are_new": Expectation("ripe_recording_count <= new_recording_count"),
        "shares_in_range": Expectation("discovery_share BETWEEN 0 AND 1 AND sticky_share BETWEEN 0 AND 1"),
        "value_or_reason": Expectation("(sticky_count IS NULL OR rediscovery_count IS NULL) = (reason IS NOT NULL)"),
    },
)
def discovery(
    track_periods: DataFrame,
    track_months: DataFrame,
    listening_with_features: DataFrame,
    coverage: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What each listener heard for the first time, and what came back, by month, by year and over all time.

    A new recording sticks when it is played on two or more other local days of the 28 after its first play: told of a
    month once all its new recordings had those days, of longer periods for those that had them. A rediscovery is the
    first play of a recording that was last played 180 or more days before, told from 12 months of archive on. newness
    says "new to this archive" where less than 365 covered days lie before the period and no extended export spans its
    first day: what is new then may not have been new to the listener.
    """
    heard = track_periods.where(F.col("period_kind").isin(*CALENDAR))
    sums = heard.groupBy(*_PERIOD, "is_simulated").agg(
        *(F.sum(name).alias(name) for name in ("play_count", "listened_ms")),
        F.sum(measured_feature_ms()).alias("measured_feature_ms"),
    )
    all_time = track_periods.where((F.col("period_kind") == ALL_TIME) & F.col("first_date").isNotNull())
    happened = [
        _first_days(all_time, F.col("recording_id"), "new_recording_count"),
        _first_days(all_time, artist_key(F.col("artist_name")), "new_artist_count"),
        _first_days(all_time, album_key(F.col("album_name"), F.col("artist_name")), "new_album_count"),
        _ripened(all_time, listening_with_features, as_of),
        _rediscoveries(track_months),
    ]
    events = in_periods(reduce(DataFrame.unionByName, happened), "event_date", as_of, CALENDAR)
    counts = events.groupBy(*_PERIOD).agg(
        *(F.count_if(F.col("event") == name).alias(name) for name in _COUNTS if name != "sticky_count"),
        F.count_if("is_sticky").alias("sticky_count"),
    )
    described = (
        sums.join(counts, on=_PERIOD, how="left")
        .join(_archive(coverage, as_of), on=_PERIOD, how="left")
        .join(period_coverage(coverage, as_of, CALENDAR), on=_PERIOD, how="left")
        .fillna(0, subset=[*_COUNTS, "days_before", "days_to_end"])
    )
    return _told(described).select(*discovery.column_names)


def _events(rows: DataFrame, name: str, is_sticky: Column | None = None) -> DataFrame:
    """What happened on a day: user_id, event_date, event (the count that it belongs to) and is_sticky."""
    sticky = F.lit(False) if is_sticky is None else is_sticky
    return rows.select("user_id", "event_date", F.lit(name).alias("event"), sticky.alias("is_sticky"))


def _first_days(all_time: DataFrame, key: Column, name: str) -> DataFrame:
    """The day on which each thing that is known was first heard."""
    known = all_time.withColumn("key", key).where(F.col("key").isNotNull())
    firsts = known.groupBy("user_id", "key").agg(F.min("first_date").alias("event_date"))
    return _events(firsts, name)


def _ripened(all_time: DataFrame, listening: DataFrame, as_of: date) -> DataFrame:
    """Of each recording whose days after the first play are over: whether it was played on enough of them."""
    newest = as_of - timedelta(days=STICKY_DAYS)
    firsts = all_time.groupBy("user_id", "recording_id").agg(F.min("first_date").alias("event_date"))
    ripe = firsts.where(F.col("event_date") <= F.lit(newest))
    after = kept(listening).where("is_counted").select("user_id", "recording_id", "played_date")
    days = F.datediff("played_date", "event_date")
    days_after = ripe.join(after, on=["user_id", "recording_id"], how="inner").where(days.between(1, STICKY_DAYS))
    played = days_after.distinct().groupBy("user_id", "recording_id").agg(F.count("*").alias("other_days"))
    stuck = F.coalesce(F.col("other_days") >= STICKY_OTHER_DAYS, F.lit(False))
    return _events(ripe.join(played, on=["user_id", "recording_id"], how="left"), "ripe_recording_count", stuck)


def _rediscoveries(track_months: DataFrame) -> DataFrame:
    """The days on which a recording came back. No month holds such a silence, so months are enough to see it."""
    months = (
        track_months.where(F.col("first_date").isNotNull())
        .groupBy("user_id", "recording_id", "month_start")
        .agg(F.min("first_date").alias("event_date"), F.max("last_date").alias("last_date"))
    )
    in_time = Window.partitionBy("user_id", "recording_id").orderBy("month_start")
    silence = F.datediff("event_date", F.lag("last_date").over(in_time))
    back = months.withColumn("silence", silence).where(F.col("silence") >= SILENT_DAYS)
    return _events(back, "rediscovery_count")


def _archive(coverage: DataFrame, as_of: date) -> DataFrame:
    """Covered days before each period and up to its end, and whether a full export spans its first day."""
    days = coverage.groupBy("user_id", "played_date").agg(
        F.max(F.col("is_covered").cast("int")).alias("is_covered"), F.bool_and("is_full_archive").alias("is_full")
    )
    periods = (
        in_periods(days, "played_date", as_of, CALENDAR)
        .groupBy(*_PERIOD)
        .agg(F.sum("is_covered").alias("covered_days"), F.min_by("is_full", "played_date").alias("is_full_archive"))
    )
    # The periods of a kind follow each other without a gap, so their days add up to those before.
    in_time = Window.partitionBy("user_id", "period_kind").orderBy("period_start")
    days_to_end = F.sum("covered_days").over(in_time.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    return periods.select(
        *_PERIOD,
        "is_full_archive",
        days_to_end.alias("days_to_end"),
        (days_to_end - F.col("covered_days")).alias("days_before"),
    )


def _told(sums: DataFrame) -> DataFrame:
    """Shares, and null with a reason where too little is known."""
    new, ripe, plays = F.col("new_recording_count"), F.col("ripe_recording_count"), F.col("play_count")
    is_full = F.coalesce("is_full_archive", F.lit(False))
    is_old_enough = is_full | (F.col("days_before") >= ARCHIVE_DAYS)
    is_over = (ripe > 0) & ((F.col("period_kind") != "month") | (ripe == new))
    is_long = F.col("days_to_end") >= ARCHIVE_DAYS
    reasons = (
        F.when(new == 0, "nothing was new").when(~is_over, "the 28 days after the first plays are not over yet"),
        F.when(~is_long, "less than 12 months of archive, too few to tell what was silent for long"),
    )
    joined = F.concat_ws("; ", *reasons)
    return sums.withColumns(
        {
            "measured_share": share(F.col("measured_feature_ms"), F.col("listened_ms")),
            "discovery_share": share(new, plays),
            "sticky_share": F.when(is_over, share(F.col("sticky_count"), ripe)),
            "sticky_count": F.when(is_over, F.col("sticky_count")),
            "rediscovery_share": F.when(is_long, share(F.col("rediscovery_count"), plays)),
            "rediscovery_count": F.when(is_long, F.col("rediscovery_count")),
            "newness": F.when(is_old_enough, NEW_TO_LISTENER).otherwise(NEW_TO_ARCHIVE),
            "is_full_archive": is_full,
            "reason": F.nullif(joined, F.lit("")),
        }
    )
