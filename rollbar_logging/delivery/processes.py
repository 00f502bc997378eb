"""What a process does to all pipelines at once: it forks, and it ends.

This is the one piece of module-level state: the interpreter calls functions, not objects, after a fork and
at the end, so they need to find what is alive.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import Protocol


class _Lives(Protocol):
    """What wants to know of forks and of the end."""

    def after_fork(self) -> None:
        """Begin anew in a child process."""

    def at_exit(self) -> None:
        """Deliver what is left; the interpreter is about to end."""


class _Role(threading.local):
    """What this thread does at the moment.

    Attributes:
        is_emitting: It captures a record; a record made meanwhile is one that the capture itself caused.
        is_sending: It delivers; a record made meanwhile is the product's own or that of a library it uses.
        reentered: Records that came in while it was emitting.
    """

    is_emitting = False
    is_sending = False
    reentered = 0


role = _Role()
_alive: weakref.WeakSet[_Lives] = weakref.WeakSet()


def register(lives: _Lives) -> None:
    """Tell *lives* of forks and of the process's end, for as long as it lives."""
    _alive.add(lives)


def call_at_child_exit(lives: _Lives) -> None:
    """Deliver at the end of a child of `multiprocessing` too, which leaves without running exit functions."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(lives, type(lives).at_exit, args=(lives,), exitpriority=0)


def _after_fork() -> None:
    role.__dict__.clear()
    for lives in list(_alive):
        lives.after_fork()


def _at_exit() -> None:
    for lives in list(_alive):
        lives.at_exit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
