"""Figures in plain text: percentiles, tables, and goals beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple


class Goal(NamedTuple):
    """What ought to be.

    Attributes:
        name: What was measured.
        figure: What came out, with its unit.
        goal: What it ought to be.
        is_met: Whether it is.
    """

    name: str
    figure: str
    goal: str
    is_met: bool


class Table(NamedTuple):
    """Rows under a heading; the first column is text, the others are numbers or text."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Result(NamedTuple):
    """What a scene found.

    Attributes:
        figures: For the JSON.
        tables: For the reader.
        goals: For both.
    """

    figures: dict[str, Any]
    tables: list[Table]
    goals: list[Goal]


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least *share* (0 to 1) of all samples do not exceed; 0 without samples."""
    if not samples:
        return 0.0
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def spread(nanoseconds: Sequence[int]) -> dict[str, float]:
    """Return the median, tails and number of samples; times in microseconds."""
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    found = {name: round(percentile(nanoseconds, share) / 1000, 1) for name, share in shares.items()}
    return {**found, "samples": len(nanoseconds)}


def times(figure: float, base: float) -> str:
    """Return how many times *base* a figure is."""
    return f"{figure / base:.2f}x" if base else "-"


def number(figure: float) -> str:
    """Return a figure with about three digits that matter."""
    if figure >= 100 or figure == 0:  # noqa: PLR2004 - three digits before the point
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"  # noqa: PLR2004 - two digits before the point


def text_of(table: Table) -> str:
    """Align a table's columns."""
    lines = [table.head, *table.rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    sides = ["<", *[">"] * (len(widths) - 1)]
    shown = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, shown[0], "-" * len(shown[0]), *shown[1:], ""])


def goals_text(goals: Sequence[Goal]) -> str:
    """Put goals beside the figures."""
    rows = [(goal.name, goal.figure, goal.goal, "ok" if goal.is_met else "missed") for goal in goals]
    return text_of(Table("Goals", ("what", "measured", "goal", ""), rows)) if rows else ""
