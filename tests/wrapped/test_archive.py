"""The archive: made once, reopened as it was, compared with now, and filled by the scheduler."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.errors import InputError
from ingestion.jobs import make_wrapped
from schemas.records import wrapped_reports
from wrapped import archive, provenance
from wrapped.archive import Source, current, listener_of, make_due, make_report, reopened, reports_of
from wrapped.differences import changes, reasons
from wrapped.periods import DAY, month_of, read_period, week_of, year_of

if TYPE_CHECKING:
    from conftest import HandMade

NEW_YEAR = date(2026, 1, 1)
YEAR = year_of(NEW_YEAR)
MINUTE = 60_000
Open = Callable[[], Source]


def imported(batch: str, finished_at: datetime, first: datetime, last: datetime) -> dict[str, Any]:
    return {
        "run_id": batch, "batch_id": batch, "source": "extended_history", "user_id": "ann", "status": "done",
        "started_at": finished_at, "finished_at": finished_at, "row_count": 5, "new_count": 5, "oldest_at": first,
        "newest_at": last,
    }  # fmt: skip


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@pytest.fixture
def year(made: "HandMade") -> "HandMade":
    """Plays of one year, and the import that brought them."""
    for number in range(20):
        made.play(NEW_YEAR + 7 * number * DAY, track=f"t{number % 4}", minutes=3 + number % 4, hour=number)
    made.imports = [imported("first", at(date(2026, 6, 1)), at(NEW_YEAR), at(date(2026, 5, 30)))]
    made.write()
    return made


def test_made_again_without_any_change_it_is_the_same_report_and_no_new_row(year: "HandMade", source: Open) -> None:
    first, is_new = make_report(source(), "ann", YEAR)
    again, is_again_new = make_report(source(), "ann", YEAR)
    assert (is_new, is_again_new) == (True, False)
    assert again == first
    assert year.lake.open(wrapped_reports).to_pyarrow_table().num_rows == 1


def test_versions_that_change_nothing_of_the_period_make_no_new_report(year: "HandMade", source: Open) -> None:
    first, _ = make_report(source(), "ann", YEAR)
    year.play(date(2025, 2, 2), excluded_by=None, track="t0")
    year.last_day += DAY
    may = month_of(date(2026, 5, 1))
    month, _ = make_report(source(), "ann", may)
    year.write()
    again, is_new = make_report(source(), "ann", may)
    assert (is_new, again.report_id) == (False, month.report_id)
    assert current(source(), "ann", may).table_versions != month.table_versions
    assert make_report(source(), "ann", YEAR)[0].report_id != first.report_id  # the year before is known better


def test_reopened_after_an_import_its_data_are_the_same_to_the_byte(year: "HandMade", source: Open) -> None:
    kept, _ = make_report(source(), "ann", YEAR)
    year.play(NEW_YEAR, track="found", minutes=500)
    year.write()
    newer, is_new = make_report(source(), "ann", YEAR)
    assert is_new and newer.report_id != kept.report_id
    opened = reopened(year.lake, kept.report_id[:7])
    assert opened.text.encode() == kept.text.encode()
    assert (opened.table_versions, opened.code_version, opened.made_from) == (
        kept.table_versions, kept.code_version, json.loads(json.dumps(kept.made_from)),
    )  # fmt: skip
    assert [report.report_id for report in reports_of(year.lake, "ann", YEAR)] == [newer.report_id, kept.report_id]


def test_data_that_come_back_are_the_newest_report_again(year: "HandMade", source: Open) -> None:
    first, _ = make_report(source(), "ann", YEAR)
    year.play(NEW_YEAR, track="found")
    year.write()
    make_report(source(), "ann", YEAR)
    year.plays.pop()
    year.write()
    third, is_new = make_report(source(), "ann", YEAR)
    assert is_new and third.report_id == first.report_id
    assert reports_of(year.lake)[0] == third
    assert reopened(year.lake, first.report_id).text == first.text


def test_a_report_is_found_by_the_beginning_of_its_id_alone(year: "HandMade", source: Open) -> None:
    make_report(source(), "ann", YEAR)
    with pytest.raises(InputError, match="There is no report 0000"):
        reopened(year.lake, "0000zz")
    make_report(source(), "ann", month_of(NEW_YEAR))
    with pytest.raises(InputError, match="More than one report"):
        reopened(year.lake, "")


def test_what_changed_is_told_with_the_import_that_brought_it(year: "HandMade", source: Open) -> None:
    kept, _ = make_report(source(), "ann", YEAR)
    year.play(NEW_YEAR, track="found", minutes=500)
    year.imports.append(imported("second", at(date(2027, 1, 5)), at(NEW_YEAR), at(NEW_YEAR, 20)))
    year.imports.append(imported("elsewhere", at(date(2027, 1, 6)), at(date(2020, 1, 1)), at(date(2020, 2, 1))))
    year.write()
    now = current(source(), "ann", YEAR)
    told = {one.what: (one.then, one.now) for one in changes(kept.data, now.data)}
    before = kept.data["totals"]["listened_ms"] // MINUTE
    assert told["minutes"] == (str(before), str(before + 500))
    assert told["plays"] == ("20", "21")
    assert told["tracks: Song found, Artist found"] == ("not among the first", "1. (500 min)")
    assert told["month: January"][1].startswith(f"{500 + 3 + 4 + 5 + 6 + 3}")
    assert "longest run of days" not in told
    runs = provenance.imports_since(source().reader, "ann", kept.made_from["imports"])
    facts = [
        {**one.made_from, "code_version": one.code_version, "table_versions": one.table_versions} for one in (kept, now)
    ]
    why = reasons(facts[0], facts[1], runs, ("2026-01-01", "2026-12-31"))
    assert why[0] == ("extended_history of 2027-01-05 (batch second): 5\u00a0new rows, from 2026-01-01 to 2026-01-01")
    assert why[1].endswith("from 2020-01-01 to 2020-02-01, none of it in this period")
    assert why[2].startswith("tables as built on 2027-01-02: ")
    assert re.search(r"listening_with_features \d+ to \d+", why[2])


def test_rules_zones_settings_and_code_are_reasons_too(year: "HandMade", source: Open) -> None:
    now = current(source(), "ann", YEAR)
    facts = {**now.made_from, "code_version": "0.1+a", "table_versions": {"plays": 1}}
    other = {
        **facts,
        "exclusions": {"sleep": {"name": "sleep", "hours": [23, 6]}},
        "recording_rules": ["merge a b"],
        "zones": {"x": "Asia/Tokyo"},
        "settings": {**facts["settings"], "timezone": "Asia/Tokyo"},
        "code_version": "0.2+b",
    }
    said = reasons(facts, other, [], ("2026-01-01", "2026-12-31"))
    assert said == [
        "exclusion rule sleep is new", "rules about editions: 1 new, 0 taken back",
        "time zones of the listener were recorded anew", "setting TIMEZONE: UTC, now Asia/Tokyo",
        "Lakesong 0.1+a, now 0.2+b",
    ]  # fmt: skip
    assert reasons(facts, facts, [], ("2026-01-01", "2026-12-31")) == []
    back = reasons(other, {**other, "exclusions": {"sleep": {"name": "sleep", "hours": [22, 6]}}}, [], ("", "9"))
    assert back == ["exclusion rule sleep was changed"]


def test_the_rules_that_hold_are_kept_with_the_report(year: "HandMade", source: Open) -> None:
    folder = year.lake.local / "rules"
    folder.mkdir()
    (folder / "exclusions.toml").write_text('[[exclude]]\nname = "night"\nhours = "0-5"\n')
    pair = {"track_id": "b", "other_track_id": "a", "is_active": True, "rule": "merge"}
    year.more["recording_rules"] = [
        {**pair, "recorded_at": at(NEW_YEAR)},
        {"track_id": "a", "other_track_id": "b", "is_active": True, "rule": "split", "recorded_at": at(NEW_YEAR, 1)},
        {**pair, "track_id": "c", "is_active": False, "recorded_at": at(NEW_YEAR)},
    ]
    year.write()
    facts = current(source(), "ann", YEAR).made_from
    assert facts["exclusions"] == {"night": {"name": "night", "hours": (0, 5)}}
    assert facts["recording_rules"] == ["split a b"]
    assert facts["imports"]["extended_history"]["new_count"] == 5


def test_the_code_version_follows_what_decides_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    version = provenance.code_version()
    assert version.startswith("0.1.0+") and version == provenance.code_version()
    provenance.code_version.cache_clear()
    monkeypatch.setattr(provenance, "_DECIDING", ("wrapped/report.py",))
    assert provenance.code_version() != version
    provenance.code_version.cache_clear()


def test_which_listener_is_meant_is_plain_or_asked_for(year: "HandMade", source: Open) -> None:
    assert listener_of(source(), None) == "ann"
    assert listener_of(source(), "ann") == "ann"
    with pytest.raises(InputError, match="There are: ann"):
        listener_of(source(), "nobody")


def test_a_lake_that_was_never_built_says_what_to_do(made: "HandMade") -> None:
    with pytest.raises(InputError, match="There is no lake"), archive.opened(made.settings):
        pass


TODAY = date(2026, 6, 10)  # a Wednesday


def due(made: "HandMade") -> list[str]:
    return [report.period.slug for report in make_due(made.settings, TODAY)]


def test_the_week_month_and_year_that_are_over_are_made_once(made: "HandMade") -> None:
    for day in (date(2025, 3, 3), date(2026, 5, 5), date(2026, 6, 3)):
        made.play(day)
    made.last_day = date(2026, 6, 9)
    made.write()
    assert due(made) == ["2026-W23", "2026-05", "2025"]
    assert due(made) == []
    folder = archive.folder_of(made.settings, "ann", week_of(date(2026, 6, 3)))
    assert folder == made.settings.state_dir / "wrapped" / "ann" / "2026-W23"
    assert (folder / "index.html").is_file() and len(list((folder / "cards").glob("*.png"))) >= 6


def test_what_is_not_known_to_its_end_waits_and_what_holds_no_play_is_left_out(made: "HandMade") -> None:
    made.play(date(2026, 5, 5))
    made.first_day, made.last_day = date(2026, 2, 1), date(2026, 6, 6)
    made.write()
    assert due(made) == ["2026-05"]
    made.last_day = date(2026, 6, 7)
    made.write()
    assert due(made) == []  # the week is known now, but nothing was played in it


def test_a_report_of_a_period_that_still_ran_does_not_stand_for_the_whole(made: "HandMade", source: Open) -> None:
    made.play(date(2026, 5, 5))
    made.last_day = date(2026, 5, 20)
    made.write()
    make_report(source(), "ann", read_period("2026-05"))
    made.last_day = date(2026, 5, 31)
    made.write()
    assert due(made) == ["2026-05"]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server that keeps what is posted to it."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()


def test_the_scheduler_tells_of_each_wrapped_once(made: "HandMade", receiver: tuple[str, list[dict[str, Any]]]) -> None:
    address, got = receiver
    today = datetime.now(UTC).date()
    made.first_day, made.last_day = today - 40 * DAY, today
    for number in range(40):
        made.play(made.first_day + number * DAY)
    made.write()
    settings = made.settings.model_copy(update={"alert_webhook_url": address})
    make_wrapped(settings)
    make_wrapped(settings)
    assert [one["kind"] for one in got] == ["wrapped_ready"] * 2
    assert all(Path(one["message"].removeprefix("Open ").removesuffix(".")).is_file() for one in got)
    assert "Week" in got[0]["title"]


def test_a_lake_without_anything_is_no_failure_of_a_cycle(made: "HandMade") -> None:
    make_wrapped(made.settings)
    assert not (made.settings.state_dir / "wrapped").exists()
