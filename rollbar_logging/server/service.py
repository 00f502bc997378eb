"""The parts of one server, put together around its database."""

from __future__ import annotations

from functools import partial

from rollbar_logging.server.counters import Counters
from rollbar_logging.server.options import ServerOptions
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.rate_limit import RateLimiter
from rollbar_logging.server.received import ReceivedOccurrence, StoredItem
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
from rollbar_logging.server.storage.items import list_items
from rollbar_logging.server.storage.opening import open_store
from rollbar_logging.server.storage.reading import list_arrivals
from rollbar_logging.server.tokens import ACCOUNT_TOKENS, SCOPES, TokenBook


class Service:
    """A server's database, tokens and counts; `listen` makes it take calls.

    Attributes:
        counters: Of calls and answers.
        known_tokens: Texts of tokens by name: of those that were made now or given.
    """

    def __init__(self, options: ServerOptions) -> None:
        """Open the database.

        Raises:
            RollbarError: It cannot be used, or two tokens are given the same text.
        """
        self.counters = Counters()
        self.known_tokens: dict[str, str] = {}
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
            own_hosts=frozenset({options.host.lower()}),
        )
        self._database.start()
        try:
            self._make_tokens()
        except BaseException:
            self._database.close()
            raise

    def listen(self) -> Running:
        """Return what will take calls at the address of the options.

        Raises:
            RollbarError: The address is taken, or is none of this machine's.
        """
        return Running(self._parts, self._options.host, self._options.port)

    def close(self) -> None:
        """Close the database. May be called more than once."""
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
        given = dict(self._options.tokens)
        if self._options.new_tokens:
            given = {name: new_text() for name in (*SCOPES, *ACCOUNT_TOKENS)} | given
        for project_id in (PROJECT_ID, None):
            made = self._database.change(
                partial(ensure_tokens, given=given, project_id=project_id, now=self._unix_clock())
            ).result()
            self.known_tokens.update(made)
        self._load_tokens()

    def _load_tokens(self) -> None:
        tokens, salt = self._database.change(lambda database: (load_tokens(database), salt_of(database))).result()
        self._book.fill(tokens, partial(digest_of, salt=salt))
