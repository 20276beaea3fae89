"""Settings from the environment and `.env`, with mistakes named in one line."""

from pathlib import Path

import pytest

from config.errors import InputError
from config.settings import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(content: str, encoding: str = "utf-8") -> None:
    Path(".env").write_bytes(content.encode(encoding))


def test_without_anything_set_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.lake_uri, settings.timezone, settings.session_gap_minutes) == ("data", "UTC", 20)
    assert settings.preferred_sources == ("real", "synthetic", "kaggle")
    assert settings.allow_synthetic is True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_quotes_and_windows_lines_are_read(encoding: str, quote: str, end: str) -> None:
    write(f"TIMEZONE={quote}Europe/Berlin{quote}{end}LAKE_URI={quote}my lake{quote}{end}", encoding)
    assert (load_settings().timezone, load_settings().lake_uri) == ("Europe/Berlin", "my lake")


def test_the_environment_wins_over_the_file_and_the_option_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    write("LAKE_URI=of-the-file\nTIMEZONE=Europe/Berlin\n")
    monkeypatch.setenv("LAKE_URI", "of-the-environment")
    assert load_settings().lake_uri == "of-the-environment"
    assert (load_settings("of-the-option").lake_uri, load_settings().timezone) == ("of-the-option", "Europe/Berlin")


def test_an_empty_value_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    write("TIMEZONE=\nSESSION_GAP_MINUTES=\nSTATE_DIR=\nALLOW_SYNTHETIC=\n")
    monkeypatch.setenv("FEATURE_PREFERENCE", "")
    settings = load_settings()
    assert (settings.timezone, settings.session_gap_minutes, settings.state_dir) == ("UTC", 20, Path("data"))
    assert settings.feature_preference == "real,synthetic,kaggle"


def test_a_variable_that_is_no_setting_is_passed_over() -> None:
    write("SOMETHING_ELSE=1\n# a comment\n")
    assert load_settings().lake_uri == "data"


def test_an_order_of_preference_may_have_blanks() -> None:
    write('FEATURE_PREFERENCE="kaggle, real , synthetic"\n')
    assert load_settings().preferred_sources == ("kaggle", "real", "synthetic")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("TIMEZONE=Berlin", "Setting TIMEZONE: 'Berlin' is no IANA time zone; write it like Europe/Berlin."),
        ("FEATURE_PREFERENCE=real,kaggle", "Setting FEATURE_PREFERENCE: 'real,kaggle' must name each of real, syn"),
        ("FEATURE_PREFERENCE=real,real,kaggle", "Setting FEATURE_PREFERENCE: 'real,real,kaggle' must name each"),
        ("SESSION_GAP_MINUTES=0", "Setting SESSION_GAP_MINUTES: Input should be greater than or equal to 1."),
        ("SESSION_GAP_MINUTES=soon", "Setting SESSION_GAP_MINUTES: Input should be a valid integer"),
        ("ALLOW_SYNTHETIC=perhaps", "Setting ALLOW_SYNTHETIC: Input should be a valid boolean"),
        ("BUILD_HOURS=25", "Setting BUILD_HOURS: Input should be less than or equal to 24."),
    ],
)
def test_a_mistake_is_named_in_one_line(line: str, message: str) -> None:
    write(f"{line}\n")
    with pytest.raises(InputError) as error:
        load_settings()
    assert str(error.value).startswith(message)
    assert str(error.value).endswith("Mend it in the environment or in .env.") and "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_a_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes(b"TIMEZONE=\xff\xfe\xe9\n")
    with pytest.raises(InputError, match=r"The file \.env is not UTF-8 text"):
        load_settings()


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(Exception, match="frozen"):
        load_settings().timezone = "Asia/Tokyo"  # type: ignore[misc]
