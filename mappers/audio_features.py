"""Audio features that a service measured, or that were measured from a preview: rows of my_tracks_features_bronze."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers.catalogue import as_object
from mappers.record import RejectedError, Row, text, whole_number
from schemas.columns import AUDIO_FEATURE_NAMES

SPOTIFY, RECCOBEATS, PREVIEW = "spotify", "reccobeats", "preview_analysis"

# Widest values that a measurement can have; the others are shares, 0-1. Loudness is in dB, tempo in beats per minute.
_RANGES = {"loudness": (-100.0, 20.0), "tempo": (0.0, 400.0)}
_UNKNOWN = {"key": -1, "time_signature": 0}
_LARGEST = {"key": 11, "mode": 1, "time_signature": 15}


def spotify_features_row(item: Any) -> Row:
    """An audio-features object of Spotify. Raises RejectedError, naming the field that is out of range.

    Source: https://developer.spotify.com/documentation/web-api/reference/get-audio-features
    """
    track_id = text(as_object(item).get("id"))
    if not track_id:
        raise RejectedError("the track has no id")
    return _row(track_id, SPOTIFY, item)


def reccobeats_features_row(spotify_id: str, item: Any) -> Row:
    """An audio-features entry of ReccoBeats, whose own id is another, for the Spotify id that it was asked for.

    Raises RejectedError, naming the field that is out of range. Source: https://reccobeats.com/docs
    """
    return _row(spotify_id, RECCOBEATS, as_object(item))


def preview_features_row(
    track_id: str,
    tempo: float | None = None,
    energy: float | None = None,
    loudness: float | None = None,
    **others: float | None,
) -> Row:
    """Features measured from a preview of about 30 seconds: those that the measurement gives, by name.

    Raises RejectedError, naming the field that is out of range, and for a name that is no feature.
    """
    unknown = others.keys() - {*AUDIO_FEATURE_NAMES, "key", "mode", "time_signature"}
    if unknown:
        raise RejectedError(f"{min(unknown)} is no audio feature")
    return _row(track_id, PREVIEW, {"tempo": tempo, "energy": energy, "loudness": loudness, **others})


def _row(track_id: str, source: str, item: Mapping[str, Any]) -> Row:
    features = {name: _measured(item.get(name), name) for name in AUDIO_FEATURE_NAMES}
    if all(value is None for value in features.values()):
        raise RejectedError("there are no audio features")
    return {
        "track_id": track_id,
        "track_name": None,
        "artist_name": None,
        "popularity": None,
        "duration_ms": whole_number(item.get("duration_ms"), "duration_ms", optional=True),
        "explicit": None,
        **features,
        "tempo": features["tempo"] or None,  # 0 stands for none found
        **{name: _class(item.get(name), name) for name in _LARGEST},
        "source": source,
    }


def _measured(value: object, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RejectedError(f"{name} is no number")
    lowest, highest = _RANGES.get(name, (0.0, 1.0))
    if not lowest <= value <= highest:
        raise RejectedError(f"{name} is not between {lowest:g} and {highest:g}")
    return float(value)


def _class(value: Any, name: str) -> int | None:
    """A whole number; null for the value that stands for none found."""
    if name in _UNKNOWN and value == _UNKNOWN[name]:
        return None
    return whole_number(value, name, optional=True, largest=_LARGEST[name])
