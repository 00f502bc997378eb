"""The page on testing: its examples pass, or fail with the words that it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rollbar_logging.testing.matching import FIELDS

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parent.parent.parent / "docs" / "testing.md").read_text()
PASSING = dict(re.findall(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
FAILING = dict(re.findall(r"<!-- failing: (\w+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
OUTPUTS = dict(re.findall(r"<!-- output: (\w+) -->\n```text\n(.*?)```", PAGE, re.DOTALL))
NESTED = ("-p", "no:randomly", "-p", "no:cacheprovider")
"""For a suite within this one."""

ALONE = ("-p", "rollbar_logging.pytest_plugin", "-p", "no:cacheprovider")
"""For a suite in a process of its own, without the plugins of this one."""


def test_every_example_is_run() -> None:
    """There is no Python on the page without a name, and no output without its example."""
    assert PAGE.count("```python") == len(PASSING) + len(FAILING)
    assert OUTPUTS.keys() == FAILING.keys()


def test_the_examples_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """All examples pass in one suite."""
    for name, text in PASSING.items():
        pytester.makepyfile(**{f"test_{name}": text})

    # In a process of its own: the server's libraries do not bear to be imported and forgotten again.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others' plugins take seconds to start
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=len(PASSING))


@pytest.mark.parametrize("name", FAILING)
def test_failures_are_explained_as_shown(pytester: pytest.Pytester, name: str) -> None:
    """What fails does so with the very words of the page."""
    pytester.makepyfile(**{f"test_{name}": FAILING[name]})

    result = pytester.runpytest_inprocess(*NESTED)

    result.assert_outcomes(failed=1)
    lines = [re.sub(r"^E +AssertionError: |^E {7}", "", line) for line in result.outlines]
    assert OUTPUTS[name] in "\n".join(lines) + "\n"


def test_the_ini_option_is_as_shown(pytester: pytest.Pytester) -> None:
    """With the setting of the page the test without a marker fails too."""
    (ini,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    pytester.makefile(".ini", pytest=ini)
    pytester.makepyfile(FAILING["unexpected"].replace("@pytest.mark.rollbar_fail_on_report\n", ""))

    pytester.runpytest_inprocess(*NESTED).assert_outcomes(failed=1)


def test_every_name_of_a_report_is_described() -> None:
    """The page names what a test may ask of a report, no more and no less."""
    (text,) = re.findall(r"none of a report's own \((.*?)\)", PAGE, re.DOTALL)

    assert sorted([*re.findall(r"`(\w+)`", text), "custom"]) == sorted(FIELDS)
