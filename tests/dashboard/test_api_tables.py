"""The routes of the tables: rows as SQL gives them, pages that follow each other, tags, and refusals in words."""

from __future__ import annotations

import json
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st
from starlette.testclient import TestClient

from serving.declarations import served_declarations
from serving.store import Store

API = "/api/v1"
TABLES = sorted(served_declarations())


def plain(value: object) -> object:
    """A value of the file as JSON tells it."""
    if hasattr(value, "hour"):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def test_every_served_table_is_listed_with_its_version(client: TestClient, demo_store: Store) -> None:
    told = client.get(f"{API}/tables").json()
    assert [table["name"] for table in told["tables"]] == TABLES
    assert {table["name"]: table["version"] for table in told["tables"]} == {
        name: demo_store.versions.get(name) for name in TABLES
    }
    assert told["is_simulated"] is True
    assert told["as_of"] == demo_store.as_of.isoformat()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_all_columns_in_the_order_of_its_key(name: str, client: TestClient, demo_store: Store) -> None:
    declared = served_declarations()[name]
    key = ("played_at", "play_id") if name == "listening_with_features" else declared.primary_key
    order = ", ".join(f'"{column}"' for column in key)
    expected = demo_store.rows(f'SELECT * FROM "{name}" ORDER BY {order} LIMIT 7')
    told = client.get(f"{API}/tables/{name}", params={"limit": 7}).json()
    assert told["rows"] == [{column: plain(value) for column, value in row.items()} for row in expected]
    assert all(list(row) == list(declared.column_names) for row in told["rows"])


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("name", ["listening_sessions", "track_stats", "coverage", "mood_drivers"])
def test_pages_follow_each_other_without_loss_or_repeat(
    name: str, order: str, client: TestClient, demo_store: Store
) -> None:
    key = served_declarations()[name].primary_key
    found, address = [], f"{API}/tables/{name}?limit=997&order={order}&fields={','.join(key)}"
    while address and len(found) < 6000:
        answer = client.get(address)
        found += answer.json()["rows"]
        address = answer.json()["next"]
        assert answer.headers.get("link") == (f'<{address}>; rel="next"' if address else None)
    columns = ", ".join(f'"{column}"' for column in key)
    expected = demo_store.rows(
        f'SELECT {columns} FROM "{name}" ORDER BY {columns.replace(",", f" {order},")} {order} LIMIT {len(found)}'
    )
    assert len(found) > 997
    assert found == [{column: plain(value) for column, value in row.items()} for row in expected]


def test_rows_are_chosen_by_columns_and_days(client: TestClient, demo_store: Store) -> None:
    artist = demo_store.row("SELECT artist_name FROM kept_plays GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    asked = {"artist_name": artist["artist_name"], "from": "2025-03-01", "to": "2025-03-31", "limit": "1000"}
    found = client.get(f"{API}/tables/listening_with_features", params={**asked, "fields": "play_id"}).json()["rows"]
    expected = demo_store.rows(
        "SELECT play_id FROM listening_with_features WHERE artist_name = $artist "
        "AND played_date >= '2025-03-01' AND played_date <= '2025-03-31' ORDER BY played_at, play_id",
        artist=artist["artist_name"],
    )
    assert len(expected) > 20
    assert found == expected


def test_a_tag_spares_the_second_answer_and_belongs_to_one_query(client: TestClient) -> None:
    address = f"{API}/tables/personas"
    tag = client.get(address).headers["etag"]
    again = client.get(address, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address, params={"limit": 3}, headers={"if-none-match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("order=up", "order"),
        ("fields=play_id,password", "no column 'password'"),
        ("fields=", "no column ''"),
        ("from=yesterday", "2024-05-31"),
        ("from=20250101", "2024-05-31"),
        ("artist=Can", "no such parameter"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("hour_of_day=1%20OR%201=1", "no such parameter"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(query: str, words: str, client: TestClient) -> None:
    answer = client.get(f"{API}/tables/listening_with_features?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["title"], told["status"]) == ("about:blank", "Unprocessable Entity", 422)
    assert words in told["detail"]


def test_a_cursor_belongs_to_one_query(client: TestClient) -> None:
    address = f"{API}/tables/track_stats"
    following = client.get(address, params={"limit": 5, "period_kind": "all_time"}).json()["next"]
    assert client.get(following).status_code == 200
    assert client.get(following.replace("all_time", "month")).status_code == 422
    assert client.get(following.replace("track_stats", "artist_stats")).status_code == 422
    assert client.get(f"{following}&order=desc").status_code == 422


@how_often(max_examples=60)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.hex()) | st.from_regex(r"[\w-]{1,80}"))
def test_no_made_up_cursor_is_taken(client: TestClient, text: str) -> None:
    assert client.get(f"{API}/tables/coverage", params={"cursor": text}).status_code == 422


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE kept_plays; --", "' OR '1'='1", "$1", '"user_id"', "\x00", "😀" * 500]
)
def test_values_are_never_read_as_sql(value: str, client: TestClient) -> None:
    answer = client.get(f"{API}/tables/listening_with_features", params={"artist_name": value})
    assert (answer.status_code, answer.json()["rows"]) == (200, [])


def test_other_addresses_and_methods_are_problems_too(client: TestClient) -> None:
    missing = client.get(f"{API}/tables/plays")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    other = client.delete(f"{API}/tables/personas")
    assert (other.status_code, other.headers["allow"]) == (405, "GET")
    assert client.put(f"{API}/runs").headers["allow"] == "GET, POST"
    assert {missing.headers["content-type"], other.headers["content-type"]} == {"application/problem+json"}


def test_the_document_describes_every_table_column_and_failure(client: TestClient) -> None:
    document = client.get(f"{API}/openapi.json").json()
    schemas = document["components"]["schemas"]
    for table in served_declarations().values():
        operation = document["paths"][f"{API}/tables/{table.name}"]["get"]
        page = schemas[operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
        row = schemas[page["properties"]["rows"]["items"]["$ref"].split("/")[-1]]
        assert list(row["properties"]) == list(table.column_names)
        for column in table.columns:
            told = row["properties"][column.name]
            assert column.comment in told["description"]
            assert ("null" in json.dumps(told)) == column.nullable, column.name
        assert {"304", "401", "422", "503"} <= operation["responses"].keys()
    assert set(document["components"]["securitySchemes"]) == {"token", "listenbrainz", "session"}
    assert not [path for path in document["paths"] if not path.startswith(("/api/v1/", "/1/", "/health", "/metrics"))]
