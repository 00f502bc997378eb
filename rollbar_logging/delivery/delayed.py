"""Reports that wait for a time to come: the earliest is found as quickly as the one that gives way first.

An entry that was taken by one of the two ways stays in the heap of the other until it comes up there, or until such
entries are the most: so nobody has to look for it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rollbar_logging.delivery.report import Report

_FEW = 16
"""Entries that may lie about in any case."""


class Entry(NamedTuple):
    """A report and its time.

    Attributes:
        due: Monotonic seconds; infinite for a time that does not come by itself.
        serial: The report's.
        report: It.
    """

    due: float
    serial: int
    report: Report


class Delayed:
    """Reports by their time, and by rank and age. Not for several threads at once: it belongs to the queue.

    Attributes:
        timeless: How many wait for a time that does not come by itself.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self.timeless = 0
        self._there: dict[int, Entry] = {}
        self._by_time: list[Entry] = []
        self._by_rank: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._there)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._there.values())

    def push(self, due: float, report: Report) -> None:
        """Let a report wait until *due* (monotonic seconds)."""
        entry = self._there[report.serial] = Entry(due, report.serial, report)
        self.timeless += due == math.inf
        heapq.heappush(self._by_time, entry)
        heapq.heappush(self._by_rank, (report.rank, report.serial))

    @property
    def next_due(self) -> float | None:
        """The earliest time, or ``None`` when nothing waits."""
        while self._by_time and not self._is_there(self._by_time[0]):
            heapq.heappop(self._by_time)
        return self._by_time[0].due if self._by_time else None

    def pop_due(self, now: float) -> Report | None:
        """Take out the report whose time came first, if it has come."""
        due = self.next_due
        return self._remove(heapq.heappop(self._by_time)) if due is not None and due <= now else None

    @property
    def least(self) -> tuple[int, int] | None:
        """Rank and serial of the least severe and oldest, or ``None`` when nothing waits."""
        while self._by_rank and self._by_rank[0][1] not in self._there:
            heapq.heappop(self._by_rank)
        return self._by_rank[0] if self._by_rank else None

    def pop_least(self) -> Report:
        """Take out the least severe and oldest; there is one."""
        least = self.least
        assert least is not None  # noqa: S101 - the caller has asked
        return self._remove(self._there[least[1]])

    def take(self, entries: Iterable[Entry]) -> list[Report]:
        """Take out some of those that wait."""
        return [self._remove(entry) for entry in entries]

    def _is_there(self, entry: Entry) -> bool:
        return self._there.get(entry.serial) is entry

    def _remove(self, entry: Entry) -> Report:
        del self._there[entry.serial]
        self.timeless -= entry.due == math.inf
        most = 2 * len(self._there) + _FEW
        if len(self._by_time) > most:
            self._by_time = list(self._there.values())
            heapq.heapify(self._by_time)
        if len(self._by_rank) > most:
            self._by_rank = [(entry.report.rank, serial) for serial, entry in self._there.items()]
            heapq.heapify(self._by_rank)
        return entry.report
