"""Research questions asked of one listener's history: each answer with its interval, its test and a verdict.

Does the music follow the clock? Does its sound foretell habits? Does bright listening go with other habits than dark
listening? About music and habits. Published work found that mood explains little of what people choose to play (doi
10.1177/27000710261456849), so an answer of "no evidence" is an answer.
"""

from __future__ import annotations

import pandas as pd

from models.threads import one_thread

from .bright_and_dark import bright_and_dark
from .clock import mood_and_clock
from .findings import COLUMNS, frame_of
from .foretelling import features_foretell
from .sessions import read_sessions

__all__ = ["COLUMNS", "research_findings"]


def research_findings(listening: pd.DataFrame, *, kind: str) -> pd.DataFrame:
    """The findings of one listener on one basis, in the order of the questions; columns are COLUMNS.

    listening: a row a session_id, played_date (local) and hour_of_day with play_count, measured_start_count and
    measured_skip_count (starts and skips of which the source measured the time), listened_ms, feature_ms (time with
    features), measured_feature_ms, bright_ms (time with features of tracks brighter than the listener's median),
    valence_ms, energy_ms, danceability_ms, acousticness_ms, instrumentalness_ms, tempo_ms (each feature times that
    time), started_ms and ended_ms (first start and last end, milliseconds since 1970). kind: what the features are
    called in reasons. The order of the rows changes nothing.
    """
    with one_thread():
        sessions = read_sessions(listening)
        findings = [
            *mood_and_clock(sessions, kind),
            *features_foretell(sessions, kind),
            *bright_and_dark(sessions, kind),
        ]
        return frame_of(findings)
