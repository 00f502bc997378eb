"""Occurrences into the database: the items they belong to, and everything that is counted as they come.

A group is one transaction, with a handful of statements however many occurrences are in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rollbar_logging.server.arrival import Arrival
from rollbar_logging.server.storage.item_state import ItemState, Tally, new_item
from rollbar_logging.server.storage.prepared import listed, run, run_all, run_for_any
from rollbar_logging.server.storage.tables import (
    environments,
    hourly_counts,
    item_events,
    items,
    occurrences,
    projects,
    sequences,
    version_counts,
)

_HOUR = 3600

_ItemKey = tuple[int, str, str]  # project, fingerprint, environment
_COUNTS_OF_ITEM = ("item_id", "project_id")


class Added(NamedTuple):
    """What came of one arrival.

    Attributes:
        uuid: The occurrence's.
        is_duplicate: Whether the project had that uuid already; then nothing was stored.
        occurrence_id: Of what was stored; 0 for a duplicate.
        item_id: Of the item it belongs to; 0 for a duplicate.
    """

    uuid: str
    is_duplicate: bool
    occurrence_id: int = 0
    item_id: int = 0


class _Placed(NamedTuple):
    """An arrival with the ids that it gets."""

    arrival: Arrival
    occurrence_id: int
    item_id: int


def add_all(connection: Connection, arrivals: Sequence[Arrival], stored_at: float) -> list[Added]:
    """Store the arrivals in the transaction that *connection* is in.

    Args:
        connection: The writer's.
        arrivals: In the order in which they came.
        stored_at: Unix seconds.
    """
    fresh = _without_known(connection, arrivals)
    placed = _placed(connection, list(fresh.values()), stored_at) if fresh else []
    by_arrival = {id(one.arrival): one for one in placed}
    added = []
    for arrival in arrivals:
        one = by_arrival.get(id(arrival))
        added.append(
            Added(arrival.uuid, is_duplicate=True)
            if one is None
            else Added(arrival.uuid, is_duplicate=False, occurrence_id=one.occurrence_id, item_id=one.item_id)
        )
    return added


def _without_known(connection: Connection, arrivals: Sequence[Arrival]) -> dict[tuple[int, str], Arrival]:
    """Return by project and uuid what is not stored yet; of equal ones in the group, the first."""
    fresh: dict[tuple[int, str], Arrival] = {}
    for arrival in arrivals:
        fresh.setdefault((arrival.project_id, arrival.uuid), arrival)
    for project_id in {project_id for project_id, _ in fresh}:
        uuids = [uuid for project, uuid in fresh if project == project_id]
        for (uuid,) in run_for_any(connection, _known_uuids, {"project": project_id}, uuids):
            del fresh[project_id, uuid]
    return fresh


@cache
def _known_uuids(number: int) -> Any:
    return select(occurrences.c.uuid).where(
        occurrences.c.project_id == bindparam("project"), occurrences.c.uuid.in_(listed(number))
    )


@cache
def _known_hashes(number: int) -> Any:
    state = (items.c[name] for name in ItemState._fields)
    return select(items.c.hash, items.c.environment, *state).where(
        items.c.project_id == bindparam("project"), items.c.hash.in_(listed(number))
    )


_TAKE = (
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"))
    .values(taken=sequences.c.taken + bindparam("number"))
    .returning(sequences.c.taken)
)


def _placed(connection: Connection, arrivals: Sequence[Arrival], stored_at: float) -> list[_Placed]:
    states = _known_items(connection, arrivals)
    occurrence_id = _taken(connection, "occurrence", len(arrivals))
    new = {_item_key(arrival) for arrival in arrivals} - states.keys()
    item_id = _taken(connection, "item", len(new)) if new else 0
    placed, tallies = [], dict[int, Tally]()
    for arrival in arrivals:
        key = _item_key(arrival)
        if key not in states:
            states[key] = ItemState.of_new(item_id)
            item_id += 1
        state = states[key]
        tally = tallies.setdefault(state.id, Tally(state))
        tally.count(arrival, occurrence_id)
        placed.append(_Placed(arrival, occurrence_id, state.id))
        occurrence_id += 1
    _insert_items(connection, tallies.values())
    run_all(connection, _INSERT_OCCURRENCES, [_occurrence_row(one, stored_at) for one in placed])
    _update_items(connection, tallies.values())
    _count_hours(connection, placed)
    _count_versions(connection, placed)
    return placed


def _item_key(arrival: Arrival) -> _ItemKey:
    return arrival.project_id, arrival.fingerprint, arrival.environment


def _known_items(connection: Connection, arrivals: Iterable[Arrival]) -> dict[_ItemKey, ItemState]:
    wanted = {_item_key(arrival) for arrival in arrivals}
    found: dict[_ItemKey, ItemState] = {}
    for project_id in {project for project, _, _ in wanted}:
        hashes = sorted({hash_ for project, hash_, _ in wanted if project == project_id})
        for hash_, environment, *state in run_for_any(connection, _known_hashes, {"project": project_id}, hashes):
            found[project_id, hash_, environment] = ItemState(*state)
    return found


def _taken(connection: Connection, name: str, count: int) -> int:
    """Take *count* ids; return the first."""
    ((last,),) = run(connection, _TAKE, {"sequence": name, "number": count})
    return int(last) - count + 1


def _insert_items(connection: Connection, tallies: Iterable[Tally]) -> None:
    new = [tally for tally in tallies if tally.state.is_new]
    if not new:
        return
    per_project = Counter(tally.first.project_id for tally in new)
    counters = {project_id: _counted(connection, project_id, count) for project_id, count in per_project.items()}
    rows = []
    for tally in new:
        counters[tally.first.project_id] += 1
        rows.append(new_item(tally, counters[tally.first.project_id]))
    connection.execute(insert(items), rows)
    seen = {(row["project_id"], row["environment"]) for row in rows}
    connection.execute(
        _upsert(connection.dialect.name, "environments"),
        [{"project_id": project_id, "environment": environment} for project_id, environment in sorted(seen)],
    )


def _counted(connection: Connection, project_id: int, count: int) -> int:
    """Count new items of a project; return how many there were before."""
    counting = (
        update(projects)
        .where(projects.c.id == project_id)
        .values(items_counted=projects.c.items_counted + count)
        .returning(projects.c.items_counted)
    )
    return int(connection.scalars(counting).one()) - count


def _update_items(connection: Connection, tallies: Iterable[Tally]) -> None:
    tallies = list(tallies)
    by_kind: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for tally in tallies:
        if not tally.state.is_new:
            by_kind[tally.reactivated_by is not None].append(tally.changes())
    if by_kind[False]:
        run_all(connection, _COUNT_UP, by_kind[False])
    for changes in by_kind[True]:
        key = changes.pop("item")
        connection.execute(update(items).where(items.c.id == key).values(changes))
    events = [event for tally in tallies for event in tally.events()]
    if events:
        connection.execute(insert(item_events), events)


_COUNT_UP = (
    update(items)
    .where(items.c.id == bindparam("item"))
    .values(
        total_occurrences=items.c.total_occurrences + bindparam("count"),
        last_occurrence_id=bindparam("last_id"),
        last_occurrence_timestamp=bindparam("last_at"),
    )
)
_INSERT_OCCURRENCES = insert(occurrences)


def _occurrence_row(one: _Placed, stored_at: float) -> dict[str, Any]:
    arrival = one.arrival
    return {
        "id": one.occurrence_id,
        "project_id": arrival.project_id,
        "item_id": one.item_id,
        "uuid": arrival.uuid,
        "kind": arrival.kind,
        "token_name": arrival.token_name,
        "received_at": arrival.received_at,
        "stored_at": stored_at,
        "body_bytes": arrival.body_bytes,
        "environment": arrival.environment,
        "level": arrival.level,
        "title": arrival.title,
        "platform": arrival.platform,
        "framework": arrival.framework,
        "language": arrival.language,
        "data": arrival.data,
        **arrival.traits,
    }


def _count_hours(connection: Connection, placed: Iterable[_Placed]) -> None:
    counts = Counter(
        (one.item_id, one.arrival.project_id, int(one.arrival.received_at // _HOUR) * _HOUR) for one in placed
    )
    run_all(
        connection,
        _upsert(connection.dialect.name, "hourly_counts"),
        [
            {"item_id": item_id, "project_id": project_id, "hour": hour, "count": count}
            for (item_id, project_id, hour), count in sorted(counts.items())
        ],
    )


def _count_versions(connection: Connection, placed: Iterable[_Placed]) -> None:
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for one in placed:
        version = one.arrival.traits["code_version"]
        if version is None:
            continue
        at = int(one.arrival.received_at)
        row = rows.setdefault(
            (one.item_id, version),
            {
                "item_id": one.item_id,
                "version": version,
                "project_id": one.arrival.project_id,
                "count": 0,
                "first_occurrence_id": one.occurrence_id,
                "first_occurrence_timestamp": at,
            },
        )
        row.update(count=row["count"] + 1, last_occurrence_id=one.occurrence_id, last_occurrence_timestamp=at)
    if rows:
        run_all(connection, _upsert(connection.dialect.name, "version_counts"), [rows[key] for key in sorted(rows)])


@cache
def _upsert(dialect: str, name: str) -> Any:
    make: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
    if name == "environments":
        return make(environments).on_conflict_do_nothing()
    if name == "hourly_counts":
        statement = make(hourly_counts)
        return statement.on_conflict_do_update(
            index_elements=["item_id", "hour"], set_={"count": hourly_counts.c.count + statement.excluded.count}
        )
    statement = make(version_counts)
    return statement.on_conflict_do_update(
        index_elements=["item_id", "version"],
        set_={
            "count": version_counts.c.count + statement.excluded.count,
            "last_occurrence_id": statement.excluded.last_occurrence_id,
            "last_occurrence_timestamp": statement.excluded.last_occurrence_timestamp,
        },
    )
