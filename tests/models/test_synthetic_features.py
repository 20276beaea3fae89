"""Synthetic features: the same everywhere, in range, and alike to real ones."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from models.synthetic_features import GENERATOR_VERSION, synthetic_features
from schemas.bronze import UNIT_INTERVAL, my_tracks_features_bronze_synthetic

PROJECT = Path(__file__).parents[2]
IDS = [f"{number:022d}" for number in range(3_000)]


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return pd.DataFrame([synthetic_features(track_id) for track_id in IDS])


def draws(track_id: str, count: int) -> list[float]:
    """The documented draws: SHA-256 over generator version, block and id, four bytes a number, big end first."""
    blocks = [f"lakesong/{GENERATOR_VERSION}/{block}/{track_id}".encode() for block in range(4)]
    data = b"".join(hashlib.sha256(block).digest() for block in blocks)
    return [int(data[4 * i : 4 * i + 4].hex(), 16) / 4_294_967_296 for i in range(count)]


@pytest.mark.parametrize("track_id", ["4uLU6hMCjMI75M1A2tKUQC", "", "ö日"])
def test_energy_and_valence_follow_from_the_digest_of_the_id(track_id):
    drawn = draws(track_id, 6)
    energy, other = sum(drawn[:3]) / 3, sum(drawn[3:]) / 3
    made = synthetic_features(track_id)
    assert made["energy"] == round(energy, 3)
    assert made["valence"] == round(0.25 * energy + 0.75 * other, 3)


def test_another_process_with_another_hash_seed_makes_the_same_numbers():
    ids = IDS[:20]
    program = (
        "import json, sys; from models.synthetic_features import synthetic_features as f;"
        "print(json.dumps([f(track_id) for track_id in json.loads(sys.argv[1])]))"
    )
    made = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-c", program, json.dumps(ids)]
        done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=True)
        made.append(json.loads(done.stdout))
    assert made[0] == made[1] == [synthetic_features(track_id) for track_id in ids]


def test_the_order_in_which_ids_come_changes_nothing():
    forward = [synthetic_features(track_id) for track_id in IDS[:50]]
    backward = [synthetic_features(track_id) for track_id in reversed(IDS[:50])]
    assert forward == backward[::-1]


def test_shares_are_between_0_and_1(features):
    assert features[list(UNIT_INTERVAL)].min().min() >= 0
    assert features[list(UNIT_INTERVAL)].max().max() <= 1


def test_tempo_is_between_60_and_180_and_uses_most_of_that(features):
    assert features["tempo"].between(60, 180).all()
    assert features["tempo"].quantile(0.99) - features["tempo"].quantile(0.01) > 50


def test_the_other_numbers_are_what_services_use(features):
    assert features["loudness"].between(-60, 0).all()
    assert set(features["key"]) == set(range(12))
    assert set(features["mode"]) == {0, 1}
    assert set(features["time_signature"]) == {3, 4}


def test_every_declared_feature_is_made(features):
    not_invented = {"track_id", "track_name", "artist_name", "popularity", "duration_ms", "explicit"}
    about_the_row = {"source", "scope", "generator_version", "batch_id", "ingested_at"}
    declared = set(my_tracks_features_bronze_synthetic.column_names) - not_invented - about_the_row
    assert set(features.columns) == declared
    assert features.notna().all(axis=None)


def test_tracks_differ(features):
    assert len(features.drop_duplicates()) == len(features)
    assert (features[["energy", "valence", "danceability"]].std() > 0.1).all()


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("energy", "loudness", 0.6, 1.0),
        ("energy", "acousticness", -1.0, -0.4),
        ("valence", "danceability", 0.3, 0.9),
        ("energy", "valence", 0.1, 0.6),
        ("energy", "instrumentalness", -0.1, 0.1),
        ("valence", "liveness", -0.1, 0.1),
    ],
)
def test_features_hang_together_as_real_ones_do(features, one, other, least, most):
    assert least <= features[one].corr(features[other]) <= most
