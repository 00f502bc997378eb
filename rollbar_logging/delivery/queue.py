"""The bounded queue between the application's threads and the senders, and the counts of all that passes.

No caller of `put` ever waits, and none is in the way of itself: see `entrance`.
"""

from __future__ import annotations

import contextlib
import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from rollbar_logging.delivery.delayed import Delayed
from rollbar_logging.delivery.entrance import Entrance
from rollbar_logging.delivery.ledger import Ledger
from rollbar_logging.delivery.losses import Loss
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.stats import Stats

_RANKS = 5
CRITICAL = _RANKS - 1

Heap = list[tuple[int, Report]]
"""Reports by serial."""


class Due(NamedTuple):
    """When there is something to do.

    Attributes:
        at: Monotonic seconds of the next report's time, or ``None`` when none waits.
        waiting: Reports that wait for their turn, not for their time.
    """

    at: float | None
    waiting: int


class _Lost(NamedTuple):
    """Reports that were dropped before they were made."""

    reason: str
    number: int


class ReportQueue:
    """Reports by severity, bounded in number and in bytes; when full, the least severe and oldest gives way.

    Args:
        size: Reports that may wait.
        size_bytes: Bytes that they may take, by estimate.
        batch_size: So many waiting reports are due at once.
        flush_interval: Seconds after which a waiting report is due; also an attribute.
        timer: Monotonic seconds.
    """

    def __init__(
        self,
        size: int,
        size_bytes: int,
        batch_size: int,
        flush_interval: float,
        *,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._size = size
        self._size_bytes = size_bytes
        self._batch_size = batch_size
        self.flush_interval = flush_interval
        # What may be left for others to take in: so little that the queue's bounds stay true, but for some percent.
        self._crowd = max(1, min(batch_size // 8, size // 64))
        self._large = size_bytes // 256
        self._timer = timer
        self.reset()

    def reset(self) -> None:
        """Begin anew with nothing and with new locks: in a forked child, whose parent keeps what was queued."""
        self.renew_bell()
        # Whether a thread looks in by itself every flush_interval: to wake one costs the caller more than to log.
        self.is_watched = False
        self._change = Entrance(self._admit)
        # Heaps by serial, since what was put back goes before what came later.
        self._ranks: tuple[Heap, ...] = tuple([] for _ in range(_RANKS))
        self._delayed = Delayed()
        self._in_flight: dict[int, Report] = {}
        self._bytes = self._waiting = 0
        self._left_since = self._since = 0.0  # monotonic seconds at which the waiting began, outside and inside
        self._due_serial = 0  # up to this one, reports are due at once
        self._ledger = Ledger()

    def renew_bell(self) -> None:
        """Take a lock of the present kind for `wait`, where nobody may wait now; others are held for moments only."""
        # A bare lock, since it can be released in a signal handler: an Event would take a lock of its own.
        self._bell = threading.Lock()
        self._bell.acquire()

    def put(self, report: Report) -> None:
        """Accept a report; never waits."""
        crowd = self._change.leave(report)
        if crowd == 1:
            self._left_since = self._timer()
        # A thread that looks in by itself takes in all that was left. To do it here costs more than the rest of a put.
        if not self.is_watched or crowd >= self._crowd or report.size > self._large or report.rank == CRITICAL:
            self._change.let_in()

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
            self._ledger.deferred += deferred
            self._ledger.retried += not deferred
            self._bytes += report.size
            if due is None:
                self._line_up(report, self._timer(), at_once=True)
            else:
                self._delayed.push(due, report)

    def settle(self, report: Report, dropped: str | None = None) -> None:
        """Count the end of a report that is in flight: sent, or dropped for a reason."""
        with self._change:
            if self._in_flight.pop(report.serial, None) is None:
                return  # given up meanwhile
            if dropped is None:
                self._ledger.sent(report.serial)
            else:
                self._ledger.dropped(report.serial, dropped)

    def due(self, now: float) -> Due:
        """Tell when the next report's time comes."""
        with self._change:
            delayed = self._delayed.next_due
            times = [] if delayed is None else [delayed]
            if self._waiting:
                oldest = min(heap[0][0] for heap in self._heaps() if heap)
                times.append(now if oldest <= self._due_serial else self._since + self.flush_interval)
            return Due(min(times) if times else None, self._waiting)

    def hurry(self) -> None:
        """Let all that was accepted before be due at once."""
        with self._change:
            self._due_serial = self._ledger.serial
        self.ring()

    def drop_all(self, reason: str) -> int:
        """Give up all that waits or is in flight; returns how many reports that were."""
        with self._change as change:
            if not change.is_outermost:
                return 0
            serials = [*self._in_flight, *(entry.serial for entry in self._delayed)]
            for heap in self._heaps():
                serials += [serial for serial, _ in heap]
                heap.clear()
            self._delayed.clear()
            self._in_flight.clear()
            self._bytes = self._waiting = 0
            for serial in serials:
                self._ledger.dropped(serial, reason)
            return len(serials)

    def count_dropped(self, reason: str, number: int) -> None:
        """Count reports that were accepted and dropped at once; never waits."""
        self._change.come(_Lost(reason, number))

    def wait_settled(self, timeout: float) -> bool:
        """Wait until all that was accepted before is settled; returns whether it was within *timeout* seconds."""
        if self._change.is_taken_here():
            return False  # called by a signal handler that interrupted this thread's own change
        with self._change:
            left = self._unsettled()
            if not left:
                return True
            waiter = self._ledger.waiter(left)
        if waiter.done.acquire(timeout=min(max(0.0, timeout), threading.TIMEOUT_MAX)):
            return True
        with self._change:
            self._ledger.forget(waiter)
        return waiter.left == 0

    def stats(self) -> Stats:
        """Count everything at one moment."""
        with self._change:
            return self._ledger.stats(self._unsettled())

    def take_untold_losses(self) -> dict[str, Loss]:
        """Return what was dropped since the last call, by reason."""
        with self._change:
            return self._ledger.losses.take_untold()

    def restore_losses(self, untold: Mapping[str, Loss]) -> None:
        """Take back what could not be told."""
        with self._change:
            self._ledger.losses.restore(untold)

    @property
    def in_flight(self) -> int:
        """How many reports are being sent."""
        return len(self._in_flight)

    @property
    def dropped(self) -> Counter[str]:
        """How many reports were dropped so far, by reason; not to be changed."""
        return self._ledger.losses.counts

    @property
    def last_serial(self) -> int:
        """How many reports were accepted so far."""
        with self._change:
            return self._ledger.serial

    def _admit(self, came: Report | _Lost) -> None:
        if isinstance(came, _Lost):
            self._ledger.accept(came.number)
            self._ledger.losses.add(came.reason, came.number, time.time())
        else:
            self._take_in(came)

    def _take_in(self, report: Report) -> None:
        report.serial = self._ledger.accept()
        if not self._make_room(report):
            self._ledger.dropped(report.serial, "queue_full")
            return
        self._bytes += report.size
        at_once = report.rank == CRITICAL or self._waiting + 1 >= self._batch_size
        self._line_up(report, self._left_since, at_once=at_once)
        if at_once or (self._waiting == 1 and not self.is_watched):
            self.ring()

    def _line_up(self, report: Report, since: float, *, at_once: bool) -> None:
        if not self._waiting:
            self._since = since
        self._waiting += 1
        heapq.heappush(self._heap_of(report), (report.serial, report))
        if at_once:
            self._due_serial = max(self._due_serial, report.serial)

    def _make_room(self, report: Report) -> bool:
        number = self._waiting + len(self._delayed) + 1 - self._size
        size = self._bytes + report.size - self._size_bytes
        if number <= 0 and size <= 0:
            return True
        if not self._can_go(number, size, report.rank):
            return False
        while (number > 0 or size > 0) and (victim := self._least(report.rank)) is not None:
            number -= 1
            size -= victim.size
            self._bytes -= victim.size
            self._give_way(victim)
        return True

    def _can_go(self, number: int, size: int, rank: int) -> bool:
        """Whether so many reports, and so many bytes, may give way to a report of *rank*: none is to go in vain."""
        for report in self._lesser(rank):
            number -= 1
            size -= report.size
            if number <= 0 and size <= 0:
                return True
        return False

    def _lesser(self, rank: int) -> Iterator[Report]:
        """Return all that may give way to a report of *rank*, in any order."""
        for heap in self._ranks[: rank + 1]:
            for _, report in heap:
                yield report
        for *_, report in self._delayed:
            if report.rank <= rank:
                yield report

    def _give_way(self, victim: Report) -> None:
        self._ledger.dropped(victim.serial, "queue_full")

    def _least(self, rank: int) -> Report | None:
        """Take out the report that gives way to one of *rank*: the least severe and oldest, of that rank at most."""
        waiting = next(((i, self._ranks[i][0][0]) for i in range(rank + 1) if self._ranks[i]), (_RANKS, 0))
        delayed = self._delayed.least
        if delayed is not None and delayed[0] <= rank and delayed < waiting:
            return self._delayed.pop_least()
        if waiting[0] > rank:
            return None
        return self._pop(self._ranks[waiting[0]])

    def _next(self, now: float) -> Report | None:
        while (ripe := self._delayed.pop_due(now)) is not None:
            self._line_up(ripe, now, at_once=True)
        if not self._waiting:
            return None
        rank = next(rank for rank in reversed(range(_RANKS)) if any(self._heaps(rank)))
        report = self._pop(self._older(rank))
        self._fly(report)
        return report

    def _older(self, rank: int) -> Heap:
        """Return the heap of a rank whose first report is the oldest; there is one."""
        return min((heap for heap in self._heaps(rank) if heap), key=lambda heap: heap[0][0])

    def _pop(self, heap: Heap) -> Report:
        self._waiting -= 1
        return heapq.heappop(heap)[1]

    def _fly(self, report: Report) -> None:
        self._bytes -= report.size
        self._in_flight[report.serial] = report

    def _heap_of(self, report: Report) -> Heap:
        return self._ranks[report.rank]

    def _heaps(self, rank: int | None = None) -> Sequence[Heap]:
        """Return the heaps of one rank, or of all, from the least severe on."""
        return self._ranks if rank is None else (self._ranks[rank],)

    def _unsettled(self) -> int:
        return len(self._in_flight) + len(self._delayed) + self._waiting
