"""The project's own papers: versions, names, options and commands agree with the code."""

from __future__ import annotations

import configparser
import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import rollbar_logging
from rollbar_logging.settings import Settings

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text()


def test_versions_agree() -> None:
    """Project file, metadata, code and the newest entry of the changelog name the same version."""
    newest = re.search(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    written = re.search(r'^version = "(.+)"$', (TOP / "pyproject.toml").read_text(), re.MULTILINE)

    assert newest is not None
    assert written is not None
    assert {written[1], version("rollbar-logging"), rollbar_logging.VERSION, newest[1]} == {rollbar_logging.VERSION}


def test_public_names_are_few_sorted_and_there() -> None:
    """``__all__`` is sorted, short, and every name of it exists."""
    names = rollbar_logging.__all__

    assert len(names) <= 20
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), name))
    assert [name for name in names if not hasattr(rollbar_logging, name)] == []


def test_core_dependencies_are_three() -> None:
    """Without extras the package needs requests, structlog and cachetools."""
    core = {re.split(r"[<>=~! ]", line)[0] for line in requires("rollbar-logging") or [] if "extra ==" not in line}

    assert core == {"requests", "structlog", "cachetools"}


def test_every_option_is_in_the_readme() -> None:
    """The README's table has the options of the code in their order, each with its variable and its default."""
    rows = re.findall(r"^\| `(\w+)` \| `(ROLLBAR_\w+)` \| `(.*?)` \| .+ \|$", README, re.MULTILINE)
    defaults = {name: repr(default) for name, default in Settings._field_defaults.items()}
    defaults["platform"] = "sys.platform"

    assert rows == [(name, f"ROLLBAR_{name.upper()}", default) for name, default in defaults.items()]


@pytest.mark.parametrize("option", Settings._fields)
def test_every_option_is_read_from_its_variable(option: str) -> None:
    """The variable sets the option; a value that cannot be is an error that names the variable."""
    variable, value = f"ROLLBAR_{option.upper()}", "é" * 300
    try:
        settings = Settings.resolve({}, {variable: value})
    except rollbar_logging.SettingsError as error:
        assert f"{option} (environment variable {variable})" in str(error)  # noqa: PT017 - most options refuse it
    else:
        assert getattr(settings, option) in {value, (value,), str(Path(value).absolute())}


def test_a_tool_is_configured_in_one_file() -> None:
    """No tool has a section in more than one of pyproject.toml, setup.cfg and tox.ini."""
    toml = re.findall(r"^\[+tool\.(\w+)", (TOP / "pyproject.toml").read_text(), re.MULTILINE)
    files = [set(toml)]
    for name in ("setup.cfg", "tox.ini"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(TOP / name)
        files.append({re.split(r"[:-]", section.removeprefix("tool:"))[0] for section in parser.sections()})

    assert {"ruff", "pytest"} <= files[0]
    assert {"mypy", "coverage", "interrogate"} <= files[1]
    assert sum(map(len, files)) == len(set.union(*files))


def test_the_readme_begins_with_the_two_commands() -> None:
    """One line runs the demo and one the tests, before anything else is explained."""
    beginning = README.split("\n## ", 1)[0]

    assert re.search(r"<!-- command: demo -->\n```console\npython3 .*rollbar-logging demo\n```", beginning)
    assert re.search(r"<!-- command: tests -->\n```console\npython3 .*pytest\n```", beginning)


def test_tools_have_the_same_version_everywhere() -> None:
    """What pre-commit, tox and the extra ``dev`` pin of one tool is the same."""
    pinned = dict(re.findall(r'"(ruff|mypy)==([\d.]+)"', (TOP / "pyproject.toml").read_text()))
    hooks = re.search(r"ruff-pre-commit\n +rev: v([\d.]+)", (TOP / ".pre-commit-config.yaml").read_text())
    in_tox = re.search(r"ruff==([\d.]+)", (TOP / "tox.ini").read_text())

    assert hooks is not None
    assert in_tox is not None
    assert {hooks[1], in_tox[1]} == {pinned["ruff"]}
