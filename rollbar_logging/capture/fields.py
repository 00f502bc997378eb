"""What the author of a class with fields wants shown of them: dataclasses, classes of attrs, named tuples."""

from __future__ import annotations

from types import FunctionType, WrapperDescriptorType
from typing import Any

from rollbar_logging.capture.values import Bounds


def shown_fields(cls: Any) -> dict[str, Any]:
    """Return the names of the fields that are shown, with what attrs was told to show them by, or ``True``."""
    return {field.name: field.repr for field in _fields_of(cls) if field.repr}


def kept_fields(cls: Any) -> set[str]:
    """Return the names of the fields that are not to be shown as they are; of any class, and without raising."""
    try:
        return {field.name for field in _fields_of(cls) if type(field.name) is str and field.repr is not True}
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a metaclass may do anything
        return set()


def has_own_repr(cls: Any) -> bool:
    """Whether somebody has written the class's ``__repr__``, rather than `dataclasses`, attrs or a built-in type."""
    shown = cls.__repr__
    if type(shown) is WrapperDescriptorType:
        return False
    code = getattr(shown, "__code__", None)
    if code is None or code is _OF_NAMEDTUPLE:
        return code is None
    if code.co_filename.startswith("<attrs generated"):
        return False
    # What `dataclasses` makes is compiled from a text and wrapped, as objects may hold themselves.
    inner = [cell.cell_contents for cell in shown.__closure__ or ()]
    return not any(type(made) is FunctionType and made.__code__.co_filename == "<string>" for made in inner)


def _fields_of(cls: Any) -> tuple[Any, ...]:
    fields: Any = getattr(cls, "__dataclass_fields__", None)
    fields = tuple(fields.values()) if isinstance(fields, dict) else getattr(cls, "__attrs_attrs__", None)
    return fields if isinstance(fields, tuple) else ()


_OF_NAMEDTUPLE: Any = Bounds.__repr__.__code__
"""The code of the repr of all named tuples."""
