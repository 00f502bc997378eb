"""A log record, with all that surrounds it, to an `Occurrence`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from operator import itemgetter
from os import urandom
from typing import Any, NamedTuple

from rollbar_logging.capture.codes import Codes
from rollbar_logging.capture.context import bound_variables, current_person, current_request, current_task_name
from rollbar_logging.capture.exceptions import MESSAGE_FACTOR, Captured, Limits, exc_info_of, read_exception
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.occurrence import Code, Frame, Occurrence, Plain
from rollbar_logging.capture.request import read_request
from rollbar_logging.capture.values import Bounds, Reading, type_name
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
_NOT_EXTRA = _STANDARD | _UNDERSTOOD
_EMPTY: dict[str, Plain] = {}
_NO_EXCEPTION = Captured(())
_PLACE = ("pathname", "lineno", "funcName", "process", "processName", "thread", "threadName")
_place = itemgetter(*_PLACE)
_OCCURRENCE_BYTES = 1500


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
        exception_level = self._exception_level(record) if self._exception_levels else None
        if exception_level == "ignored":
            return None
        reading = Reading(self._bounds, self._kinds)
        held = record.__dict__
        message, template, event = _message(record, reading)
        extras = {**bound_variables(), **event, **{name: held[name] for name in held.keys() - _NOT_EXTRA}}
        asked = _asked(held, reading) if not held.keys().isdisjoint(_UNDERSTOOD) else _ASKED_NOTHING
        request = asked.request or current_request()
        person = asked.person or current_person()
        exception = _NO_EXCEPTION
        if record.exc_info or "exc_info" in extras:
            exception = self._exception(record, extras, reading)
        stack = record.stack_info or (record.exc_text if not record.exc_info else None)
        return Occurrence(
            held.get("rollbar_uuid") or uuid4(),  # seen before: the server drops the second
            record.created,
            asked.level or exception_level or level_of(record.levelno),
            record.levelno,
            record.name,
            message,
            template,
            _place(held),
            held.get("taskName") or current_task_name(),
            _args(record.args, reading) if record.args else None,
            _described(extras, asked, reading) if extras or asked.extras else _EMPTY,
            exception.chain,
            exception.members,
            reading.text(str(stack), MESSAGE_FACTOR * reading.max_string) if stack else None,
            reading.describe(person) if person else None,
            read_request(request, reading) if request is not None else None,
            asked.overrides,
            asked.payload,
            _OCCURRENCE_BYTES + reading.size,
        )

    def capture_bare(self, record: logging.LogRecord, error: Exception) -> Occurrence:
        """Tell of a record that could not be captured: its place, its template and what went wrong."""
        template = record.msg if type(record.msg) is str else type_name(type(record.msg))
        message = f"{template[: self._bounds.max_string]} [capturing it raised {type_name(type(error))}: {error}]"
        place = tuple(record.__dict__.get(name) for name in _PLACE)
        level = level_of(record.levelno)
        return Occurrence(
            uuid4(),
            record.created,
            level,
            record.levelno,
            record.name,
            message,
            template,
            place,
            size=_OCCURRENCE_BYTES,
        )

    def _exception_level(self, record: logging.LogRecord) -> str | None:
        found = exc_info_of(record.exc_info)
        if found is None:
            return None
        levels = self._exception_levels
        paths = [f"{base.__module__}.{base.__qualname__}" for base in type(found[0]).__mro__]
        # Built-in classes are known by their bare names too.
        names = (levels.get(path) or levels.get(path.removeprefix("builtins.")) for path in paths)
        return next((level for level in names if level), None)

    def _exception(self, record: logging.LogRecord, extras: dict[str, Any], reading: Reading) -> Captured:
        found = exc_info_of(record.exc_info or extras.pop("exc_info"))
        if found is None:
            return _NO_EXCEPTION
        captured = read_exception(found, reading, self._limits)
        if found[2] is not None:
            extras["traceback"] = found[2]
        first = captured.chain[0]
        if first.frames:
            return captured
        # It was never raised: the place of the log call is the best place there is.
        frame = Frame(Code(record.pathname, record.funcName or "?"), record.lineno)
        return captured._replace(chain=(first._replace(frames=(frame,)), *captured.chain[1:]))


def uuid4() -> str:
    """Return a random UUID (version 4) with dashes; the standard library's takes three times as long."""
    digits = urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _message(record: logging.LogRecord, reading: Reading) -> tuple[str, str | None, dict[str, Any]]:
    """Return the formatted text, the template if it differs, and what a structlog event dict holds besides."""
    template = record.msg
    if type(template) is dict and "event" in template:  # structlog's ProcessorFormatter.wrap_for_formatter
        event = str(reading.describe(template["event"], reading.max_depth))
        return event, event, {str(name): value for name, value in template.items() if name != "event"}
    limit = MESSAGE_FACTOR * reading.max_string
    try:
        text = record.getMessage()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a record that cannot be formatted is reported as it stands
        shown = str(reading.describe(template, reading.max_depth))
        return reading.text(f"{shown} [formatting it raised {type_name(type(error))}]", limit), shown, {}
    if not record.args:
        return reading.text(str.__str__(text), limit), None, {}
    return reading.text(str.__str__(text), limit), reading.text(str(template), limit), {}


def _args(args: Any, reading: Reading) -> Plain:
    return reading.describe(args if isinstance(args, (tuple, dict)) else (args,), reading.max_depth - 2)


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
    person = held.get("rollbar_person")
    return _Asked(
        parse_level(held.get("rollbar_level")),
        {
            target: str(reading.describe(held[name], reading.max_depth))
            for name, target in _OVERRIDES.items()
            if held.get(name) is not None
        },
        person if isinstance(person, dict) else None,
        held.get("rollbar_request") or held.get("request"),
        {} if extras is None else extras if isinstance(extras, dict) else {"extra_data": extras},
        payload if isinstance(payload, dict) else {},
    )
