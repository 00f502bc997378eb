"""RQ: reports know the job, and a job that fails is one report, delivered before its process ends.

    rq worker --worker-class rollbar_logging.integrations.rq.RollbarWorker

A worker class of your own gets the same by `Reporting`, put first among its bases. A failure after which RQ tries
the job again is no report, unless ``rollbar_retries`` of the class is ``"warning"``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

from rq import SimpleWorker, Worker

from rollbar_logging.capture import seen
from rollbar_logging.capture.task import Task, enter
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.integrations.reporting import handlers, leave_safely, report
from rollbar_logging.integrations.unhandled import flush_all

_LOGGER = "rq.worker"


class WorkHorseKilledError(Exception):
    """The process that did a job has ended without telling why, as when the system runs out of memory."""


class Reporting:
    """What makes a worker report; put it before RQ's class.

    Attributes:
        rollbar_retries: ``ignored``, or ``warning``: each failure that leads to a retry is a report of that level,
            to those handlers whose own level takes it.
    """

    rollbar_retries: ClassVar[str] = "ignored"
    log: logging.Logger
    is_horse: bool

    def perform_job(self, job: Any, *others: Any, **more: Any) -> bool:
        """Do a job as RQ does, and deliver what it has reported if its process ends with it."""
        before = enter(Task(_name(job), _facts, job))
        try:
            done: bool = super().perform_job(job, *others, **more)  # type: ignore[misc]
            return done
        finally:
            leave_safely(before)
            if self.is_horse:
                flush_all()

    def handle_exception(self, job: Any, *exc_info: Any) -> None:
        """Report, then go on as RQ does."""
        self._report(job, exc_info[1], "failed")
        with _unheard(self.log.name):
            super().handle_exception(job, *exc_info)  # type: ignore[misc]

    def handle_work_horse_killed(self, job: Any, retpid: Any, ret_val: Any, rusage: Any) -> None:
        """Report what no process is left to report, then go on as RQ does."""
        self._report(job, WorkHorseKilledError(f"waitpid returned {ret_val}"), "was killed")
        super().handle_work_horse_killed(job, retpid, ret_val, rusage)  # type: ignore[misc]

    def _report(self, job: Any, error: Any, what: str) -> None:
        try:
            is_retried = bool(job.retries_left)
            if isinstance(error, BaseException) and not (is_retried and self.rollbar_retries == "ignored"):
                level = logging.WARNING if is_retried else logging.ERROR
                name = _name(job)
                extra = {**_facts(job), "rollbar_context": name}
                report(error, f"Job {name} {what}", logger=_LOGGER, level=level, since=seen.scope(), extra=extra)
        except Exception as trouble:  # noqa: BLE001 - the worker must not fail because a report did
            tell(f"the integration of RQ failed: {in_words(trouble)}")


class RollbarWorker(Reporting, Worker):
    """RQ's worker, which has a process for each job."""


class RollbarSimpleWorker(Reporting, SimpleWorker):
    """RQ's worker without other processes."""


def _name(job: Any) -> str:
    try:
        return str(job.func_name)
    except Exception:  # noqa: BLE001 - what cannot be deserialized raises on every look
        return "unknown"


def _facts(job: Any) -> Mapping[str, Any]:
    """Return what is told of a job. The arguments are as they are: the handler bounds and scrubs them."""
    facts = {"function": _name(job), "id": job.id, "queue": job.origin, "retries_left": job.retries_left}
    try:
        facts |= {"args": list(job.args), "kwargs": dict(job.kwargs)}
    except Exception:  # noqa: BLE001 - as above
        facts["args"] = "cannot be deserialized"
    return {"rq": {name: value for name, value in facts.items() if value is not None}}


@contextmanager
def _unheard(name: str) -> Iterator[None]:
    """Keep a logger from our handlers: RQ says of a failure, as text, what has been reported with its traceback."""

    def is_another(record: logging.LogRecord) -> bool:
        return record.name != name

    with ExitStack() as stack:
        for handler in handlers():
            handler.addFilter(is_another)
            stack.callback(handler.removeFilter, is_another)
        yield
