"""Silver: tracks."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import TITLE_ID
from schemas.declaration import table
from transformations.descriptions import PROVIDERS, first_known, place_of

# Services that measure audio features, in the order in which their names and lengths are believed.
FEATURE_SERVICES = ("spotify", "reccobeats", "preview_analysis")

# All of Unicode's white space, by name: `\s` means that on Sail, but only ASCII's on Apache Spark.
_BLANKS = " \t\n\x0b\x0c\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def match_key(title: Column, artist: Column, track_id: Column) -> Column:
    """What tells one piece of music from another in every source: normalised title and first artist.

    The track id serves where there is no title. Null where there is neither.
    """
    by_name = F.concat_ws("\t", normalised(title), normalised(F.coalesce(artist, F.lit(""))))
    return F.when(title.isNotNull(), by_name).otherwise(F.concat(F.lit("id\t"), track_id))


def normalised(text: Column) -> Column:
    """Lower case, with single blanks."""
    return F.lower(F.trim(F.regexp_replace(text, f"[{_BLANKS}]+", " ")))


@table(
    layer="silver",
    schema=f"""
        track_id    STRING NOT NULL COMMENT 'Spotify id of the track',
        match_key   STRING NOT NULL COMMENT 'Normalised title and first artist, which every source has',
        {TITLE_ID},
        track_name  STRING COMMENT 'Title of the track',
        artist_id   STRING COMMENT 'Spotify id of the first artist',
        artist_name STRING COMMENT 'First artist of the track',
        album_id    STRING COMMENT 'Spotify id of the album',
        album_name  STRING COMMENT 'Album',
        isrc        STRING COMMENT 'International code of the recording',
        duration_ms BIGINT COMMENT 'Length of the track in milliseconds',
        popularity  INT COMMENT 'Popularity 0-100, where the source gives it',
        popularity_provider STRING COMMENT 'Who gave the popularity: spotify, reccobeats, file or kaggle',
        explicit    BOOLEAN COMMENT 'Whether the lyrics are marked explicit',
        track_genre STRING COMMENT 'Genre block of the catalogue',
        is_played   BOOLEAN NOT NULL COMMENT 'Whether any listener has played it; else only a catalogue knows it'
    """,
    primary_key=("track_id",),
)
def tracks(
    listening_history_bronze: DataFrame,
    tracks_bronze: DataFrame,
    my_tracks_features_bronze: DataFrame,
    kaggle_tracks_bronze: DataFrame,
) -> DataFrame:
    """Every track that was played or that a catalogue knows, with its best known names and length.

    Each detail comes from the newest record of a play that has it, then from Spotify's catalogue, ReccoBeats or a file,
    then from a feature service, then from the Kaggle catalogue (its most popular row, then the first genre).
    """
    candidates = (
        _candidates(_spellings(listening_history_bronze), F.lit(0), F.lit("play"))
        .unionByName(_candidates(tracks_bronze, place_of(F.col("provider"), PROVIDERS), F.col("provider")))
        .unionByName(
            _candidates(my_tracks_features_bronze, 10 + place_of(F.col("source"), FEATURE_SERVICES), F.col("source"))
        )
        .unionByName(
            _candidates(kaggle_tracks_bronze.where(F.col("track_name").isNotNull()), F.lit(20), F.lit("kaggle"))
        )
    )
    order = ("place", F.col("seen_at").desc_nulls_last(), F.col("popularity").desc_nulls_last())
    names = ("revision", "track_genre", "track_name", "artist_name", "album_name")
    known = [name for name in candidates.columns if name not in ("track_id", "place", "seen_at", "revision")]
    chosen = first_known(candidates, "track_id", known, *order, *names)
    key = match_key(F.col("track_name"), F.col("artist_name"), F.col("track_id"))
    return (
        chosen.withColumn("match_key", key)
        .withColumns({"title_id": F.sha2("match_key", 256), "is_played": F.coalesce(F.col("is_played"), F.lit(False))})
        .select(*tracks.column_names)
    )


def _spellings(history: DataFrame) -> DataFrame:
    """Each way in which plays name a track, with the length given with it and when it was last seen.

    Far fewer than the records: the choice among them is then cheap.
    """
    played = history.where((F.col("kind") == "track") & F.col("track_id").isNotNull())
    return (
        played.groupBy("track_id", "track_name", "artist_name", "album_name")
        .agg(F.max("duration_ms").alias("duration_ms"), F.max("played_at").alias("seen_at"))
        .withColumn("is_played", F.lit(True))
    )


def _candidates(rows: DataFrame, place: Column, provider: Column) -> DataFrame:
    """The details that a source may give, null where it does not; a length of 0 is none. First place, first believed.

    Revisions of a catalogue entry are ordered by when they came in.
    """
    types = {column.name: column.type for column in tracks.columns}
    types |= {"seen_at": "TIMESTAMP", "revision": "STRING"}
    given = {
        name: (F.col(name) if name in rows.columns else F.lit(None)).cast(type_name)
        for name, type_name in types.items()
        if name not in ("track_id", "match_key", "title_id", "popularity_provider")
    }
    given["duration_ms"] = F.when(given["duration_ms"] > 0, given["duration_ms"])
    given["popularity_provider"] = F.when(given["popularity"].isNotNull(), provider)
    if "provider" in rows.columns:
        given["seen_at"] = F.col("ingested_at")
    columns = [column.alias(name) for name, column in given.items()]
    return rows.select("track_id", *columns, place.cast("int").alias("place"))
