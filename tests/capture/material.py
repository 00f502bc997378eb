"""What the tests of the capture have in common: readings, a check for plain data, and hostile objects."""

from __future__ import annotations

import logging
import math
from asyncio import CancelledError
from collections import deque
from typing import Any, NamedTuple

from hypothesis import strategies as st

from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.capture.record import Recorder
from rollbar_logging.capture.values import MAX_KEY, Bounds, Reading

AMPLE = 60.0
"""Seconds that no test needs, so that nothing is left out because the machine is slow."""


def reading(**bounds: Any) -> Reading:
    """A reading with ample time."""
    return Reading(Bounds(**{"capture_budget": AMPLE, **bounds}), Kinds())


def describe(value: Any, **bounds: Any) -> Any:
    """Describe a value with ample time, and see that the result is plain."""
    described = reading(**bounds).describe(value)
    assert_plain(described)
    return described


def recorder(max_frames: int = 100, *, with_locals: bool = True, levels: Any = None, **bounds: Any) -> Recorder:
    """A recorder with ample time."""
    bound = Bounds(**{"capture_budget": AMPLE, **bounds})
    return Recorder(bound, max_frames, with_locals=with_locals, exception_levels=levels or {})


class Capturing(logging.Handler):
    """Captures each record as `RollbarHandler` does, and keeps what was captured only."""

    def __init__(self, records: Recorder | None = None) -> None:
        super().__init__()
        self.recorder = records or recorder()
        self.caught: list[Occurrence | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Capture the record."""
        self.caught.append(self.recorder.capture(record))


def logger_of(handler: logging.Handler) -> logging.Logger:
    """A logger of its own, known to nobody, with this handler."""
    logger = logging.Logger("app.orders")  # noqa: LOG001 - a logger that no other test can find
    logger.addHandler(handler)
    return logger


def captured(error: BaseException, **options: Any) -> Occurrence:
    """Log an exception and return what was captured of it."""
    handler = Capturing(recorder(**options))
    # As `logging` would make it of the exception, but without asking a hostile one.
    exc_info = (type(error), error, BaseException.__dict__["__traceback__"].__get__(error))
    logger_of(handler).error("it failed", exc_info=exc_info)
    occurrence = handler.caught[0]
    assert occurrence is not None
    assert_plain(list(occurrence))
    return occurrence


def logged(message: Any, *args: Any, level: int = logging.ERROR, **options: Any) -> Occurrence:
    """Log a message and return what was captured of it."""
    handler = Capturing()
    logger_of(handler).log(level, message, *args, **options)
    occurrence = handler.caught[0]
    assert occurrence is not None
    assert_plain(list(occurrence))
    return occurrence


def assert_plain(value: Any) -> None:
    """See that a value is made of JSON's own types alone, and of the tuples that an `Occurrence` consists of."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if type(found) is dict:
            assert all(type(key) is str for key in found)
            waiting.extend(found.values())
        elif type(found) in {list, tuple} or type(found).__module__ == "rollbar_logging.capture.occurrence":
            waiting.extend(found)
        elif type(found) is float:
            assert math.isfinite(found)
        elif type(found) is int:
            assert -(2**63) <= found < 2**63
        else:
            assert found is None or type(found) in {bool, str}


def assert_bounded(value: Any, max_string: int, max_items: int, max_depth: int) -> None:
    """See that a described value keeps to the bounds, but for the notes of what was left out."""
    if isinstance(value, str):
        assert len(value) <= 4 * max_string + 300
    elif isinstance(value, (dict, list)):
        assert max_depth > 0 or not value
        assert len(value) <= max_items + 1
        for key in value if isinstance(value, dict) else ():
            assert len(key) <= MAX_KEY + 40
        for inner in value.values() if isinstance(value, dict) else value:
            assert_bounded(inner, max_string, max_items, max_depth - 1)


# Hostile objects

METHODS = (  # noqa: SIM905 - a table of words, not of quotes
    "__repr__ __str__ __format__ __bytes__ __bool__ __len__ __iter__ __next__ __contains__ __getitem__ __missing__ "
    "__reversed__ __length_hint__ __getattribute__ __getattr__ __dir__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ "
    "__call__ __int__ __float__ __index__ __complex__ __round__ __abs__ __neg__ __add__ __sub__ __mul__ __enter__ "
    "__exit__ __reduce__ __reduce_ex__ __getstate__ __copy__ __deepcopy__ __sizeof__ __fspath__ items keys values get "
    "copy append item"
).split()
"""What code might call on a value."""

TYPE_METHODS = (  # noqa: SIM905 - likewise
    "__repr__ __str__ __eq__ __ne__ __len__ __iter__ __bool__ __call__ __instancecheck__ __subclasscheck__ "
    "__getattribute__ __getattr__ __dir__"
).split()
PROPERTIES = ("__class__", "__dict__", "__name__", "__module__", "__doc__", "__mro__", "__bases__")
BASES: tuple[type, ...] = (object, dict, list, tuple, set, frozenset, deque, str, int, float, bytes, bytearray)
ERRORS: tuple[type[BaseException], ...] = (
    ValueError,
    AttributeError,
    RuntimeError,
    RecursionError,
    StopIteration,
    SystemExit,
    GeneratorExit,
    CancelledError,
    MemoryError,
)
_CONTENT: dict[type, Any] = {dict: {"a": 1}, str: "text", int: 5, float: 0.5, bytes: b"bytes", bytearray: b"bytes"}


def raising(error: type[BaseException]) -> Any:
    """A method that raises and does nothing else."""

    def method(*_args: Any, **_options: Any) -> Any:
        raise error("hostile")

    return method


def is_same(one: object, other: object) -> bool:
    """The equality of plain objects."""
    return one is other


def hostile_type(base: type, error: type[BaseException], *, is_key: bool = False, is_meta_too: bool = False) -> Any:
    """A class whose instances, and perhaps the class itself, raise whatever is asked of them."""
    method = raising(error)
    names: dict[str, Any] = dict.fromkeys(METHODS, method)
    names |= {"__class__": property(method), "__hash__": method}
    if is_key:
        names |= {"__hash__": object.__hash__, "__eq__": is_same}
    meta: Any = type
    if is_meta_too:
        inside: dict[str, Any] = dict.fromkeys(TYPE_METHODS, method)
        inside |= {name: property(method) for name in PROPERTIES}
        meta = type("Meta", (type,), {**inside, "__hash__": method})
    return type.__new__(meta, "Hostile", (base,), names)


def hostile(base: type, error: type[BaseException], **options: Any) -> Any:
    """An object that raises whatever is asked of it."""
    cls = hostile_type(base, error, **options)
    return base.__new__(cls, _CONTENT[base]) if base in {str, int, float, bytes} else _filled(base, cls)


def _filled(base: type, cls: Any) -> Any:
    made = base.__new__(cls, [1, 2]) if base in {tuple, frozenset} else base.__new__(cls)
    if base in {dict, set}:
        base.update(made, {"a": 1})  # type: ignore[attr-defined]
    elif base in {list, deque, bytearray}:
        base.extend(made, [1, 2])  # type: ignore[attr-defined]
    return made


class Plan(NamedTuple):
    """In place of a hostile object while values are generated: hypothesis itself would fail on one."""

    base: type
    error: type[BaseException]
    is_key: bool = False
    is_meta_too: bool = False


def carried_out(value: Any) -> Any:
    """Return a value with hostile objects where they were planned."""
    if type(value) is Plan:
        return hostile(value.base, value.error, is_key=value.is_key, is_meta_too=value.is_meta_too)
    if type(value) is dict:
        return {carried_out(key): carried_out(inner) for key, inner in value.items()}
    if type(value) in {list, tuple, deque}:
        return type(value)([carried_out(inner) for inner in value])
    return value


_errors = st.sampled_from(ERRORS)
planned_keys = st.builds(Plan, st.sampled_from([object, str, int, float, bytes]), _errors, st.just(value=True))
planned_values = st.builds(Plan, st.sampled_from(BASES), _errors, is_meta_too=st.booleans())
scalars: Any = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.datetimes()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | st.timedeltas()
)
keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.tuples(st.text())


def nested(leaves: Any, names: Any) -> Any:
    """Values of any depth, made of all kinds of containers."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner)
            | st.lists(inner).map(tuple)
            | st.lists(inner).map(deque)
            | st.dictionaries(names, inner)
            | st.frozensets(keys)
            | st.sets(keys)
        ),
        max_leaves=30,
    )


anything = nested(scalars, keys)
"""Ordinary values, of any depth."""

anything_hostile = nested(scalars | planned_values, keys | planned_keys)
"""Values among which some raise whatever is asked of them, once they are `carried_out`."""
