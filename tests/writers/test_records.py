"""Small rows written without an engine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from schemas.lake import Lake
from schemas.records import listeners
from writers.creation import ensure_table
from writers.records import append_rows, arrow_rows, arrow_schema

AT = datetime(2024, 1, 1, tzinfo=UTC)
ROW = {"user_id": "me", "valid_from": AT, "time_zone": None, "is_simulated": False, "recorded_at": AT}


def stored(lake: Lake) -> list[dict[str, object]]:
    return lake.open(listeners).to_pyarrow_table().to_pylist()


def test_the_arrow_schema_is_the_declaration() -> None:
    stamp = pa.timestamp("us", tz="UTC")
    assert arrow_schema(listeners) == pa.schema(
        [
            pa.field("user_id", pa.string(), nullable=False),
            pa.field("valid_from", stamp, nullable=False),
            pa.field("time_zone", pa.string()),
            pa.field("is_simulated", pa.bool_(), nullable=False),
            pa.field("recorded_at", stamp, nullable=False),
        ]
    )


def test_a_column_that_a_row_does_not_name_is_null() -> None:
    row = {name: value for name, value in ROW.items() if name != "time_zone"}
    assert arrow_rows(listeners, [row]).to_pylist() == [ROW]


def test_rows_are_appended_to_a_table_that_is_made_when_missing(lake: Lake) -> None:
    append_rows(lake, listeners, [ROW])
    append_rows(lake, listeners, [ROW | {"user_id": "you"}, ROW | {"user_id": "she"}])
    assert sorted(str(row["user_id"]) for row in stored(lake)) == ["me", "she", "you"]


def test_one_bad_row_of_several_keeps_all_of_them_out(lake: Lake) -> None:
    append_rows(lake, listeners, [ROW])
    with pytest.raises(Exception, match=r"(?i)null"):
        append_rows(lake, listeners, [ROW | {"user_id": "you"}, ROW | {"user_id": None}])
    assert stored(lake) == [ROW]


def test_writers_at_once_lose_and_double_nothing(lake: Lake) -> None:
    ensure_table(lake, listeners)
    names = [f"user-{n}" for n in range(16)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: append_rows(lake, listeners, [ROW | {"user_id": name}]), names))
    assert sorted(str(row["user_id"]) for row in stored(lake)) == sorted(names)
