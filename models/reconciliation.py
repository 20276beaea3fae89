"""Which records of several sources are one and the same play."""

from __future__ import annotations

from itertools import groupby

import pandas as pd

# Order in which sources are folded: the first makes the anchors, and is the most trusted.
SOURCE_ORDER = ("extended_history", "currently_playing", "recently_played", "listenbrainz", "account_data")

TOLERANCE_MS = 90_000
MINUTE_STAMP_TOLERANCE_MS = 150_000  # account data gives whole minutes

Record = tuple[int, str]  # end in milliseconds, record_id


def reconcile(records: pd.DataFrame) -> pd.DataFrame:
    """The play that each record belongs to: record_id, play_id (the record_id of the play's anchor).

    records: record_id, match_key, source, ended_ms, other_ms (where the end would be if the source had stamped the
    other end of the play; null for one that cannot) and started_ms (the start, where the time heard is known; else
    null), of one listener (or of whole match keys of one). Sources are folded in SOURCE_ORDER. Each next source is
    paired with the anchors of its key, both sorted by (end, record_id), in one forward sweep: two heads within the
    tolerance pair and both advance, else the earlier one advances. A record left over is tried once more against the
    anchors that stayed alone: with other_ms, then with its stamp against their starts (of a play that was cut short,
    both ends that a stamp allows are wrong). Then it becomes an anchor. The result depends on the set of records, not
    on their order.
    """
    rank = {source: place for place, source in enumerate(SOURCE_ORDER)}
    ordered = records.assign(rank=records["source"].map(rank)).sort_values(
        ["match_key", "rank", "ended_ms", "record_id"], kind="stable", ignore_index=True
    )
    play_of = dict(zip(ordered["record_id"], ordered["record_id"], strict=True))
    sources = ordered.groupby("match_key", sort=False)["rank"].transform("nunique")
    several = ordered[sources > 1]
    columns = ("match_key", "rank", "ended_ms", "record_id", "other_ms", "started_ms")
    rows = zip(*(several[name] for name in columns), strict=True)
    for _, same_key in groupby(rows, key=lambda row: row[0]):
        play_of.update(_fold(same_key))
    return pd.DataFrame({"record_id": list(play_of), "play_id": list(play_of.values())})


def _fold(rows: object) -> dict[str, str]:
    """Fold the sources of one key, which come in order, into anchors; gives record_id -> play_id of those that pair."""
    anchors: list[Record] = []
    starts: dict[str, int] = {}
    paired: dict[str, str] = {}
    for place, group in groupby(rows, key=lambda row: row[1]):  # type: ignore[call-overload]
        arrived = list(group)
        newcomers = [(end, record_id) for _, _, end, record_id, _, _ in arrived]
        others = {record_id: int(other) for _, _, _, record_id, other, _ in arrived if pd.notna(other)}
        minutes = SOURCE_ORDER[place] == "account_data"
        pairs, left_over = sweep(anchors, newcomers, MINUTE_STAMP_TOLERANCE_MS if minutes else TOLERANCE_MS)
        if left_over and others:
            ends = {name: end for end, name in left_over}
            again = {name: others[name] for name in ends if name in others}
            pairs |= _paired(anchors, again, pairs)
            begun = sorted((starts[name], name) for _, name in anchors if name in starts)
            stamps = {name: min(ends[name], other) for name, other in again.items() if name not in pairs}
            pairs |= _paired(begun, stamps, pairs)
            left_over = [record for record in left_over if record[1] not in pairs]
        paired |= pairs
        anchors = sorted([*anchors, *left_over])
        starts |= {record_id: int(start) for _, _, _, record_id, _, start in arrived if pd.notna(start)}
    return paired


def _paired(anchors: list[Record], at: dict[str, int], pairs: dict[str, str]) -> dict[str, str]:
    """Records at these times paired with the anchors that are still alone."""
    taken = set(pairs.values())
    alone = [anchor for anchor in anchors if anchor[1] not in taken]
    return sweep(alone, sorted((time, name) for name, time in at.items()), TOLERANCE_MS)[0]


def sweep(anchors: list[Record], records: list[Record], tolerance_ms: int) -> tuple[dict[str, str], list[Record]]:
    """Pair two sorted lists in one forward pass: (record_id -> anchor's id, records that found no anchor)."""
    pairs: dict[str, str] = {}
    left_over: list[Record] = []
    anchor, record = 0, 0
    while record < len(records):
        if anchor == len(anchors):
            left_over += records[record:]
            break
        distance = records[record][0] - anchors[anchor][0]
        if abs(distance) <= tolerance_ms:
            pairs[records[record][1]] = anchors[anchor][1]
            anchor, record = anchor + 1, record + 1
        elif distance > 0:
            anchor += 1
        else:
            left_over.append(records[record])
            record += 1
    return pairs, left_over
