"""The container files are valid, and what they call exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
EVERY_SERVICE: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
# Superset is another program; tests/notebooks/test_superset.py looks at it.
SERVICES = {name: service for name, service in EVERY_SERVICE.items() if service["image"] == "lakesong"}
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
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
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
    command = [sys.executable, str(ROOT / script), *arguments]
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


# What a container that has no app yet ends with: the scheduler stays up until it is stopped.
ENDS = {
    "python3 scheduler.py": (0, ""),
    "python3 run_ingestion.py": (3, "Set it in .env"),
    "python3 cli.py watch": (3, "`lakesong login`"),
    "lakesong login --no-browser": (2, "developer.spotify.com/dashboard"),
}


def _docker_lines() -> list[list[str]]:
    """The lines of the README and of the compose file's head that call docker, as words."""
    text = (ROOT / "README.md").read_text(encoding="utf-8") + COMPOSE.read_text(encoding="utf-8")
    # What a line is for stands beside it, behind at least two blanks.
    return [shlex.split(line) for line in re.findall(r"^(?:# )?(docker .*?)(?:  .*)?$", text, re.MULTILINE)]


def _programs_of(words: list[str]) -> list[str]:
    """The command lines that a docker line starts: of the one-off that it names, or of all that `up` brings up."""
    assert words[:2] == ["docker", "compose"]
    if "run" in words:
        place = next(number for number, word in enumerate(words) if word in SERVICES)
        return [" ".join(words[place + 1 :] or SERVICES[words[place]]["command"])]
    profile = words[words.index("--profile") + 1] if "--profile" in words else ""
    started = [service for service in SERVICES.values() if profile in service.get("profiles", [profile])]
    return [" ".join(service["command"]) for service in started]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What became of each command line that docker is told to run: exit code, and what it printed."""
    programs = sorted({program for words in _docker_lines() for program in _programs_of(words)})
    with ThreadPoolExecutor() as pool:
        return dict(
            zip(programs, pool.map(lambda one: _run(one, tmp_path_factory.mktemp("app")), programs), strict=True)
        )


def _run(program: str, folder: Path) -> tuple[int, str]:
    """Run a command line of the image with the project's own Python, in a folder without `.env`."""
    name, *arguments = program.split()
    if name == "python3":
        command = [sys.executable, str(ROOT / arguments[0]), *arguments[1:]]
    else:
        command = [str(Path(sys.executable).parent / name), *arguments]
    known = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    environment = {**known, "LAKE_URI": str(folder / "data"), "STATE_DIR": str(folder / "data")}
    pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, **pipes) as process:
        if "scheduler.py" in program:
            _wait_for(folder / "data" / ".scheduler.heartbeat")
            process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=120)
        return process.returncode, printed


def _wait_for(file: Path) -> None:
    for _ in range(600):
        if file.exists():
            return
        time.sleep(0.1)


def test_every_docker_line_starts_a_service_that_there_is_and_every_service_is_started_by_one() -> None:
    programs = {program for words in _docker_lines() for program in _programs_of(words)}
    assert programs == ENDS.keys()
    assert {" ".join(service["command"]) for service in SERVICES.values()} <= programs


@pytest.mark.parametrize("program", sorted(ENDS))
def test_what_docker_is_told_to_run_ends_well_or_says_the_next_step(
    program: str, ended: dict[str, tuple[int, str]]
) -> None:
    code, printed = ended[program]
    expected, next_step = ENDS[program]
    assert code == expected, printed
    assert next_step in printed
    assert "Traceback" not in printed


def _composed(*arguments: str, **variables: str) -> str:
    """What docker compose itself says of the file; no daemon is needed for that."""
    command = [Path(sys.executable).parent / "docker-compose", "-f", COMPOSE, *arguments]
    environment = {**os.environ, "HOME": "/tmp", **variables}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_docker_compose_starts_the_scheduler_alone_unless_a_profile_is_named() -> None:
    assert _composed("config", "--services").split() == ["spotify-scheduler"]
    every = _composed("--profile", "*", "config", "--services").split()
    assert sorted(every) == ["spotify-pipeline", "spotify-scheduler", "superset", "watch"]


def test_the_variables_of_the_shell_count_in_docker_compose() -> None:
    shell = {"ALLOW_SYNTHETIC": "false", "TIMEZONE": "Asia/Tokyo"}
    found = json.loads(_composed("config", "--format", "json", **shell))["services"]["spotify-scheduler"]["environment"]
    assert {name: found[name] for name in shell} == shell
