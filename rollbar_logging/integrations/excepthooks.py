"""Failures that nobody catches: of the program, of threads, in finalizers, and warnings by choice.

    from rollbar_logging.integrations import excepthooks

    excepthooks.install()

What stood in `sys.excepthook`, `threading.excepthook` and `sys.unraisablehook` before goes on being called.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.integrations.reporting import handlers, report, reported_first

_MARK = "__rollbar_logging_hook__"
"""On a hook of ours: it, and the one that it has replaced."""

_QUIET = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""Ways of ending that are no failures."""


class Hooks(NamedTuple):
    """What `install` has put in place.

    Attributes:
        uninstall: Puts back what stood there before, where nobody has put something else there since.
    """

    uninstall: Callable[[], None]


def install(
    *, threads: bool = True, unraisable: bool = True, with_warnings: bool = False, level: int = logging.CRITICAL
) -> Hooks:
    """Report what nobody catches; a second call takes the place of the first.

    Args:
        threads: Also what ends a thread.
        unraisable: Also what is raised where it cannot go on, as in ``__del__``; as an error.
        with_warnings: Also warnings that are shown (`warnings.showwarning`); as warnings.
        level: Of `logging`, for what ends the program or a thread.
    """
    undo = [_replaced(sys, "excepthook", lambda before: _of_program(before, level))]
    if threads:
        undo.append(_replaced(threading, "excepthook", lambda before: _of_thread(before, level)))
    if unraisable:
        undo.append(_replaced(sys, "unraisablehook", _of_unraisable))
    if with_warnings:
        undo.append(_replaced(warnings, "showwarning", _of_warnings))

    def uninstall() -> None:
        for each in undo:
            each()

    return Hooks(uninstall)


def _replaced(module: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], None]:
    before = getattr(module, name)
    marked, was_there = getattr(before, _MARK, (None, None))
    if marked is before:  # and no copy, as `functools.wraps` makes it
        before = was_there
    ours = make(before)
    setattr(ours, _MARK, (ours, before))
    setattr(module, name, ours)

    def undo() -> None:
        if getattr(module, name) is ours:
            setattr(module, name, before)

    return undo


def _of_program(before: Any, level: int) -> Any:
    def excepthook(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        def tell_of_it() -> None:
            _report(error, "the program ended", level)
            for handler in handlers():
                handler.flush()

        reported_first(tell_of_it, lambda: before(kind, error, traceback))

    return excepthook


def _of_thread(before: Any, level: int) -> Any:
    def excepthook(args: Any) -> None:
        def tell_of_it() -> None:
            name = args.thread.name if args.thread is not None else "unknown"
            _report(args.exc_value, f"the thread {name} ended", level)

        reported_first(tell_of_it, lambda: before(args))

    return excepthook


def _of_unraisable(before: Any) -> Any:
    def unraisablehook(args: Any) -> None:
        def tell_of_it() -> None:
            _report(args.exc_value, args.err_msg or "an exception could not be raised", logging.ERROR)

        reported_first(tell_of_it, lambda: before(args))

    return unraisablehook


def _of_warnings(before: Any) -> Any:
    def showwarning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        try:
            _report_warning(message, category, filename, lineno)
        except Exception as error:  # noqa: BLE001 - the application must not fail because a report did
            tell(f"a warning could not be reported: {in_words(error)}")
        before(message, category, filename, lineno, file, line)

    return showwarning


def _report(error: BaseException | None, message: str, level: int) -> None:
    if error is not None and not isinstance(error, _QUIET):
        report(error, message, logger="uncaught", level=level)


def _report_warning(message: Warning | str, category: type[Warning], filename: str, lineno: int) -> None:
    record = logging.getLogger("py.warnings").makeRecord(
        "py.warnings", logging.WARNING, filename, lineno, "%s: %s", (category.__name__, str(message)), None
    )
    for handler in handlers():
        if record.levelno >= handler.level:
            handler.handle(record)
