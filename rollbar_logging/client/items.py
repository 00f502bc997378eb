"""Items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, moment, part_of, values_of

Texts = str | Sequence[str]
"""One text or several."""


@dataclass(frozen=True, kw_only=True)
class Item(Result):
    """All occurrences of one fingerprint in one environment. Timestamps are Unix seconds.

    Attributes:
        id: Of all projects' items; in calls.
        counter: Of the project; what people see.
        level: ``critical``, ``error``, ``warning``, ``info`` or ``debug``.
        status: ``active``, ``resolved`` or ``muted``.
        total_occurrences: Since it was last resolved.
    """

    id: int
    counter: int
    title: str
    environment: str
    level: str
    status: str
    project_id: int | None = None
    hash: str | None = None
    framework: str | None = None
    platform: str | None = None
    total_occurrences: int = 0
    unique_occurrences: int | None = None
    first_occurrence_id: int | None = None
    first_occurrence_timestamp: int | None = None
    last_occurrence_id: int | None = None
    last_occurrence_timestamp: int | None = None
    activating_occurrence_id: int | None = None
    last_activated_timestamp: int | None = None
    last_resolved_timestamp: int | None = None
    last_muted_timestamp: int | None = None
    resolved_in_version: str | None = None
    assigned_user_id: int | None = None
    assigned_team_id: int | None = None

    @property
    def first_occurrence_at(self) -> datetime | None:
        """When it first occurred, in UTC."""
        return moment(self.first_occurrence_timestamp)

    @property
    def last_occurrence_at(self) -> datetime | None:
        """When it last occurred, in UTC."""
        return moment(self.last_occurrence_timestamp)

    @property
    def last_activated_at(self) -> datetime | None:
        """When it last became active, in UTC."""
        return moment(self.last_activated_timestamp)

    @property
    def last_resolved_at(self) -> datetime | None:
        """When it was last resolved, in UTC."""
        return moment(self.last_resolved_timestamp)

    @property
    def last_muted_at(self) -> datetime | None:
        """When it was last muted, in UTC."""
        return moment(self.last_muted_timestamp)


class Items:
    """Calls for items. Reading needs the scope ``read``, changing ``write``."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def list(
        self,
        *,
        status: Texts | None = None,
        level: Texts | None = None,
        environment: Texts | None = None,
        framework: Texts | None = None,
        assigned_user: str | None = None,
        assigned_team: Texts | None = None,
        ids: Sequence[int] | None = None,
        query: str | None = None,
        is_snoozed: bool | None = None,
    ) -> Iterator[Item]:
        """Yield the items that match, the last active first, fetching pages as they are asked for.

        Args:
            status: ``active``, ``resolved``, ``muted``, ``archived``.
            level: Names of levels.
            environment: Environments.
            framework: Names of frameworks.
            assigned_user: A user's name, ``assigned`` or ``unassigned``.
            assigned_team: Teams; not together with *assigned_user*.
            ids: Only these; none, where there are none.
            query: As in the search box: ``host:web-1 person:42 "no such table"``.
            is_snoozed: Whether at the moment.

        Raises:
            ApiError: As soon as the first item is asked for, or later.
        """
        params = {
            "status": status,
            "level": level,
            "environment": environment,
            "framework": framework,
            "assigned_user": assigned_user,
            "assigned_team": assigned_team,
            "ids": None if ids is None else ",".join(map(str, ids)),
            "query": query,
            "is_snoozed": None if is_snoozed is None else str(is_snoozed).lower(),
            "project_ids": self._project_id,
        }

        def page_of(number: int) -> tuple[Sequence[Item], int | None]:
            result = self._connection.get("items", page=number, **params)
            return values_of(Item, result, "items"), result.get("total_count")

        if ids is not None and not ids:  # the API would take it for all of them
            return iter(())
        return by_number(page_of, key=lambda item: item.id)

    def get(self, item_id: int) -> Item:
        """Return the item of that id (not the counter).

        Raises:
            NotFound: The project has none.
        """
        return Item.from_json(self._connection.get(f"item/{item_id}", project_id=self._project_id))

    def by_counter(self, counter: int) -> Item:
        """Return the item that people know by that number.

        Raises:
            NotFound: The project has none.
        """
        found = self._connection.get(f"item_by_counter/{counter}", project_id=self._project_id)
        return self.get(part_of(found, "itemId"))

    def by_uuid(self, uuid: str) -> Item:
        """Return the item of the occurrence with that uuid.

        Raises:
            BadRequest: It is no uuid.
            NotFound: The project has no such occurrence.
        """
        return Item.from_json(self._connection.get("item", uuid=uuid, project_id=self._project_id))

    def update(self, item_id: int, **changes: Any) -> dict[str, Any]:
        """Change an item and return the changed fields, as the API echoes them.

        Args:
            item_id: The item's id.
            changes: Of ``status``, ``resolved_in_version``, ``title``, ``level``, ``assigned_user_id``,
                ``assigned_team_id``, ``snooze_enabled``, ``snooze_expiration_in_seconds``.

        Raises:
            NotFound: The project has none.
            Unprocessable: A value is not one of those that the API takes.
        """
        if self._project_id is not None:
            changes["project_id"] = self._project_id
        changed = self._connection.call("PATCH", f"item/{item_id}", json=changes, is_repeatable=True)
        return dict(changed or {})

    def resolve(self, item_id: int, *, in_version: str | None = None) -> None:
        """Resolve an item; occurrences of versions before *in_version* will not make it active again."""
        more = {} if in_version is None else {"resolved_in_version": in_version}
        self.update(item_id, status="resolved", **more)

    def mute(self, item_id: int) -> None:
        """Mute an item: it goes on counting, and nobody is told."""
        self.update(item_id, status="muted")

    def reopen(self, item_id: int) -> None:
        """Make an item active again."""
        self.update(item_id, status="active")

    def assign(self, item_id: int, *, user_id: int | None = None, team_id: int | None = None) -> None:
        """Assign an item to a user or a team; to nobody, when neither is given."""
        self.update(item_id, assigned_user_id=user_id, assigned_team_id=team_id)

    def snooze(self, item_id: int, seconds: int) -> None:
        """Let an item rest for so many seconds."""
        self.update(item_id, snooze_enabled=True, snooze_expiration_in_seconds=seconds)
