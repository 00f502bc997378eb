"""A search's terms as conditions of SQL, with values as parameters only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, exists, false, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from rollbar_logging.server.search import Term
from rollbar_logging.server.storage.tables import items, occurrences

_OF_ITEMS = frozenset({"hash", "counter", "framework"})


class _alike(FunctionElement[bool]):  # noqa: N801 - it is written like a function of SQL
    """Whether a text is like a pattern, in whatever case."""

    type = Boolean()
    inherit_cache = True


@compiles(_alike)
def _ilike(element: _alike, compiler: Any, **options: Any) -> str:
    text, pattern = element.clauses
    return str(compiler.process(text.ilike(pattern, escape="\\"), **options))


@compiles(_alike, "sqlite")
def _like_of_sqlite(element: _alike, compiler: Any, **options: Any) -> str:
    """Use that LIKE looks at no ASCII letter's case there: ``ilike`` would write each row's text anew before."""
    text, pattern = element.clauses
    return str(compiler.process(text.like(pattern, escape="\\"), **options))


def item_matches(terms: Sequence[Term]) -> list[ColumnElement[bool]]:
    """Return conditions for items: their own columns, and one occurrence that matches all other terms."""
    conditions = [_of_item(term) for term in terms if term.column in _OF_ITEMS]
    # The words of the title alone need no look at occurrences: an item has its first one's title.
    titles = [term for term in terms if term.column == "title"]
    others = [term for term in terms if term.column not in {*_OF_ITEMS, "title"}]
    conditions += [_alike(items.c.title, term.pattern) for term in titles]
    if others:
        # All occurrences are gone through once, in the order of the disk; asked of each item, they would be fetched
        # one by one whenever few match, and those are the searches of somebody who looks for something.
        matching = select(occurrences.c.item_id).where(*(_like(term) for term in others))
        conditions.append(items.c.id.in_(matching))
    return conditions


def occurrence_matches(terms: Sequence[Term]) -> list[ColumnElement[bool]]:
    """Return conditions for occurrences, whichever item they belong to."""
    conditions = [_like(term) for term in terms if term.column not in _OF_ITEMS]
    of_item = [_of_item(term) for term in terms if term.column in _OF_ITEMS]
    if of_item:
        conditions.append(exists().where(items.c.id == occurrences.c.item_id, *of_item))
    return conditions


def _of_item(term: Term) -> ColumnElement[bool]:
    if term.column == "counter":
        return items.c.counter == int(term.pattern) if len(term.pattern) < 16 else false()  # noqa: PLR2004 - 53 bits
    return _alike(items.c[term.column], term.pattern)


def _like(term: Term) -> ColumnElement[bool]:
    return _alike(occurrences.c[term.column], term.pattern)
