"""The simulated listener: same seed, same life; and the habits that the lake's analytics are meant to find."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from emulator.catalogue import CLUSTER_FEATURES, MOOD_GROUPS, build_tracks
from emulator.simulator import Simulation, simulate

MINUTE = pd.Timedelta(minutes=1)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate()


@pytest.fixture(scope="module")
def local(simulation: Simulation) -> pd.DataFrame:
    """Plays with start, local wall-clock end (by the zone then valid), tracks' columns and session number."""
    plays = simulation.plays.merge(simulation.tracks, on="track_id", how="left")
    plays["started_at"] = plays["ended_at"] - pd.to_timedelta(plays["ms_played"], unit="ms")
    plays["silence"] = plays["started_at"] - plays["ended_at"].shift()
    plays["session"] = (plays["silence"] > 20 * MINUTE).cumsum()
    plays["local"] = pd.NaT
    for zone in simulation.zones:
        later = plays["ended_at"] >= zone.valid_from
        wall = plays.loc[later, "ended_at"].dt.tz_convert(ZoneInfo(zone.time_zone)).dt.tz_localize(None)
        plays.loc[later, "local"] = wall
    plays["local"] = pd.to_datetime(plays["local"])
    plays["hour"] = plays["local"].dt.hour
    plays["is_weekend"] = plays["local"].dt.weekday >= 5
    return plays


def hour_shares(hours: pd.Series) -> np.ndarray:
    return np.bincount(hours, minlength=24) / len(hours)


def test_the_same_seed_gives_the_same_life_and_another_seed_another() -> None:
    one, same, other = (simulate(seed=seed, days=40) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one.plays, same.plays)
    pd.testing.assert_frame_equal(one.tracks, same.tracks)
    assert one.zones == same.zones
    assert not one.plays["ended_at"].head(20).equals(other.plays["ended_at"].head(20))
    assert set(one.tracks["track_id"]).isdisjoint(other.tracks["track_id"])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    days=st.integers(1, 420),
    end=st.dates(date(2015, 1, 1), date(2027, 12, 31)),
    plays_per_day=st.floats(0.2, 90),
    track_count=st.sampled_from([None, 40, 300]),
)
def test_two_plays_never_overlap(
    seed: int, days: int, end: date, plays_per_day: float, track_count: int | None
) -> None:
    simulation = simulate(seed=seed, days=days, end=end, plays_per_day=plays_per_day, track_count=track_count)
    ended = simulation.plays["ended_at"].dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    started = ended - simulation.plays["ms_played"].to_numpy()
    assert (started[1:] >= ended[:-1]).all()
    assert (np.diff(ended) > 0).all()
    assert (simulation.plays["ms_played"] >= 0).all()
    midnight = pd.Timestamp(end).tz_localize("Europe/Berlin") + pd.DateOffset(days=1)
    assert (simulation.plays["ended_at"] < midnight).all()
    assert set(simulation.plays["track_id"].dropna()) <= set(simulation.tracks["track_id"])


def test_two_plays_never_overlap_when_the_days_are_too_full() -> None:
    plays = simulate(days=60, plays_per_day=274).plays
    started = plays["ended_at"] - pd.to_timedelta(plays["ms_played"], unit="ms")
    assert (started.iloc[1:].to_numpy() >= plays["ended_at"].iloc[:-1].to_numpy()).all()


def test_the_number_of_plays_is_about_what_was_asked_for(simulation: Simulation) -> None:
    assert len(simulation.plays) == pytest.approx(730 * 55, rel=0.06)
    assert len(simulate(days=100, plays_per_day=20).plays) == pytest.approx(2_000, rel=0.15)
    assert 2_300 < len(simulation.tracks) < 2_700


def test_nothing_to_simulate_is_an_error() -> None:
    with pytest.raises(ValueError, match="days=0"):
        simulate(days=0)
    with pytest.raises(ValueError, match="track_count"):
        simulate(days=5, track_count=3)


def test_sessions_are_a_few_to_dozens_of_plays(local: pd.DataFrame) -> None:
    sizes = local.groupby("session").size()
    assert 7 <= sizes.median() <= 13
    assert sizes.quantile(0.95) > 24
    assert sizes.max() < 120
    assert (local.loc[local["silence"] <= 20 * MINUTE, "silence"] <= 10 * MINUTE).all()


def test_about_eighteen_in_a_hundred_starts_are_skipped_and_most_of_them_soon(local: pd.DataFrame) -> None:
    skips = local[local["skipped"]]
    assert len(skips) / len(local) == pytest.approx(0.18, abs=0.02)
    assert (skips["reason_end"] == "fwdbtn").all()
    assert not (local.loc[~local["skipped"], "reason_end"] == "fwdbtn").any()
    assert (skips["ms_played"] < 30_000).mean() > 0.75
    assert (skips["ms_played"] < skips["duration_ms"]).all()


def test_a_finished_track_was_heard_in_full_and_a_start_follows_from_the_end_before(local: pd.DataFrame) -> None:
    done = local[(local["reason_end"] == "trackdone") & (local["kind"] == "track")]
    assert (done["ms_played"] == done["duration_ms"]).all()
    within = local["session"] == local["session"].shift()
    follows = local["reason_start"] == local["reason_end"].shift()
    assert follows[within].mean() > 0.999


def test_tracks_are_repeated_and_looped(local: pd.DataFrame) -> None:
    music = local[local["kind"] == "track"]
    again = (music["track_id"] == music["track_id"].shift()) & (music["session"] == music["session"].shift())
    assert 0.02 < again.mean() < 0.08
    runs = (~again).cumsum().value_counts()
    assert (runs >= 4).sum() >= 20
    restarted = music[(music["reason_end"].shift() == "backbtn") & again]
    assert len(restarted) > 50


def test_favourites_follow_a_long_tail(local: pd.DataFrame) -> None:
    counts = local["track_id"].value_counts()
    top_tenth = counts.head(len(counts) // 10).sum() / counts.sum()
    assert 0.4 < top_tenth < 0.85
    assert (counts <= 3).mean() > 0.2


def test_new_artists_arrive_all_the_time_and_with_a_burst(local: pd.DataFrame) -> None:
    first_heard = local.groupby("artist_name")["local"].min()
    after = first_heard[first_heard > local["local"].min() + pd.Timedelta(days=60)]
    months = after.dt.to_period("M").value_counts()
    assert len(after) > 60
    assert len(months) >= 18
    age = (local["local"] - local["artist_name"].map(after)).dt.days
    early = ((age >= 0) & (age < 28)).sum() / 28
    assert early > 1.5 * ((age >= 84) & (age < 168)).sum() / 84


def test_some_favourites_fall_silent_for_half_a_year_and_come_back(local: pd.DataFrame) -> None:
    favourites = local["artist_name"].value_counts().index[:60]
    longest = (
        local[local["artist_name"].isin(favourites)].groupby("artist_name")["ended_at"].agg(lambda at: at.diff().max())
    )
    assert (longest > pd.Timedelta(days=183)).sum() >= 5


def test_a_working_day_has_a_morning_and_an_evening_hump(local: pd.DataFrame) -> None:
    at_home = local[(local["conn_country"] == "DE") & ~local["is_weekend"]]
    share = hour_shares(at_home["hour"])
    assert share[7:9].mean() > 1.6 * share[11:16].mean()
    assert share[18:21].mean() > 1.6 * share[11:16].mean()
    assert share[2:6].sum() < 0.02


def test_mornings_keep_their_local_hour_when_the_clocks_change(local: pd.DataFrame) -> None:
    mornings = local[(local["conn_country"] == "DE") & ~local["is_weekend"] & local["hour"].between(6, 9)]
    minute = mornings["local"].dt.hour * 60 + mornings["local"].dt.minute
    medians = minute.groupby(mornings["local"].dt.month).median()
    assert abs(medians[[6, 7]].mean() - medians[[12, 1]].mean()) < 20


def test_weekends_begin_later(local: pd.DataFrame) -> None:
    at_home = local[local["conn_country"] == "DE"]
    by_day = at_home.groupby("is_weekend")["hour"].apply(lambda hours: ((hours >= 6) & (hours < 9)).mean())
    assert by_day[True] < 0.5 * by_day[False]
    evening = at_home[at_home["hour"] >= 16].groupby("is_weekend")["hour"].mean()
    assert evening[True] > evening[False] + 0.5


def test_late_nights_happen_now_and_then(local: pd.DataFrame) -> None:
    late = local[local["hour"] < 5]
    assert 0.01 < len(late) / len(local) < 0.06
    nights = late["local"].dt.date.nunique()
    assert 30 < nights < 250


def test_the_holiday_moves_the_day_to_the_local_clock(simulation: Simulation, local: pd.DataFrame) -> None:
    home, holiday, back = simulation.zones
    assert [zone.time_zone for zone in simulation.zones] == ["Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"]
    assert holiday.valid_from.month == 8 and holiday.valid_from.year == 2026
    assert 15 <= (back.valid_from - holiday.valid_from).days <= 17
    away = local["ended_at"].between(holiday.valid_from, back.valid_from, inclusive="left")
    assert set(local.loc[away, "conn_country"]) == {"JP"}
    assert set(local.loc[~away, "conn_country"]) == {"DE"}
    share = hour_shares(local.loc[away, "hour"])
    assert share[9:23].sum() > 0.85
    berlin_hours = local.loc[away, "ended_at"].dt.tz_convert("Europe/Berlin").dt.hour
    assert hour_shares(berlin_hours)[0:9].sum() > 0.3
    assert home.valid_from <= simulation.plays["ended_at"].iloc[0]


def test_there_is_a_week_without_any_listening(local: pd.DataFrame) -> None:
    heard = set(local["local"].dt.date) | set(local["started_at"].dt.tz_convert("Europe/Berlin").dt.date)
    empty = [day.date() not in heard for day in pd.date_range(local["local"].min(), local["local"].max())]
    runs = pd.Series(empty).groupby((~pd.Series(empty)).cumsum()).sum()
    assert runs.max() == 7
    assert (runs == 7).sum() == 1


def test_more_is_heard_in_winter_and_brighter_music_in_summer(local: pd.DataFrame) -> None:
    month = local["local"].dt.month
    winter, summer = month.isin([12, 1, 2]), month.isin([6, 7, 8])
    assert winter.sum() > 1.2 * summer.sum()
    assert local.loc[summer, "valence"].mean() > local.loc[winter, "valence"].mean() + 0.05


def test_music_is_brighter_by_day_and_calmer_at_night(local: pd.DataFrame) -> None:
    day, night = local["hour"].between(11, 16), (local["hour"] >= 23) | (local["hour"] < 4)
    for feature in ("valence", "energy"):
        assert local.loc[day, feature].mean() > local.loc[night, feature].mean() + 0.08


def test_podcasts_and_audiobooks_have_names_and_no_track(simulation: Simulation) -> None:
    plays = simulation.plays
    shares = plays["kind"].value_counts(normalize=True)
    assert shares["episode"] == pytest.approx(0.015, abs=0.004)
    assert shares["audiobook"] == pytest.approx(0.005, abs=0.002)
    for kind, names in (
        ("episode", ["show_name", "episode_name"]),
        ("audiobook", ["audiobook_title", "audiobook_chapter_title"]),
    ):
        is_kind = plays["kind"] == kind
        assert (plays[names].notna().all(axis=1) == is_kind).all()
    assert (plays["track_id"].isna() == (plays["kind"] != "track")).all()


def test_offline_plays_know_their_true_start_and_some_are_uploaded_later_together(simulation: Simulation) -> None:
    offline = simulation.plays[simulation.plays["offline"]]
    end_ms = offline["offline_timestamp"].astype("int64") * 1000 + offline["ms_played"]
    end = pd.to_datetime(end_ms, unit="ms", utc=True)
    assert 0.005 < len(offline) / len(simulation.plays) < 0.05
    assert ((offline["ended_at"] - end).abs() < pd.Timedelta(seconds=1)).all()
    late = simulation.plays[simulation.plays["exported_at"] != simulation.plays["ended_at"]]
    assert late["offline"].all()
    assert (late["exported_at"] > late["ended_at"]).all()
    assert late.groupby("exported_at").size().median() >= 3


def test_k_means_finds_the_planted_moods(simulation: Simulation) -> None:
    features = StandardScaler().fit_transform(simulation.tracks[list(CLUSTER_FEATURES)])
    silhouettes = {}
    for k in range(3, 9):
        labels = KMeans(k, n_init=10, random_state=0).fit_predict(features)
        silhouettes[k] = silhouette_score(features, labels)
        if k == 4:
            assert adjusted_rand_score(simulation.tracks["mood_group"], labels) >= 0.9
    assert max(silhouettes, key=lambda k: silhouettes[k]) == 4
    assert silhouettes[4] > 0.5


def test_the_catalogue_is_valid_and_its_names_are_awkward(simulation: Simulation) -> None:
    tracks = simulation.tracks
    assert tracks["track_id"].is_unique
    assert tracks["track_id"].str.fullmatch("[0-9A-Za-z]{22}").all()
    assert 200 < tracks["artist_name"].nunique() < 500
    assert tracks["genre"].nunique() == 18
    assert set(tracks["mood_group"]) == set(MOOD_GROUPS)
    assert (tracks["artists"].str.split(";").str[0] == tracks["artist_name"]).all()
    assert tracks["artists"].str.contains(";").mean() > 0.05
    bounded = ["danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence"]
    assert tracks[bounded].ge(0).all(axis=None) and tracks[bounded].le(1).all(axis=None)
    text = "\n".join([*tracks["artist_name"].unique(), *tracks["track_name"]])
    for sample in (",", '"', "é", "夜", "ר", "م", "🦊", "비"):
        assert sample in text
    assert tracks["track_name"].str.len().max() >= 80
    assert tracks["artist_name"].str.len().max() >= 80


def test_no_track_is_heard_before_its_release_year(local: pd.DataFrame) -> None:
    music = local[local["kind"] == "track"]
    assert (music["local"].dt.year >= music["release_year"]).all()


def test_labels_separate_catalogues_of_one_seed() -> None:
    assert set(build_tracks(1, 100, 2026)["track_id"]).isdisjoint(build_tracks(1, 100, 2026, "other")["track_id"])
