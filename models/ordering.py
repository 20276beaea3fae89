"""An order of tracks in which energy and tempo change smoothly from one to the next.

The cost of a step is the square of its length, energy in units of 0.25 and tempo in units of 30 BPM: one leap costs
more than two halves of it. The cost of an order is the sum over its steps. Up to twelve tracks the cheapest order is
found exactly (Held and Karp, "A dynamic programming approach to sequencing problems", J. SIAM 10 (1962) 196); above it
by nearest neighbours from several starts, each improved until neither turning a stretch round (2-opt) nor moving a
stretch of up to three tracks elsewhere (or-opt) makes it cheaper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ENERGY_UNIT, TEMPO_UNIT = 0.25, 30.0
MOST_EXACT = 12
STARTS = 6  # nearest-neighbour orders that are improved
MANY = 100  # above it one order is improved: time grows with the cube
LONGEST_MOVE = 3
_LEAST_GAIN = 1e-9  # what is less is rounding: without it two equal orders could be exchanged for ever


def step_costs(energy: Floats, tempo: Floats) -> Floats:
    """Cost of a step from each track to each other: n x n, symmetric, 0 on the diagonal.

    Neither input may hold NaN: `known` says how missing values are filled.
    """
    places = np.column_stack([energy / ENERGY_UNIT, tempo / TEMPO_UNIT])
    costs: Floats = ((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    return costs


def known(values: Floats) -> Floats:
    """The values, NaN replaced by the median of the others (0 where there are none): what is unknown stays neutral."""
    missing = np.isnan(values)
    middle = 0.0 if missing.all() else float(np.median(values[~missing]))
    return np.where(missing, middle, values)


def path_cost(costs: Floats, order: list[int]) -> float:
    """Sum of the costs of the steps of an order."""
    return float(costs[order[:-1], order[1:]].sum())


def smooth_order(costs: Floats, *, first: int | None = None, seed: int = 0) -> list[int]:
    """Positions in a cheap order, the cheapest for up to MOST_EXACT; `first` fixes what comes first.

    Both directions of an order cost the same: without `first` the one that begins with the smaller position is given.
    """
    count = len(costs)
    if count < 3:
        return list(range(count)) if not first else [first, *(n for n in range(count) if n != first)]
    order = _exact(costs, first) if count <= MOST_EXACT else _improved(costs, first, seed)
    return order if first is not None or order[0] < order[-1] else order[::-1]


def _exact(costs: Floats, first: int | None) -> list[int]:
    """Held and Karp: the cheapest way through each set of tracks that ends with each of its members."""
    count = len(costs)
    best = np.full((1 << count, count), np.inf)
    before = np.zeros((1 << count, count), dtype=np.int64)
    for start in range(count) if first is None else [first]:
        best[1 << start, start] = 0.0
    for members in range(1, 1 << count):
        reached = best[members]
        if not np.isfinite(reached).any():
            continue
        through = reached[:, None] + costs
        cheapest = through.argmin(axis=0)
        for following in range(count):
            larger = members | 1 << following
            cost = through[cheapest[following], following]
            if larger != members and cost < best[larger, following]:
                best[larger, following], before[larger, following] = cost, cheapest[following]
    members = (1 << count) - 1
    last = int(best[members].argmin())
    order = [last]
    while members.bit_count() > 1:
        last, members = int(before[members, last]), members ^ 1 << last
        order.append(last)
    return order[::-1]


def _improved(costs: Floats, first: int | None, seed: int) -> list[int]:
    """The cheapest of several nearest-neighbour orders, each improved as far as single changes go."""
    rng = np.random.default_rng(seed)
    tried = STARTS if len(costs) <= MANY else 1
    starts = [first] if first is not None else [int(n) for n in rng.permutation(len(costs))[:tried]]
    found = [_locally_best(costs, _nearest(costs, start), first is not None) for start in starts]
    return min(found, key=lambda order: (path_cost(costs, order), order))


def _nearest(costs: Floats, start: int) -> list[int]:
    """From the start always on to the nearest track that is left, ties to the smaller position."""
    left = np.ones(len(costs), dtype=bool)
    order = [start]
    left[start] = False
    for _ in range(len(costs) - 1):
        order.append(int(np.where(left, costs[order[-1]], np.inf).argmin()))
        left[order[-1]] = False
    return order


def _locally_best(costs: Floats, order: list[int], is_fixed: bool) -> list[int]:
    """Change the order while a change makes it cheaper; the first track stays where it is fixed."""
    lead = int(is_fixed)
    while True:
        better = _turned(costs, order, lead) or _moved(costs, order, lead)
        if better is None:
            return order
        order = better


def _turned(costs: Floats, order: list[int], lead: int) -> list[int] | None:
    """The order with the stretch turned round that gains most; None where none gains."""
    here, count = np.array(order), len(order)
    begin, end = np.triu_indices(count, 1)
    begin, end = begin[begin >= lead], end[begin >= lead]
    has_before, has_after = begin > 0, end < count - 1
    before, after = here[np.maximum(begin - 1, 0)], here[np.minimum(end + 1, count - 1)]
    now = has_before * costs[before, here[begin]] + has_after * costs[here[end], after]
    then = has_before * costs[before, here[end]] + has_after * costs[here[begin], after]
    gains = now - then
    best = int(gains.argmax())
    if gains[best] <= _LEAST_GAIN:
        return None
    i, j = int(begin[best]), int(end[best])
    return order[:i] + order[i : j + 1][::-1] + order[j + 1 :]


def _moved(costs: Floats, order: list[int], lead: int) -> list[int] | None:
    """The order with a stretch of up to three tracks moved to where it gains most; None where no move gains."""
    best, found = _LEAST_GAIN, None
    for length in range(1, LONGEST_MOVE + 1):
        for begin in range(lead, len(order) - length + 1):
            stretch, rest = order[begin : begin + length], order[:begin] + order[begin + length :]
            closed = costs[rest[begin - 1], rest[begin]] if 0 < begin < len(rest) else 0.0
            left = costs[rest[begin - 1], stretch[0]] if begin > 0 else 0.0
            right = costs[stretch[-1], rest[begin]] if begin < len(rest) else 0.0
            gap, turned = _best_gap(costs, rest, stretch, lead)
            gain = float(left + right - closed) - gap[0]
            if gain > best:
                best, part = gain, stretch[::-1] if turned else stretch
                found = rest[: gap[1]] + part + rest[gap[1] :]
    return found


def _best_gap(costs: Floats, rest: list[int], stretch: list[int], lead: int) -> tuple[tuple[float, int], bool]:
    """Where a stretch costs least within the rest: (added cost, place), and whether it is turned round there."""
    places, count = np.arange(lead, len(rest) + 1), len(rest)
    here = np.array(rest)
    before, after = here[np.maximum(places - 1, 0)], here[np.minimum(places, count - 1)]
    has_before, has_after = places > 0, places < count
    opened = np.where(has_before & has_after, costs[before, after], 0.0)
    options = []
    for head, tail in ((stretch[0], stretch[-1]), (stretch[-1], stretch[0])):
        added = has_before * costs[before, head] + has_after * costs[tail, after] - opened
        place = int(added.argmin())
        options.append((float(added[place]), int(places[place])))
    turned = options[1][0] < options[0][0] - _LEAST_GAIN
    return options[turned], turned
