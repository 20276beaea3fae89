"""Relations of a Spark Connect plan that put rows together: joins, unions, aggregations and groups given to Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlglot
from sqlglot import exp

from engine.plan_columns import NOTHING, Field, Kind, LineageError, Source, merged, names_of, value_of
from engine.plan_relations import Relation, Step, Walk, selected


def _joined(walk: Walk, plan: Any) -> Relation:
    left, right = walk.relation(plan.left), walk.relation(plan.right)
    kind = plan.DESCRIPTOR.fields_by_name["join_type"].enum_type.values_by_number[plan.join_type].name
    pairs = [(_only(left, name), _only(right, name)) for name in plan.using_columns]
    both = Relation(left.fields + right.fields, left.chosen_by | right.chosen_by, left.tables | right.tables)
    both = both.chosen(field.value for pair in pairs for field in pair)
    if plan.HasField("join_condition"):
        both = both.chosen([value_of(plan.join_condition, both.scope())])
    if kind.endswith(("SEMI", "ANTI")):
        return replace(both, fields=left.fields, tables=left.tables)
    if not pairs:
        return both
    keys = [_key(kind, *pair) for pair in pairs]
    rest = [f for f in both.fields if not any(f is key for pair in pairs for key in pair)]
    return both.with_fields([*keys, *rest])


def _only(relation: Relation, name: str) -> Field:
    found = relation.scope().find(name)
    if len(found) != 1:
        raise LineageError(f"join on {name}, of which there are {len(found)}")
    return found[0]


def _key(kind: str, left: Field, right: Field) -> Field:
    """The column that a join on equal names leaves of two."""
    value = right.value if kind.endswith("RIGHT_OUTER") else left.value
    if kind.endswith("FULL_OUTER"):
        value = merged([left.value, right.value]).by(Kind.COMPUTED)
    return Field(left.name, value, left.qualifiers | right.qualifiers, left.plans | right.plans)


def _set_operation(walk: Walk, plan: Any) -> Relation:
    left, right = walk.relation(plan.left_input), walk.relation(plan.right_input)
    other = {f.name.lower(): f for f in right.fields}
    if not plan.by_name:
        other = {f.name.lower(): g for f, g in zip(left.fields, right.fields, strict=True)}
    missing = {f.name.lower() for f in left.fields} ^ other.keys()
    if missing and not plan.allow_missing_columns:
        raise LineageError(f"a union by name whose sides differ in {', '.join(sorted(missing))}")
    kind = plan.DESCRIPTOR.fields_by_name["set_op_type"].enum_type.values_by_number[plan.set_op_type].name
    both = Relation((), left.chosen_by | right.chosen_by, left.tables | right.tables)
    if not kind.endswith("UNION"):  # rows of the left that the right has too, or has not
        return replace(both, fields=left.fields).chosen(f.value for f in (*left.fields, *right.fields))
    absent = Field("", NOTHING)
    fields = [Field(f.name, merged([f.value, other.get(f.name.lower(), absent).value])) for f in left.fields]
    if not plan.is_all:
        both = both.chosen(f.value for f in fields)
    added = [f for f in right.fields if f.name.lower() in missing]
    return both.with_fields([*fields, *added])


def _aggregated(walk: Walk, plan: Any) -> Relation:
    if plan.HasField("pivot"):
        raise LineageError("a pivot makes columns from values, which the plan does not show")
    source = walk.relation(plan.input)
    keys = [field for expression in plan.grouping_expressions for field in selected(expression, source.scope())]
    plain = [e.alias.expr if e.WhichOneof("expr_type") == "alias" else e for e in plan.grouping_expressions]
    names = {e.unresolved_attribute.unparsed_identifier.lower() for e in plain if e.HasField("unresolved_attribute")}
    scope = replace(source.scope(), grouped=frozenset(names))
    made = [
        Field(name, value_of(expression, scope))
        for expression in plan.aggregate_expressions
        for name in names_of(expression)
    ]
    return source.chosen(key.value for key in keys).with_fields([*keys, *made])


def _made_in_python(walk: Walk, plan: Any) -> Relation:
    """Rows that a Python function makes from a group of rows, or of two: which columns it reads the plan cannot say.

    A column of the result that has the name of one that was given is taken for it.
    """
    sides = [(walk.relation(plan.input), _groups(plan, "grouping_expressions", "input_grouping_expressions"))]
    if "other" in plan.DESCRIPTOR.fields_by_name:
        sides.append((walk.relation(plan.other), list(plan.other_grouping_expressions)))
    given = [field for source, _ in sides for field in source.fields]
    keys = [value_of(expression, source.scope()) for source, expressions in sides for expression in expressions]
    everything = merged(field.value for field in given).by(Kind.PYTHON)
    fields = []
    for name in _output_names(plan.func):
        same = [field.value for field in given if field.has_name(name)]
        fields.append(Field(name, merged(same).by(Kind.CARRIED) if same else everything))
    chosen_by = frozenset[Source]().union(*(source.chosen_by for source, _ in sides))
    tables = frozenset[str]().union(*(source.tables for source, _ in sides))
    return Relation(tuple(fields), chosen_by, tables).chosen(keys)


def _groups(plan: Any, *names: str) -> list[Any]:
    return [e for name in names if name in plan.DESCRIPTOR.fields_by_name for e in getattr(plan, name)]


def _output_names(function: Any) -> list[str]:
    """Names of the columns that a Python function says it gives."""
    kind = function.python_udf.output_type.WhichOneof("kind")
    if kind == "struct":
        return [one.name for one in function.python_udf.output_type.struct.fields]
    if kind == "unparsed":
        text = function.python_udf.output_type.unparsed.data_type_string
        return [column.name for column in sqlglot.parse_one(f"CREATE TABLE t ({text})").find_all(exp.ColumnDef)]
    raise LineageError(f"a Python function that gives a {kind}")


STEPS: dict[str, Step] = {
    "join": _joined,
    "set_op": _set_operation,
    "aggregate": _aggregated,
    "group_map": _made_in_python,
    "co_group_map": _made_in_python,
    "map_partitions": _made_in_python,
}
