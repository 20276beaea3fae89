"""The house itself: imports follow the arrow, transformations do no I/O, importing starts nothing, tables are whole."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline import declared_tables
from schemas.declaration import DELTA_TYPES

PROJECT = Path(__file__).parents[1]
NOT_THE_PROGRAM = {"tests", "bench", "bi", "build", "docs", "data"}

# What each part may import of the project. The arrow: clients -> mappers -> writers -> schemas (bronze) ->
# transformations -> serving; models know nothing; ingestion, pipeline and the entry points tie the parts together.
ARROW: dict[str, set[str]] = {
    "schemas": {"schemas"},
    "config": {"config"},
    "models": {"models"},
    "emulator": {"emulator"},
    "clients": {"clients", "config"},
    "mappers": {"mappers", "clients", "schemas"},
    "writers": {"writers", "schemas", "config"},
    "engine": {"engine", "schemas", "config"},
    "quality": {"quality", "schemas", "config"},
    "transformations": {"transformations", "schemas", "models", "config"},
    "pipeline": {"config", "engine", "quality", "schemas", "writers"},
    "ingestion": {
        "ingestion",
        "clients",
        "config",
        "engine",
        "mappers",
        "models",
        "pipeline",
        "quality",
        "schemas",
        "wrapped",
        "writers",
    },
    "serving": {"serving", "config", "schemas", "pipeline", "ingestion"},
    "dashboard": {"dashboard", "config", "ingestion", "playlists", "schemas", "serving", "wrapped", "assistant"},
    "assistant": {"assistant", "config", "serving"},
    "notebooks": {"notebooks", "config", "serving", "assistant"},
    "wrapped": {"wrapped", "config", "pipeline", "schemas", "serving", "writers"},
    "playlists": {
        "playlists",
        "clients",
        "config",
        "ingestion",
        "models",
        "pipeline",
        "schemas",
        "serving",
        "writers",
    },
    "terminal": {
        "terminal",
        "assistant",
        "clients",
        "dashboard",
        "mappers",
        "config",
        "emulator",
        "engine",
        "ingestion",
        "pipeline",
        "playlists",
        "quality",
        "schemas",
        "serving",
        "wrapped",
    },
    "scripts": {"config", "engine", "ingestion", "pipeline", "schemas", "serving", "transformations", "writers"},
    "run_ingestion": {"config", "ingestion", "terminal"},
    "scheduler": {"config", "ingestion"},
    "cli": {"config", "engine", "ingestion", "pipeline", "playlists", "schemas", "serving", "terminal"},
}
# Where a part may import only some modules of another.
ONLY = {
    ("transformations", "config"): {"config.exclusions", "config.zones"},
    ("mappers", "clients"): {"clients.kaggle_csv"},
    ("serving", "ingestion"): {"ingestion.listeners"},
    ("ingestion", "wrapped"): {"wrapped.archive"},
    ("wrapped", "serving"): {"serving.lake_reader", "serving.names"},
    ("wrapped", "writers"): {"writers.records"},
    ("assistant", "serving"): {"serving.declarations", "serving.store"},
    ("terminal", "dashboard"): {
        "dashboard.access.accounts",
        "dashboard.access.passwords",
        "dashboard.app",
        "dashboard.jobs",
    },
    ("playlists", "ingestion"): {"ingestion.collection", "ingestion.listeners", "ingestion.memory"},
    ("playlists", "models"): {"models.ordering", "models.playlists"},
    ("playlists", "serving"): {"serving.lake_reader"},
    ("playlists", "writers"): {"writers.records"},
    ("mappers", "schemas"): {"schemas.bronze", "schemas.columns"},
    ("clients", "config"): {"config.errors"},
    ("quality", "config"): {"config.errors", "config.rules_files"},
    ("writers", "config"): {"config.errors"},
    ("ingestion", "models"): {
        "models.gaps",
        "models.observation",
        "models.recommendations.outcomes",
        "models.synthetic_features",
    },
    ("ingestion", "engine"): {"engine.session", "engine.fingerprints"},
}
PLAIN = {"__future__", "collections", "contextlib", "dataclasses", "datetime", "functools", "hashlib", "inspect"}
PLAIN |= {"itertools", "json", "math", "typing"}
# Parts that are pure may import nothing that reads a clock, a file or a socket.
OUTSIDE = {
    "transformations": PLAIN - {"hashlib", "inspect", "json"} | {"pyspark", "pandas"},
    "models": PLAIN | {"implicit", "numpy", "pandas", "scipy", "sklearn", "threading", "threadpoolctl"},
    "mappers": PLAIN,
    "schemas": PLAIN | {"sqlglot", "deltalake", "pathlib"},
}
# Only these may import an engine when they run (an annotation may name it anywhere).
MAY_IMPORT_PYSPARK = {"engine", "ingestion", "pipeline", "scripts", "terminal", "transformations", "writers"}


def modules(*parts: str) -> list[Path]:
    """Every module of the program, or of some parts of it, as paths."""
    found = [path.relative_to(PROJECT) for path in PROJECT.glob("*.py")]
    found += [
        path.relative_to(PROJECT)
        for folder in PROJECT.iterdir()
        if folder.is_dir() and folder.name not in NOT_THE_PROGRAM and folder.name.isidentifier()
        for path in folder.rglob("*.py")
    ]
    return sorted(path for path in found if not parts or part_of(path) in parts)


def part_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def tree_of(path: Path) -> ast.Module:
    return ast.parse((PROJECT / path).read_text(encoding="utf-8"))


def is_module(name: str) -> bool:
    stem = PROJECT.joinpath(*name.split("."))
    return stem.with_suffix(".py").is_file() or stem.is_dir()


def imported(tree: ast.Module, package: str, *, for_types_too: bool = True) -> set[str]:
    """Modules that the code imports, within functions too; relative imports by their full name."""
    names: set[str] = set()
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types_too:
            skipped.update(inner for child in node.body for inner in ast.walk(child))
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            inner = {f"{origin}.{alias.name}" for alias in node.names}
            of_project = {name for name in inner if is_module(name)}
            names.update(of_project or {origin})
    return names


def package_of(path: Path) -> str:
    return ".".join(path.parts[:-1])


def roots(path: Path, *, for_types_too: bool) -> set[str]:
    names = imported(tree_of(path), package_of(path), for_types_too=for_types_too)
    return {name.split(".")[0] for name in names}


def against_the_arrow(part: str, tree: ast.Module, package: str) -> set[str]:
    """The modules that this code of a part imports and may not; for annotations it may name an engine."""
    wrong = set()
    when_run = imported(tree, package, for_types_too=False)
    for name in imported(tree, package):
        to = name.split(".")[0]
        if to in ARROW:
            allowed_modules = ONLY.get((part, to))
            if to not in ARROW[part] or (allowed_modules is not None and name not in allowed_modules):
                wrong.add(name)
        elif part in OUTSIDE and to not in OUTSIDE[part] and name in when_run:
            wrong.add(name)
    return wrong


def test_every_part_of_the_program_has_a_place_on_the_arrow():
    assert {part_of(path) for path in modules()} == set(ARROW)


@pytest.mark.parametrize("part", sorted(ARROW))
def test_imports_follow_the_arrow(part):
    found = {str(path): against_the_arrow(part, tree_of(path), package_of(path)) for path in modules(part)}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_only_what_runs_on_an_engine_imports_one():
    users = {part_of(path) for path in modules() if "pyspark" in roots(path, for_types_too=False)}
    assert users <= MAY_IMPORT_PYSPARK
    server_starters = {str(path) for path in modules() if "pysail" in roots(path, for_types_too=True)}
    assert server_starters == {os.path.join("engine", "session.py")}


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("transformations", "from config.settings import Settings"),
        ("transformations", "from writers import delta"),
        ("transformations", "import random"),
        ("models", "from schemas.lake import Lake"),
        ("models", "def f():\n    import pyspark"),
        ("schemas", "from engine.session import open_session"),
        ("serving", "from transformations.silver import plays"),
        ("serving", "from ingestion.history import import_history"),
        ("mappers", "import requests"),
    ],
)
def test_the_arrow_finds_what_goes_against_it(part, line):
    assert len(against_the_arrow(part, ast.parse(line), part)) == 1


# Actions of a DataFrame or session, and properties that open one: none belongs in a table's function.
ACTIONS = {
    "cache", "checkpoint", "collect", "count", "createDataFrame", "createGlobalTempView",
    "createOrReplaceGlobalTempView", "createOrReplaceTempView", "createTempView",
    "first", "foreach", "foreachPartition", "getActiveSession", "head",
    "insertInto", "isEmpty", "localCheckpoint", "mkdir", "now", "open", "persist", "rdd", "read", "readStream",
    "read_bytes", "read_csv", "read_parquet", "read_text", "save", "saveAsTable", "show", "sparkSession", "sql", "tail",
    "take", "to_csv", "to_parquet", "toArrow", "toDF", "toLocalIterator", "toPandas", "today", "unlink", "utcnow",
    "write", "writeStream", "writeTo", "write_bytes", "write_text",
}  # fmt: skip
CALLS = {"open", "print", "input", "eval", "exec", "__import__"}
# Functions of `pyspark.sql.functions` whose value is not decided by the rows.
UNSTEADY = {
    "current_date", "current_timestamp", "current_user", "curdate", "input_file_name", "localtimestamp",
    "monotonically_increasing_id", "now", "rand", "randn", "randstr", "shuffle", "spark_partition_id", "uniform",
    "uuid",
}  # fmt: skip


def forbidden(tree: ast.Module) -> Iterator[str]:
    """What the code does that a transformation may not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_functions = isinstance(node.value, ast.Name) and node.value.id == "F"
            if node.attr in (UNSTEADY if of_functions else ACTIONS):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield ast.unparse(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("F.unix_timestamp", "F.expr"):
            text = ast.unparse(node)
            if not node.args or any(f"{name}(" in text.lower() for name in UNSTEADY):
                yield text


@pytest.mark.parametrize("path", modules("transformations"), ids=str)
def test_transformations_do_no_action_no_reading_and_look_at_no_clock(path):
    assert sorted(forbidden(tree_of(path))) == []


@pytest.mark.parametrize(
    "code",
    [
        "frame.collect()",
        "frame.where(x).count()",
        "frame.toPandas()",
        "frame.write.format('delta')",
        "spark.read.load(path)",
        "open(path)",
        "frame.withColumn('n', F.rand())",
        "F.current_timestamp()",
        "F.unix_timestamp()",
        "F.expr('NOW()')",
        "datetime.now()",
        "date.today()",
    ],
)
def test_the_search_for_actions_finds_them(code):
    assert len(list(forbidden(ast.parse(code)))) == 1


def test_the_search_for_actions_lets_aggregates_pass():
    assert list(forbidden(ast.parse("frame.groupBy('a').agg(F.count('*'), F.first('b'), F.unix_timestamp('c'))"))) == []


IMPORT_ALL = """
import importlib, json, sys, threading
import marimo  # makes a folder for its own log when imported
import urllib3  # asks the machine, when imported, whether it speaks IPv6

events = []
WATCHED = {"socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn",
           "os.mkdir", "os.remove", "os.rename"}
sys.addaudithook(lambda event, args: events.append(event) if event in WATCHED else None)
before = threading.active_count()
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
from pyspark.sql import SparkSession
from pyspark.sql.connect.session import SparkSession as Connected
print(json.dumps({
    "events": events,
    "threads": threading.active_count() - before,
    "embedded_engine": "pysail" in sys.modules,
    "sessions": [s for s in (SparkSession._instantiatedSession, Connected._default_session) if s is not None],
    "gateway": SparkSession._instantiatedSession is not None,
}))
"""


def test_importing_any_module_starts_nothing_and_reads_no_setting(tmp_path):
    """Settings that cannot be used are set: reading one while importing would raise."""
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in modules()]
    broken = {"TIMEZONE": "Nowhere/None", "SESSION_GAP_MINUTES": "long", "BUILD_HOURS": "never", "ALLOW_SYNTHETIC": "?"}
    environment = {**os.environ, **broken, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["HOME"] = str(tmp_path)
    command = [sys.executable, "-c", IMPORT_ALL, json.dumps(names)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    nothing = {"events": [], "threads": 0, "embedded_engine": False, "sessions": [], "gateway": False}
    assert json.loads(done.stdout) == nothing
    assert {path.name for path in tmp_path.iterdir()} <= {".cache"}  # marimo's


TABLES = list(declared_tables().values())

# Names whose meaning depends on the table that they stand in, and how many meanings there are.
MEANINGS = {
    "listened_share": 2,  # of a pattern's buckets; of a listener's tracks
    "played_at": 2,  # as delivered (bronze); corrected (silver)
    "played_month": 2,  # of a play's end; of a session's start
    "reason": 2,  # a record was set aside; a value is null
    "source": 2,  # of plays; of audio features
    "started_at": 2,  # of a run; of a play
    "status": 7,  # of a run, a build, a check, an hour, a queued id, a playlist that was made, a change of one
    "subject": 2,  # of what is remembered; of an evaluation
    "time_zone": 2,  # as recorded; as it held
    "valid_from": 2,  # of a time zone; of a version
}


def test_a_column_name_has_one_type_everywhere():
    types = defaultdict(set)
    for table in TABLES:
        for column in table.columns:
            types[column.name].add(column.type)
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_a_column_name_has_one_meaning_but_for_those_listed():
    comments = defaultdict(set)
    for table in TABLES:
        for column in table.columns:
            comments[column.name].add(column.comment)
    assert {name: len(found) for name, found in comments.items() if len(found) > 1} == MEANINGS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_a_description_and_a_key_that_is_never_null(table):
    required = {column.name for column in table.columns if not column.nullable}
    assert table.primary_key and set(table.primary_key) <= required
    assert len(table.description.split()) >= 5
    assert table.description.rstrip().endswith(".")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_names_and_types_say_what_they_mean(table):
    endings = {"_at": "TIMESTAMP", "_date": "DATE", "_ms": "BIGINT", "_count": ("BIGINT", "INT"), "_share": "DOUBLE"}
    for column in table.columns:
        assert column.type in DELTA_TYPES
        for ending, types in endings.items():
            assert not column.name.endswith(ending) or column.type in types, column.name
        assert column.name.startswith(("is_", "has_", "explicit")) == (column.type == "BOOLEAN"), column.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_gold_table_says_which_kind_of_question_it_answers(table):
    assert (table.analytics is not None) == (table.layer == "gold")


@pytest.mark.parametrize("table", [table for table in TABLES if table.transform], ids=lambda table: table.name)
def test_file_function_and_table_share_their_name_and_layer(table):
    assert table.transform.__module__ == f"transformations.{table.layer}.{table.name}"
    assert table.transform.__name__ == table.name


@pytest.mark.parametrize("table", [table for table in TABLES if table.transform], ids=lambda table: table.name)
def test_a_made_table_ends_in_its_declared_columns(spark, table):
    """On inputs without rows, each function gives exactly the declared columns and types, in order."""
    inputs = [spark.createDataFrame([], declared_tables()[name].ddl) for name in table.inputs]
    settings = {"timezone": "UTC", "session_gap_minutes": 20, "feature_preference": "real,synthetic,kaggle"}
    settings |= {"allow_synthetic": True, "as_of": date(2024, 1, 1), "as_of_month": date(2024, 1, 1), "exclusions": ()}
    made = table(*inputs, **{name: settings[name] for name in table.settings})
    declared = spark.createDataFrame([], table.ddl)
    assert [(f.name, f.dataType) for f in made.schema] == [(f.name, f.dataType) for f in declared.schema]
