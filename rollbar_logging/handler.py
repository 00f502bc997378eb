"""`RollbarHandler`: what an application adds to its logging configuration. Wires the rooms together."""

from __future__ import annotations

import logging
import os
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

from rollbar_logging.capture import seen
from rollbar_logging.capture.report_level import ReportLevel
from rollbar_logging.delivery import processes
from rollbar_logging.delivery.notices import tell
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.errors import in_words
from rollbar_logging.pipeline import assembled, telemetry_of
from rollbar_logging.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from rollbar_logging.capture.occurrence import Occurrence
    from rollbar_logging.capture.storms import Storms, Window
    from rollbar_logging.capture.telemetry import Telemetry
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

    _worker: Worker | None = None
    _lock: Any = None

    def __init__(self, **options: Unpack[Options]) -> None:
        settings = self._resolved(options)
        self._telemetry = telemetry_of(settings)
        super().__init__()
        self.setLevel(settings.level)
        self._settings = settings
        self._is_closed = self._has_told_closed = False
        self._is_exiting = False
        self._exit_left = settings.shutdown_timeout
        self._vain_flush: tuple[int, float] = (-1, 0.0)
        self._failures = 0
        self._storms: Storms | None = None
        if settings.is_inert:
            if settings.enabled:
                tell("no access token, so nothing is reported: set ROLLBAR_ACCESS_TOKEN or the option access_token")
            return
        self._recorder, self._storms, self._queue, self._worker = assembled(settings)
        processes.register(self)
        self._worker.take_up()

    @property
    def lock(self) -> Any:
        """The lock that `logging` gives to each handler, and gevent gives anew when it patches the library."""
        return self._lock

    @lock.setter
    def lock(self, lock: Any) -> None:
        is_patched = self._lock is not None and type(lock) is not type(self._lock)
        self._lock = lock
        if is_patched and self._worker is not None:
            self._worker.retire()

    @property
    def telemetry(self) -> Telemetry | None:
        """The trail of what came before a report, for integrations that add to it; ``None``, if none is kept."""
        return None if self._is_closed else self._telemetry

    def setLevel(self, level: int | str) -> None:  # noqa: N802 - the name of `logging`
        """Set the level of what is reported; records below it go into the trail, if one is kept."""
        super().setLevel(level)
        if self._telemetry is not None:
            self.level = ReportLevel.of(self.level, self._telemetry.level)

    def handle(self, record: logging.LogRecord) -> Any:
        """Filter and emit, without the lock that handlers take: nothing here needs it, and nobody waits for it."""
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Take a snapshot of *record* and queue it, or count it in a storm. Sets ``record.rollbar_uuid`` if queued."""
        _notice_fork(record)
        role, worker = processes.role, self._worker
        if worker is None or role.is_sending or _is_own(getattr(record, "name", None)):
            return
        if self._is_closed:
            self._tell_closed()
            return
        if self._is_exiting and sys.is_finalizing():
            return  # the threads stand still already, and nothing can be imported any more
        if role.is_emitting and (role := _role_after_patch(role)).is_emitting:
            role.reenter()
            return
        role.is_emitting = True
        try:
            self._report(record, worker)
        finally:
            role.is_emitting = False
            if role.is_reentered:
                self._count_reentered()
        if self._is_exiting:
            self._wait_at_exit()

    def _report(self, record: logging.LogRecord, worker: Worker) -> None:
        storms, window = self._storms, None
        try:
            telemetry = self._telemetry
            if telemetry is not None and record.levelno < int(self.level):
                telemetry.note(record)
                return
            exc_info = record.__dict__.get("exc_info")
            if exc_info is not None and (told := seen.reported_finally(exc_info)) is not None:
                record.rollbar_uuid = told.uuid
                return
            if storms is not None and (window := storms.admit(record)) is None:
                seen.note(exc_info, "")
                return
            occurrence = self._recorder.capture(record)
            if occurrence is None:
                return
            record.rollbar_uuid = occurrence.uuid
            if exc_info is not None:
                seen.note(exc_info, occurrence.uuid)
            if telemetry is not None:
                occurrence = telemetry.attached(occurrence)
                telemetry.note(record)
            if window is not None and window.is_full:
                self._keep(window, occurrence)
            worker.put(occurrence)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            self._failed(record, error, window)

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
            self._worker.leave()

    def _resolved(self, options: Options) -> Settings:
        """Read the options; one that stands in for another handler has that one's settings."""
        settings = Settings.resolve(options, os.environ)
        if settings.spool == "always" and settings.spool_dir is None and not settings.is_inert:
            tell("the option spool is 'always', but nothing is kept on disk: set ROLLBAR_SPOOL_DIR or spool_dir")
        return settings

    def _tell_closed(self) -> None:
        """Warn once of a handler that is closed and still in use: `dictConfig` closes all, and detaches few."""
        if not self._has_told_closed:
            self._has_told_closed = True
            tell(
                "a record came to a handler that has been closed, and is not reported: logging.config closes all "
                "handlers there are (uvicorn.run does so, too, unless log_config=None); configure logging after that"
            )

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
        while processes.role.take_reentry():
            self._queue.count_dropped("reentrant", 1)

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


def _role_after_patch(role: processes.Role) -> processes.Role:
    """Return this greenlet's role, if the library was patched lately and greenlets have shared one until now."""
    return processes.role if processes.notice_patch() else role


def _is_own(name: object) -> bool:
    return isinstance(name, str) and f"{name}.".startswith("rollbar_logging.")
