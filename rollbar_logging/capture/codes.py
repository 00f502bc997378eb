"""What is worth knowing of a code object, looked up once per code object."""

from __future__ import annotations

import linecache
import weakref
from contextlib import suppress
from types import CodeType, FrameType

from rollbar_logging.capture.occurrence import Code

_MOST_CODES = 8192
_VARARGS, _VARKEYWORDS = 0x04, 0x08


class Codes:
    """Remembers for each code object what its frames have in common; holds no code object alive."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[CodeType], Code]] = {}

    def of(self, frame: FrameType) -> Code:
        """Return what is known of the frame's code."""
        code = frame.f_code
        known = self._known.get(id(code))
        # The id of a code object that is gone may come again, hence the second look.
        if known is not None and known[0]() is code:
            return known[1]
        if len(self._known) >= _MOST_CODES:
            self._known.clear()
        # Notes where a loader could give the source and reads nothing: the worker will have no frame to ask.
        with suppress(Exception):  # a loader may be anything
            linecache.lazycache(code.co_filename, frame.f_globals)
        facts = read_code(code)
        self._known[id(code)] = (weakref.ref(code), facts)
        return facts


def read_code(code: CodeType) -> Code:
    """Read a code object's names."""
    names, named = code.co_varnames, code.co_argcount + code.co_kwonlyargcount
    has_varargs = bool(code.co_flags & _VARARGS)
    return Code(
        code.co_filename,
        code.co_name,
        _class_name(code),
        names[:named],
        names[named] if has_varargs else None,
        names[named + has_varargs] if code.co_flags & _VARKEYWORDS else None,
    )


def _class_name(code: CodeType) -> str | None:
    qualname: str | None = getattr(code, "co_qualname", None)  # since Python 3.11
    if qualname is None:
        return None
    owner = qualname.rpartition(".")[0]
    return owner.rpartition("<locals>.")[2] if owner and not owner.endswith("<locals>") else None
