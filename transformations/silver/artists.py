"""Silver: artists."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.declaration import table
from transformations.descriptions import first_known, newest_first
from transformations.genres import catalogue_genres, family_of, first_artist_key, listed_genres, tier_of
from transformations.ranking import first_of_each
from transformations.silver.tracks import normalised

_DETAILS = ("artist_name", "genres", "popularity", "follower_count", "provider")


@table(
    layer="silver",
    schema="""
        artist_id      STRING NOT NULL COMMENT 'Spotify id of the first artist',
        artist_name    STRING COMMENT 'First artist of the track',
        genres         STRING COMMENT 'Genres, JSON array; null where the source gives none',
        popularity     INT COMMENT 'Popularity 0-100, where the source gives it',
        popularity_tier STRING COMMENT 'star from 80, popular from 60, known from 40, niche from 20, hidden below',
        follower_count BIGINT COMMENT 'Followers, where the source gives them',
        main_genre     STRING COMMENT 'Genre of the highest score; null where no source gives one',
        genre_score    DOUBLE COMMENT 'Weight of main_genre, 0-1: mean of what is listed and what the catalogue says',
        main_genre_family STRING COMMENT 'Family of main_genre',
        is_followed    BOOLEAN NOT NULL COMMENT 'Whether any listener follows the artist now',
        provider       STRING COMMENT 'Who described it: spotify, reccobeats or file'
    """,
    primary_key=("artist_id",),
)
def artists(
    artists_bronze: DataFrame,
    tracks_bronze: DataFrame,
    albums_bronze: DataFrame,
    library_history: DataFrame,
    kaggle_tracks_bronze: DataFrame,
) -> DataFrame:
    """Every artist whose id is known, with what is known of them.

    Each detail comes from Spotify's newest description that has it, then from a file. Of artists who are only credited
    on a track or album, or followed, the name is known alone, and provider is null. Genres are scored by the mean of
    two weights, where there are both: equal parts of what a source lists, and the parts of the artist's tracks in the
    catalogue.
    """
    followed = library_history.where(F.col("collection") == "followed_artists").select(
        F.col("item_id").alias("artist_id"), F.col("item_name").alias("artist_name"), "is_current", "valid_from"
    )
    described = artists_bronze.select("artist_id", *_DETAILS, "ingested_at", "revision", F.lit(0).alias("place"))
    candidates = (
        described.unionByName(_named(_credited(tracks_bronze)))
        .unionByName(_named(_credited(albums_bronze)))
        .unionByName(_named(followed.withColumn("ingested_at", F.col("valid_from"))))
    )
    chosen = first_known(candidates, "artist_id", _DETAILS, "place", *newest_first(), "artist_name")
    follows = followed.where("is_current").select("artist_id", F.lit(True).alias("follows")).distinct()
    return (
        chosen.join(follows, on="artist_id", how="left")
        .join(_main_genres(chosen, kaggle_tracks_bronze), on="artist_id", how="left")
        .withColumns(
            {
                "is_followed": F.coalesce(F.col("follows"), F.lit(False)),
                "popularity_tier": tier_of(F.col("popularity")),
                "main_genre_family": family_of(F.col("main_genre")),
            }
        )
        .select(*artists.column_names)
    )


def _main_genres(artists: DataFrame, kaggle_tracks: DataFrame) -> DataFrame:
    """The genre of the highest score of each artist, ties by name: artist_id, main_genre, genre_score."""
    named = artists.select("artist_id", normalised(F.col("artist_name")).alias("catalogue_key"))
    catalogued = named.join(
        catalogue_genres(kaggle_tracks, first_artist_key(F.col("artists"))), on="catalogue_key", how="inner"
    )
    columns = ("artist_id", "genre", "genre_weight")
    voices = [
        rows.select(*columns, F.lit(voice).alias("voice"))
        for voice, rows in (("listed", listed_genres(artists)), ("catalogue", catalogued))
    ]
    said = voices[0].unionByName(voices[1])
    heard = said.groupBy("artist_id").agg(F.count_distinct("voice").alias("voices"))
    scored = (
        said.groupBy("artist_id", "genre")
        .agg(F.sum("genre_weight").alias("weight"))
        .join(heard, on="artist_id", how="inner")
        .withColumn("genre_score", F.round(F.col("weight") / F.col("voices"), 9))
    )
    best = first_of_each(scored, ["artist_id"], F.col("genre_score").desc(), "genre")
    return best.select("artist_id", F.col("genre").alias("main_genre"), "genre_score")


def _credited(rows: DataFrame) -> DataFrame:
    """Everyone credited on a track or album: the ids and the names are two JSON arrays in one order."""
    listed = rows.withColumn("names", F.from_json("artist_names", "array<string>"))
    ids = F.posexplode(F.from_json("artist_ids", "array<string>")).alias("credit", "artist_id")
    credits = listed.select("ingested_at", "names", ids).where(F.col("artist_id").isNotNull())
    return credits.select("artist_id", F.get("names", F.col("credit")).alias("artist_name"), "ingested_at")


def _named(rows: DataFrame) -> DataFrame:
    """Each name that an artist goes by elsewhere, as a description that has nothing else."""
    seen = rows.groupBy("artist_id", "artist_name").agg(F.max("ingested_at").alias("ingested_at"))
    types = {column.name: column.type for column in artists.columns} | {"revision": "STRING"}
    missing = {name: F.lit(None).cast(types[name]) for name in (*_DETAILS, "revision") if name != "artist_name"}
    return seen.withColumns({**missing, "place": F.lit(1)})
