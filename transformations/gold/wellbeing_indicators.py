"""Gold: wellbeing_indicators."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from schemas.columns import AUDIO_FEATURE_NAMES, BASIS, IS_SIMULATED, USER_ID
from schemas.declaration import Expectation, Lookup, table
from transformations.bases import ALL, MEASURED
from transformations.exclusions import kept
from transformations.numbering import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTENER = ["user_id", "is_simulated"]


@table(
    layer="gold",
    analytics="diagnostic",
    schema=f"""
        {USER_ID},
        {IS_SIMULATED},
        {BASIS},
        week_start   DATE NOT NULL COMMENT 'Monday of the local week that the row describes',
        indicator    STRING NOT NULL COMMENT 'Name of the indicator; docs/analytics.md defines each',
        value        DOUBLE COMMENT 'The indicator over its window, in unit; null with a reason below the least sample',
        low          DOUBLE COMMENT 'Lower end of the 95 % interval, where one is defined',
        high         DOUBLE COMMENT 'Upper end of the 95 % interval, where one is defined',
        unit         STRING NOT NULL COMMENT 'Unit of value, low and high',
        window_start DATE NOT NULL COMMENT 'First local day of the window',
        window_end   DATE NOT NULL COMMENT 'Last local day of the window',
        sample_size  DOUBLE COMMENT 'What the value rests on, in sample_unit',
        sample_unit  STRING NOT NULL COMMENT 'What sample_size counts',
        least_sample DOUBLE COMMENT 'Below this sample_size the value is null',
        past_value   DOUBLE COMMENT 'Mean of the 12 weekly values before',
        past_low     DOUBLE COMMENT 'Lower end of the usual range: mean minus two standard deviations of those values',
        past_high    DOUBLE COMMENT 'Upper end of the usual range: mean plus two standard deviations of those values',
        last_year_value DOUBLE COMMENT 'Value of the week 52 weeks before',
        standing     STRING COMMENT 'below, within or above your usual range; null where the past is too short',
        measured_share DOUBLE COMMENT 'Share of the listening time whose audio features are not synthetic, 0-1',
        reason       STRING COMMENT 'Why a value is null'
    """,
    primary_key=("user_id", "basis", "week_start", "indicator"),
    expectations={
        "value_or_reason": Expectation("(value IS NULL) = (reason IS NOT NULL)"),
        "value_in_its_interval": Expectation("value BETWEEN low - 0.000000001 AND high + 0.000000001"),
    },
    lookups={
        "track_features": Lookup(by=("track_id",), reads=("basis", "feature_source", *AUDIO_FEATURE_NAMES)),
    },
    is_settled=True,
)
def wellbeing_indicators(
    listening_with_features: DataFrame, track_features: DataFrame, coverage: DataFrame, *, as_of: date
) -> DataFrame:
    """Habits of listening, week by week, each with its interval, its least sample and the listener's own past.

    A row is a whole week, so the running one has none yet. About listening habits, never a diagnosis. What rests on no
    audio features is the same on both bases.
    """
    measured, every = (
        track_features.where(F.col("basis") == basis).select(
            "track_id",
            *(F.col(name).alias(f"{prefix}{name}") for name in ("valence", "energy")),
            (F.col("feature_source") == "synthetic").alias(f"{prefix}is_synthetic"),
        )
        for basis, prefix in ((MEASURED, "measured_"), (ALL, ""))
    )
    features = measured.join(every, on="track_id", how="full")
    # The small side stands left, from which Sail builds its hash table.
    plays = features.join(kept(listening_with_features).drop("valence", "energy"), on="track_id", how="right").select(
        *_LISTENER,
        "played_at",
        "played_date",
        "hour_of_day",
        "utc_offset_minutes",
        "listened_ms",
        "is_counted",
        "is_skip",
        (F.col("time_source") == "measured").alias("has_measured_time"),
        # Which one it was matters, not its name: a number takes a tenth of the memory of a text in pandas.
        *(number_of(F.coalesce(name, F.lit(""))).alias(name) for name in ("recording_id", "artist_name", "session_id")),
        # NaN, which pandas reads as missing: a null inside a cogrouped frame makes Sail 0.7 fail.
        *(
            F.coalesce(name, F.lit(float("nan"))).alias(name)
            for name in ("valence", "energy", "measured_valence", "measured_energy")
        ),
        F.coalesce("is_synthetic", F.lit(False)).alias("is_synthetic"),
    )
    days = coverage.groupBy(*_LISTENER, "played_date").agg(
        F.count_if("is_covered").alias("covered_hours"),
        F.count("*").alias("day_hours"),
        F.bool_and("is_full_archive").alias("from_full_archive"),
    )
    listeners = plays.groupBy(*_LISTENER).cogroup(days.groupBy(*_LISTENER))
    return listeners.applyInPandas(_of(as_of), wellbeing_indicators.ddl)


def _of(as_of: date) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    def indicators(plays: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
        """The indicators of one listener on both bases."""
        from models import wellbeing  # brings SciPy, which most builds do not need

        if plays.empty:
            return pd.DataFrame(columns=wellbeing_indicators.column_names)
        same = {name: plays[name].iloc[0] for name in _LISTENER}
        rows = wellbeing.wellbeing_on_each_basis(plays, days, as_of=as_of)
        known = {
            MEASURED: plays["measured_energy"].notna(),
            ALL: plays["energy"].notna() & ~plays["is_synthetic"].astype(bool),
        }
        dates = pd.to_datetime(plays["played_date"])
        shares = [_measured_share(plays, dates, known[basis], own) for basis, own in rows.groupby("basis")]
        return rows.assign(**same, measured_share=pd.concat(shares))[wellbeing_indicators.column_names]

    return indicators


def _measured_share(
    plays: pd.DataFrame, dates: pd.Series[pd.Timestamp], known: pd.Series[bool], rows: pd.DataFrame
) -> pd.Series[float]:
    """Share of the listening time in each row's window whose features are known and not synthetic."""
    measured = plays["listened_ms"].where(known, 0)
    by_day = pd.DataFrame({"all": plays["listened_ms"], "measured": measured}).groupby(dates).sum().sort_index()
    running = by_day.cumsum()
    before = running.reindex(pd.to_datetime(rows["window_start"]) - pd.Timedelta(days=1), method="ffill").fillna(0)
    until = running.reindex(pd.to_datetime(rows["window_end"]), method="ffill").fillna(0)
    spent = until.to_numpy() - before.to_numpy()
    listened = pd.Series(spent[:, 0], index=rows.index)
    return pd.Series(spent[:, 1], index=rows.index) / listened.where(listened > 0)
