"""Running one RQL query."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from rollbar_logging.server.rql.compiling import TABLES, Compiled, compile_query
from rollbar_logging.server.rql.parsing import parse_query
from rollbar_logging.server.rql.words import LARGEST_INTEGER, RqlError

TIME_LIMIT = 60.0
"""Seconds that a query may take."""

_MOST_CHARACTERS = 8_000_000
"""Of the texts of a result: a thousand payloads of a megabyte would fill the memory."""
_AGAIN_SECONDS = 0.05
_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the clock: fractions of a millisecond."""
_PLAIN_PLANS = "SELECT set_config(name, 'off', true) FROM pg_settings WHERE name IN ('enable_memoize', 'jit')"
"""PostgreSQL would keep whole payloads to find the same one again, and translate each query into machine code."""
_SHOW_TABLES = re.compile(r"\s*show\s+tables\s*;?\s*", re.IGNORECASE)


class RqlResult(NamedTuple):
    """What a query gave.

    Attributes:
        columns: What was selected, as it was written.
        rows: One list of values a row, aligned with *columns*: numbers, texts and ``None``.
        errors: Why there is no result, in sentences; empty when there is one.
        warnings: What the reader of the result should know.
        rowcount: How many rows.
        execution_time: Seconds.
        is_timed_out: Whether it took longer than it may.
        is_stopped: Whether it was stopped from outside.
    """

    columns: list[str]
    rows: list[list[Any]]
    errors: list[str]
    warnings: list[str]
    rowcount: int
    execution_time: float
    is_timed_out: bool = False
    is_stopped: bool = False


class Stop:
    """Stops a running query from another thread."""

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._lock = threading.Lock()
        self._interrupt: Callable[[], object] | None = None

    def set(self) -> None:
        """Stop the query that runs, or else the one that will; on return it has ended."""
        self._is_set.set()
        # An interruption that comes just before the statement is lost.
        while self._interrupt_once():
            time.sleep(_AGAIN_SECONDS)

    def is_set(self) -> bool:
        """Whether it is to stop."""
        return self._is_set.is_set()

    def _interrupt_once(self) -> bool:
        with self._lock:
            if self._interrupt is None:
                return False
            self._interrupt()
            return True

    @contextmanager
    def stopping(self, interrupt: Callable[[], object]) -> Iterator[None]:
        """Within this, have *interrupt* called when it is to stop; after it, never: the connection is another's."""
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None


def run_rql(
    connection: Connection,
    project_id: int,
    query_string: str,
    *,
    now: float,
    time_limit: float = TIME_LIMIT,
    stop: Stop | None = None,
) -> RqlResult:
    """Run one query over a project's occurrences and deploys. Reads only, and never raises for what the query says.

    Args:
        connection: The database.
        project_id: Whose occurrences and deploys.
        query_string: The query as a person wrote it.
        now: Unix seconds, for ``unix_timestamp()``.
        time_limit: Seconds that it may take.
        stop: Stops it earlier.
    """
    started = time.perf_counter()
    if _SHOW_TABLES.fullmatch(query_string):
        return _result(started, columns=["tables"], rows=[[name] for name in TABLES])
    try:
        compiled = compile_query(parse_query(query_string), project_id, connection.dialect.name, now)
        return _run(connection, compiled, time_limit, stop or Stop(), started)
    except RqlError as error:
        return _result(started, errors=[str(error)])
    except RecursionError:
        return _result(started, errors=["The query is nested too deeply."])


def _run(connection: Connection, compiled: Compiled, time_limit: float, stop: Stop, started: float) -> RqlResult:
    is_late: Callable[[], bool] = lambda: time.perf_counter() - started >= time_limit  # noqa: E731 - a clock
    driver: Any = connection.connection.driver_connection
    try:
        with _limited(connection, driver, time_limit, is_late), stop.stopping(_interrupter(driver)):
            if stop.is_set():
                return _stopped(started)
            # One by one: the rows of a large result need not all be in memory.
            rows = connection.execute(compiled.statement.execution_options(stream_results=True))
            kept, is_complete = _kept(rows)
            rows.close()
            if stop.is_set():
                return _stopped(started)
    except (SQLAlchemyError, sqlite3.Error) as error:
        if stop.is_set():
            return _stopped(started)
        if is_late():
            told = f"The query took longer than {time_limit:g} seconds. Ask for fewer rows, say by timestamp."
            return _result(started, errors=[told])._replace(is_timed_out=True)
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        return _result(started, errors=[f"The database cannot answer this: {reason}"])
    warnings = compiled.warnings
    if not is_complete:
        warnings = [*warnings, f"The result was cut after {len(kept)} rows: it is too large."]
    return _result(started, columns=compiled.titles, rows=kept, warnings=warnings)


def _stopped(started: float) -> RqlResult:
    return _result(started, errors=["The query was cancelled."])._replace(is_stopped=True)


def _result(
    started: float,
    *,
    columns: Sequence[str] = (),
    rows: Sequence[list[Any]] = (),
    errors: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> RqlResult:
    spent = time.perf_counter() - started
    return RqlResult(list(columns), list(rows), list(errors), list(warnings), len(rows), spent)


@contextmanager
def _limited(connection: Connection, driver: Any, time_limit: float, is_late: Callable[[], bool]) -> Iterator[None]:
    """Have the database give up in time, and refuse to write."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(_PLAIN_PLANS)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(int(time_limit * 1000), 1)}")
        yield
        return
    driver.set_progress_handler(is_late, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, _STEPS)


def _interrupter(driver: Any) -> Callable[[], object]:
    found: Callable[[], object] = driver.interrupt if isinstance(driver, sqlite3.Connection) else driver.cancel
    return found


def _kept(rows: Iterable[Sequence[Any]]) -> tuple[list[list[Any]], bool]:
    """Return the rows in plain values, and whether that is all of them."""
    kept: list[list[Any]] = []
    size = 0
    for row in rows:
        values = [_plain(value) for value in row]
        size += sum(len(value) for value in values if isinstance(value, str))
        if size > _MOST_CHARACTERS:
            return kept, False
        kept.append(values)
    return kept, True


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        value = int(value)
    if isinstance(value, (Decimal, float)) or (isinstance(value, int) and abs(value) > LARGEST_INTEGER):
        return _finite(value)
    return value


def _finite(value: Decimal | float) -> float | None:
    """Return a number as JSON can carry it to readers of any language."""
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
