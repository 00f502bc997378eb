"""Refusals in words, with their counts. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rollbar_logging.server.counters import ServerStats, TokenStats
from rollbar_logging.server.pages.views.wording import size


class Refusal(NamedTuple):
    """One status of refusals.

    Attributes:
        status: HTTP status.
        calls: Those that were answered with it.
        name: What it is called.
        meaning: Why a call gets it, and what helps.
    """

    status: int
    calls: int
    name: str
    meaning: str


class RefusalsView(NamedTuple):
    """What the page shows.

    Attributes:
        requests: Calls since the start.
        stored: Items stored.
        duplicates: Items that had been stored before.
        received: Bytes of the items' bodies.
        refused: Calls refused.
        rows: By status; the usual ones always.
        tokens: By token: its name and counts.
    """

    requests: int
    stored: int
    duplicates: int
    received: str
    refused: int
    rows: tuple[Refusal, ...]
    tokens: tuple[tuple[str, TokenStats], ...]


_USUAL = (429, 413, 422, 403, 400)


def refusals_view(stats: ServerStats, max_body: int) -> RefusalsView:
    """Turn counts into what the page shows; *max_body* is in bytes."""
    words = {
        429: ("over the rate limit", "The token has used up its window. Clients should wait as the headers say."),
        413: ("too large", f"The body is over {size(max_body)}. Clients should shorten what they send."),
        422: ("not valid", "The report misses something, or something has the wrong form. The reason is below."),
        403: ("no permission", "The access token is unknown, disabled, or lacks the scope that the call needs."),
        400: ("not understood", "The body is no JSON, is cut short, or is nested too deep."),
        404: ("not found", "There is no such address, or nothing of that id."),
        405: ("method not allowed", "The address does not know that HTTP method."),
        409: ("conflict", "What was to be made is there already."),
        500: ("fault of this server", "The server's log says what went wrong."),
    }
    refused = stats.refused
    statuses = [*_USUAL, *sorted(refused.keys() - set(_USUAL))]
    rows = (Refusal(status, refused.get(status, 0), *words.get(status, ("refused", ""))) for status in statuses)
    return RefusalsView(
        stats.requests,
        stats.stored,
        stats.duplicates,
        size(stats.received_bytes),
        sum(refused.values()),
        tuple(rows),
        tuple(sorted(stats.tokens.items())),
    )
