"""Synthetic audio features: invented from a track's id, the same on every machine and engine. Never measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

GENERATOR_VERSION = 1

Features = dict[str, float | int]


def synthetic_features(track_id: str) -> Features:
    """Plausible audio features for a track id, in the ranges that services use (tempo 60-180 BPM).

    The numbers come from SHA-256 of the id and GENERATOR_VERSION, and are rounded, so that they depend on no library.
    They hang together as real ones do: energy raises loudness and lowers acousticness, dancing likes valence and a
    middle tempo. They say nothing about the music.
    """
    draw = _uniforms(track_id)
    energy = _bell(draw)
    valence = _mix(energy, _bell(draw), 0.25)
    danceability = _mix(valence, _bell(draw), 0.4)
    acousticness = _mix(1 - energy, next(draw), 0.6)
    instrumentalness = next(draw) ** 6
    speechiness = 0.03 + 0.4 * next(draw) ** 4
    liveness = 0.05 + 0.6 * next(draw) ** 3
    return {
        "danceability": round(danceability, 3),
        "energy": round(energy, 3),
        "loudness": round(-26 + 22 * _mix(energy, next(draw), 0.75), 3),
        "speechiness": round(speechiness, 3),
        "acousticness": round(acousticness, 3),
        "instrumentalness": round(instrumentalness, 3),
        "liveness": round(liveness, 3),
        "valence": round(valence, 3),
        "tempo": round(60 + 120 * _mix(energy, _bell(draw), 0.2), 3),
        "key": int(next(draw) * 12),
        "mode": int(next(draw) < 0.6),
        "time_signature": 4 if next(draw) < 0.9 else 3,
    }


def _uniforms(track_id: str) -> Iterator[float]:
    """Numbers in [0, 1) with 32 bits each, as many as are asked for."""
    block = 0
    while True:
        digest = hashlib.sha256(f"lakesong/{GENERATOR_VERSION}/{block}/{track_id}".encode()).digest()
        yield from (int.from_bytes(digest[i : i + 4], "big") / 2**32 for i in range(0, 32, 4))
        block += 1


def _bell(draw: Iterator[float]) -> float:
    """The mean of three draws: in [0, 1), most often near the middle."""
    return (next(draw) + next(draw) + next(draw)) / 3


def _mix(one: float, other: float, weight: float) -> float:
    return weight * one + (1 - weight) * other
