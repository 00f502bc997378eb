"""What is stored, told to the open pages as server-sent events.

Listeners get the ids of items, not what arrived: whoever is interested asks for the page again. What is stored
within a quarter of a second is told at once. A listener that does not take what it is told is dropped; its
browser comes back by itself.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence

from rollbar_logging.server.storage.writing import Added

MOST_LISTENERS = 64
_WAITING = 40
"""Messages that wait for one listener: some ten seconds of them."""
_GATHERED_SECONDS = 0.25
_MOST_ITEMS = 200
"""Ids of one message; when there are more, it is told that all may look different."""
_HEARTBEAT_SECONDS = 15.0

_HEARTBEAT = b": still here\n\n"


class TooManyListenersError(Exception):
    """As many pages listen as may."""


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self.is_dropped = False

    def tell(self, message: bytes | None) -> bool:
        """Leave a message; ``False`` when the listener has taken none for too long."""
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True


class Hub:
    """All listeners. For the event loop's thread."""

    def __init__(self, most: int = MOST_LISTENERS, gathered_seconds: float = _GATHERED_SECONDS) -> None:
        """Take at most *most* listeners, and gather what is stored for so many seconds."""
        self._most = most
        self._gathered_seconds = gathered_seconds
        self._listeners: set[Listener] = set()
        self._gathered: set[int] = set()
        self._is_all = False
        self._count = 0
        self._changes = 0
        self._start = secrets.token_hex(4)
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._listeners)

    @property
    def seen(self) -> str:
        """Up to where there is something to see: a page that was made with another one is out of date."""
        return f"{self._start}-{self._changes}"

    def on_stored(self, added: Sequence[Added]) -> None:
        """Tell of what was stored."""
        if added:
            self.touch((one.item_id for one in added), len(added))

    def on_changed(self, item_ids: Sequence[int]) -> None:
        """Tell that these items look different now; with none, that whatever a page shows may."""
        self.touch(item_ids, is_all=not item_ids)

    def touch(self, item_ids: Iterable[int], occurrences: int = 0, *, is_all: bool = False) -> None:
        """Tell that these items look different now."""
        self._changes += 1
        if not self._listeners:
            return
        self._gathered.update(item_ids)
        self._is_all = self._is_all or is_all
        self._count += occurrences
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gathered_seconds, self._tell)

    def listen(self) -> Listener:
        """Add a listener.

        Raises:
            TooManyListenersError: There are as many as may be.
        """
        if len(self._listeners) >= self._most:
            raise TooManyListenersError
        listener = Listener()
        self._listeners.add(listener)
        return listener

    def forget(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners.discard(listener)

    def _tell(self) -> None:
        self._timer = None
        is_all = self._is_all or len(self._gathered) > _MOST_ITEMS
        ids = [] if is_all else sorted(self._gathered)
        message = {"items": ids, "is_all": is_all, "occurrences": self._count}
        self._gathered.clear()
        self._is_all = False
        self._count = 0
        written = f"data: {json.dumps(message, separators=(',', ':'))}\n\n".encode("ascii")
        for listener in tuple(self._listeners):
            if not listener.tell(written):
                self._drop(listener)

    def _drop(self, listener: Listener) -> None:
        self.forget(listener)
        listener.is_dropped = True
        while not listener.messages.empty():
            listener.messages.get_nowait()
        listener.tell(None)


async def stream(hub: Hub, listener: Listener) -> AsyncIterator[bytes]:
    """Yield what a listener is sent, until it goes or is dropped."""
    try:
        # What came between the making of the page and now would be told to nobody.
        yield f"retry: 2000\nevent: seen\ndata: {hub.seen}\n\n".encode("ascii")
        while not listener.is_dropped:
            try:
                message = await asyncio.wait_for(listener.messages.get(), _HEARTBEAT_SECONDS)
            except asyncio.TimeoutError:
                message = _HEARTBEAT
            if message is None:
                return
            yield message
    finally:
        hub.forget(listener)
