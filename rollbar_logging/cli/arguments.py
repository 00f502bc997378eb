"""Readers of arguments that several commands take."""

from __future__ import annotations

import argparse


def port_number(text: str) -> int:
    """Read a port, 0 to 65535; 0 stands for a free one.

    Raises:
        argparse.ArgumentTypeError: The text is none.
    """
    if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):  # noqa: PLR2004 - the largest port
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)
