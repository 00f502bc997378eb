"""The documentation: what it says of options, reasons, commands and secrets is what the code does."""

from __future__ import annotations

import argparse
import getpass
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rollbar_logging
from rollbar_logging import server, testing
from rollbar_logging.capture.record import _UNDERSTOOD
from rollbar_logging.cli import _parser
from rollbar_logging.delivery.stats import Stats
from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from rollbar_logging.settings import Settings

TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / f"{name}.md").read_text()


def table(text: str, heading: str) -> list[tuple[str, ...]]:
    """The rows of the table under these column headings, each cell without the backquotes around it."""
    header = "| " + heading + " |"
    assert text.count(header) == 1, heading
    lines = text.split(header)[1].split("\n")[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")))
    return rows


def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands' parsers by name."""
    for action in _parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


def test_every_reason_is_explained() -> None:
    """The page on delivery has the reasons that `Stats` names, no more and no fewer."""
    told = (Stats.__doc__ or "").split("dropped:")[1].split("spooled:")[0]

    described = [reason for reason, _ in table(page("delivery"), "reason | meaning")]

    assert sorted(described) == sorted(re.findall(r"``(\w[^`]*)``", told))


def test_every_command_and_option_is_described() -> None:
    """The page on the command line has each command's options with their defaults, no more and no fewer."""
    sections = dict(re.findall(r"^## `([\w-]+)`\n(.*?)(?=^## |\Z)", page("commands"), re.MULTILINE | re.DOTALL))

    assert set(sections) == set(commands())
    (shared_section,) = re.findall(r"^## Over the API\n(.*?)(?=^## )", page("commands"), re.MULTILINE | re.DOTALL)
    shared = {option for option, _ in table(shared_section, "option | meaning")}
    assert shared == {"--token-file", "--endpoint", "--project-id"}
    for name, parser in commands().items():
        described = {option: default for option, default, _ in tables_of(sections[name])}
        defaults: dict[str, set[str]] = {}
        for action in options_of(parser):
            if action.option_strings[0] not in shared:
                defaults.setdefault(action.option_strings[0], set()).add(_default(action.default))
        assert described.keys() == defaults.keys(), name
        assert all(default in defaults[option] for option, default in described.items()), name


def tables_of(section: str) -> list[tuple[str, ...]]:
    """The table of a command's options; a command may have none."""
    heading = "option | default | meaning"
    return table(section, heading) if heading in section else []


def options_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """A command's options, and those of the actions below it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from options_of(below)
        elif action.dest != "help" and action.option_strings:
            yield action


def _default(value: object) -> str:
    if value == getpass.getuser():
        return "you"
    if isinstance(value, tuple):
        return "/".join(f"{number:g}" if number < 1000 else str(int(number)) for number in value)
    return "" if value is None or value is False else str(value)


def test_every_key_of_extra_is_described() -> None:
    """Quickstart and README name the keys of ``extra`` that have a meaning, and only those."""
    for text in (page("quickstart"), (TOP / "README.md").read_text()):
        cells = text.split("| --- | --- |\n| `rollbar_person`")[1].split("\n\n")[0]
        keys = {"rollbar_person", *re.findall(r"`(\w+)`(?=[^|\n]*\|[^|\n]*\|$)", cells, re.MULTILINE)}

        assert keys == set(_UNDERSTOOD)


@pytest.mark.parametrize(("secret", "harmless"), table(page("scrubbing"), "secret | not secret"))
def test_names_that_are_called_secret_are(secret: str, harmless: str) -> None:
    """A value goes or stays by its name as the page says."""
    clean, count = Scrubber().scrub({"custom": {secret: "a value", harmless: "a value"}})

    assert (clean["custom"], count) == ({secret: SCRUBBED, harmless: "a value"}, 1)


@pytest.mark.parametrize(("text", "becomes"), table(page("scrubbing"), "text | becomes"))
def test_texts_become_what_is_said(text: str, becomes: str) -> None:
    """A text becomes what the page says, in a message and in a value alike."""
    data = {"body": {"message": {"body": text}}, "custom": {"text": text}}

    clean, _ = Scrubber().scrub(data)

    assert (clean["body"]["message"]["body"], clean["custom"]["text"]) == (becomes, becomes)


def test_the_server_of_the_readme_runs_in_a_test() -> None:
    """The README's example of a server in a test runs as it stands; of its Python, nothing is without a name."""
    text = (TOP / "README.md").read_text()
    snippets = dict(re.findall(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```", text, re.DOTALL))
    assert text.count("```python") == len(snippets)

    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", "-W", "error", "-c", snippets["server"]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_an_added_name_is_a_secret_in_any_style() -> None:
    """`scrub_fields` takes names in any style, as the page's example has it."""
    assert 'scrub_fields=["insurance no"]' in page("scrubbing")
    values: dict[str, Any] = {"insuranceNo": "a", "INSURANCE_NO": True, "insurance": "b"}

    assert Scrubber(fields=["insurance no"]).scrub({"custom": values})[0]["custom"] == {
        "insuranceNo": SCRUBBED,
        "INSURANCE_NO": SCRUBBED,
        "insurance": "b",
    }


def test_options_are_read_from_the_environment_as_described() -> None:
    """The examples of values in environment variables are understood."""
    text = page("options")
    assert "`myapp.errors.Busy=warning,KeyboardInterrupt=ignored`" in text

    for yes, no in (("true", "false"), ("1", "0"), ("yes", "no"), ("on", "off"), ("TRUE", "Off")):
        assert f"`{yes.lower()}`" in text
        assert f"`{no.lower()}`" in text
        assert Settings.resolve({}, {"ROLLBAR_SEND_ARGV": yes}).send_argv
        assert not Settings.resolve({}, {"ROLLBAR_CAPTURE_LOCALS": no}).capture_locals
    variables = {"ROLLBAR_EXCEPTION_LEVELS": "myapp.errors.Busy=warning,KeyboardInterrupt=ignored"}
    assert Settings.resolve({}, variables).exception_levels == {
        "myapp.errors.Busy": "warning",
        "KeyboardInterrupt": "ignored",
    }


def test_the_api_pages_have_every_public_name() -> None:
    """Each name of the package, of the server's package and of that for tests is documented."""
    for module, text in ((rollbar_logging, page("api")), (server, page("server")), (testing, page("testing"))):
        documented = set(re.findall(rf"auto\w+:: {re.escape(module.__name__)}\.(\w+)$", text, re.MULTILINE))

        assert documented >= {name for name in module.__all__ if name != "VERSION"}


@pytest.mark.parametrize("path", [*PAGES, TOP / "README.md", TOP / "CHANGELOG.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """A relative link names a file or folder of the checkout, and an included file is there."""
    text = path.read_text()
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) + re.findall(r"include\} (\S+)", text)

    assert [target for target in targets if not (path.parent / target).exists()] == []
