"""What listeners of like taste play: implicit-feedback factors over all listeners of a lake."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recommendations.history import Floats
from models.recommendations.rules import FITS, SOURCE_LIMIT
from models.threads import one_thread

LEAST_LISTENERS = 2
FACTORS, REGULARISATION, ITERATIONS, SEED = 16, 0.1, 15, 1
COLUMNS = ("user_id", "fit", "recording_id", "strength")


def shared_taste(plays: pd.DataFrame) -> pd.DataFrame:
    """What each listener never played and listeners of like taste do (COLUMNS), the strongest of each fit.

    plays: user_id, recording_id and, for each fit, the counted plays that it reads, in a column of its name. Nothing
    with fewer than LEAST_LISTENERS. Alternating least squares over log(1 + plays) as confidence (Hu, Koren and
    Volinsky, ICDM 2008), by the library `implicit`.
    """
    parts = [_of_fit(plays[plays[fit] > 0], fit) for fit in FITS]
    found = [part for part in parts if len(part)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


def _of_fit(plays: pd.DataFrame, fit: str) -> pd.DataFrame:
    user, users = pd.factorize(plays["user_id"], sort=True)
    if len(users) < LEAST_LISTENERS:
        return pd.DataFrame(columns=list(COLUMNS))
    item, items = pd.factorize(plays["recording_id"], sort=True)
    known = np.zeros((len(users), len(items)))
    np.add.at(known, (user, item), plays[fit].to_numpy(dtype=float))
    expected = _expected(np.log1p(known))
    # Nothing comes from nobody: a recording that only this listener plays is left out, and so is what they know.
    expected[known > 0] = -np.inf
    return pd.concat([_strongest(expected[place], items, str(users[place]), fit) for place in range(len(users))])


def _expected(confidence: Floats) -> Floats:
    """How much each listener is expected to like each recording: listeners x recordings."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    with one_thread():
        model = AlternatingLeastSquares(
            factors=min(FACTORS, len(confidence)),
            regularization=REGULARISATION,
            iterations=ITERATIONS,
            dtype=np.float64,
            num_threads=1,
            random_state=SEED,
        )
        model.fit(csr_matrix(confidence), show_progress=False)
        expected: Floats = model.user_factors @ model.item_factors.T
    return expected


def _strongest(expected: Floats, items: NDArray[np.object_], user_id: str, fit: str) -> pd.DataFrame:
    rounded = np.round(expected, 6)
    order = np.argsort(-rounded, kind="stable")[: 2 * SOURCE_LIMIT]
    order = order[rounded[order] > 0]
    found = {"user_id": user_id, "fit": fit, "recording_id": np.asarray(items, dtype=object)[order]}
    return pd.DataFrame({**found, "strength": rounded[order]})
