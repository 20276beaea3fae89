"""What measures the preview of a track: a service, or this machine."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from config.errors import InputError

if TYPE_CHECKING:
    from clients.reccobeats import ReccoBeats

Analyse = Callable[[bytes], Mapping[str, float]]

# Levels, in dB of full scale, that count as no and as full energy: quiet classical music and loud masters.
QUIET_DB, LOUD_DB = -40.0, -6.0
SILENCE = 1e-5


def analyser(setting: str, reccobeats: ReccoBeats) -> Analyse | None:
    """The analysis that the setting PREVIEW_ANALYSIS names; None for off.

    Raises InputError when librosa is asked for and not installed.
    """
    if setting == "reccobeats":
        return lambda audio: reccobeats.analyse(audio, "preview.mp3")
    if setting == "librosa":
        if find_spec("librosa") is None:
            raise InputError(
                "PREVIEW_ANALYSIS=librosa needs librosa, which is not installed.",
                "Run `.venv/bin/pip install -e '.[audio]'`, or set PREVIEW_ANALYSIS=reccobeats.",
            )
        return analyse_here
    return None


def analyse_here(audio: bytes) -> dict[str, float]:
    """Tempo (beats a minute), energy (0-1) and loudness (dB of full scale) of an MP3 or WAV, by librosa.

    What can honestly be measured from the signal; mood cannot. energy is the mean level between QUIET_DB and LOUD_DB:
    comparable among previews, not with the energy that services give.
    """
    import librosa  # takes seconds, and is no part of every installation

    signal, rate = librosa.load(io.BytesIO(audio), sr=22_050, mono=True)
    level = max(float(np.sqrt(np.mean(np.square(signal)))), SILENCE)
    loudness = 20.0 * float(np.log10(level))
    tempo = float(np.atleast_1d(librosa.feature.tempo(y=signal, sr=rate))[0])
    energy = float(np.clip((loudness - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0, 1.0))
    return {"tempo": tempo, "energy": energy, "loudness": loudness}
