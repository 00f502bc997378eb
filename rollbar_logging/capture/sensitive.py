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


def hidden_variables(frames: list[FrameType]) -> dict[FrameType, object] | None:
    """Return what to hide of each frame: ``"__ALL__"``, a tuple of names, or ``None``.

    Args:
        frames: The frames of a traceback, the outermost first; their callers are looked at too.
    """
    debug = sys.modules.get(_DEBUG)
    if debug is None or not frames:
        return None
    coroutines = getattr(debug, "coroutine_functions_to_sensitive_variables", {})
    known: dict[FrameType, object] = {}
    marked: dict[FrameType, object] = {}
    mark = None
    for frame in frames:
        # A coroutine that has ended no longer knows who awaited it: then the frame before it does.
        mark = _nearest_mark(frame, coroutines, known) or mark
        # The wrapper passes the arguments on, so it must show none of them.
        marked[frame] = "__ALL__" if frame.f_code.co_name == _WRAPPER else mark
    return marked


def hide(names: Mapping[str, Any], hidden: object) -> Mapping[str, Any]:
    """Replace the values of hidden variables; *names* itself is not changed."""
    if hidden is None:
        return names
    if isinstance(hidden, (tuple, list)):
        return {name: HIDDEN if name in hidden else value for name, value in names.items()}
    return dict.fromkeys(names, HIDDEN)


def _nearest_mark(frame: FrameType, coroutines: Mapping[Any, Any], known: dict[FrameType, object]) -> object:
    """Return the mark of the frame or of the nearest of its callers."""
    passed: list[FrameType] = []
    mark = None
    caller: FrameType | None = frame
    while caller is not None and mark is None and len(passed) < _MAX_CALLERS:
        if caller in known:
            mark = known[caller]
            break
        passed.append(caller)
        mark = _mark(caller, coroutines)
        caller = caller.f_back
    known.update(dict.fromkeys(passed, mark))
    return mark


def _mark(frame: FrameType, coroutines: Mapping[Any, Any]) -> object:
    code = frame.f_code
    if code.co_name == _WRAPPER:
        return getattr(frame.f_locals.get(_WRAPPER), "sensitive_variables", None)
    if coroutines and code.co_flags & 0x80:
        return coroutines.get(hash(f"{code.co_filename}:{code.co_firstlineno}"))
    return None
