"""What becomes of the standard library's objects."""

from __future__ import annotations

import argparse
import asyncio
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib.util
import ipaddress
import itertools
import os
import pathlib
import re
import types
import uuid
from array import array
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest

from rollbar_logging.capture.type_names import type_name
from tests.capture.material import describe

HERE = __name__


class Asked:
    """An object that counts how often somebody wants to know what it is."""

    count = 0

    def __repr__(self) -> str:
        self.count += 1
        return "<asked>"


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: Any


class Color(enum.Enum):
    """An enumeration."""

    RED = "red"


class Level(enum.IntEnum):
    """An enumeration of numbers."""

    LOW = 1


class Permission(enum.Flag):
    """An enumeration of flags."""

    READ = 1
    WRITE = 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.timezone.utc), "2024-05-06 07:08:09+00:00"),
        (dt.date(2024, 5, 6), "2024-05-06"),
        (dt.time(7, 8), "07:08:00"),
        (dt.timedelta(seconds=3), "datetime.timedelta(seconds=3)"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Path("/srv/app"), "/srv/app"),
        (pathlib.PureWindowsPath("C:/app"), "C:\\app"),
        (decimal.Decimal("1.50"), "1.50"),
        (fractions.Fraction(1, 3), "1/3"),
        (ipaddress.ip_address("127.0.0.1"), "127.0.0.1"),
        (ipaddress.ip_network("10.0.0.0/8"), "IPv4Network('10.0.0.0/8')"),
        (1 + 2j, "(1+2j)"),
        (range(3), "range(0, 3)"),
        (re.compile("a+"), "re.compile('a+')"),
        (..., "Ellipsis"),
        (Color.RED, "Color.RED"),
        (Level.LOW, "Level.LOW"),
        (Permission.READ, "Permission.READ"),
        (int, "<class int>"),
        (Point, f"<class {HERE}.Point>"),
        (Color, f"<class {HERE}.Color>"),
        (len, "<function builtins.len>"),
        ([].append, "<function builtins.list.append>"),
        (describe, f"<function {describe.__module__}.describe>"),
        (Asked().__repr__, f"<function {HERE}.Asked.__repr__>"),
        (os, "<module os>"),
        (ValueError("x", 1), "ValueError('x', 1)"),
        (object(), "<object>"),
        (Point(1, [2]), {"<class>": f"{HERE}.Point", "x": 1, "y": [2]}),
    ],
)
def test_everyday_objects_are_told_briefly(value: Any, text: Any) -> None:
    """What the standard library has is shown as people write it."""
    assert describe(value) == text


def test_flags_together_name_each_other() -> None:
    """Several flags of one enumeration are all named."""
    assert "READ" in describe(Permission.READ | Permission.WRITE)
    assert "WRITE" in describe(Permission.READ | Permission.WRITE)


def test_a_subclass_with_a_text_of_its_own_is_asked_for_its_repr() -> None:
    """Only the exact types of the standard library are known by their text."""

    class Date(dt.date):
        def __str__(self) -> str:
            raise AssertionError

        def __repr__(self) -> str:
            return "Date!"

    assert describe(Date(2024, 5, 6)) == "Date!"


@pytest.mark.parametrize(
    ("hold", "shown"),
    [
        (lambda value: types.SimpleNamespace(a=value), {"<class>": "types.SimpleNamespace", "a": "<asked>"}),
        (lambda value: argparse.Namespace(a=value), {"<class>": "argparse.Namespace", "a": "<asked>"}),
        (lambda value: collections.UserDict(a=value), {"<class>": "collections.UserDict", "data": {"a": "<asked>"}}),
        (lambda value: collections.UserList([value]), {"<class>": "collections.UserList", "data": ["<asked>"]}),
        (
            lambda value: collections.ChainMap({1: value}),
            {"<class>": "collections.ChainMap", "maps": [{"1": "<asked>"}]},
        ),
        (lambda value: types.MappingProxyType({"a": value}), {"a": "<asked>"}),
        (lambda value: {"a": value}.values(), ["<asked>"]),
        (lambda value: {"a": value}.items(), [["a", "<asked>"]]),
        (lambda value: {value: 1}.keys(), ["<asked>"]),
        (lambda value: collections.OrderedDict(a=value).values(), ["<asked>"]),
        (
            lambda value: functools.partial(len, value, key=1),
            {
                "<class>": "functools.partial",
                "func": "<function builtins.len>",
                "args": ["<asked>"],
                "keywords": {"key": 1},
            },
        ),
    ],
)
def test_containers_of_the_standard_library_are_read_entry_by_entry(hold: Any, shown: Any) -> None:
    """No container's repr is used, since it would ask everything within: of each entry what it may be asked."""
    asked = Asked()

    assert describe(hold(asked)) == shown
    assert asked.count == 1
    assert describe([hold(Asked())], max_depth=1)[0].startswith("<")


def test_an_array_keeps_its_first_numbers() -> None:
    """A million numbers are not written out."""
    assert describe(array("i", range(1_000_000)), max_items=2) == [0, 1, "… [+999998 items]"]


def test_iterators_are_not_consumed() -> None:
    """What can be iterated over once is left for the application."""
    numbers, squares = iter([1, 2, 3]), (n * n for n in [1, 2, 3])
    describe([numbers, squares, zip([1], [2], strict=True), map(str, [1]), itertools.count()])

    assert (list(numbers), list(squares)) == ([1, 2, 3], [1, 4, 9])


def test_a_future_does_not_show_its_result() -> None:
    """Whether a task is done is told; what it gave may be lazy, and its repr would ask."""
    asked = Asked()

    async def give() -> Asked:
        return asked

    async def main() -> tuple[Any, Any]:
        task = asyncio.create_task(give(), name="giving")
        before = describe(task)
        await task
        return before, describe(task)

    before, after = asyncio.run(main())

    assert "giving" in before
    assert (after, asked.count) == ("<_asyncio.Task, done>", 0)


def test_a_lazy_module_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module whose import waits for its first use goes on waiting."""
    (tmp_path / "lazily_loaded.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = importlib.util.find_spec("lazily_loaded")
    assert spec is not None
    assert spec.loader is not None
    loader = spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)

    assert describe(module) == "<module lazily_loaded>"
    assert "LOADED" not in object.__getattribute__(module, "__dict__")


def test_odd_names_of_functions_and_modules_do_no_harm() -> None:
    """A function or a module whose name is no text is still told."""

    def function() -> None:
        """Do nothing."""

    function.__module__ = Asked()  # type: ignore[assignment]
    module = types.ModuleType("odd")
    module.__name__ = Asked()  # type: ignore[assignment]

    assert describe(function).startswith("<function builtins.test_odd_names")
    assert describe(module) == "<module ?>"
    nameless = describe([types.MethodType(Mock(), 1)])
    assert nameless == ["<function unittest.mock.?>"]


def test_an_exception_is_written_from_its_arguments() -> None:
    """An exception among the values shows its arguments and runs no code of its own."""

    class LoudError(Exception):
        def __repr__(self) -> str:
            raise AssertionError

        __str__ = __repr__

    assert describe(LoudError("a", [1])) == f"{type_name(LoudError)}('a', '<list of 1>')"
    assert describe([[LoudError("a")]], max_depth=3) == [[f"{type_name(LoudError)}('a')"]]
    assert describe([[LoudError("a")]], max_depth=2) == [[f"{type_name(LoudError)}(<tuple of 1>)"]]
    assert describe(KeyError()) == "KeyError()"
    itself = ValueError()
    itself.args = (itself,)
    assert describe(itself).startswith("ValueError(")
