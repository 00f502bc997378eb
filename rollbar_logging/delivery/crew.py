"""The threads that send for one pipeline, and that none of them is left where none may be.

An interpreter within the process, as mod_wsgi has one for each application, must not end while a thread of its own is
left: CPython aborts the whole process then (``Py_EndInterpreter``: "not the last thread"). Before Python 3.12, an
interpreter of ``_xxsubinterpreters`` that has one can neither be run nor ended, and when its last user lets go of it
the process is aborted before any exit function is called.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from time import monotonic

_FEW = 8
"""Threads that may be remembered beyond their end."""


class Crew:
    """The threads of one pipeline. Usable from several threads, and in a signal handler.

    Attributes:
        is_dismissed: Whether no thread is to be started any more.
    """

    def __init__(self) -> None:
        self.is_dismissed = False
        self._threads: list[threading.Thread] = []

    def make(self, run: Callable[[threading.Thread], None], name: str) -> threading.Thread | None:
        """Return a thread that is to *run*, with itself as the argument; ``None`` where there may be none."""
        if self.is_dismissed:
            return None
        try:
            thread = threading.Thread(target=lambda: run(thread), name=name, daemon=True)
        except RuntimeError:  # in an isolated interpreter within the process
            return None
        return thread

    def start(self, thread: threading.Thread) -> bool:
        """Start it; ``False`` when the interpreter is ending, or the system has no more threads."""
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads.append(thread)
        if len(self._threads) > _FEW:
            self._forget_ended()
        return True

    def join(self, seconds: float) -> None:
        """Wait until all have ended, which somebody must have told them to."""
        deadline = monotonic() + seconds
        for thread in self._threads[:]:
            if thread is not threading.current_thread():
                thread.join(max(deadline - monotonic(), 0.0))
        self._forget_ended()

    def _forget_ended(self) -> None:
        for thread in self._threads[:]:
            if not thread.is_alive():
                thread.join()  # not alive, it may still have a last step to go
                with contextlib.suppress(ValueError):  # another thread was faster
                    self._threads.remove(thread)
