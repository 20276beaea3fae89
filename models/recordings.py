"""Which tracks are editions of one recording."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Why a track is in its group, the strongest reason first. A track that a rule sets apart has the reason rule.
ISRC, NAME_AND_LENGTH, NAME, RULE, ALONE = "isrc", "name_and_length", "name", "rule", "alone"
REASONS = (ISRC, NAME_AND_LENGTH, NAME, RULE, ALONE)


def group_editions(links: pd.DataFrame) -> pd.DataFrame:
    """The groups that the links make: track_id, recording_id, evidence.

    links: track_id, other_track_id, evidence, both tracks of one recording for that reason; a track that is linked to
    itself is known (a link to an unknown track says nothing). recording_id is the smallest track_id of the group, and
    evidence the strongest reason of the track's own links. The result does not depend on the order of the links.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    loops = links[links["track_id"] == links["other_track_id"]]
    tracks = pd.Index(np.sort(loops["track_id"].unique()))
    left, right = tracks.get_indexer(links["track_id"]), tracks.get_indexer(links["other_track_id"])
    known = (left >= 0) & (right >= 0)
    left, right = left[known], right[known]
    count = len(tracks)
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, group = connected_components(graph.tocsr(), directed=False)
    # Tracks are sorted, so the first of each group is its smallest.
    _, first = np.unique(group, return_index=True)
    rank = links["evidence"].map({reason: place for place, reason in enumerate(REASONS)}).to_numpy()[known]
    strongest = np.full(count, len(REASONS) - 1)
    np.minimum.at(strongest, left, rank)
    np.minimum.at(strongest, right, rank)
    return pd.DataFrame(
        {"track_id": tracks, "recording_id": tracks[first[group]], "evidence": np.array(REASONS)[strongest]}
    )
