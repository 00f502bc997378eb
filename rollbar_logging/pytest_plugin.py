"""The pytest plugin: fixtures ``rollbar`` and ``rollbar_server``, and tests that fail on unexpected reports.

pytest loads it in every suite of an environment that has this package, so it imports nothing that is not there already
before a test asks for it, and does nothing in other tests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rollbar_logging.testing import LocalRollbar, Reports

# ruff: noqa: PLC0415 - see above

_OPTION = "rollbar_fail_on_report"


class _Watch(contextlib.ExitStack):
    """A capture that goes on from before a test's fixtures until after them."""

    def __init__(self) -> None:
        from rollbar_logging.testing import capture_reports

        super().__init__()
        self.leave: set[str] = set()
        self.reports = self.enter_context(capture_reports(leave=self.leave))
        self._is_over = False

    @contextlib.contextmanager
    def unless_it_fails(self) -> Iterator[None]:
        """Leave a test alone that fails, or is skipped, for a reason of its own."""
        try:
            yield
        except BaseException:
            self._is_over = True
            raise

    def check(self) -> None:
        """Fail if something was reported that the test has not looked at; each report is told of once."""
        from rollbar_logging.testing.explaining import listed, numbered

        found = [] if self._is_over else self.reports.unexpected()
        if found:
            self.reports.expect(*found)
            pytest.fail("unexpected reports:" + listed(numbered(found)), pytrace=False)


_WATCH = pytest.StashKey[_Watch]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option."""
    parser.addini(
        _OPTION,
        "fail each test that reports something to Rollbar which it has not looked at",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    text = "fail if the test reports something to Rollbar which it has not looked at; over the ini option of that name"
    config.addinivalue_line("markers", f"{_OPTION}(fail=True): {text}")


@pytest.fixture
def rollbar(request: pytest.FixtureRequest) -> Iterator[Reports]:
    """What the test reports to Rollbar, in memory: nothing leaves the process."""
    from rollbar_logging.testing import capture_reports

    watch = request.node.stash.get(_WATCH, None)
    if watch is not None:
        yield watch.reports
        return
    leave = {request.getfixturevalue("rollbar_server").endpoint} if "rollbar_server" in request.fixturenames else ()
    with capture_reports(leave=leave) as reports:
        yield reports


@pytest.fixture
def rollbar_server(request: pytest.FixtureRequest) -> Iterator[LocalRollbar]:
    """A local server that speaks the Rollbar API, in memory, for what other processes report."""
    from rollbar_logging.testing import LocalRollbar

    with LocalRollbar() as server:
        watch = request.node.stash.get(_WATCH, None)
        if watch is not None:
            watch.leave.add(server.endpoint)
        yield server


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Begin to watch, before any fixture."""
    if not _is_to_fail(item):
        return (yield)
    item.stash[_WATCH] = watch = _Watch()
    with watch.unless_it_fails():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that passed, if it reported something unexpected."""
    watch = item.stash.get(_WATCH, None)
    if watch is None:
        return (yield)
    with watch.unless_it_fails():
        result = yield
    watch.check()
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """End to watch, after all fixtures; what these reported meanwhile is an error of theirs."""
    watch = item.stash.get(_WATCH, None)
    if watch is None:
        return (yield)
    del item.stash[_WATCH]
    with watch:
        result = yield
    watch.check()
    return result


def _is_to_fail(item: pytest.Item) -> bool:
    marker = item.get_closest_marker(_OPTION)
    if marker is None:
        return bool(item.config.getini(_OPTION))
    return bool(marker.kwargs.get("fail", marker.args[0] if marker.args else True))
