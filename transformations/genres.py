"""Genres: which an artist or a track belongs to, by whose word, and their families."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transformations.cases import case
from transformations.silver.tracks import normalised

UNKNOWN = "unknown"

# Family: beginnings of words of which one stands in the genre's name (with a blank: whole words). The first family that
# fits is taken, so the special ones come before the wide ones (rock, pop). Hyphens count as blanks: "hip-hop".
FAMILIES: dict[str, tuple[str, ...]] = {
    "spoken word and comedy": ("comedy", "spoken", "audiobook", "podcast", "poetry"),
    "children": ("children", "kids", "nursery", "lullab"),
    "stage and screen": ("soundtrack", "show tunes", "musical", "disney", "film", "anime", "video game"),
    "ambient and calm": (
        "ambient", "new age", "sleep", "study", "chill", "lo fi", "lofi", "meditation", "drone", "trip hop",
        "downtempo",
    ),
    "classical": ("classical", "opera", "orchestra", "baroque", "piano", "choral", "string quartet", "early music"),
    "metal": ("metal", "black metal", "death metal", "heavy metal", "grindcore", "djent", "deathcore"),
    "punk": ("punk", "emo ", "screamo"),
    "reggae": ("reggae ", "dancehall", "ska ", "rocksteady"),
    "latin": (
        "latin", "bossa", "samba", "mpb ", "salsa", "tango", "sertanejo", "pagode", "forro", "brazil", "spanish",
        "cumbia", "bachata", "merengue", "mariachi", "reggaeton",
    ),
    "hip hop": ("hip hop", "rap ", "trap ", "drill", "grime", "phonk", "boom bap"),
    "jazz and blues": ("jazz", "blues", "swing", "bebop", "ragtime"),
    "soul and funk": ("soul", "r n b", "r&b", "rnb", "funk", "disco", "gospel", "groove", "motown"),
    "electronic": (
        "electro", "techno", "house", "trance", "edm", "drum and bass", "dubstep", "dub ", "idm", "breakbeat", "club",
        "bass", "hardstyle", "dance", "synthwave", "industrial", "uk garage", "rave", "jungle", "hardcore",
    ),
    "country and folk": (
        "country", "folk", "bluegrass", "honky tonk", "songwriter", "americana", "acoustic", "celtic", "guitar",
    ),
    "world": (
        "world", "afro", "indian", "iranian", "turkish", "malay", "arab", "fado", "flamenco", "klezmer", "balkan",
    ),
    "rock": ("rock", "grunge", "alternative", "alt ", "indie ", "psych", "goth", "shoegaze", "british", "new wave"),
    "pop": (
        "pop", "synthpop", "britpop", "party", "romance", "happy", "sad ", "chanson", "schlager", "swedish", "french",
    ),
}  # fmt: skip
OTHER = "other"

# A catalogue names one genre a row; of an artist's rows, genres of less than this share are not told.
LEAST_GENRE_SHARE = 0.1

# Popularity of an artist or track, 0-100, by tier and the least that belongs to it.
TIERS = (("star", 80), ("popular", 60), ("known", 40), ("niche", 20), ("hidden", 0))


def family_of(genre: Column) -> Column:
    """The family that a genre belongs to; `other` where no word of it is known, null for no genre."""
    plain = F.concat(F.lit(" "), F.regexp_replace(F.lower(genre), "[-_ ]+", " "), F.lit(" "))
    families = (
        (reduce(lambda one, other: one | other, (plain.contains(f" {word}") for word in words)), family)
        for family, words in FAMILIES.items()
    )
    return case([(genre.isNull(), F.lit(None).cast("string")), *families], OTHER)


def tier_of(popularity: Column) -> Column:
    """The tier of a popularity of 0-100; null where it is not known."""
    return case((popularity >= least, tier) for tier, least in TIERS)


def listed_genres(artists: DataFrame) -> DataFrame:
    """The genres that a source lists for artists, each of equal weight: artist_id, artist_name, genre, genre_weight.

    artists: artist_id, artist_name and genres, a JSON array.
    """
    parsed = artists.withColumn("_all", F.array_distinct(F.from_json("genres", "array<string>")))
    listed = parsed.where(F.size("_all") > 0).withColumn("genre_weight", F.lit(1.0) / F.size("_all"))
    return listed.select("artist_id", "artist_name", F.explode("_all").alias("genre"), "genre_weight")


def catalogue_genres(kaggle_tracks: DataFrame, key: Column) -> DataFrame:
    """The genres of the catalogue's rows of each key, weighted by their number: catalogue_key, genre, genre_weight.

    Genres of less than LEAST_GENRE_SHARE of the rows are left out, and the rest weighted anew.
    """
    counted = kaggle_tracks.groupBy(key.alias("catalogue_key"), F.col("track_genre").alias("genre")).agg(
        F.count_distinct("track_id").cast("double").alias("rows")
    )
    named = counted.where(F.col("catalogue_key").isNotNull())
    totals = named.groupBy("catalogue_key").agg(F.sum("rows").alias("all_rows"))
    told = named.join(totals, on="catalogue_key", how="inner").where(
        F.col("rows") >= F.col("all_rows") * LEAST_GENRE_SHARE
    )
    sums = told.groupBy("catalogue_key").agg(F.sum("rows").alias("told_rows"))
    weight = F.col("rows") / F.col("told_rows")
    return told.join(sums, on="catalogue_key", how="inner").select(
        "catalogue_key", "genre", weight.alias("genre_weight")
    )


def first_artist_key(artists: Column) -> Column:
    """The first of the artists that a catalogue row names, as names are compared."""
    return normalised(F.split(artists, ";").getItem(0))
