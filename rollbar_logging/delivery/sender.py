"""What happens to one report: its body is made, sent once, and what the answer says is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Literal, NamedTuple

from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.delivery.answer import Answer, Transport
from rollbar_logging.delivery.gate import Gate
from rollbar_logging.delivery.losses import as_occurrence
from rollbar_logging.delivery.notices import INTERVAL, Notices
from rollbar_logging.delivery.policy import Outcome
from rollbar_logging.delivery.queue import ReportQueue
from rollbar_logging.delivery.report import Report
from rollbar_logging.errors import in_words

if TYPE_CHECKING:
    from rollbar_logging.delivery.keeper import Keeper
    from rollbar_logging.delivery.spool import Spool


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
        spool: Keeps on disk what cannot be sent.
        keeps: ``overflow`` or ``always``.
    """

    transport: Transport
    fresh_transport: Callable[[], Transport]
    make_body: Callable[[Occurrence], bytes | None]
    shrink: Callable[[bytes], bytes]
    timeout: float = 10.0
    max_connections: int = 4
    on_rate_limit: Literal["defer", "drop"] = "defer"
    max_age: float = 3600.0
    spool: Spool | None = None
    keeps: Literal["overflow", "always"] = "overflow"


def prepare(queue: ReportQueue, way: Way, notices: Notices, report: Report) -> bool:
    """Turn what was captured into bytes; returns ``False`` if the report is settled, since it is not to be sent.

    Never raises: whoever asks may have others in hand, which must not be lost with this one.
    """
    occurrence = report.occurrence  # at the end two threads may ask for the same report
    if occurrence is None:
        return True
    try:
        body = way.make_body(occurrence)
    except BaseException as error:  # noqa: BLE001 - what ``before_send`` has left in it may do anything
        notices.explain("internal_error", in_words(error))
        queue.settle(report, "internal_error")
        return False
    if body is None:
        queue.settle(report, "before_send")
        return False
    report.become(body)
    return True


class Sender:
    """Sends reports, one at a call, on whatever thread calls; several may.

    Args:
        queue: Where the reports come from, and where they are settled or go back to.
        way: How they travel.
        gate: Learns from all answers.
        notices: Tells the log.
        keeper: Has copies on disk of the reports that are kept there.
    """

    def __init__(self, queue: ReportQueue, way: Way, gate: Gate, notices: Notices, keeper: Keeper | None) -> None:
        self._queue = queue
        self._way = way
        self._gate = gate
        self._notices = notices
        self._keeper = keeper
        self._tell_at = 0.0

    def deliver(self, report: Report, timeout: float) -> None:
        """Try once to send a report that is in flight, and settle it or put it back. Never raises."""
        try:
            self._attempt(report, timeout)
        except BaseException as error:  # noqa: BLE001 - a dead thread would lose every later report, this loses one
            self._notices.explain("internal_error", in_words(error))
            self._settle(report, "internal_error")

    def tell_losses(self, timeout: float, *, is_last: bool = False) -> None:
        """Tell Rollbar in one report, once a minute and only while it takes reports, how many were dropped and why.

        It is no report of the application's, so it is not counted.

        Args:
            timeout: Seconds for the exchange.
            is_last: Do not wait for the minute to pass.
        """
        now = monotonic()
        if (now < self._tell_at and not is_last) or not self._gate.is_clear:
            return
        losses = self._queue.take_untold_losses()
        if not losses:
            return
        if not self._may_pass(now, timeout):
            self._queue.restore_losses(losses)
            return
        self._tell_at = now + INTERVAL
        body = self._way.make_body(as_occurrence(losses, time.time()))
        if body is None:
            self._gate.give_back()
            return
        outcome = self._gate.learn(self._send(body, timeout), 1, 0.0, max_age=self._way.max_age, is_shrunk=True)
        # With ``on_rate_limit="drop"`` a 429 drops; but what was not told then is told later.
        if outcome.kind in {"retry", "defer"} or outcome.reason == "rate_limited":
            self._queue.restore_losses(losses)

    def _may_pass(self, now: float, timeout: float) -> bool:
        """Whether one request more may go out; also ``False`` if that cannot be found out within *timeout* seconds."""
        if not self._gate.lock.acquire(timeout=timeout):
            return False  # a sender with the lock waits for the spool, and nobody is to be kept from ending
        try:
            return self._gate.admits(self._queue.in_flight, now) and not self._gate.must_queue(now)
        finally:
            self._gate.lock.release()

    def _attempt(self, report: Report, timeout: float) -> None:
        if not prepare(self._queue, self._way, self._notices, report):
            return
        max_age = self._way.max_age if self._keeper is None or not report.is_kept else self._keeper.max_age
        age = monotonic() - report.born
        if age > max_age:
            self._settle(report, "expired")
            return
        report.attempts += 1
        answer = self._send(report.body or b"", timeout)
        outcome = self._gate.learn(answer, report.attempts, age, max_age=max_age, is_shrunk=report.is_shrunk)
        self._apply(report, outcome)
        if outcome.kind == "sent":
            self.tell_losses(timeout)

    def _send(self, body: bytes, timeout: float) -> Answer:
        try:
            return self._way.transport.send(body, timeout)
        except Exception as error:  # noqa: BLE001 - a transport of the application's
            return Answer(None, error=f"the transport raised {in_words(error)}")

    def _apply(self, report: Report, outcome: Outcome) -> None:
        reason, message = outcome.reason, outcome.message
        if outcome.kind == "sent":
            self._settle(report)
        elif outcome.kind == "drop":
            self._notices.explain(reason, message)
            self._settle(report, reason)
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
            is_sent = outcome.kind == "sent"
            self._notices.happened(reason, message if is_sent else f"{message}; reports wait meanwhile")

    def _settle(self, report: Report, dropped: str | None = None) -> None:
        # On disk first: whoever is told that all is settled may end the process.
        if self._keeper is not None:
            self._keeper.forget(report)
        self._queue.settle(report, dropped)
