"""What a group of occurrences does to the item they belong to. Pure.

An occurrence of a resolved item makes it active again, unless it comes from a version that is older than the one
the item was resolved in; a muted item stays muted. Source: Rollbar's guide, "Item Status".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rollbar_logging.server.arrival import Arrival
from rollbar_logging.server.frameworks import framework_of_item
from rollbar_logging.server.versions import is_older


class ItemState(NamedTuple):
    """What of a stored item decides how an occurrence changes it; names are the columns'."""

    id: int
    status: str
    resolved_in_version: str | None
    title_lock: int

    @classmethod
    def of_new(cls, item_id: int) -> ItemState:
        """Return the state of an item that is about to be made."""
        return cls(item_id, "", None, 0)

    @property
    def is_new(self) -> bool:
        """Whether the item is not stored yet."""
        return not self.status


class Tally:
    """One item's occurrences of a group, as they are counted."""

    def __init__(self, state: ItemState) -> None:
        self.state = state
        self.reactivated_by: tuple[Arrival, int] | None = None
        self._counted = 0
        self._after_reactivation = 0

    def count(self, arrival: Arrival, occurrence_id: int) -> None:
        """Count one."""
        if not self._counted:
            self.first, self._first_id = arrival, occurrence_id
        self._counted += 1
        self._last, self._last_id = arrival, occurrence_id
        if self.reactivated_by is None and self._reactivates(arrival):
            self.reactivated_by = (arrival, occurrence_id)
        self._after_reactivation += self.reactivated_by is not None

    def _reactivates(self, arrival: Arrival) -> bool:
        if self.state.status != "resolved":
            return False
        resolved_in, version = self.state.resolved_in_version, arrival.traits["code_version"]
        return not (resolved_in and version and is_older(version, resolved_in))

    def changes(self) -> dict[str, Any]:
        """Return the parameters of the update: of counting up, or the columns that a reactivation changes."""
        at = int(self._last.received_at)
        if self.reactivated_by is None:
            return {"item": self.state.id, "count": self._counted, "last_id": self._last_id, "last_at": at}
        arrival, occurrence_id = self.reactivated_by
        changed = {
            "item": self.state.id,
            "status": "active",
            "total_occurrences": self._after_reactivation,
            "activating_occurrence_id": occurrence_id,
            "last_activated_timestamp": int(arrival.received_at),
            "last_occurrence_id": self._last_id,
            "last_occurrence_timestamp": at,
            "resolved_in_version": None,
        }
        return changed if self.state.title_lock else {**changed, "title": arrival.title}

    def columns_of_new(self) -> dict[str, Any]:
        """Return the columns that count occurrences, for an item that is about to be made."""
        first_at = int(self.first.received_at)
        return {
            "first_occurrence_id": self._first_id,
            "first_occurrence_timestamp": first_at,
            "activating_occurrence_id": self._first_id,
            "last_activated_timestamp": first_at,
            "last_occurrence_id": self._last_id,
            "last_occurrence_timestamp": int(self._last.received_at),
            "total_occurrences": self._counted,
        }

    def events(self) -> Iterator[dict[str, Any]]:
        """Return what is to be told of the item's life."""
        if self.state.is_new:
            yield _event("new", self.state.id, self.first, self._first_id)
        if self.reactivated_by is not None:
            yield _event("reactivated", self.state.id, *self.reactivated_by)


def _event(event: str, item_id: int, arrival: Arrival, occurrence_id: int) -> dict[str, Any]:
    return {
        "project_id": arrival.project_id,
        "item_id": item_id,
        "event": event,
        "timestamp": int(arrival.received_at),
        "occurrence_id": occurrence_id,
        "version": arrival.traits["code_version"],
    }


def new_item(tally: Tally, counter: int) -> dict[str, Any]:
    """Return the row of an item that its first occurrence makes."""
    first = tally.first
    return {
        "id": tally.state.id,
        "project_id": first.project_id,
        "counter": counter,
        "environment": first.environment,
        "hash": first.fingerprint,
        "title": first.title,
        "level": first.level,
        "kind": first.kind,
        "platform": first.platform,
        "framework": framework_of_item(first.framework, first.platform, first.language),
        "language": first.language,
        "status": "active",
        **tally.columns_of_new(),
    }
