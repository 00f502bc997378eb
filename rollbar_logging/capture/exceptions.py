"""An exception to a chain of traces: causes, groups, notes, cycles and recursions.

Frames are read from the raising end backwards, so that what is nearest to the failure is captured first
should the time of the reading run out. Exceptions are asked past what their classes put over the attributes of
`BaseException`: a class may answer with anything, or raise.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, TypeGuard

from rollbar_logging.capture.codes import Codes
from rollbar_logging.capture.fields import kept_fields
from rollbar_logging.capture.occurrence import Code, Frame, Plain, Trace
from rollbar_logging.capture.sensitive import hidden_variables, hide
from rollbar_logging.capture.steps import Step, shortened, steps_of
from rollbar_logging.capture.type_names import bare_name, module_of, named, type_name
from rollbar_logging.capture.values import Reading, as_dict

MAX_CHAIN = 10
MAX_NOTES = 20
MESSAGE_FACTOR = 16
"""A message may be so many times longer than another string: it is what people read first."""

_MAX_FLAT = 1000
_FRAME_BYTES = 200
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", None)

ExcInfo = tuple[BaseException, TracebackType | None, str | None]
"""An exception, its traceback, and a traceback that came as text."""


class Captured(NamedTuple):
    """What was read of an exception; see `Occurrence`."""

    chain: tuple[Trace, ...]
    members: tuple[dict[str, Plain], ...] = ()


_AS_IT_IS = (0, 0)
_frame_of: Callable[[tuple[Any, ...]], Frame] = partial(tuple.__new__, Frame)
"""What `Frame._make` does, without a call of Python's: there are many."""

_OF_A_FUNCTION = 0x01
"""``inspect.CO_OPTIMIZED``: the variables of such code are names it has itself, not what somebody's mapping holds."""


class Limits(NamedTuple):
    """How frames are read: how many of a traceback, what is known of codes, and whether with local variables."""

    max_frames: int
    codes: Codes
    with_locals: bool


def exc_info_of(exc_info: Any) -> ExcInfo | None:
    """Understand whatever a record carries as ``exc_info``.

    Returns:
        ``None`` when there is no exception: for ``None``, ``(None, None, None)``, ``True`` outside of a handler.
    """
    if type(exc_info) is bool or type(exc_info) is int:
        exc_info = sys.exc_info() if exc_info else None
    if is_error(exc_info):
        return exc_info, traceback_of(exc_info), None
    if not (type(exc_info) is tuple or type(exc_info) is list):
        return None
    cls, error, trace = exc_info if len(exc_info) == 3 else (*exc_info, None, None, None)[:3]  # noqa: PLR2004
    if not is_error(error):
        error = _instance(cls, error)
        if error is None:
            return None
    if type(trace) is str:
        return error, traceback_of(error), trace
    return error, trace if type(trace) is TracebackType else traceback_of(error), None


def read_exception(found: ExcInfo, reading: Reading, limits: Limits) -> Captured:
    """Read an exception with its causes and, for a group, its members.

    Args:
        found: What `exc_info_of` returned.
        reading: Bounds and time.
        limits: How frames are read. Of a longer traceback the last frames are kept and a few of the first.
    """
    links, members = _links(found[0], found[1])
    chain = tuple([_trace(link, reading, limits, is_last=at == MAX_CHAIN) for at, link in enumerate(links, 1)])
    described = [_member(error, reading) for error in members[: reading.max_items]]
    if len(members) > len(described):
        described.append({"class": "…", "message": f"[+{len(members) - len(described)} exceptions]"})
    return Captured(chain, tuple(described))


traceback_of, _cause, _context, _is_context_hidden, _dict_of = (
    BaseException.__dict__[name].__get__
    for name in ("__traceback__", "__cause__", "__context__", "__suppress_context__", "__dict__")
)


def is_error(value: object) -> TypeGuard[BaseException]:
    """Whether it is an exception, whatever it says of itself."""
    # Not `isinstance`: it believes what mocks and proxies say of their ``__class__``.
    return issubclass(type(value), BaseException)


def _held(error: BaseException, name: str) -> Any:
    """Return an attribute past the class's own ``__getattribute__``, or ``None``."""
    try:
        return object.__getattribute__(error, name)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - not there, or a property that fails
        return None


def _instance(cls: Any, value: object) -> BaseException | None:
    if not (issubclass(type(cls), type) and BaseException in type.__dict__["__mro__"].__get__(cls)):
        return None
    args = value if type(value) is tuple else () if value is None else (value,)
    # A class may want other arguments; then an instance without any must do.
    error = _made(lambda: cls(*args))
    return _made(lambda: cls.__new__(cls)) if error is None else error


def _made(make: Callable[[], object]) -> BaseException | None:
    try:
        error = make()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a class may do anything
        return None
    return error if is_error(error) else None


class _Link(NamedTuple):
    """One exception of a chain.

    Attributes:
        error: It.
        tracebacks: That of each group of one that it was wrapped in, the outermost first, and its own.
        wrappers: Those groups.
    """

    error: BaseException
    tracebacks: list[TracebackType | None]
    wrappers: list[BaseException]


def _links(error: BaseException, traceback: TracebackType | None) -> tuple[list[_Link], list[BaseException]]:
    """Follow an exception to its cause, a group into its first member; collect the members of groups."""
    links: list[_Link] = []
    members: list[BaseException] = []
    seen: set[int] = set()
    tracebacks, wrappers = [traceback], list[BaseException]()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(links) < MAX_CHAIN:
        seen.add(id(current))
        inner = _members(current)
        if len(inner) == 1 and id(inner[0]) not in seen:
            # The wrapper says nothing of its own, but its frames tell how the inner one was reached.
            wrappers.append(current)
            current = inner[0]
            tracebacks.append(traceback_of(current))
            continue
        links.append(_Link(current, tracebacks, wrappers))
        if inner:
            members = members or _flat(inner)
            current = inner[0]
        else:
            current = before(current)
        tracebacks, wrappers = [traceback_of(current) if current is not None else None], []
    return links, members


def before(error: BaseException) -> BaseException | None:
    """Return the exception that led to this one, if it is to be shown."""
    cause: BaseException | None = _cause(error)
    if cause is None and not _is_context_hidden(error):
        cause = _context(error)
    return cause


def _members(error: BaseException) -> tuple[BaseException, ...]:
    # Built in since Python 3.11; for 3.10 there is a backport.
    group = _GROUP or getattr(sys.modules.get("exceptiongroup"), "BaseExceptionGroup", None)
    if group is None or not issubclass(type(error), group):
        return ()
    inner = _held(error, "exceptions")
    return tuple(filter(is_error, inner)) if type(inner) is tuple else ()


def _flat(members: tuple[BaseException, ...]) -> list[BaseException]:
    flat: list[BaseException] = []
    waiting = list(reversed(members))
    for _ in range(_MAX_FLAT):
        if not waiting:
            break
        member = waiting.pop()
        inner = _members(member)
        waiting.extend(reversed(inner))
        if not inner:
            flat.append(member)
    return flat


def _member(error: BaseException, reading: Reading) -> dict[str, Plain]:
    member = {"class": bare_name(type(error)), "message": message_of_error(error, reading)}
    last = traceback_of(error)
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is not None:
        code = last.tb_frame.f_code
        member["place"] = f"{code.co_filename}:{last.tb_lineno} in {code.co_name}"
    return member


def message_of_error(error: BaseException, reading: Reading) -> str:
    """Return what an exception says, cut to the bounds of *reading*; of one that cannot say it, its description."""
    try:
        text = str.__str__(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001 - the report matters more than its text
        text = f"<str() raised {type_name(type(failure))}> {reading.describe(error)}"
    return reading.text(text, MESSAGE_FACTOR * reading.max_string)


def _notes(link: _Link, reading: Reading) -> tuple[str, ...]:
    """Return what was noted on the exception, then on its wrappers, from the inside outwards."""
    notes: list[Any] = []
    for error in (link.error, *reversed(link.wrappers)):
        found = _dict_of(error).get("__notes__")
        notes += found if type(found) is list or type(found) is tuple else ()
    texts = [str(reading.describe(note, reading.max_depth)) for note in notes[:MAX_NOTES]]
    return (*texts, *([f"… [+{len(notes) - MAX_NOTES} notes]"] if len(notes) > MAX_NOTES else []))


_OWN_ATTRIBUTES = ((OSError, ("errno", "filename")), (SyntaxError, ("offset", "text")))


def _attributes(error: BaseException, reading: Reading) -> dict[str, Plain]:
    held, cls = _dict_of(error), type(error)
    names = [name for base, names in _OWN_ATTRIBUTES if issubclass(cls, base) for name in names]
    if not held and not names:
        return {}
    found = [(name, _held(error, name)) for name in names]
    kept = kept_fields(cls) if held else ()
    found.extend(
        (name, value)
        for name, value in list(held.items())
        if type(name) is str and name[:1] != "_" and name not in kept
    )
    known = [(name, value) for name, value in found if value is not None][: reading.max_items]
    return {name: reading.describe(value, 1) for name, value in known}


def _beside_the_chain(error: BaseException, reading: Reading, *, is_last: bool) -> dict[str, Plain]:
    """Tell of what led to a group, as the chain goes on with its members, and of the causes beyond a long chain."""
    cause = before(error)
    if cause is None:
        return {}
    if _members(error):
        return {"cause": _member(cause, reading)}
    if not is_last:
        return {}
    root, seen = error, {id(error)}
    while cause is not None and id(cause) not in seen and len(seen) < _MAX_FLAT:
        seen.add(id(cause))
        root, cause = cause, before(cause)
    return {"causes_left_out": len(seen) - 1, "root_cause": _member(root, reading)} if len(seen) > 1 else {}


def _trace(link: _Link, reading: Reading, limits: Limits, *, is_last: bool) -> Trace:
    error, steps = link.error, steps_of(link.tracebacks)
    frames = _frames(steps, reading, limits)
    if issubclass(type(error), SyntaxError):
        frames.extend(_place_of_syntax(error))
    cls = type(error)
    return Trace(
        bare_name(cls),
        module_of(cls) or "",
        message_of_error(error, reading),
        tuple(frames),
        _notes(link, reading),
        bool(steps),
        {**_attributes(error, reading), **_beside_the_chain(error, reading, is_last=is_last)},
    )


def _place_of_syntax(error: BaseException) -> list[Frame]:
    filename, lineno = _held(error, "filename"), _held(error, "lineno")
    return [Frame(Code(filename, "<syntax>"), lineno if type(lineno) is int else None)] if type(filename) is str else []


def _frames(steps: list[Step], reading: Reading, limits: Limits) -> list[Frame]:
    # Asked of all frames: what marks a variable as sensitive may stand in one that is left out.
    hidden = hidden_variables([frame for frame, _ in steps]) if limits.with_locals else None
    marks: dict[int, tuple[int, int]] = {}
    if len(steps) > limits.max_frames:
        steps, marks = shortened(steps, limits.max_frames)
    code_of, variables = limits.codes.of, None
    parts = []
    for at in range(len(steps) - 1, -1, -1):
        frame, lineno = steps[at]
        if limits.with_locals:
            names: Any = frame.f_locals
            is_function = frame.f_code.co_flags & _OF_A_FUNCTION
            if not is_function:
                names = _other_names(names)
            if hidden is not None:
                names = hide(names, hidden.get(frame))
            variables = reading.local_variables(names) if is_function else reading.variables(names)
        repeated, left_out = marks.get(at, _AS_IT_IS)
        parts.append((code_of(frame), lineno, variables, repeated, left_out))
    reading.size += _FRAME_BYTES * len(parts)
    parts.reverse()
    return list(map(_frame_of, parts))


def _other_names(names: Any) -> Mapping[str, Any]:
    if type(names) is not dict:
        # Of a class whose metaclass prepared it, or what the application gave to `exec`.
        names = as_dict(names) if issubclass(type(names), dict) else {"…": named(type(names))}
    if "__builtins__" in names:  # a module's own frame: its locals are its globals
        return {name: value for name, value in list(names.items()) if not str(name).startswith("__")}
    return names  # type: ignore[no-any-return]
