"""What a server is told at its start. Needs no extra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple


class ServerOptions(NamedTuple):
    """The options of one server.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        database: SQLite file, URL of a PostgreSQL database, or ``None`` for memory.
        tokens: Texts of access tokens by name; others are the database's, or new.
        new_tokens: Whether the first project's and the account's tokens get new texts, where none is given.
        max_body: Bytes of the largest body taken.
        rate_limit: Calls and seconds of a token's window where the token has no limit of its own; ``None``: no limit.
        clock: Monotonic seconds by which windows end.
        unix_clock: Unix seconds by which arrivals are stamped.
    """

    host: str
    port: int
    database: str | Path | None
    tokens: Mapping[str, str]
    new_tokens: bool
    max_body: int
    rate_limit: tuple[int, float] | None
    clock: Callable[[], float]
    unix_clock: Callable[[], float]
