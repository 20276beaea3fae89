"""Documents that are generated are current, and what they name is there."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import get_args
from xml.etree import ElementTree

import pytest

from config.settings import Settings
from pipeline import declared_tables
from schemas.declaration import Analytics, Column, Table
from schemas.diagrams import direct_inputs
from schemas.relations import Relation, relations_of
from schemas.units import unit_of

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

NOT_SETTINGS = {"LAKESONG_UID", "LAKESONG_GID", "INVALID_CLIENT"}  # of the compose file, and a word of Spotify's


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_data_dictionary_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == generator.tables_page(), "run `make docs`"


def test_what_readers_know_of_the_tables_is_current(generator: ModuleType) -> None:
    written = (ROOT / "serving" / "declarations.json").read_text(encoding="utf-8")
    assert written == generator.served_declarations(), "run `make docs`"


def test_the_page_of_the_kinds_of_analytics_is_current(generator: ModuleType) -> None:
    written = (ROOT / "docs" / "analytics-kinds.md").read_text(encoding="utf-8")
    assert written == generator.analytics_page(), "run `make docs`"


def test_every_gold_table_stands_under_its_kind_and_cognitive_has_none(generator: ModuleType) -> None:
    sections = re.split(r"^## (\w+)$", generator.analytics_page(), flags=re.MULTILINE)[1:]
    found = {
        kind.lower(): re.findall(r"^\| \[(\w+)\]\(tables\.md", text, re.MULTILINE)
        for kind, text in zip(sections[::2], sections[1::2], strict=True)
    }
    assert list(found) == list(get_args(Analytics))
    gold = {name: table.analytics for name, table in declared_tables().items() if table.layer == "gold"}
    assert {name: kind for kind, names in found.items() for name in names} == gold
    assert found["cognitive"] == []


@pytest.mark.parametrize("drawing", ["dag.svg", "relations.svg"])
def test_the_drawings_are_current(generator: ModuleType, drawing: str) -> None:
    """By the checksum of the graph that they carry: to lay one out needs Node, to test it does not."""
    written = (ROOT / "docs" / drawing).read_text(encoding="utf-8")
    digest = hashlib.sha256(generator.graphs()[drawing].encode()).hexdigest()
    assert f"<!-- of the graph with SHA-256 {digest} -->" in written, "run `make docs`"
    ElementTree.fromstring(written)


@pytest.mark.parametrize("drawing", ["dag.svg", "relations.svg"])
def test_a_drawing_names_and_links_each_table_with_its_description(drawing: str) -> None:
    root = ElementTree.fromstring((ROOT / "docs" / drawing).read_text(encoding="utf-8"))
    svg, link = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
    tables = declared_tables()
    links = [one for one in root.iter(f"{svg}a") if one.get(link)]
    assert links
    for one in links:
        name = one.get(link, "").removeprefix("tables.md#")
        assert one.findtext(f"{svg}title") == tables[name].description.splitlines()[0]
        assert name in "".join("".join(text.itertext()) for text in one.iter(f"{svg}text"))
    if drawing == "dag.svg":
        read = {source for table in tables.values() for source in table.inputs}
        assert {one.get(link) for one in links} == {
            f"tables.md#{name}" for name, table in tables.items() if table.inputs or name in read
        }


def test_an_arrow_of_the_dag_is_left_out_only_where_others_lead_there() -> None:
    tables = declared_tables()
    drawn = {name: direct_inputs(table, tables) for name, table in tables.items()}

    def reached(name: str) -> set[str]:
        return set(drawn[name]).union(*(reached(source) for source in drawn[name]))

    for name, table in tables.items():
        assert set(drawn[name]) <= set(table.inputs) <= reached(name)
        for source in drawn[name]:
            assert all(source not in reached(other) for other in drawn[name])


def test_relations_are_those_declared_and_those_that_follow_from_keys() -> None:
    def made(plays: object, tracks: object) -> None: ...

    def column(names: str) -> str:
        return ", ".join(f"{name} STRING COMMENT 'x'" for name in names.split())

    tables = {
        "plays": Table("plays", "silver", column("play_id track_id"), ("play_id",), "x"),
        "tracks": Table("tracks", "silver", column("track_id"), ("track_id",), "x"),
        "likes": Table("likes", "gold", column("play_id track_id"), ("play_id",), "x", transform=made),
        "loves": Table(
            "loves", "gold", column("loved_id"), ("loved_id",), "x", references={"loved_id": "tracks"}, transform=made
        ),
    }
    assert relations_of(tables) == [
        Relation("likes", ("play_id",), "plays", is_declared=False),
        Relation("likes", ("track_id",), "tracks", is_declared=False),
        Relation("loves", ("loved_id",), "tracks", is_declared=True),
    ]


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        (Column("listened_ms", "BIGINT", False, "Time listened"), "ms"),
        (Column("ms_played", "BIGINT", True, "Time heard in milliseconds"), "ms"),
        (Column("played_at", "TIMESTAMP", False, "End of the play (UTC)"), "UTC timestamp"),
        (Column("played_date", "DATE", False, "Local date of the end of the play"), "local day"),
        (
            Column("played_month", "STRING", False, "UTC month of played_at, as yyyy-MM; partition"),
            "UTC month, yyyy-MM",
        ),
        (Column("measured_share", "DOUBLE", True, "Share of the listening time"), "share, 0-1"),
        (Column("coverage", "DOUBLE", True, "Share of the hours of the period that were observed, 0-1"), "share, 0-1"),
        (Column("play_count", "BIGINT", False, "Counted plays"), "count"),
        (Column("tempo", "DOUBLE", True, "Beats per minute; null where none was found"), "BPM"),
        (Column("loudness", "DOUBLE", True, "Mean loudness in dB relative to full scale"), "dB"),
        (Column("energy", "DOUBLE", True, "Perceived intensity, 0-1"), "0-1"),
        (Column("silhouette", "DOUBLE", True, "Mean silhouette of the fit, -1 to 1"), "-1 to 1"),
        (Column("popularity", "INT", True, "Popularity 0-100, where the source gives it"), "0-100"),
        (Column("hour_of_day", "INT", False, "Hour of the listener's local day, 0-23"), "hour, 0-23"),
        (Column("utc_offset_minutes", "INT", False, "Local time minus UTC, in minutes"), "minutes"),
        (Column("track_name", "STRING", True, "Title of the track"), ""),
        (Column("is_skip", "BOOLEAN", False, "Whether it was a skip"), ""),
        (Column("value", "DOUBLE", True, "The indicator, in unit"), ""),
    ],
    ids=lambda value: value.name if isinstance(value, Column) else "",
)
def test_a_column_s_unit_follows_from_its_name_type_and_comment(column: Column, unit: str) -> None:
    assert unit_of(column) == unit


def test_the_settings_page_is_current(generator: ModuleType) -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == generator.settings_page(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_heading_that_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    assert [
        (file, heading) for file, heading in links if heading not in _anchors(page.parent / file if file else page)
    ] == []


def _anchors(page: Path) -> set[str]:
    """The names that GitHub gives the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_setting_that_the_guides_and_the_example_name_exists() -> None:
    known = {name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    example = re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    guides = [ROOT / "README.md", ROOT / "docs" / "spotify.md", ROOT / "docs" / "collecting.md"]
    named = [name for page in guides for name in re.findall(r"`([A-Z]+_[A-Z_]+)\b", page.read_text(encoding="utf-8"))]
    assert example
    assert named
    assert {*example, *named} - known == set()
