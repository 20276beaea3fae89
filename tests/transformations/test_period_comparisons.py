"""period_comparisons: differences of two ranges by item, which add up; against SQL, and against a count in pandas."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from transformations.gold.period_comparisons import period_comparisons

AS_OF = date(2024, 6, 3)
KEY = ["user_id", "basis", "period_kind", "period_start", "comparison"]

EXPECTED = """
WITH plays AS (
    SELECT user_id, played_date, listened_ms, is_counted, {item} AS item
    FROM listening_with_features WHERE excluded_by IS NULL
),
months AS (
    SELECT user_id, date_trunc('month', played_date)::DATE AS month, item, sum(listened_ms) AS ms,
           sum(is_counted::INT) AS plays
    FROM plays GROUP BY ALL
),
known AS (SELECT DISTINCT user_id, date_trunc('month', played_date)::DATE AS month FROM coverage),
pairs AS (
    SELECT later.user_id, later.month, earlier.month AS before FROM known later JOIN known earlier
    ON earlier.user_id = later.user_id AND earlier.month = later.month - INTERVAL 1 MONTH
),
sides AS (
    SELECT p.user_id, p.month AS period_start, m.item, m.ms, m.plays, 0 AS before_ms, 0 AS before_plays
    FROM pairs p JOIN months m ON m.user_id = p.user_id AND m.month = p.month
    UNION ALL
    SELECT p.user_id, p.month, m.item, 0, 0, m.ms, m.plays
    FROM pairs p JOIN months m ON m.user_id = p.user_id AND m.month = p.before
),
items AS (
    SELECT user_id, period_start, item, sum(ms) AS listened_ms, sum(plays) AS play_count, sum(before_ms) AS before_ms,
           sum(before_plays) AS before_play_count, sum(ms) - sum(before_ms) AS difference_ms
    FROM sides GROUP BY ALL
)
SELECT *, row_number() OVER (
           PARTITION BY user_id, period_start ORDER BY abs(difference_ms) DESC, item
       )::INT AS item_place,
       difference_ms / nullif(sum(difference_ms) OVER (PARTITION BY user_id, period_start), 0) AS contribution
FROM items QUALIFY item_place <= 20
"""


@pytest.mark.parametrize(
    ("dimension", "item"),
    [
        ("artist", "coalesce(artist_name, 'unknown')"),
        ("hour_of_day", "printf('%02d', hour_of_day)"),
        ("part_of_day", "part_of_day"),
        ("total", "'all'"),
    ],
)
def test_the_items_of_months_are_those_of_the_definition(sql, assert_same_rows, dimension, item):
    found = sql(f"""
        SELECT * FROM period_comparisons
        WHERE period_kind = 'month' AND comparison = 'period_before' AND basis = 'measured'
          AND dimension = '{dimension}' AND NOT is_rest
    """)
    assert_same_rows(found, sql(EXPECTED.format(item=item)), ["user_id", "period_start", "item_place"])


def test_in_every_dimension_the_rows_add_up_to_the_whole(table):
    found = table("period_comparisons")
    sums = found.groupby([*KEY, "dimension"])[["listened_ms", "before_ms", "difference_ms", "play_count"]].sum()
    totals = sums.xs("total", level="dimension")
    assert set(sums.index.get_level_values("dimension")) >= {"artist", "mood", "genre_family", "device", "total"}
    for dimension, part in sums.groupby("dimension"):
        pd.testing.assert_frame_equal(part.droplevel("dimension"), totals, obj=dimension)
    assert (found["parts_difference_ms"] == found["whole_difference_ms"]).all()
    assert found.groupby([*KEY, "dimension"]).size().max() == 21


def test_only_moods_differ_between_the_bases(table):
    found = table("period_comparisons").drop(columns="is_simulated")
    same = found[found["dimension"] != "mood"].set_index([*KEY, "dimension", "item_place"])
    measured, everything = (same.xs(basis, level="basis").sort_index() for basis in ("measured", "all"))
    pd.testing.assert_frame_equal(measured, everything)


@pytest.fixture
def compared(rows):
    """The table's rows from plays: (day, artist, hour, minutes), each of a track named after its artist."""

    def make(plays, *, days, genres=(), moods=(), platform="android", as_of=AS_OF):
        heard = pd.DataFrame(plays, columns=["played_date", "artist_name", "hour_of_day", "minutes"])
        heard = heard.assign(listened_ms=(heard["minutes"] * 60_000).astype("int64"), user_id="ann")
        listening = [
            row | {"play_id": str(number), "is_counted": True, "platform": platform}
            for number, row in enumerate(heard.drop(columns="minutes").to_dict("records"))
        ]
        hours = [
            {"user_id": "ann", "hour_at": datetime(*day.timetuple()[:3], hour, tzinfo=UTC), "played_date": day}
            | {"is_covered": hour < covered}
            for day, covered in days.items()
            for hour in (0, 6, 12, 18)
        ]
        made = period_comparisons(
            rows("track_periods", *_periods(heard, as_of)),
            rows("listening_with_features", *listening),
            rows("track_moods", *[{"user_id": "ann"} | mood for mood in moods]),
            rows("track_genres", *genres),
            rows("coverage", *hours),
            as_of=as_of,
        )
        return made.toPandas()

    return make


def _periods(heard: pd.DataFrame, as_of: date) -> list[dict]:
    """Sums by range and track, as track_periods holds them."""
    ranges = []
    for day in heard["played_date"]:
        ends = [("month", day.replace(day=1), 31), ("year", date(day.year, 1, 1), 366)]
        for kind, length in (("last_28_days", 28), ("last_365_days", 365)):
            back = (as_of - day).days // length
            ends += [(kind, as_of + timedelta(days=1 - length * (back + 1)), length)] if back < 2 else []
        ranges.append(ends)
    each = heard.assign(place=ranges).explode("place").reset_index(drop=True)
    each[["period_kind", "period_start", "length"]] = pd.DataFrame(each["place"].tolist(), index=each.index)
    key = ["user_id", "period_kind", "period_start", "artist_name"]
    sums = each.groupby(key, as_index=False).agg(play_count=("minutes", "size"), listened_ms=("listened_ms", "sum"))
    return [row | {"track_key": row["artist_name"], "track_id": row["artist_name"]} for row in sums.to_dict("records")]


def covered(first: date, last: date, hours: int = 24) -> dict[date, int]:
    return {first + timedelta(days=day): hours for day in range((last - first).days + 1)}


def one(found: pd.DataFrame, kind: str, start: date, comparison: str, dimension: str) -> pd.DataFrame:
    chosen = found[(found["period_kind"] == kind) & (found["period_start"] == start) & (found["basis"] == "measured")]
    chosen = chosen[(chosen["comparison"] == comparison) & (chosen["dimension"] == dimension)]
    return chosen.sort_values("item_place", ignore_index=True)


@pytest.mark.parametrize("seed", range(2))
def test_the_parts_add_up_whatever_was_played(compared, seed):
    """Forty artists over two years, tracks of one to three genres with odd parts, some of them in no mood."""
    rng = np.random.default_rng(seed)
    artists = [f"artist {number:02d}" for number in range(40)]
    days = [date(2022, 6, 1) + timedelta(days=int(day)) for day in rng.integers(0, 733, 600)]
    plays = [(day, rng.choice(artists), int(rng.integers(0, 24)), float(rng.random() * 9)) for day in days]
    genres = []
    for artist in artists[:30]:
        weights = rng.dirichlet(np.ones(rng.integers(1, 4)))
        genres += [
            {"track_id": artist, "genre": f"g{place}", "genre_family": f"family {rng.integers(0, 6)}"}
            | {"genre_weight": float(weight)}
            for place, weight in enumerate(weights)
        ]
    moods = [{"track_id": artist, "basis": "all", "cluster_name": "calm-dark"} for artist in artists[:20]]
    found = compared(plays, days=covered(date(2022, 6, 1), AS_OF), genres=genres, moods=moods)
    sums = found.groupby([*KEY, "dimension"])[["listened_ms", "before_ms", "play_count", "before_play_count"]].sum()
    totals = sums.xs("total", level="dimension")
    for dimension, part in sums.groupby("dimension"):
        pd.testing.assert_frame_equal(part.droplevel("dimension"), totals, obj=dimension)
    assert (found["parts_difference_ms"] == found["whole_difference_ms"]).all()
    assert found.loc[found["dimension"] == "artist", "is_rest"].any()
    families = found[(found["dimension"] == "genre_family") & (found["period_kind"] == "year")]
    assert (families["listened_ms"] >= 0).all() and (families["play_count"] >= 0).all()


MAY, APRIL = date(2024, 5, 1), date(2024, 4, 1)


def test_a_track_of_two_families_is_split_to_the_millisecond(compared):
    genres = [
        {"track_id": "Ann", "genre": "a", "genre_family": "pop", "genre_weight": 1 / 3},
        {"track_id": "Ann", "genre": "b", "genre_family": "rock", "genre_weight": 2 / 3},
    ]
    plays = [(MAY, "Ann", 9, 10.0), (MAY, "Bob", 9, 1.0), (APRIL, "Bob", 9, 2.0)]
    found = one(
        compared(plays, days=covered(APRIL, AS_OF), genres=genres), "month", MAY, "period_before", "genre_family"
    )
    told = found.set_index("item")
    assert told["difference_ms"].to_dict() == {"rock": 400_000, "pop": 200_000, "unknown": -60_000}
    assert told["contribution"].to_dict() == pytest.approx({"rock": 40 / 54, "pop": 20 / 54, "unknown": -6 / 54})


def test_the_sentence_names_the_artist_and_the_part_of_the_day_that_explain_most(compared):
    plays = [(MAY, "Ann", 18, 540.0), (MAY, "Bob", 9, 240.0), (APRIL, "Bob", 9, 60.0)]
    total = one(compared(plays, days=covered(APRIL, AS_OF)), "month", MAY, "period_before", "total")
    assert total["sentence"].tolist() == [
        "12.0 h more than the month before, mostly Ann (+9.0 h) and the evening (+9.0 h)"
    ]
    fewer = [(MAY, "Ann", 18, 60.0), (APRIL, "Ann", 9, 90.0), (APRIL, "Bob", 9, 90.0)]
    less = one(compared(fewer, days=covered(APRIL, AS_OF)), "month", MAY, "period_before", "total")
    assert less["sentence"].tolist() == [
        "2.0 h less than the month before, mostly Bob (-1.5 h) and the morning (-3.0 h)"
    ]
    same = [(MAY, "Ann", 18, 600.0), (APRIL, "Ann", 18, 601.0)]
    equal = one(compared(same, days=covered(APRIL, AS_OF)), "month", MAY, "period_before", "total")
    assert equal["sentence"].tolist() == ["about as much as the month before"]


def test_twenty_items_are_told_in_order_of_their_difference_and_ties_by_name(compared):
    plays = [(MAY, f"artist {number:02d}", 9, 1.0 + (number == 7)) for number in range(25)]
    plays.append((APRIL, "artist 00", 9, 1.0))
    found = one(compared(plays, days=covered(APRIL, AS_OF)), "month", MAY, "period_before", "artist")
    names = ["artist 07", *(f"artist {number:02d}" for number in range(1, 21) if number != 7)]
    assert found["item"].tolist() == [*names, "others"]
    assert found["item_place"].tolist() == list(range(1, 22)) and found["is_rest"].tolist() == [False] * 20 + [True]
    assert found["difference_ms"].iloc[-1] == 4 * 60_000 and found["before_ms"].iloc[-1] == 60_000


def test_ranges_are_compared_with_those_before_and_months_with_last_years_too(compared):
    plays = [(date(2023, 5, 9), "Ann", 9, 1.0), (MAY, "Ann", 9, 3.0), (date(2024, 5, 20), "Ann", 9, 4.0)]
    found = compared(plays, days=covered(date(2022, 6, 1), AS_OF))
    totals = found[(found["dimension"] == "total") & (found["basis"] == "all")]
    told = {
        (row.period_kind, row.period_start, row.comparison): (row.listened_ms // 60_000, row.before_ms // 60_000)
        for row in totals.itertuples()
        if row.listened_ms or row.before_ms
    }
    assert told[("month", MAY, "year_before")] == (7, 1)
    assert told[("month", MAY, "period_before")] == (7, 0)
    assert told[("month", date(2023, 6, 1), "period_before")] == (0, 1)
    assert told[("year", date(2024, 1, 1), "period_before")] == (7, 1)
    assert told[("last_28_days", AS_OF - timedelta(days=27), "period_before")] == (4, 3)
    assert told[("last_365_days", AS_OF - timedelta(days=364), "period_before")] == (7, 1)
    bounds = totals.set_index(["period_kind", "comparison", "period_start"])
    month = bounds.loc[("month", "year_before", MAY)]
    assert [month["before_start"], month["before_end"]] == [date(2023, 5, 1), date(2023, 5, 31)]
    last = bounds.loc[("last_28_days", "period_before", AS_OF - timedelta(days=27))]
    assert [last["before_start"], last["before_end"]] == [AS_OF - timedelta(days=55), AS_OF - timedelta(days=28)]


@pytest.mark.parametrize(
    ("days", "start", "reason"),
    [
        (covered(date(2024, 3, 1), AS_OF), date(2024, 6, 1), "the range is not over"),
        (covered(date(2024, 4, 9), AS_OF), MAY, "the history begins on 2024-04-09, within the range before"),
        (covered(date(2024, 3, 1), date(2024, 5, 20)), MAY, "the history ends on 2024-05-20, within the range"),
        (
            covered(date(2024, 3, 1), date(2024, 4, 30), 12) | covered(MAY, AS_OF),
            MAY,
            "the shares of hours that are covered differ by 50 points",
        ),
        (covered(date(2024, 3, 1), AS_OF), MAY, None),
    ],
)
def test_what_cannot_be_compared_says_why_and_has_no_sentence(compared, days, start, reason):
    plays = [(start, "Ann", 9, 300.0), (APRIL, "Ann", 9, 1.0)]
    total = one(compared(plays, days=days), "month", start, "period_before", "total").iloc[0]
    assert total["reason"] == reason and total["is_comparable"] == (reason is None)
    assert (total["sentence"] is None) == (reason is not None)
    assert total["difference_ms"] == total["listened_ms"] - total["before_ms"]
