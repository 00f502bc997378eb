"""``rollbar-logging top``: the most active items."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.output import add_json, print_json, print_table
from rollbar_logging.cli.arguments import show_examples, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import RollbarClient

_MOST_HOURS = 168
_EXAMPLES = """\
examples:
  rollbar-logging top
  rollbar-logging top --hours 168 --environment production
  rollbar-logging top --json | jq '.item.title'

It needs an access token with the scope 'read'.
"""
_BARS = " ▁▂▃▄▅▆▇█"
_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


def add_top(commands: Commands) -> None:
    """Add the command to the parser."""
    top = commands.add_parser("top", help="the items that occurred most")
    show_examples(_EXAMPLES, top)
    top.add_argument(
        "--hours",
        type=whole_number(1, _MOST_HOURS),
        default=24,
        metavar="N",
        help=f"of the last hours, 1 to {_MOST_HOURS} (%(default)s)",
    )
    top.add_argument("--environment", nargs="+", action="extend", metavar="NAME", help="only these")
    add_json(top)
    add_connection(top)
    top.set_defaults(run=calling(run_top))


def run_top(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print the items with their counts hour by hour."""
    found = client.reports.top_active_items(hours=args.hours, environments=args.environment)
    if args.json:
        for each in found:
            print_json(each.raw)
        return 0
    print_table(
        ("#", "level", "environment", "total", "by hour", "title"),
        (
            (
                f"#{each.item.get('counter')}",
                _LEVELS.get(each.item.get("level", 0), each.item.get("level")),
                each.item.get("environment"),
                sum(each.counts),
                bars(each.counts),
                each.item.get("title"),
            )
            for each in found
        ),
    )
    return 0


def bars(counts: Sequence[int]) -> str:
    """Draw counts as bars, the largest as high as a line."""
    most = max(counts, default=0)
    if not most:
        return ""
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)
