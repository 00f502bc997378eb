"""Reports by an integration: to every handler there is, and of each failure one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from rollbar_logging.capture import seen
from rollbar_logging.delivery import processes
from rollbar_logging.handler import RollbarHandler


def handlers() -> list[RollbarHandler]:
    """Return the handlers of this process."""
    return [each for each in processes.alive() if isinstance(each, RollbarHandler)]


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
