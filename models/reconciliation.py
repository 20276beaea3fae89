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

    records: record_id, match_key, source, ended_ms and other_ms (where the end would be if the source had stamped the
    other end of the play; null for one that cannot), of one listener (or of whole match keys of one). Sources are
    folded in SOURCE_ORDER. Each next source is paired with the anchors of its key, both sorted by (end, record_id), in
    one forward sweep: two heads within the tolerance pair and both advance, else the earlier one advances; a record
    left over is tried once more with other_ms against the anchors that stayed alone, and then becomes an anchor. The
    result depends on the set of records, not on their order.
    """
    rank = {source: place for place, source in enumerate(SOURCE_ORDER)}
    ordered = records.assign(rank=records["source"].map(rank)).sort_values(
        ["match_key", "rank", "ended_ms", "record_id"], kind="stable", ignore_index=True
    )
    play_of = dict(zip(ordered["record_id"], ordered["record_id"], strict=True))
    sources = ordered.groupby("match_key", sort=False)["rank"].transform("nunique")
    several = ordered[sources > 1]
    columns = ("match_key", "rank", "ended_ms", "record_id", "other_ms")
    rows = zip(*(several[name] for name in columns), strict=True)
    for _, same_key in groupby(rows, key=lambda row: row[0]):
        play_of.update(_fold(same_key))
    return pd.DataFrame({"record_id": list(play_of), "play_id": list(play_of.values())})


def _fold(rows: object) -> dict[str, str]:
    """Fold the sources of one key, which come in order, into anchors; gives record_id -> play_id of those that pair."""
    anchors: list[Record] = []
    paired: dict[str, str] = {}
    for place, group in groupby(rows, key=lambda row: row[1]):  # type: ignore[call-overload]
        arrived = list(group)
        newcomers = [(end, record_id) for _, _, end, record_id, _ in arrived]
        others = {record_id: int(other) for _, _, _, record_id, other in arrived if pd.notna(other)}
        minutes = SOURCE_ORDER[place] == "account_data"
        pairs, left_over = sweep(anchors, newcomers, MINUTE_STAMP_TOLERANCE_MS if minutes else TOLERANCE_MS)
        if left_over and others:
            taken = set(pairs.values())
            alone = [anchor for anchor in anchors if anchor[1] not in taken]
            again = sorted((others[record_id], record_id) for _, record_id in left_over if record_id in others)
            late, _ = sweep(alone, again, TOLERANCE_MS)
            pairs |= late
            left_over = [record for record in left_over if record[1] not in late]
        paired |= pairs
        anchors = sorted([*anchors, *left_over])
    return paired


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
