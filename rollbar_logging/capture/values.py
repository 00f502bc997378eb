"""Any object to bounded plain data, without harm to the object, the thread or the report.

Runs on the caller's thread while the application waits, so each path is short and the whole reading
ends when its time is up: from then on values are described by their type alone. Built-in types are
read through their own methods, never through what a subclass put over them; what to do with any other
type is decided once per type in `capture.kinds`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.type_names import bare_name, named, type_name

if TYPE_CHECKING:
    from rollbar_logging.capture.kinds import Kinds

Reader = Callable[["Reading", Any, int], Plain]
"""Reads one value at a depth: ``(reading, value, depth) -> plain``."""

MAX_KEY = 128
MAX_VARIABLES = 100
_LOWEST, _BEYOND = -(2**63), 2**63
"""The whole numbers that 64 bits hold, from and below."""
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
            reader = _BUILTIN.get(id(type(value)))
            if reader is not None:
                return reader(self, value, depth)
            if perf_counter() > self._deadline:
                return named(type(value))
            return self._kinds.of(type(value))(self, value, depth)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a value must not decide over the report
            return f"<{type_name(type(value))}: reading it raised {type_name(type(error))}>"

    def variables(self, names: Mapping[Any, Any]) -> dict[str, Plain]:
        """Describe named values, such as a module's variables or the extras of a record."""
        for name in names:
            if type(name) is not str or len(name) > MAX_KEY:
                break
        else:
            if len(names) <= MAX_VARIABLES:
                return self._values(dict(names), 0)
        return self._keyed(names.items(), len(names), MAX_VARIABLES, "variables", 0)

    def local_variables(self, names: Any) -> dict[str, Plain]:
        """Describe the local variables of a function's frame, at most `MAX_VARIABLES` of them.

        Args:
            names: The frame's ``f_locals``: its keys are names, and short.
        """
        return self._values(names.copy(), 0) if len(names) <= MAX_VARIABLES else self.variables(names)

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
        shown: list[Any] = []
        notes = []
        try:
            shown.extend(items if length <= self.max_items else islice(items, self.max_items))
        except BaseException as error:  # noqa: BLE001 - what was read stays
            notes.append(f"… [{_broken_off(error)}]")
        if length > self.max_items:
            notes.append(f"… [+{length - self.max_items} items]")
        return [*self._items(shown, depth + 1), *notes]

    def mapping(self, items: Iterable[tuple[Any, Any]], length: int, depth: int, owner: object) -> Plain:
        """Describe the first entries of a mapping that has *length* of them; keys become text."""
        if depth >= self.max_depth or perf_counter() > self._deadline:
            return f"<{bare_name(type(owner))} of {length}>" if length else {}
        self.size += _KEY_BYTES * min(length, self.max_items)
        return self._keyed(items, length, self.max_items, "items", depth + 1)

    def _keyed(
        self, items: Iterable[tuple[Any, Any]], length: int, most: int, what: str, depth: int
    ) -> dict[str, Plain]:
        shown: dict[str, Any] = {}
        notes = {}
        try:
            for name, value in items if length <= most else islice(items, most):
                is_fit = type(name) is str and len(name) <= MAX_KEY and name not in shown
                shown[name if is_fit else self.key(name, shown)] = value
        except BaseException as error:  # noqa: BLE001 - what was read stays
            notes["…"] = f"[{_broken_off(error)}]"
        if length > most and not notes:
            notes["…"] = f"[+{length - most} {what}]"
        shown = self._values(shown, depth)
        shown.update(notes)
        return shown

    def exact_sequence(self, value: Any, depth: int) -> Plain:
        """Do what `sequence` does, for a container of no subclass."""
        length = len(value)
        if length > self.max_items or depth >= self.max_depth or perf_counter() > self._deadline:
            return self.sequence(value, length, depth, value)
        return self._items(list(value), depth + 1)

    def exact_dict(self, value: dict[Any, Any], depth: int) -> Plain:
        """Do what `mapping` does, for a dict of no subclass."""
        length = len(value)
        if length > self.max_items or depth >= self.max_depth or perf_counter() > self._deadline:
            return self.mapping(value.items(), length, depth, value)
        shown = value.copy()
        for name in shown:
            if type(name) is not str or len(name) > MAX_KEY:
                return self.mapping(shown.items(), length, depth, value)
        self.size += _KEY_BYTES * length
        return self._values(shown, depth + 1)

    # The next two are the cost of a report: most values are plain already, and are left where they are. No call is
    # made for them; what the compiler would look up by name each time is at hand as an argument.

    def _items(
        self,
        shown: list[Any],
        depth: int,
        text: type = str,
        whole: type = int,
        number: type = float,
        low: int = _LOWEST,
        high: int = _BEYOND,
    ) -> list[Plain]:
        """Make the items of a list of ours plain, in place; return it."""
        limit = self.max_string
        size = at = 0
        try:
            for at, item in enumerate(shown):
                cls = type(item)
                if cls is text:
                    length = len(item)
                    if length <= limit:
                        size += length
                        continue
                elif cls is whole:
                    if low <= item < high:
                        continue
                elif cls is number:
                    if item - item == 0.0:
                        continue
                elif item is None or item is True or item is False:
                    continue
                reader = _BUILTIN.get(id(cls))
                shown[at] = self.describe(item, depth) if reader is None else reader(self, item, depth)
        except BaseException as error:  # noqa: BLE001 - such as a RecursionError; what was read stays
            shown[at:] = [f"… [{_broken_off(error)}]"]
        self.size += size + _CONTAINER_BYTES + _ENTRY_BYTES * len(shown)
        return shown

    def _values(
        self,
        shown: dict[str, Any],
        depth: int,
        text: type = str,
        whole: type = int,
        number: type = float,
        low: int = _LOWEST,
        high: int = _BEYOND,
    ) -> dict[str, Plain]:
        """Make the values of a dict of ours plain, in place; return it."""
        limit, size, name = self.max_string, 0, ""
        try:
            for name, value in shown.items():
                cls = type(value)
                if cls is text:
                    length = len(value)
                    if length <= limit:
                        size += length
                        continue
                elif cls is whole:
                    if low <= value < high:
                        continue
                elif cls is number:
                    if value - value == 0.0:
                        continue
                elif value is None or value is True or value is False:
                    continue
                reader = _BUILTIN.get(id(cls))
                shown[name] = self.describe(value, depth) if reader is None else reader(self, value, depth)
        except BaseException as error:  # noqa: BLE001 - likewise
            shown = dict(takewhile(lambda entry: entry[0] is not name, shown.items()))
            shown["…"] = f"[{_broken_off(error)}]"
        self.size += size + _CONTAINER_BYTES + _ENTRY_BYTES * len(shown)
        return shown

    def key(self, key: Any, taken: Mapping[str, Any] | None = None) -> str:
        """Return a mapping's key as text of about `MAX_KEY` characters, numbered if that text is *taken*."""
        described = self.describe(key, self.max_depth - 1 if type(key) is tuple else self.max_depth)
        if type(key) is tuple and type(described) is list:
            described = tuple(described)
        text = self.text(str(described), MAX_KEY)
        return f"{text} #{len(taken) + 1}" if taken and text in taken else text

    def guarded(self, value: Any, read: Callable[[Any], Any], what: str = "repr", depth: int | None = None) -> Plain:
        """Call the application's code to describe *value*; by its type when that fails.

        A type whose code used up a whole ``capture_budget`` once is described by its type from then on; see
        `Kinds.set_aside`.

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
            took = perf_counter() - before
            if took > self.bounds.capture_budget:
                self._kinds.set_aside(type(value), took)
        if issubclass(type(text), str):
            return self.text(str.__str__(text))
        return self.describe(text, self.max_depth if depth is None else depth + 1)


def as_dict(mapping: dict[Any, Any]) -> dict[Any, Any]:
    """Copy a dict of a subclass to one of no subclass; `dict.copy` would call what the subclass put over it."""
    return dict(list(dict.items(mapping)))


def _broken_off(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        raise error
    if type(error) is RuntimeError:  # what a dict, set or deque raises when another thread changes it meanwhile
        return "changed while it was read"
    return f"reading on raised {type_name(type(error))}"


def _as_it_is(_reading: Reading, value: Any, _depth: int) -> Plain:
    return value


def _read_str(reading: Reading, value: str, _depth: int) -> Plain:
    return reading.text(value)


def read_int(reading: Reading, value: int, _depth: int) -> Plain:
    """Keep what 64 bits hold; larger numbers become text, as few readers of JSON take them exactly."""
    if _LOWEST <= value < _BEYOND:
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


_SEQUENCES: tuple[type, ...] = (list, tuple, set, frozenset, deque)

# For values of exactly these types, whose methods are their own. By their ids: to look for a class itself would ask its
# metaclass for a hash, which may be anybody's, or not be there.
_READERS: dict[type, Reader] = {
    type(None): _as_it_is,
    bool: _as_it_is,
    str: _read_str,
    int: read_int,
    float: read_float,
    bytes: read_bytes,
    bytearray: read_bytes,
    **dict.fromkeys(_SEQUENCES, Reading.exact_sequence),
    dict: Reading.exact_dict,
}
_BUILTIN: dict[int, Reader] = {id(cls): reader for cls, reader in _READERS.items()}
