"""The dashboard for Superset, and the service that runs it: what they name exists, and every query of theirs runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from config.settings import Settings
from pipeline import declared_tables, table_named
from serving.exporting import export

ROOT = Path(__file__).parents[2]
SUPERSET = ROOT / "bi" / "superset"
DASHBOARD = SUPERSET / "dashboard"
KINDS = {"INT": "INTEGER"}  # Superset's words for types where they differ


def read(folder: str) -> dict[str, Any]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in (DASHBOARD / folder).rglob("*.yaml")}


DATASETS, CHARTS = read("datasets"), read("charts")
[BOARD] = read("dashboards").values()
[DATABASE] = read("databases").values()
SET_OF = {one["uuid"]: one for one in DATASETS.values()}


@pytest.fixture(scope="session")
def file(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `lakesong export --format duckdb` writes, of the tables that the dashboard and its page name."""
    tables = [name for name in DATASETS if name in declared_tables()]
    out = tmp_path_factory.mktemp("bi") / "lakesong.duckdb"
    export(demo_settings, [*tables, "temporal_patterns", "listening_with_features"], out, format="duckdb")
    return out


def source_of(dataset: dict[str, Any]) -> str:
    return f"({dataset['sql']})" if dataset["sql"] else f'{dataset["schema"]}."{dataset["table_name"]}"'


def columns_named(params: dict[str, Any]) -> set[str]:
    """The columns that a chart's settings name."""
    named = {params[key] for key in ("x_axis",) if key in params}
    groups = params.get("groupby", [])
    named |= {groups} if isinstance(groups, str) else set(groups)
    named |= set(params.get("all_columns", [])) | {one["subject"] for one in params["adhoc_filters"]}
    return named | {json.loads(order)[0] for order in params.get("order_by_cols", [])}


def metrics_named(params: dict[str, Any]) -> list[str]:
    return [params["metric"]] if "metric" in params else list(params.get("metrics", []))


def test_the_parts_of_the_dashboard_belong_together() -> None:
    placed = {
        one["meta"]["uuid"] for one in BOARD["position"].values() if isinstance(one, dict) and one["type"] == "CHART"
    }
    assert placed == {chart["uuid"] for chart in CHARTS.values()}
    assert {chart["dataset_uuid"] for chart in CHARTS.values()} == SET_OF.keys()
    assert {one["database_uuid"] for one in DATASETS.values()} == {DATABASE["uuid"]}
    targets = [one["targets"][0] for one in BOARD["metadata"]["native_filter_configuration"]]
    assert [(SET_OF[one["datasetUuid"]]["table_name"], one["column"]["name"]) for one in targets] == [
        ("user_metrics", "user_id")
    ]


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_dataset_has_the_columns_that_its_table_declares(name: str) -> None:
    dataset = DATASETS[name]
    table = table_named(name if dataset["sql"] is None else "temporal_patterns")
    declared = {column.name: (KINDS.get(column.type, column.type), column.comment) for column in table.columns}
    listed = {one["column_name"]: (one["type"], one["description"]) for one in dataset["columns"]}
    if dataset["sql"] is None:
        assert listed == declared
    else:
        assert {name: listed[name] for name in listed if name in declared}.items() <= declared.items()
        assert listed.keys() - declared.keys() == {"weekday", "hour"}


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_chart_names_columns_and_metrics_of_its_dataset_and_its_query_runs(name: str, file: Path) -> None:
    chart = CHARTS[name]
    dataset, params = SET_OF[chart["dataset_uuid"]], chart["params"]
    assert chart["viz_type"] == params["viz_type"]
    columns = columns_named(params)
    assert columns <= {one["column_name"] for one in dataset["columns"]}
    expressions = {one["metric_name"]: one["expression"] for one in dataset["metrics"]}
    chosen = [expressions[metric] for metric in metrics_named(params)] or ["count(*)"]
    where = " AND ".join(
        f"{one['subject']} {one['operator']} ${place}" for place, one in enumerate(params["adhoc_filters"], 1)
    )
    values = {str(place): one["comparator"] for place, one in enumerate(params["adhoc_filters"], 1)}
    groups = ", ".join(sorted(columns))
    with duckdb.connect(str(file), read_only=True) as lake:
        query = f"SELECT {groups}, {', '.join(chosen)} FROM {source_of(dataset)} WHERE {where} GROUP BY {groups}"
        found = lake.execute(query, values).fetchall()
    assert found
    assert all(one["operator"] in ("==", "<=") for one in params["adhoc_filters"])


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_no_chart_adds_up_both_bases_or_several_kinds_of_periods(name: str) -> None:
    chart = CHARTS[name]
    kept = {one["subject"] for one in chart["params"]["adhoc_filters"] if one["operator"] == "=="}
    columns = {one["column_name"] for one in SET_OF[chart["dataset_uuid"]]["columns"]}
    assert {"basis", "period_kind", "taste_aspect"} & columns <= kept


def test_the_totals_of_the_dashboard_are_those_of_the_plays(file: Path) -> None:
    with duckdb.connect(str(file), read_only=True) as lake:
        plays = lake.execute(
            "SELECT sum(listened_ms) / 3600000.0, count(*) FILTER (is_counted) FROM listening_with_features "
            "WHERE excluded_by IS NULL"
        ).fetchone()
        for dataset, kept in (
            ("user_metrics", "period_kind = 'all_time' AND basis = 'measured'"),
            ("daily_listening", "basis = 'measured'"),
            ("hours_of_the_week", "basis = 'measured'"),
        ):
            expressions = {one["metric_name"]: one["expression"] for one in DATASETS[dataset]["metrics"]}
            told = lake.execute(
                f"SELECT {expressions['hours']}, {expressions['plays']} "
                f"FROM {source_of(DATASETS[dataset])} WHERE {kept}"
            ).fetchone()
            assert told == pytest.approx(plays), dataset


def test_superset_may_read_the_file_and_nothing_else() -> None:
    assert DATABASE["sqlalchemy_uri"] == "duckdb:////lakesong/lakesong.duckdb"
    assert DATABASE["extra"]["engine_params"]["connect_args"]["read_only"] is True
    assert not any(DATABASE[right] for right in ("allow_dml", "allow_ctas", "allow_cvas", "allow_csv_upload"))


def test_the_service_is_asked_for_and_stays_on_this_machine() -> None:
    command = [Path(sys.executable).parent / "docker-compose", "-f", ROOT / "docker-compose.yml", "--profile", "bi"]
    done = subprocess.run(
        [*command, "config", "--format", "json"], capture_output=True, text=True, env={**os.environ, "HOME": "/tmp"}
    )
    assert done.returncode == 0, done.stderr
    service = json.loads(done.stdout)["services"]["superset"]
    assert service["profiles"] == ["bi"]
    assert [(port["host_ip"], port["target"]) for port in service["ports"]] == [("127.0.0.1", 8088)]
    mounts = {one["target"]: one for one in service["volumes"]}
    assert mounts["/lakesong"]["read_only"] and mounts["/lakesong"]["source"] == str(ROOT / "data" / "bi")
    assert Path(service["build"]["context"]) == SUPERSET


def test_the_image_of_superset_is_made_of_files_that_are_there() -> None:
    dockerfile = SUPERSET / "Dockerfile"
    done = subprocess.run([Path(sys.executable).parent / "hadolint", dockerfile], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    copied = [words.split()[1:-1] for words in dockerfile.read_text().splitlines() if words.startswith("COPY")]
    assert [name for names in copied for name in names if not (SUPERSET / name).exists()] == []
    pinned = (SUPERSET / "requirements.txt").read_text().splitlines()
    assert [line for line in pinned if line and not line.startswith("#") and "==" not in line] == []


@pytest.mark.parametrize("missing", ["SUPERSET_SECRET_KEY", "SUPERSET_ADMIN_PASSWORD"])
def test_superset_does_not_start_without_secrets_of_ones_own(missing: str) -> None:
    secrets = {"SUPERSET_SECRET_KEY": "x", "SUPERSET_ADMIN_PASSWORD": "x", "PATH": os.environ["PATH"]}
    del secrets[missing]
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, SUPERSET / "start.sh"], capture_output=True, text=True, env=secrets)
    assert done.returncode == 1 and f"Set {missing} in .env" in done.stderr
