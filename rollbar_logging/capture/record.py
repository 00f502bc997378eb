"""A log record, with all that surrounds it, to an `Occurrence`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import filterfalse
from operator import is_, itemgetter
from os import urandom
from time import time
from typing import Any, NamedTuple

from rollbar_logging.capture.codes import Codes
from rollbar_logging.capture.context import (
    current_person,
    current_request,
    current_task_name,
    surrounding_variables,
)
from rollbar_logging.capture.exceptions import MESSAGE_FACTOR, Captured, Limits, exc_info_of, read_exception
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.occurrence import Code, Frame, Occurrence, Plain
from rollbar_logging.capture.person import person_of
from rollbar_logging.capture.request import read_request
from rollbar_logging.capture.task import with_task
from rollbar_logging.capture.type_names import path_of, type_name
from rollbar_logging.capture.values import Bounds, Reading, as_dict
from rollbar_logging.levels import level_of, parse_level

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "rollbar_uuid",
    # structlog's ProcessorFormatter leaves these on a record:
    "_logger",
    "_name",
    "_from_structlog",
    "_record",
}
_is_standard = _STANDARD.__contains__
_UNDERSTOOD = frozenset(
    {
        "rollbar_person",
        "rollbar_request",
        "rollbar_fingerprint",
        "rollbar_title",
        "rollbar_context",
        "rollbar_level",
        "extra_data",
        "payload_data",
        "request",
    }
)
_OVERRIDES = {"rollbar_fingerprint": "fingerprint", "rollbar_title": "title", "rollbar_context": "context"}
_UNDERSTOOD_IN_EVENTS = ("rollbar_uuid", "rollbar_person", "rollbar_request", "rollbar_level", *_OVERRIDES)
_EMPTY: dict[str, Plain] = {}
_NO_EXCEPTION = Captured(())
_PLACE = ("pathname", "lineno", "funcName", "process", "processName", "thread", "threadName")
_usual_facts = itemgetter("created", "levelno", "name", *_PLACE)
_USUAL_TYPES = [float, int, str, str, int, str, int, str, int, str]
_OCCURRENCE_BYTES = 1000
_MAX_UUID = 36
_FAR = 1e12
"""Beyond any time in seconds, and any level."""


class Recorder:
    """Makes occurrences of records, within the bounds of the settings.

    Args:
        bounds: Bounds of captured values.
        max_frames: Frames kept of a traceback.
        with_locals: Whether frames carry their local variables.
        exception_levels: Rollbar level, or ``ignored``, by dotted path of an exception's class or a base of it.
    """

    def __init__(
        self,
        bounds: Bounds,
        max_frames: int,
        *,
        with_locals: bool,
        exception_levels: Mapping[str, str] = _EMPTY,
    ) -> None:
        self._bounds = bounds
        self._exception_levels = exception_levels
        self._kinds = Kinds()
        self._limits = Limits(max_frames, Codes(), with_locals)

    def capture(self, record: logging.LogRecord) -> Occurrence | None:
        """Take a snapshot of *record*: plain data only, nothing of it or of the application stays referenced.

        Returns:
            The snapshot, or ``None`` if ``exception_levels`` says to ignore its exception.
        """
        exc_info = _exc_info(record)
        exception_level = self._exception_level(exc_info) if self._exception_levels and exc_info is not None else None
        if exception_level == "ignored":
            return None
        reading = Reading(self._bounds, self._kinds)
        held = record.__dict__
        created, levelno, name, place = _facts(held, reading)
        message, template, event = _message(record, reading)
        if event:
            held = {**_taken_from(event), **held}
        own = list(filterfalse(_is_standard, held))
        asked = _ASKED_NOTHING
        if not _UNDERSTOOD.isdisjoint(own):
            asked = _asked(held, reading)
            own = [name for name in own if name not in _UNDERSTOOD]
        extras = {name: held[name] for name in own} if own else {}
        bound, overrides = with_task(surrounding_variables(), asked.overrides)
        if bound or event:
            extras = {**bound, **event, **extras}
        # Before the frames, whose many variables may use up the time.
        request = current_request() if asked.request is None else asked.request
        person = asked.person or current_person() or (None if request is None else person_of(request))
        described_request = read_request(request, reading) if request is not None else None
        exception = _NO_EXCEPTION if exc_info is None else self._exception(exc_info, place, extras, reading)
        task_name = held.get("taskName")
        return Occurrence(
            uuid4() if held.get("rollbar_uuid") is None else _uuid(held["rollbar_uuid"], reading),
            created,
            asked.level or exception_level or level_of(levelno),
            levelno,
            name,
            message,
            template,
            place,
            current_task_name() if task_name is None else str(reading.describe(task_name, reading.max_depth)),
            _args(record.args, reading),
            _described(extras, asked, reading) if extras or asked.extras else _EMPTY,
            exception.chain,
            exception.members,
            _stack(record, exc_info, reading),
            reading.variables(person) if person else None,
            described_request,
            overrides,
            asked.payload,
            _OCCURRENCE_BYTES + reading.size,
        )

    def is_ignored(self, record: logging.LogRecord) -> bool:
        """Whether ``exception_levels`` says to ignore the exception of *record*, so that `capture` gives nothing."""
        exc_info = _exc_info(record) if self._exception_levels else None
        return exc_info is not None and self._exception_level(exc_info) == "ignored"

    def capture_bare(self, record: logging.LogRecord, error: Exception) -> Occurrence:
        """Tell of a record that could not be captured: its place, its template and what went wrong."""
        reading = Reading(self._bounds, self._kinds)
        created, levelno, name, place = _facts(record.__dict__, reading)
        template: Any = record.__dict__.get("msg")
        template = reading.text(template) if type(template) is str else type_name(type(template))
        return Occurrence(
            uuid4(),
            created,
            level_of(levelno),
            levelno,
            name,
            f"{template} [capturing it raised {reading.describe(error)}]",
            template,
            place,
            size=_OCCURRENCE_BYTES + reading.size,
        )

    def _exception_level(self, exc_info: object) -> str | None:
        found = exc_info_of(exc_info)
        if found is None:
            return None
        levels = self._exception_levels
        paths = map(path_of, type.__dict__["__mro__"].__get__(type(found[0])))
        # Built-in classes are known by their bare names too.
        names = (levels.get(path) or levels.get(path.removeprefix("builtins.")) for path in paths)
        return next((level for level in names if level), None)

    def _exception(
        self, exc_info: object, place: tuple[Plain, ...], extras: dict[str, Any], reading: Reading
    ) -> Captured:
        found = exc_info_of(exc_info)
        if found is None:
            return _NO_EXCEPTION
        captured = read_exception(found, reading, self._limits)
        if found[2] is not None:
            # An application's own extra of that name stays what it was.
            extras["rollbar_traceback" if "traceback" in extras else "traceback"] = found[2]
        first = captured.chain[0]
        if first.frames:
            return captured
        # It was never raised: the place of the log call is the best place there is.
        pathname, lineno, function, *_ = place
        frame = Frame(Code(str(pathname), str(function or "?")), lineno if type(lineno) is int else None)
        return captured._replace(chain=(first._replace(frames=(frame,)), *captured.chain[1:]))


def _stack(record: logging.LogRecord, exc_info: object, reading: Reading) -> str | None:
    """Return ``stack_info``, or the text that is all that is left of the exception of a record from elsewhere."""
    stack: object = record.stack_info or (record.exc_text if exc_info is None else None)
    return reading.text(stack, MESSAGE_FACTOR * reading.max_string) if type(stack) is str and stack else None


_Facts = tuple[float, int, str, tuple[Plain, ...]]
"""What `logging` itself puts on a record: when, the level, the logger's name, the place."""


def _facts(held: Mapping[str, Any], reading: Reading) -> _Facts:
    try:
        facts = _usual_facts(held)
    except KeyError:
        facts = ()
    # By identity: a metaclass may have an ``__eq__`` of its own.
    if all(map(is_, map(type, facts), _USUAL_TYPES)) and facts and 0.0 <= facts[0] < _FAR:
        return facts[0], facts[1], facts[2], facts[3:]
    # Made by hand, received from elsewhere, changed by a filter, or `logging` was told not to collect all of it.
    return (
        float(_number(held.get("created"), time())),
        int(_number(held.get("levelno"), logging.ERROR)),
        str(reading.describe(held.get("name"), reading.max_depth)),
        tuple([reading.describe(held.get(name), reading.max_depth) for name in _PLACE]),
    )


def uuid4() -> str:
    """Return a random UUID (version 4) with dashes; the standard library's takes three times as long."""
    digits = urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _number(value: Any, default: float) -> float:
    return value if (type(value) is int or type(value) is float) and 0 <= value < _FAR else default


def _uuid(given: object, reading: Reading) -> str:
    # Reported before, by another handler or another time: the server drops the second of the same uuid.
    return str(reading.describe(given, reading.max_depth))[:_MAX_UUID] or uuid4()


def is_event(template: Any) -> bool:
    """Whether it is what structlog's ``ProcessorFormatter.wrap_for_formatter`` hands to `logging`."""
    return issubclass(type(template), dict) and dict.__contains__(template, "event")


def _exc_info(record: logging.LogRecord) -> Any:
    found: Any = record.exc_info
    template: Any = record.msg
    # structlog's asynchronous methods leave (None, None, None) on the record, and the exception in the event.
    if type(template) is not str and is_event(template) and exc_info_of(found) is None:
        return dict.get(template, "exc_info")
    return found


def _message(record: logging.LogRecord, reading: Reading) -> tuple[str, str | None, dict[str, Any]]:
    """Return the formatted text, the template if it differs, and what a structlog event dict holds besides."""
    template: Any = record.msg
    limit = MESSAGE_FACTOR * reading.max_string
    if type(template) is not str and is_event(template):
        held = as_dict(template)
        held.pop("exc_info", None)
        event = held.pop("event")
        text = reading.text(event, limit) if type(event) is str else str(reading.describe(event, reading.max_depth))
        return text, text, {name if type(name) is str else reading.key(name): value for name, value in held.items()}
    try:
        text = record.getMessage()
        shown = template if record.args else None
        if type(text) is not str or (shown is not None and type(shown) is not str):
            text, shown = str.__str__(text), None if shown is None else str.__str__(str(shown))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a record that cannot be formatted is reported as it stands
        shown = str(reading.describe(template, reading.max_depth))
        return reading.text(f"{shown} [formatting it raised {type_name(type(error))}]", limit), shown, {}
    return reading.text(text, limit), None if shown is None else reading.text(shown, limit), {}


def _taken_from(event: dict[str, Any]) -> dict[str, Any]:
    """Take out of an event dict what means the same as in a log call's ``extra``."""
    return {name: event.pop(name) for name in _UNDERSTOOD_IN_EVENTS if name in event}


def message_of(record: logging.LogRecord, reading: Reading) -> str:
    """Return the formatted text of *record*, bounded; of one that cannot be formatted, what can be told."""
    return _message(record, reading)[0]


def _args(args: Any, reading: Reading) -> Plain:
    if type(args) is tuple:
        return reading.exact_sequence(args, reading.max_depth - 2) if args else None
    if args is None:
        return None
    return reading.describe(args if type(args) is dict else (args,), reading.max_depth - 2)


def _described(extras: Mapping[str, Any], asked: _Asked, reading: Reading) -> dict[str, Plain]:
    described = reading.variables(extras)
    return {**described, **asked.extras} if asked.extras else described


class _Asked(NamedTuple):
    """What a record asks for by the keys that are understood."""

    level: str | None = None
    overrides: dict[str, str] = _EMPTY
    person: Any = None
    request: Any = None
    extras: dict[str, Plain] = _EMPTY
    payload: dict[str, Plain] = _EMPTY


_ASKED_NOTHING = _Asked()


def _asked(held: Mapping[str, Any], reading: Reading) -> _Asked:
    extras = reading.describe(held.get("extra_data"))
    payload = reading.describe(held.get("payload_data"))
    person: Any = held.get("rollbar_person")
    request = held.get("rollbar_request")
    return _Asked(
        _level(held.get("rollbar_level")),
        {
            target: str(reading.describe(held[name], reading.max_depth))
            for name, target in _OVERRIDES.items()
            if held.get(name) is not None
        },
        as_dict(person) if issubclass(type(person), dict) else None,
        held.get("request") if request is None else request,
        {} if extras is None else extras if isinstance(extras, dict) else {"extra_data": extras},
        payload if isinstance(payload, dict) else {},
    )


def _level(asked: Any) -> str | None:
    cls = type(asked)
    if issubclass(cls, str):
        return parse_level(str.__str__(asked))
    return parse_level(int.__int__(asked)) if issubclass(cls, int) and cls is not bool else None
