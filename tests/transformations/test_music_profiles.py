"""music_profiles: what the model says of user_features, period by period, with invented listeners apart."""

from __future__ import annotations

from datetime import date

import pandas as pd

from models.music_profiles import FEATURES, PROFILES, profile_shares
from transformations.gold.music_profiles import music_profiles

KEY = ["user_id", "period_kind", "period_start"]
TOLD = ["profile_share", "similarity", "profile_rank", "drivers", "method", "k", "listener_count", "feature_count"]


def test_each_period_is_what_the_model_says(table):
    features, found = table("user_features"), table("music_profiles")
    periods = found[["period_kind", "period_start"]].drop_duplicates()
    assert set(periods["period_kind"]) == {"month", "year", "all_time"}
    for kind, start in periods.itertuples(index=False):
        own = features[(features["period_kind"] == kind) & (features["period_start"] == start)]
        mine = found[(found["period_kind"] == kind) & (found["period_start"] == start)]
        expected = profile_shares(own[["user_id", *FEATURES]])
        order = ["user_id", "profile_name"]
        pd.testing.assert_frame_equal(
            mine.sort_values(order, ignore_index=True)[[*order, *TOLD, "reason"]],
            expected.sort_values(order, ignore_index=True)[[*order, *TOLD, "reason"]],
            check_dtype=False,
        )


def test_every_listener_has_all_five_profiles_in_every_calendar_period_and_the_summary_of_it(table):
    features, found = table("user_features"), table("music_profiles")
    calendar = features[features["period_kind"].isin(["month", "year", "all_time"])]
    assert len(found) == 5 * len(calendar)
    joined = found.merge(calendar, on=KEY, suffixes=("", "_of"))
    assert len(joined) == len(found)
    for name in ("play_count", "listened_ms", "measured_share", "coverage", "is_simulated", "period_end"):
        same = (joined[name] == joined[f"{name}_of"]) | (joined[name].isna() & joined[f"{name}_of"].isna())
        assert same.all(), name


def test_shares_add_up_to_one_or_say_why_not(table):
    found = table("music_profiles")
    assert (found["profile_share"].isna() == found["reason"].notna()).all()
    totals = found.groupby(KEY)["profile_share"].sum(min_count=1).dropna()
    assert len(totals) >= 4 and ((totals - 1).abs() < 1e-9).all()


def test_invented_listeners_are_never_compared_with_real_ones(rows):
    period = {"period_kind": "all_time", "period_start": date(1970, 1, 1), "period_end": date(2024, 5, 1)}
    habits = dict.fromkeys(FEATURES, 0.3)
    crowd = [{"user_id": f"s{number:02d}", "is_simulated": True, **period, **habits} for number in range(55)]
    real = {"user_id": "real", "is_simulated": False, **period, **habits}
    made = music_profiles(rows("user_features", *crowd, real)).collect()
    methods = {(row.is_simulated, row.method, row.listener_count) for row in made}
    assert methods == {(True, "kmeans", 55), (False, "reference_profiles", 1)}
    assert len(made) == 56 * len(PROFILES)


def test_the_last_days_have_no_profile_of_their_own(rows):
    period = {"period_kind": "last_28_days", "period_start": date(2024, 4, 4), "period_end": date(2024, 5, 1)}
    assert music_profiles(rows("user_features", {"user_id": "u", **period})).collect() == []
