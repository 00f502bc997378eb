"""The pytest plugin, in suites of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.testing.test_documented import ALONE, NESTED

pytest_plugins = ["pytester"]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own pytest is not to start others' plugins, which takes seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_it_is_registered() -> None:
    """The installed package has the entry point by which pytest finds it."""
    (found,) = entry_points(group="pytest11", name="rollbar_logging")

    assert found.value == "rollbar_logging.pytest_plugin"


def test_importing_it_is_cheap() -> None:
    """To a suite that uses none of it, it costs the package's bare import, and no thread."""
    program = (
        "import sys, pytest, threading\n"
        "before = set(sys.modules)\n"
        "import rollbar_logging.pytest_plugin\n"
        "heavy = {'requests', 'structlog', 'sqlite3', 'asyncio', 'starlette', 'json', 'rollbar_logging.testing'}\n"
        "print(sorted(heavy & (sys.modules.keys() - before)), threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[] 1"


def test_a_suite_that_does_not_use_it_is_left_alone(pytester: pytest.Pytester, alone: None) -> None:
    """No test of it is touched: the handler is as it was, and nothing more is imported."""
    pytester.makeconftest("""
        import sys
        def pytest_sessionfinish():
            print("imported:", sorted(name for name in sys.modules if name.startswith("rollbar_logging.testing")))
    """)
    pytester.makepyfile("""
        import logging
        from rollbar_logging import RollbarHandler
        emit = RollbarHandler.emit
        def test_it(request):
            logging.getLogger("shop").error("boom")
            assert RollbarHandler.emit is emit
            assert not [h for h in logging.getLogger().handlers if "rollbar" in type(h).__module__]
            assert "rollbar" not in request.fixturenames
    """)

    result = pytester.runpytest_subprocess(*ALONE, "-s", "-W", "error", "--strict-markers", "--strict-config")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*imported: []"])


def test_each_test_has_its_own_reports(pytester: pytest.Pytester) -> None:
    """The fixture begins with nothing in each test, and passes into fixtures and classes of `unittest`."""
    pytester.makepyfile("""
        import logging, unittest
        import pytest
        from rollbar_logging.testing import assert_nothing_reported, assert_reported
        @pytest.fixture
        def failing(rollbar):
            logging.error("in a fixture")
            yield
            assert len(rollbar) == 2
        @pytest.mark.parametrize("number", range(3))
        def test_each(rollbar, number):
            assert rollbar == []
            logging.error("number %d", number)
            assert [report.message for report in rollbar] == [f"number {number}"]
            rollbar.clear()
            assert_nothing_reported(rollbar)
        def test_with_a_fixture(failing, rollbar):
            logging.error("in a test")
            assert_reported(rollbar, message="in a fixture", count=1)
        class TestOld(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _take(self, rollbar):
                self.rollbar = rollbar
            def test_it(self):
                logging.error("old")
                assert self.rollbar[0].message == "old"
    """)

    pytester.runpytest_inprocess(*NESTED).assert_outcomes(passed=5)


def test_a_failing_assertion_shows_no_insides(pytester: pytest.Pytester) -> None:
    """A failure is shown at the line of the test, with the reasons and not the code that found them."""
    pytester.makepyfile("""
        import logging
        from rollbar_logging.testing import assert_nothing_reported, assert_reported
        def test_one(rollbar):
            logging.error("boom")
            assert_reported(rollbar, message="bang")
        def test_two(rollbar):
            logging.error("boom")
            assert_nothing_reported(rollbar)
        def test_three(rollbar):
            rollbar.wait_for(timeout=0.01)
    """)

    result = pytester.runpytest_inprocess(*NESTED)

    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: no report matching message='bang'",
            "E       nearest is #0 error 'boom' (test_a_failing_assertion_shows_no_insides.py:4 in test_one):",
            "E         message: 'boom' is not 'bang'",
            "*insides.py:5: AssertionError",
            "E       AssertionError: 1 report, none expected:",
            "*insides.py:8: AssertionError",
            "E       AssertionError: after 0.01 s, nothing was reported, 1 expected",
        ]
    )
    result.stdout.no_fnmatch_line("*rollbar_logging/testing*")


EXPECTING = """
    import logging
    import pytest
    from rollbar_logging.testing import assert_nothing_reported, assert_reported

    def test_quiet():
        logging.warning("not reported")

    def test_loud():
        logging.error("boom")

    def test_loud_and_looking(rollbar):
        logging.error("boom")
        assert len(rollbar) == 1
        assert_nothing_reported(rollbar, level="critical")

    def test_expecting_one_of_two(rollbar):
        logging.error("expected")
        logging.error("not expected")
        assert_reported(rollbar, message="expected")

    def test_by_assertion(rollbar):
        logging.error("boom")
        assert_reported(rollbar, message="boom")

    def test_by_index(rollbar):
        logging.error("boom")
        assert rollbar[0].message == "boom"

    def test_by_iterating(rollbar):
        logging.error("boom")
        assert {report.level for report in rollbar} == {"error"}

    def test_cleared(rollbar):
        logging.error("boom")
        rollbar.clear()

    @pytest.mark.rollbar_fail_on_report(False)
    def test_let_off():
        logging.error("boom")

    def test_skipped():
        logging.error("boom")
        pytest.skip("enough")

    def test_failing_anyway():
        logging.error("boom")
        assert False, "its own reason"
"""


def test_failing_on_unexpected_reports(pytester: pytest.Pytester) -> None:
    """With the ini option, tests fail that report what they have not looked at, and those only."""
    pytester.makeini("[pytest]\nrollbar_fail_on_report = true")
    pytester.makepyfile(EXPECTING)

    result = pytester.runpytest_inprocess(*NESTED, "--strict-markers", "-rA")

    result.assert_outcomes(passed=6, failed=4, skipped=1)
    failed = {line.split("::")[1].split(" ")[0] for line in result.outlines if line.startswith("FAILED")}
    assert failed == {"test_loud", "test_loud_and_looking", "test_expecting_one_of_two", "test_failing_anyway"}
    result.stdout.fnmatch_lines_random(
        [
            "unexpected reports:",
            "  #0 error 'boom' (*.py:9 in test_loud)",
            "  #0 error 'not expected' (*.py:18 in test_expecting_one_of_two)",
            "E       AssertionError: its own reason",
        ]
    )
    result.stdout.no_fnmatch_line("*error 'expected'*")


def test_without_the_option_nothing_fails(pytester: pytest.Pytester) -> None:
    """Only the test that fails anyway does."""
    pytester.makepyfile(EXPECTING)

    pytester.runpytest_inprocess(*NESTED).assert_outcomes(passed=9, failed=1, skipped=1)


def test_fixtures_are_watched_as_well(pytester: pytest.Pytester) -> None:
    """A report of a fixture counts: before the test it fails that, after it it is an error of the end."""
    pytester.makepyfile("""
        import logging
        import pytest
        pytestmark = pytest.mark.rollbar_fail_on_report
        @pytest.fixture
        def early():
            logging.error("early")
        @pytest.fixture
        def late():
            yield
            logging.error("late")
        def test_early(early): pass
        def test_late(late): pass
        def test_neither(): pass
    """)

    result = pytester.runpytest_inprocess(*NESTED)

    result.assert_outcomes(failed=1, passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_late*", "  #0 error 'late' (*in late)"])
    result.stdout.fnmatch_lines(["*test_early*", "  #0 error 'early' (*in early)"])


def test_server_and_capture_together(pytester: pytest.Pytester, alone: None) -> None:
    """In whatever order the fixtures come, and watched or not: what goes to the server goes to the server."""
    pytester.makepyfile("""
        import logging
        import pytest
        from rollbar_logging.testing import assert_reported
        def check(rollbar_server, rollbar):
            logger = logging.getLogger("shop")
            logger.addHandler(rollbar_server.handler())
            logger.error("over HTTP")
            logger.handlers.clear()
            logging.error("in memory")
            assert_reported(rollbar_server.reports, message="over HTTP", count=1)
            assert_reported(rollbar, message="in memory")
            assert len(rollbar) == 1
        def test_one(rollbar, rollbar_server): check(rollbar_server, rollbar)
        @pytest.mark.rollbar_fail_on_report
        def test_two(rollbar_server, rollbar): check(rollbar_server, rollbar)
    """)

    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=2)


def test_it_is_described(pytester: pytest.Pytester) -> None:
    """Fixtures, marker and ini option are in pytest's own lists; and all is gone if the plugin is switched off."""
    told = [pytester.runpytest_inprocess(f"--{what}").stdout.str() for what in ("fixtures", "markers", "help")]

    assert "What the test reports to Rollbar, in memory: nothing leaves the process." in told[0]
    assert "A local server that speaks the Rollbar API, in memory, for what other processes report." in told[0]
    assert "@pytest.mark.rollbar_fail_on_report(fail=True): fail if" in told[1]
    assert "rollbar_fail_on_report (bool):" in told[2]

    pytester.makepyfile("def test_it(rollbar): pass")
    pytester.runpytest_inprocess("-p", "no:rollbar_logging").assert_outcomes(errors=1)
