"""The counts of all reports, and who waits for them. Not for several threads at once: it belongs to the queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from rollbar_logging.delivery.losses import Losses
from rollbar_logging.delivery.stats import Stats

_MOST_REMEMBERED = 20_000
"""Reports on disk that are known to be ours; of those beyond, only how many they are."""


class Ledger:
    """Keeps account of every report from its acceptance to its end.

    Attributes:
        serial: Number of the report that came last; each has one of its own, in order.
        retried: Attempts that were made again.
        deferred: Reports put back because of a rate limit.
        losses: Reports dropped.
    """

    def __init__(self) -> None:
        self.serial = 0
        self.retried = self.deferred = 0
        self.losses = Losses()
        self._sent = self._came_again = 0
        self._spooled: dict[str, None] = {}  # in the order in which they went to disk
        self._spooled_before = 0  # and those too many to remember
        self._waiters: list[Waiter] = []

    def accept(self, number: int = 1) -> int:
        """Count reports that came in; returns the serial of the last."""
        self.serial += number
        return self.serial

    def accept_from_spool(self, uuid: str) -> int:
        """Count a report that came back from disk: one of ours is no new one, another process's is."""
        if self._take(uuid):
            self._came_again += 1
        return self.accept()

    def _take(self, uuid: str) -> bool:
        """Take one of our reports from those on disk; ``False`` when it is another process's.

        A report that is not known may be ours while there are more of ours than are remembered, and is taken for it.
        """
        if uuid in self._spooled:
            del self._spooled[uuid]
        elif self._spooled_before:
            self._spooled_before -= 1
        else:
            return False
        return True

    def sent(self, serial: int) -> None:
        """Count a report that Rollbar has."""
        self._sent += 1
        self._end(serial)

    def dropped(self, serial: int, reason: str) -> None:
        """Count a report that is given up."""
        self.losses.add(reason, 1, time.time())
        self._end(serial)

    def spooled(self, serial: int, uuid: str) -> None:
        """Count a report that is kept on disk."""
        if uuid in self._spooled:  # twice the same report: the second takes the place of the first
            self._came_again += 1
        self._spooled[uuid] = None
        if len(self._spooled) > _MOST_REMEMBERED:
            del self._spooled[next(iter(self._spooled))]
            self._spooled_before += 1
        self._end(serial)

    def is_spooled(self, uuid: str) -> bool:
        """Whether a report counts as kept on disk."""
        return uuid in self._spooled

    def lost_on_disk(self, uuids: Collection[str], reason: str) -> int:
        """Count those of our reports that are on disk no more; returns how many were other processes'."""
        ours = sum(self._take(uuid) for uuid in set(uuids))
        if ours:
            self.losses.add(reason, ours, time.time())
        return len(uuids) - ours

    def stats(self, queued: int) -> Stats:
        """Return all counts; *queued* reports are on their way."""
        return Stats(
            self.serial - self._came_again,
            self._sent,
            0,
            dict(self.losses.counts),
            self._spooled_before + len(self._spooled),
            queued,
            self.retried,
            self.deferred,
        )

    def waiter(self, left: int) -> Waiter:
        """Return what tells when all *left* reports that are on their way now are at their end."""
        waiter = Waiter(self.serial, left)
        self._waiters.append(waiter)
        return waiter

    def forget(self, waiter: Waiter) -> None:
        """Nobody waits any more."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def _end(self, serial: int) -> None:
        for waiter in self._waiters[:]:
            if serial <= waiter.serial:
                waiter.left -= 1
                if waiter.left == 0:
                    self._waiters.remove(waiter)
                    waiter.done.release()


class Waiter:
    """A thread that waits for the reports up to a serial.

    Attributes:
        serial: The last of them.
        left: How many are still on their way.
        done: A lock that is given back when none is.
    """

    __slots__ = ("done", "left", "serial")

    def __init__(self, serial: int, left: int) -> None:
        self.serial = serial
        self.left = left
        self.done = threading.Lock()
        self.done.acquire()
