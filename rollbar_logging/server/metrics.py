"""What a call of ``metrics/occurrences`` asks for, understood and checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timezone, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rollbar_logging.server.integers import integer_of
from rollbar_logging.server.time_buckets import SIZES
from rollbar_logging.server.traits import LONGEST_TRAIT, TRAITS, storable

OPERATORS = ("eq", "neq", "in", "nin", "gt", "gte", "lt", "lte", "contains", "startswith")
FUNCTIONS = ("count_all", "count_distinct", "max", "min")
MOST_ROWS = 1000
DEFAULT_ROWS = 100
DEFAULT_ZONE = "US/Pacific"
COUNT = "occurrence_count"
"""Name of the aggregate ``count_all`` where the call gives no other."""

_MOST_OF_A_KIND = 20
_MOST_VALUES = 1000
_LONGEST_NAME = 100


class Field(NamedTuple):
    """Something by which occurrences are filtered, grouped and counted.

    Attributes:
        table: ``items`` or ``occurrences``.
        column: Of that table.
        is_number: Whether its values are integers.
    """

    table: str
    column: str
    is_number: bool = False


FIELDS: Mapping[str, Field] = {
    **{name: Field("items", name) for name in ("environment", "level", "framework", "platform", "language")},
    "item_id": Field("items", "id", is_number=True),
    "item_counter": Field("items", "counter", is_number=True),
    "item_title": Field("items", "title"),
    "item_status": Field("items", "status"),
    "item_hash": Field("items", "hash"),
    **{name: Field("occurrences", name) for name in TRAITS if name not in {"files", "methods"}},
    "uuid": Field("occurrences", "uuid"),
    "title": Field("occurrences", "title"),
    "occurrence_id": Field("occurrences", "id", is_number=True),
}
"""Names of fields. Environment, level, framework, platform and language are those of the item."""

ALIASES = {
    "person_id": "user_id",
    "person.id": "user_id",
    "person_username": "username",
    "person_email": "email",
    "person.username": "username",
    "person.email": "email",
    "item.id": "item_id",
    "item.counter": "item_counter",
    "item.title": "item_title",
    "item.status": "item_status",
    "item.level": "level",
    "item.environment": "environment",
    "server.host": "host",
    "request.url": "request_url",
    "client_ip": "ip",
}
"""Other names of some, as RQL and Rollbar's pages call them."""


class MetricsError(ValueError):
    """The call asks for what cannot be answered; the message is a sentence of the API's."""


class Filter(NamedTuple):
    """One condition; ``values`` has several for ``in`` and ``nin`` (and ``eq`` and ``neq``), else one."""

    field: Field
    operator: str
    values: tuple[str | int, ...]


class Aggregate(NamedTuple):
    """One figure of each row; ``field`` is ``None`` for ``count_all`` only."""

    function: str
    field: Field | None
    name: str


class Order(NamedTuple):
    """By which of a row's names rows are sorted."""

    name: str
    is_descending: bool


class Metrics(NamedTuple):
    """The call, understood.

    Attributes:
        start: Unix seconds.
        end: Unix seconds, exclusive.
        group_by: Fields by the names that the answer shows.
        granularity: A name of `SIZES`, or ``None`` for the whole span at once.
        zone: In which days begin.
    """

    start: int
    end: int
    filters: tuple[Filter, ...]
    group_by: Mapping[str, Field]
    aggregates: tuple[Aggregate, ...]
    sort: tuple[Order, ...]
    granularity: str | None
    zone: tzinfo
    limit: int
    offset: int

    @property
    def fields(self) -> list[Field]:
        """All fields that the call names."""
        counted = [aggregate.field for aggregate in self.aggregates if aggregate.field is not None]
        return [*self.group_by.values(), *counted, *(each.field for each in self.filters)]


def parse_metrics(given: Mapping[str, Any], now: float) -> Metrics:
    """Understand the body of a call.

    Args:
        given: The body.
        now: Unix seconds, at which a span without an end ends.

    Raises:
        MetricsError: It cannot be understood.
    """
    start = _integer(given, "start_time", None)
    end = _integer(given, "end_time", int(now) + 1)
    if end <= start:
        raise MetricsError("end_time should be after start_time.")
    group_by = dict(_grouped(each) for each in _listed(given, "group_by"))
    aggregates = tuple(_aggregate(each) for each in _listed(given, "aggregates"))
    aggregates = aggregates or (Aggregate("count_all", None, COUNT),)
    names = [*group_by, *(aggregate.name for aggregate in aggregates)]
    if len(set(names)) < len(names):
        raise MetricsError("aggregates should have different aliases.")
    granularity = given.get("granularity")
    if granularity is not None and granularity not in tuple(SIZES):
        raise MetricsError(f"granularity should be one of {', '.join(SIZES)}.")
    sort = tuple(_order(each, names) for each in _listed(given, "sort"))
    return Metrics(
        start=start,
        end=end,
        filters=tuple(_filter(each) for each in _listed(given, "filters")),
        group_by=group_by,
        aggregates=aggregates,
        sort=sort or (Order(aggregates[0].name, is_descending=True),),
        granularity=granularity,
        zone=_zone(given.get("timezone"), granularity),
        limit=_integer(given, "limit", DEFAULT_ROWS, low=1, high=MOST_ROWS),
        offset=_integer(given, "offset", 0),
    )


def _integer(given: Mapping[str, Any], name: str, default: int | None, *, low: int = 0, high: int = 10**11) -> int:
    value = given.get(name, default)
    if value is None and default is None:
        raise MetricsError(f"{name} is missing and it is required.")
    number = integer_of(default if value is None else value)
    if number is None or not low <= number <= high:
        raise MetricsError(f"{name} should be integer from {low} to {high}.")
    return number


def _listed(given: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = given.get(name)
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if len(values) > _MOST_OF_A_KIND:
        raise MetricsError(f"{name} should be array of at most {_MOST_OF_A_KIND}.")
    return values


def _field(name: Any, where: str) -> Field:
    field = FIELDS.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if field is None:
        raise MetricsError(f"{where} should name one of {', '.join(sorted(FIELDS))}.")
    return field


def _part(given: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise MetricsError(f"{where} should be array of objects.")
    return given


def _grouped(given: Any) -> tuple[str, Field]:
    name = given.get("field") if isinstance(given, Mapping) else given
    return str(name), _field(name, "group_by")


def _filter(given: Any) -> Filter:
    part = _part(given, "filters")
    field = _field(part.get("field"), "filters")
    operator = part.get("operator", "eq")
    if operator not in OPERATORS:
        raise MetricsError(f"filters: operator should be one of {', '.join(OPERATORS)}.")
    raw = part.get("values", part.get("value"))
    values = raw if isinstance(raw, list) else [raw]
    if not 0 < len(values) <= _MOST_VALUES:
        raise MetricsError(f"filters: values should be array of 1 to {_MOST_VALUES}.")
    if len(values) > 1 and operator not in {"eq", "neq", "in", "nin"}:
        raise MetricsError(f"filters: {operator} takes one value.")
    if field.is_number and operator in {"contains", "startswith"}:
        raise MetricsError(f"filters: {operator} is for texts.")
    read = tuple(_value(value, field) for value in values)
    if operator in {"contains", "startswith"} and len(str(read[0])) > LONGEST_TRAIT:
        raise MetricsError(f"filters: {operator} takes at most {LONGEST_TRAIT} characters.")
    return Filter(field, operator, read)


def _value(value: Any, field: Field) -> str | int:
    if field.is_number:
        number = integer_of(value)
        if number is None:
            raise MetricsError(f"filters: values of {field.column} should be integers.")
        return number
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise MetricsError(f"filters: values of {field.column} should be strings.")
    return storable(str(value))


def _aggregate(given: Any) -> Aggregate:
    part = {"function": given} if isinstance(given, str) else _part(given, "aggregates")
    function = part.get("function")
    if function not in FUNCTIONS:
        raise MetricsError(f"aggregates: function should be one of {', '.join(FUNCTIONS)}.")
    field = None if function == "count_all" else _field(part.get("field"), "aggregates")
    default = COUNT if field is None else f"{function}_{part['field']}"
    name = part.get("alias", default)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise MetricsError(f"aggregates: alias should be string of 1 to {_LONGEST_NAME} characters.")
    return Aggregate(function, field, name)


def _order(given: Any, names: Sequence[str]) -> Order:
    if isinstance(given, str):
        given = {"field": given.removeprefix("-"), "order": "desc" if given.startswith("-") else "asc"}
    part = _part(given, "sort")
    direction = part.get("order", part.get("direction", "asc"))
    if part.get("field") not in names or direction not in ("asc", "desc"):
        raise MetricsError(f"sort should name one of {', '.join(names)}, and asc or desc.")
    return Order(part["field"], direction == "desc")


def _zone(name: Any, granularity: str | None) -> tzinfo:
    """Return the zone; without a name that of Rollbar's default, which has had another name before."""
    if name is None and granularity not in {"day", "week"}:
        return timezone.utc
    for tried in ("America/Los_Angeles", DEFAULT_ZONE) if name in (None, DEFAULT_ZONE) else (name,):
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            return ZoneInfo(tried)
    raise MetricsError("timezone should be a name such as Europe/Berlin that this machine knows.")
