"""mood_drivers: means and weights of the plays of whole weeks, against SQL; the model's answers are tested there."""

from __future__ import annotations

import numpy as np
import pandas as pd

KEY = ["user_id", "basis", "clock_bucket", "feature"]

HEARD = """
    SELECT l.user_id, b.basis, l.hour_of_day, l.part_of_day, l.played_date, l.artist_name, l.listened_ms AS ms,
           l.is_counted,
           CASE WHEN f.valence IS NOT NULL AND f.energy IS NOT NULL THEN l.listened_ms ELSE 0 END AS known,
           f.feature_source, f.valence, f.energy
    FROM listening_with_features l
    CROSS JOIN (VALUES ('measured'), ('all')) b(basis)
    LEFT JOIN track_features f ON f.track_id = l.track_id AND f.basis = b.basis
    WHERE l.excluded_by IS NULL AND l.played_date < DATE '{monday}'
"""
TOTALS = """
WITH heard AS ({heard}), each AS (
    SELECT *, unnest(['valence', 'energy']) AS feature FROM heard
),
days AS (
    SELECT user_id, basis, feature, sum(CASE feature WHEN 'valence' THEN valence ELSE energy END * known) AS value,
           sum(known) AS known, sum(ms) AS ms
    FROM each GROUP BY ALL
),
parts AS (
    SELECT user_id, basis, part_of_day AS clock_bucket, feature,
           sum(CASE feature WHEN 'valence' THEN valence ELSE energy END * known) AS value, sum(known) AS known,
           sum(CASE WHEN feature_source <> 'synthetic' THEN known ELSE 0 END) / sum(ms) AS measured_share,
           sum(ms) AS listened_ms, sum(is_counted::INT) AS play_count,
           count(DISTINCT played_date) FILTER (ms > 0) AS heard_day_count
    FROM each GROUP BY ALL
)
SELECT p.user_id, p.basis, p.clock_bucket, p.feature, p.listened_ms, p.play_count, p.heard_day_count, p.measured_share,
       CASE WHEN told THEN p.value / p.known END AS bucket_mean,
       CASE WHEN told THEN d.value / d.known END AS day_mean
FROM (SELECT p.*, p.heard_day_count >= 20 AND p.known >= 0.6 * p.listened_ms AND d.known >= 0.6 * d.ms AS told
      FROM parts p JOIN days d USING (user_id, basis, feature)) p
JOIN days d USING (user_id, basis, feature)
"""


def monday(history) -> str:
    return str(history.as_of - pd.Timedelta(days=history.as_of.weekday()))[:10]


def test_the_totals_are_the_means_of_the_definition(history, sql, assert_same_rows):
    found = sql("SELECT * FROM mood_drivers WHERE dimension = 'total' AND clock_kind = 'part_of_day'")
    expected = sql(TOTALS.format(heard=HEARD.format(monday=monday(history))))
    assert expected["bucket_mean"].notna().sum() > 5 and expected["bucket_mean"].isna().sum() > 1
    assert_same_rows(found, expected, KEY)


def test_an_artists_weights_are_its_parts_of_the_time_with_features(history, sql):
    expected = sql(f"""
        WITH heard AS ({HEARD.format(monday=monday(history))}),
        items AS (
            SELECT user_id, basis, coalesce(artist_name, 'unknown') AS item, sum(known) AS all_day,
                   sum(CASE WHEN part_of_day = 'evening' THEN known ELSE 0 END) AS evening
            FROM heard GROUP BY ALL
        )
        SELECT user_id, basis, item, evening / sum(evening) OVER listener AS bucket_weight,
               all_day / sum(all_day) OVER listener AS day_weight
        FROM items WINDOW listener AS (PARTITION BY user_id, basis)
    """).set_index(["user_id", "basis", "item"])
    found = sql("""
        SELECT user_id, basis, item, bucket_weight, day_weight FROM mood_drivers
        WHERE clock_bucket = 'evening' AND feature = 'energy' AND dimension = 'artist' AND NOT is_rest
    """).set_index(["user_id", "basis", "item"])
    assert len(found) >= 30
    both = found.join(expected, rsuffix="_expected")
    for name in ("bucket_weight", "day_weight"):
        np.testing.assert_allclose(both[name], both[f"{name}_expected"].fillna(0), rtol=1e-9)


def test_effects_add_up_to_the_difference_in_every_dimension(table):
    found = table("mood_drivers")
    split = found[found["dimension"] != "total"]
    key = ["user_id", "basis", "clock_kind", "clock_bucket", "feature"]
    sums = split.groupby([*key, "dimension"])["effect"].sum().reset_index()
    both = sums.merge(found[found["dimension"] == "total"][[*key, "difference"]], on=key)
    assert set(both["dimension"]) == {"artist", "genre_family", "device", "context"}
    np.testing.assert_allclose(both["effect"], both["difference"], atol=1e-9)


def test_what_is_withheld_has_a_reason_and_no_split(table):
    found = table("mood_drivers")
    withheld = found[found["reason"].notna()]
    assert len(withheld) > 10
    assert set(withheld["dimension"]) == {"total"} and withheld["difference"].isna().all()
    told = found[found["dimension"] == "total"]
    assert (told["sentence"].isna() == told["reason"].notna()).all()
