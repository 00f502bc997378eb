"""`RollbarHandler`: what an application adds to its logging configuration. Wires the rooms together."""

from __future__ import annotations

import logging
import os
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

from rollbar_logging.delivery import processes
from rollbar_logging.delivery.notices import tell
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.errors import in_words
from rollbar_logging.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rollbar_logging.capture.occurrence import Occurrence
    from rollbar_logging.capture.record import Recorder
    from rollbar_logging.capture.storms import Storms, Window
    from rollbar_logging.delivery.queue import ReportQueue
    from rollbar_logging.delivery.sender import Way
    from rollbar_logging.delivery.spool import Spool
    from rollbar_logging.delivery.worker import Worker
    from rollbar_logging.settings import Options


class RollbarHandler(logging.Handler):
    """Reports log records, with their exceptions, to Rollbar.

    On the caller's thread a record becomes a bounded snapshot on a bounded queue; all else happens on a thread of
    the handler's own, which the first record starts. `emit` neither raises nor waits.

    Args:
        options: Every option of `Settings`. One that is not given is read from the environment variable
            ``ROLLBAR_<OPTION>`` and else has its default.

    Raises:
        SettingsError: An option has a value that cannot work.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        settings = Settings.resolve(options, os.environ)
        super().__init__(settings.level)
        self._settings = settings
        self._is_closed = False
        self._is_exiting = False
        self._exit_left = settings.shutdown_timeout
        self._vain_flush: tuple[int, float] = (-1, 0.0)
        self._failures = 0
        self._worker: Worker | None = None
        self._storms: Storms | None = None
        if settings.is_inert:
            if settings.enabled:
                tell("no access token, so nothing is reported: set ROLLBAR_ACCESS_TOKEN or the option access_token")
            return
        self._recorder, self._storms, self._queue, self._worker = _assembled(settings)
        processes.register(self)
        self._worker.take_up()

    def handle(self, record: logging.LogRecord) -> Any:
        """Filter and emit, without the lock that handlers take: nothing here needs it, and nobody waits for it."""
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Take a snapshot of *record* and queue it, or count it in a storm. Sets ``record.rollbar_uuid`` if queued."""
        _notice_fork(record)
        role, worker, storms = processes.role, self._worker, self._storms
        if worker is None or self._is_closed or role.is_sending or _is_own(getattr(record, "name", None)):
            return
        if self._is_exiting and sys.is_finalizing():
            return  # the threads stand still already, and nothing can be imported any more
        if role.is_emitting:
            role.reentered += 1
            return
        role.is_emitting = True
        window = None
        try:
            if storms is not None and (window := storms.admit(record)) is None:
                return
            occurrence = self._recorder.capture(record)
            if occurrence is not None:
                record.rollbar_uuid = occurrence.uuid
                if window is not None and window.is_full:
                    self._keep(window, occurrence)
                worker.put(occurrence)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            self._failed(record, error, window)
        finally:
            role.is_emitting = False
            if role.reentered:
                self._count_reentered()
        if self._is_exiting:
            self._wait_at_exit()

    def flush(self, timeout: float | None = None) -> bool:  # type: ignore[override]  # it tells more
        """Deliver now what was accepted before this call.

        Args:
            timeout: Seconds to wait; by default the option ``shutdown_timeout``.

        Returns:
            Whether all of it is settled: sent, kept on disk, or dropped for a reason that `stats` tells.
        """
        processes.notice_fork()
        worker = self._worker
        if worker is None or self._is_closed:
            return True
        if self._is_exiting:
            return self._wait_at_exit()
        serial = self._queue.last_serial
        is_settled = worker.flush(self._settings.shutdown_timeout if timeout is None else timeout)
        if not is_settled and timeout is None:
            self._vain_flush = (serial, monotonic())
        return is_settled

    def close(self) -> None:
        """Deliver what is left within ``shutdown_timeout``, drop and count the rest, end the threads.

        May be called more than once. Records that come afterwards are ignored; but while the interpreter runs its
        exit functions they are still sent, within what is left of ``shutdown_timeout``.
        """
        worker = self._worker
        if worker is not None and not self._is_closed:
            if self._is_exiting:
                self._tell_storms()
                self._wait_at_exit()
                worker.finish(0)
            else:
                patience = self._patience()  # before what is to be told of storms counts as new
                self._is_closed = True
                self._tell_storms()
                worker.close(patience)
        super().close()

    def stats(self) -> Stats:
        """Count what became of all records so far; see `Stats`."""
        if self._worker is None:
            return Stats()
        return self._worker.stats()._replace(suppressed=self._storms.suppressed if self._storms is not None else 0)

    def after_fork(self) -> None:
        """Begin anew in a forked child; called by the interpreter."""
        self._is_exiting, self._exit_left = False, self._settings.shutdown_timeout
        self._vain_flush = (-1, 0.0)
        if self._worker is not None:
            self._worker.after_fork()
        if self._storms is not None:
            self._storms.reset()

    def at_exit(self, used: float = 0.0) -> None:
        """Deliver what is left; called by the interpreter before it ends.

        Args:
            used: Seconds that the process's end has taken already.
        """
        if self._worker is not None and not self._is_closed and not self._is_exiting:
            self._is_exiting = True
            self._exit_left = max(0.0, self._settings.shutdown_timeout - used)
            self._tell_storms()
            self._wait_at_exit()

    def _keep(self, window: Window | None, occurrence: Occurrence) -> None:
        """Keep of the last report of a storm what is to be told of it; before that report wakes who tells."""
        if self._storms is not None and window is not None and window.is_full:
            self._storms.keep(window, occurrence)

    def _tell_storms(self) -> None:
        """Queue what is to be told of storms, while this thread takes no records that could get in the way."""
        role = processes.role
        if self._storms is None or role.is_emitting:
            return
        role.is_emitting = True
        try:
            self._storms.tell_all()
        finally:
            role.is_emitting = False
            self._count_reentered()

    def _count_reentered(self) -> None:
        if processes.role.reentered:
            self._queue.count_dropped("reentrant", processes.role.reentered)
            processes.role.reentered = 0

    def _wait_at_exit(self) -> bool:
        """Flush within what is left of the one budget that the end of the process has."""
        if self._worker is None:
            return True
        before = monotonic()
        is_settled = self._worker.flush(self._exit_left)
        self._exit_left = max(0.0, self._exit_left - (monotonic() - before))
        return is_settled

    def _patience(self) -> float:
        """How long closing may take: nothing, if a flush has just waited in vain for the very same reports.

        ``logging.shutdown`` flushes and then closes each handler; together they get the time of one.
        """
        serial, moment = self._vain_flush
        is_repeated = serial == self._queue.last_serial and monotonic() - moment < 1
        return 0.0 if is_repeated else self._settings.shutdown_timeout

    def _failed(self, record: logging.LogRecord, error: Exception, window: Window | None) -> None:
        """Report what can be told of a record that could not be captured, and warn once."""
        self._failures += 1
        try:
            bare = self._recorder.capture_bare(record, error)
            self._keep(window, bare)
            if self._worker is not None:
                self._worker.put(bare)
        except Exception:  # noqa: BLE001 - the last resort is to count
            self._queue.count_dropped("internal_error", 1)
        if self._failures == 1:
            name = getattr(record, "name", None)
            tell(f"a record of the logger {name!r} could not be captured whole: {in_words(error)}")

    def __repr__(self) -> str:
        state = "inert" if self._worker is None else "closed" if self._is_closed else self._settings.environment
        return f"<{type(self).__name__} ({state}, {logging.getLevelName(self.level)})>"


def _notice_fork(record: logging.LogRecord) -> None:
    # To ask the system for every record would cost more than a glance at what `logging` asked already.
    if dict.get(record.__dict__, "process") != processes.pid:
        processes.notice_fork()


def _is_own(name: object) -> bool:
    return isinstance(name, str) and f"{name}.".startswith("rollbar_logging.")


# The parts are imported here and not above, so that importing the package stays cheap; and not on the worker's
# thread: a fork in the middle of an import would leave the child with a lock that nobody gives back.
# ruff: noqa: PLC0415


def _assembled(settings: Settings) -> tuple[Recorder, Storms | None, ReportQueue, Worker]:
    from rollbar_logging.capture.record import Recorder
    from rollbar_logging.capture.storms import Storms
    from rollbar_logging.capture.values import Bounds
    from rollbar_logging.delivery.queue import ReportQueue
    from rollbar_logging.delivery.report import Report
    from rollbar_logging.delivery.spooled_queue import SpooledQueue
    from rollbar_logging.delivery.worker import Worker

    bounds = Bounds(settings.max_string, settings.max_items, settings.max_depth, settings.capture_budget)
    recorder = Recorder(
        bounds,
        settings.max_frames,
        with_locals=settings.capture_locals,
        exception_levels=settings.exception_levels,
    )
    kind = ReportQueue if settings.spool_dir is None else SpooledQueue
    queue = kind(settings.queue_size, settings.queue_bytes, settings.batch_size, settings.flush_interval)
    if not settings.storm_limit:
        return recorder, None, queue, Worker(queue, _way(settings))
    is_ignored = recorder.is_ignored if settings.exception_levels else None
    # Neither refers to the handler, so that one which is given up can go while its thread still runs.
    storms = Storms(settings.storm_limit, settings.storm_window, lambda summary: queue.put(Report(summary)), is_ignored)
    return recorder, storms, queue, Worker(queue, _way(settings), storms.tell_ended)


def _way(settings: Settings) -> Way:
    import socket

    from rollbar_logging.delivery.sender import Way
    from rollbar_logging.delivery.transport import HttpTransport
    from rollbar_logging.item.assembly import Assembly
    from rollbar_logging.item.build import Origin
    from rollbar_logging.item.scrub import Scrubber

    origin = Origin(
        settings.environment,
        settings.platform,
        settings.framework,
        settings.code_version,
        settings.host or socket.gethostname(),
        settings.root.rstrip("/") if settings.root else None,
        settings.branch,
        tuple(sys.argv) if settings.send_argv else None,
    )
    scrubber = Scrubber(
        fields=settings.scrub_fields,
        emails=settings.scrub_emails,
        ibans=settings.scrub_ibans,
        access_token=settings.access_token,
    )
    assembly = Assembly(origin, scrubber, settings.max_payload_bytes, settings.before_send, settings.fingerprint)
    if settings.transport is not None:
        transport, fresh = settings.transport, lambda: settings.transport
    else:
        transport = HttpTransport(settings.endpoint, settings.access_token or "", pool_size=settings.max_connections)
        fresh = transport.fresh
    return Way(
        transport,
        fresh,
        assembly.body,
        assembly.shrunk,
        settings.timeout,
        settings.max_connections,
        settings.on_rate_limit,
        settings.max_age,
        _spool(settings),
        settings.spool,
    )


def _spool(settings: Settings) -> Spool | None:
    if settings.spool_dir is None:
        return None
    from rollbar_logging.delivery.spool import Spool

    token = settings.access_token or ""
    return Spool(settings.spool_dir, token=token, max_bytes=settings.spool_bytes, on_notice=tell)
