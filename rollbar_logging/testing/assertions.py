"""Assertions on reports, which say why nothing matched: the nearest report, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rollbar_logging.testing.explaining import explanation, listed, matching, number_of, numbered
from rollbar_logging.testing.matching import differences
from rollbar_logging.testing.report import Report
from rollbar_logging.testing.reports import Reports


def assert_reported(reports: Iterable[Report], *, count: int | None = None, **wanted: Any) -> Report:
    """Assert that something was reported, and return it: of several reports that match, the first.

    Args:
        reports: Where to look: the result of `capture_reports`, the fixture ``rollbar``, a `LocalRollbar`.
        count: How many must match, at least one; by default it does not matter.
        wanted: What the report must be, by name. ``level``, ``exception``, ``message``, ``title``, ``logger``,
            ``person``, ``request``, ``context``, ``fingerprint``, ``environment``, ``code_version``, ``framework``,
            ``uuid``, ``locals``, ``frames``, ``custom`` and ``raw`` are those of `Report`; any other name is one of
            ``custom``. A value must be equal, or equal once it is sent, as a date is sent as text; a regular expression
            be found; a class be that of the value; a callable return something true; a mapping have its keys, each with
            a value that matches; a list or tuple match element by element. A level may be `logging`'s. An exception may
            be a class (subclasses too), an instance (its text too), a name, or a regular expression for
            ``Class: message``.

    Raises:
        AssertionError: Nothing matches, or not *count* reports do.
        ValueError: *count* is less than one.
    """
    __tracebackhide__ = True
    if count is not None and count < 1:
        raise ValueError(f"count: expected 1 or more, got {count}; use assert_nothing_reported for none")
    there = _all(reports)
    found = [report for report in there if not differences(report, wanted)]
    if not found or (count is not None and len(found) != count):
        more = reports.why_not_more() if isinstance(reports, Reports) else ""
        raise AssertionError(explanation(there, wanted, count) + more)
    _expect(reports, found)
    return found[0]


def assert_nothing_reported(reports: Iterable[Report], **wanted: Any) -> None:
    """Assert that nothing was reported, or nothing that matches.

    Args:
        reports: As for `assert_reported`.
        wanted: As for `assert_reported`; here, what must not be there.

    Raises:
        AssertionError: Something was; the message lists it.
    """
    __tracebackhide__ = True
    found = [report for report in _all(reports) if not differences(report, wanted)]
    if found:
        raise AssertionError(f"{number_of(len(found))}{matching(wanted)}, none expected:" + listed(numbered(found)))


def _all(reports: Iterable[Report]) -> list[Report]:
    return reports.peek() if isinstance(reports, Reports) else list(reports)


def _expect(reports: Iterable[Report], found: list[Report]) -> None:
    if isinstance(reports, Reports):
        reports.expect(*found)
