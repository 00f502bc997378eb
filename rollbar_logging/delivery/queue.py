"""The bounded queue between the application's threads and the senders, and the counts of all that passes.

No caller of `put` ever waits. A put leaves its report in a side entrance, an append that nothing can
interrupt; whoever holds the lock lets it in. So a signal handler or a finalizer that logs in the middle of
a put, on the very thread that holds the lock, finds a queue that works.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter, deque
from time import monotonic
from typing import NamedTuple

from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.stats import Stats

_RANKS = 5
_CRITICAL = _RANKS - 1


class Due(NamedTuple):
    """When there is something to do.

    Attributes:
        at: Monotonic seconds of the next report's time, or ``None`` when none waits.
        waiting: Reports whose time has come.
    """

    at: float | None
    waiting: int


class ReportQueue:
    """Reports by severity, bounded in number and in bytes; when full, the least severe and oldest gives way.

    Args:
        size: Reports that may wait.
        size_bytes: Bytes that they may take, by estimate.
        batch_size: So many waiting reports are due at once.
        flush_interval: Seconds after which a waiting report is due.
    """

    def __init__(self, size: int, size_bytes: int, batch_size: int, flush_interval: float) -> None:
        self._size = size
        self._size_bytes = size_bytes
        self._batch_size = batch_size
        self._flush_interval = flush_interval
        self.reset()

    def reset(self) -> None:
        """Begin anew with nothing and with new locks: in a forked child, whose parent keeps what was queued."""
        self._lock = threading.RLock()  # may be taken again by a signal handler on the same thread
        self._is_busy = False
        self._entrance: deque[Report] = deque()
        self._ranks: tuple[deque[Report], ...] = tuple(deque() for _ in range(_RANKS))
        self._delayed: list[tuple[float, int, Report]] = []
        self._in_flight: dict[int, Report] = {}
        self._bytes = 0
        self._oldest: float | None = None  # monotonic seconds at which the waiting began
        self._is_urgent = False
        self._serial = 0
        self._sent = self._retried = self._deferred = self._suppressed = 0
        self._dropped: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []

    def put(self, report: Report) -> bool:
        """Accept a report; never waits. Returns whether a sender should be woken."""
        self._entrance.append(report)
        self._let_in()
        waiting = len(self._ranks[report.rank])
        return report.rank == _CRITICAL or waiting == 1 or waiting % self._batch_size == 0

    def take(self, now: float) -> Report | None:
        """Hand out the most severe and oldest report whose time has come; it counts as in flight."""
        with self._lock:
            self._is_busy = True
            try:
                return self._next(now)
            finally:
                self._leave()

    def put_back(self, report: Report, due: float | None = None, *, deferred: bool = False) -> None:
        """Take back a report that was not sent: in its old place, or for a time to come (monotonic seconds)."""
        with self._lock:
            self._is_busy = True
            try:
                if self._in_flight.pop(report.serial, None) is None:
                    return  # given up meanwhile
                self._deferred += deferred
                self._retried += not deferred
                self._bytes += report.size
                if due is None:
                    self._ranks[report.rank].appendleft(report)
                    self._oldest = self._oldest or monotonic()
                else:
                    heapq.heappush(self._delayed, (due, report.serial, report))
            finally:
                self._leave()

    def settle(self, report: Report, dropped: str | None = None) -> None:
        """Count the end of a report that is in flight: sent, or dropped for a reason."""
        with self._lock:
            self._is_busy = True
            try:
                if self._in_flight.pop(report.serial, None) is not None:
                    self._end(report.serial, dropped)
            finally:
                self._leave()

    def due(self, now: float) -> Due:
        """Tell when the next report's time comes."""
        with self._lock:
            self._is_busy = True
            try:
                waiting = sum(map(len, self._ranks))
                times = [self._delayed[0][0]] if self._delayed else []
                if waiting:
                    at_once = self._is_urgent or waiting >= self._batch_size
                    times.append(now if at_once else (self._oldest or now) + self._flush_interval)
                return Due(min(times) if times else None, waiting)
            finally:
                self._leave()

    def hurry(self) -> None:
        """Let all that waits be due at once, until nothing waits."""
        self._is_urgent = True

    def drop_all(self, reason: str) -> int:
        """Give up all that waits or is in flight; returns how many reports that were."""
        with self._lock:
            self._is_busy = True
            try:
                serials = [*self._in_flight, *(serial for _, serial, _ in self._delayed)]
                serials += [report.serial for rank in self._ranks for report in rank]
                for rank in self._ranks:
                    rank.clear()
                self._delayed.clear()
                self._in_flight.clear()
                self._bytes = 0
                for serial in serials:
                    self._end(serial, reason)
                return len(serials)
            finally:
                self._leave()

    def count_dropped(self, reason: str, number: int) -> None:
        """Count reports that were accepted and dropped at once."""
        with self._lock:
            self._serial += number
            self._dropped[reason] += number

    def wait_settled(self, timeout: float) -> bool:
        """Wait until all that was accepted before is settled; returns whether it was within *timeout* seconds."""
        with self._lock:
            if self._is_busy:
                return False  # called by a signal handler that interrupted this thread's own put
            self._let_in()
            left = self._unsettled()
            if not left:
                return True
            waiter = _Waiter(self._serial, left)
            self._waiters.append(waiter)
        if waiter.done.acquire(timeout=max(timeout, 0)):
            return True
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return waiter.left == 0

    def stats(self) -> Stats:
        """Count everything at one moment."""
        with self._lock:
            if not self._is_busy:
                self._let_in()
            return Stats(
                self._serial,
                self._sent,
                self._suppressed,
                dict(self._dropped),
                0,
                self._unsettled(),
                self._retried,
                self._deferred,
            )

    @property
    def in_flight(self) -> int:
        """How many reports are being sent."""
        return len(self._in_flight)

    @property
    def last_serial(self) -> int:
        """How many reports were accepted so far."""
        return self._serial

    def _let_in(self) -> None:
        # Not getting the lock is fine: its holder looks at the entrance before and after giving it back.
        while self._entrance and self._lock.acquire(blocking=False):
            try:
                if self._is_busy:
                    return
                self._is_busy = True
                self._drain()
            finally:
                self._lock.release()

    def _leave(self) -> None:
        """End a change of the queue; the caller's ``with`` gives the lock back."""
        self._drain()

    def _drain(self) -> None:
        try:
            while self._entrance:
                self._admit(self._entrance.popleft())
        finally:
            self._is_busy = False

    def _admit(self, report: Report) -> None:
        self._serial += 1
        report.serial = self._serial
        while (
            len(self._delayed) + len(self._in_flight) + sum(map(len, self._ranks)) >= self._size
            or self._bytes + report.size > self._size_bytes
        ):
            victim = self._least(report.rank)
            if victim is None:
                self._end(report.serial, "queue_full")
                return
            self._bytes -= victim.size
            self._end(victim.serial, "queue_full")
        self._bytes += report.size
        self._oldest = self._oldest or monotonic()
        self._is_urgent = self._is_urgent or report.rank == _CRITICAL
        self._ranks[report.rank].append(report)

    def _least(self, rank: int) -> Report | None:
        """Take out the report that gives way to one of *rank*: the least severe and oldest, of that rank at most."""
        delayed = [entry for entry in self._delayed if entry[2].rank <= rank]
        waiting = next((queue[0] for queue in self._ranks[: rank + 1] if queue), None)
        if delayed:
            entry = min(delayed, key=lambda found: (found[2].rank, found[1]))
            if waiting is None or (entry[2].rank, entry[1]) < (waiting.rank, waiting.serial):
                self._delayed.remove(entry)
                heapq.heapify(self._delayed)
                return entry[2]
        return self._ranks[waiting.rank].popleft() if waiting is not None else None

    def _next(self, now: float) -> Report | None:
        while self._delayed and self._delayed[0][0] <= now:
            report = heapq.heappop(self._delayed)[2]
            self._ranks[report.rank].appendleft(report)
        for rank in reversed(self._ranks):
            if rank:
                report = rank.popleft()
                self._bytes -= report.size
                self._in_flight[report.serial] = report
                return report
        self._is_urgent, self._oldest = False, None
        return None

    def _end(self, serial: int, dropped: str | None) -> None:
        if dropped is None:
            self._sent += 1
        else:
            self._dropped[dropped] += 1
        for waiter in self._waiters[:]:
            if serial <= waiter.serial:
                waiter.left -= 1
                if waiter.left == 0:
                    self._waiters.remove(waiter)
                    waiter.done.release()

    def _unsettled(self) -> int:
        return len(self._in_flight) + len(self._delayed) + sum(map(len, self._ranks))


class _Waiter:
    """A thread that waits for reports up to a serial."""

    __slots__ = ("done", "left", "serial")

    def __init__(self, serial: int, left: int) -> None:
        self.serial = serial
        self.left = left
        self.done = threading.Lock()
        self.done.acquire()
