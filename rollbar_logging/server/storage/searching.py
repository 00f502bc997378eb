"""A search's terms as conditions of SQL, with values as parameters only."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, false

from rollbar_logging.server.search import Term
from rollbar_logging.server.storage.tables import items, occurrences

_OF_ITEMS = frozenset({"hash", "counter"})


def item_matches(terms: Sequence[Term]) -> list[ColumnElement[bool]]:
    """Return conditions for items: their own columns, and one occurrence that matches all other terms."""
    conditions = [_of_item(term) for term in terms if term.column in _OF_ITEMS]
    # The words of the title alone need no look at occurrences: an item has its first one's title.
    titles = [term for term in terms if term.column == "title"]
    others = [term for term in terms if term.column not in {*_OF_ITEMS, "title"}]
    conditions += [items.c.title.ilike(term.pattern, escape="\\") for term in titles]
    if others:
        conditions.append(exists().where(occurrences.c.item_id == items.c.id, *(_like(term) for term in others)))
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
    return items.c[term.column].ilike(term.pattern, escape="\\")


def _like(term: Term) -> ColumnElement[bool]:
    return occurrences.c[term.column].ilike(term.pattern, escape="\\")
