"""Rarefied variety: how many different things a hundred plays hold, so that few plays and many can be compared.

Expectation under drawing without replacement: Hurlbert, "The nonconcept of species diversity", Ecology 52 (1971) 577.
"""

import numpy as np
import pandas as pd


def expected_distinct(histogram: pd.DataFrame, depth: int) -> pd.Series:
    """Expected number of different things in `depth` plays, for each group of the index; NaN below `depth` plays.

    `histogram`: a row for each number of plays that occurs in a group (the index): `plays`, and `things`, how many
    things have so many. Exact, hypergeometric: the sum over things of 1 - C(N - plays, depth) / C(N, depth).
    """
    from scipy.special import gammaln

    groups = list(histogram.index.names)
    ordered = histogram.reset_index().sort_values([*groups, "plays"], ignore_index=True)
    plays = ordered["plays"].to_numpy(dtype=np.float64)
    things = ordered["things"].to_numpy(dtype=np.float64)
    keys = [ordered[name] for name in groups]
    total = pd.Series(plays * things).groupby(keys).transform("sum").to_numpy()
    rest = total - plays
    can_miss = rest >= depth
    chosen, whole = np.where(can_miss, rest, depth), np.maximum(total, depth)
    log = gammaln(chosen + 1) - gammaln(chosen - depth + 1) - gammaln(whole + 1) + gammaln(whole - depth + 1)
    met = np.where(can_miss, -np.expm1(np.minimum(log, 0.0)), 1.0)
    expected = pd.Series(np.where(total >= depth, things * met, np.nan)).groupby(keys).sum(min_count=1)
    return expected.rename_axis(groups)
