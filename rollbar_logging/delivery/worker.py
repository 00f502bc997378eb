"""The one loop: take a report, make its body, send it, do what the answer says.

A first thread runs it from the first report on. While there is a backlog, further threads run the same loop
and end when there is nothing for them; so a slow server is met with several connections and a fast one
with one. All waiting is for the queue's bell, so that anything can end it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, cast

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery import processes
from rollbar_logging.delivery.chores import Chore, do, sooner
from rollbar_logging.delivery.crew import Crew
from rollbar_logging.delivery.gate import Gate
from rollbar_logging.delivery.notices import Notices
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.sender import Sender, Way, prepare
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.delivery.warm_loggers import warm_loggers

if TYPE_CHECKING:
    from rollbar_logging.delivery.keeper import Keeper
    from rollbar_logging.delivery.spooled_queue import SpooledQueue

_LEAST_BACKLOG = 4
"""Reports that must wait before another sender is started."""

_WATCH = 30.0
"""Seconds after the last report for which the first thread looks in by itself."""

_SHORTEST_DOZE = 0.05
"""Seconds; to look in more often than that would be a burden of its own."""

_SHARE_OF_SENDING = 2 / 3
"""How much of the time for closing is for sending, when what is left then can still be kept on disk."""

_GRACE = 0.4
"""Seconds that keeping on disk, and a last word to Rollbar, may take beyond that."""

_COLD = 0.05
"""Seconds after which senders ask again whether the loggers are warm."""

_FAREWELL = 1.0
"""Seconds that threads which have nothing more to do may take to end."""


class Worker:
    """Delivers what is in a queue, on threads that it starts when there is something to deliver."""

    def __init__(self, queue: ReportQueue, way: Way, chores: Chore | None = None) -> None:
        self._queue = queue
        self._chores = chores
        self._is_guest = processes.is_guest()
        self._watch = 0.0 if self._is_guest or queue.flush_interval < _SHORTEST_DOZE else _WATCH
        self._way = way
        self._begin()

    def _begin(self) -> None:
        self._lock_type: object = threading.Lock
        self.notices = Notices()
        self._starting = threading.Lock()  # never waited for
        self._crew = Crew()
        way, queue = self._way, self._queue
        self._gate = Gate(way.on_rate_limit, None if way.spool is None else way.spool.window)
        self._keeper: Keeper | None = None
        if way.spool is not None:
            from rollbar_logging.delivery.keeper import Keeper  # noqa: PLC0415 - most handlers have no spool

            queue = cast("SpooledQueue", queue)
            make_body = partial(prepare, queue, way, self.notices)
            self._keeper = Keeper(queue, way.spool, way.keeps, make_body, self._gate, self.notices)
        self._sender = Sender(queue, way, self._gate, self.notices, self._keeper)
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

    def take_up(self) -> None:
        """Deliver what earlier processes left in the spool, if they did."""
        spool = self._way.spool
        if spool is not None and spool.file.path.exists():
            self._start()

    def flush(self, timeout: float) -> bool:
        """Deliver at once; returns whether all that was accepted before is settled within *timeout* seconds."""
        if processes.role.is_sending:
            return False  # a sender cannot wait for itself
        deadline = monotonic() + timeout
        warm_loggers()
        self._queue.hurry()
        if not self._queue.wait_settled(0):
            if self._thread is None:
                self._start()
            if self._thread is None:
                self._pump(deadline)
            if not self._queue.wait_settled(deadline - monotonic()):
                return False
        if self._is_guest:
            self._rest()
        return True

    def finish(self, timeout: float) -> bool:
        """Deliver what is left within *timeout* seconds, drop the rest, and tell the log; senders go on running.

        Returns:
            Whether no sender is left in the middle of an exchange.
        """
        self.notices.is_silent = True
        deadline = monotonic() + timeout
        self.flush(timeout * _SHARE_OF_SENDING if self._keeper is not None else timeout)
        is_idle = not self._queue.in_flight
        with processes.sending():
            if self._keeper is not None:  # also when settled: more may have come up from disk, or been logged
                self._keeper.keep_all(max(deadline, monotonic() + _GRACE))
            self._queue.drop_all("shutdown")
            self._sender.tell_losses(max(deadline - monotonic(), _GRACE), is_last=True)
        self.notices.is_silent = False
        self.notices.dropped(self._queue.dropped, is_last=True)
        return is_idle

    def close(self, timeout: float) -> None:
        """Finish, end the threads and give back connections. A thread in an exchange is not waited for."""
        is_idle = self.finish(timeout)
        self.notices.is_silent = True  # an answer that comes too late is no news
        self._is_stopping = True
        self._queue.ring()
        if is_idle:
            self._crew.join(_FAREWELL)
        self._give_up()
        with processes.sending(), contextlib.suppress(Exception):  # a transport of the application's
            self._way.transport.close()
        if self._keeper is not None:
            self._keeper.close()

    def _give_up(self) -> None:
        """Drop what came in while the threads were ended."""
        self._queue.drop_all("shutdown")
        self.notices.dropped(self._queue.dropped, is_last=True)

    def after_fork(self) -> None:
        """Begin anew in a child: no threads, no connections, nothing known, nothing queued."""
        self._queue.reset()
        self._way = self._way._replace(transport=self._way.fresh_transport())
        if self._way.spool is not None:
            self._way.spool.after_fork()
        self._begin()

    def retire(self) -> None:
        """Let the threads end, each after the report that it sends; the next report or `flush` starts others.

        For threads that were started before the library was patched: they would need an event loop of their own.
        """
        self._thread = None
        self._queue.ring()

    def leave(self) -> None:
        """Start no more threads, and let none be left, if the interpreter that is about to end must not have one.

        That takes as long as an exchange that is under way: with a thread left, the whole process would be aborted.
        """
        if self._is_guest:
            self._crew.is_dismissed = True
            self.retire()
            self._crew.join(2 * self._way.timeout + _FAREWELL)

    def _rest(self) -> None:
        """Let the threads end until there is something to deliver: their interpreter may be ended now."""
        self.retire()
        self._crew.join(_FAREWELL)
        if self._thread is None and not self._queue.wait_settled(0):  # something came meanwhile
            self._start()

    def _notice_patch(self) -> None:
        """Renew the locks for which a thread may have to wait, if the library was patched, as by gevent.

        With one made before, a greenlet that waits would stop all others, also the one that is to give it back.
        """
        if threading.Lock is self._lock_type:
            return
        self._lock_type = threading.Lock
        processes.notice_patch()
        self._crew = Crew()
        self._queue.renew_bell()
        self._gate.renew_lock()
        if self._keeper is not None:
            self._keeper.renew_locks()
        self._way = self._way._replace(transport=self._way.fresh_transport())
        self._sender = Sender(self._queue, self._way, self._gate, self.notices, self._keeper)

    def stats(self) -> Stats:
        """Count everything at one moment."""
        now = monotonic()
        opens = self._gate.opens_at(now)
        return self._queue.stats()._replace(
            rate_limited_until=None if opens is None else time.time() + opens - now,
        )

    def _start(self) -> None:
        if processes.lacks_threads():
            self.notices.happened("threads", "uWSGI runs no threads, so nothing is delivered: add --enable-threads")
        if self._is_stopping or not self._starting.acquire(blocking=False):
            return  # another thread does it, or this one was interrupted at it
        try:
            if self._thread is None:
                self._notice_patch()
                self._thread = thread = self._crew.make(self._run, "rollbar_logging")
                if thread is not None and not self._crew.start(thread):
                    self._thread = None
        finally:
            self._starting.release()

    def _run(self, thread: threading.Thread) -> None:
        processes.role.is_sending = True
        rested_since = monotonic()
        while self._thread is thread and not self._is_stopping:
            chores_at = self._do_chores()
            report, wait = self._take() if self._keeper is None else self._call_sender()
            if report is not None:
                self._sender.deliver(report, self._way.timeout)
                rested_since = monotonic()
                continue
            self.notices.dropped(self._queue.dropped)
            # After a report others are likely, so the thread looks in by itself for a while before it sleeps.
            queue, was_watched = self._queue, self._queue.is_watched
            has_rested = monotonic() - rested_since >= self._watch
            queue.is_watched = not has_rested if wait is None else wait <= queue.flush_interval
            if queue.is_watched:
                queue.wait(sooner(queue.flush_interval if wait is None else wait, chores_at))
            elif not was_watched:  # else one more look, at what came when nobody rang
                if self._is_guest and self._may_rest(thread):
                    break
                queue.wait(sooner(wait, chores_at))
        processes.sign_off(thread)

    def _may_rest(self, thread: threading.Thread) -> bool:
        """Give up the first thread's place when there is nothing to look after; ``False`` if it has it again."""
        if self._queue.stats().spooled or do(self._chores, self.notices) is not None:
            return False
        self._thread = None
        if self._queue.wait_settled(0) or not self._starting.acquire(blocking=False):
            return True  # the next report starts another one, or is just about to
        try:
            if self._thread is None:
                self._thread = thread
            return self._thread is not thread
        finally:
            self._starting.release()

    def _do_chores(self) -> float | None:
        """Do what is to be done from time to time, and return when to do it next (monotonic seconds)."""
        chores = (self._chores, None if self._keeper is None else self._keeper.look)
        moments = [do(chore, self.notices) for chore in chores]
        return min((moment for moment in moments if moment is not None), default=None)

    def _help(self, thread: threading.Thread, first: threading.Thread | None) -> None:
        processes.role.is_sending = True
        try:
            while self._thread is first and not self._is_stopping:
                report, _ = self._take()
                if report is not None:
                    self._sender.deliver(report, self._way.timeout)
                self._queue.ring()  # the first thread may have waited for this answer
                if report is None:
                    return
        finally:
            with self._gate.lock:
                self._helpers -= 1
            processes.sign_off(thread)

    def _pump(self, deadline: float) -> None:
        """Deliver on the calling thread: at the interpreter's end no thread may be started."""
        with processes.sending():
            while (left := deadline - monotonic()) > 0:
                if self._keeper is not None:
                    self._keeper.look(monotonic())
                report, wait = self._take()
                if report is not None:
                    self._sender.deliver(report, min(self._way.timeout, left))
                elif wait is None:
                    return
                else:
                    self._queue.wait(min(wait, left))

    def _take(self) -> tuple[Report | None, float | None]:
        """Take a report if one may be sent now; else tell how long to wait (``None``: until the bell)."""
        if not warm_loggers():
            return None, _COLD
        now = monotonic()
        with self._gate.lock:
            wait, backlog = self._wait(now)
            if wait != 0.0 or self._gate.must_queue(now):
                return None, self._wait(now)[0]
            report = self._queue.take(now)
            if report is None:
                self._gate.give_back()
            if backlog > _LEAST_BACKLOG and self._gate.admits(self._queue.in_flight, now):
                self._call_helper(self._way.max_connections - 1)
        return report, 0.0 if report is not None else None

    def _call_sender(self) -> tuple[None, float | None]:
        """Have others send: no exchange is to keep this thread from looking after the spool."""
        with self._gate.lock:
            wait, _ = self._wait(monotonic())
            if wait == 0.0:
                self._call_helper(self._way.max_connections)
        return None, wait or None  # whoever sends rings

    def _wait(self, now: float) -> tuple[float | None, int]:
        """Tell how long to wait until a report may be sent (``None``: until the bell), and how many wait for that."""
        due = self._queue.due(now)
        if due.at is None:
            return None, 0
        wait = max(due.at - now, self._gate.blocked_for(now))
        if wait <= 0 and not self._gate.admits(self._queue.in_flight, now):
            return None, 0
        return max(wait, 0.0), due.waiting

    def _call_helper(self, most: int) -> None:
        if self._helpers >= most or self._is_stopping:
            return
        first = self._thread
        helper = self._crew.make(lambda thread: self._help(thread, first), "rollbar_logging helper")
        if helper is not None:
            self._helpers += 1  # before it may say that it ends
            self._helpers -= not self._crew.start(helper)
