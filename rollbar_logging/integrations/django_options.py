"""The setting ``ROLLBAR_LOGGING`` of a Django project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.conf import settings

NAME = "ROLLBAR_LOGGING"
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_PERSON = ("id", "username", "email")


class Options(NamedTuple):
    """What the setting ``ROLLBAR_LOGGING`` may hold.

    Attributes:
        person: What is told of the user of a request: of ``id``, ``username`` and ``email``.
        header: Name of a response header that carries the uuid of the report, on answers of 400 and above of which
            there is one; ``None`` for none.
        not_found: Whether a page that is not found is reported, as a warning, to handlers of a higher level too. Paths
            that ``IGNORABLE_404_URLS`` names are not.
    """

    person: tuple[str, ...] = ("id",)
    header: str | None = None
    not_found: bool = False


def options() -> Options:
    """Read the setting; what cannot work has its default, and is left to the system check."""
    return Options(**{name: value for name, value in _given().items() if _fault(name, value) is None})


def faults() -> Iterator[str]:
    """Say what of the setting cannot work."""
    given = getattr(settings, NAME, {})
    if not isinstance(given, Mapping):
        yield f"{NAME} is no mapping"
    for name, value in _given().items():
        fault = _fault(name, value)
        if fault is not None:
            yield f"{NAME}[{name!r}] {fault}"


def _given() -> dict[Any, Any]:
    given = getattr(settings, NAME, {})
    return dict(given) if isinstance(given, Mapping) else {}


def _fault(name: Any, value: Any) -> str | None:
    if name == "person":
        is_good = isinstance(value, (list, tuple)) and all(each in _PERSON for each in value)
        return None if is_good else f"is to be a list of {', '.join(_PERSON)}"
    if name == "header":
        return None if value is None or (isinstance(value, str) and _HEADER.fullmatch(value)) else "is to be a name"
    if name == "not_found":
        return None if isinstance(value, bool) else "is to be True or False"
    return f"is not known; there are {', '.join(Options._fields)}"
