"""A project's counts of hours that are over, remembered: adding up all items' counts is most of what a list costs."""

from __future__ import annotations

import threading

from cachetools import TTLCache
from sqlalchemy import Connection

from rollbar_logging.server.pages.views.graph import HOUR
from rollbar_logging.server.storage.overview import HourCounts, hours_of_project

_SETTLED = 120
"""Seconds after its end in which an hour may still be counted up: what came in it was stored after it."""
_KEPT = 300.0
"""Seconds: items that are deleted take their counts with them."""
_MOST = 64


class ClosedHours:
    """Remembers the counts. For the threads that read the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: TTLCache[tuple[int, int, int], HourCounts] = TTLCache(_MOST, _KEPT)

    def of_project(self, connection: Connection, project_id: int, since: int, now: float) -> HourCounts:
        """Return a project's counts by hour, from the hour that begins at *since*; *now* is in Unix seconds."""
        closed = int((now - _SETTLED) // HOUR) * HOUR
        key = (project_id, since, closed)
        with self._lock:
            before = self._counts.get(key)
        if before is None:
            before = {
                hour: count for hour, count in hours_of_project(connection, project_id, since).items() if hour < closed
            }
            with self._lock:
                self._counts[key] = before
        return {**before, **hours_of_project(connection, project_id, max(closed, since))}
