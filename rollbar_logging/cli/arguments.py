"""Readers of arguments that several commands take, and the examples in their help."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def show_examples(text: str, *parsers: argparse.ArgumentParser) -> None:
    """Let the help of commands end in a text, as it stands."""
    for parser in parsers:
        parser.epilog = text
        parser.formatter_class = argparse.RawDescriptionHelpFormatter


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from *least* to *most*.

    Raises:
        argparse.ArgumentTypeError: By the reader; the text is no such number.
    """

    def read(text: str) -> int:
        digits = text.lstrip("0") or "0"
        is_number = text.isascii() and text.isdecimal() and len(digits) <= len(str(most))
        if not (is_number and least <= int(digits) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(digits)

    return read


def port_number(text: str) -> int:
    """Read a port, 0 to 65535; 0 stands for a free one.

    Raises:
        argparse.ArgumentTypeError: The text is none.
    """
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):  # noqa: PLR2004 - the largest port
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


def seconds_until(most: float, *, least: float = 0.0) -> Callable[[str], float]:
    """Return a reader of seconds from *least* to *most*.

    Raises:
        argparse.ArgumentTypeError: By the reader; the text is no such number.
    """

    def read(text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not least <= seconds <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from {least:g} to {most:g}")
        return seconds

    return read
