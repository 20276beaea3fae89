"""The log: one line an event, JSON for machines or text for people, and never a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from config.errors import InputError
from config.settings import Settings

HIDDEN = "***"
KEPT_FILES = 5  # rotated log files beside the one being written

# Of other people's code only warnings and errors are of interest.
_THIRD_PARTIES = ("spotipy", "requests", "urllib3", "uvicorn", "fastapi", "pyspark", "py4j", "schedule")

_NAMES = (
    r"access_?token|refresh_?token|id_?token|token|client_?secret|secret|password|passwd|code_?verifier|"
    r"verifier|api_?key|hdnea"
)
_SECRET_KEY = re.compile(rf"(^|[_-])({_NAMES}|authorization|cookie|credentials|code)s?$", re.IGNORECASE)
_IS = r"\b\\*[\"']?\s*[=:]\s*"  # between a name and its value, in URLs, JSON and reprs
# What to hide within a text; group 1 stays, so that one sees what was hidden.
_SECRET_TEXT = [
    re.compile(rf"(?i)(\b(?:authorization|cookie){_IS}(?:b(?=[\"']))?\\*[\"']?)[^\"'\n,;}}\]]+"),
    re.compile(r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{6,}"),
    re.compile(r"(?i)(\bbasic\s+)[A-Za-z0-9+/=]{12,}"),
    re.compile(rf"(?i)(\b(?:{_NAMES}){_IS}b?\\*([\"']))(?:(?!\2).)+"),
    re.compile(rf"(?i)(\b(?:{_NAMES}){_IS})(?!b?\\*[\"'])[^\s\"'&,;)}}\]\\]+"),
    # A `code` of sign-in is long; a status or exit code is not.
    re.compile(rf"(?i)(\bcode{_IS}\\*[\"']?)[A-Za-z0-9._~-]{{8,}}"),
    re.compile(r"(\w://)[^\s/@]+@"),
    re.compile(r"()\b[AB]Q[A-Za-z0-9_-]{20,}"),  # Spotify's tokens and codes
]
_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{60,}")


def configure_logs(settings: Settings) -> None:
    """Send all logs, ours and those of libraries, to standard error and LOG_FILE, one line an event.

    Called once by an entry point. Raises InputError when LOG_FILE cannot be written.
    """
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    redact = Redaction(settings)
    stderr = logging.StreamHandler(sys.stderr)
    stderr.setFormatter(_formatter(redact, as_text=text))
    handlers: list[logging.Handler] = [stderr]
    if settings.log_file:
        handlers.append(_log_file(settings, redact))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    for name in _THIRD_PARTIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a request that is sent again is no news
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_FIRST,
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


# What every event gets first, whoever logged it.
_FIRST: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]


def _formatter(redact: Redaction, *, as_text: bool) -> ProcessorFormatter:
    last: list[Processor] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    if as_text:
        colours = sys.stderr.isatty()
        last = [_on_one_line, structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="at", pad_event_to=0)]
    return ProcessorFormatter(
        foreign_pre_chain=_FIRST,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            *last,
        ],
    )


def _log_file(settings: Settings, redact: Redaction) -> logging.Handler:
    path = Path(settings.log_file).expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path, maxBytes=settings.log_file_mb * 1_000_000, backupCount=KEPT_FILES, encoding="utf-8"
        )
    except OSError as error:
        raise InputError(f"The log file {path} cannot be written.", "Set LOG_FILE to another path.") from error
    handler.setFormatter(_formatter(redact, as_text=False))
    return handler


def _on_one_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Keep a traceback, or a line break in a value, from making several lines of one event."""
    if "exception" in event:  # under this name the renderer prints it below the line
        event["traceback"] = event.pop("exception")
    return {key: value.replace("\n", "\\n") if isinstance(value, str) else value for key, value in event.items()}


class Redaction:
    """A structlog processor that hides secrets: by the name of a field, by their look, and those of the settings."""

    def __init__(self, settings: Settings) -> None:
        # An alert's address is a secret too: whoever has it can send.
        known = (settings.client_secret.get_secret_value(), settings.alert_webhook_url, settings.ntfy_url)
        self._known = [secret for secret in known if secret]

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """Hide the secrets of one event, in fields of fields too."""
        return {key: self.hide(value, key) for key, value in event.items()}

    def hide(self, value: Any, key: str = "") -> Any:
        """The value without secrets; what is no plain JSON value becomes its text."""
        if value is None or isinstance(value, bool):
            return value
        if _SECRET_KEY.search(key) and not (isinstance(value, int) and key.lower().endswith("code")):
            return HIDDEN
        if isinstance(value, int | float):
            return value
        if isinstance(value, Mapping):
            return {str(name): self.hide(inner, str(name)) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.hide(inner) for inner in value]
        return self._hide_in_text(str(value))

    def _hide_in_text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern in _SECRET_TEXT:
            text = pattern.sub(rf"\g<1>{HIDDEN}", text)
        return _LONG_WORD.sub(lambda found: HIDDEN if _is_opaque(found[0]) else found[0], text)


def _is_opaque(word: str) -> bool:
    """Whether a long word mixes cases and digits, as tokens do and hashes do not."""
    return any(c.isdigit() for c in word) and word.lower() != word != word.upper()
