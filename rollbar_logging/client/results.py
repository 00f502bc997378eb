"""The API's objects as frozen values that keep what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from typing_extensions import Self  # for the type checker, which brings it along


class UnexpectedAnswer(RollbarError):  # noqa: N818 - what it is
    """The API answered with an object that lacks what such an object always has."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """An object of the API.

    Attributes:
        raw: All of it, as it came, unknown fields too.
    """

    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Make a value of a JSON object.

        Raises:
            UnexpectedAnswer: It is no object, or a field is missing that such objects always have.
        """
        if not isinstance(value, dict):
            raise UnexpectedAnswer(f"expected {cls.__name__}, but the API answered {str(value)[:100]!r}")
        known = [each for each in fields(cls) if each.name != "raw"]
        missing = [each.name for each in known if each.name not in value and _is_needed(each)]
        if missing:
            raise UnexpectedAnswer(f"the API answered with {cls.__name__} that has no {', '.join(missing)}")
        given = {each.name: value[each.name] for each in known if each.name in value}
        return cls(raw=MappingProxyType(value), **given)

    @property
    def unknown(self) -> dict[str, Any]:
        """The fields that this version of the class does not know."""
        known = {each.name for each in fields(self)}
        return {key: value for key, value in self.raw.items() if key not in known}


def _is_needed(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def moment(seconds: float | None) -> datetime | None:
    """Return Unix seconds as a moment in UTC; ``None`` stays ``None``."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
