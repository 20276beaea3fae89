"""Mood clusters over many trials: how often planted groups are found, and how often chance is taken for groups."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from models.mood_clusters import FEATURES, cluster_moods

pytestmark = pytest.mark.long


def as_tracks(values):
    tracks = pd.DataFrame(np.asarray(values, dtype=float), columns=list(FEATURES))
    return tracks.assign(track_id=[f"track{number:05d}" for number in range(len(tracks))])


def planted(seed):
    """Three to five moods of unequal size, at places that each trial draws anew, well apart in standard units."""
    rng = np.random.default_rng([seed, 30])
    while True:
        centres = rng.uniform(0.1, 0.9, (3 + seed % 3, 6))
        gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        if gaps[np.triu_indices(len(centres), 1)].min() > 0.7:
            break
    shares = rng.dirichlet(np.full(len(centres), 8.0))
    mood = rng.choice(len(centres), size=200 + 20 * seed, p=shares)
    values = centres[mood] + rng.normal(scale=0.08, size=(len(mood), 6))
    return as_tracks(values * [1, 1, 1, 1, 1, 120] + [0, 0, 0, 0, 0, 60]), mood


def without_groups(seed):
    """One Gaussian copula with beta marginals, 100 to 545 tracks; a few marginals are U-shaped."""
    rng = np.random.default_rng([seed, 90])
    loadings = rng.normal(size=(6, 1 + seed % 4))
    covariance = loadings @ loadings.T + rng.uniform(0.3, 1.5) * np.eye(6)
    scale = np.sqrt(np.diag(covariance))
    normals = rng.multivariate_normal(np.zeros(6), covariance / np.outer(scale, scale), 100 + 5 * seed)
    values = stats.beta.ppf(stats.norm.cdf(normals), rng.uniform(0.5, 4, 6), rng.uniform(0.5, 4, 6))
    return as_tracks(values * [1, 1, 1, 1, 1, 120] + [0, 0, 0, 0, 0, 60])


def test_planted_groups_are_found_in_29_of_30_trials():
    agreements = []
    for seed in range(30):
        tracks, mood = planted(seed)
        agreements.append(adjusted_rand_score(mood, cluster_moods(tracks)["cluster_id"]))
    found = sum(agreement >= 0.9 for agreement in agreements)
    assert found >= 29, sorted(agreements)


def test_music_without_groups_yields_no_clusters_in_85_of_90_trials():
    invented = [seed for seed in range(90) if cluster_moods(without_groups(seed))["k"].iloc[0]]
    assert len(invented) <= 5, invented
