"""The one loop: take a report, make its body, send it, do what the answer says.

A first thread runs it from the first report on. While there is a backlog, further threads run the same loop
and end when there is nothing for them; so a slow server is met with several connections and a fast one
with one. All waiting is for the queue's bell, so that anything can end it.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable
from time import monotonic
from typing import Literal, NamedTuple

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery import processes
from rollbar_logging.delivery.answer import Answer, Transport
from rollbar_logging.delivery.notices import Notices
from rollbar_logging.delivery.policy import Outcome, decide
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.rate_limit import UNKNOWN, Window, admits, observe, opens_at
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.errors import in_words

_LEAST_BACKLOG = 4
"""Reports that must wait before another sender is started."""

_WATCH = 30.0
"""Seconds after the last report for which the first thread looks in by itself."""

_SHORTEST_DOZE = 0.05
"""Seconds; to look in more often than that would be a burden of its own."""

_COLD = 0.05
"""Seconds after which senders ask again whether the loggers are warm."""

_LOGGERS = (
    (logging.getLogger("urllib3.connectionpool"), logging.DEBUG),
    (logging.getLogger("urllib3.connectionpool"), logging.WARNING),
    (logging.getLogger("urllib3.connection"), logging.WARNING),
    (logging.getLogger("urllib3.util.retry"), logging.DEBUG),
    (logging.getLogger("rollbar_logging"), logging.WARNING),
)
"""What is asked on a sender's thread: may a record of this level be made?"""


class Way(NamedTuple):
    """How reports travel.

    Attributes:
        transport: Carries bodies.
        fresh_transport: Makes another one, for a forked child.
        make_body: The bytes of an occurrence, or ``None`` to drop it.
        shrink: A smaller body for one that was refused as too large.
        timeout: Seconds for one exchange.
        max_connections: Senders in parallel.
        on_rate_limit: ``defer`` or ``drop``.
        max_age: Seconds after which a report is given up.
    """

    transport: Transport
    fresh_transport: Callable[[], Transport]
    make_body: Callable[[Occurrence], bytes | None]
    shrink: Callable[[bytes], bytes]
    timeout: float = 10.0
    max_connections: int = 4
    on_rate_limit: Literal["defer", "drop"] = "defer"
    max_age: float = 3600.0


class Worker:
    """Delivers what is in a queue, on threads that it starts when there is something to deliver."""

    def __init__(self, queue: ReportQueue, way: Way) -> None:
        self._queue = queue
        self._watch = _WATCH if queue.flush_interval >= _SHORTEST_DOZE else 0.0
        self._way = way
        self._begin()

    def _begin(self) -> None:
        self.notices = Notices()
        self._starting = threading.Lock()  # never waited for
        self._gate = threading.Lock()  # taken by senders only, never by the application's threads
        self._window: Window = UNKNOWN
        self._held_until = 0.0
        self._failures = 0
        self._thread: threading.Thread | None = None
        self._helpers = 0
        self._is_stopping = False

    def put(self, occurrence: Occurrence) -> None:
        """Accept a report and see to it that a thread is there to deliver it."""
        self._queue.put(Report(occurrence))
        if self._is_stopping:  # closed in the meantime
            self._give_up()
        elif self._thread is None:
            self._start()

    def flush(self, timeout: float) -> bool:
        """Deliver at once; returns whether all that was accepted before is settled within *timeout* seconds."""
        if processes.role.is_sending:
            return False  # a sender cannot wait for itself
        deadline = monotonic() + timeout
        _warm_loggers()
        self._queue.hurry()
        if self._queue.wait_settled(0):
            return True
        if self._thread is None:
            self._start()
        if self._thread is None:
            self._pump(deadline)
        return self._queue.wait_settled(deadline - monotonic())

    def finish(self, timeout: float) -> bool:
        """Deliver what is left within *timeout* seconds, drop the rest, and tell the log; senders go on running.

        Returns:
            Whether no sender is left in the middle of an exchange.
        """
        self.notices.is_silent = True
        is_settled = self.flush(timeout)
        is_idle = is_settled or not self._queue.in_flight
        if not is_settled:
            self._queue.drop_all("shutdown")
        self.notices.is_silent = False
        self.notices.dropped(self._queue.dropped, is_last=True)
        return is_idle

    def close(self, timeout: float) -> None:
        """Finish, end the threads and give back connections. A thread in an exchange is not waited for."""
        is_idle = self.finish(timeout)
        self.notices.is_silent = True  # an answer that comes too late is no news
        self._is_stopping = True
        self._queue.ring()
        thread = self._thread
        if is_idle and thread is not None and thread is not threading.current_thread() and thread.is_alive():
            thread.join(timeout=1)
        self._give_up()
        with contextlib.suppress(Exception):  # a transport of the application's
            self._way.transport.close()

    def _give_up(self) -> None:
        """Drop what came in while the threads were ended."""
        self._queue.drop_all("shutdown")
        self.notices.dropped(self._queue.dropped, is_last=True)

    def after_fork(self) -> None:
        """Begin anew in a child: no threads, no connections, nothing known, nothing queued."""
        self._queue.reset()
        self._way = self._way._replace(transport=self._way.fresh_transport())
        self._begin()

    def stats(self) -> Stats:
        """Count everything at one moment."""
        now = monotonic()
        opens = opens_at(self._window, now)
        return self._queue.stats()._replace(
            rate_limited_until=None if opens is None else time.time() + opens - now,
        )

    def _start(self) -> None:
        if self._is_stopping or not self._starting.acquire(blocking=False):
            return  # another thread does it, or this one was interrupted at it
        try:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="rollbar_logging", daemon=True)
                self._thread.start()
        except RuntimeError:  # the interpreter is ending, or the system has no more threads
            self._thread = None
        finally:
            self._starting.release()

    def _run(self) -> None:
        processes.role.is_sending = True
        rested_since = monotonic()
        while not self._is_stopping:
            report, wait = self._take()
            if report is not None:
                self._deliver(report, self._way.timeout)
                rested_since = monotonic()
                continue
            self.notices.dropped(self._queue.dropped)
            # After a report others are likely, so the thread looks in by itself for a while before it sleeps.
            queue, was_watched = self._queue, self._queue.is_watched
            has_rested = monotonic() - rested_since >= self._watch
            queue.is_watched = not has_rested if wait is None else wait <= queue.flush_interval
            if queue.is_watched:
                queue.wait(queue.flush_interval if wait is None else wait)
            elif not was_watched:  # else one more look, at what came when nobody rang
                queue.wait(wait)

    def _help(self) -> None:
        processes.role.is_sending = True
        try:
            while not self._is_stopping:
                report, _ = self._take()
                if report is None:
                    return
                self._deliver(report, self._way.timeout)
                self._queue.ring()  # the first thread may have waited for this answer
        finally:
            with self._gate:
                self._helpers -= 1

    def _pump(self, deadline: float) -> None:
        """Deliver on the calling thread: at the interpreter's end no thread may be started."""
        processes.role.is_sending = True
        try:
            while (left := deadline - monotonic()) > 0:
                report, wait = self._take()
                if report is not None:
                    self._deliver(report, min(self._way.timeout, left))
                elif wait is None:
                    return
                else:
                    self._queue.wait(min(wait, left))
        finally:
            processes.role.is_sending = False

    def _take(self) -> tuple[Report | None, float | None]:
        """Take a report if one may be sent now; else tell how long to wait (``None``: until the bell)."""
        if not _warm_loggers():
            return None, _COLD
        now = monotonic()
        with self._gate:
            due = self._queue.due(now)
            if due.at is None:
                return None, None
            wait = max(due.at, self._held_until, opens_at(self._window, now) or 0.0) - now
            if wait > 0:
                return None, wait
            in_flight = self._queue.in_flight
            if not admits(self._window, in_flight, now):
                return None, None
            report = self._queue.take(now)
            if due.waiting > _LEAST_BACKLOG and admits(self._window, in_flight + 1, now):
                self._call_helper()
        return report, 0.0 if report is not None else None

    def _call_helper(self) -> None:
        if self._helpers + 1 >= self._way.max_connections or self._is_stopping:
            return
        self._helpers += 1
        try:
            threading.Thread(target=self._help, name="rollbar_logging helper", daemon=True).start()
        except RuntimeError:
            self._helpers -= 1

    def _deliver(self, report: Report, timeout: float) -> None:
        try:
            self._attempt(report, timeout)
        except BaseException as error:  # noqa: BLE001 - a dead thread would lose every later report, this loses one
            self.notices.explain("internal_error", in_words(error))
            self._queue.settle(report, "internal_error")

    def _attempt(self, report: Report, timeout: float) -> None:
        if report.occurrence is not None:
            body = self._way.make_body(report.occurrence)
            if body is None:
                self._queue.settle(report, "before_send")
                return
            report.become(body)
        age = time.time() - report.created
        if age > self._way.max_age:
            self._queue.settle(report, "expired")
            return
        report.attempts += 1
        answer = self._send(report.body or b"", timeout)
        self._apply(report, self._learn(report, answer, age))

    def _send(self, body: bytes, timeout: float) -> Answer:
        try:
            return self._way.transport.send(body, timeout)
        except Exception as error:  # noqa: BLE001 - a transport of the application's
            return Answer(None, error=f"the transport raised {in_words(error)}")

    def _learn(self, report: Report, answer: Answer, age: float) -> Outcome:
        """Read from an answer what it means for all reports, and return what it means for this one."""
        now = monotonic()
        with self._gate:
            self._window = observe(self._window, answer, now, time.time())
            outcome = decide(
                answer,
                max(report.attempts, self._failures + 1),
                age,
                max_age=self._way.max_age,
                on_rate_limit=self._way.on_rate_limit,
                shrunk=report.is_shrunk,
                jitter=random.random(),  # noqa: S311 - spreads attempts
            )
            self._failures = self._failures + 1 if outcome.kind == "retry" else 0
            if outcome.hold:
                self._held_until = max(self._held_until, now + outcome.hold)
            elif outcome.kind == "sent":
                self._held_until = 0.0
        return outcome

    def _apply(self, report: Report, outcome: Outcome) -> None:
        reason, message = outcome.reason, outcome.message
        if outcome.kind == "sent":
            self._queue.settle(report)
        elif outcome.kind == "drop":
            self.notices.explain(reason, message)
            self._queue.settle(report, reason)
            return
        elif outcome.kind == "shrink":
            report.become(self._way.shrink(report.body or b""))
            report.is_shrunk = True
            self._queue.put_back(report)
        elif outcome.kind == "defer":
            self._queue.put_back(report, deferred=True)
        else:
            self._queue.put_back(report, monotonic() + outcome.delay)
        if message:
            self.notices.happened(reason, message if outcome.kind == "sent" else f"{message}; reports wait meanwhile")


def _warm_loggers() -> bool:
    """Let the senders' libraries find out now whether they log, and return whether they know; never waits.

    `logging.config` closes handlers while it holds `logging`'s lock. A library that asked for its level only then
    would wait for that lock, and the closing thread for the library; an answer already known needs no lock.
    """
    if all(logger.disabled or level in logger._cache for logger, level in _LOGGERS):  # type: ignore[attr-defined]  # noqa: SLF001 - the lock
        return True
    if not logging._lock.acquire(blocking=False):  # type: ignore[attr-defined]  # noqa: SLF001 - is not to be waited for
        return False
    try:
        for logger, level in _LOGGERS:
            logger.isEnabledFor(level)
    finally:
        logging._lock.release()  # type: ignore[attr-defined]  # noqa: SLF001 - likewise
    return True
