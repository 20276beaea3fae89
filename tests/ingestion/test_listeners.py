"""Listeners and the zones they lived in."""

from datetime import UTC, date, datetime

import pytest

from config.errors import InputError
from ingestion.listeners import ALWAYS, read_listeners, record_zone, register_listener
from schemas.lake import Lake
from schemas.records import listeners

AT = datetime(2024, 3, 1, tzinfo=UTC)


def known(lake: Lake) -> list[tuple[str, datetime, str | None]]:
    return sorted(((row["user_id"], row["valid_from"], row["time_zone"]) for row in read_listeners(lake)), key=str)


def test_a_lake_without_listeners_has_none(lake: Lake) -> None:
    assert read_listeners(lake) == []


def test_a_new_listener_without_zones_lives_in_that_of_the_settings(lake: Lake) -> None:
    register_listener(lake, "me")
    register_listener(lake, "me")
    assert known(lake) == [("me", ALWAYS, None)]
    assert lake.open(listeners).to_pyarrow_dataset().count_rows() == 1


def test_zones_are_recorded_once_and_a_later_record_of_the_same_beginning_holds(lake: Lake) -> None:
    register_listener(lake, "me", [(ALWAYS, "Europe/Berlin"), (AT, "Asia/Tokyo")])
    register_listener(lake, "me", [(ALWAYS, "Europe/Berlin"), (AT, "Asia/Tokyo")])
    assert lake.open(listeners).to_pyarrow_dataset().count_rows() == 2
    register_listener(lake, "me", [(AT, "Asia/Seoul")])
    assert known(lake) == [("me", ALWAYS, "Europe/Berlin"), ("me", AT, "Asia/Seoul")]


def test_a_zone_from_a_day_on_begins_at_midnight_there(lake: Lake) -> None:
    register_listener(lake, "me")
    record_zone(lake, "me", "Asia/Tokyo", date(2025, 8, 1))
    record_zone(lake, "me", "America/New_York", None)
    assert known(lake) == [
        ("me", ALWAYS, "America/New_York"),
        ("me", datetime(2025, 7, 31, 15, tzinfo=UTC), "Asia/Tokyo"),
    ]


def test_a_zone_or_listener_that_does_not_exist_is_refused(lake: Lake) -> None:
    register_listener(lake, "me")
    with pytest.raises(InputError, match="'Mars/Olympus' is no IANA time zone"):
        record_zone(lake, "me", "Mars/Olympus", None)
    with pytest.raises(InputError, match="'Mars/Olympus' is no IANA time zone"):
        register_listener(lake, "you", [(ALWAYS, "Europe/Berlin"), (AT, "Mars/Olympus")])
    with pytest.raises(InputError, match="There is no listener you"):
        record_zone(lake, "you", "Asia/Tokyo", None)
    assert known(lake) == [("me", ALWAYS, None)]


@pytest.mark.parametrize("first", [True, False])
def test_a_lake_holds_simulated_or_real_listeners_and_never_both(first: bool, lake: Lake) -> None:
    register_listener(lake, "one", is_simulated=first)
    register_listener(lake, "two", is_simulated=first)
    with pytest.raises(InputError, match="is not mixed in"):
        register_listener(lake, "three", is_simulated=not first)
    assert {row["user_id"]: row["is_simulated"] for row in read_listeners(lake)} == {"one": first, "two": first}
