"""The rows that a query is about: the table, what stands beside it, and which of its rows the condition leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, literal, select, true

from rollbar_logging.server.rql.columns import DEPLOY, ITEM_OCCURRENCE, LIFTED, OPTIMISED, PLACES, implied_texts
from rollbar_logging.server.rql.evaluating import Compiler
from rollbar_logging.server.rql.tree import Call, Constant, Name, Node, parts_of, within
from rollbar_logging.server.rql.values import Backend, Value
from rollbar_logging.server.rql.words import RqlError
from rollbar_logging.server.storage.tables import deploys, items, occurrences


class Source:
    """The table that is asked, and the values of all names in the query."""

    def __init__(self, table: str, project_id: int, backend: Backend, names: Sequence[str]) -> None:
        self.warnings: list[str] = []
        self._is_deploy = table == "deploy"
        self._table = deploys if self._is_deploy else occurrences
        self._project_id = project_id
        self._backend = backend
        columns = DEPLOY if self._is_deploy else {**OPTIMISED, **ITEM_OCCURRENCE}
        found = {name: columns[name] for name in names if name in columns}
        self._of_payload: frozenset[str] = frozenset()
        self._needs_items = any(column.is_of_item for column in found.values())
        self.values = {name: Value(column.make(), column.kind) for name, column in found.items()}
        self._beside = self._add_paths(backend, [name for name in names if name not in columns])

    def _add_paths(self, backend: Backend, names: Sequence[str]) -> list[FromClause]:
        if self._is_deploy and names:
            raise RqlError(f"deploy has no column {names[0]}; it has {', '.join(DEPLOY)}.")
        if not names:
            return []
        for name in names:
            if name.startswith("item."):
                self.warnings.append(f"There is no column {name}: it was looked for in the payload.")
        places = {name: PLACES.get(name, name) for name in names}
        beside, values = backend.paths(occurrences.c.data, list(dict.fromkeys(places.values())), LIFTED)
        self.values |= {name: values[place] for name, place in places.items()}
        self._of_payload = frozenset(names)
        return beside

    def rows(self, where: Node | None, compiler: Compiler) -> Select[Any]:
        """Return the rows that the query is about."""
        source: Any = self._table
        if self._needs_items:
            source = source.join(items, items.c.id == occurrences.c.item_id)
        for each in self._beside:
            source = source.join(each, true())
        implied = [] if self._is_deploy or where is None else list(_implied(where, compiler))
        is_bounded = any(occurrences.c.received_at in condition.get_children() for condition in implied)
        owned = self._backend.only_project(self._table.c.project_id, self._project_id, is_bounded=is_bounded)
        rows: Select[Any] = select(literal(1)).select_from(source).where(owned, *implied)
        return rows if where is None else rows.where(compiler.truth(self._cheap_first(where)))

    @property
    def reads_payloads(self) -> bool:
        """Whether a value of the query has to be looked for in payloads."""
        return bool(self._of_payload)

    def _cheap_first(self, where: Node) -> Node:
        """Return the condition with its parts in such an order that few payloads are looked into."""
        parts = list(_joined_by_and(where))
        return Call("and", tuple(sorted(parts, key=self._looks_into_payload))) if len(parts) > 1 else where

    def _looks_into_payload(self, node: Node) -> bool:
        return any(isinstance(part, Name) and part.name in self._of_payload for part in within(node))

    def newest_first(self) -> ColumnElement[Any]:
        """Return what the rows are ordered by where nothing else decides."""
        return self._table.c.id.desc()


def _implied(where: Node, compiler: Compiler) -> Iterator[ColumnElement[bool]]:
    """Return what the condition also says of columns, so that the database need not try all rows in full."""
    for node in _joined_by_and(where):
        if not isinstance(node, Call) or not isinstance(node.arguments[0], Name):
            continue
        name, others = node.arguments[0].name, node.arguments[1:]
        if name == "timestamp" and not any(isinstance(part, Name) for part in parts_of(others)):
            yield from _received(node.function, others, compiler)
        elif node.function in {"=", "in"}:
            values = [each.value if isinstance(each, Constant) else None for each in others]
            texts = [value for value in values if isinstance(value, str)]
            implied = implied_texts(name, texts) if len(texts) == len(values) else None
            if implied is not None:
                yield implied


def _received(operator: str, others: Sequence[Node], compiler: Compiler) -> Iterator[ColumnElement[bool]]:
    """Return what a comparison of the whole seconds says of the moment itself."""
    if operator in {"=", ">", ">="}:
        yield occurrences.c.received_at >= compiler.number(others[0])
    if operator in {"=", "<", "<="}:
        yield occurrences.c.received_at < compiler.number(others[0]) + 1


def _joined_by_and(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call) and node.function == "and":
            waiting.extend(node.arguments)
        else:
            yield node
