"""What to do with values that are of no built-in type: decided once per type.

Types of other libraries are known by name, see `capture.libraries`. Lazy objects (querysets, proxies,
translations) are described and never evaluated: evaluating one may run a query, and a report must not. For the
same reason the standard library's containers are read like built-in ones: their ``repr`` asks all that they hold.
"""

from __future__ import annotations

import enum
import types
import weakref
from array import array
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any

from rollbar_logging.capture.fields import has_own_repr, kept_fields, shown_fields
from rollbar_logging.capture.libraries import ARRAYS, CALLS, EXACT_TEXT, FUTURES, HOLDERS, LAZY, QUERYSETS, ROWS
from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.subclasses import SUBCLASSES
from rollbar_logging.capture.type_names import MAX_NAME, named, path_of, type_name
from rollbar_logging.capture.values import Reader, Reading

_MOST_TYPES = 4096
_SHORTEST_REST = 600.0
_REST = 10_000

_MRO = type.__dict__["__mro__"]
_NAMES = type.__dict__["__dict__"]


class Kinds:
    """Remembers for each type how it is read; holds no type alive."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[type], Reader]] = {}

    def of(self, cls: type) -> Reader:
        """Return the reader for values of exactly this type."""
        known = self._known.get(id(cls))
        # The id of a type that is gone may come again, hence the second look.
        if known is not None and known[0]() is cls:
            return known[1]
        reader = classify(cls)
        self._remember(cls, reader)
        return reader

    def set_aside(self, cls: type, took: float) -> None:
        """Describe values of this type by their type alone from now on, since to read one took *took* seconds.

        It may have been the machine that paused, and not the type that is slow: after ten minutes a value is read
        again, or after so long that even a slow type takes no more than a ten-thousandth of the time.
        """
        until = perf_counter() + max(_SHORTEST_REST, took * _REST)
        self._remember(cls, partial(_read_later, self, until))

    def forget(self, cls: type) -> None:
        """Decide anew how values of this type are read."""
        self._known.pop(id(cls), None)

    def _remember(self, cls: type, reader: Reader) -> None:
        if len(self._known) >= _MOST_TYPES:
            self._known.clear()
        self._known[id(cls)] = (weakref.ref(cls), reader)


def _read_later(kinds: Kinds, until: float, reading: Reading, value: Any, depth: int) -> Plain:
    if perf_counter() < until:
        return _by_type(reading, value, depth)
    kinds.forget(type(value))
    return kinds.of(type(value))(reading, value, depth)


def classify(cls: type) -> Reader:
    """Choose how values of *cls* are read. Looks at the type only, never at a value."""
    try:
        bases = _MRO.__get__(cls)
        return _by_request(bases) or _by_library(cls, bases) or _by_base(cls, bases) or _by_shape(cls)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a metaclass may do anything
        return _by_type


def _by_request(bases: Any) -> Reader | None:
    return _read_rollbar_repr if _is_set("__rollbar_repr__", bases) else None


def _is_set(name: str, bases: Any) -> bool:
    # Not `hasattr`: there are metaclasses that have whatever they are asked for.
    return any(name in _NAMES.__get__(base) for base in bases)


def _by_library(cls: type, bases: Any) -> Reader | None:
    paths = {path_of(base) for base in bases}
    for known, reader in _READERS_OF_LIBRARIES:
        if not paths.isdisjoint(known):
            return reader
    if _is_set("_sa_class_manager", bases):  # mapped by SQLAlchemy
        return _read_loaded
    if path_of(cls) in EXACT_TEXT:
        return _read_text
    if path_of(cls).partition(".")[0] in ARRAYS or {"numpy.ndarray", "torch.Tensor"} & paths:
        return _read_scalar if "numpy.generic" in paths else _read_array
    return None


def _by_base(cls: type, bases: Any) -> Reader | None:
    if isinstance(cls, enum.EnumMeta):
        return _read_enum
    ids = set(map(id, bases))  # not `in`: a metaclass may have an ``__eq__``
    if id(tuple) in ids and isinstance(getattr(cls, "_fields", None), tuple):
        return _read_repr if has_own_repr(cls) else _read_namedtuple
    for base, reader in _READERS_OF_BASES.items():
        if id(base) in ids:
            return reader
    return None


def _by_shape(cls: type) -> Reader:
    if shown_fields(cls) and not has_own_repr(cls):
        return _read_record
    default: Any = object.__repr__
    return _reader_of_attributes(cls) if cls.__repr__ is default else _read_repr


def _by_type(_reading: Reading, value: Any, _depth: int) -> Plain:
    return named(type(value))


def _read_text(reading: Reading, value: Any, _depth: int) -> Plain:
    return reading.guarded(value, str, "str")


def _read_repr(reading: Reading, value: Any, _depth: int) -> Plain:
    return reading.guarded(value, repr)


def _read_rollbar_repr(reading: Reading, value: Any, depth: int) -> Plain:
    if depth > reading.max_depth:  # it gave itself, or another of its kind
        return named(type(value))
    return reading.guarded(value, type(value).__rollbar_repr__, "__rollbar_repr__", depth)


def _read_enum(reading: Reading, value: Any, _depth: int) -> Plain:
    name = getattr(value, "_name_", None)
    return f"{type(value).__qualname__}.{name}" if isinstance(name, str) else reading.guarded(value, repr)


def _read_namedtuple(reading: Reading, value: Any, depth: int) -> Plain:
    fields = [field for field in type(value)._fields if isinstance(field, str)]
    entries = [("<class>", type_name(type(value))), *zip(fields, tuple.__iter__(value), strict=False)]
    return reading.mapping(entries, len(entries), depth, value)


def _read_record(reading: Reading, value: Any, depth: int) -> Plain:
    """Read a dataclass's or attrs class's fields, but for those that its author keeps out of the repr."""
    cls = type(value)
    held = _instance_dict(value)
    found: list[tuple[str, Any]] = [("<class>", type_name(cls))]
    for name, shown in shown_fields(cls).items():
        if name in held:
            entry = [(name, held[name])]
        elif isinstance(slot := getattr(cls, name, None), types.MemberDescriptorType):
            entry = _slot(slot, name, value)
        else:
            continue
        # In attrs a field may have a repr of its own, such as one that masks it.
        found += [(name, reading.guarded(inner, shown)) for _, inner in entry] if callable(shown) else entry
    return reading.mapping(found, len(found), depth, value)


def _slot(slot: types.MemberDescriptorType, name: str, value: Any) -> list[tuple[str, Any]]:
    try:
        return [(name, slot.__get__(value, type(value)))]
    except AttributeError:  # not set yet, or deleted
        return []


def _reader_of_attributes(cls: type) -> Reader:
    """Show what an object without a repr of its own holds, one object deep: ``<x.Y object at 0x…>`` helps nobody."""
    name = named(cls)

    def read(reading: Reading, value: Any, depth: int) -> Plain:
        return _read_loaded(reading, value, depth) if depth == 0 and _instance_dict(value) else name

    return read


def _read_loaded(reading: Reading, value: Any, depth: int) -> Plain:
    """Show what an object holds itself, such as what a database object has loaded; to ask for more could query."""
    cls = type(value)
    kept = kept_fields(cls)
    held = [entry for entry in list(_instance_dict(value).items()) if not str(entry[0]).startswith("_")]
    entries = [("<class>", type_name(cls)), *(entry for entry in held if entry[0] not in kept)]
    return reading.mapping(entries, len(entries), depth, value)


def _read_lazy(_reading: Reading, value: Any, _depth: int) -> Plain:
    return f"<{type_name(type(value))}, not evaluated>"


def _read_queryset(_reading: Reading, value: Any, _depth: int) -> Plain:
    held = _instance_dict(value)
    model, loaded = held.get("model"), held.get("_result_cache")
    of = f" of {type_name(model)}" if isinstance(model, type) else ""
    state = f"{list.__len__(loaded)} loaded" if isinstance(loaded, list) else "not evaluated"
    return f"<{type_name(type(value))}{of}, {state}>"


def _read_future(reading: Reading, value: Any, _depth: int) -> Plain:
    return f"<{type_name(type(value))}, done>" if value.done() else reading.guarded(value, repr)


def _read_row(reading: Reading, value: Any, depth: int) -> Plain:
    held, names = tuple(value), value._fields
    if len(names) != len(held):  # of an older library, or columns without a name
        return reading.sequence(held, len(held), depth, value)
    entries = [("<class>", type_name(type(value))), *zip(names, held, strict=True)]
    return reading.mapping(entries, len(entries), depth, value)


def _read_array(reading: Reading, value: Any, _depth: int) -> Plain:
    cls = type(value)
    texts = ((name, reading.guarded(value, _short(name), name)) for name in _ABOUT_ARRAYS if hasattr(cls, name))
    return f"<{' '.join([type_name(cls), *(f'{name}={text}' for name, text in texts if text)])}>"


def _short(attribute: str) -> Any:
    def text_of(value: Any) -> str:
        try:
            found = getattr(value, attribute)
        except AttributeError:
            return ""
        few = list(islice(found, 16)) if attribute == "dtypes" and hasattr(found, "__len__") else found
        return " ".join(str(few).split())

    return text_of


def _read_scalar(reading: Reading, value: Any, depth: int) -> Plain:
    plain = value.item()
    return reading.describe(plain, depth) if type(plain) is not type(value) else reading.guarded(value, str, "str")


def _read_view(reading: Reading, value: Any, depth: int) -> Plain:
    return reading.sequence(iter(value), len(value), depth, value)


def _read_proxy(reading: Reading, value: Any, depth: int) -> Plain:
    # Of whatever the application made, so its length may be anything.
    return reading.mapping(islice(value.items(), reading.max_items), len(value), depth, value)


def _read_numbers(reading: Reading, value: Any, depth: int) -> Plain:
    return reading.sequence(array.__iter__(value), array.__len__(value), depth, value)


def _read_partial(reading: Reading, value: Any, depth: int) -> Plain:
    parts = [(name, _PARTIAL[name].__get__(value)) for name in ("func", "args", "keywords")]
    return reading.mapping([("<class>", "functools.partial"), *parts], 4, depth, value)


def _read_class(_reading: Reading, value: Any, _depth: int) -> Plain:
    return f"<class {type_name(value)}>"


def _read_function(_reading: Reading, value: Any, _depth: int) -> Plain:
    names = (getattr(value, "__qualname__", None), getattr(value, "__name__", None), "?")
    name = next(name for name in names if type(name) is str)
    module = getattr(value, "__module__", None)
    return f"<function {module if type(module) is str else 'builtins'}.{name}>"[:MAX_NAME]


def _read_module(_reading: Reading, value: Any, _depth: int) -> Plain:
    name = _instance_dict(value).get("__name__")  # `vars` makes a lazy module load
    return f"<module {name[:MAX_NAME] if type(name) is str else '?'}>"


def _read_exception(reading: Reading, value: BaseException, depth: int) -> Plain:
    """Write an exception like a call, from its plain arguments: a repr of its own may do anything."""
    shown = reading.describe(BaseException.args.__get__(value), max(depth, reading.max_depth - 1))  # type: ignore[attr-defined]
    inner = ", ".join(map(repr, shown)) if isinstance(shown, list) else str(shown)
    return reading.text(f"{type_name(type(value))}({inner})")


def _instance_dict(value: Any) -> dict[str, Any]:
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}


_PARTIAL: Any = partial.__dict__
_ABOUT_ARRAYS = ("shape", "dtype", "dtypes")

_READERS_OF_LIBRARIES: tuple[tuple[frozenset[str], Reader], ...] = (
    (QUERYSETS, _read_queryset),
    (LAZY, _read_lazy),
    (HOLDERS, _read_loaded),
    (FUTURES, _read_future),
    (CALLS, _by_type),
    (ROWS, _read_row),
)

_READERS_OF_BASES: dict[type, Reader] = {
    type: _read_class,
    types.FunctionType: _read_function,
    types.BuiltinFunctionType: _read_function,
    types.MethodType: _read_function,
    types.ModuleType: _read_module,
    BaseException: _read_exception,
    **SUBCLASSES,
    array: _read_numbers,
    partial: _read_partial,
    types.MappingProxyType: _read_proxy,
    **dict.fromkeys((type({}.keys()), type({}.values()), type({}.items())), _read_view),
}
