"""What the server has answered so far, in numbers."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, NamedTuple

_REFUSED_FROM = 400


class TokenStats(NamedTuple):
    """What came with one token.

    Attributes:
        requests: Calls that passed it.
        limited: Those of them that were answered 429.
    """

    requests: int
    limited: int


class ServerStats(NamedTuple):
    """Counts since the server started; calls of the API only, not of pages.

    Attributes:
        requests: Calls answered.
        answered: Calls by status of the answer.
        stored: Items stored.
        duplicates: Items answered 200 and not stored, because their uuid had been stored before.
        received_bytes: Bytes of the bodies of the stored and the duplicate items.
        tokens: Per token's name; a token that no call passed is not in it.
    """

    requests: int
    answered: dict[int, int]
    stored: int
    duplicates: int
    received_bytes: int
    tokens: dict[str, TokenStats]

    @property
    def refused(self) -> dict[int, int]:
        """Calls that were answered with an error, by status."""
        return {status: count for status, count in self.answered.items() if status >= _REFUSED_FROM}

    def as_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            **self._asdict(),
            "refused": self.refused,
            "tokens": {name: stats._asdict() for name, stats in self.tokens.items()},
        }


class Counters:
    """Counts on the event loop's thread, read from any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: Counter[int] = Counter()
        self._by_token: Counter[str] = Counter()
        self._limited: Counter[str] = Counter()
        self._items: Counter[str] = Counter()

    def count_answer(self, status: int) -> None:
        """Count one answer."""
        with self._lock:
            self._answered[status] += 1

    def count_token(self, name: str, is_limited: bool) -> None:
        """Count one call that passed a known token."""
        with self._lock:
            self._by_token[name] += 1
            self._limited[name] += is_limited

    def count_item(self, body_bytes: int, is_duplicate: bool) -> None:
        """Count one item that was answered 200."""
        with self._lock:
            self._items["duplicates" if is_duplicate else "stored"] += 1
            self._items["bytes"] += body_bytes

    def snapshot(self) -> ServerStats:
        """Return the counts of this moment."""
        with self._lock:
            return ServerStats(
                requests=sum(self._answered.values()),
                answered=dict(self._answered),
                stored=self._items["stored"],
                duplicates=self._items["duplicates"],
                received_bytes=self._items["bytes"],
                tokens={name: TokenStats(count, self._limited[name]) for name, count in self._by_token.items()},
            )
