"""Weekly indicators of one listener's habits, each against the listener's own past.

They describe listening habits, never a diagnosis: no indicator says how anybody feels or sleeps. Formulas, windows
and least samples follow the project's definitions, section "Wellbeing indicators".
"""

from datetime import date

import pandas as pd

from models.threads import one_thread

from .comparison import with_own_past
from .features import centres, diurnal_rhythm, energy_inertia
from .history import History, read_history
from .rows import INDICATORS, Row, frame_of
from .sessions import sessions_of
from .skips import relative_skip_rate
from .timing import late_night_share, rhythm_regularity, session_habit, weekend_shift
from .variety import diversity, loops_and_repeats, newness, repetition

__all__ = ["INDICATORS", "wellbeing_indicators", "wellbeing_on_each_basis"]


def wellbeing_indicators(plays: pd.DataFrame, days: pd.DataFrame, *, basis: str, as_of: date) -> pd.DataFrame:
    """One row for each week (Monday) and indicator, from the first week of the history to that of `as_of`.

    `plays` holds all starts of one listener: played_at (UTC, end), played_date, hour_of_day and minute_of_day (local,
    of the end), utc_offset_minutes, listened_ms, is_counted, is_skip, has_measured_time, recording_id, artist_name,
    session_id, valence, energy (0-1, NaN where unknown) and is_synthetic. `days` holds one row for each local date:
    played_date, covered_hours, day_hours and from_full_archive. Rows after `as_of` are not read; on basis 'measured'
    synthetic features are not used. The order of the rows given changes nothing, to the bit.

    Columns of the result are `rows.COLUMNS`; a value below its least sample is null with a `reason`. `low` and `high`
    are a 95 % interval. Raises ValueError for another basis, and for a local date that `days` holds twice.
    """
    with one_thread():
        history = read_history(plays, days, basis, as_of)
        if history is None:
            return frame_of([])
        return with_own_past(frame_of([*_of_music(history), *_of_habits(history)]))


def wellbeing_on_each_basis(plays: pd.DataFrame, days: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """The same on both bases, with the column `basis`; what rests on no audio feature is worked out once.

    `plays` holds, beside valence and energy (basis 'all'), measured_valence and measured_energy; is_synthetic is not
    read.
    """
    plays = plays.assign(is_synthetic=False)
    measured = plays.assign(valence=plays["measured_valence"], energy=plays["measured_energy"])
    with one_thread():
        histories = {
            basis: read_history(rows, days, basis, as_of) for basis, rows in (("measured", measured), ("all", plays))
        }
        if histories["all"] is None:
            return frame_of([]).assign(basis=None)
        habits = _of_habits(histories["all"])
        frames = [
            with_own_past(frame_of([*_of_music(history), *habits])).assign(basis=basis)
            for basis, history in histories.items()
            if history is not None
        ]
    return pd.concat(frames, ignore_index=True)


def _of_music(history: History) -> list[Row]:
    """The indicators that rest on audio features."""
    return [*centres(history), *diurnal_rhythm(history, sessions_of(history)), *energy_inertia(history)]


def _of_habits(history: History) -> list[Row]:
    """The indicators that rest on none."""
    return [
        *late_night_share(history),
        *weekend_shift(history),
        *rhythm_regularity(history),
        *diversity(history),
        *repetition(history),
        *loops_and_repeats(history),
        *newness(history),
        *relative_skip_rate(history),
        *session_habit(history, sessions_of(history)),
    ]
