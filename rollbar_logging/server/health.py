"""``/health``: whether the server can do its work, for those who watch over it. It asks for no token."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from rollbar_logging.errors import RollbarError
from rollbar_logging.server.answers import Answer, render
from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.tables import sequences
from rollbar_logging.version import VERSION

_log = logging.getLogger(__name__)

_PATIENCE = 2.0
"""Seconds that the database may take: more than a group of occurrences takes on any disk that works."""


class Health:
    """Asks the database whether it is there."""

    def __init__(self, database: Database, clock: Callable[[], float], *, patience: float = _PATIENCE) -> None:
        """Keep the database; *clock* gives monotonic seconds, *patience* those that it has to answer."""
        self._database = database
        self._clock = clock
        self._began = clock()
        self._patience = patience
        self._is_well = True

    async def answer(self) -> Answer:
        """Answer 200 when the database has answered in time, else 503.

        The keys: ``status`` (``ok`` or ``failing``), ``version``, ``database`` (``sqlite`` or ``postgresql``; ``null``
        when it did not answer), ``stored`` (occurrences since the database was made, those deleted included; ``null``
        likewise) and ``uptime`` (seconds).
        """
        found = await self._ask()
        facts = {
            "status": "failing" if found is None else "ok",
            "version": VERSION,
            "database": found and found[0],
            "stored": found and found[1],
            "uptime": round(self._clock() - self._began, 1),
        }
        return Answer(503 if found is None else 200, render(facts))

    async def _ask(self) -> tuple[str, int] | None:
        try:
            # The writer is asked, because it is what items wait for. Given up, the question is not asked later.
            found = await asyncio.wait_for(asyncio.wrap_future(self._database.change(_state)), self._patience)
        except Exception as error:  # noqa: BLE001 - whatever it is, the database has not answered
            if self._is_well and not isinstance(error, RollbarError):
                _log.warning("the database does not answer: %s", str(error) or "it takes too long")
            self._is_well = False
            return None
        self._is_well = True
        return found


def _state(connection: Connection) -> tuple[str, int]:
    taken: Any = connection.scalar(select(sequences.c.taken).where(sequences.c.name == "occurrence"))
    return connection.dialect.name, int(taken or 0)
