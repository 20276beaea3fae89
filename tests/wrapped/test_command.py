"""`lakesong wrapped` as a person and a program use it."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli import app
from config.errors import InputError
from wrapped.periods import DAY

if TYPE_CHECKING:
    from conftest import HandMade


@pytest.fixture
def call(made: "HandMade", monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on a lake of twenty plays; errors are raised."""
    for number in range(20):
        made.play(
            date(2026, 5, 1) + number * DAY, track=f"t{number % 4}", minutes=3, track_name=f"[b]Song & {number % 4}"
        )
    made.write()
    monkeypatch.setenv("LAKE_URI", made.settings.lake_uri)
    monkeypatch.setenv("STATE_DIR", str(made.settings.state_dir))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["wrapped", *arguments])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return str(done.stdout)

    return run


def test_a_month_is_printed_and_drawn_into_the_folder_that_is_named(call: Any, tmp_path: Path) -> None:
    said = call("2026", "--month", "5", "--out", str(tmp_path / "may"))
    assert "ann: May 2026" in said and "60 minutes, 20 plays" in said and "[b]Song & 0" in said
    names = {path.relative_to(tmp_path / "may").as_posix() for path in (tmp_path / "may").rglob("*") if path.is_file()}
    assert {"index.html", "data.json", "cards/cards.txt", "cards/1-overview-1080x1920.png"} <= names
    assert "artists you came back to: 1. Artist t0" in (tmp_path / "may" / "cards" / "cards.txt").read_text()


def test_json_gives_the_data_as_they_are_kept(call: Any, made: "HandMade") -> None:
    body = json.loads(call("2026-05", "--no-cards", "--json"))
    assert body["data"]["totals"]["play_count"] == 20
    assert (body["kind"], body["from"], body["to"], body["files"]) == ("month", "2026-05-01", "2026-05-31", [])
    listed = json.loads(call("--list", "--json"))
    assert [one["report_id"] for one in listed] == [body["report_id"]]
    assert "May 2026" in call("--list")


def test_reopened_by_its_id_and_compared_with_now(call: Any, made: "HandMade") -> None:
    kept = json.loads(call("2026", "--no-cards", "--json"))
    assert "Nothing changed since report" in call("2026", "--diff")
    made.play(date(2026, 5, 9), track="t9", minutes=40)
    made.write()
    assert json.loads(call(kept["report_id"][:8], "--no-cards", "--json"))["data"] == kept["data"]
    said = call(kept["report_id"], "--diff")
    assert "tables as built on" in said and "Song t9" in said
    told = json.loads(call("2026", "--diff", "--json"))
    assert {"what": "plays", "then": "20", "now": "21"} in told["changes"]
    assert len(json.loads(call("--list", "--json"))) == 1  # a comparison keeps nothing
    assert "Made anew" in call("2026", "--no-cards")


def test_what_cannot_be_meant_is_refused_in_one_line(call: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for arguments, words in [
        (["26"], "is no period"),
        ([], "is no period"),
        (["2026", "--user", "nobody"], "There are: ann"),
        (["2019"], "The history runs from"),
        (["--from", "2026-05-02"], "needs --from and --to"),
        (["abcdef0"], "There is no report abcdef0"),
        (["2025", "--diff"], "There is no report of 2025 yet"),
        (["2026", "--out", str(tmp_path / "file")], "is no folder"),
    ]:
        with pytest.raises(InputError, match=words):
            call(*arguments)
