"""The same failure again and again: the first reports pass, the others are counted and told in one.

Each failure has windows of its own. The first report opens one; when it ends, one summary tells how many records were
suppressed in it, and the next report opens another. What was suppressed is told exactly once: when the window ends,
when another failure needs its room, or when the handler or the process ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from math import inf
from time import monotonic, time

from cachetools import Cache, LRUCache

from rollbar_logging.capture.failure import Key, key_of
from rollbar_logging.capture.occurrence import Occurrence, Trace
from rollbar_logging.capture.record import uuid4

_MOST_FAILURES = 1024
_TOUCHED_EVERY = 64
"""Suppressed records after which a storm counts as seen again: to note each one takes as long as to count it."""

_MAX_MESSAGE = 1000
_SUMMARY_BYTES = 2000
_FRAME_BYTES = 200
_GROUPING = ("environment", "fingerprint", "framework", "language", "level", "platform", "title")
"""What a record may ask for that decides to which item a report belongs, and how that item shows."""


class Window:
    """What came of one failure in one stretch of time; belongs to `Storms`.

    Attributes:
        key: The failure.
        ends: Monotonic seconds.
        is_watched: Whether it is the failure's present window.
        admitted: Records that passed.
        is_full: Whether no more will pass.
        suppressed: Records that did not pass and were not told of yet.
        first: Unix seconds of the first of these.
        last: Unix seconds of the last of these.
        sample: What a summary is made of; there once the window is full and its last report captured.
    """

    __slots__ = ("admitted", "ends", "first", "is_full", "is_watched", "key", "last", "sample", "suppressed")

    def __init__(self, key: Key, ends: float) -> None:
        self.key = key
        self.ends = ends
        self.is_watched = True
        self.admitted = 0
        self.is_full = False
        self.suppressed = 0
        self.first = self.last = 0.0
        self.sample: Occurrence | None = None


_peek = Cache.__getitem__
"""Looks without noting that it did."""

_UNWATCHED = Window((), inf)


class Storms:
    """Decides which records pass, and tells of those that do not.

    Its lock is held for moments only, and by no thread that could log meanwhile: the caller sees to that.

    Args:
        limit: Reports of one failure that pass in a window; at least 1.
        length: Seconds of a window.
        tell: Takes a summary. Called by whoever finds out that it is due, without the lock.
        is_ignored: Whether a record is not to be reported at all; asked when it would open a window.
        most: Failures watched at the same time; beyond, the one whose last storm is longest ago is let go.
        timer: Monotonic seconds.
        clock: Unix seconds.

    Attributes:
        suppressed: Records that did not pass so far.
    """

    def __init__(
        self,
        limit: int,
        length: float,
        tell: Callable[[Occurrence], None],
        is_ignored: Callable[[logging.LogRecord], bool] | None = None,
        *,
        most: int = _MOST_FAILURES,
        timer: Callable[[], float] = monotonic,
        clock: Callable[[], float] = time,
    ) -> None:
        self._limit = limit
        self._length = length
        self._tell = tell
        self._is_ignored = is_ignored
        self._most = most
        self._timer = timer
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin anew with nothing counted and a new lock: in a forked child, whose parent tells what it counted."""
        self._lock = threading.Lock()
        self._windows: LRUCache[Key, Window] = LRUCache(self._most)
        self._full: dict[Key, Window] = {}  # those of the windows that have a sample
        self._next_end = inf
        self.suppressed = 0

    def admit(self, record: logging.LogRecord) -> Window | None:
        """Return the window in which *record* passes, or ``None`` if it is suppressed, or to be ignored."""
        try:
            key = key_of(record)
        except Exception:  # noqa: BLE001 - then it is reported, whatever it is
            return _UNWATCHED
        now = self._timer()
        with self._lock:
            window = self._present(key)
            if window is not None and now < window.ends:
                return self._meet(window)
        if self._is_ignored is not None and self._is_ignored(record):
            return None
        return self._open(key, now)

    def keep(self, window: Window, occurrence: Occurrence) -> None:
        """Remember what a full window's summary is made of; to be called before *occurrence* is delivered."""
        sample = _slim(occurrence)
        due = None
        with self._lock:
            window.sample = sample
            if window.is_watched:
                self._full[window.key] = window
                self._next_end = min(self._next_end, window.ends)
            else:  # it was let go while its last report was captured
                due = self._summary(window)
        if due is not None:
            self._tell(due)

    def tell_ended(self, now: float) -> float | None:
        """Tell of the windows that ended before *now*; returns when the next one ends, both in monotonic seconds."""
        if now >= self._next_end:
            with self._lock:
                ended = [window for window in self._full.values() if window.ends <= now]
                due = [self._let_go(window) for window in ended]
                self._next_end = min((window.ends for window in self._full.values()), default=inf)
            self._tell_each(due)
        next_end = self._next_end
        return None if next_end == inf else next_end

    def tell_all(self) -> None:
        """Tell of all that was suppressed so far; the windows go on."""
        with self._lock:
            due = [self._summary(window) for window in self._full.values()]
        self._tell_each(due)

    def _open(self, key: Key, now: float) -> Window | None:
        due = []
        with self._lock:
            window = self._present(key)
            if window is not None and now >= window.ends:
                due.append(self._let_go(window))
                window = None
            if window is None:  # else another thread was faster
                if len(self._windows) >= self._most:
                    due.append(self._let_go(self._windows.popitem()[1]))
                window = self._windows[key] = Window(key, now + self._length)
            met = self._meet(window)
        self._tell_each(due)
        return met

    def _present(self, key: Key) -> Window | None:
        try:
            return _peek(self._windows, key)
        except KeyError:
            return None

    def _meet(self, window: Window) -> Window | None:
        if window.is_full:
            window.last = self._clock()
            if not window.suppressed % _TOUCHED_EVERY:
                self._windows.get(window.key)
                window.first = window.first or window.last
            window.suppressed += 1
            self.suppressed += 1
            return None
        window.admitted += 1
        window.is_full = window.admitted >= self._limit
        return window

    def _let_go(self, window: Window) -> Occurrence | None:
        window.is_watched = False
        self._windows.pop(window.key, None)
        self._full.pop(window.key, None)
        return self._summary(window)

    def _summary(self, window: Window) -> Occurrence | None:
        """Make the report that tells what was suppressed and not told yet, if something was."""
        sample = window.sample
        if sample is None or not window.suppressed:
            return None
        storm = {
            "suppressed": window.suppressed,
            "first": _iso(window.first),
            "last": _iso(window.last),
            "window": self._length,
        }
        last = window.last
        window.suppressed, window.first = 0, 0.0
        return sample._replace(uuid=uuid4(), created=last, extras={"storm": storm})

    def _tell_each(self, due: Iterable[Occurrence | None]) -> None:
        for summary in due:
            if summary is not None:
                self._tell(summary)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _slim(occurrence: Occurrence) -> Occurrence:
    """Keep of a report what makes it an occurrence of its item."""
    chain = tuple([_slim_trace(trace) for trace in occurrence.chain])
    # Without an exception the text itself may be what the item is known by.
    message = occurrence.message[:_MAX_MESSAGE] if chain else occurrence.message
    frames = sum(len(trace.frames) for trace in chain)
    texts = len(message) + sum(len(trace.message) for trace in chain)
    return occurrence._replace(
        message=message,
        task_name=None,
        args=None,
        extras={},
        chain=chain,
        members=(),
        stack=None,
        person=None,
        request=None,
        payload={name: value for name, value in occurrence.payload.items() if name in _GROUPING},
        size=_SUMMARY_BYTES + _FRAME_BYTES * frames + texts,
    )


def _slim_trace(trace: Trace) -> Trace:
    frames = tuple([frame._replace(locals=None) for frame in trace.frames])
    return trace._replace(message=trace.message[:_MAX_MESSAGE], frames=frames, notes=(), attributes={})
