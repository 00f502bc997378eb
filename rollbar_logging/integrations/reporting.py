"""Reports by an integration: to every handler there is, and of each failure one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from rollbar_logging.capture import seen
from rollbar_logging.capture.task import Task, leave
from rollbar_logging.delivery import processes
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.handler import RollbarHandler

if TYPE_CHECKING:
    from rollbar_logging.capture.telemetry import Telemetry

_Result = TypeVar("_Result")


def handlers() -> list[RollbarHandler]:
    """Return the handlers of this process."""
    return [each for each in processes.alive() if isinstance(each, RollbarHandler)]


class Roster:
    """The handlers of this process, for who asks often: to list them anew costs more than all the rest."""

    def __init__(self) -> None:
        self._known: tuple[object, list[ref[RollbarHandler]]] = (None, [])

    def handlers(self) -> list[RollbarHandler]:
        """Return what `handlers` returns."""
        return [handler for each in self._refs() if (handler := each()) is not None]

    def trails(self) -> list[Telemetry]:
        """Return the trails that the handlers keep; fewer than there are handlers, and mostly none or one."""
        trails = []
        for each in self._refs():
            handler = each()
            trail = None if handler is None else handler.telemetry
            if trail is not None:
                trails.append(trail)
        return trails

    def _refs(self) -> list[ref[RollbarHandler]]:
        joining, known = self._known
        if joining is not processes.joining:
            joining = processes.joining
            known = [ref(each) for each in handlers()]
            self._known = (joining, known)
        return known


def report(
    error: BaseException,
    message: str,
    *,
    logger: str,
    level: int = logging.ERROR,
    since: float = 0.0,
    extra: Mapping[str, Any] | None = None,
) -> str | None:
    """Report a failure that nobody else will, unless somebody has.

    A record is made and given to each handler that takes its level; filters of handlers are asked, loggers are not.
    Where the framework logs the failure afterwards, in the same request or task, that record is not reported.

    Args:
        error: What was raised.
        message: Beside the exception.
        logger: Name on the record: the framework's.
        level: Of `logging`.
        since: Monotonic seconds at which the request or task began, as `seen.begin` returned it.
        extra: As of a log call.

    Returns:
        The uuid of the report, or of the one that was made before; ``None``, when there is none.
    """
    noted = seen.reported_since(error, since)
    if noted is not None:
        seen.note(error, noted.uuid, is_final=True)  # what the framework logs of it is late all the same
        return noted.uuid or None
    exc_info = (type(error), error, error.__traceback__)
    record = logging.getLogger(logger).makeRecord(
        logger, level, "", 0, message, (), exc_info, "", dict(extra) if extra else None
    )
    for handler in handlers():
        if level >= handler.level:
            handler.handle(record)
    uuid: str | None = getattr(record, "rollbar_uuid", None)
    seen.note(error, uuid or "", is_final=True)
    return uuid


def reported_first(tell_of_it: Callable[[], object], go_on: Callable[[], _Result]) -> _Result:
    """Report a failure, then let what stood here before have it; a log line of that one is no second report.

    Args:
        tell_of_it: Calls `report`; what it raises is told once, and kept from the application.
        go_on: Calls what stood here before.

    Returns:
        What *go_on* returns.
    """

    def both() -> _Result:
        began = monotonic()
        try:
            tell_of_it()
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            tell(f"an uncaught exception could not be reported: {in_words(error)}")
        seen.begin(began)
        return go_on()

    return copy_context().run(both)


def leave_safely(task: Task) -> None:
    """End a task, although its end may look at what the application has bound, and fail at that."""
    try:
        leave(task)
    except Exception as error:  # noqa: BLE001 - as above
        tell(f"what {task.name} has bound to the context may be left there: {in_words(error)}")
