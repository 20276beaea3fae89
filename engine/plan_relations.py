"""Relations of a Spark Connect plan: the columns that each step of a transformation has, and where they come from.

Here are the steps that change one relation; `plan_joins` has those that put rows together.

The messages are those of `spark/connect/relations.proto` (Apache Spark 4.2). Of a step that is not known here nothing
is guessed: it raises LineageError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.plan_columns import Field, Kind, LineageError, Scope, Source, Value, merged, names_of, value_of


@dataclass(frozen=True)
class Relation:
    """The columns of a step, what decided which rows it has, the inputs that it reads, and the order it is in."""

    fields: tuple[Field, ...]
    chosen_by: frozenset[Source] = frozenset()
    tables: frozenset[str] = frozenset()
    ordered_by: frozenset[Source] = frozenset()

    def scope(self) -> Scope:
        """What an expression over this step can name."""
        return Scope(self.fields, self.tables)

    def chosen(self, values: Iterable[Value]) -> Relation:
        """The step, its rows chosen by these values too."""
        return replace(self, chosen_by=self.chosen_by.union(*(value.choosing() for value in values)))

    def with_fields(self, fields: Iterable[Field]) -> Relation:
        """The step with other columns."""
        return replace(self, fields=tuple(fields))


@dataclass
class Walk:
    """The way through one plan.

    inputs: the relations whose numbers (plan_id) stand for the inputs of a table; steps: what each kind of step does.
    """

    inputs: Mapping[int, Relation]
    steps: Mapping[str, Step]
    seen: dict[int, Relation] = field(default_factory=dict)

    def relation(self, plan: Any) -> Relation:
        """The columns that a step of the plan has. Raises LineageError for a kind of step that is not known."""
        number = plan.common.plan_id if plan.common.HasField("plan_id") else None
        known = None if number is None else self.inputs.get(number) or self.seen.get(number)
        if known is None:
            kind = plan.WhichOneof("rel_type")
            if kind not in self.steps:
                raise LineageError(f"relation {kind} is not known to engine/plan_relations.py or engine/plan_joins.py")
            known = self.steps[kind](self, getattr(plan, kind))
        if number is not None:
            known = known.with_fields(replace(f, plans=f.plans | {number}) for f in known.fields)
            self.seen[number] = known
        return known


Step = Callable[[Walk, Any], Relation]


def input_relation(table: str, columns: Iterable[str]) -> Relation:
    """An input table, each of its columns taken as it is."""
    fields = (Field(name, Value({Source(table, name): Kind.AS_IS})) for name in columns)
    return Relation(tuple(fields), tables=frozenset({table}))


def _project(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    made: list[Field] = []
    for expression in plan.expressions:
        made += selected(expression, replace(source.scope(), beside=tuple(made)))
    return source.with_fields(made)


def selected(expression: Any, scope: Scope) -> list[Field]:
    """The columns that one entry of a select gives."""
    kind = expression.WhichOneof("expr_type")
    if kind == "unresolved_star":
        star = expression.unresolved_star
        alias = star.unparsed_target.removesuffix(".*").strip("`").lower()
        if star.HasField("plan_id"):
            return [field for field in scope.fields if star.plan_id in field.plans]
        return [field for field in scope.fields if not alias or alias in field.qualifiers]
    value = value_of(expression, scope)
    if kind == "unresolved_attribute":
        # A column that is only passed on can still be named as before.
        attribute = expression.unresolved_attribute
        found = scope.find(attribute.unparsed_identifier, attribute.plan_id if attribute.HasField("plan_id") else None)
        if len(found) == 1 and found[0].has_name(names_of(expression)[0]):
            return found
    return [Field(name, value) for name in names_of(expression)]


def _with_columns(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    made = {name: value_of(alias.expr, source.scope()) for alias in plan.aliases for name in alias.name}
    return source.with_fields(_replaced(source.fields, made))


def _replaced(fields: tuple[Field, ...], made: Mapping[str, Value]) -> list[Field]:
    """The columns with those of these names replaced, or added at the end."""
    lower = {name.lower(): Field(name, value) for name, value in made.items()}
    kept = [lower.get(field.name.lower(), field) for field in fields]
    known = {field.name.lower() for field in fields}
    return kept + [field for name, field in lower.items() if name not in known]


def _renamed(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    names = {before.lower(): after for before, after in plan.rename_columns_map.items()}
    names |= {rename.col_name.lower(): rename.new_col_name for rename in plan.renames}
    return source.with_fields(replace(f, name=names.get(f.name.lower(), f.name)) for f in source.fields)


def _named_in_order(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    return source.with_fields(replace(f, name=n) for f, n in zip(source.fields, plan.column_names, strict=True))


def _aliased(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    return source.with_fields(replace(f, qualifiers=frozenset({plan.alias.lower()})) for f in source.fields)


def _dropped(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    gone = [field for name in plan.column_names for field in source.fields if field.has_name(name)]
    for column in plan.columns:
        attribute = column.unresolved_attribute
        plan_id = attribute.plan_id if attribute.HasField("plan_id") else None
        gone += source.scope().find(attribute.unparsed_identifier, plan_id)
    return source.with_fields(f for f in source.fields if not any(f is one for one in gone))


def _filtered(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    return source.chosen([value_of(plan.condition, source.scope())])


def _sorted(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    order = merged(value_of(one.child, source.scope()) for one in plan.order)
    return replace(source, ordered_by=order.choosing())


def _limited(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    return replace(source, chosen_by=source.chosen_by | source.ordered_by)


def _passed_on(walk: Walk, plan: Any) -> Relation:
    return walk.relation(plan.input)


def _deduplicated(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    names = [f.name for f in source.fields] if plan.all_columns_as_keys else list(plan.column_names)
    return source.chosen(f.value for f in source.fields if any(f.has_name(name) for name in names))


def _without_nulls(walk: Walk, plan: Any) -> Relation:
    source = walk.relation(plan.input)
    return source.chosen(f.value for f in source.fields if not plan.cols or f.name in plan.cols)


def _with_other_values(walk: Walk, plan: Any) -> Relation:
    """Nulls filled, or values replaced, in the named columns or in all."""
    source = walk.relation(plan.input)
    return source.with_fields(
        replace(f, value=f.value.by(Kind.COMPUTED)) if not plan.cols or f.name in plan.cols else f
        for f in source.fields
    )


STEPS: dict[str, Step] = {
    "project": _project,
    "with_columns": _with_columns,
    "with_columns_renamed": _renamed,
    "to_df": _named_in_order,
    "subquery_alias": _aliased,
    "drop": _dropped,
    "filter": _filtered,
    "sort": _sorted,
    "limit": _limited,
    "offset": _limited,
    "tail": _limited,
    "deduplicate": _deduplicated,
    "drop_na": _without_nulls,
    "fill_na": _with_other_values,
    "replace": _with_other_values,
    **dict.fromkeys(("hint", "repartition", "repartition_by_expression", "collect_metrics", "sample"), _passed_on),
}
