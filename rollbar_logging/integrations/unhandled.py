"""What the integrations of web applications have in common: how they report a failure that nobody has caught."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from rollbar_logging.capture import seen
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.integrations.reporting import handlers, report

_ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_ENDING_NAMES = frozenset({"CancelledError", "Cancelled", "GreenletExit"})
"""Of asyncio, trio and gevent, by which a server ends what it no longer needs."""

_GONE_NAMES = frozenset({"ClientDisconnect", "WebSocketDisconnect"})
"""Of Starlette: the client has left before it was answered."""


def report_unhandled(error: BaseException, message: str, *, logger: str, since: float, request: Any) -> str | None:
    """Report what a request has failed with, unless somebody has or it is no failure. Never raises.

    A client that has gone away is a warning, all else an error; a group is what its members are.

    Args:
        error: What was raised.
        message: Beside the exception.
        logger: Name on the record.
        since: Monotonic seconds at which the request began.
        request: As for `set_request`.

    Returns:
        The uuid of the report, or of the one that was made before; ``None``, when there is none.
    """
    try:
        failures = [each for each in _members(error) if not _is_ending(each)]
        if not failures:
            return None
        is_gone = all(type(each).__name__ in _GONE_NAMES for each in failures)
        level = logging.WARNING if is_gone else logging.ERROR
        extra = None if request is None else {"rollbar_request": request}
        uuid = report(error, message, logger=logger, level=level, since=since, extra=extra)
        # It goes on to the server, which may log it when the request is over.
        seen.note(error, uuid or "", is_final=True, is_leaving=True)
    except Exception as trouble:  # noqa: BLE001 - the application must not fail because a report did
        tell_trouble(trouble)
        return None
    return uuid


def settle(error: BaseException) -> None:
    """See that what a framework is about to log of an exception is no second report, if there has been one."""
    try:
        noted = seen.reported_since(error, seen.scope())
        if noted is not None:
            seen.note(error, noted.uuid, is_final=True)
    except Exception as trouble:  # noqa: BLE001 - as above
        tell_trouble(trouble)


def _members(error: BaseException) -> Iterator[BaseException]:
    """Yield what a group holds, whatever groups there are within; of another exception, itself."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        # By name, since Python 3.10 has groups only of a package that it may lack.
        if any(cls.__name__ == "BaseExceptionGroup" for cls in type(each).__mro__):
            waiting += each.exceptions  # type: ignore[attr-defined]
        else:
            yield each


def _is_ending(error: BaseException) -> bool:
    return isinstance(error, _ENDINGS) or type(error).__name__ in _ENDING_NAMES


def tell_trouble(error: Exception) -> None:
    """Say that an integration could not do its work."""
    tell(f"an integration failed, so a report may lack its request: {in_words(error)}")


def flush_all() -> None:
    """Deliver what all handlers have accepted, each within its ``shutdown_timeout``. Never raises."""
    try:
        for handler in handlers():
            handler.flush()
    except Exception as error:  # noqa: BLE001 - a server must end all the same
        tell(f"not all reports could be delivered: {in_words(error)}")
