"""Gold: library_overview."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from schemas.columns import IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import share
from transformations.library import played, simulated_listeners
from transformations.silver.tracks import normalised

POPULAR = 60
LEAST_KNOWN_SHARE = 0.2
LEAST_RANKED = 10
LONG_AGO_DAYS = 365
FRESH_DAYS = 28
# Spotify's range of top items and the standard range that is as long; there is none of six months.
RANGES = {"short_term": "last_28_days", "long_term": "last_365_days"}

_PART = ("user_id", "library_part", "item_kind")
_ITEM = (*_PART, "item_key")


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        library_part STRING NOT NULL COMMENT 'saved_tracks, followed_artists, playlists, or top_ with kind and range',
        item_kind    STRING NOT NULL COMMENT 'What the id names: track, artist, album, discography or audio_features',
        different_count BIGINT NOT NULL COMMENT 'Different items; editions of one recording are one',
        played_count BIGINT NOT NULL COMMENT 'Different items of which an edition has a counted play',
        never_played_count BIGINT NOT NULL COMMENT 'Different items of which no edition has a counted play',
        long_ago_count BIGINT NOT NULL COMMENT 'Different items that were played, but not within the last 365 days',
        {SUMMARY},
        listened_share DOUBLE COMMENT 'Share of the listening time to all of the listener''s tracks, 0-1',
        popular_item_share DOUBLE COMMENT 'Share of items of popularity 60 or more, of those where it is known, 0-1',
        known_item_share DOUBLE COMMENT 'Share of items whose popularity is known, 0-1',
        oldest_added_date DATE COMMENT 'UTC day on which the oldest item was added',
        newest_added_date DATE COMMENT 'UTC day on which the newest item was added',
        ranked_count BIGINT COMMENT 'Top items that were played in the range that Spotify ranked',
        rank_correlation DOUBLE COMMENT 'Rank correlation (Spearman) of Spotify''s places with own plays, -1 to 1',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "library_part"),
    expectations={
        "played_or_not": Expectation("played_count + never_played_count = different_count"),
        "long_ago_was_played": Expectation("long_ago_count <= played_count"),
        "shares_in_range": Expectation("listened_share BETWEEN 0 AND 1 AND known_item_share BETWEEN 0 AND 1"),
        "correlation_in_range": Expectation("rank_correlation BETWEEN -1.000000001 AND 1.000000001"),
    },
)
def library_overview(
    library_history: DataFrame,
    playlist_items_history: DataFrame,
    top_items_bronze: DataFrame,
    track_periods: DataFrame,
    recordings: DataFrame,
    tracks: DataFrame,
    artists: DataFrame,
    coverage: DataFrame,
    listeners: DataFrame,
    *,
    as_of: date,
) -> DataFrame:
    """What is in each part of a listener's library, and how much of it is listened to: items, plays, time, popularity.

    playlists: the different tracks on all playlists of now. Top items are as Spotify ranks them; rank_correlation
    compares its places with the plays of the last 28 or 365 days, of at least 10 items, within 28 days of its answer.
    Time is of all plays of these recordings or artists, from wherever they were played.
    """
    listed = [*_kept_items(library_history, playlist_items_history), *_top_items(top_items_bronze)]
    keyed = _keyed(reduce(DataFrame.unionByName, listed), recordings)
    items = keyed.groupBy(*_ITEM).agg(F.min("added_at").alias("oldest_at"), F.max("added_at").alias("newest_at"))
    described = items.join(_popularity(keyed, tracks, artists), on=list(_ITEM), how="left").join(
        played(track_periods, "all_time", as_of), on=["user_id", "item_kind", "item_key"], how="left"
    )
    totals = track_periods.where(F.col("period_kind") == "all_time").groupBy("user_id")
    covered = coverage.groupBy("user_id").agg(F.avg(F.col("is_covered").cast("double")).alias("coverage"))
    sums = (
        _sums(described, as_of)
        .join(totals.agg(F.sum("listened_ms").alias("total_ms")), on="user_id", how="left")
        .join(covered, on="user_id", how="left")
        .join(_agreement(keyed, track_periods, as_of), on=["user_id", "library_part"], how="left")
        .join(simulated_listeners(listeners), on="user_id", how="left")
    )
    is_known_enough = F.coalesce(F.col("known_item_share") >= LEAST_KNOWN_SHARE, F.lit(False))
    return sums.withColumns(
        {
            "is_simulated": F.coalesce("is_simulated", F.lit(False)),
            "listened_share": share(F.col("listened_ms"), F.col("total_ms")),
            "popular_item_share": F.when(is_known_enough, F.col("popular_item_share")),
            "reason": _reason(is_known_enough, as_of),
            "rank_correlation": F.when(_is_ranked(as_of), F.col("rank_correlation")),
        }
    ).select(*library_overview.column_names)


def _kept_items(library: DataFrame, playlist_items: DataFrame) -> list[DataFrame]:
    """Saved tracks, followed artists and what is on playlists, each as items of a part of the library."""
    current = library.where("is_current")
    on_lists = playlist_items.where(F.col("is_current") & F.col("track_id").isNotNull())
    unranked = (F.lit(None).cast("timestamp").alias("snapshot_at"), F.lit(None).cast("int").alias("place"))
    details = ("item_id", "item_name", "added_at")
    kind = F.when(F.col("collection") == "saved_tracks", "track").otherwise("artist")
    part = F.lit("playlists").alias("library_part")
    named = on_lists.withColumns({"item_id": F.col("track_id"), "item_name": F.col("track_name")})
    return [
        current.select(
            "user_id", F.col("collection").alias("library_part"), kind.alias("item_kind"), *details, *unranked
        ),
        named.select("user_id", part, F.lit("track").alias("item_kind"), *details, *unranked),
    ]


def _top_items(top: DataFrame) -> list[DataFrame]:
    """The newest answer of each kind and range."""
    newest = F.max("snapshot_at").over(Window.partitionBy("user_id", "item_kind", "time_range"))
    shown = top.withColumn("newest_at", newest).where(F.col("snapshot_at") == F.col("newest_at"))
    part = F.concat(F.lit("top_"), F.col("item_kind"), F.lit("s_"), F.col("time_range"))
    none = F.lit(None).cast("timestamp").alias("added_at")
    place = F.col("position").alias("place")
    return [
        shown.select(
            "user_id", part.alias("library_part"), "item_kind", "item_id", "item_name", none, "snapshot_at", place
        )
    ]


def _keyed(items: DataFrame, recordings: DataFrame) -> DataFrame:
    """Add item_key: the recording of a track, the name of an artist as names are compared."""
    known = recordings.select(F.col("track_id").alias("item_id"), "recording_id")
    of_track = F.coalesce("recording_id", "item_id")
    of_artist = F.coalesce(normalised(F.col("item_name")), "item_id")
    key = F.when(F.col("item_kind") == "track", of_track).otherwise(of_artist)
    return items.join(known, on="item_id", how="left").withColumn("item_key", key)


def _popularity(keyed: DataFrame, tracks: DataFrame, artists: DataFrame) -> DataFrame:
    """The highest popularity of the editions of each item."""
    known = (
        tracks.select(F.col("track_id").alias("item_id"), "popularity", F.lit("track").alias("item_kind"))
        .unionByName(
            artists.select(F.col("artist_id").alias("item_id"), "popularity", F.lit("artist").alias("item_kind"))
        )
        .where(F.col("popularity").isNotNull())
    )
    found = keyed.join(known, on=["item_id", "item_kind"], how="inner")
    return found.groupBy(*_ITEM).agg(F.max("popularity").alias("popularity"))


def _sums(items: DataFrame, as_of: date) -> DataFrame:
    is_played = F.coalesce(F.col("play_count") > 0, F.lit(False))
    long_ago = F.col("last_date") < F.lit(as_of - timedelta(days=LONG_AGO_DAYS))
    is_popular = F.col("popularity") >= POPULAR
    return items.groupBy(*_PART).agg(
        F.count("*").alias("different_count"),
        F.count_if(is_played).alias("played_count"),
        F.count_if(~is_played).alias("never_played_count"),
        F.count_if(is_played & F.coalesce(long_ago, F.lit(False))).alias("long_ago_count"),
        F.coalesce(F.sum("play_count"), F.lit(0)).alias("play_count"),
        F.coalesce(F.sum("listened_ms"), F.lit(0)).alias("listened_ms"),
        share(F.sum("measured_feature_ms"), F.sum("listened_ms")).alias("measured_share"),
        share(F.count_if(F.coalesce(is_popular, F.lit(False))), F.count("popularity")).alias("popular_item_share"),
        share(F.count("popularity"), F.count("*")).alias("known_item_share"),
        F.to_date(F.min("oldest_at")).alias("oldest_added_date"),
        F.to_date(F.max("newest_at")).alias("newest_added_date"),
    )


def _agreement(keyed: DataFrame, track_periods: DataFrame, as_of: date) -> DataFrame:
    """Spearman's correlation of Spotify's places with own places by plays (ties by time and name), and its sample."""
    ranked = [
        keyed.where(F.col("library_part").endswith(f"s_{name}")).join(
            played(track_periods, kind, as_of).where(F.col("play_count") > 0),
            on=["user_id", "item_kind", "item_key"],
            how="inner",
        )
        for name, kind in RANGES.items()
    ]
    part = Window.partitionBy("user_id", "library_part")
    theirs = F.row_number().over(part.orderBy("place", "item_id"))
    own = F.row_number().over(part.orderBy(F.col("play_count").desc(), F.col("listened_ms").desc(), "item_id"))
    placed = ranked[0].unionByName(ranked[1]).withColumns({"theirs": theirs, "own": own})
    apart = (F.col("theirs") - F.col("own")).cast("double")
    n = F.count("*").cast("double")
    return placed.groupBy("user_id", "library_part").agg(
        F.count("*").alias("ranked_count"),
        F.max("snapshot_at").alias("ranked_at"),
        F.when(n > 1, 1 - 6 * F.sum(apart * apart) / (n * (n * n - 1))).alias("rank_correlation"),
    )


def _is_ranked(as_of: date) -> Column:
    is_fresh = F.col("ranked_at") >= F.lit(as_of - timedelta(days=FRESH_DAYS)).cast("timestamp")
    return F.coalesce((F.col("ranked_count") >= LEAST_RANKED) & is_fresh, F.lit(False))


def _reason(is_known_enough: Column, as_of: date) -> Column:
    """Why values are null: of each that may be, in one text."""
    least = f"{int(100 * LEAST_KNOWN_SHARE)} %"
    unknown = F.when(~is_known_enough, f"popularity is known of less than {least} of the items")
    is_medium = F.col("library_part").endswith("medium_term")
    few = F.when(is_medium, "no standard range is as long as Spotify's six months").otherwise(
        f"fewer than {LEAST_RANKED} of the top items were played in the range, or Spotify's answer is old"
    )
    unranked = F.when(F.col("library_part").startswith("top_") & ~_is_ranked(as_of), few)
    said = F.concat_ws("; ", unknown, unranked)
    return F.when(said != "", said)
