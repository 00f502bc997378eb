"""Values of a query as SQL expressions, and what both databases do with them alike.

A value is a number, a text, a truth (of a comparison), or ``any``: found in a payload, where it is a number in
one occurrence and a text in the next. Which of two values decides how they are compared is known before the
query runs: beside a number the other is taken as a number, else beside a text as a text; two of ``any``
kind are compared as they are, numbers before texts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Literal, NamedTuple

from sqlalchemy import Column, ColumnElement, FromClause, Select, and_, false, func, not_, or_, true

from rollbar_logging.server.rql.words import RqlError

Kind = Literal["number", "text", "truth", "any"]

_LARGEST = 5000
"""Parts of one expression: some operators repeat what they are applied to, and repetitions of these multiply."""

NUMBER_PATTERN = r"^[ \t\n]*[-+]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,2})?[ \t\n]*$"
"""Texts that are taken as numbers where a number is needed."""

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
ARITHMETIC = frozenset({"+", "-", "*", "/", "div", "mod"})


_LONGEST_LIFTED = 255
_UNKNOWN = "unknown"
"""What some columns have where the payload has nothing."""


class Value(NamedTuple):
    """One value.

    Attributes:
        expression: In SQL.
        kind: What it is.
        size: How many parts its SQL has, about.
    """

    expression: ColumnElement[Any]
    kind: Kind
    size: int = 1


class Lifted(NamedTuple):
    """A column that has the text of a path, cut short at 255 characters, or NULL where it is empty or no text.

    Attributes:
        column: Which.
        body: ``trace`` or ``trace_chain`` where the column is that of the one or the other, whichever the payload's
            ``body`` has.
    """

    column: ColumnElement[str]
    body: str | None = None

    @property
    def other_body(self) -> str:
        """What else the body may have."""
        return "trace_chain" if self.body == "trace" else "trace"


def made(expression: ColumnElement[Any], kind: Kind, *parts: Value, times: int = 1) -> Value:
    """Return the value that was made of *parts*, each of which stands *times* in it.

    Raises:
        RqlError: It has grown too large.
    """
    size = 1 + times * sum(part.size for part in parts)
    if size > _LARGEST:
        raise RqlError("The query is too complex.")
    return Value(expression, kind, size)


class Backend(ABC):
    """How one kind of database computes."""

    @abstractmethod
    def constant(self, value: str | float | None) -> Value:
        """Return a text, a number or NULL, which the database is given beside the query."""

    @abstractmethod
    def paths(
        self, data: Column[Any], names: Sequence[str], lifted: Mapping[str, Lifted]
    ) -> tuple[list[FromClause], dict[str, Value]]:
        """Return the values at some paths of the payload, and what has to stand beside the table in FROM.

        Args:
            data: Has the payload.
            names: The paths.
            lifted: Of some paths the columns that have their texts.
        """

    def once(self, rows: Select[Any]) -> Select[Any]:
        """Have the columns of a subquery over payloads computed once for each row, wherever they are used."""
        return rows

    def only_project(self, column: Column[Any], project_id: int, *, is_bounded: bool) -> ColumnElement[bool]:
        """Return the condition that lets one project's rows through.

        Args:
            column: Has the project's id.
            project_id: Whose rows.
            is_bounded: Whether another condition leads to few rows, found by an index of both.
        """
        del is_bounded
        return column == project_id

    @abstractmethod
    def number(self, value: Value) -> Value:
        """Take a value as a number; NULL when it reads like none."""

    @abstractmethod
    def text(self, value: Value) -> Value:
        """Take a value as a text."""

    @abstractmethod
    def anything(self, value: Value) -> Value:
        """Take a value as what it is, to stand beside one of another kind."""

    @abstractmethod
    def compared(self, operator: str, left: Value, right: Value) -> Value:
        """Compare two values of kind ``any``."""

    @abstractmethod
    def like(self, text: Value, pattern: Value) -> Value:
        r"""Compare a text with a pattern of ``%`` and ``_``, escaped by ``\``, without regard to case."""

    @abstractmethod
    def arithmetic(self, operator: str, left: Value, right: Value) -> Value:
        """Compute with two numbers; NULL when divided by 0."""

    @abstractmethod
    def text_function(self, name: str, arguments: Sequence[Value]) -> Value:
        """Apply a function of texts; each argument is of the kind that it needs."""

    def total(self, name: Literal["sum", "avg"], number: Value) -> Value:
        """Return the sum or the average of a group."""
        return made(getattr(func, name)(number.expression), "number", number)

    @abstractmethod
    def extreme(self, name: Literal["min", "max"], value: Value) -> Value:
        """Return the least or the greatest of a group."""

    @abstractmethod
    def order(self, value: Value, *, is_descending: bool) -> list[ColumnElement[Any]]:
        """Return what orders by *value*: NULL, numbers, texts."""

    @abstractmethod
    def reads_like_number(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a text has nothing but what numbers have; roughly."""

    def is_certain(self, lifted: Lifted) -> ColumnElement[bool]:
        """Whether a path has just what the column has: no number taken as a text, and nothing cut short.

        NULL where the column is: the path may have an empty text then, a truth, an object or a list.
        """
        column = lifted.column
        return and_(func.length(column) < _LONGEST_LIFTED, column != _UNKNOWN, not_(self.reads_like_number(column)))

    def truth(self, value: Value) -> Value:
        """Take a value as a truth: a number other than 0."""
        if value.kind == "truth":
            return value
        number = self.number(value)
        return made(number.expression != self.constant(0).expression, "truth", number)

    def compare(self, operator: str, left: Value, right: Value) -> Value:
        """Compare two values; see the module's docstring."""
        kinds = {left.kind, right.kind}
        if kinds & {"number", "truth"}:
            left, right = self.number(left), self.number(right)
        elif "text" in kinds:
            left, right = self.text(left), self.text(right)
        else:
            return self.compared(operator, left, right)
        return made(COMPARISONS[operator](left.expression, right.expression), "truth", left, right)

    def within(self, value: Value, choices: Sequence[Value]) -> Value:
        """Whether a value is equal to one of several."""
        found: list[Value] = []
        numbers = [choice for choice in choices if choice.kind in {"number", "truth"}]
        texts = [choice for choice in choices if choice.kind == "text"]
        takes: tuple[tuple[list[Value], Callable[[Value], Value]], ...] = (
            (numbers, self.number),
            (texts, self._beside_text(value)),
        )
        for group, take in takes:
            if group:
                taken, parts = take(value), [take(choice) for choice in group]
                expression = taken.expression.in_([part.expression for part in parts])
                found.append(made(expression, "truth", taken, *parts))
        found += [self.compare("=", value, choice) for choice in choices if choice.kind == "any"]
        return made(or_(false(), *(part.expression for part in found)), "truth", *found)

    def _beside_text(self, value: Value) -> Callable[[Value], Value]:
        return self.number if value.kind in {"number", "truth"} else self.text

    def logic(self, operator: str, values: Sequence[Value]) -> Value:
        """Join truths by ``and`` or ``or``, or take the contrary of one (``not``)."""
        truths = [self.truth(value) for value in values]
        expressions = [truth.expression for truth in truths]
        if operator == "not":
            return made(not_(expressions[0]), "truth", *truths)
        joined = and_(true(), *expressions) if operator == "and" else or_(false(), *expressions)
        return made(joined, "truth", *truths)

    def is_constant(self, value: Value, wanted: bool | None) -> Value:
        """Whether a value is NULL, or true, or false; never NULL itself."""
        if wanted is None:
            return made(value.expression.is_(None), "truth", value)
        truth = self.truth(value)
        asked = truth.expression if wanted else not_(truth.expression)
        return made(func.coalesce(asked, false()), "truth", truth)
