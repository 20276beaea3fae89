"""The container files are valid, and what they call exists."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings
from schemas import records
from schemas.lake import Lake
from writers.creation import ensure_table

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
INSTRUCTIONS = [
    line.split(maxsplit=1) for line in DOCKERFILE.read_text().replace("\\\n", " ").splitlines() if line[:1].isupper()
]


def _programs() -> dict[str, list[str]]:
    """Every command that the container files call, by where it stands."""
    found = {name: service["command"] for name, service in SERVICES.items()}
    for name, text in INSTRUCTIONS:
        if name in ("CMD", "HEALTHCHECK"):
            found[name] = json.loads(text[text.index("[") :])
    return found


def _ignored() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_the_compose_file_follows_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_hadolint() -> None:
    done = subprocess.run([Path(sys.executable).parent / "hadolint", DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_can_be_built_on_another_base() -> None:
    assert DOCKERFILE.read_text().startswith("ARG BASE=python:3.11-slim-bookworm\n")
    assert "RUN --mount" not in DOCKERFILE.read_text()


@pytest.mark.parametrize("where", sorted(_programs()))
def test_what_the_containers_call_is_in_the_image(where: str) -> None:
    program, script, *_ = _programs()[where]
    assert program == "python3"
    assert (ROOT / script).is_file()
    assert script not in _ignored()


def test_what_the_dockerfile_copies_exists() -> None:
    copied = [text.split()[0] for name, text in INSTRUCTIONS if name == "COPY" and "--from" not in text]
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_every_package_of_the_project_goes_into_the_image() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages
    assert not packages & _ignored()


def test_data_and_secrets_stay_out_of_the_image() -> None:
    assert {"data", ".env", ".git", ".venv"} <= _ignored()


def test_the_health_check_succeeds_on_a_lake_that_can_be_read(lake: Lake, tmp_path: Path) -> None:
    ensure_table(lake, records.listeners)
    assert _check_health(lake.root, tmp_path) == 0


def test_the_health_check_fails_without_a_lake(tmp_path: Path) -> None:
    assert _check_health(str(tmp_path / "nothing"), tmp_path) == 2


def _check_health(lake: str, folder: Path) -> int:
    _, script, *arguments = _programs()["HEALTHCHECK"]
    command = [sys.executable, ROOT / script, "--lake", lake, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_sets_only_settings_that_there_are_with_their_defaults(name: str) -> None:
    service = SERVICES[name]
    assert service["container_name"] == name
    assert "./data:/app/data" in service["volumes"]
    assert service["env_file"] == [{"path": ".env", "required": False}]
    fields = Settings.model_fields
    for variable, value in service["environment"].items():
        assert variable.lower() in fields
        if value.startswith("$"):
            default = str(fields[variable.lower()].default)
            assert value == f"${{{variable}:-{default.lower() if default in ('True', 'False') else default}}}"
        else:
            assert value == "/app/data"


def test_the_scheduler_comes_back_and_the_pipeline_runs_when_asked() -> None:
    assert SERVICES["spotify-scheduler"]["restart"] == "unless-stopped"
    assert SERVICES["spotify-pipeline"]["profiles"]
    assert "restart" not in SERVICES["spotify-pipeline"]


def test_the_script_of_continuous_integration_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script]).returncode == 0
