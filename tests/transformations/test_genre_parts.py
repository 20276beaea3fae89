"""Parts of a track by genre family: texts that can be grouped by, and that add up to exactly one."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from pyspark.sql import functions as F

from transformations.genre_parts import main_genres, split_by_genre, with_genre_parts


def genre(track: str, family: str, weight: float, name: str | None = None) -> dict:
    return {"track_id": track, "genre": name or family, "genre_family": family, "genre_weight": weight}


def test_families_stand_in_order_with_their_parts_and_genres_of_one_family_are_added(rows):
    genres = rows(
        "track_genres", genre("a", "rock", 1 / 3, "x"), genre("a", "rock", 1 / 3, "y"), genre("a", "pop", 1 / 3)
    )
    tracks = rows("recordings", {"track_id": "a"}, {"track_id": "b"})
    found = with_genre_parts(tracks, genres).toPandas().set_index("track_id")["genre_parts"]
    assert found.to_dict() == {"a": "pop:0.333333333|rock:0.666666667", "b": "unknown:1.000000000"}


def test_the_parts_of_every_track_add_up_to_exactly_one(rows):
    rng = np.random.default_rng(1)
    weights = {f"t{number}": rng.dirichlet(np.ones(rng.integers(1, 9))) for number in range(200)}
    given = [
        genre(track, f"family {place}", float(weight))
        for track, own in weights.items()
        for place, weight in enumerate(own)
    ]
    tracks = rows("recordings", *[{"track_id": track} for track in weights])
    split = split_by_genre(with_genre_parts(tracks, rows("track_genres", *given)))
    sums = split.groupBy("track_id").agg(F.sum("part").alias("whole"), F.min("part").alias("least")).toPandas()
    assert len(sums) == 200 and set(sums["whole"]) == {Decimal("1.000000000")}
    assert (sums["least"] > 0).all()
    found = split.toPandas().set_index(["track_id", "genre_family"])["part"].astype(float)
    for track, own in weights.items():
        for place, weight in enumerate(own):
            assert abs(found.get((track, f"family {place}"), 0.0) - weight) < 3e-9


def test_the_main_genre_has_the_largest_part_and_ties_go_by_name(rows):
    genres = rows(
        "track_genres",
        *(genre("a", "rock", 0.4, "z"), genre("a", "pop", 0.6, "y")),
        *(genre("b", "rock", 0.5, "z"), genre("b", "pop", 0.5, "y")),
    )
    found = main_genres(genres).toPandas().set_index("track_id")
    assert found["genre"].to_dict() == {"a": "y", "b": "y"}
    assert found["genre_family"].to_dict() == {"a": "pop", "b": "pop"}
