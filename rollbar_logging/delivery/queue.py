"""The bounded queue between the application's threads and the senders, and the counts of all that passes.

No caller of `put` ever waits. A put leaves its report in a side entrance, an append that nothing can
interrupt; whoever holds the lock lets it in. So a signal handler or a finalizer that logs in the middle of
a put, on the very thread that holds the lock, finds a queue that works.
"""

from __future__ import annotations

import contextlib
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
        # A bare lock, since it can be released in a signal handler: an Event would take a lock of its own.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._change = _Change(self)
        self._entrance: deque[Report] = deque()
        self._ranks: tuple[deque[Report], ...] = tuple(deque() for _ in range(_RANKS))
        self._delayed: list[tuple[float, int, Report]] = []
        self._in_flight: dict[int, Report] = {}
        self._bytes = self._waiting = 0
        self._oldest: float | None = None  # monotonic seconds at which the waiting began
        self._is_urgent = False
        self._serial = 0
        self._sent = self._retried = self._deferred = self._suppressed = 0
        self._dropped: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []

    def put(self, report: Report) -> None:
        """Accept a report; never waits."""
        self._entrance.append(report)
        self._let_in()

    def ring(self) -> None:
        """Wake the thread that waits in `wait`, or the next one to come."""
        if self._bell.locked():
            with contextlib.suppress(RuntimeError):  # somebody else rang in between
                self._bell.release()

    def wait(self, timeout: float | None) -> None:
        """Wait for `ring`, at most *timeout* seconds."""
        self._bell.acquire(timeout=-1 if timeout is None else min(max(timeout, 0.0), threading.TIMEOUT_MAX))

    def take(self, now: float) -> Report | None:
        """Hand out the most severe and oldest report whose time has come; it counts as in flight."""
        with self._change:
            return self._next(now)

    def put_back(self, report: Report, due: float | None = None, *, deferred: bool = False) -> None:
        """Take back a report that was not sent: in its old place, or for a time to come (monotonic seconds)."""
        with self._change:
            if self._in_flight.pop(report.serial, None) is None:
                return  # given up meanwhile
            self._deferred += deferred
            self._retried += not deferred
            self._bytes += report.size
            if due is None:
                self._ranks[report.rank].appendleft(report)
                self._waiting += 1
                self._oldest = self._oldest or monotonic()
            else:
                heapq.heappush(self._delayed, (due, report.serial, report))

    def settle(self, report: Report, dropped: str | None = None) -> None:
        """Count the end of a report that is in flight: sent, or dropped for a reason."""
        with self._change:
            if self._in_flight.pop(report.serial, None) is not None:
                self._end(report.serial, dropped)

    def due(self, now: float) -> Due:
        """Tell when the next report's time comes."""
        with self._change:
            times = [self._delayed[0][0]] if self._delayed else []
            if self._waiting:
                at_once = self._is_urgent or self._waiting >= self._batch_size
                times.append(now if at_once else (self._oldest or now) + self._flush_interval)
            return Due(min(times) if times else None, self._waiting)

    def hurry(self) -> None:
        """Let all that waits be due at once, until nothing waits."""
        self._is_urgent = True
        self.ring()

    def drop_all(self, reason: str) -> int:
        """Give up all that waits or is in flight; returns how many reports that were."""
        with self._change:
            serials = [*self._in_flight, *(serial for _, serial, _ in self._delayed)]
            serials += [report.serial for rank in self._ranks for report in rank]
            for rank in self._ranks:
                rank.clear()
            self._delayed.clear()
            self._in_flight.clear()
            self._bytes = self._waiting = 0
            for serial in serials:
                self._end(serial, reason)
            return len(serials)

    def count_dropped(self, reason: str, number: int) -> None:
        """Count reports that were accepted and dropped at once."""
        with self._change:
            self._serial += number
            self._dropped[reason] += number

    def wait_settled(self, timeout: float) -> bool:
        """Wait until all that was accepted before is settled; returns whether it was within *timeout* seconds."""
        if self._change.is_under_way_here():
            return False  # called by a signal handler that interrupted this thread's own change
        with self._change:
            self._drain()
            left = self._unsettled()
            if not left:
                return True
            waiter = _Waiter(self._serial, left)
            self._waiters.append(waiter)
        if waiter.done.acquire(timeout=max(timeout, 0)):
            return True
        with self._change:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
        return waiter.left == 0

    def stats(self) -> Stats:
        """Count everything at one moment."""
        with self._change as change:
            if change.is_outermost:
                self._drain()
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
    def dropped(self) -> Counter[str]:
        """How many reports were dropped so far, by reason; not to be changed."""
        return self._dropped

    @property
    def last_serial(self) -> int:
        """How many reports were accepted so far."""
        return self._serial

    def _let_in(self) -> None:
        # Not getting in is fine: whoever is inside looks at the entrance before and after leaving.
        while self._entrance and self._change.try_enter():
            self._change.leave()

    def _drain(self) -> None:
        while self._entrance:
            self._admit(self._entrance.popleft())

    def _admit(self, report: Report) -> None:
        self._serial += 1
        report.serial = self._serial
        if not self._make_room(report):
            self._end(report.serial, "queue_full")
            return
        self._bytes += report.size
        self._waiting += 1
        self._oldest = self._oldest or monotonic()
        self._ranks[report.rank].append(report)
        if report.rank == _CRITICAL:
            self._is_urgent = True
        if self._is_urgent or self._waiting in {1, self._batch_size}:
            self.ring()

    def _make_room(self, report: Report) -> bool:
        if report.size > self._size_bytes:
            return False
        while self._unsettled() >= self._size or self._bytes + report.size > self._size_bytes:
            victim = self._least(report.rank)
            if victim is None:
                return False
            self._bytes -= victim.size
            self._end(victim.serial, "queue_full")
        return True

    def _least(self, rank: int) -> Report | None:
        """Take out the report that gives way to one of *rank*: the least severe and oldest, of that rank at most."""
        delayed = min(self._delayed, key=lambda entry: (entry[2].rank, entry[1]), default=None)
        waiting = next((queue[0] for queue in self._ranks[: rank + 1] if queue), None)
        if delayed is not None and delayed[2].rank <= rank and (waiting is None or delayed[2].rank <= waiting.rank):
            self._delayed.remove(delayed)
            heapq.heapify(self._delayed)
            return delayed[2]
        if waiting is None:
            return None
        self._waiting -= 1
        return self._ranks[waiting.rank].popleft()

    def _next(self, now: float) -> Report | None:
        while self._delayed and self._delayed[0][0] <= now:
            report = heapq.heappop(self._delayed)[2]
            self._ranks[report.rank].appendleft(report)
            self._waiting += 1
        for rank in reversed(self._ranks):
            if rank:
                report = rank.popleft()
                self._waiting -= 1
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
        return len(self._in_flight) + len(self._delayed) + self._waiting


class _Change:
    """The right to change a queue: one thread at a time; whoever leaves lets in what waits at the entrance.

    Taken again by a signal handler on the thread that has it, it is granted for looking, not for changing.
    """

    def __init__(self, queue: ReportQueue) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._queue = queue

    @property
    def is_outermost(self) -> bool:
        """Whether nothing was interrupted by the one who has the right now."""
        return self._depth == 1

    def is_under_way_here(self) -> bool:
        """Whether this very thread was interrupted in the middle of a change."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._depth > 0
        finally:
            self._lock.release()

    def try_enter(self) -> bool:
        """Take the right if it is free, without waiting."""
        if not self._lock.acquire(blocking=False):
            return False
        if self._depth:
            self._lock.release()
            return False
        self._depth = 1
        return True

    def __enter__(self) -> _Change:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        self._lock.acquire()
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._queue._let_in()  # noqa: SLF001 - what came between the look and the release

    def leave(self) -> None:
        """Give the right back, after a look at the entrance."""
        try:
            if self._depth == 1:
                self._queue._drain()  # noqa: SLF001 - two halves of one thing
        finally:
            self._depth -= 1
            self._lock.release()


class _Waiter:
    """A thread that waits for reports up to a serial."""

    __slots__ = ("done", "left", "serial")

    def __init__(self, serial: int, left: int) -> None:
        self.serial = serial
        self.left = left
        self.done = threading.Lock()
        self.done.acquire()
