"""Small rows written without an engine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from schemas.declaration import Table
from schemas.lake import Lake
from schemas.records import listeners
from writers.creation import ensure_table
from writers.records import append_rows, append_unknown, arrow_rows, arrow_schema, known_keys

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


MONTHLY = Table(
    name="visits",
    layer="bronze",
    description="Visits of the test.",
    schema="""
        visit_id     STRING NOT NULL COMMENT 'Half of the key',
        revision     STRING NOT NULL COMMENT 'The other half',
        played_month STRING NOT NULL COMMENT 'Month',
        age          INT COMMENT 'Years'
    """,
    primary_key=("visit_id", "revision"),
    partition_by=("played_month",),
)


def visit(visit_id: str, revision: str = "1", month: str = "2024-01", age: int | None = None) -> dict[str, object]:
    return {"visit_id": visit_id, "revision": revision, "played_month": month, "age": age}


def visits(lake: Lake) -> list[dict[str, object]]:
    return sorted(lake.open(MONTHLY).to_pyarrow_table().to_pylist(), key=str)


def test_only_rows_whose_key_is_not_there_are_appended_and_given_back(lake: Lake) -> None:
    assert append_unknown(lake, MONTHLY, [visit("a", age=1)]) == [visit("a", age=1)]
    new = append_unknown(lake, MONTHLY, [visit("a", age=2), visit("b"), visit("a", "2")])
    assert new == [visit("b"), visit("a", "2")]
    assert visits(lake) == sorted([visit("a", age=1), visit("a", "2"), visit("b")], key=str)


def test_of_equal_keys_in_one_batch_the_first_is_appended(lake: Lake) -> None:
    batch = [visit("a", age=1), visit("b"), visit("a", age=2), visit("c"), visit("b", age=3)]
    append_unknown(lake, MONTHLY, batch)
    assert visits(lake) == [visit("a", age=1), visit("b"), visit("c")]


def test_where_nothing_is_new_nothing_is_committed(lake: Lake) -> None:
    append_unknown(lake, MONTHLY, [visit("a")])
    version = lake.open(MONTHLY).version()
    assert append_unknown(lake, MONTHLY, [visit("a", age=5)]) == []
    assert append_unknown(lake, MONTHLY, []) == []
    assert lake.open(MONTHLY).version() == version


def test_a_batch_with_one_bad_row_is_refused_whole(lake: Lake) -> None:
    append_unknown(lake, MONTHLY, [visit("a")])
    with pytest.raises(Exception, match=r"(?i)null"):
        append_unknown(lake, MONTHLY, [visit("b"), visit("c") | {"revision": None}])
    assert visits(lake) == [visit("a")]


def test_known_keys_are_those_of_the_rows_that_the_table_holds_in_their_months(lake: Lake) -> None:
    append_unknown(lake, MONTHLY, [visit("a"), visit("b", month="2024-02"), visit("c", month="2024-03")])
    asked = [visit("a"), visit("b", month="2024-02"), visit("x")]
    assert known_keys(lake, MONTHLY, asked, ["visit_id", "revision"]) == {("a", "1"), ("b", "1")}
    assert known_keys(lake, MONTHLY, [visit("a", "2")], ["visit_id"]) == {("a",)}
    assert known_keys(lake, MONTHLY, [visit("c")], ["visit_id"]) == set(), "another month was read"
    assert known_keys(lake, MONTHLY, [], ["visit_id"]) == set()
