"""`LocalServer`: the whole server as one object, in a thread of this process or on the calling thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import reading
from rollbar_logging.server.body import DEFAULT_MAX_BODY
from rollbar_logging.server.counters import Counters, ServerStats
from rollbar_logging.server.database import Database
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.rate_limit import DEFAULT_RATE_LIMIT, RateLimiter
from rollbar_logging.server.reading import ReceivedOccurrence, StoredItem
from rollbar_logging.server.store import open_database, project_tokens
from rollbar_logging.server.tokens import TokenBook

if TYPE_CHECKING:
    from rollbar_logging.server.running import Running


class LocalServer:
    """A server that speaks the Rollbar API, on this machine.

    One object runs once. As a context manager it runs in a thread; it takes calls when ``with`` is
    entered, and all of its threads and sockets are gone when it is left::

        with LocalServer(rate_limit=(50, 1.0)) as server:
            post_to(server.endpoint, server.tokens["post_server_item"])
            assert len(server.occurrences()) == 1

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        database: SQLite file, or ``None`` for one in memory that ends with the server.
        access_token: The token with the scope ``post_server_item``; by default the database's, else a
            new one.
        max_body: Bytes of the largest body taken.
        rate_limit: Calls and seconds of each token's window, or ``None`` for no limit.
        clock: Monotonic seconds by which windows end.
        unix_clock: Unix seconds by which arrivals are stamped.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        database: str | Path | None = None,
        access_token: str | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        rate_limit: tuple[int, float] | None = DEFAULT_RATE_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        unix_clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._port = port
        self._access_token = access_token
        self._max_body = max_body
        self._unix_clock = unix_clock
        self._limiter = RateLimiter(rate_limit, clock, unix_clock)
        self._counters = Counters()
        path = None if database is None else Path(database)
        self._database = Database(lambda: open_database(path))
        self._book = TokenBook(())
        self._running: Running | None = None

    def start(self) -> None:
        """Take calls, in a thread, from now on.

        Raises:
            RollbarError: The extra ``server`` is not installed, the port is taken, or the database cannot
                be used.
        """
        try:
            self._open().start()
        except BaseException:
            self.stop()
            raise

    def run(self, on_ready: Callable[[LocalServer], None]) -> None:
        """Take calls on the calling thread until SIGINT or SIGTERM; *on_ready* is called when it does.

        Raises:
            RollbarError: As `start`.
        """
        try:
            self._open().run(lambda: on_ready(self))
        finally:
            self.stop()

    def stop(self) -> None:
        """Answer the calls that came, and end. May be called more than once."""
        if self._running is not None:
            self._running.stop()
        self._database.close()

    def __enter__(self) -> LocalServer:  # noqa: PYI034 - typing.Self came with Python 3.11
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Address of the first page, with a final slash."""
        if self._running is None:
            raise RollbarError("the local server has not been started")
        return self._running.url

    @property
    def endpoint(self) -> str:
        """The API's base, with a final slash: the option ``endpoint`` of the handler."""
        return f"{self.url}api/1/"

    @property
    def tokens(self) -> dict[str, str]:
        """The project's access tokens by name; the four names are those of the scopes."""
        return self._book.named()

    def set_enabled(self, token_name: str, is_enabled: bool) -> None:
        """Enable or disable a token until the server stops; ``KeyError`` when there is none of that name."""
        self._book.set_enabled(token_name, is_enabled)

    def occurrences(self, kind: str | None = "item") -> list[ReceivedOccurrence]:
        """Return what has arrived, in the order of arrival.

        Args:
            kind: ``item``: what clients sent. ``api_error`` and ``system``: what the server tells of
                rejected items and of rate limits. ``None``: all.
        """
        return self._database.ask(lambda database: reading.list_arrivals(database, PROJECT_ID, kind=kind)).result()

    def items(self) -> list[StoredItem]:
        """Return the 100 last active items, the last active first."""
        return self._database.ask(lambda database: reading.list_items(database, PROJECT_ID, {})).result()[1]

    def stats(self) -> ServerStats:
        """Return the counts since the start."""
        return self._counters.snapshot()

    def _open(self) -> Running:
        make = _running_class()
        self._database.start()
        tokens = self._database.ask(lambda database: project_tokens(database, self._access_token)).result()
        self._book = TokenBook(tokens)
        parts = Parts(
            self._database,
            self._book,
            self._limiter,
            self._counters,
            self._unix_clock,
            self._max_body,
            frozenset({self._host.lower()}),
        )
        self._running = make(parts, self._host, self._port)
        return self._running


def _running_class() -> type[Running]:
    try:
        from rollbar_logging.server.running import Running  # noqa: PLC0415 - it needs the extra
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "uvicorn"}:
            raise
        raise RollbarError("the local server needs more packages: pip install 'rollbar-logging[server]'") from error
    return Running
