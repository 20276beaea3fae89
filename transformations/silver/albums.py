"""Silver: albums."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.declaration import Expectation, table
from transformations.descriptions import first_known, newest_first

_DETAILS = (
    "album_name",
    "artist_id",
    "artist_name",
    "album_type",
    "released_on",
    "total_tracks",
    "track_ids",
    "upc",
)


@table(
    layer="silver",
    schema="""
        album_id     STRING NOT NULL COMMENT 'Spotify id of the album',
        album_name   STRING COMMENT 'Album',
        artist_id    STRING COMMENT 'Spotify id of the first artist',
        artist_name  STRING COMMENT 'First artist of the track',
        album_type   STRING COMMENT 'album, single or compilation',
        released_on  STRING COMMENT 'Day, month or year of release, as delivered',
        release_year INT COMMENT 'Year of release',
        total_tracks INT COMMENT 'Number of tracks, as delivered',
        track_ids    STRING COMMENT 'Spotify ids of the tracks, JSON array in album order; null where not fetched',
        upc          STRING COMMENT 'Universal product code'
    """,
    primary_key=("album_id",),
    expectations={"a_year_of_recorded_music": Expectation("release_year BETWEEN 1860 AND 2100", "WARN")},
)
def albums(albums_bronze: DataFrame, tracks_bronze: DataFrame) -> DataFrame:
    """Every album whose id is known. Of those that only a track names, the name is known alone.

    Each detail comes from Spotify's newest description that has it.
    """
    described = albums_bronze.select("album_id", *_DETAILS, "provider", "ingested_at", "revision")
    types = {column.name: column.type for column in albums.columns}
    named = (
        tracks_bronze.where(F.col("album_id").isNotNull())
        .groupBy("album_id", "album_name")
        .agg(F.max("ingested_at").alias("ingested_at"))
        .withColumns({name: F.lit(None).cast(types[name]) for name in _DETAILS if name != "album_name"})
        .withColumns({"provider": F.lit(None).cast("string"), "revision": F.lit(None).cast("string")})
    )
    candidates = described.withColumn("place", F.lit(0)).unionByName(named.withColumn("place", F.lit(1)))
    chosen = first_known(candidates, "album_id", _DETAILS, "place", *newest_first(), "album_name")
    # Spotify writes an unknown day of release as 0000.
    year = F.regexp_extract("released_on", "^([0-9]{4})", 1)
    known_year = F.when(~year.isin("", "0000"), year).cast("int")
    return chosen.withColumn("release_year", known_year).select(*albums.column_names)
