"""playback_shares: compared with SQL; shares that add up to one; kinds of devices and of what was played from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from transformations.devices import CONTEXT_KINDS, DEVICE_KINDS, context_kind, device_kind
from transformations.gold.playback_shares import playback_shares

PERIOD = ["user_id", "period_kind", "period_start"]
KEY = [*PERIOD, "dimension", "bucket"]

EXPECTED = """
WITH ranges AS (
    SELECT 'month' AS kind, m::DATE AS first_day, (m + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS last_day
    FROM range(DATE '2026-01-01', DATE '2027-01-01', INTERVAL 1 MONTH) t(m)
    UNION ALL SELECT 'year', DATE '2026-01-01', DATE '2026-12-31'
    UNION ALL SELECT 'all_time', DATE '1970-01-01', DATE '{as_of}'
    UNION ALL SELECT 'last_' || n || '_days', DATE '{as_of}' - n::INT + 1, DATE '{as_of}'
    FROM (VALUES (7), (28), (90), (365)) t(n)
),
placed AS (
    SELECT *, kind AS period_kind, first_day AS period_start, last_day AS period_end,
           coalesce(track_id IN (SELECT track_id FROM track_features WHERE basis = 'measured'), false) AS is_known,
           unnest(map_entries(MAP {{
               'device': CASE WHEN platform IS NULL THEN 'unknown' WHEN platform LIKE 'web_player%' THEN 'web'
                              WHEN platform IN ('ios', 'android') THEN 'phone'
                              WHEN platform = 'windows' THEN 'computer' END,
               'platform': coalesce(platform, 'unknown'),
               'context_kind': CASE split_part(coalesce(context_uri, ''), ':', 2) WHEN '' THEN 'unknown'
                               ELSE split_part(context_uri, ':', 2) END,
               'shuffle': CASE WHEN is_shuffle THEN 'on' WHEN NOT is_shuffle THEN 'off' ELSE 'unknown' END,
               'source': source,
               'time_source': time_source
           }})) AS entry
    FROM listening_with_features JOIN ranges ON played_date BETWEEN first_day AND last_day OR kind = 'all_time'
    WHERE excluded_by IS NULL
)
SELECT user_id, period_kind, period_start, period_end, entry.key AS dimension, entry.value AS bucket,
       count(*) AS start_count, sum(is_skip::INT) AS skip_count, sum(is_counted::INT) AS play_count,
       sum(listened_ms) AS listened_ms,
       coalesce(sum(listened_ms) FILTER (is_known), 0) / nullif(sum(listened_ms), 0) AS measured_share,
       coalesce(sum(listened_ms) FILTER (time_source = 'measured'), 0) AS measured_ms,
       sum(listened_ms) / sum(sum(listened_ms)) OVER (PARTITION BY user_id, period_kind, period_start, dimension)
           AS period_share
FROM placed GROUP BY user_id, period_kind, period_start, period_end, entry.key, entry.value
"""


def test_each_bucket_is_what_the_definition_says(sql, history, assert_same_rows):
    assert_same_rows(sql("SELECT * FROM playback_shares"), sql(EXPECTED.format(as_of=history.as_of)), KEY)


def test_the_shares_of_a_dimension_add_up_to_one_and_its_starts_to_those_of_the_range(table):
    shares = table("playback_shares")
    sums = shares.groupby([*PERIOD, "dimension"])["period_share"].sum()
    assert ((sums - 1).abs() < 1e-9).all() and set(shares["dimension"]) == {
        "device", "platform", "context_kind", "shuffle", "source", "time_source",
    }  # fmt: skip
    starts = shares.groupby([*PERIOD, "dimension"])["start_count"].sum().unstack()
    metrics = table("user_metrics").query("basis == 'all' and start_count > 0").set_index(PERIOD)["start_count"]
    for dimension in starts:
        assert starts[dimension].to_dict() == metrics.to_dict()


AS_OF = date(2024, 5, 31)


@pytest.fixture
def made(rows: Callable[..., Any]) -> Callable[..., dict[tuple[str, date, str, str], Row]]:
    def of(*given: dict[str, Any]) -> dict[tuple[str, date, str, str], Row]:
        plays = [{"play_id": str(n), "user_id": "u", "listened_ms": 1_000, **fields} for n, fields in enumerate(given)]
        found = playback_shares(rows("listening_with_features", *plays), rows("coverage"), as_of=AS_OF).collect()
        return {(row.period_kind, row.period_start, row.dimension, row.bucket): row for row in found}

    return of


def test_the_last_days_are_counted_by_the_day_and_old_months_as_a_whole(made):
    ago = (0, 6, 7, 364, 365, 729, 730, 731)
    found = made(*({"played_date": AS_OF - timedelta(days=n), "platform": "ios"} for n in ago))
    phone = {place: row.start_count for place, row in found.items() if place[2:] == ("device", "phone")}
    assert phone["last_7_days", AS_OF - timedelta(days=6), "device", "phone"] == 2
    assert phone["last_365_days", AS_OF - timedelta(days=364), "device", "phone"] == 4
    assert phone["all_time", date(1970, 1, 1), "device", "phone"] == 8
    assert phone["month", date(2022, 6, 1), "device", "phone"] == 2  # 729 and 730 days ago
    assert phone["month", date(2022, 5, 1), "device", "phone"] == 1


def test_excluded_plays_have_no_share(made):
    found = made({"played_date": AS_OF}, {"played_date": AS_OF, "platform": "ios", "excluded_by": "sleep"})
    assert {place[3] for place in found if place[2] == "device"} == {"unknown"}


PLATFORMS = {
    "phone": ["ios", "iOS 13.3.1 (iPhone9,3)", "Android OS 6.0 API 23 (HUAWEI, VNS-L31)", "Android-phone [arm 0]"],
    "computer": ["Windows 10 (10.0.19041; x64)", "OS X 12.6.0 [arm 2]", "Linux [x86-64 0]", "osx"],
    "tablet": ["iOS 9.3.5 (iPad2,1)", "Android-tablet OS 4.4.4", "Android OS 11 API 30 (samsung, SM-T510)"],
    "speaker": ["Partner sonos_ppc Sonos;Play1", "Partner google cast_audio", "Partner amazon_fireos Amazon;Echo_Dot"],
    "tv": [
        "Partner webos_tv LGE;43UK6300PLB", "Partner android_tv Sony;BRAVIA", "Partner scei_ps4 Sony;PS4",
        "Partner google cast_tv;Chromecast;;", "Partner roku_tv", "Partner amazon_fireos Amazon;AFTT;",
    ],
    "car": ["Android Auto", "Partner ford_sync FORD ;3", "Partner tesla_model_s", "CarPlay"],
    "web": ["web_player windows 10;chrome 85.0.4183.83;desktop", "WebPlayer (websocket RFC6455)", "web_player ios"],
    "other": ["not_applicable", "Garmin watch", "cardboard"],
    "unknown": [None, "", " "],
}  # fmt: skip


def test_a_platform_is_of_the_kind_that_its_words_say(spark):
    given = [(kind, name) for kind, names in PLATFORMS.items() for name in names]
    frame = spark.createDataFrame(given, "kind STRING, name STRING").withColumn("found", device_kind(F.col("name")))
    assert [(row.name, row.found) for row in frame.collect()] == [(name, kind) for kind, name in given]
    assert set(PLATFORMS) == {*DEVICE_KINDS, "other", "unknown"}


def test_what_was_played_from_is_told_by_its_address(spark):
    expected = {
        "spotify:playlist:37i9": "playlist",
        "spotify:user:me:playlist:37i9": "playlist",
        "spotify:album:1": "album",
        "spotify:artist:1": "artist",
        "spotify:user:me:collection": "collection",
        "spotify:collection": "collection",
        "spotify:show:1": "other",
        None: "unknown",
    }
    frame = spark.createDataFrame([(uri,) for uri in expected], "uri STRING")
    assert {row[0]: row[1] for row in frame.select("uri", context_kind(F.col("uri"))).collect()} == expected
    assert {kind for kind, _ in CONTEXT_KINDS} == set(expected.values()) - {"other", "unknown"}
