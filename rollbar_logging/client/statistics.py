"""Figures: versions, reports and metrics. They need the scope ``read``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.items import Item, Texts
from rollbar_logging.client.paging import by_number
from rollbar_logging.client.results import Result, list_of, moment, values_of


class Count(NamedTuple):
    """How many there were in a span of time.

    Attributes:
        timestamp: Unix seconds of its start.
        number: How many.
    """

    timestamp: int
    number: int

    @property
    def at(self) -> datetime | None:
        """The start, in UTC."""
        return moment(self.timestamp)


@dataclass(frozen=True, kw_only=True)
class TopItem(Result):
    """One of the most active items.

    Attributes:
        item: Its fields; level and status are numbers here (10 to 50, and 1 active, 2 resolved, 3 muted).
        counts: Of the last hours, the oldest first.
    """

    item: Mapping[str, Any]
    counts: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Version(Result):
    """What is known of a version of the code. Timestamps are Unix seconds.

    Attributes:
        item_stats: Numbers of items by ``new``, ``repeated``, ``reactivated`` and ``resolved``, and by level.
    """

    version: str
    environment: str | None = None
    first_occurrence_id: int | None = None
    first_occurrence_timestamp: int | None = None
    last_occurrence_id: int | None = None
    last_occurrence_timestamp: int | None = None
    item_stats: Mapping[str, Any] | None = None

    @property
    def first_occurrence_at(self) -> datetime | None:
        """When something first occurred in it, in UTC."""
        return moment(self.first_occurrence_timestamp)

    @property
    def last_occurrence_at(self) -> datetime | None:
        """When something last occurred in it, in UTC."""
        return moment(self.last_occurrence_timestamp)


class Versions:
    """Calls for versions of the code."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def get(self, version: str, *, environment: str | None = None) -> Version:
        """Return what is known of a version.

        Raises:
            NotFound: Nothing is.
        """
        answer = self._connection.get(_path(version), environment=environment, project_id=self._project_id)
        return Version.from_json(answer)

    def items(
        self, version: str, *, environment: str | None = None, event: str | None = None, level: str | None = None
    ) -> Iterator[Item]:
        """Yield the items of a version; their counts in it are in ``raw`` (``…_in_version``).

        Args:
            version: The version.
            environment: Only in this one.
            event: ``new``, ``repeated``, ``reactivated`` or ``resolved``.
            level: Name of a level.
        """
        params = {"environment": environment, "event": event, "level": level, "project_id": self._project_id}

        def page_of(number: int) -> tuple[Sequence[Item], int | None]:
            result = self._connection.get(f"{_path(version)}/items", page=number, **params)
            return values_of(Item, result, "items"), None

        return by_number(page_of, key=lambda item: item.id)


def _path(version: str) -> str:
    return f"versions/{quote(version, safe='')}"


class Reports:
    """Calls for the figures of the dashboard."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def top_active_items(self, *, hours: int = 24, environments: Texts | None = None) -> Sequence[TopItem]:
        """Return the items that occurred most.

        Args:
            hours: The span of time: 1 to 168.
            environments: Only these.
        """
        params = {"hours": hours, "environments": _with_commas(environments)}
        answer = self._connection.get("reports/top_active_items", **params, project_id=self._project_id)
        return values_of(TopItem, answer)

    def occurrence_counts(
        self,
        *,
        bucket_size: int = 86_400,
        environments: Texts | None = None,
        min_level: str | None = None,
        max_level: str | None = None,
        item_id: int | None = None,
    ) -> Sequence[Count]:
        """Return how many occurrences there were in each span of time.

        Args:
            bucket_size: Seconds of a span: 60, 3600 or 86400.
            environments: Only these.
            min_level: Name of the lowest level; the API's default is ``error``.
            max_level: Name of the highest level.
            item_id: Only this item's.
        """
        params = {
            "bucket_size": bucket_size,
            "environments": _with_commas(environments),
            "min_level": min_level,
            "max_level": max_level,
            "item_id": item_id,
        }
        answer = self._connection.get("reports/occurrence_counts", **params, project_id=self._project_id)
        return [Count(*each) for each in list_of(answer)]

    def activated_counts(self, *, bucket_size: int = 86_400, buckets: int = 60) -> Sequence[Count]:
        """Return how many items became active in each span of time.

        Args:
            bucket_size: Seconds of a span.
            buckets: Number of spans, 2 to 366.
        """
        params = {"bucket_size": bucket_size, "buckets": buckets, "project_id": self._project_id}
        return [Count(*each) for each in list_of(self._connection.get("reports/activated_counts", **params))]


def _with_commas(texts: Texts | None) -> str | None:
    return texts if texts is None or isinstance(texts, str) else ",".join(texts) or None


class Metrics:
    """Calls for metrics; what they take and answer is Rollbar's, field by field."""

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._project_id = project_id

    def occurrences(self, start_time: int, end_time: int, **more: Any) -> Any:
        """Return figures of occurrences.

        Args:
            start_time: Unix seconds.
            end_time: Unix seconds.
            more: ``filters``, ``group_by``, ``aggregates``, ``sort``, ``granularity``, ``timezone``, ``limit``,
                ``offset``.

        Raises:
            Unprocessable: The API does not take it so.
        """
        return self._post("metrics/occurrences", {"start_time": start_time, "end_time": end_time, **more})

    def items(self, item_counters: Sequence[int], **more: Any) -> Any:
        """Return how long it took to resolve items, named by their counters."""
        return self._post("metrics/items", {"item_counters": list(item_counters), **more})

    def time_to_resolution(self, **fields: Any) -> Any:
        """Return mean, median, least and most time that it took to resolve items."""
        return self._post("metrics/ttr", fields)

    def _post(self, path: str, fields: Mapping[str, Any]) -> Any:
        # These calls read, so making one twice does no harm.
        params = {"project_id": self._project_id}
        return self._connection.call("POST", path, json=fields, params=params, is_repeatable=True)
