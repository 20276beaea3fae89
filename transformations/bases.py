"""The two bases of every number that rests on audio features: measured, and all."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES

MEASURED, ALL = "measured", "all"
BASES = (MEASURED, ALL)

# Below this share of the listening time with features, a mean of features says too little about the whole.
LEAST_FEATURE_SHARE = 0.6


def on_each_basis(listening: DataFrame, track_features: DataFrame) -> DataFrame:
    """Every play twice, once a basis, with the features of that basis (null where it has none) and is_synthetic.

    The listening comes without feature columns of its own, or loses them here.
    """
    own = [name for name in (*AUDIO_FEATURE_NAMES, "feature_source", "feature_provider") if name in listening.columns]
    bases = F.explode(F.array(*(F.lit(basis) for basis in BASES)))
    features = track_features.select("track_id", "basis", "feature_source", *AUDIO_FEATURE_NAMES)
    return (
        listening.drop(*own)
        .withColumn("basis", bases)
        .join(features, on=["track_id", "basis"], how="left")
        .withColumn("is_synthetic", F.coalesce(F.col("feature_source") == "synthetic", F.lit(False)))
    )


def feature_time() -> Column:
    """Listening time of a play whose energy and valence are known on its basis, else 0."""
    return F.when(F.col("energy").isNotNull() & F.col("valence").isNotNull(), F.col("listened_ms")).otherwise(0)


def measured_time() -> Column:
    """Listening time of a play whose features are known and not synthetic, else 0."""
    return F.when(~F.col("is_synthetic"), feature_time()).otherwise(0)


def exact(feature: Column) -> Column:
    """A feature as a decimal: sums of doubles differ in the last digit with the order of the rows, these do not."""
    return feature.cast("decimal(18, 12)")


def listening_sums() -> dict[str, Column]:
    """What gold sums over plays on a basis, by name: counts, times, and features weighted by the time listened."""
    sums = {
        "start_count": F.count("*"),
        "skip_count": F.count_if("is_skip"),
        "play_count": F.count_if("is_counted"),
        "listened_ms": F.sum("listened_ms"),
        "feature_ms": F.sum(feature_time()),
        "measured_feature_ms": F.sum(measured_time()),
        "valence_ms": F.sum(exact(F.col("valence")) * feature_time()),
        "energy_ms": F.sum(exact(F.col("energy")) * feature_time()),
    }
    return {name: column.alias(name) for name, column in sums.items()}


def share(part: Column, whole: Column) -> Column:
    """part / whole as a double; null where the whole is nothing."""
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))


def mean_or_null(weighted_sum: Column, weight: Column, listened: Column) -> Column:
    """A time-weighted mean of a feature, null below LEAST_FEATURE_SHARE of the listening time."""
    return F.when(share(weight, listened) >= LEAST_FEATURE_SHARE, share(weighted_sum, weight))


def too_little(weight: Column, listened: Column, basis: Column) -> Column:
    """Why a mean of features is null: the reason, or null where it is not."""
    kind = F.when(basis == MEASURED, "measured audio features").otherwise("audio features")
    # Rounded down, so that 59.9 % is not called the 60 % that is needed.
    known = F.floor(F.lit(100) * weight / F.greatest(listened, F.lit(1))).cast("int").cast("string")
    sentence = F.concat(
        F.lit("only "),
        known,
        F.lit(" % of the listening time has "),
        kind,
        F.lit(f"; {int(100 * LEAST_FEATURE_SHARE)} % is needed"),
    )
    enough = F.coalesce(share(weight, listened) >= LEAST_FEATURE_SHARE, F.lit(False))
    return F.when(~enough, sentence)
