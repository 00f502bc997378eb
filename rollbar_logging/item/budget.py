"""An item while it is being cut: its parts, how many bytes are still too many, and what went.

Takes any JSON for an item: what is not shaped as Rollbar's API has it is simply not found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

from rollbar_logging.item.encode import size_of
from rollbar_logging.item.shorten import common_room, shorten

Slot = tuple[Any, Any]
"""A place that holds a value: a dict or list, and a key or an index that it has."""

_LIBRARY = re.compile(
    r"^<frozen |/(?:site|dist)-packages/|/lib(?:32|64)?/(?:python|pypy)\d(?:\.\d+)?/|/python[\d.]*/lib/", re.IGNORECASE
)


class Place(NamedTuple):
    """A frame, and where it stands: *distance* from the exception, in the *cause*-th trace (0: raised last)."""

    frame: dict[str, Any]
    distance: int
    cause: int
    is_library: bool

    @property
    def is_raising(self) -> bool:
        """Whether the exception that was raised last comes from here."""
        return self.distance == self.cause == 0


class Budget:
    """An item, changed in place until it fits.

    Attributes:
        data: The item.
        limit: Bytes that ``{"data": data}`` may take as JSON.
        excess: Bytes that are still too many; not above 0 when it fits.
        body: ``data.body``, or an empty dict if it is none.
    """

    def __init__(self, data: dict[str, Any], limit: int) -> None:
        self.data = data
        self.limit = limit
        self.excess = size_of({"data": data}) - limit
        self.body = mapping(data, "body")
        self._cuts: dict[tuple[str, str], tuple[int, int]] = {}

    @property
    def traces(self) -> list[dict[str, Any]]:
        """The traces of the body, the one raised last first."""
        chain = self.body.get("trace_chain")
        traces = chain if isinstance(chain, list) else [self.body.get("trace")]
        return [trace for trace in traces if isinstance(trace, dict)]

    @cached_property
    def places(self) -> list[Place]:
        """The frames of all traces, farthest from the raising one first; see `forget_places`."""
        places = [
            Place(frame, distance, cause, self.is_library(frame))
            for cause, trace in enumerate(self.traces)
            for distance, frame in enumerate(reversed(frames_of(trace)))
            if isinstance(frame, dict)
        ]
        places.sort(key=lambda place: -(place.distance + place.cause))
        return places

    def forget_places(self) -> None:
        """Look for the frames anew: some have been taken out, and what they hold no longer counts."""
        self.__dict__.pop("places", None)

    def is_library(self, frame: Any) -> bool:
        """Whether a frame is not the application's own: outside of ``server.root``, or of an installed package."""
        filename = frame.get("filename") if isinstance(frame, dict) else None
        path = _slashed(filename) if isinstance(filename, str) else "<frozen "
        is_absolute = path.startswith("/") or path[1:3] == ":/"
        return bool((is_absolute and not path.startswith(self._root)) or _LIBRARY.search(path))

    @cached_property
    def _root(self) -> str:
        root = mapping(self.data, "server").get("root")
        return _slashed(root).rstrip("/") + "/" if root and isinstance(root, str) else ""

    def count(self, part: str, what: str, saved: int, times: int = 1) -> None:
        """Note what became of a part, which saved so many bytes."""
        self.excess -= saved
        before = self._cuts.get((part, what), (0, 0))
        self._cuts[part, what] = before[0] + times, before[1] + saved

    def drop(self, part: str, slots: Iterable[Slot]) -> None:
        """Remove entries of dicts, in the order given, until the excess is covered."""
        for holder, key in slots:
            if self.excess <= 0:
                return
            saved = size_of(holder.pop(key)) + size_of(key) + (2 if holder else 1)
            self.count(part, "removed", saved)

    def shorten(self, part: str, slots: Iterable[Slot], floor: int) -> None:
        """Cut the largest values to a common size, not below *floor*, that covers the excess."""
        if self.excess <= 0:
            return
        sized = [(size_of(holder[key]), holder, key) for holder, key in slots]
        sized.sort(key=lambda entry: -entry[0])
        room = common_room([size for size, _, _ in sized], self.excess, floor)
        for size, holder, key in sized:
            if size <= room:
                return
            holder[key] = shorten(holder[key], room)
            self.count(part, "shortened", size - size_of(holder[key]))

    def notes(self, room: int) -> dict[str, str]:
        """Return what was cut, by part and in words: as many parts as fit into so many bytes of JSON."""
        notes: dict[str, str] = {}
        for (part, what), (times, saved) in self._cuts.items():
            note = f"{times} {what}, {saved} bytes"
            room -= size_of(note) + (0 if part in notes else size_of(part) + 2)
            if room >= 0:
                notes[part] = f"{notes[part]}; {note}" if part in notes else note
        return notes


def mapping(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the dict at *key*, or an empty one."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def frames_of(trace: dict[str, Any]) -> list[Any]:
    """Return the frames of a trace, oldest call first; an empty list if they are none."""
    frames = trace.get("frames")
    return frames if isinstance(frames, list) else []


def _slashed(path: str) -> str:
    path = path.replace("\\", "/")
    return path.lower() if path[1:2] == ":" else path  # a drive: Windows does not mind the case
