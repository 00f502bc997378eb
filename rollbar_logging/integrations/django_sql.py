"""Django: the statements of SQL that a request or task has run are in the trail that travels along with a report.

    from rollbar_logging.integrations import django_sql

    django_sql.install()

In the settings or in the ``ready`` of an `AppConfig`; of all databases. An event has the statement's text without its
parameters, and without the literals that were written into it; of its rows nothing. An error is told by its class
alone, as the words of a database may repeat a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created

from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.telemetry import cut_note
from rollbar_logging.capture.type_names import named, type_name
from rollbar_logging.integrations.watching import Span, Told, Watch

MAX_STATEMENT = 512
"""Characters of a statement that are kept."""

_ID = "rollbar_logging.django_sql"

_STRING = r"'(?:[^']|'')*(?:'|\Z)"
_ESCAPED = r"'(?:[^'\\]|\\(?:.|\Z)|'')*(?:'|\Z)"
_COMMENTS = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_LITERALS = re.compile(
    rf"""(?P<kept> {_COMMENTS} | "(?:[^"]|"")*(?:"|\Z) | `[^`]*(?:`|\Z) )
       | (?<!\w)[eE]{_ESCAPED} | {_STRING}
       | (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_LITERALS_OF_MYSQL = re.compile(
    rf"""(?P<kept> {_COMMENTS} | \#[^\n]* | `[^`]*(?:`|\Z) ) | {_ESCAPED} | {_ESCAPED.replace("'", '"')}""",
    re.VERBOSE | re.DOTALL,
)
"""Literals; MySQL reads double quotes and backslashes otherwise than the standard does."""


def install() -> Callable[[], None]:
    """Watch the connections to all databases; a second call changes nothing.

    Those that this thread has open are watched at once, all others of the process from the next time they connect on.

    Returns:
        A function that undoes it.
    """
    watch: _Statements = vars(connections).setdefault(_ID, _Statements())
    watch.is_on = True
    connection_created.connect(watch.connected, weak=False, dispatch_uid=_ID)
    for connection in _open():
        watch.connected(connection)

    def undo() -> None:
        watch.is_on = False  # also for the connections of other threads, which cannot be reached
        connection_created.disconnect(dispatch_uid=_ID)
        for connection in _open():
            if watch in connection.execute_wrappers:
                connection.execute_wrappers.remove(watch)

    return undo


class _Statements(Watch):
    """What each connection calls around a statement: one object, kept beside Django's connections."""

    def __init__(self) -> None:
        super().__init__("Django's database")

    def connected(self, connection: Any, **_: Any) -> None:
        """Watch a connection, if it is not watched yet."""
        try:
            if self not in connection.execute_wrappers:
                # First, since `connection.execute_wrapper` takes off whatever is last when its block ends.
                connection.execute_wrappers.insert(0, self)
        except Exception as error:  # noqa: BLE001 - a connection must not fail because it is watched
            self.tell_trouble(error)

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement as Django would, and note it."""
        span = self.begin(_told, sql, many, context)
        if span is None:
            return execute(sql, params, many, context)
        with span:
            return execute(sql, params, many, context)


def _open() -> list[Any]:
    # While the settings are being read there is no connection, and to look for one would read them half.
    return connections.all(initialized_only=True) if settings.configured else []


def _told(span: Span, error: BaseException | None, sql: Any, many: bool, context: Any) -> Told:
    connection = context["connection"]
    body: dict[str, Plain] = {
        "message": text_of_statement(sql, connection.vendor),
        "subtype": "sql",
        "database": str(connection.alias),
        "duration_ms": span.milliseconds,
    }
    if many:
        body["many"] = True
    if error is not None:
        body["error"] = type_name(type(error))
    return "log", body, error is not None


def text_of_statement(sql: object, vendor: str) -> str:
    """Return a statement without its literals, bounded; one that is no text is told by its class.

    Args:
        sql: As it was given to a cursor.
        vendor: As Django names it: ``mysql`` for MariaDB too.
    """
    if not isinstance(sql, str):
        return named(type(sql))
    whole = str.__str__(sql)
    kept = whole[:MAX_STATEMENT]
    if "'" in kept or '"' in kept or "$" in kept:
        kept = (_LITERALS_OF_MYSQL if vendor == "mysql" else _LITERALS).sub(_without_literal, kept)
    missing = len(whole) - MAX_STATEMENT
    return f"{kept}{cut_note(missing)}" if missing > 0 else kept


def _without_literal(found: re.Match[str]) -> str:
    return found[0] if found["kept"] is not None else "'?'"
