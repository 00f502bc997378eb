"""A query's tree -> one SELECT of SQLAlchemy Core.

A query that groups becomes two: the inner one has the rows with what they are grouped by and what is aggregated,
the outer one groups them. An expression that rows are grouped by is thus known by its column, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, literal, select, type_coerce
from sqlalchemy.types import NullType

from rollbar_logging.server.rql.columns import DEPLOY, ITEM_OCCURRENCE
from rollbar_logging.server.rql.evaluating import Compiler
from rollbar_logging.server.rql.functions import check_arguments
from rollbar_logging.server.rql.on_postgres import OnPostgres
from rollbar_logging.server.rql.on_sqlite import OnSqlite
from rollbar_logging.server.rql.source import Source
from rollbar_logging.server.rql.tree import (
    Call,
    Constant,
    Name,
    Node,
    Ordered,
    Query,
    Selected,
    Star,
    is_aggregate,
    parts_of,
)
from rollbar_logging.server.rql.values import Value
from rollbar_logging.server.rql.words import RqlError

DEFAULT_LIMIT = 100
MOST_ROWS = 1000

TABLES = ("item_occurrence", "deploy")


class Compiled(NamedTuple):
    """A query that can be run.

    Attributes:
        statement: What the database is asked.
        titles: Of its columns.
        warnings: What the reader of the result should know.
    """

    statement: Select[Any]
    titles: list[str]
    warnings: list[str]


def compile_query(query: Query, project_id: int, dialect: str, now: float) -> Compiled:
    """Turn a query into a SELECT over one project's rows.

    Args:
        query: Parsed.
        project_id: Whose rows.
        dialect: ``sqlite`` or ``postgresql``.
        now: Unix seconds.

    Raises:
        RqlError: The query cannot be answered; the message says why.
    """
    if query.table not in TABLES:
        raise RqlError(f"There is no table {query.table}: there are item_occurrence and deploy.")
    backend = OnPostgres() if dialect == "postgresql" else OnSqlite()
    selected = list(_without_star(query))
    group = [_placed(node, selected, "GROUP BY") for node in query.group]
    order = [Ordered(_placed(each.node, selected, "ORDER BY"), each.is_descending) for each in query.order]
    _check(selected, query.where, group, order)
    nodes = [each.node for each in selected]
    everything = [*nodes, *group, *(each.node for each in order), *([query.where] if query.where else [])]
    source = Source(query.table, project_id, backend, _names(everything))
    compiler = Compiler(backend, source.values.__getitem__, now)
    rows = source.rows(query.where, compiler)
    is_grouped = bool(group) or any(is_aggregate(part) for part in parts_of(everything))
    if is_grouped:
        rows = backend.once(rows) if source.reads_payloads else rows
        rows, compiler = _grouped(rows, compiler, group, nodes, order)
    statement = rows.with_only_columns(
        *(_as_it_is(compiler.value(node)).label(f"selected_{index}") for index, node in enumerate(nodes)),
        maintain_column_froms=True,
    )
    by_key = [Ordered(key, is_descending=False) for key in group]
    last = _ordered(by_key, compiler) if is_grouped else [source.newest_first()]
    statement = statement.order_by(*_ordered(order, compiler), *last)
    warnings = [*source.warnings, *_warnings(query, nodes, order)]
    limit = DEFAULT_LIMIT if query.limit is None else min(query.limit, MOST_ROWS)
    return Compiled(statement.limit(limit), [each.title for each in selected], warnings)


def _as_it_is(value: Value) -> ColumnElement[Any]:
    # SQLAlchemy would make truths of texts where one branch of an if() is a truth.
    return type_coerce(value.expression, NullType())


def _names(nodes: Iterable[Node]) -> list[str]:
    return list(dict.fromkeys(part.name for part in parts_of(nodes) if isinstance(part, Name)))


def _without_star(query: Query) -> Iterator[Selected]:
    for each in query.selected:
        if not isinstance(each.node, Star):
            yield each
            continue
        if query.group:
            raise RqlError("* cannot be selected together with GROUP BY.")
        columns = DEPLOY if query.table == "deploy" else ITEM_OCCURRENCE
        yield from (Selected(Name(name), name) for name in columns)


def _placed(node: Node, selected: Sequence[Selected], clause: str) -> Node:
    """Return what a number of GROUP BY or ORDER BY stands for: the expression at that place of the selection."""
    if not isinstance(node, Constant) or not isinstance(node.value, int):
        return node
    if not 1 <= node.value <= len(selected):
        raise RqlError(f"{clause} {node.value}: the selection has {len(selected)} expressions, counted from 1.")
    return selected[node.value - 1].node


def _check(selected: Sequence[Selected], where: Node | None, group: Sequence[Node], order: Sequence[Ordered]) -> None:
    """Refuse wrong numbers of arguments, and aggregate functions where they have no place."""
    for clause, nodes in (("WHERE", [where] if where else []), ("GROUP BY", group)):
        for part in parts_of(nodes):
            if is_aggregate(part):
                raise RqlError(f"{clause} cannot contain an aggregate function.")
    for part in parts_of([*(each.node for each in selected), *(each.node for each in order), *group, *_given(where)]):
        if not isinstance(part, Call):
            continue
        if part.function not in {"in", "is"}:
            check_arguments(part.function, len(part.arguments))
        if part.function == "is" and not _is_known_constant(part.arguments[1]):
            raise RqlError("IS compares with NULL, TRUE or FALSE; for anything else there is =.")
        if is_aggregate(part) and any(is_aggregate(below) for below in parts_of(part.arguments)):
            raise RqlError(f"{part.function}() cannot contain another aggregate function.")


def _given(node: Node | None) -> list[Node]:
    return [] if node is None else [node]


def _is_known_constant(node: Node) -> bool:
    return isinstance(node, Constant) and (node.value is None or isinstance(node.value, bool))


def _grouped(
    rows: Select[Any], compiler: Compiler, group: Sequence[Node], nodes: Sequence[Node], order: Sequence[Ordered]
) -> tuple[Select[Any], Compiler]:
    """Return the query that groups *rows*, without its columns, and the compiler for these."""
    keys = list(dict.fromkeys(group))
    calls = {part: None for part in parts_of([*nodes, *(each.node for each in order)]) if is_aggregate(part)}
    arguments = list(dict.fromkeys(call.arguments[0] for call in calls if isinstance(call, Call)))
    needed = [node for node in (*keys, *arguments) if not isinstance(node, Star)]
    columns: dict[Node, Value] = {node: compiler.value(node) for node in needed}
    inner = rows.with_only_columns(
        literal(1).label("row"),
        *(value.expression.label(f"value_{index}") for index, value in enumerate(columns.values())),
        maintain_column_froms=True,
    ).subquery("inner_rows")
    lifted: dict[Node, Value] = {
        node: Value(inner.c[f"value_{index}"], value.kind) for index, (node, value) in enumerate(columns.items())
    }
    known = {key: lifted[key] for key in keys}
    for call in calls:
        if isinstance(call, Call):
            known[call] = compiler.aggregate(call, lifted.get(call.arguments[0]))
    outer = select(literal(1)).select_from(inner).group_by(*(lifted[key].expression for key in keys))
    return outer, compiler.outside(known)


def _ordered(order: Sequence[Ordered], compiler: Compiler) -> Iterator[ColumnElement[Any]]:
    for each in order:
        yield from compiler.order(each)


def _warnings(query: Query, nodes: Sequence[Node], order: Sequence[Ordered]) -> Iterator[str]:
    if query.limit is not None and query.limit > MOST_ROWS:
        yield f"LIMIT {query.limit} was taken as {MOST_ROWS}, which is the most."
    if any(each.node not in nodes for each in order):
        yield "What ORDER BY names should be selected too."
