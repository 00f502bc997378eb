"""``rollbar-logging demo``: an application that fails in many ways, and what arrives of it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rollbar_logging.cli.arguments import port_number, show_examples

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

RATE_LIMIT = (30, 2.0)
"""Calls and seconds: more than the demo needs until its burst, and short enough to wait for."""

_DESCRIPTION = """\
Run a local server and a small application that fails in the ways applications fail, and
show what was logged, what arrived, and what was scrubbed, cut and deferred on its way.

Nothing leaves this machine, and no ROLLBAR_* variable of yours is used. On a terminal the
server stays until Ctrl-C, so that you can look at its page.
"""
_EXAMPLES = """\
examples:
  rollbar-logging demo
  rollbar-logging demo --exit
"""


def add_demo(commands: Commands) -> None:
    """Add the command to the parser."""
    demo = commands.add_parser(
        "demo",
        help="run an application that fails in many ways, and show what arrives",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show_examples(_EXAMPLES, demo)
    demo.add_argument("--exit", action="store_true", help="end after the table, on a terminal too")
    demo.add_argument("--port", type=port_number, default=0, help="port to listen on, 0 for a free one (%(default)s)")
    demo.set_defaults(run=run_demo)


def run_demo(args: argparse.Namespace) -> int:
    """Play the demo on a server of its own.

    Exit status: 0 all arrived, without any of the planted secrets, and showed what it was to show; 1 something did
    not, or the server could not be started.
    """
    from rollbar_logging.cli.demo_play import show  # noqa: PLC0415 - only this command needs it
    from rollbar_logging.server import LocalServer  # noqa: PLC0415 - it is slow to import

    with LocalServer(port=args.port, rate_limit=RATE_LIMIT) as server:
        return show(server, is_staying=not args.exit and sys.stdout.isatty())
