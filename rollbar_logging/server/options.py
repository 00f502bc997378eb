"""What a server is told at its start. Needs no extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rollbar_logging.server.tokens import ACCOUNT_TOKENS, SCOPES

TOKEN_NAMES = (*SCOPES, *ACCOUNT_TOKENS)
"""The first project's tokens, named like their scopes, and the account's."""

SHORTEST_PASSWORD = 8
"""Characters: fewer can be guessed in spite of all waiting."""


class ServerOptions(NamedTuple):
    """The options of one server.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        database: SQLite file, URL of a PostgreSQL database, or ``None`` for memory.
        tokens: Texts of the first project's and the account's tokens by name; others are the database's, or new.
        projects: Texts of tokens by scope, per project's name; the first is the first project.
        users: E-mail addresses by user name: users that the account shall have.
        new_tokens: Whether the first project's and the account's tokens get new texts, where none is given.
        password: What whoever looks at the pages has to know; ``None``: nothing.
        retention: Seconds after which occurrences are deleted; ``None``: never.
        max_body: Bytes of the largest body taken.
        rate_limit: Calls and seconds of each token's window, whatever limit of its own it has; ``None``: no limit.
        log: Form of the access log on standard error, ``json`` or ``text``; ``None``: there is none.
        clock: Monotonic seconds by which windows end.
        unix_clock: Unix seconds by which arrivals are stamped.
    """

    host: str
    port: int
    database: str | Path | None
    tokens: Mapping[str, str]
    projects: Mapping[str, Mapping[str, str]]
    users: Mapping[str, str]
    new_tokens: bool
    password: str | None
    retention: float | None
    max_body: int
    rate_limit: tuple[int, float] | None
    log: str | None
    clock: Callable[[], float]
    unix_clock: Callable[[], float]

    def __repr__(self) -> str:
        """Tell the address only: the rest holds tokens, a password, and a URL that may hold another."""
        return f"ServerOptions(host={self.host!r}, port={self.port!r})"
