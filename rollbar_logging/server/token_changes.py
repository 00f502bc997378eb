"""Changes of access tokens, which count from the moment in which they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.access_tokens import digest_of, load_tokens, salt_of

_Result = TypeVar("_Result")


async def change_tokens(
    parts: Parts, change: Callable[[Callable[[Connection], Any]], Awaitable[Any]], job: Callable[[Connection], _Result]
) -> _Result:
    """Have *job* done in a transaction, and know the tokens as it leaves them; a changed one begins a new window.

    Args:
        parts: The server's.
        change: Does something with the database in a transaction; what it raises is raised here.
        job: Changes tokens.
    """

    def done(database: Connection) -> tuple[_Result, Any, bytes]:
        """Read in the same transaction: of two changes at the same time, the later one has the last word."""
        return job(database), load_tokens(database), salt_of(database)

    before = {token.id: token for token in parts.tokens}
    result: _Result
    result, tokens, salt = await change(done)
    parts.tokens.fill(tokens, partial(digest_of, salt=salt))
    after = {token.id: token for token in tokens}
    for token_id, token in before.items():
        if after.get(token_id) != token:
            parts.limiter.forget(token_id)
    return result


async def reload_tokens(parts: Parts) -> None:
    """Know the tokens as another server that uses the database may have left them."""
    # In the writer's turn, so that what was read before a change of ours does not take its place.
    await change_tokens(parts, lambda job: asyncio.wrap_future(parts.database.change(job)), lambda _database: None)
