"""Changes of access tokens, which count from the moment in which they are answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from rollbar_logging.server.api.calls import Call
from rollbar_logging.server.storage.access_tokens import digest_of, load_tokens, salt_of
from rollbar_logging.server.tokens import Token

_Result = TypeVar("_Result")


async def change_tokens(call: Call, job: Callable[[Connection], _Result]) -> _Result:
    """Have *job* done in a transaction, and know the tokens as it leaves them; a changed one begins a new window.

    Raises:
        Refused: As `Call.change`.
    """

    def change(database: Connection) -> tuple[_Result, list[Token], bytes]:
        """Read in the same transaction: of two changes at the same time, the later one has the last word."""
        return job(database), load_tokens(database), salt_of(database)

    before = {token.id: token for token in call.parts.tokens}
    result, tokens, salt = await call.change(change)
    call.parts.tokens.fill(tokens, partial(digest_of, salt=salt))
    after = {token.id: token for token in tokens}
    for token_id, token in before.items():
        if after.get(token_id) != token:
            call.parts.limiter.forget(token_id)
    return result
