"""Moves reports between the queue and the spool on disk, so that none is lost while the way is blocked.

Its part of the work is done on the first sender's thread, between its looks at the queue, and at the end on the
thread that closes. When the spool is out of order, the log hears of it, and reports wait in memory as without one.
Whatever else goes wrong in the middle, as where memory is short, is taken for that: no report stays in between, and
no claim without its report.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Collection, Sequence
from time import monotonic
from typing import Literal

from rollbar_logging.delivery.gate import Gate
from rollbar_logging.delivery.notices import Notices
from rollbar_logging.delivery.report import Report
from rollbar_logging.delivery.spool import Kept, Spool
from rollbar_logging.delivery.spooled_queue import SpooledQueue
from rollbar_logging.errors import RollbarError, in_words

PATIENCE = 2.0
"""Seconds: when the way is blocked for longer, what waits goes to disk."""

_BATCH = 50
_LONGEST_MOVE = 1.0
"""Seconds for which reports are moved at a time; senders and the spool's claims want attention too."""

_RENEWAL = 20.0
"""Seconds between two renewals of claims."""

_POLL = 30.0
"""Seconds between two looks at what other processes left."""

_REPAIR = 10.0
"""Seconds after which a spool that was out of order is tried again."""


_LAST_PATIENCE = 0.2
"""Seconds to wait for others at the very end, for what is done in their favour only."""


class Keeper:
    """Keeps reports on disk, and takes them up again.

    Args:
        queue: Where reports wait in memory.
        spool: Where they wait on disk.
        mode: ``overflow``: what cannot be sent soon. ``always``: every report, before it is sent.
        make_body: Turns a report into bytes, or settles it and returns ``False``.
        gate: Knows whether the way is blocked.
        notices: Tells the log.

    Attributes:
        max_age: Seconds after which a report that is kept is given up.
    """

    def __init__(
        self,
        queue: SpooledQueue,
        spool: Spool,
        mode: Literal["overflow", "always"],
        make_body: Callable[[Report], bool],
        gate: Gate,
        notices: Notices,
    ) -> None:
        self.max_age = spool.max_age
        self._queue = queue
        self._spool = spool
        self._make_body = make_body
        self._gate = gate
        self._notices = notices
        self._turn = threading.Lock()
        self._broken_until = self._renew_at = self._poll_at = 0.0
        # What is to be done on disk, and could not be when it was time for it.
        self._to_release: list[str] = []
        self._to_remove: list[str] = []
        queue.keeps_fresh_apart = mode == "always"

    def renew_locks(self) -> None:
        """Take locks of the present kind, after the library was patched."""
        self._turn = threading.Lock()
        self._spool.file.renew_lock()

    def look(self, now: float) -> float:
        """Do what is to be done now; returns when to look again (monotonic seconds). Never raises."""
        with self._turn:
            if now < self._broken_until:
                self._let_fresh_pass()
                return self._broken_until
            try:
                return self._look(now)
            except Exception as error:  # noqa: BLE001 - a dead thread would lose every later report
                self._failed(error)
                return self._broken_until

    def _look(self, now: float) -> float:
        self._make_up()
        self._keep_fresh()
        blocked = self._gate.blocked_for(now)
        if blocked > PATIENCE:
            self._move_out(now, 0)
        elif self._queue.is_crowded:
            self._move_out(now, self._queue.size // 2)
        elif blocked == 0.0 and now >= self._poll_at and not self._is_loaded():
            # After a failure one tries whether the way is free.
            found = self._take_up(self._queue.portion if self._gate.is_clear else 1)
            self._poll_at = now if found else now + _POLL
        if now >= self._renew_at:
            self._spool.renew()
            self._renew_at = now + _RENEWAL
        if blocked:
            return min(self._renew_at, now + blocked)
        # With enough in memory, the next look is when something was sent.
        return self._renew_at if self._is_loaded() else min(self._renew_at, max(self._poll_at, now))

    def _make_up(self) -> None:
        """Give back and remove on disk what is not in memory any more."""
        while self._to_remove:  # one by one, as senders may add to them
            self._spool.remove(self._to_remove[:1])
            del self._to_remove[0]
        self._to_release += self._queue.take_left_to_spool()
        if self._to_release:
            self._spool.release(self._to_release)
            self._to_release = []
            self._poll_at = 0.0

    def _is_loaded(self) -> bool:
        return self._queue.waiting > self._queue.portion // 2

    def keep_all(self, deadline: float) -> None:
        """Keep all that is on its way, also what is being sent, until *deadline* (monotonic seconds). Never raises.

        From then on nothing is taken up, and what comes is sent from memory or lost.
        """
        self._broken_until = math.inf
        self._spool.file.hurry(deadline - monotonic())
        turn = self._turn
        if turn.acquire(timeout=max(deadline - monotonic(), 0.0)):
            try:
                self._keep_all(deadline)
            except Exception as error:  # noqa: BLE001 - the application is about to end, and must do so in order
                self._notices.explain("shutdown", _said(error))
            finally:
                turn.release()
        self._spool.file.hurry(_LAST_PATIENCE)
        # For want of time or of a spool they stay claimed; but they are on disk, and come back when the claim ends.
        self._queue.settle_spooled([report for report in self._queue.take_all() if report.is_kept])

    def _keep_all(self, deadline: float) -> None:
        while (reports := self._queue.take_all()[:_BATCH]) and monotonic() < deadline:
            self._spool.file.hurry(deadline - monotonic())
            self._put_down(reports)
        self._make_up()

    def forget(self, report: Report) -> None:
        """Remove the copy of a report that is settled. Never raises."""
        if report.is_kept:
            try:
                self._spool.remove([report.uuid])
            except Exception as error:  # noqa: BLE001 - the report is settled whatever becomes of its copy
                self._to_remove.append(report.uuid)  # else it would be sent once more
                self._failed(error)

    def close(self) -> None:
        """Give back what is claimed, and close the spool. Never raises."""
        with contextlib.suppress(Exception):
            self._spool.close(is_over=True)  # a sender whose answer comes later may use it once more

    def _keep_fresh(self) -> None:
        """Put what came in on disk before it may be sent."""
        while fresh := self._queue.take_fresh(_BATCH):
            try:
                fresh = [report for report in fresh if self._make_body(report)]
                kept = self._spool.keep(list(map(_as_kept, fresh)), is_claimed=True)
                for report in fresh:
                    report.is_kept = report.uuid in kept.kept
                self._lost(kept.gave_way, "spool_full")
                self._queue.settle_spooled([report for report in fresh if report.uuid in kept.held])
            finally:
                self._queue.make_ready(fresh)  # those that are settled already stay so

    def _let_fresh_pass(self) -> None:
        while fresh := self._queue.take_fresh(_BATCH):
            self._queue.make_ready(fresh)

    def _move_out(self, now: float, left: int) -> None:
        """Put reports on disk until no more than *left* wait in memory."""
        while self._queue.waiting > left and monotonic() - now < _LONGEST_MOVE:
            reports = self._queue.take_out(_BATCH)
            try:
                self._put_down(reports)
            except BaseException:
                self._queue.make_ready(reports)  # those that are settled already stay so
                raise
            self._poll_at = 0.0

    def _put_down(self, reports: Sequence[Report]) -> None:
        """Leave reports, which are in flight, to the spool."""
        there = set(self._spool.release([report.uuid for report in reports if report.is_kept]))
        # At once: without its claim another process may send a report, so it must not go back to those in memory.
        self._left_on_disk([report for report in reports if report.uuid in there])
        others = [report for report in reports if report.uuid not in there and self._make_body(report)]
        result = self._spool.keep(list(map(_as_kept, others)))
        self._left_on_disk([report for report in others if report.uuid in result.kept])
        for report in others:
            if report.uuid not in result.kept:
                self._queue.settle(report, "spool_full")
        self._lost(result.gave_way, "spool_full")  # some of those just counted as spooled may be among them
        self._make_up()  # last of all: what is counted is counted, should this fail

    def _left_on_disk(self, reports: Sequence[Report]) -> None:
        ended = self._queue.settle_spooled(reports)
        self._to_remove += [report.uuid for report in ended]

    def _take_up(self, most: int) -> bool:
        claimed = self._spool.claim(most)
        reports: list[Report] = []
        try:
            self._lost(self._spool.take_expired(), "expired")
            reports += map(_as_report, claimed)
            self._queue.put_from_spool(reports)
        except BaseException:
            in_memory = {report.uuid for report in reports if report.serial}
            self._to_release += [kept.uuid for kept in claimed if kept.uuid not in in_memory]
            raise
        return bool(claimed)

    def _lost(self, uuids: Collection[str], reason: str) -> None:
        others = self._queue.lost_on_disk(uuids, reason) if uuids else 0
        if others:
            told = f"{others} reports that another process had left on disk were dropped: {reason}"
            self._notices.happened(f"on disk {reason}", told)

    def _failed(self, error: Exception) -> None:
        self._broken_until = max(self._broken_until, monotonic() + _REPAIR)
        self._notices.happened("spool", f"{_said(error)}; reports wait in memory meanwhile")


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, RollbarError) else f"the spool failed: {in_words(error)}"


def _as_kept(report: Report) -> Kept:
    return Kept(report.uuid, report.rank, report.created, report.body or b"")


def _as_report(kept: Kept) -> Report:
    return Report.from_spool(kept.uuid, kept.rank, kept.created, kept.body)
