"""track_features: one source of audio features a track and basis, by the order of preference."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from pyspark.sql import Row

from transformations.silver.track_features import track_features

DEFAULT = "real,synthetic,kaggle"
WHOLE = {"valence": 0.5, "energy": 0.5, "tempo": 120.0}
Chosen = Callable[..., dict[tuple[str, str], Row]]


def real(track_id: str, source: str = "spotify", **fields: Any) -> dict[str, Any]:
    return {"track_id": track_id, "source": source, **WHOLE, **fields}


def synthetic(track_id: str, scope: str, **fields: Any) -> dict[str, Any]:
    return {"track_id": track_id, "scope": scope, "generator_version": 1, "source": "synthetic", **WHOLE, **fields}


def kaggle(track_id: str, track_genre: str = "pop", **fields: Any) -> dict[str, Any]:
    return {"track_id": track_id, "track_genre": track_genre, "source": "kaggle", **WHOLE, **fields}


@pytest.fixture
def chosen(rows: Callable[..., Any]) -> Chosen:
    """The chosen row of each (track, basis)."""

    def of(
        *candidates: dict[str, Any], feature_preference: str = DEFAULT, allow_synthetic: bool = True
    ) -> dict[tuple[str, str], Row]:
        tables: dict[str, list[dict[str, Any]]] = {"synthetic": [], "kaggle": [], "real": []}
        for row in candidates:
            tables[row["source"] if row["source"] in tables else "real"].append(row)
        found = track_features(
            rows("my_tracks_features_bronze", *tables["real"]),
            rows("my_tracks_features_bronze_synthetic", *tables["synthetic"]),
            rows("kaggle_tracks_bronze", *tables["kaggle"]),
            feature_preference=feature_preference,
            allow_synthetic=allow_synthetic,
        ).collect()
        assert len({(row.track_id, row.basis) for row in found}) == len(found)
        return {(row.track_id, row.basis): row for row in found}

    return of


def sources(found: dict[tuple[str, str], Row]) -> dict[tuple[str, str], str]:
    return {key: row.feature_source for key, row in found.items()}


def providers(found: dict[tuple[str, str], Row], basis: str = "all") -> dict[str, str]:
    return {track: row.feature_provider for (track, of), row in found.items() if of == basis}


@pytest.mark.parametrize("order", [",".join(names) for names in permutations(("real", "synthetic", "kaggle"))])
def test_the_first_source_of_the_preference_that_has_the_track_gives_its_features(chosen, order):
    """Tracks are named after the sources that have them."""
    has = [("real", "synthetic", "kaggle"), ("real", "kaggle"), ("real", "synthetic"), ("synthetic", "kaggle")]
    has += [("real",), ("synthetic",), ("kaggle",)]
    make = {"real": real, "kaggle": kaggle, "synthetic": lambda name: synthetic(name, "all")}
    candidates = [make[source]("+".join(names)) for names in has for source in names]
    found = sources(chosen(*candidates, feature_preference=order))
    ranked = order.split(",")
    expected = {("+".join(names), "all"): min(names, key=ranked.index) for names in has}
    for names in has:
        if set(names) != {"synthetic"}:
            not_invented = [name for name in names if name != "synthetic"]
            expected["+".join(names), "measured"] = min(not_invented, key=ranked.index)
    assert found == expected


def test_within_measured_features_spotify_precedes_reccobeats_and_a_preview(chosen):
    found = chosen(
        real("t1", "preview_analysis"),
        real("t1", "reccobeats"),
        real("t1", "spotify"),
        real("t2", "preview_analysis"),
        real("t2", "reccobeats"),
    )
    assert providers(found) == providers(found, "measured") == {"t1": "spotify", "t2": "reccobeats"}


def test_a_source_without_valence_or_energy_is_passed_over_as_a_whole(chosen):
    found = chosen(
        real("t1", "spotify", valence=None, tempo=99.0),
        real("t1", "reccobeats", tempo=100.0),
        real("t2", "preview_analysis", valence=None, tempo=99.0),
        kaggle("t2", tempo=101.0),
        real("t3", "spotify", energy=None),
    )
    assert {key: (row.feature_provider, row.tempo) for key, row in found.items() if key[1] == "all"} == {
        ("t1", "all"): ("reccobeats", 100.0),
        ("t2", "all"): ("kaggle/pop", 101.0),
    }
    assert not any(track == "t3" for track, _ in found)


def test_features_of_two_sources_are_never_mixed(chosen):
    found = chosen(real("t1", liveness=None, danceability=None), kaggle("t1", liveness=0.9, danceability=0.8))
    row = found["t1", "all"]
    assert (row.feature_source, row.liveness, row.danceability) == ("real", None, None)


def test_what_was_invented_because_nothing_was_known_gives_way_to_a_later_catalogue_row(chosen):
    invented = synthetic("t1", "missing")
    assert sources(chosen(invented)) == {("t1", "all"): "synthetic"}
    assert sources(chosen(invented, kaggle("t1"))) == {("t1", "all"): "kaggle", ("t1", "measured"): "kaggle"}
    assert sources(chosen(invented, real("t1"))) == {("t1", "all"): "real", ("t1", "measured"): "real"}
    # A row that itself passes for no features does not make the invented one give way.
    assert sources(chosen(invented, kaggle("t1", valence=None))) == {("t1", "all"): "synthetic"}


def test_what_was_invented_for_every_track_precedes_the_catalogue_by_default(chosen):
    found = chosen(synthetic("t1", "all"), kaggle("t1"))
    assert sources(found) == {("t1", "all"): "synthetic", ("t1", "measured"): "kaggle"}


def test_of_two_invented_rows_the_one_made_for_every_track_is_taken(chosen):
    found = chosen(synthetic("t1", "missing", energy=0.1), synthetic("t1", "all", energy=0.9, generator_version=2))
    assert (found["t1", "all"].energy, found["t1", "all"].feature_provider) == (0.9, "generator/2")


def test_without_allow_synthetic_nothing_invented_is_chosen(chosen):
    candidates = (synthetic("t1", "all"), kaggle("t1"), synthetic("t2", "all"), synthetic("t3", "missing"))
    found = sources(chosen(*candidates, allow_synthetic=False))
    assert found == {("t1", "all"): "kaggle", ("t1", "measured"): "kaggle"}


@pytest.mark.parametrize("order", ["synthetic,real,kaggle", "synthetic,kaggle,real", DEFAULT])
def test_the_measured_basis_is_never_synthetic_whatever_the_preference(chosen, order):
    candidates = [synthetic(track, "all") for track in ("t1", "t2", "t3")]
    found = sources(chosen(*candidates, real("t1"), kaggle("t2"), feature_preference=order))
    assert {key: source for key, source in found.items() if key[1] == "measured"} == {
        ("t1", "measured"): "real",
        ("t2", "measured"): "kaggle",
    }


def test_of_the_catalogue_the_most_popular_row_is_taken_then_the_first_genre(chosen):
    found = chosen(
        kaggle("t1", "acoustic", popularity=10),
        kaggle("t1", "techno", popularity=40),
        kaggle("t2", "rock", popularity=40),
        kaggle("t2", "jazz", popularity=40),
        kaggle("t3", "ambient", popularity=None),
        kaggle("t3", "zydeco", popularity=0),
    )
    assert providers(found) == {"t1": "kaggle/techno", "t2": "kaggle/jazz", "t3": "kaggle/zydeco"}


def test_a_tempo_of_0_means_that_none_was_found(chosen):
    found = chosen(
        kaggle("t1", tempo=0.0), real("t2", tempo=0.0), synthetic("t3", "all", tempo=60.0), kaggle("t4", tempo=None)
    )
    tempos = {track: row.tempo for (track, basis), row in found.items() if basis == "all"}
    assert tempos == {"t1": None, "t2": None, "t3": 60.0, "t4": None}
    assert found["t1", "all"].valence == 0.5


def test_features_keep_their_values_to_the_last_bit(chosen):
    values = {"danceability": 0.1, "energy": 1 / 3, "loudness": -7.123456789, "valence": 2 / 3, "tempo": 123.456}
    row = chosen(kaggle("t1", **values))["t1", "measured"]
    assert {name: row[name] for name in values} == values


def test_the_measured_basis_of_a_built_lake_is_the_catalogue_and_the_rest_is_invented(table):
    features, bronze = table("track_features"), table("kaggle_tracks_bronze")
    usable = bronze[bronze["valence"].notna() & bronze["energy"].notna()]
    measured = features[features["basis"] == "measured"]
    assert set(measured["track_id"]) == set(usable["track_id"])
    assert set(measured["feature_source"]) == {"kaggle"}
    everything = features[features["basis"] == "all"].set_index("track_id")["feature_source"]
    played = set(table("plays")["track_id"].dropna())
    invented = set(everything.index[everything == "synthetic"])
    assert invented == played - set(usable["track_id"])
