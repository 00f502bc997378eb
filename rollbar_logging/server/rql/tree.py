"""An expression of RQL as a tree: what the parser's own tree is turned into once it is known to be harmless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Not named tuples: a name must never be equal to a text that reads the same.


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, a number, TRUE or FALSE, or NULL."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or a path into the payload."""

    name: str


@dataclass(frozen=True, slots=True)
class Star:
    """The ``*`` of ``count(*)`` and of the selection."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function and what it is applied to.

    Attributes:
        function: A function's name, or an operator in lower case: ``+``, ``div``, ``not``, ``in``, ``is``…
        arguments: What it is applied to; of ``in``: what is looked for, then the list.
    """

    function: str
    arguments: tuple[Node, ...]


Node = Constant | Name | Star | Call


@dataclass(frozen=True, slots=True)
class Selected:
    """One selected expression, and how it was written."""

    node: Node
    title: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """What rows are ordered by."""

    node: Node
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query.

    Attributes:
        table: As it was written.
        selected: At least one.
        where: The condition, if any.
        group: What rows are grouped by; numbers are places in the selection, from 1.
        order: What they are ordered by; likewise.
        limit: How many rows at most, if that was said.
    """

    table: str
    selected: tuple[Selected, ...]
    where: Node | None
    group: tuple[Node, ...]
    order: tuple[Ordered, ...]
    limit: int | None


AGGREGATES = frozenset({"count", "count_distinct", "sum", "avg", "min", "max"})


def is_aggregate(node: Node) -> bool:
    """Whether it is itself the call of an aggregate function."""
    return isinstance(node, Call) and node.function in AGGREGATES


def within(node: Node) -> Iterator[Node]:
    """Return *node* and all below it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Call):
            waiting.extend(node.arguments)


def parts_of(nodes: Iterable[Node]) -> Iterator[Node]:
    """Return all of *nodes*, and all below them."""
    for node in nodes:
        yield from within(node)
