"""Failures that an event loop gets to know of and nobody awaits: of tasks, callbacks and transports.

    import asyncio
    from rollbar_logging.integrations import asyncio as rollbar_asyncio

    async def main():
        rollbar_asyncio.install()

Without this, `asyncio` logs them on its own logger, so that the handler reports them too, but not which task and
future it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rollbar_logging.capture.type_names import named
from rollbar_logging.integrations.reporting import report, reported_first

_TOLD = ("task", "future", "handle", "protocol", "transport", "socket", "asyncgen")
"""Keys of the loop's context that say what failed."""


def install(loop: asyncio.AbstractEventLoop | None = None) -> Callable[[], None]:
    """Report what reaches the loop's exception handler; the one before goes on being called.

    Args:
        loop: By default the running one.

    Returns:
        A function that puts back what stood there before.

    Raises:
        RuntimeError: No loop is given, and none runs.
    """
    watched = loop or asyncio.get_running_loop()
    before = watched.get_exception_handler()

    def handle(at: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        def go_on() -> None:
            if before is None:
                at.default_exception_handler(context)
            else:
                before(at, context)

        reported_first(lambda: _tell_of(context), go_on)

    watched.set_exception_handler(handle)

    def uninstall() -> None:
        if watched.get_exception_handler() is handle:
            watched.set_exception_handler(before)

    return uninstall


def _tell_of(context: dict[str, Any]) -> None:
    error = context.get("exception")
    if error is None:
        return  # only a message, which the loop's own handler logs
    message = str(context.get("message"))
    if "handle" in context:
        message = message.partition("(")[0]  # what follows are the arguments of a callback
    extra = {key: _name(context[key]) for key in _TOLD if context.get(key) is not None}
    whole = error.__traceback__
    BaseException.with_traceback(error, _beyond_the_loop(whole))
    try:
        report(error, message, logger="asyncio", extra={"asyncio": extra})
    finally:
        BaseException.with_traceback(error, whole)


def _beyond_the_loop(traceback: TracebackType | None) -> TracebackType | None:
    """Leave out where the loop calls a callback: variables there show its arguments, as text without their names."""
    while traceback is not None and traceback.tb_frame.f_code is asyncio.Handle._run.__code__:  # noqa: SLF001
        traceback = traceback.tb_next
    return traceback


def _name(value: Any) -> str:
    """Name what failed, by no ``repr``: that of a handle has the arguments in it, and a protocol's may do anything."""
    kind = named(type(value))
    try:
        if isinstance(value, asyncio.Task):
            return f"{kind} {value.get_name()} {getattr(value.get_coro(), '__qualname__', '')}"[:1000]
        if isinstance(value, asyncio.Handle):
            return f"{kind} {getattr(value._callback, '__qualname__', '')}"[:1000]  # type: ignore[attr-defined]  # noqa: SLF001
    except Exception:  # noqa: BLE001 - another library's may have no such thing, and a report is made all the same
        return kind
    return kind
