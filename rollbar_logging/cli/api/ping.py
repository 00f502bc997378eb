"""``rollbar-logging ping``: whether the API is there."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.calling import endpoint_of
from rollbar_logging.cli.api.output import add_json, print_json
from rollbar_logging.cli.arguments import show_examples

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands


_EXAMPLES = """\
examples:
  rollbar-logging ping
  rollbar-logging ping --endpoint http://127.0.0.1:8787/api/1/
  rollbar-logging ping --json | jq .seconds
"""


def add_ping(commands: Commands) -> None:
    """Add the command to the parser."""
    ping = commands.add_parser("ping", help="ask whether the API is there; needs no access token")
    show_examples(_EXAMPLES, ping)
    ping.add_argument("--endpoint", metavar="URL", help="the API's base; by default that of ROLLBAR_ENDPOINT")
    add_json(ping)
    ping.set_defaults(run=run_ping)


def run_ping(args: argparse.Namespace) -> int:
    """Print the answer and how long it took. Exit status: 0 it is there, 5 it is not."""
    from rollbar_logging.client import ApiError, Patience, RollbarClient

    endpoint = endpoint_of(args)
    start = time.perf_counter()
    try:
        with RollbarClient("", endpoint, patience=Patience(timeout=10.0, retries=0)) as client:
            answer = client.ping()
    except ApiError as error:
        print(f"rollbar-logging: {endpoint}: {error}", file=sys.stderr)
        return 5
    seconds = time.perf_counter() - start
    if args.json:
        print_json({"answer": answer, "endpoint": endpoint, "seconds": round(seconds, 6)})
    else:
        print(f"{answer} from {endpoint} in {seconds * 1000:.0f} ms")
    return 0
