"""Silver: track_features."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES, AUDIO_FEATURES, BASIS
from schemas.declaration import table
from transformations.bases import ALL, MEASURED
from transformations.ranking import first_of_each

# Within a source, the provider to prefer. A preview alone has no valence, so it never gives a track its features.
PROVIDERS = ("spotify", "reccobeats", "preview_analysis")


@table(
    layer="silver",
    schema=f"""
        track_id         STRING NOT NULL COMMENT 'Spotify id of the track',
        {BASIS},
        feature_source   STRING NOT NULL COMMENT 'real, synthetic or kaggle: where the audio features come from',
        feature_provider STRING NOT NULL COMMENT 'Service, catalogue genre or generator that gave the audio features',
        {AUDIO_FEATURES}
    """,
    primary_key=("track_id", "basis"),
    constraints={
        "known_feature_source": "feature_source IN ('real', 'synthetic', 'kaggle')",
        "measured_is_not_synthetic": "basis = 'all' OR feature_source <> 'synthetic'",
    },
)
def track_features(
    my_tracks_features_bronze: DataFrame,
    my_tracks_features_bronze_synthetic: DataFrame,
    kaggle_tracks_bronze: DataFrame,
    *,
    feature_preference: str,
    allow_synthetic: bool,
) -> DataFrame:
    """The audio features chosen for each track on each basis: one source, taken whole.

    The first source in the preference that has at least valence and energy. Synthetic rows made because nothing was
    known (scope missing) give way to a real or catalogue row, whenever that arrived. Tempo 0 means not found.
    """
    preference = feature_preference.split(",")
    candidates = {
        "real": _complete(my_tracks_features_bronze, "real", F.col("source"), _place(F.col("source"), PROVIDERS)),
        "kaggle": _complete(
            _catalogue_row(kaggle_tracks_bronze), "kaggle", F.concat(F.lit("kaggle/"), "track_genre"), F.lit(0)
        ),
    }
    known = candidates["real"].unionByName(candidates["kaggle"])
    if allow_synthetic:
        candidates["synthetic"] = _synthetic(my_tracks_features_bronze_synthetic, known)
    ranked = [rows.withColumn("place", F.lit(preference.index(source))) for source, rows in candidates.items()]
    everything = reduce(DataFrame.unionByName, ranked).withColumn("basis", F.lit(ALL))
    measured = everything.where(F.col("feature_source") != "synthetic").withColumn("basis", F.lit(MEASURED))
    order = ("place", "provider_place", "feature_provider")
    chosen = first_of_each(everything.unionByName(measured), ["track_id", "basis"], *order)
    return chosen.select(*track_features.column_names)


def _complete(rows: DataFrame, source: str, provider: Column, provider_place: Column) -> DataFrame:
    """Rows with at least valence and energy, in the shape that sources are compared in."""
    features = [F.col(name) for name in AUDIO_FEATURE_NAMES if name != "tempo"]
    return rows.where(F.col("valence").isNotNull() & F.col("energy").isNotNull()).select(
        "track_id",
        F.lit(source).alias("feature_source"),
        provider.alias("feature_provider"),
        provider_place.cast("int").alias("provider_place"),
        *features,
        F.when(F.col("tempo") > 0, F.col("tempo")).alias("tempo"),
    )


def _catalogue_row(kaggle: DataFrame) -> DataFrame:
    """One row a catalogue id: the highest popularity, then the first genre."""
    return first_of_each(kaggle, ["track_id"], F.col("popularity").desc_nulls_last(), "track_genre")


def _synthetic(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Synthetic rows: those made for all tracks, and those made for tracks of which nothing is known still."""
    for_all = rows.where(F.col("scope") == "all")
    missing = rows.where(F.col("scope") == "missing").join(known.select("track_id"), on="track_id", how="left_anti")
    provider = F.concat(F.lit("generator/"), F.col("generator_version").cast("string"))
    place = F.when(F.col("scope") == "all", 0).otherwise(1)
    return _complete(for_all.unionByName(missing.select(*for_all.columns)), "synthetic", provider, place)


def _place(value: Column, order: tuple[str, ...]) -> Column:
    return F.array_position(F.array(*(F.lit(name) for name in order)), value)
