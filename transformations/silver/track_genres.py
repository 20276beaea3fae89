"""Silver: track_genres."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import GENRE, GENRE_FAMILY
from schemas.declaration import Expectation, table
from transformations.genres import catalogue_genres, family_of, first_artist_key, listed_genres
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised


@table(
    layer="silver",
    schema=f"""
        track_id       STRING NOT NULL COMMENT 'Spotify id of the track',
        {GENRE},
        genre_weight   DOUBLE NOT NULL COMMENT 'Part of the track that counts for the genre; the parts add up to 1',
        {GENRE_FAMILY},
        genre_provider STRING NOT NULL COMMENT 'artist (as listed for the artist), catalogue_track or catalogue_artist'
    """,
    primary_key=("track_id", "genre"),
    constraints={
        "known_genre_provider": "genre_provider IN ('artist', 'catalogue_track', 'catalogue_artist')",
    },
    expectations={"weight_is_a_part": Expectation("genre_weight > 0 AND genre_weight <= 1.000000001")},
)
def track_genres(tracks: DataFrame, artists: DataFrame, kaggle_tracks_bronze: DataFrame) -> DataFrame:
    """The genres of each track that was played, by the best word there is; a track without any is not here.

    What is listed for the first artist (found by id, else by name), else the catalogue's genres of the track, else
    those of the artist's other tracks in the catalogue. Several genres split the track between them.
    """
    played = tracks.where("is_played").select(
        "track_id", "artist_id", normalised(F.col("artist_name")).alias("artist_key")
    )
    listed = listed_genres(artists)
    by_id = played.join(listed.drop("artist_name"), on="artist_id", how="inner")
    named = first_of_each(
        artists.where(F.col("genres").isNotNull()).withColumn("artist_key", normalised(F.col("artist_name"))),
        ["artist_key"],
        "artist_id",
    )
    by_name = played.join(
        listed_genres(named).select(normalised(F.col("artist_name")).alias("artist_key"), "genre", "genre_weight"),
        on="artist_key",
        how="inner",
    )
    of_track = catalogue_genres(kaggle_tracks_bronze, F.col("track_id"))
    of_artist = catalogue_genres(kaggle_tracks_bronze, first_artist_key(F.col("artists")))
    sources = (
        (0, "artist", by_id),
        (1, "artist", by_name),
        (2, "catalogue_track", played.join(of_track.withColumnRenamed("catalogue_key", "track_id"), on="track_id")),
        (
            3,
            "catalogue_artist",
            played.join(of_artist.withColumnRenamed("catalogue_key", "artist_key"), on="artist_key"),
        ),
    )
    found = [
        rows.select("track_id", "genre", "genre_weight", F.lit(name).alias("genre_provider"), F.lit(at).alias("place"))
        for at, name, rows in sources
    ]
    everything = found[0].unionByName(found[1]).unionByName(found[2]).unionByName(found[3])
    best = everything.groupBy("track_id").agg(F.min("place").alias("place"))
    return (
        everything.join(best, on=["track_id", "place"], how="inner")
        .withColumn("genre_family", family_of(F.col("genre")))
        .select(*track_genres.column_names)
    )
