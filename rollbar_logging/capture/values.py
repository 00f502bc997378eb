"""Any object to bounded plain data, without harm to the object, the thread or the report.

Runs on the caller's thread while the application waits, so each path is short and the whole reading
ends when its time is up: from then on values are described by their type alone. Built-in types are
read through their own methods, never through what a subclass put over them; what to do with any other
type is decided once per type in `capture.kinds`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.capture.occurrence import Plain

if TYPE_CHECKING:
    from rollbar_logging.capture.kinds import Kinds

Reader = Callable[["Reading", Any, int], Plain]
"""Reads one value at a depth: ``(reading, value, depth) -> plain``."""

MAX_KEY = 128
MAX_NAME = 200
"""Characters kept of the name of a class."""
MAX_VARIABLES = 100
_I64 = 2**63
_CONTAINER_BYTES, _ENTRY_BYTES, _KEY_BYTES = 100, 60, 40
"""What a captured container, each entry of it, and a key that is no variable's name take in memory by estimate."""


class Bounds(NamedTuple):
    """How much is kept of a value; see the options of the same names."""

    max_string: int = 1024
    max_items: int = 32
    max_depth: int = 4
    capture_budget: float = 0.01


class Reading:
    """One report's reading of the application's values: its bounds, its deadline and what it took so far.

    Attributes:
        size: Estimate of the bytes that the values read so far take in memory.
    """

    __slots__ = ("_deadline", "_kinds", "bounds", "max_depth", "max_items", "max_string", "size")

    def __init__(self, bounds: Bounds, kinds: Kinds) -> None:
        self.bounds = bounds
        self.max_string, self.max_items, self.max_depth, budget = bounds
        self.size = 0
        self._deadline = perf_counter() + budget
        self._kinds = kinds

    def describe(self, value: Any, depth: int = 0) -> Plain:
        """Return *value* as plain data.

        Args:
            value: Anything.
            depth: How many containers it stands in; at ``max_depth`` a container is described by type and length.

        Returns:
            Plain data: finite numbers, text of at most ``max_string`` characters (and a note of what was cut),
            lists and dicts of at most ``max_items`` entries (and such a note).
        """
        try:
            reader = _BUILTIN.get(type(value))
            if reader is not None:
                return reader(self, value, depth)
            if perf_counter() > self._deadline:
                return named(type(value))
            return self._kinds.of(type(value))(self, value, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a value must not decide over the report
            return f"<{type_name(type(value))}: reading it raised {type_name(type(error))}>"

    def variables(self, names: Mapping[str, Any]) -> dict[str, Plain]:
        """Describe the local variables of a frame, at most `MAX_VARIABLES` of them."""
        length = len(names)
        if length <= MAX_VARIABLES:
            return self._entries(names.items(), 0)
        described = self._entries(islice(names.items(), MAX_VARIABLES), 0)
        described["…"] = f"[+{length - MAX_VARIABLES} variables]"
        return described

    def text(self, text: str, limit: int | None = None) -> str:
        """Cut *text* to *limit* characters (``max_string`` by default) and note how many are missing."""
        limit = limit or self.max_string
        length = len(text)
        if length > limit:
            text = f"{text[:limit]}… [+{length - limit} chars]"
            length = limit
        self.size += length
        return text

    def sequence(self, items: Iterable[Any], length: int, depth: int, owner: object) -> Plain:
        """Describe the first entries of a container that has *length* of them."""
        if depth >= self.max_depth or perf_counter() > self._deadline:
            return f"<{bare_name(type(owner))} of {length}>" if length else []
        if length > self.max_items:
            items = islice(items, self.max_items)
        depth += 1
        limit = self.max_string
        described: list[Plain] = []
        size = 0
        try:
            for item in items:
                cls = type(item)  # as in `_entries`
                if cls is str and len(item) <= limit:
                    described.append(item)
                    size += len(item)
                elif (cls is int and -_I64 <= item < _I64) or (cls is float and item - item == 0.0):
                    described.append(item)
                else:
                    reader = _BUILTIN.get(cls)
                    described.append(reader(self, item, depth) if reader is not None else self.describe(item, depth))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - what was read stays
            described.append(f"… [{_broken_off(error)}]")
        if length > self.max_items:
            described.append(f"… [+{length - self.max_items} items]")
        self.size += size + _CONTAINER_BYTES + _ENTRY_BYTES * len(described)
        return described

    def mapping(self, items: Iterable[tuple[Any, Any]], length: int, depth: int, owner: object) -> Plain:
        """Describe the first entries of a mapping that has *length* of them; keys become text."""
        if depth >= self.max_depth or perf_counter() > self._deadline:
            return f"<{bare_name(type(owner))} of {length}>" if length else {}
        self.size += _KEY_BYTES * min(length, self.max_items)
        if length <= self.max_items:
            return self._entries(items, depth + 1)
        described = self._entries(islice(items, self.max_items), depth + 1)
        described["…"] = f"[+{length - self.max_items} items]"
        return described

    def _entries(self, items: Iterable[tuple[Any, Any]], depth: int) -> dict[str, Plain]:
        # This loop is the cost of a report: strings and numbers are spared a call.
        limit = self.max_string
        described: dict[str, Plain] = {}
        size = 0
        try:
            for name, value in items:
                key = name if type(name) is str and len(name) <= MAX_KEY else self.key(name, described)
                cls = type(value)
                if cls is str and len(value) <= limit:
                    described[key] = value
                    size += len(value)
                elif (
                    (cls is int and -_I64 <= value < _I64)
                    or (cls is float and value - value == 0.0)
                    or value is None
                    or cls is bool
                ):
                    described[key] = value
                else:
                    reader = _BUILTIN.get(cls)
                    described[key] = reader(self, value, depth) if reader is not None else self.describe(value, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - what was read stays
            described["…"] = f"[{_broken_off(error)}]"
        self.size += size + _CONTAINER_BYTES + _ENTRY_BYTES * len(described)
        return described

    def key(self, key: Any, taken: Mapping[str, Any] | None = None) -> str:
        """Return a mapping's key as text of about `MAX_KEY` characters, numbered if that text is *taken*."""
        described = self.describe(key, self.max_depth - 1 if type(key) is tuple else self.max_depth)
        if type(key) is tuple and type(described) is list:
            described = tuple(described)
        text = self.text(str(described), MAX_KEY)
        return f"{text} #{len(taken) + 1}" if taken and text in taken else text

    def guarded(self, value: Any, read: Callable[[Any], Any], what: str = "repr", depth: int | None = None) -> Plain:
        """Call the application's code to describe *value*; by its type when that fails.

        A type whose code used up a whole ``capture_budget`` once is described by its type from then on.

        Args:
            value: Anything.
            read: Takes the value and gives a text, or anything else, which is described in its place.
            what: What *read* is, should it raise.
            depth: How many containers *value* stands in.
        """
        before = perf_counter()
        try:
            text = read(value)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a value must not decide over the report
            return f"<{type_name(type(value))}: {what} raised {type_name(type(error))}>"
        finally:
            if perf_counter() - before > self.bounds.capture_budget:
                self._kinds.mark_slow(type(value))
        if issubclass(type(text), str):
            return self.text(str.__str__(text))
        return self.describe(text, self.max_depth if depth is None else depth + 1)


def as_dict(mapping: dict[Any, Any]) -> dict[Any, Any]:
    """Copy a dict of a subclass to one of no subclass; `dict.copy` would call what the subclass put over it."""
    return dict(list(dict.items(mapping)))


def _broken_off(error: BaseException) -> str:
    if type(error) is RuntimeError:  # what a dict, set or deque raises when another thread changes it meanwhile
        return "changed while it was read"
    return f"reading on raised {type_name(type(error))}"


# Through the getters of `type` itself: a metaclass may answer such questions with anything.
_MODULE, _NAME, _QUALNAME = (type.__dict__[name].__get__ for name in ("__module__", "__name__", "__qualname__"))


def module_of(cls: type) -> str | None:
    """Return the name of a class's module, if it has one; asks no metaclass and never raises."""
    try:
        module = _MODULE(cls)
    except AttributeError:
        return None
    return module[:MAX_NAME] if type(module) is str else None


def path_of(cls: type) -> str:
    """Return ``module.Class``, also for built-in types; asks no metaclass and never raises."""
    module, name = module_of(cls), str.__str__(_QUALNAME(cls))[:MAX_NAME]
    return name if module is None else f"{module}.{name}"


def type_name(cls: type) -> str:
    """Return ``module.Class``, or ``Class`` alone for built-in types; asks no metaclass and never raises."""
    return path_of(cls).removeprefix("builtins.")


def bare_name(cls: type) -> str:
    """Return ``Class``; asks no metaclass and never raises."""
    return str.__str__(_NAME(cls))[:MAX_NAME]


def named(cls: type) -> str:
    """Describe a value by its type alone."""
    return f"<{type_name(cls)}>"


def _as_it_is(_reading: Reading, value: Any, _depth: int) -> Plain:
    return value


def _read_str(reading: Reading, value: str, _depth: int) -> Plain:
    return reading.text(value)


def read_int(reading: Reading, value: int, _depth: int) -> Plain:
    """Keep what 64 bits hold; larger numbers become text, as few readers of JSON take them exactly."""
    if -_I64 <= value < _I64:
        return value
    # int -> str takes quadratic time and is refused beyond 4,300 digits.
    return f"<int of {value.bit_length()} bits>" if value.bit_length() > 4096 else reading.text(int.__repr__(value))  # noqa: PLR2004


def read_float(_reading: Reading, value: float, _depth: int) -> Plain:
    """Keep finite numbers; JSON has no others, so they become the text ``NaN``, ``Infinity`` or ``-Infinity``."""
    if value - value == 0.0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - only NaN differs


def read_bytes(reading: Reading, value: bytes, _depth: int) -> Plain:
    """Show the beginning as Python writes it."""
    limit = reading.max_string // 4  # a byte may take four characters
    # No memoryview: while there is one, another thread cannot resize a bytearray and gets an error for it.
    kind: Any = bytes if issubclass(type(value), bytes) else bytearray
    length = kind.__len__(value)
    text = repr(bytes(kind.__getitem__(value, slice(limit))))
    reading.size += len(text)
    return text if length <= limit else f"{text}… [+{length - limit} bytes]"


def read_list(reading: Reading, value: list[Any], depth: int) -> Plain:
    """Read a list, whatever a subclass made of iteration."""
    return reading.sequence(list.__iter__(value), list.__len__(value), depth, value)


def read_tuple(reading: Reading, value: tuple[Any, ...], depth: int) -> Plain:
    """Read a tuple, whatever a subclass made of iteration."""
    return reading.sequence(tuple.__iter__(value), tuple.__len__(value), depth, value)


def read_set(reading: Reading, value: set[Any], depth: int) -> Plain:
    """Read a set, whatever a subclass made of iteration."""
    return reading.sequence(set.__iter__(value), set.__len__(value), depth, value)


def read_frozenset(reading: Reading, value: frozenset[Any], depth: int) -> Plain:
    """Read a frozenset, whatever a subclass made of iteration."""
    return reading.sequence(frozenset.__iter__(value), frozenset.__len__(value), depth, value)


def read_deque(reading: Reading, value: deque[Any], depth: int) -> Plain:
    """Read a deque, whatever a subclass made of iteration."""
    return reading.sequence(deque.__iter__(value), deque.__len__(value), depth, value)


def read_dict(reading: Reading, value: dict[Any, Any], depth: int) -> Plain:
    """Read a dict, whatever a subclass made of iteration."""
    return reading.mapping(dict.items(value), dict.__len__(value), depth, value)


def _read_exact_sequence(reading: Reading, value: Any, depth: int) -> Plain:
    return reading.sequence(value, len(value), depth, value)


def _read_exact_dict(reading: Reading, value: dict[Any, Any], depth: int) -> Plain:
    return reading.mapping(value.items(), len(value), depth, value)


_SEQUENCES: tuple[type, ...] = (list, tuple, set, frozenset, deque)

# For values of exactly these types, whose methods are their own.
_BUILTIN: dict[type, Reader] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    str: _read_str,
    int: read_int,
    float: read_float,
    bytes: read_bytes,
    bytearray: read_bytes,
    **dict.fromkeys(_SEQUENCES, _read_exact_sequence),
    dict: _read_exact_dict,
}
