"""Logging's numbers and Rollbar's names."""

from __future__ import annotations

import enum
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.levels import LEVELS, level_of, parse_level


@pytest.mark.parametrize(
    ("levelno", "level"),
    [
        (logging.NOTSET, "debug"),
        (5, "debug"),
        (logging.DEBUG, "debug"),
        (15, "debug"),
        (16, "info"),
        (logging.INFO, "info"),
        (25, "info"),
        (logging.WARNING, "warning"),
        (35, "warning"),
        (logging.ERROR, "error"),
        (45, "error"),
        (46, "critical"),
        (logging.CRITICAL, "critical"),
        (1000, "critical"),
        (-1, "debug"),
    ],
)
def test_a_number_becomes_the_nearest_level(levelno: int, level: str) -> None:
    """Halfway between two levels the milder one is taken; beyond the ends, the last."""
    assert level_of(levelno) == level


@given(st.integers(), st.integers())
def test_levels_are_in_order(one: int, other: int) -> None:
    """A higher number never becomes a milder level, and every number becomes one of the five."""
    low, high = sorted((one, other))

    assert LEVELS[level_of(low)] <= LEVELS[level_of(high)]


@given(st.integers(0, 60))
def test_no_level_is_nearer(levelno: int) -> None:
    """Of all levels none is nearer than the one that is taken."""
    taken = abs(LEVELS[level_of(levelno)] - levelno)

    assert taken == min(abs(number - levelno) for number in LEVELS.values())


def test_renaming_a_level_changes_nothing() -> None:
    """Numbers decide, whatever `logging` calls them."""
    before = logging.getLevelName(logging.ERROR)
    logging.addLevelName(logging.ERROR, "FEHLER")
    try:
        assert level_of(logging.ERROR) == "error"
    finally:
        logging.addLevelName(logging.ERROR, before)


class Severity(enum.IntEnum):
    """Levels as an enumeration."""

    WARNING = 30


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("error", "error"),
        (" Error ", "error"),
        ("WARN", "warning"),
        ("fatal", "critical"),
        (logging.INFO, "info"),
        (Severity.WARNING, "warning"),
        (True, None),
        ("notice", None),
        ("", None),
        ("40", None),
        (40.0, None),
        (None, None),
        (["error"], None),
    ],
)
def test_a_level_is_read_from_a_name_or_a_number(value: Any, level: str | None) -> None:
    """Names in any case and numbers are levels; all else is none."""
    assert parse_level(value) == level


@pytest.mark.parametrize("name", LEVELS)
def test_every_name_is_its_own_level(name: str) -> None:
    """Rollbar's names and numbers are the same scale as those of `logging`."""
    assert parse_level(name) == name
    assert level_of(LEVELS[name]) == name
    assert logging.getLevelName(name.upper()) == LEVELS[name]
