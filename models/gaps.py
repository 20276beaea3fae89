"""Where a listener's plays may have been lost between two polls of what was recently played."""

import pandas as pd

# Plays are listed late. What ended shortly before a poll may not have been in it.
LATENESS = pd.Timedelta(hours=1)

COLUMNS = ("gap_start_at", "gap_end_at", "found_at")


def find_gaps(polls: pd.DataFrame) -> pd.DataFrame:
    """The suspected gaps of one listener: gap_start_at, gap_end_at, found_at, a row a gap, in order.

    polls: started_at, oldest_at and newest_at (oldest and newest stamp on offer), is_full, in any order. A
    poll that was offered as many plays as Spotify ever shows, and none that polls before it can have seen, leaves a gap
    from there to its oldest play. Stamps are compared as delivered: a play is stamped at its end or at its start, and
    what was lost ended before either. The first poll leaves none: what was before it is not known.
    """
    ordered = polls.sort_values(["started_at", "newest_at"], kind="stable", ignore_index=True)
    seen_until = ordered["newest_at"].cummax().shift()
    polled_at = ordered["started_at"].cummax().shift()
    is_gap = ordered["is_full"].astype(bool) & (ordered["oldest_at"] > seen_until)
    before = pd.concat([seen_until, polled_at - LATENESS], axis="columns").min(axis="columns")
    gaps = pd.DataFrame({"gap_start_at": before, "gap_end_at": ordered["oldest_at"], "found_at": ordered["started_at"]})
    return gaps[is_gap].reset_index(drop=True)
