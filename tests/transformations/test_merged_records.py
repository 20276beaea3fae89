"""merged_records: the records that another record's play swallows, the same whether all are paired or only the near."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import functions as F

from models.reconciliation import reconcile
from transformations.records import records_of_music
from transformations.silver.merged_records import merged_records

NOON = datetime(2024, 5, 10, 12, tzinfo=UTC)
SOURCES = ("extended_history", "currently_playing", "recently_played", "listenbrainz", "account_data")


def history(seed: int, plays: int = 150) -> list[dict[str, Any]]:
    """Plays of few songs over four days, told by some sources each, stamped early, late, at the start or offline."""
    rng = np.random.default_rng(seed)
    records = []
    for place in range(plays):
        end = NOON + timedelta(seconds=float(rng.uniform(0, 4 * 86_400)))
        title, length = f"Song {rng.integers(6)}", int(rng.integers(20, 400)) * 1000
        for source in SOURCES:
            if rng.random() < 0.45:
                stamp = end + timedelta(seconds=float(rng.normal(0, 60)))
                is_start = rng.random() < 0.2
                is_offline = source == "extended_history" and rng.random() < 0.2
                records.append(
                    {
                        "record_id": f"{place:03d}-{source}",
                        "revision": "1",
                        "user_id": "u",
                        "kind": "track",
                        "source": source,
                        "played_at": stamp - timedelta(milliseconds=length if is_start else 0),
                        "track_id": title,
                        "track_name": title,
                        "artist_name": "Ann",
                        "duration_ms": length,
                        "ms_played": None if source == "recently_played" else int(length * rng.uniform(0.2, 1.1)),
                        "is_offline": is_offline,
                        "offline_at": end - timedelta(days=float(rng.uniform(0, 3))) if is_offline else None,
                    }
                )
    return records


@pytest.mark.parametrize("seed", range(6))
def test_only_records_near_another_source_need_pairing(rows, seed):
    given = rows("listening_history_bronze", *history(seed))
    found = {row.record_id: row.play_id for row in merged_records(given).collect()}
    records = records_of_music(given).select("record_id", "match_key", "source", "ended_ms", "other_ms", "started_ms")
    whole = reconcile(records.toPandas())
    expected = dict(zip(whole["record_id"], whole["play_id"], strict=True))
    assert found == {record: play for record, play in expected.items() if record != play}
    assert len(found) > 50


def test_most_of_a_single_sources_records_are_never_paired(rows):
    """The table is empty for one source, however often a song was played."""
    given = [record for record in history(7) if record["source"] == "extended_history"]
    assert merged_records(rows("listening_history_bronze", *given)).count() == 0


def test_records_of_several_listeners_never_meet(rows):
    record = {"kind": "track", "played_at": NOON, "track_name": "Song", "artist_name": "Ann", "played_month": "2024-05"}
    given = rows(
        "listening_history_bronze",
        {**record, "record_id": "a", "user_id": "u", "source": "extended_history"},
        {**record, "record_id": "b", "user_id": "v", "source": "account_data"},
        {**record, "record_id": "c", "user_id": "u", "source": "account_data"},
    )
    merged = merged_records(given).select("record_id", "play_id", "user_id", F.col("played_month"))
    assert [tuple(row) for row in merged.collect()] == [("c", "a", "u", "2024-05")]
