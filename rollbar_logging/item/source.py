"""The lines of source around a line of code.

`linecache` knows most of where source can be: files, what a module's loader gives out (the capture has told it of
the loaders, ``linecache.lazycache``), and what IPython, doctest or attrs have put there. This adds that nothing
but ordinary files is opened, that nothing is raised, and that an answer is scrubbed once and then remembered.
"""

from __future__ import annotations

import linecache
import os
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic

from cachetools import TTLCache

AROUND = 4
"""Lines given before, and after, the line asked for."""

_MAX_LINE = 200  # characters
_MAX_SEEN = 2000  # characters of a line that are looked at at all; minified code has lines of megabytes
_MAX_FILE = 8 * 1024 * 1024  # bytes
_REMEMBERED = 60.0  # seconds
_HIDDEN = "…"

Lines = tuple[str, tuple[str, ...], tuple[str, ...]]


class SourceLines:
    """Finds the lines around a line, and remembers them. May be used by several threads at once.

    An answer, also that there is none, holds for a minute; then the file is looked at again. So a file that was
    edited or has appeared is noticed, as by Python's own tracebacks, but a burst of errors costs no access to
    the disk. A file that has gone since `linecache` read it is given as it was: that is the code that runs.

    Args:
        size: How many answers are remembered.
        clean: Takes secrets out of a text; is given all the lines of an answer at once.
        timer: Monotonic seconds.
    """

    def __init__(
        self, *, size: int = 2048, clean: Callable[[str], str] = str, timer: Callable[[], float] = monotonic
    ) -> None:
        self._clean = clean
        self._known: TTLCache[tuple[str, int], Lines | None] = TTLCache(size, _REMEMBERED, timer)
        self._lock = Lock()

    def around(self, filename: str, lineno: int | None) -> tuple[str, list[str], list[str]] | None:
        """Return the line, up to four lines before it and up to four after it, or ``None`` if there is no source.

        Args:
            filename: As the code object has it.
            lineno: From 1.

        Returns:
            Lines without their ends, of at most 200 characters each.
        """
        if not lineno or lineno < 1:
            return None
        key = (filename, lineno)
        found = self._recall(key)
        if found is _UNKNOWN:
            found = self._found(filename, lineno)
            self._remember(key, found)
        return None if found is None else (found[0], [*found[1]], [*found[2]])

    # The lock is never waited for. Who holds it may have been lost in a fork, and to read the lines once more
    # costs little.

    def _recall(self, key: tuple[str, int]) -> Lines | None:
        if not self._lock.acquire(blocking=False):
            return _UNKNOWN
        try:
            return self._known.get(key, _UNKNOWN)
        finally:
            self._lock.release()

    def _remember(self, key: tuple[str, int], found: Lines | None) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._known[key] = found
        finally:
            self._lock.release()

    def _found(self, filename: str, lineno: int) -> Lines | None:
        # Loaders, codecs and the scrubber are others' code; no code of theirs is worth a report. The second try
        # is for threads that make `linecache` ask a loader at the same moment, where one of them stumbles.
        for _ in range(2):
            try:
                return self._window(_lines_of(filename), lineno)
            except Exception:  # noqa: BLE001, PERF203, S112 - see above
                continue
        return None

    def _window(self, lines: Sequence[str], lineno: int) -> Lines | None:
        if lineno > len(lines):
            return None
        first = max(lineno - 1 - AROUND, 0)
        window = [line.rstrip("\r\n")[:_MAX_SEEN] for line in lines[first : lineno + AROUND]]
        window = [line[:_MAX_LINE] for line in _cleaned(window, self._clean)]
        at = lineno - 1 - first
        return window[at], tuple(window[:at]), tuple(window[at + 1 :])


_UNKNOWN: Lines = ("", (), ())


def _cleaned(window: list[str], clean: Callable[[str], str]) -> list[str]:
    text = clean("\n".join(window))
    lines = text.split("\n")
    if len(lines) == len(window):
        return lines
    # A secret over several lines has become one word: what of it stands in a line alone is not shown.
    return [line if line in text else _HIDDEN for line in map(clean, window)]


def _lines_of(filename: str) -> list[str]:
    status = _status_of(filename)
    if status is not None:
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE:
            return []
        linecache.checkcache(filename)
    return linecache.getlines(filename)


def _status_of(filename: str) -> os.stat_result | None:
    """Return the status of the file that `linecache` would open, if any."""
    if filename.startswith("<"):
        return None
    folders = [""] if Path(filename).is_absolute() else ["", *sys.path]
    paths = (Path(folder, filename) for folder in folders if isinstance(folder, str))
    return next(filter(None, map(_status, paths)), None)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
