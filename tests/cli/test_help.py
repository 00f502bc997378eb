"""What ``--help`` says of each command."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbar_logging.cli import _parser

DOCS = (Path(__file__).parent.parent.parent / "docs" / "commands.md").read_text(encoding="utf-8")


def _commands(parser: argparse.ArgumentParser, *words: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    subs = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if words:
        yield " ".join(words), parser
    for action in subs:
        for name, sub in action.choices.items():
            yield from _commands(sub, *words, name)


COMMANDS = dict(_commands(_parser()))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_examples_that_it_understands(name: str) -> None:
    """Lines to copy, in its help; what a shell would do with their ends is its own."""
    text = COMMANDS[name].format_help()
    lines = re.findall(r"^  rollbar-logging (.*?)(?: [|<>] .*)?$", text, re.MULTILINE)

    assert any(line.split()[0] == name.split(maxsplit=1)[0] for line in lines), text
    for line in lines:
        assert hasattr(_parser().parse_args(shlex.split(line)), "run")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_documentation_names_each_option(name: str) -> None:
    """And the page has a section for each command."""
    (section,) = re.findall(rf"^## `{name.split(maxsplit=1)[0]}`$(.*?)(?=^## |\Z)", DOCS, re.DOTALL | re.MULTILINE)
    shared = re.findall(r"^## Over the API$(.*?)(?=^## |\Z)", DOCS, re.DOTALL | re.MULTILINE)[0]
    options = {word for action in COMMANDS[name]._actions for word in action.option_strings}

    assert {word for word in options - {"-h", "--help"} if f"`{word}`" not in section + shared} == set()
