"""The project's own papers: versions, names, options and commands agree with the code."""

from __future__ import annotations

import configparser
import re
from importlib.metadata import requires, version
from pathlib import Path

import rollbar_logging
from rollbar_logging.settings import Settings

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text()


def test_versions_agree() -> None:
    """Metadata, code and the newest entry of the changelog name the same version."""
    newest = re.search(r"^## \[(.+?)\]", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest is not None
    assert version("rollbar-logging") == rollbar_logging.VERSION == newest[1]


def test_public_names_are_few_sorted_and_there() -> None:
    """``__all__`` is sorted, short, and every name of it exists."""
    names = rollbar_logging.__all__

    assert len(names) <= 20
    assert sorted(names) == sorted(set(names))
    assert all(hasattr(rollbar_logging, name) for name in names)


def test_core_dependencies_are_three() -> None:
    """Without extras the package needs requests, structlog and cachetools."""
    core = {re.split(r"[<>=~! ]", line)[0] for line in requires("rollbar-logging") or [] if "extra ==" not in line}

    assert core == {"requests", "structlog", "cachetools"}


def test_every_option_is_in_the_readme_with_its_default() -> None:
    """The README's table has the options of the code, and their defaults."""
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", README, re.MULTILINE))

    assert set(rows) == set(Settings._fields)
    del rows["platform"]
    assert rows == {name: repr(Settings._field_defaults[name]) for name in rows}


def test_a_setting_of_a_tool_has_one_place() -> None:
    """No tool is configured both in setup.cfg or tox.ini and in pyproject.toml."""
    parsers = [configparser.ConfigParser(interpolation=None) for _ in range(2)]
    for parser, name in zip(parsers, ("setup.cfg", "tox.ini"), strict=True):
        parser.read(TOP / name)
    in_ini = {section.split(":")[0] for parser in parsers for section in parser.sections()} | {"interrogate"}
    in_toml = set(re.findall(r"^\[tool\.(\w+)", (TOP / "pyproject.toml").read_text(), re.MULTILINE))

    assert not in_ini & in_toml


def test_the_readme_begins_with_the_two_commands() -> None:
    """One line runs the demo and one the tests, before anything else is explained."""
    beginning = README.split("\n## ", 1)[0]

    assert re.search(r"<!-- command: demo -->\n```console\npython3 .*rollbar-logging demo\n```", beginning)
    assert re.search(r"<!-- command: tests -->\n```console\npython3 .*pytest\n```", beginning)
