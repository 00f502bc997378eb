"""Exceptions for the tests: raised and caught, logged and captured."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

from rollbar_logging.capture.occurrence import Trace
from tests.capture.material import captured

if sys.version_info >= (3, 11):
    ExceptionGroup, BaseExceptionGroup = builtins.ExceptionGroup, builtins.BaseExceptionGroup
else:
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

__all__ = ["BaseExceptionGroup", "ExceptionGroup", "caught", "chain_of", "fail", "methods", "names", "raised"]


def caught(function: Callable[..., Any], *args: Any) -> BaseException:
    """Call a function and return what it raises, with a traceback that begins here."""
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001 - that is what it is for
        return error
    raise AssertionError


def fail(error: BaseException) -> None:
    """Raise an exception one call deeper."""
    raise error


def raised(error: BaseException) -> BaseException:
    """Return the exception with a traceback."""
    return caught(fail, error)


def chain_of(error: BaseException, **options: Any) -> tuple[Trace, ...]:
    """Return what is captured of an exception's chain."""
    return captured(error, **options).chain


def names(error: BaseException) -> list[str]:
    """Return the classes of an exception's chain."""
    return [trace.class_name for trace in chain_of(error)]


def methods(trace: Trace) -> list[str]:
    """Return the names of a trace's functions."""
    return [frame.code.method for frame in trace.frames]
