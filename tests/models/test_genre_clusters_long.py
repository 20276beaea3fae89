"""Genre clusters over many trials: how often planted groups are found, and how often chance is taken for groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from models.genre_clusters import SOUND, cluster_genres, pairs_in_sessions

pytestmark = pytest.mark.long


def company(rng, names, listeners, chances):
    """Pairs of listeners whose sessions of 12 plays draw genres by `chances(liked)`."""
    pairs = []
    for user in range(listeners):
        liked = rng.dirichlet(np.full(len(names), 3.0))
        drawn = []
        for session in range(100):
            chance = chances(liked)
            plays = rng.multinomial(12, chance / chance.sum())
            drawn += [(f"s{session}", names[at], float(plays[at])) for at in np.flatnonzero(plays)]
        own = pairs_in_sessions(pd.DataFrame(drawn, columns=["session_id", "genre", "plays"]))
        pairs.append(own.assign(user_id=f"u{user}"))
    return pd.concat(pairs)


def described(names, sound):
    genres = pd.DataFrame(sound * [1, 1, 1, 1, 1, 120], columns=list(SOUND))
    return genres.assign(genre=names, genre_plays=100.0, genre_time=1.0)


def planted(seed):
    rng = np.random.default_rng([seed, 32])
    groups, count = 3 + seed % 3, 18 + 2 * (seed % 12)
    names, of = np.array([f"genre {number:02d}" for number in range(count)]), rng.permutation(np.arange(count) % groups)
    pairs = company(rng, names, 1 + seed % 4, lambda liked: liked * np.where(of == rng.integers(groups), 8.0, 1.0))
    sound = rng.uniform(0.15, 0.85, (groups, 6))[of] + rng.normal(scale=0.05, size=(count, 6))
    return described(names, sound), pairs, of


def without_groups(seed):
    """Sessions with tastes of their own, none for a group; sounds of one correlated cloud."""
    rng = np.random.default_rng([seed, 92])
    count = (14, 20, 30, 50, 80)[seed % 5]
    names = np.array([f"genre {number:02d}" for number in range(count)])
    pairs = company(rng, names, 1 + seed % 3, lambda liked: liked * rng.gamma(1.0, 1.0, count))
    loadings = rng.normal(size=(6, 2))
    cloud = rng.normal(size=(count, 2)) @ loadings.T + rng.normal(size=(count, 6))
    return described(names, 0.5 + 0.08 * cloud), pairs


def test_planted_groups_are_found_in_29_of_30_trials():
    agreements = []
    for seed in range(30):
        genres, pairs, of = planted(seed)
        agreements.append(adjusted_rand_score(of, cluster_genres(genres, pairs)["genre_cluster_id"]))
    found = sum(agreement >= 0.9 for agreement in agreements)
    print("found:", found, "of 30; least agreements", sorted(agreements)[:4])
    assert found >= 29, sorted(agreements)


def test_genres_without_groups_yield_no_clusters_in_85_of_90_trials():
    invented = [seed for seed in range(90) if cluster_genres(*without_groups(seed))["k"].iloc[0]]
    print("invented:", len(invented), "of 90")
    assert len(invented) <= 5, invented
