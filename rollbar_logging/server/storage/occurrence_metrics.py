"""Figures of occurrences over a span of time, grouped, filtered and sorted by the database.

What is asked of items alone, by whole hours, is read from the hourly counts, which are few; the minutes at the
ends of the span are counted, as is everything that only occurrences know.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from rollbar_logging.server.metrics import Aggregate, Field, Filter, Metrics
from rollbar_logging.server.storage.tables import hourly_counts, items, occurrences
from rollbar_logging.server.storage.whole_seconds import bucket_of, whole_seconds
from rollbar_logging.server.time_buckets import TimeBuckets

MOST_ROWS = 10_000
"""Of an answer, all its timepoints together."""

_HOUR = 3600
_OF_OCCURRENCES = {
    Field("items", "environment"): Field("occurrences", "environment"),
    Field("items", "id", is_number=True): Field("occurrences", "item_id", is_number=True),
}
"""What an occurrence has as its item has it: by these it belongs to it."""
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


class Row(NamedTuple):
    """One row of the answer: the number of its bucket (0 without buckets), and values by name."""

    bucket: int
    values: Mapping[str, Any]


class _Source(NamedTuple):
    """What to select from, the number of each row's bucket, and how many occurrences the row stands for."""

    table: FromClause
    bucket: ColumnElement[int]
    counts_for: ColumnElement[int]
    conditions: list[ColumnElement[bool]]


def occurrence_metrics(
    connection: Connection, project_id: int, wanted: Metrics, buckets: TimeBuckets | None, now: float
) -> list[Row]:
    """Return the rows, those of each bucket together and sorted.

    Args:
        connection: The database.
        project_id: Whose occurrences.
        wanted: What is asked for; ``limit`` and ``offset`` hold for each bucket.
        buckets: Of the span, or ``None`` for the whole span at once.
        now: Unix seconds: nothing has occurred after it.
    """
    of_items = all(field.table == "items" for field in wanted.fields)
    if of_items and _has_hours(buckets):
        source = _hours(project_id, wanted, buckets, now)
    else:
        wanted = _without_items(wanted)
        source = _single(project_id, wanted, buckets)
    grouped = _grouped(_flat(source, wanted), wanted, has_buckets=buckets is not None)
    order = [_sorted(grouped.c[_label(wanted, each.name)], each.is_descending) for each in wanted.sort]
    rest = [_sorted(grouped.c[f"g{index}"], is_descending=False) for index in range(len(wanted.group_by))]
    place = func.row_number().over(partition_by=grouped.c.bucket, order_by=[*order, *rest])
    placed = select(grouped, place.label("place")).subquery()
    query = (
        select(placed)
        .where(placed.c.place > wanted.offset, placed.c.place <= wanted.offset + wanted.limit)
        .order_by(placed.c.bucket, placed.c.place)
        .limit(MOST_ROWS)
    )
    names = [*wanted.group_by, *(aggregate.name for aggregate in wanted.aggregates)]
    return [Row(row[0], dict(zip(names, row[1:-1], strict=True))) for row in connection.execute(query)]


def _has_hours(buckets: TimeBuckets | None) -> bool:
    """Whether no bucket begins within an hour of UTC."""
    if buckets is None:
        return True
    return buckets.size % _HOUR == 0 and all(offset % _HOUR == 0 for _, offset in buckets.offsets)


def _single(project_id: int, wanted: Metrics, buckets: TimeBuckets | None) -> _Source:
    conditions = [
        occurrences.c.project_id == project_id,
        occurrences.c.received_at >= wanted.start,
        occurrences.c.received_at < wanted.end,
    ]
    table = occurrences.join(items, items.c.id == occurrences.c.item_id) if _needs_items(wanted) else occurrences
    bucket = _number(whole_seconds(occurrences.c.received_at), buckets)
    return _Source(table, bucket, literal_column("1"), conditions)


def _without_items(wanted: Metrics) -> Metrics:
    """Ask the occurrences themselves for what they have of their items: each row that is joined costs."""

    def own(field: Field) -> Field:
        return _OF_OCCURRENCES.get(field, field)

    return wanted._replace(
        filters=tuple(each._replace(field=own(each.field)) for each in wanted.filters),
        group_by={name: own(field) for name, field in wanted.group_by.items()},
        aggregates=tuple(each._replace(field=each.field and own(each.field)) for each in wanted.aggregates),
    )


def _needs_items(wanted: Metrics) -> bool:
    return any(field.table == "items" for field in wanted.fields)


def _hours(project_id: int, wanted: Metrics, buckets: TimeBuckets | None, now: float) -> _Source:
    first = -(-wanted.start // _HOUR) * _HOUR
    # The running hour's count holds nothing that is still to come, so it is whole when the span goes on.
    last = (int(now) // _HOUR + 1) * _HOUR if wanted.end > now else wanted.end // _HOUR * _HOUR
    whole = select(
        hourly_counts.c.item_id.label("item_id"), hourly_counts.c.hour.label("at"), hourly_counts.c.count.label("count")
    ).where(hourly_counts.c.project_id == project_id, hourly_counts.c.hour >= first, hourly_counts.c.hour < last)
    at = occurrences.c.received_at
    ends = [and_(at >= wanted.start, at < min(first, wanted.end))]
    if last >= first:
        ends.append(and_(at >= last, at < wanted.end))
    hour = bucket_of(whole_seconds(at), _HOUR)
    edges = select(occurrences.c.item_id, hour, literal_column("1")).where(
        occurrences.c.project_id == project_id, or_(*ends)
    )
    counted = union_all(whole, edges).subquery("counted")
    placed = select(counted.c.item_id, _number(counted.c.at, buckets).label("bucket"), counted.c.count).subquery()
    # Summed up before items are looked up: there are many hours of each.
    total = cast(func.sum(placed.c.count), BigInteger).label("total")
    of_item = select(placed.c.item_id, placed.c.bucket, total).group_by(placed.c.item_id, placed.c.bucket).subquery()
    table = of_item.join(items, items.c.id == of_item.c.item_id) if _needs_items(wanted) else of_item
    return _Source(table, of_item.c.bucket, of_item.c.total, [])


def _flat(source: _Source, wanted: Metrics) -> Subquery:
    """Return a row for each that counts: its bucket, its groups ``g0`` …, and what is aggregated, ``f0`` …."""
    columns = [
        source.bucket.label("bucket"),
        *(_column(field).label(f"g{index}") for index, field in enumerate(wanted.group_by.values())),
        *(
            (source.counts_for if aggregate.field is None else _column(aggregate.field)).label(f"f{index}")
            for index, aggregate in enumerate(wanted.aggregates)
        ),
    ]
    conditions = [*source.conditions, *(_condition(each) for each in wanted.filters)]
    return select(*columns).select_from(source.table).where(*conditions).subquery("flat")


def _number(at: ColumnElement[int], buckets: TimeBuckets | None) -> ColumnElement[int]:
    if buckets is None:
        return literal_column("0")
    *changes, (_, last) = buckets.offsets
    offset: Any = case(*((at < until, literal(value)) for until, value in changes), else_=last) if changes else last
    number: ColumnElement[int] = (at + offset + buckets.shift) // buckets.size
    return number


def _grouped(flat: Subquery, wanted: Metrics, *, has_buckets: bool) -> Subquery:
    groups = [flat.c[f"g{index}"] for index in range(len(wanted.group_by))]
    # Sorting is what grouping costs, and a key that is always the same is compared all the same.
    is_keyed = has_buckets or not groups
    bucket = flat.c.bucket if is_keyed else literal_column("0").label("bucket")
    keys = [flat.c.bucket, *groups] if is_keyed else groups
    figures = [
        _figure(aggregate, flat.c[f"f{index}"]).label(f"a{index}") for index, aggregate in enumerate(wanted.aggregates)
    ]
    return select(bucket, *groups, *figures).group_by(*keys).subquery("grouped")


def _figure(aggregate: Aggregate, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if aggregate.function == "count_all":
        return cast(func.sum(column), BigInteger)  # PostgreSQL's sums are decimals
    if aggregate.function == "count_distinct":
        return func.count(column.distinct())
    return func.max(column) if aggregate.function == "max" else func.min(column)


def _label(wanted: Metrics, name: str) -> str:
    groups = list(wanted.group_by)
    if name in groups:
        return f"g{groups.index(name)}"
    return f"a{[aggregate.name for aggregate in wanted.aggregates].index(name)}"


def _sorted(column: ColumnElement[Any], is_descending: bool) -> ColumnElement[Any]:
    return column.desc().nulls_last() if is_descending else column.asc().nulls_last()


def _column(field: Field) -> ColumnElement[Any]:
    table = items if field.table == "items" else occurrences
    return table.c[field.column]


def _condition(each: Filter) -> ColumnElement[bool]:
    column, values = _column(each.field), each.values
    if each.operator in {"eq", "in"}:
        return column.in_(values)
    if each.operator in {"neq", "nin"}:
        return or_(column.not_in(values), column.is_(None))
    if each.operator == "contains":
        return column.contains(str(values[0]), autoescape=True)
    if each.operator == "startswith":
        return column.startswith(str(values[0]), autoescape=True)
    compared: ColumnElement[bool] = _COMPARISONS[each.operator](column, values[0])
    return compared
