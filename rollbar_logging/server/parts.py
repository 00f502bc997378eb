"""What the routes of one running server share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.call_note import CALL_NOTE
from rollbar_logging.server.counters import Counters
from rollbar_logging.server.rate_limit import RateLimiter, Verdict
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.tokens import Token, TokenBook, passed_token

PROJECT_ID = 1
"""The project that a new database begins with."""


class Parts(NamedTuple):
    """The parts that every route may use.

    Attributes:
        database: Where occurrences are.
        tokens: All access tokens.
        limiter: Counts calls by token.
        counters: Counts answers.
        unix_clock: Unix seconds.
        max_body: Bytes of the largest body.
        own_hosts: Names under which pages are served, beside IP addresses and ``localhost``; ``*``: all names.
        known_tokens: Texts of the first project's and the account's tokens, by name, where they are known.
        known_by_project: The same of other projects, by project's name.
    """

    database: Database
    tokens: TokenBook
    limiter: RateLimiter
    counters: Counters
    unix_clock: Callable[[], float]
    max_body: int
    own_hosts: frozenset[str]
    known_tokens: Mapping[str, str]
    known_by_project: Mapping[str, Mapping[str, str]]

    def __repr__(self) -> str:
        return "Parts(…)"  # some of them hold secrets


class Caller:
    """Who makes a call, and what the rate limit says of it. Filled in as it becomes known."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self._text = ""

    def admit(self, parts: Parts, headers: Mapping[str, str], in_body: str | None, query: str) -> Token:
        """Find the call's token and count the call; whether it is over the limit, `refuse_if_over` tells.

        Raises:
            Refused: 422 without a token, 403 for an unknown or a disabled one.
        """
        self._text = passed_token(headers, in_body, query)
        token = parts.tokens.find(self._text)
        note = CALL_NOTE.get()
        if note is not None:
            note.token_name = token.name
        self.verdict = parts.limiter.count(token)
        parts.counters.count_token(token.name, is_limited=self.verdict is not None and self.verdict.is_over)
        return token

    def refuse_if_over(self) -> None:
        """Refuse the call (429) when it is over the limit."""
        if self.verdict is not None and self.verdict.is_over:
            raise Refused(429, f"Over rate limit. Access token: {self._text}")

    @property
    def is_first_over(self) -> bool:
        """Whether the call is the window's first over the limit."""
        return self.verdict is not None and self.verdict.is_first_over

    def rate_headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that tell of the limit; none before the token is known."""
        return () if self.verdict is None else self.verdict.headers()
