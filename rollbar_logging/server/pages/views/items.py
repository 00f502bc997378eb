"""Items as lists and their own page show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rollbar_logging.server.pages.views.graph import Spark, sparkline
from rollbar_logging.server.pages.views.wording import (
    Moment,
    item_url,
    moment_of,
    occurrence_url,
    short_count,
    size,
    times,
    undirected,
    with_query,
)
from rollbar_logging.server.received import OccurrenceSummary, StoredItem
from rollbar_logging.server.storage.overview import HourCounts, ItemEvent, Sibling

_EXCEPTION_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$")
_LONGEST_CLASS = 80
_SHOWN_SIBLINGS = 3


class Title(NamedTuple):
    """A title in two parts: the exception's class, if it begins with one, and the rest."""

    lead: str
    rest: str


class ItemRow(NamedTuple):
    """An item in a list.

    Attributes:
        id: The item's.
        url: Of its page.
        counter: The number for people.
        level: One of the five names.
        status: ``active``, ``resolved`` or ``muted``.
        title: In two parts.
        kind: ``item``, or what the server itself tells.
        total: Its occurrences since it was last resolved, short.
        total_label: The same in words.
        environments: Its own first, then others' items of the same fingerprint: a name and an address each.
        more_environments: How many are not among those.
        last: When it last occurred.
        first: When it first occurred.
        spark: The last 24 hours.
    """

    id: int
    url: str
    counter: int
    level: str
    status: str
    title: Title
    kind: str
    total: str
    total_label: str
    environments: tuple[tuple[str, str], ...]
    more_environments: int
    last: Moment | None
    first: Moment | None
    spark: Spark


class OccurrenceRow(NamedTuple):
    """An occurrence in a list."""

    id: int
    url: str
    level: str
    title: Title
    environment: str
    received: Moment | None
    size: str
    version: str
    host: str
    is_shown: bool


class PageLinks(NamedTuple):
    """The pages around this one of a list."""

    text: str
    previous: str
    next: str


def title_parts(title: str) -> Title:
    """Split ``ValueError: text`` into class and text; a title of another form is all rest."""
    if not any(sign.isprintable() and not sign.isspace() for sign in title):
        return Title("", "(no visible text)")
    lead, colon, rest = title.partition(": ")
    if colon and len(lead) <= _LONGEST_CLASS and lead[:1].isalpha() and _EXCEPTION_CHARACTERS.issuperset(lead):
        return Title(lead, rest)
    return Title("", title)


def item_row(
    item: StoredItem, hours: HourCounts, siblings: Sequence[Sibling], now: float, *, search: str = ""
) -> ItemRow:
    """Turn an item into a row.

    Args:
        item: The item.
        hours: Its counts by hour.
        siblings: All items of its fingerprint, itself included.
        now: Unix seconds.
        search: What was looked for; the item's page walks the same hits.
    """
    others = [each for each in siblings if each.id != item.id]
    environments = [(undirected(item.environment), "")]
    environments += [(undirected(each.environment), item_url(each.id)) for each in others[:_SHOWN_SIBLINGS]]
    return ItemRow(
        id=item.id,
        url=item_url(item.id, q=search),
        counter=item.counter,
        level=item.level,
        status=item.status,
        title=title_parts(item.title),
        kind=item.kind,
        total=short_count(item.total_occurrences),
        total_label=times(item.total_occurrences, "occurrence"),
        environments=tuple(environments),
        more_environments=max(len(others) - _SHOWN_SIBLINGS, 0),
        last=moment_of(item.last_occurrence_timestamp, now),
        first=moment_of(item.first_occurrence_timestamp, now),
        spark=sparkline(hours, now),
    )


def occurrence_row(
    occurrence: OccurrenceSummary, now: float, *, search: str = "", shown_id: int | None = None
) -> OccurrenceRow:
    """Turn an occurrence into a row; *shown_id* is that of the occurrence that the page shows."""
    return OccurrenceRow(
        id=occurrence.id,
        url=occurrence_url(occurrence.uuid, q=search),
        level=occurrence.level,
        title=title_parts(occurrence.title),
        environment=undirected(occurrence.environment),
        received=moment_of(occurrence.received_at, now),
        size=size(occurrence.body_bytes),
        version=undirected(occurrence.code_version or ""),
        host=undirected(occurrence.host or ""),
        is_shown=occurrence.id == shown_id,
    )


def page_links(path: str, query: Mapping[str, Any], *, page: int, per_page: int, total: int) -> PageLinks:
    """Return the addresses around a numbered page of *total* entries, and what it shows of them."""
    first, last = (page - 1) * per_page + 1, min(page * per_page, total)
    if first > total:
        text = times(total, "item")
    else:
        text = f"{first:,} to {last:,} of {times(total, 'item')}" if total > per_page else times(total, "item")
    return PageLinks(
        text,
        previous=with_query(path, {**query, "page": page - 1 if page > 2 else None}) if page > 1 else "",  # noqa: PLR2004 - the first page needs no number
        next=with_query(path, {**query, "page": page + 1}) if last < total else "",
    )


_EVENT_WORDS = {
    "new": "seen for the first time",
    "reactivated": "came back",
    "reopened": "reopened",
    "resolved": "resolved",
    "muted": "muted",
}


def history(events: Sequence[ItemEvent], now: float) -> list[tuple[str, Moment | None]]:
    """Say an item's life, the newest event first."""
    return [
        (
            _EVENT_WORDS.get(event.event, event.event) + (f" in {undirected(event.version)}" if event.version else ""),
            moment_of(event.timestamp, now),
        )
        for event in events
    ]
