"""How far each track of a playlist lies from the middle of the playlist, and which stand out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEATURES = ("valence", "energy", "danceability", "acousticness", "instrumentalness", "tempo")
LEAST_OWN = 20  # of the listener's tracks, to say how wide a feature usually spreads
LEAST_FOR_CENTRE = 5
LEAST_FOR_OUTLIERS = 10
NORMAL_MAD = 1.4826  # the median absolute deviation of a normal distribution is its standard deviation by this
FENCE = 3.0
LEAST_BEYOND = 1.5

NO_FEATURES = "the track lacks audio features"
FEW_OWN = f"fewer than {LEAST_OWN} of the listener's tracks have audio features"
FEW_FOR_CENTRE = f"fewer than {LEAST_FOR_CENTRE} tracks of the playlist have audio features"
FEW_FOR_OUTLIERS = f"fewer than {LEAST_FOR_OUTLIERS} tracks of the playlist have audio features: none can stand out"


def spreads(own: Floats) -> Floats:
    """How wide each feature spreads over the listener's own tracks: 1.4826 times the median absolute deviation.

    Where more than half of the tracks share one value, the standard deviation; NaN for a feature that never varies.
    """
    wide = NORMAL_MAD * np.median(np.abs(own - np.median(own, axis=0)), axis=0)
    wide = np.where(wide > 0, wide, own.std(axis=0))
    return np.where(wide > 0, wide, np.nan)


def outlier_bound(distances: Floats) -> float:
    """Tracks further than this stand out: median plus three robust standard deviations of the distances.

    At least LEAST_BEYOND times the median: where all tracks are about as far, a hair's breadth is nothing.
    """
    middle = float(np.median(distances))
    return max(middle + FENCE * NORMAL_MAD * float(np.median(np.abs(distances - middle))), LEAST_BEYOND * middle)


def playlist_distances(items: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Distance of each item of one listener's playlists from the playlist's centre, and whether it stands out.

    items: playlist_id, track_id and the FEATURES (NaN where one is missing), in any order; a track that a playlist
    holds twice counts once. own: the FEATURES of the listener's played tracks. The centre is the median of each
    feature; the distance is Euclidean, each feature divided by its spread over `own`. Gives a row for each item of
    `items`, same index: centre_distance, is_outlier (object: True, False or None) and reason.
    """
    found = pd.DataFrame(
        {"centre_distance": np.full(len(items), np.nan), "is_outlier": None, "reason": NO_FEATURES},
        index=items.index,
        dtype=object,
    ).astype({"centre_distance": float})
    scale = own[list(FEATURES)].to_numpy(dtype=float, na_value=np.nan)
    scale = scale[np.isfinite(scale).all(axis=1)]
    complete = items[np.isfinite(items[list(FEATURES)].to_numpy(dtype=float, na_value=np.nan)).all(axis=1)]
    if len(scale) < LEAST_OWN:
        found.loc[complete.index, "reason"] = FEW_OWN
        return found
    spread = spreads(scale)
    for _, tracks in complete.groupby("playlist_id", sort=True):
        once = tracks.drop_duplicates("track_id")
        if len(once) < LEAST_FOR_CENTRE:
            found.loc[tracks.index, "reason"] = FEW_FOR_CENTRE
            continue
        centre = np.median(once[list(FEATURES)].to_numpy(dtype=float), axis=0)
        distances = _distances(tracks, centre, spread)
        found.loc[tracks.index, "centre_distance"] = distances
        found.loc[tracks.index, "reason"] = None if len(once) >= LEAST_FOR_OUTLIERS else FEW_FOR_OUTLIERS
        if len(once) >= LEAST_FOR_OUTLIERS:
            found.loc[tracks.index, "is_outlier"] = distances > outlier_bound(_distances(once, centre, spread))
    return found


def _distances(tracks: pd.DataFrame, centre: Floats, spread: Floats) -> Floats:
    apart = (tracks[list(FEATURES)].to_numpy(dtype=float) - centre) / spread
    distances: Floats = np.sqrt(np.nansum(apart**2, axis=1))
    return distances
