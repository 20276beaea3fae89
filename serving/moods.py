"""Moods of the music: its clusters, how much they were heard in a range, and why an hour sounds as it does."""

from __future__ import annotations

from datetime import date

from serving.store import Row, Store
from serving.tops import top_of

PARTS_OF_DAY = ("night", "morning", "afternoon", "evening", "late")
# As gold's means: null where less of the time has features.
LEAST_FEATURE_SHARE = 0.6


def mood_clusters(store: Store, basis: str) -> list[Row]:
    """The clusters in their order, as gold has them; cluster 0 (tracks in none, with the reason) last."""
    return store.rows(
        "SELECT * FROM mood_clusters WHERE basis = $basis ORDER BY cluster_id = 0, cluster_id", basis=basis
    )


def mood_months(store: Store, basis: str, first: date, last: date) -> list[Row]:
    """Time heard of each cluster in each month of a range: month, cluster_id, listened_ms; 0 is the rest."""
    days: Row = {"basis": basis, "first": first, "last": last}
    told = store.rows(
        """
        SELECT date_trunc('month', played_date)::DATE AS month, cluster_id, sum(listened_ms)::BIGINT AS listened_ms
        FROM kept_plays JOIN (
            SELECT track_id, cluster_id FROM track_moods WHERE basis = $basis AND cluster_id > 0
        ) USING (track_id)
        WHERE played_date BETWEEN $first AND $last GROUP BY 1, 2
        """,
        **days,
    )
    whole = store.rows(
        """
        SELECT date_trunc('month', played_date)::DATE AS month, 0 AS cluster_id, sum(listened_ms)::BIGINT AS listened_ms
        FROM daily_listening WHERE basis = $basis AND played_date BETWEEN $first AND $last GROUP BY 1
        """,
        **days,
    )
    for row in whole:
        row["listened_ms"] -= sum(one["listened_ms"] for one in told if one["month"] == row["month"])
    rest = [row for row in whole if row["listened_ms"] > 0]
    return sorted([*told, *rest], key=lambda row: (row["month"], row["cluster_id"]))


def mood_hours(store: Store, basis: str, first: date, last: date, *, is_all: bool = False) -> list[Row]:
    """Mean valence and energy of each local hour of a range, weighted by time.

    Rows: hour, valence, energy, listened_ms, and heard_day_count, the days on which it was heard.

    Null where less than 60 % of the hour's time has features of the basis. is_all: the range holds all that is known,
    so gold tells it.
    """
    if is_all:
        return store.rows(
            """
            SELECT bucket::INT AS hour, mean_valence AS valence, mean_energy AS energy, listened_ms,
                coalesce(heard_day_count, 0) AS heard_day_count
            FROM temporal_patterns LEFT JOIN (
                SELECT clock_bucket AS bucket, heard_day_count FROM mood_drivers
                WHERE basis = $basis AND clock_kind = 'hour_of_day' AND dimension = 'total' AND feature = 'valence'
            ) USING (bucket)
            WHERE basis = $basis AND pattern = 'hour_of_day' ORDER BY 1
            """,
            basis=basis,
        )
    return store.rows(
        """
        WITH known AS (
            SELECT hour_of_day AS hour, sum(listened_ms) AS heard, sum(listened_ms * f.valence) AS bright,
                sum(listened_ms * f.energy) AS strong, sum(listened_ms) FILTER (f.valence IS NOT NULL) AS of_bright,
                sum(listened_ms) FILTER (f.energy IS NOT NULL) AS of_strong,
                count(DISTINCT played_date) AS heard_day_count
            FROM kept_plays LEFT JOIN (
                SELECT track_id, valence, energy FROM track_features WHERE basis = $basis
            ) f USING (track_id)
            WHERE played_date BETWEEN $first AND $last GROUP BY 1
        )
        SELECT hour, CASE WHEN of_bright >= $least * heard THEN bright / of_bright END AS valence,
            CASE WHEN of_strong >= $least * heard THEN strong / of_strong END AS energy, heard::BIGINT AS listened_ms,
            heard_day_count
        FROM known WHERE heard > 0 ORDER BY 1
        """,
        basis=basis, first=first, last=last, least=LEAST_FEATURE_SHARE,
    )  # fmt: skip


def mood_tracks(
    store: Store, basis: str, days: tuple[date, date], limit: int = 300, *, is_all: bool = False
) -> list[Row]:
    """The tracks heard most in a range that have features: as top_of, with valence, energy, cluster and its distance.

    Most time first; cluster_id 0 and cluster_name null where a track is in none. is_all: as for mood_hours.
    """
    if is_all:
        found = store.rows(
            "SELECT recording_id AS key, track_name AS name, artist_name AS detail, track_id, listened_ms "
            "FROM track_stats WHERE period_kind = 'all_time' ORDER BY time_rank LIMIT $limit",
            limit=limit,
        )
    else:
        found = top_of(store, "tracks", days, limit=limit)
    top = [row for row in found if row["track_id"]]
    features = store.rows(
        """
        SELECT track_id, valence, energy, coalesce(cluster_id, 0) AS cluster_id, cluster_name, centroid_distance
        FROM track_features LEFT JOIN track_moods USING (track_id, basis)
        WHERE basis = $basis AND valence IS NOT NULL AND energy IS NOT NULL AND track_id IN (SELECT unnest($ids))
        """,
        basis=basis, ids=[row["track_id"] for row in top],
    )  # fmt: skip
    known = {row["track_id"]: row for row in features}
    return [row | known[row["track_id"]] for row in top if row["track_id"] in known]


def mood_parts_of_day(store: Store, basis: str) -> list[Row]:
    """How each part of the day differs from the whole day in valence and energy, as mood_drivers' totals tell it."""
    rows = store.rows(
        """
        SELECT clock_bucket AS part, feature, bucket_mean, day_mean, difference, heard_day_count, sentence, reason
        FROM mood_drivers WHERE basis = $basis AND clock_kind = 'part_of_day' AND dimension = 'total'
        """,
        basis=basis,
    )
    return sorted(rows, key=lambda row: (PARTS_OF_DAY.index(row["part"]), row["feature"] != "valence"))


def mood_items(store: Store, basis: str, part: str, feature: str, dimension: str, limit: int = 10) -> list[Row]:
    """What makes a part of the day sound as it does: artists, genre families, devices or contexts, the most first.

    Those beyond the limit are added up in one last row, so that effects add up to the difference.
    """
    return store.rows(
        """
        WITH told AS (
            SELECT *, item_place > $limit OR is_rest AS is_other FROM mood_drivers
            WHERE basis = $basis AND clock_kind = 'part_of_day' AND clock_bucket = $part AND feature = $feature
                AND dimension = $dimension
        )
        SELECT CASE WHEN is_other THEN 'all others' ELSE item END AS item, sum(effect) AS effect,
            sum(share_effect) AS share_effect, sum(within_effect) AS within_effect, sum(bucket_weight) AS bucket_weight,
            sum(day_weight) AS day_weight
        FROM told GROUP BY is_other, CASE WHEN is_other THEN 'all others' ELSE item END
        ORDER BY is_other, min(item_place)
        """,
        basis=basis, part=part, feature=feature, dimension=dimension, limit=limit,
    )  # fmt: skip
