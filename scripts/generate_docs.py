"""Write the pages and drawings in docs/ that are made from the declarations and the settings class."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.settings import Settings
from pipeline import declared_tables
from schemas.analytics import KINDS
from schemas.declaration import Table
from schemas.diagrams import drawn_relations, keys_and_relations, made_from, undrawn
from schemas.relations import Relation, relations_of
from schemas.units import unit_of
from serving.declarations import FILE as DECLARATIONS
from serving.making import served_tables

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
VIZ = PROJECT / ".setup" / "viz"  # where the Makefile puts Graphviz

_LAYERS = {
    "bronze": "What the sources reported, as they reported it. These tables grow; nothing rebuilds them.",
    "records": "What cannot be derived again. Builds append to them and never rewrite them.",
    "silver": "Cleaned and joined: one row means one real thing.",
    "gold": "Answers that pages and people read.",
}
_GENERATED = "Generated from the declarations by `make docs`; do not edit."


def tables_page() -> str:
    """The data dictionary: drawings, then every declared table with its columns, key, relations and rules."""
    tables = declared_tables()
    parts = [
        f"# Tables\n\n{_GENERATED} A table's path is `<LAKE_URI>/<layer>/<table>`. Where a column comes from, down to "
        "the sources, shows `lakesong tables --lineage TABLE.COLUMN`.\n",
        _contents(tables),
        _drawings(tables),
    ]
    for layer, meaning in _LAYERS.items():
        parts.append(f"## {layer.capitalize()}\n\n{meaning}\n")
        parts += [_table_section(table, tables) for table in tables.values() if table.layer == layer]
    return "\n".join(parts)


def _contents(tables: Mapping[str, Table]) -> str:
    lines = [
        "## Contents\n",
        "[How tables are made](#how-tables-are-made), [Keys and relations](#keys-and-relations)\n",
    ]
    for layer in _LAYERS:
        names = [_link(name) for name, table in tables.items() if table.layer == layer]
        lines.append(f"- [{layer.capitalize()}](#{layer}) ({len(names)}): {', '.join(names)}")
    return "\n".join(lines) + "\n"


def _drawings(tables: Mapping[str, Table]) -> str:
    alone = [_link(name) for name in undrawn(tables)]
    related = {name for one in drawn_relations(tables) for name in (one.table, one.to)}
    others = [_link(n) for n, table in tables.items() if table.layer in ("silver", "gold") and n not in related]
    lines = [
        "## How tables are made\n",
        "An arrow leads from a table to what is made from it. An arrow that follows from others is left out; each "
        f"table's section names all inputs. Nothing is made from {', '.join(alone)}. In the picture itself, names are "
        "links.\n",
        "[![Tables and what they are made from](dag.svg)](dag.svg)\n",
        "## Keys and relations\n",
        "Silver and gold tables, with their keys underlined; bronze is left out, where a key is a record and not a "
        "thing. A solid arrow is a reference that is declared and checked after each build. A dashed one follows from "
        "names: the table is made from the other and has the columns of its key."
        + (f" No relation to others have {', '.join(others)}." if others else "")
        + "\n",
        "[![Keys and relations of silver and gold tables](relations.svg)](relations.svg)\n",
    ]
    return "\n".join(lines)


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _table_section(table: Table, tables: Mapping[str, Table]) -> str:
    lines = [f"### {table.name}\n", f"{table.description}\n", *_facts(table, tables)]
    lines += ["\n| column | type | unit | what it is |", "|---|---|---|---|"]
    for column in table.columns:
        required, comment = "" if column.nullable else " NOT NULL", column.comment.replace("|", "\\|")
        lines.append(f"| `{column.name}` | {column.type}{required} | {unit_of(column)} | {comment} |")
    rules = [f"- constraint `{name}`: `{condition}`" for name, condition in table.constraints.items()]
    rules += [f"- `{name}` ({e.severity}): `{e.condition}`" for name, e in table.expectations.items()]
    if rules:
        lines += ["\nRules:\n", *rules]
    return "\n".join(lines) + "\n"


def _facts(table: Table, tables: Mapping[str, Table]) -> Iterator[str]:
    """Key, partition, kind, inputs, consumers, settings, window and references of a table, a line each."""
    consumers = [_link(name) for name, other in tables.items() if table.name in other.inputs]
    yield f"- Key: `{', '.join(table.primary_key)}`"
    if table.partition_by:
        yield f"- Partitioned by `{', '.join(table.partition_by)}`"
    if table.analytics:
        yield f"- Analytics: [{table.analytics}](analytics-kinds.md#{table.analytics})"
    if table.inputs:
        yield f"- Made from {', '.join(_link(name) for name in table.inputs)}"
    if consumers:
        yield f"- Used by {', '.join(consumers)}"
    if table.settings:
        yield f"- Depends on {', '.join(f'`{name}`' for name in table.settings)}"
    if table.window:
        yield f"- A month reads {table.window[0]} month before to {table.window[1]} after"
    if table.is_settled:
        yield "- Reads only what was heard before the week of the build"
    references = [one for one in relations_of(tables) if one.table == table.name]
    if references:
        yield f"- References: {'; '.join(_reference(one) for one in references)}"


def _reference(relation: Relation) -> str:
    how = "" if relation.is_declared else " (by its name)"
    return f"`{', '.join(relation.columns)}` → {_link(relation.to)}{how}"


def analytics_page() -> str:
    """The five kinds of analytics, and the gold tables that answer each."""
    tables = declared_tables().values()
    parts = [
        f"# Kinds of analytics\n\n{_GENERATED} Each gold table answers one kind of question. `lakesong tables "
        "--analytics KIND` lists them too; what the numbers mean says [analytics.md](analytics.md).\n"
    ]
    for kind, asks in KINDS.items():
        parts.append(f"## {kind.capitalize()}\n\n{asks}\n")
        answers = [
            f"| [{table.name}](tables.md#{table.name}) | {' '.join(table.description.split(chr(10) * 2)[0].split())} |"
            for table in tables
            if table.analytics == kind
        ]
        if answers:
            parts.append("\n".join(["| table | what it answers |", "|---|---|", *answers]) + "\n")
        elif kind != "cognitive":
            parts.append("No table yet.\n")
    return "\n".join(parts)


def settings_page() -> str:
    """The settings: name, default and meaning."""
    rows = [
        f"| `{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    head = (
        "# Settings\n\nGenerated by `make docs`; do not edit. Set them in the environment or in `.env`; "
        "the environment wins.\n\n| setting | default | what it does |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def graphs() -> dict[str, str]:
    """The drawings as DOT text, by the name of their file in docs/."""
    return {"dag.svg": made_from(declared_tables()), "relations.svg": keys_and_relations(declared_tables())}


def stamp(graph: str) -> str:
    """What a drawing carries to show of which graph it is: whether it is current can be told without Graphviz."""
    return f"<!-- of the graph with SHA-256 {hashlib.sha256(graph.encode()).hexdigest()} -->"


def _draw(graph: str, path: Path) -> None:
    """Lay a graph out and write it, unless the file holds it already."""
    if path.exists() and stamp(graph) in path.read_text(encoding="utf-8"):
        return
    command = ["node", str(PROJECT / "scripts" / "layout.mjs"), str(VIZ)]
    try:
        laid_out = subprocess.run(command, input=graph, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{path.name} could not be drawn ({error}): `make docs` needs Node 20 and npm.")
    drawing = laid_out[laid_out.index("<svg") :]
    drawing = drawing.replace(">", f">\n{stamp(graph)}", 1)
    # What a pointer that rests on a box or arrow shows: browsers read a title, not xlink:title.
    drawing = re.sub(r'<a ([^>]*?)xlink:title="([^"]*)"([^>]*)>', r"<a \1\3><title>\2</title>", drawing)
    drawing = re.sub(r"(<g [^>]*>\n)<title>[^<]*</title>\n", r"\1", drawing)
    # A white sheet with round corners: readable on a dark page too.
    sheet = '<rect x="0" y="0" width="100%" height="100%" rx="8" fill="white"/>\n'
    path.write_text(drawing.replace("<g ", f"{sheet}<g ", 1), encoding="utf-8")


def served_declarations() -> str:
    """What readers without Spark know of the tables that they see, as JSON."""
    told = [
        {
            "name": table.name,
            "layer": table.layer,
            "description": table.description,
            "analytics": table.analytics,
            "primary_key": table.primary_key,
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "nullable": column.nullable,
                    "comment": column.comment,
                    "unit": unit_of(column) or "",
                }
                for column in table.columns
            ],
        }
        for table in served_tables().values()
    ]
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (DOCS / "tables.md").write_text(tables_page(), encoding="utf-8")
    (DOCS / "analytics-kinds.md").write_text(analytics_page(), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    DECLARATIONS.write_text(served_declarations(), encoding="utf-8")
    for name, graph in graphs().items():
        _draw(graph, DOCS / name)
