"""Null samples: rows like the given ones but without groups, to tell groups from chance.

A Gaussian copula (Nelsen, "An Introduction to Copulas", 2006, section 2.3); the correlation of normals that have a
given rank correlation is Pearson's 2 sin(pi r / 6) ("On further methods of determining correlation", 1907).
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STREAM = 2  # of random numbers: those of the fits are named in `models/grouping.py`
KEPT = 2  # samples that are kept with their distances, since every k looks at them: 32 MB each for 2,000 rows


@dataclass(frozen=True)
class Sample:
    """Rows and, found once, the distances between them."""

    rows: Floats

    @cached_property
    def distances(self) -> Floats:
        """Euclidean distances, as the silhouette takes them."""
        from sklearn.metrics import pairwise_distances

        return np.asarray(pairwise_distances(self.rows))


@dataclass
class Nulls:
    """Null samples: rows like the given ones, but without groups, by a Gaussian copula.

    Same marginals and rank correlation: normal scores are mapped by their rank, so that each sample holds exactly the
    values of each column. Columns that belong together keep their rows as they are (points on a circle stay on it); the
    others are drawn given them, by a linear model of their normal scores, and so follow them smoothly, never in groups.
    """

    rows: Floats
    seed: int
    together: tuple[int, ...] = ()
    _kept: dict[int, Sample] = field(default_factory=dict)

    def __getitem__(self, index: int) -> Sample:
        """The sample of a number from 0; the first few are kept with their distances."""
        if index in self._kept:
            return self._kept[index]
        normals = np.random.default_rng((self.seed, STREAM, index)).standard_normal(self._columns.shape)
        told, root = self._model
        scores = normals @ root.T if told is None else told + normals @ root.T
        rows = self.rows.copy()
        rows[:, self._free] = np.take_along_axis(self._columns, scores.argsort(axis=0).argsort(axis=0), axis=0)
        sample = Sample(rows)
        if index < KEPT:
            self._kept[index] = sample
        return sample

    @cached_property
    def _free(self) -> list[int]:
        return [column for column in range(self.rows.shape[1]) if column not in self.together]

    @cached_property
    def _columns(self) -> Floats:
        return np.sort(self.rows[:, self._free], axis=0)

    @cached_property
    def _model(self) -> tuple[Floats | None, Floats]:
        """The part of the free columns' normal scores that the others tell, and a root of the rest's covariance."""
        if not self.together:
            spearman = pd.DataFrame(self.rows).corr(method="spearman").fillna(0.0).to_numpy()  # none if constant
            return None, _root(2 * np.sin(np.pi * spearman / 6))  # of the normals that have this rank correlation
        from scipy.special import ndtri

        scores = ndtri((pd.DataFrame(self.rows[:, self._free]).rank().to_numpy() - 0.5) / len(self.rows))
        design = np.column_stack([np.ones(len(self.rows)), self.rows[:, list(self.together)]])
        told = design @ np.linalg.lstsq(design, scores, rcond=None)[0]
        return told, _root((scores - told).T @ (scores - told) / len(self.rows))


def _root(covariance: Floats) -> Floats:
    """A matrix whose product with its transpose is the nearest covariance without negative eigenvalues."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.clip(eigenvalues, 0.0, None)))
