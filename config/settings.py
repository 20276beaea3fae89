"""The settings, read once by an entry point from the environment and `.env`."""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import InputError
from config.state_file import read_state

FEATURE_SOURCES = ("real", "synthetic", "kaggle")
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Settings(BaseSettings):
    """Every setting with its default; the environment wins over `.env`. Frozen: passed down, never changed."""

    # utf-8-sig reads a `.env` that a Windows editor saved with a byte-order mark.
    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8-sig", env_ignore_empty=True, extra="ignore", frozen=True
    )

    lake_uri: str = Field("data", description="Folder (or s3:// address) of the lake.")
    spark_master: str = Field("", description="Run on Apache Spark: local[*], spark://…, k8s://…")
    spark_remote: str = Field("", description="Run on any Spark Connect endpoint: sc://host:port")
    state_dir: Path = Field(Path("data"), description="Folder for the run lock, engine logs and secrets.")
    rules_dir: str = Field("", description="Folder of your rules files; empty: `rules` in the folder of the lake.")
    timezone: str = Field("UTC", description="IANA zone of a listener who has set none.")
    allow_synthetic: bool = Field(True, description="May synthetic audio features fill gaps?")
    feature_preference: str = Field(
        "real,synthetic,kaggle", description="Order in which sources of audio features are preferred."
    )
    session_gap_minutes: int = Field(20, ge=1, le=240, description="A longer silence ends a session.")
    client_id: str = Field("", description="Client ID of your app at developer.spotify.com/dashboard.")
    client_secret: SecretStr = Field(SecretStr(""), description="Its client secret; may stay empty.")
    redirect_uri: str = Field(
        "http://127.0.0.1:8888/callback", description="Where the browser is led after sign-in; registered with the app."
    )
    spotify_api_url: str = Field("https://api.spotify.com/v1", description="Address of the Spotify Web API.")
    spotify_accounts_url: str = Field("https://accounts.spotify.com", description="Address of Spotify's sign-in.")
    reccobeats_url: str = Field("https://api.reccobeats.com", description="Address of ReccoBeats.")
    deezer_url: str = Field("https://api.deezer.com", description="Address of Deezer.")
    poll_minutes: int = Field(20, ge=1, le=360, description="The scheduler asks for new plays this often.")
    catalog_daily_budget: int = Field(900, ge=0, description="Requests a day for the catalogue, at most.")
    preview_analysis: Literal["off", "reccobeats", "librosa"] = Field(
        "off", description="What analyses 30-second previews of tracks without features: off, reccobeats or librosa."
    )
    build_hours: int = Field(6, ge=1, le=24, description="The scheduler runs a full cycle this often.")
    build_at: str = Field("", description="Hours of full cycles in place of BUILD_HOURS: 06:00,18:00 (in TIMEZONE).")
    maintain_at: str = Field("03:30", description="Time of the nightly maintenance (in TIMEZONE).")
    alert_webhook_url: str = Field("", description="Address that gets each alert as JSON.", repr=False)
    ntfy_url: str = Field("", description="Address of an ntfy topic that gets each alert.", repr=False)
    llm_url: str = Field(
        "", description="Address of an OpenAI-compatible endpoint for free-form questions: https://…/v1."
    )
    llm_model: str = Field("", description="Name of the model that it is asked for.")
    llm_api_key: SecretStr = Field(SecretStr(""), description="Its key, where it wants one.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Log lines as json or text; auto: text on a terminal, else json."
    )
    log_file: str = Field("", description="File that gets the log too, as JSON.")
    log_file_mb: int = Field(10, ge=1, description="Size at which the log file is rotated, in MB.")
    disk_warn_mb: int = Field(1024, ge=0, description="Less free disk space than this, in MB, is an alert.")
    engine_memory: str = Field("4g", description="Memory of the Spark driver on one machine.")
    dashboard_host: str = Field("127.0.0.1", description="Address of this machine that the dashboard listens on.")
    dashboard_port: int = Field(8000, ge=0, le=65535, description="Its port; 0: any that is free.")
    dashboard_hosts: str = Field(
        "", description="Names beside those of this machine by which the dashboard is asked for: music.example.org,…"
    )
    dashboard_proxies: str = Field(
        "", description="Addresses of reverse proxies whose word on the caller and on TLS is taken: 127.0.0.1,…"
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is no IANA time zone; write it like Europe/Berlin")
        return value

    @field_validator("feature_preference")
    @classmethod
    def _sources_exist(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        if sorted(names) != sorted(FEATURE_SOURCES):
            raise ValueError(f"'{value}' must name each of {', '.join(FEATURE_SOURCES)} once, best first")
        return ",".join(names)

    @field_validator(
        "spotify_api_url",
        "spotify_accounts_url",
        "reccobeats_url",
        "deezer_url",
        "alert_webhook_url",
        "ntfy_url",
        "llm_url",
    )
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("an address begins with https:// or http://")
        return value.rstrip("/")

    @field_validator("dashboard_proxies")
    @classmethod
    def _are_addresses(cls, value: str) -> str:
        for one in filter(None, map(str.strip, value.split(","))):
            ip_network(one, strict=False)  # `*` would let anybody say who they are
        return value

    @field_validator("maintain_at")
    @classmethod
    def _is_a_time_of_day(cls, value: str) -> str:
        if not _TIME_OF_DAY.fullmatch(value):
            raise ValueError(f"'{value}' is no time of day; write it like 03:30")
        return value

    @field_validator("build_at")
    @classmethod
    def _are_times_of_day(cls, value: str) -> str:
        times = [time.strip() for time in value.split(",") if time.strip()]
        return ",".join(sorted({cls._is_a_time_of_day(time) for time in times}))

    @cached_property
    def build_times(self) -> tuple[str, ...]:
        """The times of day, HH:MM in `timezone`, of full cycles; empty where BUILD_HOURS holds."""
        return tuple(self.build_at.split(",")) if self.build_at else ()

    @property
    def token_file(self) -> Path:
        """Where the listeners' sign-ins are kept."""
        return self.state_dir / ".spotify_tokens.json"

    @property
    def spotify_app_file(self) -> Path:
        """Where the dashboard keeps the app that was set up in it; see `with_spotify_app`."""
        return self.state_dir / "spotify_app.json"

    @property
    def is_local(self) -> bool:
        """Whether the dashboard can be reached from this machine alone: under no other name, behind no proxy."""
        try:
            listens_here = ip_address(self.dashboard_host).is_loopback
        except ValueError:
            listens_here = self.dashboard_host == "localhost"
        return listens_here and not self.site_names and not self.dashboard_proxies

    @cached_property
    def site_names(self) -> frozenset[str]:
        """The names in DASHBOARD_HOSTS."""
        return frozenset(name.strip().lower() for name in self.dashboard_hosts.split(",") if name.strip())

    @property
    def rules_folder(self) -> Path | None:
        """The folder of the listener's own rules; None for a lake in an object store without RULES_DIR."""
        if self.rules_dir:
            return Path(self.rules_dir).expanduser()
        return None if "://" in self.lake_uri else Path(self.lake_uri).expanduser() / "rules"

    @property
    def is_emulated(self) -> bool:
        """Whether the listeners are made up, since another than Spotify answers in its place."""
        return urlsplit(self.spotify_api_url).hostname != "api.spotify.com"

    @cached_property
    def preferred_sources(self) -> tuple[str, ...]:
        """The sources of audio features, best first."""
        return tuple(self.feature_preference.split(","))


def with_spotify_app(settings: Settings) -> Settings:
    """The settings, with the app of `spotify_app_file` where CLIENT_ID is not set."""
    app = {} if settings.client_id else read_state(settings.spotify_app_file)
    if not isinstance(app.get("client_id"), str):
        return settings
    secret = SecretStr(str(app.get("client_secret") or ""))
    return settings.model_copy(update={"client_id": app["client_id"], "client_secret": secret})


def load_settings(lake_uri: str | None = None) -> Settings:
    """Read the settings; `lake_uri` (a command-line option) wins over all. The app set up in the dashboard counts
    where none is set here.

    Raises InputError, in one line, when a setting cannot be used.
    """
    given = {"lake_uri": lake_uri} if lake_uri else {}
    try:
        return with_spotify_app(Settings(**given))  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise InputError(f"Setting {name}: {reason}.", "Mend it in the environment or in .env.") from error
    except UnicodeDecodeError as error:
        raise InputError("The file .env is not UTF-8 text.", "Save it again as UTF-8.") from error
