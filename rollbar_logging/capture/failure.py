"""What tells one failure from another: a key of names and places, cheap enough for every record.

Of the application's objects only what the interpreter itself keeps of them is asked, and only texts and numbers are
kept: neither a class nor a value of the application is called, compared, hashed or held.
"""

from __future__ import annotations

import builtins
import logging
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rollbar_logging.capture.exceptions import MAX_CHAIN, before, is_error, traceback_of
from rollbar_logging.capture.record import is_event
from rollbar_logging.capture.type_names import bare_name, module_of, path_of

_dict_of = BaseException.__dict__["__dict__"].__get__
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)
_members_of: Any = _GROUP and _GROUP.__dict__["exceptions"].__get__

Key = tuple[Any, ...]
"""Texts, numbers and ``None``, and tuples of them."""

_LONGEST = 256
"""Characters of a template that a key holds; a hash stands for the rest."""

_AN_EXC_INFO = 3
_LONG = 32
"""Frames of a traceback beyond which what repeats in it is folded."""


def key_of(record: logging.LogRecord) -> Key:
    """Return what is the same for all records of one failure, and for no others.

    With an exception these are, for it and for what led to it, its class and the places of its traceback (file,
    function's first line, instruction). In a long traceback what repeats counts once, so the depth of a recursion makes
    no difference. Without an exception they are the logger, the template (structlog's event name; another object's
    class) and the place of the call.
    """
    held = record.__dict__
    template: Any = held.get("msg")
    exc_info = held.get("exc_info")
    found = None if exc_info is None else _exception(exc_info)
    if type(template) is not str:
        if is_event(template):
            found = found or _exception(dict.get(template, "exc_info"))
            template = dict.get(template, "event")
        if type(template) is not str:
            template = (path_of(type(template)),)
    if found is not None:
        return _exception_key(*found, held)
    if len(template) > _LONGEST:
        template = (template[:_LONGEST], hash(template))
    name, pathname, lineno = held.get("name"), held.get("pathname"), held.get("lineno")
    if type(name) is str and type(pathname) is str and type(lineno) is int:
        return name, template, pathname, lineno
    return (name if type(name) is str else None, template, *_place(held))


_Found = tuple[BaseException, "TracebackType | None"]


def _exception(exc_info: Any) -> _Found | None:
    """Return the exception and its traceback, unless it would have to be made first."""
    cls = type(exc_info)
    if cls is bool or cls is int:
        exc_info = sys.exc_info() if exc_info else None
        cls = type(exc_info)
    if cls is tuple and len(exc_info) == _AN_EXC_INFO:
        _, error, traceback = exc_info
        if is_error(error):
            return error, traceback if type(traceback) is TracebackType else traceback_of(error)
    return (exc_info, traceback_of(exc_info)) if is_error(exc_info) else None


def _exception_key(error: BaseException, traceback: TracebackType | None, held: Mapping[str, Any]) -> Key:
    key: list[Any] = [] if traceback is not None else [*_place(held)]  # never raised: the place of the call is its own
    for _ in range(MAX_CHAIN):
        cls = type(error)
        names, numbers = [], []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            names.append(code.co_filename)
            # Instructions, not lines: the line has to be looked up for each frame, which takes as long as all the rest.
            numbers.append(code.co_firstlineno)
            numbers.append(traceback.tb_lasti)
            traceback = traceback.tb_next
        if len(names) > _LONG:
            names, numbers = _folded(names, numbers)
        names.append(bare_name(cls))
        names.append(module_of(cls) or "")
        # One text, since a name may be of a class of the application's, whose hash is not to be asked for.
        key.append("\0".join(names))
        key += numbers
        cause = _first_member(error)
        if cause is None:  # by identity, here and elsewhere: an exception may have a truth of its own
            cause = before(error)
        if cause is None:
            break
        error, traceback = cause, traceback_of(cause)
    return tuple(key)


def _first_member(error: BaseException) -> BaseException | None:
    if _members_of is None:  # built in since Python 3.11; the backport for 3.10 keeps them as an attribute
        inner = _dict_of(error).get("_exceptions")
    else:
        inner = _members_of(error) if issubclass(type(error), _GROUP) else None
    return inner[0] if type(inner) is tuple and inner and is_error(inner[0]) else None


def _folded(names: list[str], numbers: list[int]) -> tuple[list[str], list[int]]:
    """Keep of places that repeat the first, and the last place of all: there it was raised."""
    places = list(zip(map(str.__str__, names), numbers[::2], numbers[1::2], strict=True))
    kept = list(dict.fromkeys(places))
    if kept[-1] != places[-1]:
        kept.append(places[-1])
    return [name for name, *_ in kept], [number for _, *place in kept for number in place]


def _place(held: Mapping[str, Any]) -> tuple[str | None, int | None]:
    pathname, lineno = held.get("pathname"), held.get("lineno")
    return pathname if type(pathname) is str else None, lineno if type(lineno) is int else None
