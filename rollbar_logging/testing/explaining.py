"""Why what was reported is not what a test expects: the text of a failed assertion. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rollbar_logging.testing.matching import described, differences, likeness
from rollbar_logging.testing.report import Report

_MOST_LISTED = 10


def explanation(there: Sequence[Report], wanted: Mapping[str, Any], count: int | None) -> str:
    """Tell why *there* are not the reports that are *wanted*: what is there instead, and what is nearest.

    Args:
        there: All reports.
        wanted: Expectations by name; see `matching`.
        count: How many must match; ``None``: at least one.
    """
    found = [report for report in there if not differences(report, wanted)]
    expected = f"{1 if count is None else count} expected"
    if not there:
        return f"nothing was reported, {expected}{matching(wanted)}"
    if found or not wanted:
        return f"{number_of(len(found))}{matching(wanted)}, {expected}:" + listed(numbered(found))
    nearest = min(range(len(there)), key=lambda i: (len(differences(there[i], wanted)), -likeness(there[i], wanted)))
    whys = differences(there[nearest], wanted)
    of = f" of {len(there)}" if len(there) > 1 else ""
    others = [line for i, line in enumerate(numbered(there)) if i != nearest]
    return (
        f"no report{matching(wanted)}\nnearest{of} is #{nearest} {in_a_line(there[nearest])}:"
        + listed([f"{name}: {whys.get(name, 'matches')}" for name in wanted], most=len(wanted))
        + ("\nalso reported:" + listed(others) if others else "")
    )


def matching(wanted: Mapping[str, Any]) -> str:
    """Return the words for what must match; none if anything does."""
    return f" matching {described(wanted)}" if wanted else ""


def number_of(number: int) -> str:
    """Return how many reports that are, in words."""
    return "1 report" if number == 1 else f"{number} reports"


def numbered(reports: Sequence[Report]) -> list[str]:
    """Return a line for each report."""
    return [f"#{i} {in_a_line(report)}" for i, report in enumerate(reports)]


def in_a_line(report: Report) -> str:
    """Return level, title and place of a report."""
    return repr(report).removeprefix("<Report ").removesuffix(">")


def listed(lines: Sequence[str], most: int = _MOST_LISTED) -> str:
    """Return the lines one below the other, indented; of many, how many more there are."""
    more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return "".join(f"\n  {line}" for line in [*lines[:most], *more])
