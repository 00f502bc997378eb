"""What libraries do, as events of the trail: how each is timed, noted and undone.

Whatever goes wrong in here is told once and kept from the application: a library that is watched returns and raises
what it would have returned and raised. An event is plain text, so that no request, answer or connection stays alive.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.type_names import type_name
from rollbar_logging.delivery import processes
from rollbar_logging.delivery.notices import tell
from rollbar_logging.errors import in_words
from rollbar_logging.integrations.reporting import Roster

if TYPE_CHECKING:
    from rollbar_logging.capture.telemetry import Telemetry

_MARK = "__rollbar_logging_watch__"
_MOST_CAUSES = 16


Told = tuple[str, dict[str, Plain], bool]
"""An event without its time: its kind, as for `Telemetry.add`; plain values, bounded; and whether it went wrong."""

Describe = Callable[..., Told]
"""Called when something has ended: with its `Span`, what was raised or ``None``, and what `Watch.begin` was given."""


class Watch:
    """Watches one library in this process.

    Attributes:
        is_on: Whether anything is noted.
    """

    def __init__(self, what: str) -> None:
        """Begin to watch.

        Args:
            what: Name of the library, for messages.
        """
        self.is_on = True
        self._what = what
        self._has_told = False
        self._roster = Roster()

    def begin(self, describe: Describe, *given: Any) -> Span | None:
        """Begin to time something; ``None``, when no handler keeps a trail or this thread delivers reports.

        Args:
            describe: See there.
            given: What *describe* reads.
        """
        if not self.is_on:
            return None
        try:
            trails = self._roster.trails()
        except Exception as trouble:  # noqa: BLE001 - what is watched must not fail because it is
            self.tell_trouble(trouble)
            return None
        return Span(self, trails, describe, given) if trails and not processes.role.is_sending else None

    def tell_trouble(self, error: Exception) -> None:
        """Say, once, that something could not be noted."""
        if not self._has_told:
            self._has_told = True
            tell(f"what {self._what} did could not be noted in the telemetry: {in_words(error)}")


class Span:
    """One thing that a library does, in a ``with`` block; after that it is noted in each trail.

    Attributes:
        began_at: Unix seconds.
        milliseconds: How long it took; 0 until it has ended.
        result: What the library has returned, if its caller puts it here.
    """

    __slots__ = ("_began", "_describe", "_given", "_handled", "_trails", "_watch", "began_at", "milliseconds", "result")

    def __init__(self, watch: Watch, trails: list[Telemetry], describe: Describe, given: tuple[Any, ...]) -> None:
        self._watch = watch
        self._trails = trails
        self._describe = describe
        self._given = given
        self._handled = id(sys.exc_info()[1])  # which is the context of what is raised now, but no cause of it
        self.result: Any = None
        self.milliseconds = 0.0
        self.began_at = time()
        self._began = perf_counter()

    def __enter__(self) -> None:
        """Began when it was made."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Note it in each trail; what was raised goes on."""
        self.milliseconds = round((perf_counter() - self._began) * 1000, 3)
        try:
            kind, body, is_error = self._describe(self, error, *self._given)
            level = logging.ERROR if is_error else logging.INFO
            for trail in self._trails:
                trail.add(level, kind, self.began_at, body)
        except Exception as trouble:  # noqa: BLE001 - what is watched must not fail because it is
            self._watch.tell_trouble(trouble)

    def failure(self, error: BaseException) -> str:
        """Name what was raised, and what that was raised from; their texts may hold anything, and stay out."""
        last = error
        for _ in range(_MOST_CAUSES):
            cause = last.__context__ if last.__cause__ is None else last.__cause__
            if cause is None or id(cause) == self._handled:
                break
            last = cause
        name = type_name(type(error))
        return name if last is error else f"{name} from {type_name(type(last))}"


class _Place(NamedTuple):
    """What was put in the place of a class's method; kept on the class, so that it is found again."""

    watch: Watch
    ours: Any
    before: Any


def watch_method(owner: type, name: str, what: str, make: Callable[[Any, Watch], Any]) -> Callable[[], None]:
    """Put a method that is watched in the place of a class's own; where that is so already, there is no second one.

    Args:
        owner: The class.
        name: Of the method.
        what: Name of the library.
        make: Returns the method to put there, from the one that is there.

    Returns:
        A function that undoes it. Where somebody has put something else in front of it since, it stays, and does
        nothing but pass on.
    """
    place = vars(owner).get(_MARK)
    if place is None:
        before, watch = getattr(owner, name), Watch(what)
        place = _Place(watch, make(before, watch), before)
        setattr(owner, name, place.ours)
        setattr(owner, _MARK, place)
    place.watch.is_on = True

    def undo() -> None:
        place.watch.is_on = False
        if vars(owner).get(name) is place.ours:
            setattr(owner, name, place.before)
            delattr(owner, _MARK)

    return undo
