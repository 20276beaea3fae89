"""Silver: merged_records."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.reconciliation import MINUTE_STAMP_TOLERANCE_MS, reconcile
from schemas.columns import PLAYED_MONTH, USER_ID
from schemas.declaration import Expectation, table
from transformations.numbering import number_of
from transformations.records import KEY, corrected_end, records_of_music
from transformations.silver.tracks import match_key

# No two ends that lie further apart are of one play: the widest tolerance of the pairing.
MEETING_S = MINUTE_STAMP_TOLERANCE_MS // 1000
DAY_S = 24 * 3600
_BUCKETS = 16


@table(
    layer="silver",
    schema=f"""
        record_id    STRING NOT NULL COMMENT 'SHA-256 of listener, source, stamp, track (or names) and ms_played',
        {USER_ID},
        {PLAYED_MONTH},
        play_id      STRING NOT NULL COMMENT 'record_id of the record that the play is anchored on'
    """,
    primary_key=("record_id",),
    partition_by=("played_month",),
    expectations={"merged_into_another": Expectation("record_id <> play_id")},
    # A record of a month may have been uploaded in the next; each pairing hangs on the records around it.
    window=(2, 2),
)
def merged_records(listening_history_bronze: DataFrame) -> DataFrame:
    """The records that tell of a play that a better source tells of too, with that play. Every other record is a play.

    Rules: docs/analytics.md, "Plays and time".
    """
    music = listening_history_bronze.where(F.col("kind") == "track")
    # A record without any other source's record near it is a play as it is: only the rest has to be paired.
    near = _near_another_source(music)
    records = near.join(records_of_music(listening_history_bronze), on="record_id", how="inner")
    paired = records.groupBy("user_id", F.pmod(number_of(F.col("match_key")), F.lit(_BUCKETS))).applyInPandas(
        _merged, merged_records.ddl
    )
    return paired.select(*merged_records.column_names)


def _near_another_source(music: DataFrame) -> DataFrame:
    """record_id of each record of whose music another source has a record within a day or two.

    Wide on purpose: whatever end the stamps may mean, records that can be one play lie in one of the days compared.
    """
    key = match_key(F.col("track_name"), F.col("artist_name"), F.col("track_id"))
    stamped = music.withColumns({"match_key": key, "stamped_end": F.col("played_at")})
    lengths = {name: F.coalesce(name, F.lit(0)) / 1000 for name in ("duration_ms", "ms_played")}
    earliest = F.least(F.unix_seconds("played_at"), F.unix_seconds(corrected_end()) - lengths["ms_played"])
    latest = F.greatest(F.unix_seconds("played_at") + lengths["duration_ms"], F.unix_seconds(corrected_end()))
    days = F.sequence(
        F.floor((earliest - MEETING_S) / F.lit(DAY_S)).cast("bigint"),
        F.floor((latest + MEETING_S) / F.lit(DAY_S)).cast("bigint"),
    )
    each = stamped.select("record_id", *KEY, "source", F.explode(days).alias("day"))
    shared = (
        each.groupBy(*KEY, "day")
        .agg(F.min("source").alias("one"), F.max("source").alias("other"))
        .where(F.col("one") != F.col("other"))
        .select(*KEY, "day")
    )
    return shared.join(each, on=[*KEY, "day"], how="inner").select("record_id").distinct()


def _merged(records: pd.DataFrame) -> pd.DataFrame:
    """The records of some keys of one listener that belong to another record's play."""
    plays = reconcile(records[["record_id", "match_key", "source", "ended_ms", "other_ms", "started_ms"]])
    known = records[["record_id", "user_id", "played_month"]].merge(plays, on="record_id")
    return known.loc[known["record_id"] != known["play_id"], merged_records.column_names]
