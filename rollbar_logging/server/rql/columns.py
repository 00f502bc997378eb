"""The columns of RQL's two tables, and where they are in the database. Any other name is a path into the payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, case, func, select

from rollbar_logging.server.ids import FRAMEWORKS, LEVELS, PLATFORMS, STATUSES
from rollbar_logging.server.rql.values import Kind, Lifted
from rollbar_logging.server.storage.tables import deploys, items, occurrences, projects
from rollbar_logging.server.storage.whole_seconds import whole_seconds


class Column(NamedTuple):
    """A column that is no path.

    Attributes:
        make: Returns it in SQL.
        kind: Of its values.
        is_of_item: Whether the table of items is needed for it.
    """

    make: Callable[[], ColumnElement[Any]]
    kind: Kind
    is_of_item: bool = False


def _plain(table: Table, name: str, kind: Kind) -> Column:
    return Column(lambda: table.c[name], kind, is_of_item=table is items)


def _id(name: str, ids: Mapping[str, int]) -> Column:
    return Column(lambda: case(dict(ids), value=func.lower(items.c[name]), else_=0), "number", is_of_item=True)


def _slug(table: Table) -> Column:
    return Column(lambda: select(projects.c.name).where(projects.c.id == table.c.project_id).scalar_subquery(), "text")


_ITEM_NUMBERS = (
    "id",
    "counter",
    "first_occurrence_id",
    "first_occurrence_timestamp",
    "activating_occurrence_id",
    "last_activated_timestamp",
    "last_resolved_timestamp",
    "last_muted_timestamp",
    "last_occurrence_id",
    "last_occurrence_timestamp",
    "last_modified_by",
    "assigned_user_id",
    "total_occurrences",
)

ITEM_OCCURRENCE: Mapping[str, Column] = {
    "occurrence_id": _plain(occurrences, "id", "number"),
    "timestamp": Column(lambda: whole_seconds(occurrences.c.received_at), "number"),
    "project_slug": _slug(occurrences),
    **{f"item.{name}": _plain(items, name, "number") for name in _ITEM_NUMBERS},
    **{f"item.{name}": _plain(items, name, "text") for name in ("environment", "hash", "title", "resolved_in_version")},
    "item.platform": _id("platform", PLATFORMS),
    "item.framework": _id("framework", FRAMEWORKS),
    "item.level": _id("level", LEVELS),
    "item.status": _id("status", STATUSES),
}
"""What ``*`` stands for."""

OPTIMISED: Mapping[str, Column] = {
    "project_id": _plain(occurrences, "project_id", "number"),
    "uuid": _plain(occurrences, "uuid", "text"),
    "environment": _plain(occurrences, "environment", "text"),
    "framework": _plain(occurrences, "framework", "text"),
}
"""Columns that always have what the payload has at the path of that name."""

DEPLOY: Mapping[str, Column] = {
    **{name: _plain(deploys, name, "number") for name in ("id", "user_id")},
    **{name: _plain(deploys, name, "text") for name in ("environment", "revision", "local_username", "comment")},
    "timestamp": _plain(deploys, "start_time", "number"),
    "project_slug": _slug(deploys),
}

PLACES: Mapping[str, str] = {"browser": "client.javascript.browser", "os": "client.os"}
"""Names that stand for a path other than themselves."""

_ALWAYS_LIFTED: Mapping[str, str] = {
    "context": "context",
    "server.host": "host",
    "server.root": "server_root",
    "request.user_ip": "ip",
    "request.url": "request_url",
    "request.method": "request_method",
    "person.id": "user_id",
    "person.username": "username",
    "person.email": "email",
    "notifier.name": "notifier_name",
    "language": "language",
    "platform": "platform",
}

LIFTED: Mapping[str, Lifted] = {
    **{path: Lifted(occurrences.c[column]) for path, column in _ALWAYS_LIFTED.items()},
    "body.trace.exception.class": Lifted(occurrences.c.exception_class, "trace"),
    "body.trace.exception.message": Lifted(occurrences.c.exception_message, "trace"),
    "body.trace_chain.0.exception.class": Lifted(occurrences.c.exception_class, "trace_chain"),
    "body.trace_chain.0.exception.message": Lifted(occurrences.c.exception_message, "trace_chain"),
}
"""Paths whose text has a column of its own, cut short at 255 characters."""

_IMPLIED: Mapping[str, ColumnElement[str]] = {
    "code_version": occurrences.c.code_version,
    **{path: lifted.column for path, lifted in LIFTED.items()},
}
"""Columns that have a text if the path has it; not the other way round."""

_LONGEST_LIFTED = 255
_SIGNS_OF_NUMBERS = frozenset("0123456789.eE+-")


def implied_texts(name: str, texts: list[str]) -> ColumnElement[bool] | None:
    """Return what is true of a column wherever a path is one of *texts*, so that few payloads are looked into.

    Not of what may be a number or a truth taken as a text, of JSON, or of what is empty or long: a column may
    have something else then.
    """
    is_level = name == "level" and set(texts) <= LEVELS.keys()
    column = occurrences.c.level if is_level else _IMPLIED.get(name)
    if column is None or not all(_is_plain(text) for text in texts):
        return None
    return column.in_(texts)


def _is_plain(text: str) -> bool:
    may_be_number = text[:1] in "-0123456789" and not any(sign not in _SIGNS_OF_NUMBERS for sign in text)
    return not may_be_number and text[:1] not in "{[" and len(text) <= _LONGEST_LIFTED
