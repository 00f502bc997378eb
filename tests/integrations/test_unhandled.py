"""What escapes a request: which of it is a failure, and how severe."""

from __future__ import annotations

import asyncio
import builtins
from typing import Any

import pytest

from rollbar_logging.integrations.reporting import handlers
from rollbar_logging.integrations.unhandled import report_unhandled
from rollbar_logging.testing import Reports

Gone = type("ClientDisconnect", (Exception,), {})  # as Starlette's


def group(*members: BaseException) -> BaseException:
    """A group; for Python 3.10 of the package that asyncio's like take it from."""
    cls: Any = getattr(builtins, "BaseExceptionGroup", None)
    if cls is None:
        cls = pytest.importorskip("exceptiongroup").BaseExceptionGroup
    made: BaseException = cls("of tasks", members)
    return made


def level_of(reports: Reports, error: BaseException) -> str | None:
    """The level of the report of what escapes a request; ``None`` for none."""
    for handler in handlers():
        handler.setLevel("WARNING")
    report_unhandled(error, "it escaped", logger="asgi", since=0.0, request=None)
    found = [report.level for report in reports]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("members", "level"),
    [
        ((asyncio.CancelledError(), KeyboardInterrupt()), None),
        ((asyncio.CancelledError(), Gone()), "warning"),
        ((Gone(), LookupError(), asyncio.CancelledError()), "error"),
    ],
)
def test_a_group_is_what_its_members_are(
    reports: Reports, members: tuple[BaseException, ...], level: str | None
) -> None:
    """Also one within another, as a group of tasks makes of what its tasks have raised."""
    first, *others = members
    assert level_of(reports, group(first, group(*others))) == level


@pytest.mark.parametrize(
    ("error", "level"), [(SystemExit(), None), (GeneratorExit(), None), (Gone(), "warning"), (LookupError(), "error")]
)
def test_an_exception_alone_is_told_by_its_kind(reports: Reports, error: BaseException, level: str | None) -> None:
    """What ends a request is no failure."""
    assert level_of(reports, error) == level
