"""Looking again and again for what is new, until somebody has seen enough."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from rollbar_logging.cli.arguments import seconds_until

_Thing = TypeVar("_Thing")

_LONGEST_INTERVAL = 3600.0


def add_interval(parser: argparse.ArgumentParser) -> None:
    """Add ``--interval`` and ``--for``."""
    parser.add_argument(
        "--interval",
        type=seconds_until(_LONGEST_INTERVAL, least=0.05),
        default=3.0,
        metavar="SECONDS",
        help="between two looks (%(default)g)",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=seconds_until(86_400 * 30),
        metavar="SECONDS",
        help="end after so long; by default at Ctrl+C",
    )


def follow(
    newer: Callable[[], Sequence[_Thing]],
    tell: Callable[[_Thing], None],
    args: argparse.Namespace,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Tell of everything new, the oldest first; a failure that may pass is told, and followed by another look.

    Args:
        newer: Returns what came since its last call that did not fail.
        tell: Prints one.
        args: With the arguments of `add_interval`.
        sleep: Waits so many seconds.
        clock: Monotonic seconds.

    Raises:
        ApiError: Of a kind that stays, or of the last look.
    """
    from rollbar_logging.client import ApiError, RateLimited, ServerError, Unreachable

    end = None if args.duration is None else clock() + args.duration
    failure: ApiError | None = None
    while True:
        try:
            found = newer()
        except (Unreachable, ServerError, RateLimited) as error:
            if failure is None:
                print(f"rollbar-logging: {error}; looking again", file=sys.stderr)
            failure = error
        else:
            failure = None
            for thing in found:
                tell(thing)
        now = clock()
        if end is not None and now >= end:
            if failure is not None:
                raise failure
            return
        sleep(args.interval if end is None else min(args.interval, end - now))
