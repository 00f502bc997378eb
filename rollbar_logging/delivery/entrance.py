"""The right to change a thing that several threads share, and a side entrance for those who must not wait for it.

What comes in by the side is left with an append that nothing can interrupt; whoever has the right lets it in. So
a signal handler or a finalizer in the middle of a change, on the very thread that makes it, can leave something too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class Entrance:
    """A lock, as a context manager, that lets in what waits at its side.

    Taken again by a signal handler on the thread that has it, it is granted for looking, not for changing.

    Args:
        admit: Called, with the right to change, for each thing that came in by the side.
    """

    def __init__(self, admit: Callable[[Any], None]) -> None:
        self._admit = admit
        self._waiting: deque[Any] = deque()
        self._lock = threading.RLock()
        self._depth = 0

    def leave(self, what: Any) -> int:
        """Leave *what* for whoever makes the next change; returns how many wait for that."""
        self._waiting.append(what)
        return len(self._waiting)

    def let_in(self) -> None:
        """Let in what waits, now or as soon as whoever makes a change is done; never waits."""
        # Not getting in is fine: whoever is inside looks once more, before leaving and after.
        while self._waiting and self._try_enter():
            self._leave()

    def come(self, what: Any) -> None:
        """Leave *what* and let it in; never waits."""
        self.leave(what)
        self.let_in()

    @property
    def is_outermost(self) -> bool:
        """Whether nothing was interrupted by the one who has the right now."""
        return self._depth == 1

    def is_taken_here(self) -> bool:
        """Whether this very thread was interrupted in the middle of a change, or just before or after it."""
        return self._lock._is_owned()  # type: ignore[no-any-return, attr-defined]  # noqa: SLF001 - as threading.Condition asks

    def __enter__(self) -> Entrance:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        self._lock.acquire()
        self._depth += 1
        try:
            self._drain()
        except BaseException:  # such as the KeyboardInterrupt of a signal handler
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()
        self.let_in()  # what came between the last look and the release

    def _drain(self) -> None:
        while self._waiting and self._depth == 1:
            self._admit(self._waiting.popleft())

    def _try_enter(self) -> bool:
        if not self._lock.acquire(blocking=False):
            return False
        if self._depth:
            self._lock.release()
            return False
        self._depth = 1
        return True

    def _leave(self) -> None:
        try:
            self._drain()
        finally:
            self._depth -= 1
            self._lock.release()
