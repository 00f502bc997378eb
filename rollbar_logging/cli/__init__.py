"""The command ``rollbar-logging``: one file for each of its commands.

Exit status: 0 done, 1 it could not be done, 2 the command line was not understood, 130 interrupted; commands over the
API tell more failures apart, see `rollbar_logging.cli.api`.
Importing a command's file is cheap; what a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from rollbar_logging.cli.api.account import add_account
from rollbar_logging.cli.api.deploy import add_deploy
from rollbar_logging.cli.api.items import add_items
from rollbar_logging.cli.api.occurrences import add_occurrences
from rollbar_logging.cli.api.ping import add_ping
from rollbar_logging.cli.api.rql import add_rql
from rollbar_logging.cli.api.test import add_test
from rollbar_logging.cli.api.top import add_top
from rollbar_logging.cli.completion import add_completion
from rollbar_logging.cli.demo import add_demo
from rollbar_logging.cli.doctor.command import add_doctor
from rollbar_logging.cli.serve import add_serve
from rollbar_logging.cli.spool import add_spool
from rollbar_logging.errors import RollbarError
from rollbar_logging.version import NOTIFIER, VERSION

__all__ = ["main"]

_USAGE = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Its words, without the program's name; by default those of the process.

    Returns:
        The exit status.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):
        parser.print_help(sys.stderr)
        return _USAGE
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - where it is closed
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of few letters is no reason to fail
    status = _run(parser.prog, args)
    try:
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer must not fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _run(program: str, args: argparse.Namespace) -> int:
    try:
        status = int(args.run(args))
        sys.stdout.flush()
    except RollbarError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has gone, as in ``… | head``
        return 1
    except OSError as error:  # as of a full disk
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rollbar-logging", description="Error reporting to Rollbar: tools beside it.")
    parser.add_argument("--version", action="version", version=f"{NOTIFIER} {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    add_demo(commands)
    add_serve(commands)
    add_doctor(commands)
    add_spool(commands)
    for add in (add_ping, add_test, add_items, add_occurrences, add_top, add_deploy, add_rql, add_account):
        add(commands)
    add_completion(commands, parser)
    return parser
