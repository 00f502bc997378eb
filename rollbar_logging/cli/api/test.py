"""``rollbar-logging test``: one report by the handler, as an application would send it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import logging
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.output import add_json, print_json
from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands

_SECONDS = 20.0
_EXAMPLES = """\
examples:
  rollbar-logging test
  rollbar-logging test 'Is anybody there?' --level warning
  rollbar-logging test --json | jq .uuid

The access token is that of ROLLBAR_ACCESS_TOKEN, and needs the scope 'post_server_item'.
"""
_LEVELS = ("debug", "info", "warning", "error", "critical")


def add_test(commands: Commands) -> None:
    """Add the command to the parser."""
    test = commands.add_parser(
        "test",
        help="send one report with the options of this environment, and say whether it arrived",
        description="Send one report with the handler and the options of this environment.",
    )
    show_examples(_EXAMPLES, test)
    test.add_argument("message", nargs="?", default="Test of rollbar-logging", help="(%(default)s)")
    test.add_argument("--level", choices=_LEVELS, default="error", help="(%(default)s)")
    add_json(test)
    test.set_defaults(run=run_test)


def run_test(args: argparse.Namespace) -> int:
    """Send it and print its uuid. Exit status: 0 Rollbar has it, 1 it has not."""
    from rollbar_logging.handler import RollbarHandler

    handler = RollbarHandler(level="DEBUG")
    logger = logging.Logger("rollbar_logging_test")  # noqa: LOG001 - of this command alone, in no tree
    logger.addHandler(handler)
    record = logger.makeRecord(
        logger.name, getattr(logging, args.level.upper()), __file__, 0, args.message, (), None, "run_test"
    )
    logger.handle(record)
    handler.flush(_SECONDS)
    stats = handler.stats()
    handler.close()
    if stats.sent != 1:
        why = ", ".join(stats.dropped) or ("kept on disk" if stats.spooled else "not accepted: is there a token?")
        raise RollbarError(f"the report has not arrived ({why}); 'rollbar-logging doctor' says more")
    uuid = getattr(record, "rollbar_uuid", "")
    if args.json:
        print_json({"uuid": uuid, "level": args.level, "message": args.message})
    else:
        print(uuid)
    return 0
