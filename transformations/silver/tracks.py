"""Silver: tracks."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.declaration import table
from transformations.ranking import first_of_each


def match_key(title: Column, artist: Column, track_id: Column) -> Column:
    """What tells one piece of music from another in every source: normalised title and first artist.

    The track id serves where there is no title. Null where there is neither.
    """
    by_name = F.concat_ws("\t", normalised(title), normalised(F.coalesce(artist, F.lit(""))))
    return F.when(title.isNotNull(), by_name).otherwise(F.concat(F.lit("id\t"), track_id))


def normalised(text: Column) -> Column:
    """Lower case, with single blanks."""
    return F.lower(F.trim(F.regexp_replace(text, r"\s+", " ")))


@table(
    layer="silver",
    schema="""
        track_id    STRING NOT NULL COMMENT 'Spotify id of the track',
        match_key   STRING NOT NULL COMMENT 'Normalised title and first artist, which every source has',
        track_name  STRING COMMENT 'Title of the track',
        artist_name STRING COMMENT 'First artist of the track',
        album_name  STRING COMMENT 'Album',
        duration_ms BIGINT COMMENT 'Length of the track in milliseconds',
        popularity  INT COMMENT 'Popularity 0-100, where the source gives it',
        explicit    BOOLEAN COMMENT 'Whether the lyrics are marked explicit',
        track_genre STRING COMMENT 'Genre block of the catalogue',
        is_played   BOOLEAN NOT NULL COMMENT 'Whether any listener has played it; else only a catalogue knows it'
    """,
    primary_key=("track_id",),
)
def tracks(
    listening_history_bronze: DataFrame, my_tracks_features_bronze: DataFrame, kaggle_tracks_bronze: DataFrame
) -> DataFrame:
    """Every track that was played or that a catalogue knows, with its best known names and length.

    Names come from the newest record of a play, then from a feature service, then from the catalogue; the length from
    a play's record, then a service, then the catalogue.
    """
    played = listening_history_bronze.where((F.col("kind") == "track") & F.col("track_id").isNotNull())
    names = first_of_each(played, ["track_id"], F.col("played_at").desc(), "record_id", "revision")
    lengths = played.groupBy("track_id").agg(F.max("duration_ms").alias("duration_ms"))
    known = [
        _candidate(names.drop("duration_ms").join(lengths, on="track_id", how="inner"), 0),
        _candidate(_first(my_tracks_features_bronze, "source"), 1),
        _candidate(_first(kaggle_tracks_bronze.where(F.col("track_name").isNotNull()), "track_genre"), 2),
    ]
    candidates = known[0].unionByName(known[1]).unionByName(known[2])
    chosen = candidates.groupBy("track_id").agg(
        *(
            F.min_by(name, F.when(F.col(name).isNotNull(), F.col("place"))).alias(name)
            for name in candidates.columns
            if name not in ("track_id", "place")
        ),
        (F.min("place") == 0).alias("is_played"),
    )
    key = match_key(F.col("track_name"), F.col("artist_name"), F.col("track_id"))
    return chosen.withColumn("match_key", key).select(*tracks.column_names)


def _first(rows: DataFrame, tie_breaker: str) -> DataFrame:
    """One row a track: the most popular, then the first by name."""
    return first_of_each(rows, ["track_id"], F.col("popularity").desc_nulls_last(), tie_breaker)


def _candidate(rows: DataFrame, place: int) -> DataFrame:
    """The columns that a source of names may give, null where it does not; a length of 0 is none."""
    types = {column.name: column.type for column in tracks.columns}
    names = ("track_name", "artist_name", "album_name", "duration_ms", "popularity", "explicit", "track_genre")
    given = {
        name: (F.col(name) if name in rows.columns else F.lit(None)).cast(types[name]).alias(name) for name in names
    }
    given["duration_ms"] = F.when(given["duration_ms"] > 0, given["duration_ms"]).alias("duration_ms")
    return rows.select("track_id", *given.values(), F.lit(place).alias("place"))
