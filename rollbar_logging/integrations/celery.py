"""Celery: reports know the task, and a task that fails is one report.

    from rollbar_logging.integrations import celery as rollbar_celery

    rollbar_celery.install()

Celery logs a failure once more, from which this one report is not repeated. A retry is no failure, and neither is an
exception that the task names in ``throws``. The worker takes the handlers off the root logger when it sets up logging
(``worker_hijack_root_logger``); those of Rollbar are put back, and get what task loggers say as well.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from celery import signals  # type: ignore[import-untyped]
from celery.app.task import Context  # type: ignore[import-untyped]
from celery.exceptions import TimeLimitExceeded  # type: ignore[import-untyped]

from rollbar_logging.capture import seen
from rollbar_logging.capture.task import Task, current, enter, leave
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations.reporting import report

_LOGGER = "celery.app.trace"
_WORKER_LOGGER = "celery.worker.request"
_ID = "rollbar_logging.celery"


def install(*, retries: str = "ignored") -> None:
    """Watch the tasks of all applications in this process; a second call changes nothing but the option.

    Args:
        retries: ``ignored``, or ``warning``: each retry is a report of that level, with what it was for; to those
            handlers whose own level takes it.

    Raises:
        ValueError: *retries* is neither.
    """
    if retries not in {"ignored", "warning"}:
        raise ValueError(f"retries: expected 'ignored' or 'warning', got {retries!r}")
    roots: list[RollbarHandler] = []
    logger = logging.getLogger(_WORKER_LOGGER)
    # The one that is there, since what a former call has connected knows no other.
    limits = next((each for each in logger.filters if isinstance(each, _TimeLimits)), _TimeLimits())
    _connect(signals.celeryd_init, partial(_remember_handlers, roots))
    _connect(signals.after_setup_logger, partial(_put_back, roots))
    _connect(signals.after_setup_task_logger, partial(_put_back, roots))
    # These two are called with every task, and handle their own trouble: one call less.
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid=_ID)
    signals.task_postrun.connect(_end, weak=False, dispatch_uid=_ID)
    _connect(signals.task_failure, partial(_report_failure, limits))
    logger.addFilter(limits)
    signals.task_retry.disconnect(dispatch_uid=_ID)
    if retries == "warning":
        _connect(signals.task_retry, _report_retry)


class _TimeLimits(logging.Filter):
    """Of a task that takes too long Celery tells two times, and logs it two times, once without the exception."""

    def __init__(self) -> None:
        super().__init__()
        self._last: str | None = None

    def is_known(self, task_id: str) -> bool:
        """Whether this task was the last one, of which Celery tells again."""
        is_last, self._last = task_id == self._last, task_id
        return is_last

    def filter(self, record: logging.LogRecord) -> bool:
        """Give the second line an exception that counts as reported."""
        args = record.args
        if self._last is not None and type(args) is tuple and self._last in args and record.exc_info is None:
            error = TimeLimitExceeded(args[0])
            seen.note(error, "", is_final=True, is_leaving=True)
            record.exc_info = (TimeLimitExceeded, error, None)
        return True


def _connect(signal: Any, receive: Callable[..., None]) -> None:
    def receive_safely(**given: Any) -> None:
        try:
            receive(**given)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            _tell_trouble(error)

    signal.connect(receive_safely, weak=False, dispatch_uid=_ID)


def _tell_trouble(error: Exception) -> None:
    tell(f"the integration of Celery failed: {in_words(error)}")


def _remember_handlers(roots: list[RollbarHandler], **_: Any) -> None:
    # Held on to: nobody else does, once the root logger's list is emptied.
    roots[:] = [each for each in logging.getLogger().handlers if isinstance(each, RollbarHandler)]


def _put_back(roots: list[RollbarHandler], logger: logging.Logger | None = None, **_: Any) -> None:
    for handler in roots:
        if logger is not None and handler not in logger.handlers:
            logger.addHandler(handler)


def _begin(task: Any = None, task_id: str = "", args: Any = None, kwargs: Any = None, **_: Any) -> None:
    try:
        enter(Task(task.name, _facts, task, task_id, args, kwargs))
    except Exception as error:  # noqa: BLE001 - the task must not fail because a report would lack its name
        _tell_trouble(error)


def _end(task_id: str = "", **_: Any) -> None:
    try:
        begun = current()
        if begun is not None and begun.given[1:2] == (task_id,):
            leave(begun)
    except Exception as error:  # noqa: BLE001 - as above
        _tell_trouble(error)


def _facts(task: Any, task_id: str, args: Any, kwargs: Any) -> Mapping[str, Any]:
    """Return what is told of a task. The arguments are as they are: the handler bounds and scrubs them."""
    request = task.request
    if request.id != task_id:  # what is told of has been done, or was to be, by another process
        request = _received(task_id) or Context(retries=None)
    facts = {
        "task": task.name,
        "id": task_id,
        "args": list(args or ()),
        "kwargs": kwargs or {},
        "retries": request.retries,
        "queue": _queue(task, request.delivery_info or {}),
        "worker": request.hostname,
        "root_id": request.root_id,
        "parent_id": request.parent_id,
    }
    return {"celery": {name: value for name, value in facts.items() if value is not None}}


def _received(task_id: str) -> Any:
    """Return what the worker's main process knows of a task that it has given away, if it is about to tell of its end.

    Up to Celery 5.6 nothing leads there but the calls that lead here: the worker has forgotten the task by then, and to
    remember it ourselves would cost something with each one.
    """
    kind: Any = getattr(sys.modules.get("celery.worker.request"), "Request", None)
    frame = sys._getframe() if kind is not None else None  # noqa: SLF001 - as `logging` itself looks for its caller
    while frame is not None:
        held = frame.f_locals.get("self") if "self" in frame.f_code.co_varnames else None
        if isinstance(held, kind) and held.id == task_id:
            return Context(held.request_dict)
        frame = frame.f_back
    return None


def _queue(task: Any, delivery: Mapping[str, Any]) -> str | None:
    """Return the queue by the exchange and key that a message came with; the key, where that leads to none."""
    exchange, key = delivery.get("exchange") or "", delivery.get("routing_key")
    for name, queue in task.app.amqp.queues.items():
        if (not exchange and name == key) or (queue.routing_key == key and queue.exchange.name == exchange):
            return str(name)
    return None if key is None else str(key)


def _report_failure(
    limits: _TimeLimits,
    sender: Any = None,
    task_id: str = "",
    exception: BaseException | None = None,
    args: Any = None,
    kwargs: Any = None,
    einfo: Any = None,
    **_: Any,
) -> None:
    if exception is None or isinstance(exception, tuple(sender.throws or ())):
        return
    if isinstance(exception, TimeLimitExceeded) and limits.is_known(task_id):
        return
    _report(sender, exception, (task_id, args, kwargs), logging.ERROR, "failed", einfo)


def _report_retry(sender: Any = None, request: Any = None, reason: Any = None, **_: Any) -> None:
    error = getattr(reason, "exc", None) or reason
    if isinstance(error, BaseException):
        _report(sender, error, (request.id, request.args, request.kwargs), logging.WARNING, "is retried", None)


def _report(task: Any, error: BaseException, called: tuple[str, Any, Any], level: int, what: str, einfo: Any) -> None:
    raised = sys.exc_info()[1]
    # Of an exception that cannot be pickled Celery hands over a copy, which knows less.
    told = raised if level == logging.ERROR and raised is not None else error
    extra = {**_facts(task, *called), "rollbar_context": task.name}
    uuid = report(told, f"Task {task.name} {what}", logger=_LOGGER, level=level, since=seen.scope(), extra=extra)
    for other in (told, error, getattr(einfo, "exception", None)):
        # What the worker's main process logs, when it has lost a process with its task, is no second report either.
        seen.note(other, uuid or "", is_final=level == logging.ERROR, is_leaving=True)
