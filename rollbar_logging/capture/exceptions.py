"""An exception to a chain of traces: causes, groups, notes, cycles and recursions.

Frames are read from the raising end backwards, so that what is nearest to the failure is captured first
should the time of the reading run out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import islice
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from rollbar_logging.capture.codes import Codes
from rollbar_logging.capture.occurrence import Code, Frame, Plain, Trace
from rollbar_logging.capture.sensitive import hidden_variables, hide
from rollbar_logging.capture.values import Reading, type_name

MAX_CHAIN = 10
MAX_NOTES = 20
_MAX_WALK = 100_000
_LONGEST_PERIOD = 4
_LEAST_REPEATS = 3
MESSAGE_FACTOR = 16
"""A message may be so many times longer than another string: it is what people read first."""

_FRAME_BYTES = 400

ExcInfo = tuple[BaseException, TracebackType | None, str | None]
"""An exception, its traceback, and a traceback that came as text."""


class Captured(NamedTuple):
    """What was read of an exception; see `Occurrence`."""

    chain: tuple[Trace, ...]
    members: tuple[dict[str, Plain], ...] = ()


_Step = tuple[FrameType, int]
"""A frame and the line it stands at."""

_AS_IT_IS = (0, 0)


class Limits(NamedTuple):
    """How frames are read: how many of a traceback, what is known of codes, and whether with local variables."""

    max_frames: int
    codes: Codes
    with_locals: bool


def exc_info_of(exc_info: object) -> ExcInfo | None:
    """Understand whatever a record carries as ``exc_info``.

    Returns:
        ``None`` when there is no exception: for ``None``, ``(None, None, None)``, ``True`` outside of a handler.
    """
    if exc_info is True or exc_info == 1:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        return exc_info, exc_info.__traceback__, None
    if not isinstance(exc_info, (tuple, list)) or len(exc_info) < 2:  # noqa: PLR2004 - type and value
        return None
    cls, error = exc_info[0], exc_info[1]
    trace = exc_info[2] if len(exc_info) > 2 else None  # noqa: PLR2004
    if not isinstance(error, BaseException):
        error = _instance(cls, error)
        if error is None:
            return None
    if isinstance(trace, str):
        return error, error.__traceback__, trace
    return error, trace if isinstance(trace, TracebackType) else error.__traceback__, None


def read_exception(found: ExcInfo, reading: Reading, limits: Limits) -> Captured:
    """Read an exception with its causes and, for a group, its members.

    Args:
        found: What `exc_info_of` returned.
        reading: Bounds and time.
        limits: How frames are read. Of a longer traceback the last frames are kept and a few of the first.
    """
    links, members = _links(found[0], found[1])
    chain = tuple([_trace(error, tracebacks, reading, limits) for error, tracebacks in links])
    return Captured(chain, tuple([_member(error, reading) for error in members[: reading.max_items]]))


def _instance(cls: object, value: object) -> BaseException | None:
    if not (isinstance(cls, type) and issubclass(cls, BaseException)):
        return None
    try:
        return cls(*(value if isinstance(value, tuple) else () if value is None else (value,)))
    except Exception:  # noqa: BLE001 - a class may want other arguments
        return BaseException.__new__(cls)


_Links = list[tuple[BaseException, list[TracebackType | None]]]


def _links(error: BaseException, traceback: TracebackType | None) -> tuple[_Links, list[BaseException]]:
    """Follow an exception to its cause, a group into its first member; collect the members of groups."""
    links: _Links = []
    members: list[BaseException] = []
    seen: set[int] = set()
    tracebacks = [traceback]
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(links) < MAX_CHAIN:
        seen.add(id(current))
        inner = _members(current)
        if len(inner) == 1:
            # The wrapper says nothing of its own, but its frames tell how the inner one was reached.
            current = inner[0]
            tracebacks.append(current.__traceback__)
            continue
        links.append((current, tracebacks))
        if inner:
            members = members or _flat(inner)
            current = inner[0]
        else:
            current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        tracebacks = [current.__traceback__ if current is not None else None]
    return links, members


def _members(error: BaseException) -> tuple[BaseException, ...]:
    # Not `except*` nor `isinstance`: groups have been built in since 3.11 only, and a backport exists for 3.10.
    if type(error).__name__.endswith("Group") and isinstance(inner := getattr(error, "exceptions", None), tuple):
        return tuple(member for member in inner if isinstance(member, BaseException))
    return ()


def _flat(members: tuple[BaseException, ...]) -> list[BaseException]:
    flat: list[BaseException] = []
    waiting = list(reversed(members))
    while waiting and len(flat) < 1000:  # noqa: PLR2004 - more than any bound keeps
        member = waiting.pop()
        inner = _members(member)
        waiting.extend(reversed(inner))
        if not inner:
            flat.append(member)
    return flat


def _member(error: BaseException, reading: Reading) -> dict[str, Plain]:
    member = {"class": type(error).__name__, "message": _message(error, reading)}
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is not None:
        code = last.tb_frame.f_code
        member["place"] = f"{code.co_filename}:{last.tb_lineno} in {code.co_name}"
    return member


def _message(error: BaseException, reading: Reading) -> str:
    try:
        text = str.__str__(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001 - the report matters more than its text
        text = f"<str() raised {type_name(type(failure))}> {reading.describe(error)}"
    return reading.text(text, MESSAGE_FACTOR * reading.max_string)


def _notes(error: BaseException, reading: Reading) -> tuple[str, ...]:
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, (list, tuple)):
        return ()
    return tuple(str(reading.describe(note, reading.max_depth)) for note in notes[:MAX_NOTES])


def _attributes(error: BaseException, reading: Reading) -> dict[str, Plain]:
    held = getattr(error, "__dict__", None)
    found = {name: value for name, value in held.items() if not name.startswith("_")} if held else {}
    if isinstance(error, OSError):
        found.update(errno=error.errno, filename=error.filename)
    elif isinstance(error, SyntaxError):
        found.update(offset=error.offset, text=error.text)
    known = {name: value for name, value in found.items() if value is not None}
    return {str(name): reading.describe(value, 1) for name, value in islice(known.items(), reading.max_items)}


def _trace(error: BaseException, tracebacks: list[TracebackType | None], reading: Reading, limits: Limits) -> Trace:
    steps = _steps(tracebacks)
    frames = _frames(steps, reading, limits)
    if isinstance(error, SyntaxError) and isinstance(error.filename, str):
        frames.append(Frame(Code(error.filename, "<syntax>"), error.lineno))
    cls = type(error)
    return Trace(
        cls.__name__,
        cls.__module__,
        _message(error, reading),
        tuple(frames),
        _notes(error, reading),
        bool(steps),
        _attributes(error, reading),
    )


def _steps(tracebacks: list[TracebackType | None]) -> list[_Step]:
    steps: list[_Step] = []
    for traceback in tracebacks:
        while traceback is not None and len(steps) < _MAX_WALK:
            steps.append((traceback.tb_frame, traceback.tb_lineno))
            traceback = traceback.tb_next  # noqa: PLW2901 - a walk
    return steps


def _frames(steps: list[_Step], reading: Reading, limits: Limits) -> list[Frame]:
    marks: dict[int, tuple[int, int]] = {}
    if len(steps) > limits.max_frames:
        steps, marks = shortened(steps, limits.max_frames)
    hidden = hidden_variables([frame for frame, _ in steps]) if limits.with_locals else None
    code_of, variables = limits.codes.of, None
    frames = []
    for at in range(len(steps) - 1, -1, -1):
        frame, lineno = steps[at]
        if limits.with_locals:
            variables = reading.variables(_names(frame) if hidden is None else hide(_names(frame), hidden.get(at)))
        frames.append(Frame(code_of(frame), lineno, variables, *marks.get(at, _AS_IT_IS)))
    reading.size += _FRAME_BYTES * len(frames)
    frames.reverse()
    return frames


def _names(frame: FrameType) -> Mapping[str, Any]:
    names = frame.f_locals
    if "__builtins__" in names:  # a module's own frame: its locals are its globals
        return {name: value for name, value in names.items() if not name.startswith("__")}
    return names


def shortened(steps: list[_Step], max_frames: int) -> tuple[list[_Step], dict[int, tuple[int, int]]]:
    """Fold what repeats in a long traceback, then keep the last frames and a few of the first.

    Returns:
        The steps kept, and by their place in that list how many repetitions were folded into a step
        and how many steps after it were left out.
    """
    folded = _folded(steps)
    first = max_frames // 4
    left_out = folded[first : len(folded) - (max_frames - first)]
    kept = folded[:first] + folded[first + len(left_out) :]
    marks = {at: (repeated, 0) for at, (_, repeated) in enumerate(kept) if repeated}
    if left_out:
        at = max(first - 1, 0)
        marks[at] = (kept[at][1], sum(1 + repeated for _, repeated in left_out))
    return [step for step, _ in kept], marks


def _folded(steps: list[_Step]) -> list[tuple[_Step, int]]:
    """Fold runs of up to `_LONGEST_PERIOD` frames that come three times and more, as in a recursion."""
    ids = [(id(frame.f_code), lineno) for frame, lineno in steps]
    folded: list[tuple[_Step, int]] = []
    at = 0
    while at < len(steps):
        period, repeats = _run(ids, at)
        at += period * (repeats - 1)
        folded.extend((step, repeats - 1) for step in steps[at : at + period])
        at += period
    return folded


def _run(ids: list[tuple[int, int]], at: int) -> tuple[int, int]:
    for period in range(1, _LONGEST_PERIOD + 1):
        repeats = 1
        unit = ids[at : at + period]
        while len(unit) == period and ids[at + repeats * period : at + (repeats + 1) * period] == unit:
            repeats += 1
        if repeats >= _LEAST_REPEATS:
            return period, repeats
    return 1, 1
