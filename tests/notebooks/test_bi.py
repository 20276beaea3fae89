"""What docs/bi.md says to run, runs on the file that the export writes, and gives what the plays give."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from config.settings import Settings
from serving.exporting import export

PAGE = (Path(__file__).parents[2] / "docs" / "bi.md").read_text(encoding="utf-8")
TABLES = ("user_metrics", "daily_listening", "artist_stats", "listening_with_features")
QUERIES = [
    query for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) for query in block.split(";") if query.strip()
]


@pytest.fixture(scope="module")
def file(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bi-page") / "data" / "bi" / "lakesong.duckdb"
    export(demo_settings, TABLES, out, format="duckdb")
    return out


def test_a_program_with_an_older_duckdb_inside_can_open_the_file(file: Path) -> None:
    """Bytes 12-20 of a DuckDB file are the number of its format: 64 is that of DuckDB 0.10 to 1.1."""
    assert int.from_bytes(file.read_bytes()[12:20], "little") == 64


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_page_finds_rows(query: str, file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as lake:
        assert lake.execute(query).fetchall()


def test_the_months_of_gold_and_of_the_plays_agree(file: Path) -> None:
    gold, plays = QUERIES[:2]
    with duckdb.connect(str(file), read_only=True) as lake:
        from_gold = [row[:3] for row in lake.execute(gold).fetchall()]
        from_plays = {month: figures for month, *figures in lake.execute(plays).fetchall()}
    assert len(from_gold) >= 24
    assert [figures for _, *figures in from_gold] == [from_plays[month] for month, *_ in from_gold]


def test_columns_are_described(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as lake:
        told = lake.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL"
        ).fetchall()
    assert told == []


def test_the_python_of_the_page_runs(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(file.parents[2])
    exec(compile(code, "docs/bi.md", "exec"), {})
    assert "play_count" in capsys.readouterr().out
