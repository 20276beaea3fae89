"""One-sentence readings of numbers, by written rules. About music and habits."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from transformations.cases import case

HOUR_MS = 3_600_000

# Below this share of the time before, and below an hour, a difference is told as none.
HARDLY = 0.05
# The least part of the whole difference that an item is named for.
LEAST_PART = {"artist": 0.2, "part_of_day": 0.4}

_BEFORE = {
    ("month", "period_before"): "the month before",
    ("month", "year_before"): "the same month a year before",
    ("year", "period_before"): "the year before",
    ("last_28_days", "period_before"): "the 28 days before",
    ("last_365_days", "period_before"): "the 365 days before",
}
_PARTS = {
    "night": "the night",
    "morning": "the morning",
    "afternoon": "the afternoon",
    "evening": "the evening",
    "late": "the late evening",
}


def hours(ms: Column) -> Column:
    """A time without its sign, in hours to a tenth, such as `12.3 h`. Whole numbers only, so that engines agree."""
    tenths = F.floor((F.abs(ms) + HOUR_MS // 20) / F.lit(HOUR_MS // 10)).cast("bigint")
    whole = F.floor(tenths / F.lit(10)).cast("bigint")
    return F.concat(whole.cast("string"), F.lit("."), (tenths % 10).cast("string"), F.lit(" h"))


def signed_hours(ms: Column) -> Column:
    """The same with its sign: `+12.3 h`."""
    return F.concat(F.when(ms < 0, "-").otherwise("+"), hours(ms))


def period_sentence() -> Column:
    """`12.3 h more than the month before, mostly Ann (+9.0 h) and the evening (+7.1 h)`.

    Reads period_kind, comparison, difference_ms, before_ms of the total, and of artist and part_of_day
    first_..._item and first_..._difference_ms: the largest that goes the same way. An artist is named from a fifth of
    the difference on, a part of the day from two fifths.
    """
    difference, before = F.col("difference_ms"), F.col("before_ms")
    than = case(
        (
            ((F.col("period_kind") == kind) & (F.col("comparison") == comparison), words)
            for (kind, comparison), words in _BEFORE.items()
        ),
        "",
    )
    named = [F.concat(name, F.lit(" ("), signed_hours(ms), F.lit(")")) for name, ms in _named(difference)]
    mostly = F.concat_ws(" and ", *named)
    is_small = (F.abs(difference) < HARDLY * before) & (F.abs(difference) < HOUR_MS)
    way = F.when(difference > 0, " more than ").otherwise(" less than ")
    change = F.concat(hours(difference), way, than, F.when(mostly != "", F.concat(F.lit(", mostly "), mostly)))
    plain = F.concat(hours(difference), way, than)
    about = F.concat(F.lit("about as much as "), than)
    return F.when(is_small | (difference == 0), about).otherwise(F.coalesce(change, plain))


def _named(difference: Column) -> list[tuple[Column, Column]]:
    """Name and difference of the first artist and part of the day; null below their least part."""
    part = F.col("first_part_of_day_item")
    words = case((part == name, text) for name, text in _PARTS.items())
    named = {"artist": F.col("first_artist_item"), "part_of_day": words}
    return [
        (
            F.when(F.abs(F.col(f"first_{dimension}_difference_ms")) >= least * F.abs(difference), named[dimension]),
            F.col(f"first_{dimension}_difference_ms"),
        )
        for dimension, least in LEAST_PART.items()
    ]


# A feature that spreads wider than this over a playlist has no one value that describes it: at random it is 0.29.
WIDE_SPREAD = 0.25
MIDDLE = 0.5
LEAST_FAMILY = {"mostly": 0.5, "often": 0.3}


def playlist_sentence() -> Column:
    """`calm-dark, mostly ambient and calm; 3 tracks stand out, 2 were never played`.

    The quadrant of mean energy and valence (`of mixed moods` where one of them spreads wide), then the main genre
    family (mostly from half of the tracks on, often from 30 %), then what stands out and what was never played.
    """
    energy = F.when(F.col("energy") >= MIDDLE, "energetic").otherwise("calm")
    valence = F.when(F.col("valence") >= MIDDLE, "bright").otherwise("dark")
    is_wide = (F.col("energy_spread") > WIDE_SPREAD) | (F.col("valence_spread") > WIDE_SPREAD)
    mood = F.when(is_wide, "of mixed moods").otherwise(F.concat_ws("-", energy, valence))
    family = F.lit(None).cast("string")
    for word, least in reversed(LEAST_FAMILY.items()):
        fits = F.col("genre_family_share") >= least
        family = F.when(fits, F.concat(F.lit(f"{word} "), F.col("genre_family"))).otherwise(family)
    family = F.when(F.col("genre_family").isNotNull(), F.coalesce(family, F.lit("of many genres")))
    outliers = _tracks(F.col("outlier_count"), " track stands out", " tracks stand out")
    unplayed = _tracks(F.col("never_played_count"), " was never played", " were never played")
    remarks = F.concat_ws(", ", outliers, unplayed)
    return F.concat_ws("; ", F.concat_ws(", ", mood, family), F.when(remarks != "", remarks))


def _tracks(count: Column, one: str, several: str) -> Column:
    """A count with what is said of so many; null for none."""
    return F.when(count > 0, F.concat(count.cast("string"), F.when(count == 1, one).otherwise(several)))
