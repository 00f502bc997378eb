"""The API's objects as frozen values that keep what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from typing_extensions import Self  # for the type checker, which brings it along


class UnexpectedAnswer(RollbarError):  # noqa: N818 - what it is
    """The API answered with an object that lacks what such an object always has."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """An object of the API. Can be copied and pickled.

    Attributes:
        raw: All of it, as it came, unknown fields too; not to be changed.
    """

    raw: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Make a value of a JSON object.

        Raises:
            UnexpectedAnswer: It is no object, or a field is missing that such objects always have.
        """
        if not isinstance(value, dict):
            raise UnexpectedAnswer(f"expected {cls.__name__}, but the API answered with {type(value).__name__}")
        known = [each for each in fields(cls) if each.name != "raw"]
        missing = [each.name for each in known if each.name not in value and _is_needed(each)]
        if missing:
            raise UnexpectedAnswer(f"the API answered with {cls.__name__} that has no {', '.join(missing)}")
        given = {each.name: value[each.name] for each in known if each.name in value}
        return cls(raw=value, **given)

    @property
    def unknown(self) -> dict[str, Any]:
        """The fields that this version of the class does not know."""
        known = {each.name for each in fields(self)}
        return {key: value for key, value in self.raw.items() if key not in known}


def _is_needed(each: Any) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


_Kind = TypeVar("_Kind", bound=Result)


def part_of(answer: Any, key: str) -> Any:
    """Return a part of an answer.

    Raises:
        UnexpectedAnswer: It has none of that name.
    """
    if not isinstance(answer, dict) or key not in answer:
        raise UnexpectedAnswer(f"the API answered with {type(answer).__name__} that has no {key}")
    return answer[key]


def list_of(answer: Any, key: str | None = None) -> list[Any]:
    """Return the list that is the answer, or its part of that name.

    Raises:
        UnexpectedAnswer: It is none.
    """
    found = answer if key is None else part_of(answer, key)
    if not isinstance(found, list):
        raise UnexpectedAnswer(f"expected a list{f' of {key}' if key else ''}, but got {type(found).__name__}")
    return found


def values_of(kind: type[_Kind], answer: Any, key: str | None = None) -> list[_Kind]:
    """Return the objects of a list, as `list_of` finds it.

    Raises:
        UnexpectedAnswer: There is no list, or something else in it.
    """
    return [kind.from_json(each) for each in list_of(answer, key)]


def moment(seconds: float | None) -> datetime | None:
    """Return Unix seconds as a moment in UTC; ``None`` stays ``None``.

    Raises:
        UnexpectedAnswer: No calendar has such a moment.
    """
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise UnexpectedAnswer(f"expected Unix seconds, but the API answered with {seconds!r}") from error
