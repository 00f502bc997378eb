"""`LocalServer`: the whole server as one object, in a thread of this process or on the calling thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.body import DEFAULT_MAX_BODY
from rollbar_logging.server.counters import ServerStats
from rollbar_logging.server.options import SHORTEST_PASSWORD, TOKEN_NAMES, ServerOptions
from rollbar_logging.server.rate_limit import DEFAULT_RATE_LIMIT
from rollbar_logging.server.received import ReceivedOccurrence, StoredItem
from rollbar_logging.server.tokens import SCOPES

if TYPE_CHECKING:
    from rollbar_logging.server.running import Running
    from rollbar_logging.server.service import Service


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
        database: SQLite file, URL of a PostgreSQL database, or ``None`` for memory that ends with the server.
        access_token: The token with the scope ``post_server_item``; by default the database's, else a
            new one.
        tokens: Texts of other tokens by name, as in the attribute of that name; others are the database's, or new.
        projects: Texts of tokens by scope, per project's name. The first is the server's first project; those that
            the database does not have are made.
        users: E-mail addresses by name of users that the account shall have beside its owner: whom items can be
            assigned to, and in whose name deploys are reported.
        new_tokens: Whether all other tokens get new texts: the database keeps none that could be shown again.
        password: What the pages ask for, of 8 characters or more. On an address that other machines can reach
            there has to be one.
        retention: Seconds after which occurrences are deleted; ``None``: never. Items and counts stay.
        max_body: Bytes of the largest body taken.
        rate_limit: Calls and seconds of each token's window, or ``None`` for no limit.
        log: Form of the access log, ``"json"`` or ``"text"``, a line for each call on standard error; ``None``: no log.
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
        tokens: Mapping[str, str] | None = None,
        projects: Mapping[str, Mapping[str, str]] | None = None,
        users: Mapping[str, str] | None = None,
        new_tokens: bool = False,
        password: str | None = None,
        retention: float | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        rate_limit: tuple[int, float] | None = DEFAULT_RATE_LIMIT,
        log: Literal["json", "text"] | None = None,
        clock: Callable[[], float] = time.monotonic,
        unix_clock: Callable[[], float] = time.time,
    ) -> None:
        fixed = dict(tokens or {}) | ({"post_server_item": access_token} if access_token else {})
        self._options = ServerOptions(
            host=host,
            port=port,
            database=database,
            tokens=fixed,
            projects=dict(projects or {}),
            users=dict(users or {}),
            new_tokens=new_tokens,
            password=password,
            retention=retention,
            max_body=max_body,
            rate_limit=rate_limit,
            log=log,
            clock=clock,
            unix_clock=unix_clock,
        )
        _check(self._options)
        self._service: Service | None = None
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
        if self._service is not None:
            self._service.close()

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
        """The access tokens by name: the first project's four, named like their scopes, and the account's two.

        A token that an earlier server made in the same database is not among them, unless its text was given:
        the database keeps no texts.
        """
        return dict(self._up.known_tokens)

    @property
    def project_tokens(self) -> dict[str, dict[str, str]]:
        """The access tokens by project's name, of the projects that were given at the start; known ones only."""
        return {name: dict(texts) for name, texts in self._up.known_by_project.items()}

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine can reach the server."""
        return self._up.is_loopback

    def set_enabled(self, token_name: str, is_enabled: bool) -> None:
        """Enable or disable the first project's token of that name; ``KeyError`` when there is none."""
        self._up.set_enabled(token_name, is_enabled)

    def occurrences(self, kind: str | None = "item") -> list[ReceivedOccurrence]:
        """Return what has arrived in the first project, in the order of arrival.

        Args:
            kind: ``item``: what clients sent. ``api_error`` and ``system``: what the server tells of
                rejected items and of rate limits. ``None``: all.
        """
        return self._up.arrivals(kind)

    def items(self) -> list[StoredItem]:
        """Return the first project's 100 last active items, the last active first."""
        return self._up.items()

    def stats(self) -> ServerStats:
        """Return the counts since the start."""
        return self._up.counters.snapshot()

    @property
    def _up(self) -> Service:
        if self._service is None:
            raise RollbarError("the local server has not been started")
        return self._service

    def _open(self) -> Running:
        self._service = _service_class()(self._options)
        self._running = self._service.running()
        return self._running


def _check(options: ServerOptions) -> None:
    unknown = sorted({*options.tokens} - {*TOKEN_NAMES})
    for texts in options.projects.values():
        unknown += sorted({*texts} - {*SCOPES})
    if unknown:
        raise RollbarError(f"no token is called {unknown[0]}: the names are {', '.join(TOKEN_NAMES)}")
    if options.password is not None and len(options.password) < SHORTEST_PASSWORD:
        raise RollbarError(f"the password is too short: give one of {SHORTEST_PASSWORD} characters or more")
    if options.retention is not None and options.retention <= 0:
        raise RollbarError(f"retention={options.retention!r}: expected seconds above 0, or None")
    if options.log not in {None, "json", "text"}:
        raise RollbarError(f"log={options.log!r}: expected 'json', 'text' or None")


def _service_class() -> type[Service]:
    try:
        from rollbar_logging.server.service import Service  # noqa: PLC0415 - it needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {
            "starlette",
            "uvicorn",
            "sqlalchemy",
            "multipart",
            "jinja2",
            "sqlglot",
        }:
            raise
        raise RollbarError("the local server needs more packages: pip install 'rollbar-logging[server]'") from error
    return Service
