"""The real command: one clear line and exit code 2 for bad input, nothing half-written, results for programs."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import app

PROJECT = Path(__file__).parents[1]
COMMAND = str(Path(sys.executable).parent / "lakesong")
Run = Callable[..., subprocess.CompletedProcess[str]]
SONG = {
    "ts": "2024-05-01T12:00:00Z",
    "ms_played": 180_000,
    "spotify_track_uri": "spotify:track:t1",
    "master_metadata_track_name": "Blue",
    "master_metadata_album_artist_name": "Ann",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    """Run a program in an empty folder, with a lake and a state folder beside it."""

    def call(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        given = {"LAKE_URI": str(home / "lake"), "STATE_DIR": str(home / "state"), **variables}
        program = [] if arguments[0] == sys.executable else [COMMAND]
        return subprocess.run(
            [*program, *arguments], cwd=home, input=stdin, env=os.environ | given, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip

    return call


@pytest.fixture(scope="module")
def imported(run: Run, home: Path) -> dict[str, Any]:
    """What `import --json` says of the one file that the lake of this module holds."""
    path = home / "in" / "endsong_0 [old].json"
    path.parent.mkdir()
    path.write_text(json.dumps([SONG, SONG, 7]))
    done = run("import", str(path), "--json", "--no-build")
    assert (done.stderr, done.returncode) == ("", 0)
    body: dict[str, Any] = json.loads(done.stdout)
    return body


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()} if folder.exists() else {}


def bad_inputs(folder: Path) -> dict[str, tuple[Path, str]]:
    """Bad files, and what the line about each says."""
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"x")
    (folder / "endsong_1.json").write_text(json.dumps([SONG])[:-20])
    (folder / "endsong_2.json").write_text(json.dumps(SONG))
    (folder / "plays.csv").write_text("track_id,played_at\nt1,2024-01-01\n")
    (folder / "latin.csv").write_bytes(b"track_id,played_at,Caf\xe9\n")
    return {
        "missing": (folder / "nowhere.zip", "There is no file or folder"),
        "no history": (folder / "photos.zip", "No listening history was found in"),
        "truncated": (folder / "endsong_1.json", "endsong_1.json is broken or cut off"),
        "object": (folder / "endsong_2.json", "endsong_2.json holds a JSON object where a JSON array of plays belongs"),
        "columns": (folder / "plays.csv", "plays.csv lacks the columns track_name, artist_name"),
        "encoding": (folder / "latin.csv", "latin.csv is no CSV in UTF-8"),
    }


@pytest.mark.parametrize("case", ["missing", "no history", "truncated", "object", "columns", "encoding"])
def test_a_bad_file_is_one_line_and_exit_code_2_and_leaves_no_lake(case: str, run: Run, tmp_path: Path) -> None:
    path, message = bad_inputs(tmp_path)[case]
    done = run("import", str(path), LAKE_URI=str(tmp_path / "lake"))
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert tree(tmp_path / "lake") == {}


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["status"], {"TIMEZONE": "Berlin"}, "Setting TIMEZONE: 'Berlin' is no IANA time zone"),
        (["status"], {"LAKE_URI": "nowhere"}, "There is no lake at"),
        (["sql", "SELECT 1"], {"LAKE_URI": "nowhere"}, "There is no lake at"),
        (["check"], {"LAKE_URI": "nowhere"}, "There is no lake at"),
        (["check", "no_such_table"], {}, "There is no table no_such_table. Tables: "),
        (["build", "no_such_table"], {}, "There is no table no_such_table. Tables: "),
        (["tables", "no_such_table"], {}, "There is no table no_such_table. Tables: "),
        (["import-catalog", "nowhere.csv"], {}, "There is no file nowhere.csv"),
        (["status"], {"LAKE_URI": "a-file"}, "a-file is a file, no lake"),
        (["listeners", "--timezone", "Mars/Olympus"], {"LAKE_URI": "nowhere"}, "'Mars/Olympus' is no IANA time zone"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str], variables: dict[str, str], message: str, run: Run, home: Path, imported: Any
) -> None:
    (home / "a-file").write_text("x")
    before = tree(home / "lake")
    done = run(*arguments, **variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert tree(home / "lake") == before
    assert not (home / "nowhere").exists()


def test_an_import_as_json_has_the_documented_fields(imported: dict[str, Any]) -> None:
    counts = {"rows": 3, "new": 1, "already_known": 0, "duplicate_in_file": 1, "rejected": 1, "not_music": 0}
    counts |= {"reasons": {"the entry is no JSON object": 1}}
    assert len(imported.pop("batch_id")) == 16
    assert imported == {"files": [{"file": "endsong_0 [old].json", **counts}], "total": counts}


def test_an_import_for_people_names_the_file_as_it_is(imported: Any, run: Run, home: Path) -> None:
    done = run("import", str(home / "in" / "endsong_0 [old].json"), "--no-build")
    assert (done.returncode, done.stderr) == (0, "")
    line = next(line for line in done.stdout.splitlines() if line.startswith("endsong_0"))
    assert line.split() == ["endsong_0", "[old].json", "3", "0", "1", "1", "1"]


def test_a_broken_file_beside_a_good_one_is_named_and_the_good_one_goes_in(run: Run, tmp_path: Path) -> None:
    good, (broken, message) = tmp_path / "endsong_0.json", bad_inputs(tmp_path)["truncated"]
    good.write_text(json.dumps([SONG]))
    done = run("import", str(good), str(broken), "--json", "--no-build", LAKE_URI=str(tmp_path / "lake"))
    body = json.loads(done.stdout)
    assert (done.returncode, body["total"]["new"], body["files"][0]["new"]) == (2, 1, 1)
    assert message in body["files"][1]["error"]


def test_a_check_of_bronze_passes_and_its_json_has_the_documented_fields(imported: Any, run: Run) -> None:
    done = run("check", "--json")
    body = json.loads(done.stdout)
    assert (done.returncode, done.stderr, body["status"]) == (0, "", "PASS")
    assert list(body) == ["run_id", "as_of", "status", "counts", "checks"]
    assert body["counts"] == {"FAIL": 0, "WARN": 0, "PASS": len(body["checks"])}
    checks = {(check["table"], check["expectation"]): check for check in body["checks"]}
    assert checks["listening_history_bronze", "month_of_its_stamp"]["row_count"] == 1
    stored = run("sql", f"SELECT count(*) AS n FROM qa_validation_results WHERE run_id = '{body['run_id']}'", "--json")
    assert json.loads(stored.stdout) == [{"n": len(body["checks"])}]


def test_a_check_that_fails_is_exit_code_1_and_rules_of_no_use_are_2(imported: Any, run: Run, home: Path) -> None:
    file = home / "lake" / "rules" / "quality.toml"
    file.parent.mkdir()
    rule = '[[rule]]\nname = "no_blue"\ntable = "listening_history_bronze"\nsql = "SELECT * FROM {} WHERE {}"'
    file.write_text(rule.format("listening_history_bronze", "track_name = 'Blue'"))
    broken = run("check", "listening_history_bronze")
    file.write_text(rule.format("listening_history_bronze", "colour = 'Blue'"))
    useless = run("check")
    file.unlink()
    assert (broken.returncode, broken.stderr) == (1, "")
    assert broken.stdout.startswith("FAIL listening_history_bronze.no_blue: 1 of 1 rows\n")
    assert f"brought by batch {imported_batch(run)}" in broken.stdout and str(file) in broken.stdout
    assert (useless.returncode, useless.stdout, len(useless.stderr.splitlines())) == (2, "", 1)
    assert "rule 1 (no_blue): its sql cannot be used" in useless.stderr


def imported_batch(run: Run) -> str:
    rows = json.loads(run("sql", "SELECT batch_id FROM listening_history_bronze", "--json").stdout)
    return str(rows[0]["batch_id"])


def test_one_query_gives_its_rows(imported: Any, run: Run) -> None:
    done = run("sql", "SELECT track_name, ms_played, played_at FROM listening_history_bronze", "--json")
    expected = [{"track_name": "Blue", "ms_played": 180_000, "played_at": "2024-05-01 12:00:00"}]
    assert (json.loads(done.stdout), done.stderr, done.returncode) == (expected, "", 0)


def test_times_are_utc_on_a_machine_in_another_zone(imported: Any, run: Run) -> None:
    done = run("sql", "SELECT played_at FROM listening_history_bronze", "--json", TZ="Asia/Tokyo")
    assert json.loads(done.stdout) == [{"played_at": "2024-05-01 12:00:00"}]


def test_a_query_that_cannot_be_run_is_one_line_and_exit_code_2(imported: Any, run: Run) -> None:
    done = run("sql", "SELECT * FROM plais")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "plais" in done.stderr


def test_the_prompt_answers_each_line_and_goes_on_after_a_mistake(imported: Any, run: Run) -> None:
    done = run("sql", stdin="SELECT 42 AS a;\nSELEC\n\nSELECT count(*) AS b FROM listening_history_bronze\nexit\nX\n")
    words = [line.strip() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert words[words.index("a") + 1] == "42" and words[words.index("b") + 1] == "1"


def test_the_shell_has_spark_and_the_tables(imported: Any, run: Run) -> None:
    done = run("shell", stdin='print("rows:", spark.table("listening_history_bronze").count())\n')
    assert done.returncode == 0 and "rows: 1" in done.stdout


def test_tables_are_listed_inputs_first_and_one_is_shown_in_full(run: Run) -> None:
    listed = [row["table"] for row in json.loads(run("tables", "--json").stdout)]
    assert listed.index("listening_history_bronze") < listed.index("plays") < listed.index("listening_with_features")
    shown = run("tables", "plays").stdout
    assert "key: play_id" in shown and "expectation starts_before_it_ends (FAIL): started_at <= played_at" in shown


def test_the_state_of_a_lake_counts_its_rows(imported: Any, run: Run) -> None:
    status = json.loads(run("status", "--json").stdout)
    rows = {row["table"]: row["rows"] for row in status["tables"]}
    assert (rows["listening_history_bronze"], rows["rejected_records_bronze"]) == (1, 1)


@pytest.mark.parametrize("name", [command.name or command.callback.__name__ for command in app.registered_commands])
def test_the_help_of_every_command_shows_an_example(name: str) -> None:
    from typer.testing import CliRunner

    shown = CliRunner().invoke(app, [name, "--help"])
    assert (shown.exit_code, "Example: lakesong" in shown.output) == (0, True)


def test_a_lake_in_use_is_exit_code_4_and_names_the_holder(run: Run, home: Path) -> None:
    from config.lock import run_lock

    with run_lock(home / "state", "ingest"):
        done = run("build")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"This lake is in use by `lakesong ingest` (process {os.getpid()})" in done.stderr


def test_a_cycle_without_sign_in_or_kaggle_file_names_the_next_steps_and_builds_what_there_is(
    run: Run, tmp_path: Path
) -> None:
    done = run(sys.executable, str(PROJECT / "run_ingestion.py"), LAKE_URI=str(tmp_path / "lake"))
    assert (done.returncode, done.stderr) == (3, "")
    assert "CLIENT_ID is not set" in done.stdout and "Cycle partly done" in done.stdout
    lines = [line for line in done.stdout.splitlines() if "Kaggle" in line]
    assert len(lines) == 1 and f"Kaggle dataset not found at {tmp_path}/lake/kaggle/dataset.csv" in lines[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or not mount:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)], capture_output=True)
    if done.returncode:
        pytest.skip("this machine mounts no tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_without_room_is_one_line_and_exit_code_2(run: Run, small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "endsong_0.json").write_text(json.dumps([SONG]))
    done = run("import", str(tmp_path / "endsong_0.json"), LAKE_URI=str(small_disk / "lake"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert f"The disk of {small_disk} has 1" in done.stderr and "Make room" in done.stderr
    assert tree(small_disk) == {}
