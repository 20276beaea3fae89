"""playlist_tracks and playlist_vibes: what is on playlists now, how it fits, and what a playlist is like."""

from __future__ import annotations

import math
import random
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from models.playlists import FEATURES, playlist_distances
from transformations.gold.playlist_tracks import playlist_tracks
from transformations.gold.playlist_vibes import _spread, playlist_vibes

AS_OF = date(2024, 6, 3)
SOUND = {"danceability": 0.5, "acousticness": 0.5, "instrumentalness": 0.5, "tempo": 120.0, "loudness": -8.0}


class Lake:
    """Inputs of the two tables, filled by a test; `tracks` and `vibes` make them."""

    def __init__(self, rows):
        self.rows = rows
        self.items: list[dict] = []
        self.lists = [{"playlist_id": "p", "playlist_name": "Mix", "is_own": True, "is_current": True}]
        self.features: list[dict] = []
        self.heard = [{"track_id": f"own{number}"} for number in range(30)]
        self.periods: list[dict] = []
        self.recordings: list[dict] = []
        self.moods: list[dict] = []
        self.genres: list[dict] = []
        rng = np.random.default_rng(0)
        for track in self.heard:
            self.sound(track["track_id"], valence=rng.random(), energy=rng.random(), danceability=rng.random())

    def sound(self, track_id: str, bases=("measured", "all"), source="real", **values) -> None:
        row = SOUND | {"valence": 0.5, "energy": 0.5, "track_id": track_id, "feature_source": source} | values
        self.features += [row | {"basis": basis} for basis in bases]

    def put(self, track_id: str | None, uri: str | None = None, **more) -> None:
        row = {"playlist_id": "p", "item_uri": uri or f"spotify:track:{track_id}", "occurrence": 1, "is_current": True}
        self.items.append(row | {"track_id": track_id} | more)

    def _frames(self):
        ann = {"user_id": "ann"}
        period = {"period_kind": "all_time", "period_start": date(1970, 1, 1), "period_end": AS_OF}
        return [
            self.rows("playlist_items_history", *[ann | row for row in self.items]),
            self.rows("playlist_history", *[ann | row for row in self.lists]),
            self.rows("first_hearings", *[ann | row for row in self.heard]),
            self.rows("track_periods", *[ann | period | row for row in self.periods]),
            self.rows("recordings", *self.recordings),
            self.rows("track_features", *self.features),
            self.rows("track_moods", *[ann | row for row in self.moods]),
            self.rows("track_genres", *self.genres),
            self.rows("listeners", ann | {"is_simulated": True}),
        ]

    def made(self):
        return playlist_tracks(*self._frames(), as_of=AS_OF)

    def tracks(self) -> pd.DataFrame:
        return self.made().toPandas().sort_values(["basis", "item_uri", "occurrence"], ignore_index=True)

    def vibes(self, hours=()) -> pd.DataFrame:
        frames = self._frames()
        made = playlist_vibes(self.made(), frames[1], frames[5], self.rows("coverage", *hours), frames[8])
        return made.toPandas().set_index(["playlist_id", "basis"])


@pytest.fixture
def lake(rows) -> Lake:
    return Lake(rows)


def test_every_current_item_has_a_row_on_each_basis_and_former_ones_have_none(lake):
    lake.put("a")
    lake.put("a", occurrence=2)
    lake.put("gone", is_current=False)
    found = lake.tracks()
    assert list(zip(found["basis"], found["track_id"], found["occurrence"], strict=True)) == [
        (basis, "a", number) for basis in ("all", "measured") for number in (1, 2)
    ]
    assert set(found["playlist_name"]) == {"Mix"} and found["is_simulated"].all()


def test_plays_are_those_of_every_edition_of_the_recording(lake):
    lake.put("a")
    lake.put("b")
    lake.put("unheard")
    lake.recordings = [{"track_id": "a", "recording_id": "r"}, {"track_id": "other", "recording_id": "r"}]
    heard = {"listened_ms": 1000, "recording_id": "r"}
    lake.periods = [
        heard | {"track_key": "a", "play_count": 2, "last_date": date(2024, 1, 1)},
        heard | {"track_key": "other", "play_count": 3, "last_date": date(2024, 2, 2)},
        {"track_key": "b", "recording_id": "b", "play_count": 0, "listened_ms": 7},
        heard | {"track_key": "a", "play_count": 9, "period_kind": "month"},
    ]
    told = lake.tracks().set_index(["basis", "track_id"]).loc["measured"]
    assert told["play_count"].to_dict() == {"a": 5, "b": 0, "unheard": 0}
    assert told["listened_ms"].to_dict() == {"a": 2000, "b": 7, "unheard": 0}
    assert told["is_never_played"].to_dict() == {"a": False, "b": True, "unheard": True}
    assert told.loc["a", "last_played_date"] == date(2024, 2, 2) and pd.isna(told.loc["b", "last_played_date"])


def test_distances_are_those_of_the_model_on_each_basis(lake):
    rng = np.random.default_rng(3)
    values = rng.normal(0.5, 0.05, (12, 2))
    values[4] = 0.95
    for number, (valence, energy) in enumerate(values):
        lake.put(f"t{number:02d}")
        lake.sound(f"t{number:02d}", valence=float(valence), energy=float(energy))
    found = lake.tracks()
    features = pd.DataFrame(lake.features)
    measured = features[features["basis"] == "measured"].set_index("track_id")
    own = measured.loc[[row["track_id"] for row in lake.heard], list(FEATURES)]
    items = measured.loc[[f"t{number:02d}" for number in range(12)], list(FEATURES)].reset_index()
    expected = playlist_distances(items.assign(playlist_id="p"), own)
    told = found[found["basis"] == "measured"].reset_index(drop=True)
    np.testing.assert_allclose(told["centre_distance"], expected["centre_distance"], rtol=1e-12)
    assert told["is_outlier"].astype(bool).tolist() == [number == 4 for number in range(12)]


def test_what_is_synthetic_fits_on_basis_all_only_and_a_local_file_on_none(lake):
    for number in range(12):
        lake.put(f"t{number:02d}")
        lake.sound(f"t{number:02d}", bases=("all",), source="synthetic")
    lake.put(None, uri="spotify:local:x")
    found = lake.tracks().set_index(["basis", "item_uri"])
    local = found.xs("spotify:local:x", level="item_uri")
    assert local["is_never_played"].isna().all() and local["play_count"].isna().all()
    assert set(local["reason"]) == {"not a track of Spotify's: a local file or an episode"}
    tracks = found[found["track_id"].notna()]
    assert tracks.loc["measured", "centre_distance"].isna().all() and tracks.loc["all", "centre_distance"].notna().all()
    assert set(tracks.loc["measured", "reason"]) == {"the track lacks measured audio features"}


def test_mood_and_main_genre_stand_beside_a_track(lake):
    lake.put("a")
    lake.moods = [
        {"track_id": "a", "basis": "measured", "cluster_name": "calm-dark"},
        {"track_id": "a", "basis": "all", "cluster_name": "calm-bright"},
    ]
    lake.genres = [
        {"track_id": "a", "genre": "punk", "genre_weight": 0.4, "genre_family": "punk"},
        {"track_id": "a", "genre": "ska", "genre_weight": 0.6, "genre_family": "reggae"},
    ]
    found = lake.tracks().set_index("basis")
    assert found["cluster_name"].to_dict() == {"measured": "calm-dark", "all": "calm-bright"}
    assert set(found["genre"]) == {"ska"} and set(found["genre_family"]) == {"reggae"}


def fill(lake: Lake, count: int, known: int, family: str | None = None, **sound) -> None:
    """A playlist of count tracks of which the first `known` have measured features."""
    rng = np.random.default_rng(count)
    for number in range(count):
        name = f"t{number:02d}"
        lake.put(name)
        if number < known:
            spread = {key: float(np.clip(value + rng.normal(0, 0.02), 0, 1)) for key, value in sound.items()}
            lake.sound(name, **spread)
        if family and number % 2 == 0:
            lake.genres.append({"track_id": name, "genre": family, "genre_weight": 1.0, "genre_family": family})


def test_a_playlist_is_the_mean_and_spread_of_its_tracks(lake):
    fill(lake, 10, 8, "ambient and calm", energy=0.2, valence=0.3)
    lake.put("t00", occurrence=2)
    lake.put(None, uri="spotify:episode:x")
    lake.periods = [
        {"track_key": "t00", "recording_id": "t00", "play_count": 4, "listened_ms": 300, "last_date": date(2024, 3, 3)},
        {"track_key": "t09", "recording_id": "t09", "play_count": 1, "listened_ms": 100, "last_date": date(2024, 4, 4)},
    ]
    row = lake.vibes().loc[("p", "measured")]
    features = pd.DataFrame(lake.features).query("basis == 'measured'").set_index("track_id")
    known = features.loc[[f"t{number:02d}" for number in range(8)]]
    for name in ("energy", "valence", "tempo", "danceability"):
        assert row[name] == pytest.approx(known[name].mean(), abs=1e-12)
        assert row[f"{name}_spread"] == pytest.approx(known[name].std(), abs=1e-12)
    assert row[["entry_count", "track_count", "featured_count", "never_played_count"]].tolist() == [12, 10, 8, 8]
    assert row["played_share"] == 0.2 and row["play_count"] == 5 and row["listened_ms"] == 400
    assert row["measured_share"] == 0.75 and row["last_played_date"] == date(2024, 4, 4)
    assert row["genre_family"] == "ambient and calm" and row["genre_family_share"] == 0.5
    assert row["sentence"] == "calm-dark, mostly ambient and calm; 8 were never played"
    assert row["is_own"] and row["reason"] is None


# Twelve digits, for which sums of doubles have another last digit in another order.
SOUNDS = [(round(0.1 + 0.7 * (number * 0.618033988749) % 1, 12), 60 + number * 7.123456789) for number in range(23)]


def expected_spread(values) -> float:
    """By fractions, of which no digit is lost."""
    exact = [Fraction(str(value)) for value in values]
    mean = sum(exact) / len(exact)
    return math.sqrt(sum((value - mean) ** 2 for value in exact) / (len(exact) - 1))


@pytest.mark.parametrize("name", ["valence", "tempo"])
def test_a_playlist_s_spread_is_the_same_to_the_last_digit_in_every_order(spark, name):
    values = [row[name == "tempo"] for row in SOUNDS]
    found = set()
    for seed in range(5):
        random.Random(seed).shuffle(values)
        frame = spark.createDataFrame([("p", value) for value in values], f"playlist STRING, {name} DOUBLE")
        found.add(frame.groupBy("playlist").agg(_spread(name).alias("spread")).collect()[0]["spread"])
    assert len(found) == 1
    assert found.pop() == pytest.approx(expected_spread(values), rel=2e-16, abs=0)


def test_tracks_that_are_alike_do_not_spread_and_one_alone_has_no_spread(spark):
    given = [("same", 121.37)] * 7 + [("near", 121.37), ("near", 121.370000000002), ("alone", 0.3), ("none", None)]
    frame = spark.createDataFrame(given, "playlist STRING, tempo DOUBLE")
    found = dict(frame.groupBy("playlist").agg(_spread("tempo")).collect())
    assert found == {"same": 0.0, "near": pytest.approx(math.sqrt(2) * 1e-12), "alone": None, "none": None}


def test_tracks_that_stand_out_are_told(lake):
    fill(lake, 20, 20, energy=0.8, valence=0.7)
    for row in lake.features:
        if row["track_id"] in ("t03", "t04", "t05"):
            row |= {"danceability": 0.99, "acousticness": 0.99}
    row = lake.vibes().loc[("p", "measured")]
    assert row["outlier_count"] == 3
    assert row["sentence"] == "energetic-bright; 3 tracks stand out, 20 were never played"


def test_where_a_feature_spreads_wide_no_one_mood_is_told(lake):
    fill(lake, 10, 10, energy=0.5, valence=0.5)
    for row in lake.features:
        if row["track_id"].startswith("t"):
            row["energy"] = 0.1 if int(row["track_id"][1:]) % 2 else 0.9
    assert lake.vibes().loc[("p", "measured"), "sentence"] == "of mixed moods; 10 were never played"


@pytest.mark.parametrize(
    ("count", "known", "reason"),
    [
        (10, 5, "only 50 % of the tracks have measured audio features; 60 % is needed"),
        (4, 4, "fewer than 5 tracks have measured audio features"),
        (0, 0, "no items: the playlist is empty, or Spotify does not show them"),
    ],
)
def test_too_few_tracks_with_features_give_a_reason_and_no_sound(lake, count, known, reason):
    fill(lake, count, known, energy=0.5)
    row = lake.vibes().loc[("p", "measured")]
    assert row["reason"] == reason and row["sentence"] is None
    assert pd.isna(row["energy"]) and pd.isna(row["energy_spread"]) and pd.isna(row["outlier_count"])
    assert row["track_count"] == count


def test_the_most_common_mood_is_told_with_its_share_and_a_former_playlist_is_not(lake):
    fill(lake, 10, 10, energy=0.5)
    names = ["calm-dark"] * 4 + ["calm-bright"] * 4 + [None] * 2
    lake.moods = [
        {"track_id": f"t{number:02d}", "basis": "measured", "cluster_name": name} for number, name in enumerate(names)
    ]
    lake.lists.append({"playlist_id": "old", "is_current": False})
    vibes = lake.vibes()
    assert set(vibes.index.get_level_values("playlist_id")) == {"p"}
    row = vibes.loc[("p", "measured")]
    assert row["cluster_name"] == "calm-bright" and row["cluster_share"] == 0.4
