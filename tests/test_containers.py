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


def test_the_health_check_asks_the_scheduler_and_only_where_it_runs(tmp_path: Path) -> None:
    """Its answers are tested with the scheduler; here, that the container's way of asking gets one."""
    _, script, *arguments = _programs()["HEALTHCHECK"]
    command = [sys.executable, ROOT / script, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "") and done.stdout.startswith("Nothing gives signs of life")
    off = {name for name, service in SERVICES.items() if service.get("healthcheck") == {"disable": True}}
    assert SERVICES.keys() - off == {"spotify-scheduler"}


def test_a_container_is_left_the_time_to_end_what_it_does() -> None:
    assert SERVICES["spotify-scheduler"]["stop_grace_period"] == "10m"
    assert SERVICES["watch"]["stop_signal"] == "SIGTERM"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_sets_only_settings_that_there_are_with_their_defaults(name: str) -> None:
    service = SERVICES[name]
    assert service["container_name"] == f"spotify-{name.removeprefix('spotify-')}"
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


def test_the_scheduler_comes_back_and_the_others_run_when_asked() -> None:
    assert SERVICES["spotify-scheduler"]["restart"] == SERVICES["watch"]["restart"] == "unless-stopped"
    assert "profiles" not in SERVICES["spotify-scheduler"]
    assert SERVICES["spotify-pipeline"]["profiles"] and SERVICES["watch"]["profiles"]
    assert "restart" not in SERVICES["spotify-pipeline"]


def test_the_script_of_continuous_integration_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script]).returncode == 0
