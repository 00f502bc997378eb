"""What commands print: tables for people, JSON lines for programs."""

# ruff: noqa: PLC0415 - rich is slow to import, and an extra
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TypeVar

from rollbar_logging.cli.arguments import whole_number

_Thing = TypeVar("_Thing")

_GAP = "  "


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def add_limit(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--limit``."""
    parser.add_argument(
        "--limit",
        type=whole_number(0, 1_000_000_000),
        default=default,
        metavar="N",
        help="at most so many, 0 for all (%(default)s)",
    )


def limited(found: Iterable[_Thing], args: argparse.Namespace) -> Iterable[_Thing]:
    """Return what ``--limit`` lets through."""
    return islice(found, args.limit) if args.limit else found


def print_json(value: Mapping[str, Any]) -> None:
    """Print an object as one line of ASCII, at once."""
    print(json.dumps(dict(value)), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows below their columns' names: with `rich` on a terminal, else aligned by spaces."""
    shown = [[shown_cell(cell) for cell in row] for row in rows]
    if not (sys.stdout.isatty() and _print_rich(columns, shown)):
        _print_plain(columns, shown)


def shown_cell(cell: Any) -> str:
    """Return a cell's text on one line, without signs that a terminal would obey."""
    if cell is None:
        return "-"
    if isinstance(cell, datetime):
        return cell.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    text = json.dumps(cell, default=str) if isinstance(cell, (dict, list)) else str(cell)
    return "".join(sign if sign.isprintable() else " " for sign in text)


def shown_text(text: str) -> str:
    """Return a text of several lines without signs that a terminal would obey."""
    return "\n".join(shown_cell(line) for line in text.splitlines())


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ModuleNotFoundError:
        return False
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
    return True


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        print(_GAP.join(cells).rstrip())


class Progress(AbstractContextManager["Progress"]):
    """Tells on a terminal how far a long work is; elsewhere it is silent. Never on standard output."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: Any = nullcontext()
        self._task: Any = None
        if sys.stderr.isatty():
            try:
                from rich.console import Console
                from rich.progress import Progress as Bar
                from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
            except ModuleNotFoundError:
                return
            columns = (SpinnerColumn(), TextColumn("{task.completed:,} {task.description}"), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self) -> Progress:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._bar.__enter__()
        if not isinstance(self._bar, nullcontext):
            self._task = self._bar.add_task(self._what, total=None)
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.__exit__(*exception)

    def advance(self) -> None:
        """One more is done."""
        if self._task is not None:
            self._bar.advance(self._task)
