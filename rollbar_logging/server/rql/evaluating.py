"""Nodes of a query's tree -> values in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement

from rollbar_logging.server.rql.functions import aggregated, applied
from rollbar_logging.server.rql.tree import Call, Constant, Name, Node, Ordered, Star
from rollbar_logging.server.rql.values import Backend, Value
from rollbar_logging.server.rql.words import RqlError


class Compiler:
    """Turns nodes into values.

    Args:
        backend: The database's.
        named: Returns a name's value; ``KeyError`` is not expected.
        now: Unix seconds.
        known: Nodes whose values are columns already.
    """

    def __init__(
        self, backend: Backend, named: Callable[[str], Value], now: float, known: dict[Node, Value] | None = None
    ) -> None:
        self._backend = backend
        self._named = named
        self._now = now
        self._known = known or {}

    def value(self, node: Node) -> Value:
        """Return the value of a node."""
        if node in self._known:
            return self._known[node]
        if isinstance(node, Name):
            return self._named(node.name)
        if isinstance(node, Constant):
            return self._constant(node.value)
        if isinstance(node, Star):
            raise RqlError("* stands alone in the selection, or in count(*).")
        if node.function in {"and", "or"}:
            return self._backend.logic(node.function, [self.value(each) for each in _flattened(node)])
        if node.function == "is":
            wanted = node.arguments[1]
            is_of = wanted.value if isinstance(wanted, Constant) and isinstance(wanted.value, bool) else None
            return self._backend.is_constant(self.value(node.arguments[0]), is_of)
        return applied(self._backend, node.function, [self.value(each) for each in node.arguments], self._now)

    def number(self, node: Node) -> ColumnElement[Any]:
        """Return a number."""
        return self._backend.number(self.value(node)).expression

    def truth(self, node: Node) -> ColumnElement[bool]:
        """Return a condition."""
        return self._backend.truth(self.value(node)).expression

    def order(self, by: Ordered) -> list[ColumnElement[Any]]:
        """Return what orders rows."""
        return self._backend.order(self.value(by.node), is_descending=by.is_descending)

    def outside(self, known: dict[Node, Value]) -> Compiler:
        """Return a compiler for the outer query, which has nothing but the inner one's columns."""
        return Compiler(self._backend, _not_grouped, self._now, known)

    def aggregate(self, call: Call, argument: Value | None) -> Value:
        """Return the value of an aggregate function."""
        return aggregated(self._backend, call.function, argument)

    def _constant(self, value: str | float | bool | None) -> Value:
        if isinstance(value, bool):
            return self._backend.compare("=", self._backend.constant(1), self._backend.constant(int(value)))
        return self._backend.constant(value)


def _flattened(node: Call) -> list[Node]:
    """Return what an AND or an OR joins, however many of it there are."""
    waiting: list[Node] = [node]
    found: list[Node] = []
    while waiting:
        each = waiting.pop()
        if isinstance(each, Call) and each.function == node.function:
            waiting.extend(each.arguments)
        else:
            found.append(each)
    return found[::-1]


def _not_grouped(name: str) -> Value:
    raise RqlError(f"{name} has to be in GROUP BY, or inside an aggregate function.")
