"""Gold: playlist_vibes."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES, AUDIO_FEATURES, BASIS, GENRE_FAMILY, IS_SIMULATED, SUMMARY, USER_ID
from schemas.declaration import Expectation, table
from transformations.bases import BASES, LEAST_FEATURE_SHARE, MEASURED, exact, share
from transformations.library import simulated_listeners
from transformations.ranking import first_of_each
from transformations.readings import playlist_sentence

LEAST_TRACKS = 5
UNITS = 1e12  # a feature counts to its twelfth place, as in sums (decision 008)
_PLAYLIST = ("user_id", "playlist_id", "basis")
_COUNTS = ("entry_count", "track_count", "featured_count", "never_played_count", "play_count", "listened_ms")
_SPREADS = ",\n".join(
    f"{name}_spread DOUBLE COMMENT 'Standard deviation of {name} over the tracks of the playlist'"
    for name in AUDIO_FEATURE_NAMES
)


@table(
    layer="gold",
    analytics="descriptive",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        playlist_id  STRING NOT NULL COMMENT 'Spotify id of the playlist',
        playlist_name STRING COMMENT 'Name of the playlist',
        is_own       BOOLEAN COMMENT 'Whether the listener owns it',
        is_collaborative BOOLEAN COMMENT 'Whether others may change it',
        entry_count  BIGINT NOT NULL COMMENT 'Items on the playlist now, local files and episodes included',
        track_count  BIGINT NOT NULL COMMENT 'Different tracks',
        featured_count BIGINT NOT NULL COMMENT 'Different tracks whose valence and energy are known',
        {SUMMARY},
        played_share DOUBLE COMMENT 'Share of its tracks of which an edition was ever played, 0-1',
        never_played_count BIGINT NOT NULL COMMENT 'Different items of which no edition has a counted play',
        last_played_date DATE COMMENT 'Local date of the last counted play of its recording',
        {AUDIO_FEATURES},
        {_SPREADS},
        {GENRE_FAMILY.replace(" NOT NULL", "")},
        genre_family_share DOUBLE COMMENT 'Share of its tracks whose main genre is of genre_family, 0-1',
        cluster_name STRING COMMENT 'Mood of the music, by quadrant of the valence-energy plane and what stands out',
        cluster_share DOUBLE COMMENT 'Share of its tracks that belong to cluster_name, 0-1',
        outlier_count BIGINT COMMENT 'Different tracks that stand out; null below 10 tracks with features',
        sentence     STRING COMMENT 'What the numbers say, by a written rule',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=_PLAYLIST,
    expectations={
        "told_or_explained": Expectation("(sentence IS NULL) = (reason IS NOT NULL)"),
        "counts_within": Expectation("featured_count <= track_count AND track_count <= entry_count"),
        "shares_in_range": Expectation("played_share BETWEEN 0 AND 1 AND genre_family_share BETWEEN 0 AND 1"),
    },
)
def playlist_vibes(
    playlist_tracks: DataFrame,
    playlist_history: DataFrame,
    track_features: DataFrame,
    coverage: DataFrame,
    listeners: DataFrame,
) -> DataFrame:
    """What each playlist of now is like: mean sound and its spread, main genre, main mood, and what is played of it.

    A track counts once, however often it is on the playlist; features are means over tracks, not over plays, null below
    5 tracks or 60 % of the tracks with features. play_count and listened_ms are of its tracks, from wherever they were
    played.
    """
    current = playlist_history.where("is_current").select(
        "user_id", "playlist_id", "playlist_name", "is_own", "is_collaborative"
    )
    lists = current.withColumn("basis", F.explode(F.array(*(F.lit(basis) for basis in BASES))))
    entries = playlist_tracks.groupBy(*_PLAYLIST).agg(F.count("*").alias("entry_count"))
    tracks = _tracks(playlist_tracks, track_features)
    covered = coverage.groupBy("user_id").agg(F.avg(F.col("is_covered").cast("double")).alias("coverage"))
    joined = (
        lists.join(entries, on=list(_PLAYLIST), how="left")
        .join(_sums(tracks), on=list(_PLAYLIST), how="left")
        .join(_most_common(tracks, "genre_family"), on=list(_PLAYLIST), how="left")
        .join(_most_common(tracks, "cluster_name"), on=list(_PLAYLIST), how="left")
        .join(covered, on="user_id", how="left")
        .join(simulated_listeners(listeners), on="user_id", how="left")
        .withColumn("is_simulated", F.coalesce("is_simulated", F.lit(False)))
        .fillna(0, subset=list(_COUNTS))
    )
    told = joined.withColumn("reason", _reason())
    is_told = F.col("reason").isNull()
    spreads = [f"{name}_spread" for name in AUDIO_FEATURE_NAMES]
    withheld = {name: F.when(is_told, F.col(name)) for name in (*AUDIO_FEATURE_NAMES, *spreads, "outlier_count")}
    shown = told.withColumns(withheld).withColumns(
        {
            "genre_family_share": share(F.col("genre_family_tracks"), F.col("track_count")),
            "cluster_share": share(F.col("cluster_name_tracks"), F.col("track_count")),
            "played_share": share(F.col("track_count") - F.col("never_played_count"), F.col("track_count")),
        }
    )
    sentence = F.when(is_told, playlist_sentence())
    return shown.withColumn("sentence", sentence).select(*playlist_vibes.column_names)


def _tracks(items: DataFrame, track_features: DataFrame) -> DataFrame:
    """Each different track of a playlist once, with its features."""
    once = first_of_each(items.where(F.col("track_id").isNotNull()), [*_PLAYLIST, "track_id"], "item_uri", "occurrence")
    features = track_features.select("track_id", "basis", *AUDIO_FEATURE_NAMES)
    return once.join(features, on=["track_id", "basis"], how="left")


def _sums(tracks: DataFrame) -> DataFrame:
    has_features = F.col("valence").isNotNull() & F.col("energy").isNotNull()
    measured = has_features & (F.col("feature_source") != "synthetic")
    return tracks.groupBy(*_PLAYLIST).agg(
        F.count("*").alias("track_count"),
        F.count_if(has_features).alias("featured_count"),
        F.count_if("is_never_played").alias("never_played_count"),
        F.sum(F.col("is_outlier").cast("bigint")).alias("outlier_count"),
        F.sum("play_count").alias("play_count"),
        F.sum("listened_ms").alias("listened_ms"),
        share(F.sum(F.when(measured, F.col("listened_ms")).otherwise(0)), F.sum("listened_ms")).alias("measured_share"),
        F.max("last_played_date").alias("last_played_date"),
        *(share(F.sum(exact(F.col(name))), F.count(name)).alias(name) for name in AUDIO_FEATURE_NAMES),
        *(_spread(name).alias(f"{name}_spread") for name in AUDIO_FEATURE_NAMES),
    )


def _spread(name: str) -> Column:
    """Standard deviation over n - 1, the same to the last digit for any order of the rows, on every engine.

    Sums run over whole units of the twelfth place, where no digit is lost: n * sum(x * x) - sum(x) * sum(x) fits into
    38 digits as long as the feature adds up to less than ten million. One value alone has no spread.
    """
    units = (F.col(name) * UNITS).cast("decimal(18, 0)")
    total, count = F.sum(units), F.count(units)
    scatter = count * F.sum(units * units) - total * total
    return F.sqrt(share(scatter, count * (count - 1))) / UNITS


def _most_common(tracks: DataFrame, name: str) -> DataFrame:
    """The value that most tracks of a playlist have, ties by name, and how many."""
    known = tracks.where(F.col(name).isNotNull())
    counted = known.groupBy(*_PLAYLIST, name).agg(F.count("*").alias(f"{name}_tracks"))
    return first_of_each(counted, list(_PLAYLIST), F.col(f"{name}_tracks").desc(), name)


def _reason() -> Column:
    """Why the playlist's sound is not told."""
    kind = F.when(F.col("basis") == MEASURED, "measured audio features").otherwise("audio features")
    known, all_tracks = F.col("featured_count"), F.col("track_count")
    percent = F.floor(F.lit(100) * known / F.greatest(all_tracks, F.lit(1))).cast("int").cast("string")
    few = F.concat(F.lit(f"fewer than {LEAST_TRACKS} tracks have "), kind)
    least = f"; {int(100 * LEAST_FEATURE_SHARE)} % is needed"
    part = F.concat(F.lit("only "), percent, F.lit(" % of the tracks have "), kind, F.lit(least))
    enough = F.coalesce(share(known, all_tracks) >= LEAST_FEATURE_SHARE, F.lit(False))
    return (
        F.when(F.col("entry_count") == 0, "no items: the playlist is empty, or Spotify does not show them")
        .when(known < LEAST_TRACKS, few)
        .when(~enough, part)
    )
