"""The whole OpenAPI document against the application: schemathesis generates requests, right and wrong ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from config.lock import run_lock
from config.settings import Settings
from dashboard.app import make_app
from ingestion.listens import waiting_listens
from serving.making import make_store

DOCUMENT = "/api/v1/openapi.json"
HEADERS = {"host": "127.0.0.1"}
CONFIGURATION = """
seed = 1
max-time = {seconds}
[generation]
max-examples = {examples}
[checks.positive_data_acceptance]
enabled = false
"""
# What a schema cannot say: rules over two parameters, over the time of day, and over what an answer gave before.
BEYOND_THE_SCHEMA = re.compile(
    r"cursor: it (belongs to another query|is none that was given)"
    r"|to: the range ends on \S+ before it begins"
    r"|max_ts must be later than min_ts"
    r"|listened_at lies in the future|A listen is larger than"
    r"|Give the token in the header"
)


@schemathesis.check
def what_the_document_allows_is_accepted(ctx: Any, response: Any, case: Any) -> bool | None:
    if 400 <= response.status_code < 500:
        body = response.json()
        if BEYOND_THE_SCHEMA.search(str(body.get("detail") or body.get("error"))):
            return None
    return positive_data_acceptance(ctx, response, case)


@pytest.fixture(scope="module")
def locked_app(demo_settings: Settings) -> Iterator[FastAPI]:
    """The demo's application while another run holds the lake, so that no request starts a real one."""
    settings = demo_settings.model_copy(update={"spotify_api_url": "http://127.0.0.1:9"})
    make_store(settings, "demo")
    app = make_app(settings)
    with run_lock(settings.state_dir, "test"):
        yield app
        app.state.flusher.close()
        for file in waiting_listens(settings):
            file.unlink()
    app.state.site.stores.close()


def _findings(app: FastAPI, examples: int, seconds: int) -> tuple[Counter[str], set[str], int]:
    """What was found, with an example of each; the operations that were asked; and the number of requests."""
    configuration = SchemathesisConfig.from_str(CONFIGURATION.format(examples=examples, seconds=seconds))
    configuration.projects.default.headers = dict(HEADERS)
    schema = schemathesis.openapi.from_asgi(DOCUMENT, app, headers=HEADERS, config=configuration)
    found: Counter[str] = Counter()
    asked: set[str] = set()
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            found[f"{event.label}: {event.value!r}"] += 1
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.ScenarioFinished):
            asked.add(event.recorder.label)
            requests += len(event.recorder.interactions)
            for check in (check for checks in event.recorder.checks.values() for check in checks):
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    sample = check.failure_info.code_sample[-600:]
                    found[f"{event.recorder.label}: {check.name}: {failure.message[:300]} {sample}"] += 1
    return found, asked, requests


def test_schemathesis_finds_nothing(locked_app: FastAPI) -> None:
    found, asked, requests = _findings(locked_app, examples=2, seconds=40)
    assert found == Counter()
    operations = {f"{method.upper()} {path}" for path, of in locked_app.openapi()["paths"].items() for method in of}
    assert operations <= asked
    assert requests > 1000


@pytest.mark.long
def test_schemathesis_finds_nothing_in_ten_minutes(locked_app: FastAPI) -> None:
    found, _, requests = _findings(locked_app, examples=100, seconds=600)
    assert found == Counter()
    assert requests > 10_000


def test_the_check_can_fail() -> None:
    """A route that answers otherwise than the document says is found."""
    app = FastAPI(openapi_url=DOCUMENT)

    @app.get("/wrong")
    def wrong(number: int) -> int:
        return 1 // (number - number)

    found, _, _ = _findings(app, examples=1, seconds=5)
    assert "GET /wrong: ZeroDivisionError('integer division or modulo by zero')" in found
