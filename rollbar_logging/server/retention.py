"""Old occurrences go, and whoever lets the database grow is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from rollbar_logging.server.storage.database import Database
from rollbar_logging.server.storage.expiry import delete_older, size_of

_log = logging.getLogger(__name__)

_BATCH = 200
"""Occurrences of one transaction: few enough that what arrives meanwhile does not wait to be noticed."""

_LARGE = 1024**3
"""Bytes from which on a database is called large; then again at each doubling."""


class Retention:
    """Deletes occurrences that are older than asked for. Counts and items stay."""

    def __init__(self, database: Database, seconds: float, unix_clock: Callable[[], float]) -> None:
        """Keep the age in *seconds*."""
        self._database = database
        self._seconds = seconds
        self._unix_clock = unix_clock

    async def run(self) -> None:
        """Delete all that is too old now, in small batches, between which others write."""
        before = self._unix_clock() - self._seconds
        while await asyncio.wrap_future(self._database.change(lambda found: delete_older(found, before, _BATCH))):
            pass


class SizeNote:
    """Tells in the log when the database has become large, once at each doubling."""

    def __init__(self, database: Database, *, large: int = _LARGE) -> None:
        """Watch *database*, from *large* bytes on."""
        self._database = database
        self._next = large

    async def run(self) -> None:
        """Look at the size once."""
        size = await asyncio.wrap_future(self._database.ask(size_of))
        if size < self._next:
            return
        while self._next <= size:
            self._next *= 2
        _log.warning("the database has grown to %.1f GiB: the option retention deletes old occurrences", size / 1024**3)
