"""What the server has received, as plain values. Needs no extra."""

from __future__ import annotations

from typing import Any, NamedTuple


class StoredItem(NamedTuple):
    """One item: all occurrences of one fingerprint in one environment. Names are the API's.

    Attributes:
        id: Of all projects' items.
        counter: The number shown to people; counts up from 1 in each project.
        hash: Fingerprint.
        kind: That of its occurrences: ``item``, ``api_error`` or ``system``.
        total_occurrences: Since it was last resolved.
        snooze_until: Unix seconds, or ``None``.
    """

    id: int
    project_id: int
    counter: int
    environment: str
    hash: str
    title: str
    level: str
    kind: str
    platform: str
    framework: str
    status: str
    first_occurrence_id: int
    first_occurrence_timestamp: int
    activating_occurrence_id: int
    last_activated_timestamp: int
    last_occurrence_id: int
    last_occurrence_timestamp: int
    last_resolved_timestamp: int | None
    last_muted_timestamp: int | None
    total_occurrences: int
    last_modified_by: int | None
    resolved_in_version: str | None
    assigned_user_id: int | None
    assigned_team_id: int | None
    level_lock: int
    title_lock: int
    snooze_expiration_threshold_seconds: int | None
    snooze_until: int | None


class OccurrenceSummary(NamedTuple):
    """What lists show of an occurrence; for the rest its ``data`` would have to be unpacked."""

    id: int
    uuid: str
    item_id: int
    received_at: float
    body_bytes: int
    environment: str
    level: str
    title: str
    code_version: str | None
    host: str | None


class ReceivedOccurrence(NamedTuple):
    """One stored occurrence.

    Attributes:
        id: Counts up in the order of arrival.
        uuid: As the client sent it, or made by the server.
        item_id: The item it belongs to.
        kind: ``item``: sent by a client; ``api_error``: tells of a rejected item; ``system``: tells of a
            rate limit.
        token_name: Name of the token that posted it.
        received_at: Unix seconds of the server's clock.
        body_bytes: Bytes of the call's body as they came over the wire.
        environment: Of the item.
        level: One of Rollbar's five names.
        title: The client's, or the default.
        data: The payload's ``data`` as it is stored.
        project_id: The project it belongs to.
        stored_at: Unix seconds at which it was written.
    """

    id: int
    uuid: str
    item_id: int
    kind: str
    token_name: str
    received_at: float
    body_bytes: int
    environment: str
    level: str
    title: str
    data: dict[str, Any]
    project_id: int
    stored_at: float


class Neighbours(NamedTuple):
    """Ids of the occurrences around one, among those that a search finds in its item; ``None``: there is none."""

    first: int | None
    previous: int | None
    next: int | None
    last: int | None
