"""How long items take to be resolved, from what happened to them. Pure.

An item is open from the moment it is new, reactivated or reopened until it is resolved; muting it does not end that.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean, median
from typing import NamedTuple


class Resolved(NamedTuple):
    """One time that an item was resolved: when (Unix seconds), and after how many seconds."""

    at: int
    seconds: int


def resolutions(events: Iterable[tuple[str, int]]) -> list[Resolved]:
    """Return every time that an item was resolved.

    Args:
        events: The item's, as name and Unix seconds, in order.
    """
    found: list[Resolved] = []
    open_since: int | None = None
    for event, at in events:
        if event in {"new", "reactivated", "reopened"}:
            open_since = at if open_since is None else open_since
        elif event == "resolved" and open_since is not None:
            found.append(Resolved(at, max(at - open_since, 0)))
            open_since = None
    return found


def summary(seconds: list[int]) -> dict[str, float | int | None]:
    """Return mean, median, least and greatest of some times, all ``None`` when there are none."""
    if not seconds:
        return {"mean": None, "median": None, "min": None, "max": None}
    return {"mean": fmean(seconds), "median": median(seconds), "min": min(seconds), "max": max(seconds)}
