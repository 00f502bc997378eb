"""The parts of one server, put together around its database."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.access_log import AccessLog, App, access_logger
from rollbar_logging.server.addresses import is_loopback, listen, url_of
from rollbar_logging.server.app import LocalApp
from rollbar_logging.server.background import Background, Job, every
from rollbar_logging.server.connections import DEFAULT_LIMITS, Guards
from rollbar_logging.server.counters import Counters
from rollbar_logging.server.health import Health
from rollbar_logging.server.options import ServerOptions
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.password import Password
from rollbar_logging.server.rate_limit import RateLimiter
from rollbar_logging.server.received import ReceivedOccurrence, StoredItem
from rollbar_logging.server.retention import Retention, SizeNote
from rollbar_logging.server.running import Running
from rollbar_logging.server.storage.access_tokens import (
    change_token,
    digest_of,
    ensure_tokens,
    load_tokens,
    new_text,
    salt_of,
)
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.fixed_projects import ensure_projects
from rollbar_logging.server.storage.items import list_items
from rollbar_logging.server.storage.opening import open_store
from rollbar_logging.server.storage.people import ensure_user
from rollbar_logging.server.storage.reading import list_arrivals
from rollbar_logging.server.storage.removal import resume_removals
from rollbar_logging.server.token_changes import reload_tokens
from rollbar_logging.server.tokens import ACCOUNT_TOKENS, SCOPES, TokenBook

_RETENTION_SECONDS = 60.0
_TOKENS_SECONDS = 5.0
_SIZE_SECONDS = 3600.0


class Service:
    """A server's database, tokens, counts and socket; what `running` returns takes calls.

    Attributes:
        counters: Of calls and answers.
        known_tokens: Texts of the first project's and the account's tokens by name: of those made now or given.
        known_by_project: The same of the projects that were given, by project's name.
        is_loopback: Whether only programs of this machine can reach the server.
    """

    def __init__(self, options: ServerOptions) -> None:
        """Open the database.

        Raises:
            RollbarError: The address is taken or none of this machine's, or others can reach it and no password is
                given; the database cannot be used; two tokens are given the same text.
        """
        self._listener = _listener(options)
        self.is_loopback = is_loopback(self._listener)
        try:
            self._open(options)
        except BaseException:
            self._listener.close()
            raise

    def _open(self, options: ServerOptions) -> None:
        self.counters = Counters()
        self.known_tokens: dict[str, str] = {}
        self.known_by_project: dict[str, dict[str, str]] = {}
        self._options = options
        self._unix_clock = options.unix_clock
        self._database = Database(lambda: open_store(options.database, options.unix_clock()), options.unix_clock)
        self._book = TokenBook()
        self._parts = Parts(
            database=self._database,
            tokens=self._book,
            limiter=RateLimiter(options.rate_limit, options.clock, options.unix_clock),
            counters=self.counters,
            unix_clock=options.unix_clock,
            max_body=options.max_body,
            # Nothing that another site could make a browser fetch is given without the password.
            own_hosts=frozenset({options.host.lower(), *("*" if options.password else "")}),
            known_tokens=self.known_tokens,
            known_by_project=self.known_by_project,
        )
        self._database.start()
        try:
            self._make_tokens()
            for name, email in options.users.items():
                self._database.change(partial(ensure_user, username=name, email=email, now=self._unix_clock())).result()
            resume_removals(self._database)
        except BaseException:
            self._database.close()
            raise

    def running(self) -> Running:
        """Return what will take calls at the address of the options."""
        options = self._options
        password = None if options.password is None else Password(options.password, options.clock)
        app: App = LocalApp(self._parts, Health(self._database, time.monotonic), password)
        on_refused: Callable[[int, str], None] = _nothing
        if options.log is not None:
            log = AccessLog(access_logger(options.log, sys.stderr), self._book.has)
            app, on_refused = log.around(app), log.refused
        guards = Guards(DEFAULT_LIMITS, on_refused)
        url = url_of(options.host, self._listener.getsockname()[1])
        return Running(app, self._listener, url, guards, Background([guards.watch, *self._upkeep()]))

    def _upkeep(self) -> Iterator[Job]:
        if self._options.retention is not None:
            retention = Retention(self._database, self._options.retention, self._unix_clock)
            yield partial(every, _RETENTION_SECONDS, "deleting old occurrences", retention.run)
        if self._options.database is not None:
            reload = partial(reload_tokens, self._parts)
            yield partial(every, _TOKENS_SECONDS, "looking for changed access tokens", reload)
            yield partial(every, _SIZE_SECONDS, "looking at the database's size", SizeNote(self._database).run)

    def close(self) -> None:
        """Close the socket and the database. May be called more than once."""
        self._listener.close()
        self._database.close()

    def set_enabled(self, name: str, is_enabled: bool) -> None:
        """Enable or disable the first project's token of that name; ``KeyError`` when there is none."""
        found = {token.name: token for token in self._book if token.project_id == PROJECT_ID}[name]
        status = "enabled" if is_enabled else "disabled"
        self._database.change(
            lambda database: change_token(database, found.id, self._unix_clock(), status=status)
        ).result()
        self._load_tokens()

    def arrivals(self, kind: str | None) -> list[ReceivedOccurrence]:
        """Return the first project's occurrences of that kind in the order of arrival."""
        return self._database.ask(lambda database: list_arrivals(database, PROJECT_ID, kind=kind)).result()

    def items(self) -> list[StoredItem]:
        """Return the first project's 100 last active items, the last active first."""
        return self._database.ask(lambda database: list_items(database, PROJECT_ID)).result()[1]

    def _make_tokens(self) -> None:
        options, now = self._options, self._unix_clock()
        names = list(options.projects)
        ids = self._database.change(lambda found: ensure_projects(found, names, PROJECT_ID, now)).result()
        given: dict[int | None, dict[str, str]] = {PROJECT_ID: {}, None: {}}
        for name, texts in options.projects.items():
            given[ids[name]] = {**given.get(ids[name], {}), **texts}
        for name, text in options.tokens.items():
            given[None if name in ACCOUNT_TOKENS else PROJECT_ID][name] = text
        if options.new_tokens:
            given[PROJECT_ID] = {name: new_text() for name in SCOPES} | given[PROJECT_ID]
            given[None] = {name: new_text() for name in ACCOUNT_TOKENS} | given[None]
        for project_id, texts in given.items():
            made = self._database.change(partial(ensure_tokens, given=texts, project_id=project_id, now=now)).result()
            if project_id in {PROJECT_ID, None}:
                self.known_tokens.update(made)
            self.known_by_project.update({name: made for name, id_ in ids.items() if id_ == project_id})
        self._load_tokens()

    def _load_tokens(self) -> None:
        tokens, salt = self._database.change(lambda database: (load_tokens(database), salt_of(database))).result()
        self._book.fill(tokens, partial(digest_of, salt=salt))


def _listener(options: ServerOptions) -> socket.socket:
    listener = listen(options.host, options.port)
    if options.password is None and not is_loopback(listener):
        listener.close()
        raise RollbarError(
            f"others can reach this server at {options.host}, so its pages need a password: give one by the "
            "environment variable ROLLBAR_SERVE_PASSWORD or by --password (LocalServer: password=…), "
            "or listen on 127.0.0.1"
        )
    return listener


def _nothing(_status: int, _remote: str) -> None:
    pass
