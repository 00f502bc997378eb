"""A query's text -> its tree. sqlglot reads it; what it found is let through by a list, construct by construct."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from rollbar_logging.server.rql.sequence import check_sequence
from rollbar_logging.server.rql.tree import Call, Constant, Name, Node, Ordered, Query, Selected, Star
from rollbar_logging.server.rql.words import FUNCTION_PREFIX, RqlError, Words, shortened, split_words

_BINARY: Mapping[type[exp.Expression], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "div",
    exp.Mod: "mod",
    exp.And: "and",
    exp.Or: "or",
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.Like: "like",
    exp.Is: "is",
}
_UNARY: Mapping[type[exp.Expression], str] = {exp.Not: "not", exp.Neg: "negative"}

_ARGUMENTS: Mapping[type[exp.Expression], frozenset[str]] = {
    exp.Select: frozenset({"expressions", "from", "from_", "where", "group", "order", "limit"}),
    exp.From: frozenset({"this"}),
    exp.Table: frozenset({"this"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Where: frozenset({"this"}),
    exp.Group: frozenset({"expressions"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Column: frozenset({"this"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Star: frozenset(),
    exp.Paren: frozenset({"this"}),
    exp.Null: frozenset(),
    exp.Boolean: frozenset({"this"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "field"}),
    **{kind: frozenset({"this", "expression", "negate", "typed", "safe"}) for kind in _BINARY},
    **{kind: frozenset({"this"}) for kind in _UNARY},
}
"""What may be in a query, and with what in it. Whatever else a newer sqlglot may find is refused."""

_KNOWN_BY = {
    exp.Subquery: "a subquery",
    exp.Alias: "a second name (AS)",
    exp.TableAlias: "a second name (AS)",
    exp.Join: "a join",
    exp.Tuple: "a list in parentheses, except after IN",
    exp.Star: "* in this place",
    exp.Offset: "LIMIT with two numbers",
    exp.Concat: "a text right after another",
}


def parse_query(text: str) -> Query:
    """Parse a query.

    Raises:
        RqlError: It is not RQL; the message says what is wrong.
    """
    words = split_words(text)
    if not words.words:
        raise RqlError("The query is empty.")
    if words.words[0].sql != "SELECT":
        raise RqlError(f"A query begins with SELECT: {shortened(text.strip())}")
    check_sequence(words)
    try:
        return _Reader(words).query(_parsed(words))
    except RecursionError:
        raise RqlError("The query is nested too deeply.") from None


def _parsed(words: Words) -> exp.Select:
    try:
        (found,) = sqlglot.parse(words.sql, read="mysql")
    except SqlglotError as error:
        places = getattr(error, "errors", None) or [{}]
        raise RqlError(f"The query cannot be understood near: {words.at(places[0].get('col') or 0)}") from None
    if not isinstance(found, exp.Select):
        raise _refused(found)
    return found


def _refused(found: object) -> RqlError:
    name = _KNOWN_BY.get(type(found)) or type(found).__name__.upper()  # type: ignore[arg-type, call-overload, unused-ignore]
    return RqlError(f"RQL does not have {name}.")


class _Reader:
    """Turns the parser's tree into ours."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def query(self, found: exp.Select) -> Query:
        _check(found)
        source = found.args.get("from_") or found.args.get("from")
        if source is None:
            raise RqlError("FROM is missing: item_occurrence or deploy.")
        if not found.expressions:
            raise RqlError("Nothing is selected.")
        _check(source)
        nodes = [self._selected(each) for each in found.expressions]
        titles = list(_titles(self._words))
        if len(titles) != len(nodes):
            raise RqlError("The selection cannot be understood.")
        return Query(
            table=self._table(source.this),
            selected=tuple(Selected(node, title) for node, title in zip(nodes, titles, strict=True)),
            where=self._optional(found.args.get("where"), lambda where: self.node(where.this)),
            group=self._optional(found.args.get("group"), lambda group: self._all(group.expressions)) or (),
            order=self._optional(found.args.get("order"), self._order) or (),
            limit=self._optional(found.args.get("limit"), self._limit),
        )

    @staticmethod
    def _optional(found: Any, read: Callable[[Any], Any]) -> Any:
        if found is None:
            return None
        _check(found)
        return read(found)

    def _table(self, found: exp.Expression) -> str:
        _check(found)
        if not isinstance(found, exp.Table):
            raise _refused(found)
        return self._named(found.this)

    def _named(self, found: exp.Expression) -> str:
        _check(found)
        if not isinstance(found, exp.Identifier) or not str(found.this).isdecimal():
            raise _refused(found)
        return self._words.names[int(found.this)]

    def _selected(self, found: exp.Expression) -> Node:
        if isinstance(found, exp.Star):
            _check(found)
            return Star()
        return self.node(found)

    def _order(self, found: exp.Expression) -> tuple[Ordered, ...]:
        ordered = []
        for each in found.expressions:
            _check(each)
            if not isinstance(each, exp.Ordered):
                raise _refused(each)
            ordered.append(Ordered(self.node(each.this), bool(each.args.get("desc"))))
        return tuple(ordered)

    def _limit(self, found: exp.Expression) -> int:
        node = self.node(found.expression)
        value = node.value if isinstance(node, Constant) else None
        if type(value) is not int:
            raise RqlError("LIMIT needs a whole number.")
        return value

    def _all(self, found: Sequence[exp.Expression]) -> tuple[Node, ...]:
        return tuple(self.node(each) for each in found)

    def node(self, found: exp.Expression) -> Node:
        """Turn one expression into ours."""
        _check(found)
        kind = type(found)
        if kind in _BINARY:
            call = Call(_BINARY[kind], (self.node(found.this), self.node(found.expression)))
            return Call("not", (call,)) if found.args.get("negate") else call
        if kind in _UNARY:
            return Call(_UNARY[kind], (self.node(found.this),))
        read = _READ.get(kind)
        if read is None:
            raise _refused(found)
        return read(self, found)

    def paren(self, found: exp.Expression) -> Node:
        """Read what is in parentheses."""
        return self.node(found.this)

    def column(self, found: exp.Expression) -> Node:
        """Read a name."""
        return Name(self._named(found.this))

    def literal(self, found: exp.Expression) -> Node:
        """Read a text or a number."""
        if not str(found.this).isdecimal():
            raise _refused(found)
        return Constant(self._words.constants[int(found.this)])

    def null(self, _found: exp.Expression) -> Node:
        """Read NULL."""
        return Constant(None)

    def boolean(self, found: exp.Expression) -> Node:
        """Read TRUE or FALSE."""
        return Constant(bool(found.this))

    def between(self, found: exp.Expression) -> Node:
        """Read BETWEEN as the two comparisons that it is."""
        value, low, high = self.node(found.this), self.node(found.args["low"]), self.node(found.args["high"])
        return Call("and", (Call(">=", (value, low)), Call("<=", (value, high))))

    def contained(self, found: exp.Expression) -> Node:
        """Read IN."""
        if not found.expressions or found.args.get("field"):
            raise RqlError("IN needs a list in parentheses.")
        return Call("in", (self.node(found.this), *self._all(found.expressions)))

    def call(self, found: exp.Expression) -> Node:
        """Read the call of a function."""
        name = str(found.this).lower().removeprefix(FUNCTION_PREFIX)
        given = found.expressions
        if name == "count" and len(given) == 1 and isinstance(given[0], exp.Star):
            _check(given[0])
            return Call("count", (Star(),))
        return Call(name, self._all(given))


_READ: Mapping[type[exp.Expression], Callable[[_Reader, exp.Expression], Node]] = {
    exp.Paren: _Reader.paren,
    exp.Column: _Reader.column,
    exp.Literal: _Reader.literal,
    exp.Null: _Reader.null,
    exp.Boolean: _Reader.boolean,
    exp.Between: _Reader.between,
    exp.In: _Reader.contained,
    exp.Anonymous: _Reader.call,
}


def _check(found: Any) -> None:
    """Refuse a construct that is not on the list, or has something in it that is not."""
    allowed = _ARGUMENTS.get(type(found))
    if allowed is None:
        raise _refused(found)
    for name, value in found.args.items():
        if value and name not in allowed:
            first = value[0] if isinstance(value, list) else value
            raise (
                _refused(first) if isinstance(first, exp.Expression) else RqlError(f"RQL does not have {name.upper()}.")
            )


def _titles(words: Words) -> Iterator[str]:
    """Return how each selected expression was written."""
    depth = 0
    first = last = None
    for word in words.words[1:]:
        if depth == 0 and word.sql in {",", "FROM"}:
            if first is not None and last is not None:
                yield _title(words.query[first.start : last.end])
            if word.sql == "FROM":
                return
            first = None
            continue
        depth += (word.sql == "(") - (word.sql == ")")
        first, last = first or word, word


def _title(text: str) -> str:
    is_one_name = text[0] == text[-1] == "`" and "`" not in text[1:-1]
    return text[1:-1] if is_one_name else text
