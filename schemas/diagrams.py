"""Diagrams of the declared tables as DOT, Graphviz's text: what is made from what, and keys with their relations.

The text is the same for the same declarations; `make docs` lays it out as SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schemas.declaration import Table
from schemas.relations import Relation, relations_of

# Layer -> (fill, border), light enough for dark letters.
COLOURS = {
    "bronze": ("#f6e4d3", "#a8703a"),
    "records": ("#e9e7f2", "#716b96"),
    "silver": ("#dfe9f1", "#4f7896"),
    "gold": ("#fdf0bd", "#a9860c"),
}
_GRAPH = (
    'bgcolor="transparent" fontname="Helvetica" fontsize=13 rankdir=LR ranksep={ranksep} nodesep={nodesep} pad=0.25 '
    'labelloc=t labeljust=l tooltip=" "'
)
_ENTITIES = ("silver", "gold")  # the layers whose rows mean real things
_COLUMN = 12  # tables below one another in the diagram of keys
_LONGEST_LINE = 16  # letters of a table's name that stand side by side


def made_from(tables: Mapping[str, Table]) -> str:
    """The DAG: an arrow from each table to what is made from it, but for those that follow from others."""
    shown = {name: table for name, table in tables.items() if table.inputs or _is_read(name, tables)}
    lines = ["digraph tables {", f"  graph [{_GRAPH.format(ranksep=0.4, nodesep=0.1)} {_legend(COLOURS)}];"]
    lines += [
        '  node [shape=box style="filled,rounded" fontname="Helvetica" fontsize=13 height=0.3 margin="0.08,0.03"];'
    ]
    lines += ["  edge [arrowsize=0.5];"]
    lines += [_box(table) for table in shown.values()]
    # What sources write stands in one column, to the left of all that is made.
    lines.append(f"  {{rank=min; {'; '.join(name for name, table in shown.items() if not table.inputs)}}}")
    lines += [
        f'  {source} -> {name} [color="{COLOURS[tables[source].layer][1]}90"];'
        for name, table in shown.items()
        for source in direct_inputs(table, tables)
    ]
    return "\n".join([*lines, "}"]) + "\n"


def direct_inputs(table: Table, tables: Mapping[str, Table]) -> list[str]:
    """The inputs of a table that no other of its inputs is made from, near or far."""
    further = {above for name in table.inputs for above in _above(name, tables)}
    return [name for name in table.inputs if name not in further]


def undrawn(tables: Mapping[str, Table]) -> list[str]:
    """Tables that are not in the DAG: nothing is made from them, and they are made from nothing."""
    return [name for name, table in tables.items() if not table.inputs and not _is_read(name, tables)]


def keys_and_relations(tables: Mapping[str, Table]) -> str:
    """Silver and gold tables that point to one another, or are pointed to: their keys, and the columns that point."""
    relations = drawn_relations(tables)
    shown = dict.fromkeys(name for name in tables if any(name in (one.table, one.to) for one in relations))
    lines = ["digraph relations {", f"  graph [{_GRAPH.format(ranksep=1.1, nodesep=0.15)} {_legend(_ENTITIES)}];"]
    lines += ['  node [shape=plain fontname="Helvetica" fontsize=12];', '  edge [arrowsize=0.6 fontname="Helvetica"];']
    lines += [_entity(tables[name], relations) for name in shown]
    # Tables that nothing points to would stand in one long column: they take turns in several.
    outer = [name for name in shown if all(one.to != name for one in relations)]
    places = {name: 1 + index % (1 + len(outer) // _COLUMN) for index, name in enumerate(outer)}
    lines += [_arrow(one, tables, places.get(one.table, 1)) for one in relations]
    return "\n".join([*lines, "}"]) + "\n"


def drawn_relations(tables: Mapping[str, Table]) -> list[Relation]:
    """The relations between silver and gold tables."""
    return [one for one in relations_of(tables) if {tables[name].layer for name in (one.table, one.to)} <= {*_ENTITIES}]


def _is_read(name: str, tables: Mapping[str, Table]) -> bool:
    return any(name in table.inputs for table in tables.values())


def _above(name: str, tables: Mapping[str, Table]) -> Iterator[str]:
    """All that a table is made from, near and far."""
    for source in tables[name].inputs:
        yield source
        yield from _above(source, tables)


def _legend(layers: Iterable[str]) -> str:
    shown = ((layer, *COLOURS[layer]) for layer in layers)
    cells = "".join(f'<td bgcolor="{fill}" color="{border}">  {layer}  </td>' for layer, fill, border in shown)
    return f'label=<<table border="0" cellborder="1" cellspacing="6"><tr>{cells}</tr></table>>'


def _links(table: Table) -> str:
    """The table's section in the data dictionary, and its description where the pointer rests."""
    sentence = table.description.split("\n", maxsplit=1)[0].replace("\\", "\\\\").replace('"', '\\"')
    return f'URL="tables.md#{table.name}" tooltip="{sentence}"'


def _box(table: Table) -> str:
    fill, border = COLOURS[table.layer]
    label = "\\n".join(_folded(table.name))
    return f'  {table.name} [label="{label}" fillcolor="{fill}" color="{border}" {_links(table)}];'


def _folded(name: str) -> list[str]:
    """A name in lines, broken after underscores."""
    lines = [""]
    for part in name.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1] + part) > _LONGEST_LINE:
            lines.append("")
        lines[-1] += part
    return lines


def _entity(table: Table, relations: Iterable[Relation]) -> str:
    """A box: the table's name, its key with a rule below, and the other columns that point to tables."""
    fill, border = COLOURS[table.layer]
    pointing = dict.fromkeys(name for one in relations if one.table == table.name for name in one.columns)
    others = [name for name in pointing if name not in table.primary_key]
    head = f'<tr><td bgcolor="{fill}"><b>{table.name}</b></td></tr>'
    keys = "".join(f'<tr><td align="left" port="{name}"><u>{name}</u></td></tr>' for name in table.primary_key)
    rest = "".join(f'<tr><td align="left" port="{name}">{name}</td></tr>' for name in others)
    label = (
        f'<table border="0" cellborder="1" cellspacing="0" cellpadding="3" color="{border}">{head}{keys}{rest}</table>'
    )
    return f"  {table.name} [label=<{label}> {_links(table)}];"


def _arrow(relation: Relation, tables: Mapping[str, Table], length: int) -> str:
    """From the pointing column to the column that it points to; dashed where it follows from inputs and names."""
    key, own = tables[relation.to].primary_key, relation.columns[-1]
    target = own if own in key else key[0]
    style = "solid" if relation.is_declared else "dashed"
    colour = COLOURS[tables[relation.to].layer][1]
    what = f"{relation.table}: {', '.join(relation.columns)} names a row of {relation.to}"
    look = f'style={style} color="{colour}b0" minlen={length} tooltip="{what}"'
    return f"  {relation.table}:{own}:e -> {relation.to}:{target}:w [{look}];"
