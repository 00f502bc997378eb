"""Django's ``sensitive_variables``: local variables that their author asked to keep out of reports.

The decorator leaves its mark on a wrapper's frame (or, for coroutines, in a table of its module) and it holds
for everything called below. Nothing of Django is imported: if it is not loaded, nothing is marked.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

HIDDEN = "[hidden by sensitive_variables]"
_WRAPPER = "sensitive_variables_wrapper"
_DEBUG = "django.views.decorators.debug"
_MAX_CALLERS = 200


def hidden_variables(frames: list[FrameType]) -> dict[int, object] | None:
    """Return what to hide by a frame's place in *frames*: ``"__ALL__"`` or a tuple of names.

    Args:
        frames: The frames of a traceback, the outermost first; its callers are looked at too.
    """
    debug = sys.modules.get(_DEBUG)
    if debug is None or not frames:
        return None
    coroutines = getattr(debug, "coroutine_functions_to_sensitive_variables", {})
    mark = _mark_above(frames[0], coroutines)
    marked: dict[int, object] = {}
    for at, frame in enumerate(frames):
        own = _mark(frame, coroutines)
        mark = own if own is not None else mark
        # The wrapper passes the arguments on, so it must show none of them.
        hidden = "__ALL__" if frame.f_code.co_name == _WRAPPER else mark
        if hidden is not None:
            marked[at] = hidden
    return marked


def hide(names: Mapping[str, Any], hidden: object) -> Mapping[str, Any]:
    """Replace the values of hidden variables; *names* itself is not changed."""
    if hidden is None:
        return names
    if isinstance(hidden, (tuple, list)):
        return {name: HIDDEN if name in hidden else value for name, value in names.items()}
    return dict.fromkeys(names, HIDDEN)


def _mark_above(frame: FrameType, coroutines: Mapping[Any, Any]) -> object:
    caller = frame.f_back
    for _ in range(_MAX_CALLERS):
        if caller is None:
            return None
        mark = _mark(caller, coroutines)
        if mark is not None:
            return mark
        caller = caller.f_back
    return None


def _mark(frame: FrameType, coroutines: Mapping[Any, Any]) -> object:
    code = frame.f_code
    if code.co_name == _WRAPPER:
        return getattr(frame.f_locals.get(_WRAPPER), "sensitive_variables", None)
    if coroutines and code.co_flags & 0x80:
        return coroutines.get(hash(f"{code.co_filename}:{code.co_firstlineno}"))
    return None
