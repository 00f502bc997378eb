"""Occurrences, which the API's paths call instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.paging import by_last_id
from rollbar_logging.client.results import Result, moment, values_of

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Occurrence(Result):
    """One occurrence of an item.

    Attributes:
        id: Ascending in the order of arrival.
        timestamp: Unix seconds of the server's clock.
        data: The payload's ``data``, as it was stored.
    """

    id: int
    item_id: int
    timestamp: int
    data: Mapping[str, Any] = field(repr=False, default_factory=dict)
    project_id: int | None = None
    version: int | None = None
    billable: int | None = None

    @property
    def at(self) -> datetime | None:
        """When it arrived, in UTC."""
        return moment(self.timestamp)

    @property
    def uuid(self) -> str | None:
        """As the notifier made it, or the server."""
        return self.data.get("uuid")

    @property
    def title(self) -> str:
        """The notifier's title, ``Class: message`` of the last raised exception, or the message."""
        return self.data.get("title") or _default_title(self.data.get("body") or {})


def _default_title(body: Mapping[str, Any]) -> str:
    chain = body.get("trace_chain") or [body.get("trace")]
    exception = (chain[0] or {}).get("exception") or {}
    if exception:
        text = exception.get("message") or exception.get("description")
        return f"{exception.get('class')}: {text}" if text else str(exception.get("class"))
    return str((body.get("message") or {}).get("body") or "")


class Occurrences:
    """Calls for occurrences. Reading needs the scope ``read``, deleting ``write``."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def list(
        self, *, item_id: int | None = None, before: int | None = None, page_size: int = _PAGE
    ) -> Iterator[Occurrence]:
        """Yield occurrences, the newest first, fetching pages as they are asked for, in flat memory.

        Args:
            item_id: Only those of this item.
            before: Only those with a smaller id.
            page_size: Occurrences that one call fetches, 1 to 5000.

        Raises:
            NotFound: The project has no such item.
        """
        path = "instances" if item_id is None else f"item/{item_id}/instances"

        def page_after(last_id: int | None) -> Sequence[Occurrence]:
            result = self._connection.get(
                path, limit=page_size, lastId=before if last_id is None else last_id, project_id=self._project_id
            )
            return values_of(Occurrence, result, "instances")

        return by_last_id(page_after, id_of=lambda occurrence: occurrence.id)

    def get(self, occurrence_id: int) -> Occurrence:
        """Return one occurrence.

        Raises:
            NotFound: The project has none of that id.
        """
        return Occurrence.from_json(self._connection.get(f"instance/{occurrence_id}", project_id=self._project_id))

    def delete(self, occurrence_id: int) -> None:
        """Delete one occurrence; the API does so a little later, and the item's counts stay.

        Raises:
            NotFound: The project has none of that id.
        """
        self._connection.call("DELETE", f"instance/{occurrence_id}", params={"project_id": self._project_id})
