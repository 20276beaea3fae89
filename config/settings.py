"""The settings, read once by an entry point from the environment and `.env`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import InputError

FEATURE_SOURCES = ("real", "synthetic", "kaggle")


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
    timezone: str = Field("UTC", description="IANA zone of a listener who has set none.")
    allow_synthetic: bool = Field(True, description="May synthetic audio features fill gaps?")
    feature_preference: str = Field(
        "real,synthetic,kaggle", description="Order in which sources of audio features are preferred."
    )
    session_gap_minutes: int = Field(20, ge=1, le=240, description="A longer silence ends a session.")
    build_hours: int = Field(6, ge=1, le=24, description="The scheduler runs a full cycle this often.")
    engine_memory: str = Field("4g", description="Memory of the Spark driver on one machine.")

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

    @cached_property
    def preferred_sources(self) -> tuple[str, ...]:
        """The sources of audio features, best first."""
        return tuple(self.feature_preference.split(","))


def load_settings(lake_uri: str | None = None) -> Settings:
    """Read the settings; `lake_uri` (a command-line option) wins over all.

    Raises InputError, in one line, when a setting cannot be used.
    """
    given = {"lake_uri": lake_uri} if lake_uri else {}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise InputError(f"Setting {name}: {reason}.", "Mend it in the environment or in .env.") from error
    except UnicodeDecodeError as error:
        raise InputError("The file .env is not UTF-8 text.", "Save it again as UTF-8.") from error
