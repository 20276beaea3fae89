"""When a sequence of vectors changed: divisive search with the energy distance and a permutation test of blocks.

Matteson and James 2014 (doi 10.1080/01621459.2013.849605): the place that splits a stretch best is the one with the
largest energy distance between its two sides, which finds a change of any kind and not of the mean alone; each side is
then searched in turn. Neighbouring weeks are alike even where nothing changes, so whole blocks of weeks are permuted,
and not single ones; places are first looked for between blocks, then moved to the best week nearby.

`ruptures` 1.1.10 gives segmentations for a penalty, but no test: how many changes are claimed where there is none would
rest on the penalty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SIDE = 8  # elements on each side of a change: a shorter era is not told from an episode
# Elements in a block, by the correlation of neighbours up to which that is enough (measured: tests of this module).
BLOCKS = ((0.1, 4), (0.2, 5), (0.3, 6), (0.4, 8), (0.5, 10), (0.6, 14), (0.7, 20), (0.8, 30), (1.0, 52))
# With fewer blocks no split can reach the level: of the 252 choices of five of ten, two are as good as the best.
LEAST_BLOCKS = 10
LEAST_LENGTH = LEAST_BLOCKS * BLOCKS[0][1]
PERMUTATIONS = 999
LEVEL = 0.01
EQUAL = 1e-9


@dataclass(frozen=True)
class Change:
    """A split before the element `at`: p of the stretch it was found in (None: not tested), the energy statistic."""

    at: int
    p_value: float | None
    statistic: float


@dataclass(frozen=True)
class Search:
    """What was found: changes in order; for the whole sequence p of "there is none" (None: not tested).

    correlation: of neighbouring elements of the whole; needed: how many elements a test needs then.
    """

    changes: list[Change]
    p_value: float | None
    correlation: float
    needed: int


def find_changes(vectors: Floats, seed: int = 0) -> Search:
    """Search a sequence of vectors (n x d) for changes. Each test has the level LEVEL.

    A stretch that is too short for how closely its elements hang together is not split. Raises ValueError below
    LEAST_LENGTH elements.
    """
    if len(vectors) < LEAST_LENGTH:
        raise ValueError(f"{len(vectors)} elements are too few to look for a change: at least {LEAST_LENGTH}")
    apart = _distances(vectors)
    found: list[Change] = []
    tests: list[tuple[Change, float, int]] = []
    stretches = [(0, len(vectors))]
    while stretches:
        begin, end = stretches.pop()
        generator = np.random.default_rng((seed, begin, end))
        tests.append(_best_split(vectors[begin:end], apart[begin:end, begin:end], generator))
        change = tests[-1][0]
        if change.p_value is not None and change.p_value <= LEVEL:
            at = begin + change.at
            found.append(Change(at, change.p_value, change.statistic))
            stretches += [side for side in ((begin, at), (at, end)) if side[1] - side[0] >= LEAST_LENGTH]
    whole, correlation, block = tests[0]
    return Search(sorted(found, key=lambda change: change.at), whole.p_value, correlation, LEAST_BLOCKS * block)


def energy_statistics(sums: Floats, sizes: Ints) -> Floats:
    """The energy statistic of a split after each block but the last: n m / (n + m) times the energy distance.

    sums: summed distances between the elements of every two blocks; sizes: elements of each block. The distance is the
    unbiased 2 E|X - Y| - E|X - X'| - E|Y - Y'|.
    """
    below = np.tril(sums, -1).sum(axis=1)
    before = np.cumsum(np.diag(sums) + 2 * below)[:-1]
    between = np.cumsum(sums.sum(axis=1))[:-1] - before
    after = sums.sum() - before - 2 * between
    n = np.cumsum(sizes)[:-1].astype(float)
    m = sizes.sum() - n
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = 2 * between / (n * m) - before / (n * (n - 1)) - after / (m * (m - 1))
    statistics: Floats = n * m / (n + m) * distance
    return statistics


def _distances(vectors: Floats) -> Floats:
    squares = (vectors**2).sum(axis=1)
    apart: Floats = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T, 0.0))
    np.fill_diagonal(apart, 0.0)
    return apart


def _best_split(vectors: Floats, apart: Floats, generator: np.random.Generator) -> tuple[Change, float, int]:
    """The best split of a stretch, and how often permuted blocks can be split as well.

    Also the correlation of neighbours once the best split is taken out, and how long a block is that follows from it;
    p is None where the stretch does not hold enough such blocks.
    """
    single = energy_statistics(apart, np.ones(len(apart), dtype=np.int64))
    inner = slice(LEAST_SIDE - 1, len(apart) - LEAST_SIDE)
    at = int(np.argmax(single[inner])) + LEAST_SIDE
    statistic, correlation = float(single[at - 1]), neighbour_correlation(vectors, at)
    length = next((block for most, block in BLOCKS if correlation <= most), BLOCKS[-1][1])
    if len(apart) // length < LEAST_BLOCKS:
        return Change(at, None, statistic), correlation, length
    starts = [int(part[0]) for part in np.array_split(np.arange(len(apart)), len(apart) // length)]
    sizes = np.diff([*starts, len(apart)])
    sums = np.add.reduceat(np.add.reduceat(apart, starts, axis=0), starts, axis=1)
    rough = _largest(sums, sizes)
    as_good = 1
    for _ in range(PERMUTATIONS):
        order = generator.permutation(len(sizes))
        as_good += int(_largest(sums[order][:, order], sizes[order]) >= rough - EQUAL)
    return Change(at, as_good / (PERMUTATIONS + 1), statistic), correlation, length


def neighbour_correlation(vectors: Floats, at: int) -> float:
    """Correlation of neighbouring elements over all coordinates, each side of a split about its own mean.

    Means of few elements take some of it away; what that is in expectation, (1 + 3 r) / n, is put back (Kendall 1954).
    """
    rest = np.vstack([side - side.mean(axis=0) for side in (vectors[:at], vectors[at:])])
    spread = float((rest**2).sum())
    if spread <= 0:
        return 1.0
    found = float((rest[1:] * rest[:-1]).sum()) / spread
    each = len(vectors) / 2
    return (found + 1 / each) / (1 - 3 / each)


def _largest(sums: Floats, sizes: Ints) -> float:
    """The largest statistic of the splits between blocks that leave LEAST_SIDE elements on each side."""
    before = np.cumsum(sizes)[:-1]
    allowed = (before >= LEAST_SIDE) & (sizes.sum() - before >= LEAST_SIDE)
    return float(energy_statistics(sums, sizes)[allowed].max())
