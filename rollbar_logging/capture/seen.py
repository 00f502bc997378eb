"""Whether an exception has been reported before, so that a failure which several see is reported once.

An exception that was reported carries a note of it, under a name of ours in its ``__dict__``: exceptions cannot be
referred to weakly, addresses are used again, and to hold on to one would keep all its frames alive. A program may
raise one instance again and again, so a note counts for a while only: for integrations, since the request or task
at hand began.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from time import monotonic
from typing import Any, NamedTuple

_NAME = "__rollbar_logging__"

_LEAVES_WITHIN = 1.0
"""Seconds in which a server logs what has come up to it."""

_SCOPE: ContextVar[float] = ContextVar("rollbar_logging_scope", default=math.inf)


class Note(NamedTuple):
    """What is noted on an exception.

    Attributes:
        uuid: Of the report; empty, when it was one of a storm and not sent.
        at: Monotonic seconds.
        is_final: Whether an integration reported it, where the application had no more to say.
        is_leaving: Whether it goes on to a server at once, which may log it outside of the request.
    """

    uuid: str
    at: float
    is_final: bool
    is_leaving: bool = False


def begin(moment: float | None = None) -> float:
    """Begin a request or a task in the current context; return the moment, for `reported_since`.

    Args:
        moment: Monotonic seconds at which it began; by default, now.
    """
    began = monotonic() if moment is None else moment
    _SCOPE.set(began)
    return began


def scope() -> float:
    """Return the moment at which the request or task at hand began; infinity, when nobody has said so."""
    return _SCOPE.get()


def note(exc_info: object, uuid: str, *, is_final: bool = False, is_leaving: bool = False) -> None:
    """Note on an exception that it is reported.

    Args:
        exc_info: As on a record: an exception, or a tuple that has one in the middle.
        uuid: See `Note`.
        is_final: See `Note`.
        is_leaving: See `Note`.
    """
    held = _held(exc_info)
    if held is not None:
        # A plain tuple: an exception may be pickled for a process that does not know this package.
        held[_NAME] = (uuid, monotonic(), is_final, is_leaving)


def reported_since(error: BaseException, moment: float) -> Note | None:
    """Return what is noted on *error*, if it was reported at *moment* or later."""
    noted = _noted(error)
    return noted if noted is not None and noted.at >= moment else None


def reported_finally(exc_info: object) -> Note | None:
    """Return what an integration has noted in the request or task at hand; whoever logs it now is late."""
    noted = _noted(exc_info)
    if noted is None or not noted.is_final:
        return None
    since = _SCOPE.get()
    if noted.is_leaving and since == math.inf:
        since = monotonic() - _LEAVES_WITHIN
    return noted if noted.at >= since else None


def _noted(exc_info: object) -> Note | None:
    held = _held(exc_info)
    noted = None if held is None else held.get(_NAME)
    return Note(*noted) if type(noted) is tuple else None


def _held(exc_info: object) -> dict[str, Any] | None:
    error = exc_info[1] if type(exc_info) is tuple and len(exc_info) > 1 else exc_info
    if not issubclass(type(error), BaseException):
        return None
    held: Any = BaseException.__dict__["__dict__"].__get__(error)
    return held if type(held) is dict else None
