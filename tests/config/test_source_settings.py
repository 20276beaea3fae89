"""Settings of sources, the scheduler, alerts and the log."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import Settings


def made(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_trailing_slash_of_an_address_is_dropped() -> None:
    settings = made(spotify_api_url="http://127.0.0.1:9000/v1/", ntfy_url="https://ntfy.example.org/topic//")
    assert settings.spotify_api_url == "http://127.0.0.1:9000/v1"
    assert settings.ntfy_url == "https://ntfy.example.org/topic"


def test_the_redirect_address_stays_as_it_is_registered() -> None:
    assert made(redirect_uri="http://127.0.0.1:8888/").redirect_uri == "http://127.0.0.1:8888/"


def test_neither_the_client_secret_nor_the_addresses_of_alerts_are_in_what_is_printed() -> None:
    settings = made(client_secret="hush-secret", alert_webhook_url="https://h/hush-hook", ntfy_url="https://h/hush-n")
    assert settings.client_secret.get_secret_value() == "hush-secret"
    assert "hush" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("", ()),
        ("06:00", ("06:00",)),
        (" 18:00, 06:30,06:30 ", ("06:30", "18:00")),
        ("00:00,23:59", ("00:00", "23:59")),
    ],
)
def test_fixed_hours_of_builds_are_read_in_order(text: str, times: tuple[str, ...]) -> None:
    assert made(build_at=text).build_times == times


@pytest.mark.parametrize(
    "given",
    [
        {"maintain_at": "24:00"},
        {"maintain_at": "3:30"},
        {"maintain_at": ""},
        {"build_at": "06:00,noon"},
        {"poll_minutes": 0},
        {"poll_minutes": 361},
        {"catalog_daily_budget": -1},
        {"preview_analysis": "yes"},
        {"log_format": "xml"},
        {"log_file_mb": 0},
        {"deezer_url": "api.deezer.com"},
        {"alert_webhook_url": "file:///etc/passwd"},
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**given)
