"""The pages that list items and occurrences."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rollbar_logging.server.counters import ServerStats
from rollbar_logging.server.markup import Child, Markup, document, moment, size, tag
from rollbar_logging.server.received import OccurrenceSummary, StoredItem

REFRESH_SECONDS = 5


def index_page(
    items: Sequence[StoredItem],
    total_items: int,
    occurrences: Sequence[OccurrenceSummary],
    stats: ServerStats,
    *,
    now: float,
    endpoint: str,
    is_refreshing: bool,
) -> bytes:
    """Build the first page: all items, the last active first, and the newest occurrences."""
    content: list[Child] = [_counts(stats), _refresh_link(is_refreshing=is_refreshing)]
    if items:
        content += [
            tag("h1", "Items"),
            tag("ul", (_item_row(item, now) for item in items), class_="rows"),
            tag("p", f"{len(items)} of {total_items} items", class_="quiet") if total_items > len(items) else None,
            tag("h2", "Newest occurrences"),
            occurrence_list(occurrences, now),
        ]
    else:
        content.append(_nothing_yet(endpoint))
    return document("Items", content, refresh=REFRESH_SECONDS if is_refreshing else None)


def item_page(item: StoredItem, occurrences: Sequence[OccurrenceSummary], *, now: float) -> bytes:
    """Build the page of one item with its newest occurrences."""
    return document(
        item.title,
        tag("h1", badge(item.level), " ", item.title),
        tag(
            "p",
            f"#{item.counter} · {item.environment} · occurrences: {item.total_occurrences} · last ",
            moment(item.last_occurrence_timestamp, now),
            class_="quiet",
        ),
        tag("p", "Fingerprint ", tag("code", item.hash), class_="quiet"),
        tag("h2", "Newest occurrences"),
        occurrence_list(occurrences, now),
    )


def occurrence_list(occurrences: Sequence[OccurrenceSummary], now: float) -> Markup:
    """Build the list of occurrences; each leads to its page."""
    return tag("ul", (_occurrence_row(occurrence, now) for occurrence in occurrences), class_="rows")


def badge(level: str) -> Markup:
    """Show a level."""
    return tag("span", level, class_=f"badge {level}")


def occurrence_url(uuid: str) -> str:
    """Return the path of an occurrence's page; a uuid may be any text."""
    return f"/occurrence/{quote(uuid, safe='')}"


def _counts(stats: ServerStats) -> Markup:
    refused = ", ".join(f"{count} with {status}" for status, count in sorted(stats.refused.items()))
    return tag(
        "p",
        f"{stats.requests} calls since the start · {stats.stored} items stored",
        f" · {stats.duplicates} duplicates" if stats.duplicates else None,
        f" · refused: {refused}" if refused else None,
        class_="quiet",
    )


def _refresh_link(*, is_refreshing: bool) -> Markup:
    if is_refreshing:
        return tag("p", tag("a", "stop refreshing", href="/"), class_="quiet")
    return tag("p", tag("a", f"refresh every {REFRESH_SECONDS} s", href="/?refresh=on"), class_="quiet")


def _item_row(item: StoredItem, now: float) -> Markup:
    return tag(
        "li",
        badge(item.level),
        tag(
            "div",
            tag("a", item.title, href=f"/item/{item.id}"),
            tag("p", f"#{item.counter} · {item.environment} · ", moment(item.last_occurrence_timestamp, now)),
        ),
        tag("b", "once" if item.total_occurrences == 1 else f"{item.total_occurrences} times", title="occurrences"),
    )


def _occurrence_row(occurrence: OccurrenceSummary, now: float) -> Markup:
    return tag(
        "li",
        badge(occurrence.level),
        tag(
            "div",
            tag("a", occurrence.title, href=occurrence_url(occurrence.uuid)),
            tag("p", f"{occurrence.environment} · ", moment(occurrence.received_at, now)),
        ),
        tag("small", size(occurrence.body_bytes)),
    )


def _nothing_yet(endpoint: str) -> Markup:
    return tag(
        "section",
        tag("h1", "Nothing has arrived yet"),
        tag("p", "Point your application here, with the access token that was printed at the start:"),
        tag("pre", f"export ROLLBAR_ENDPOINT={endpoint}\nexport ROLLBAR_ACCESS_TOKEN=…"),
    )
