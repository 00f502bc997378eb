"""``rollbar-logging rql``: run a query."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.output import add_json, print_json, print_table
from rollbar_logging.cli.arguments import seconds_until, show_examples
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import RollbarClient

_EXAMPLES = """\
examples:
  rollbar-logging rql 'SELECT item.counter, count(*) FROM item_occurrence GROUP BY 1 ORDER BY 2 DESC LIMIT 10'
  rollbar-logging rql --json - < query.sql

It needs an access token with the scope 'read'.
"""


def add_rql(commands: Commands) -> None:
    """Add the command to the parser."""
    rql = commands.add_parser(
        "rql",
        help="run a query in RQL",
        description="Run a query in RQL and print what it found.",
    )
    show_examples(_EXAMPLES, rql)
    rql.add_argument("query", metavar="QUERY", help="the query; - reads it from standard input")
    rql.add_argument("--fresh", action="store_true", help="run it although the same query has run before")
    rql.add_argument(
        "--timeout", type=seconds_until(3600), default=600.0, metavar="SECONDS", help="how long to wait (%(default)g)"
    )
    add_json(rql)
    add_connection(rql)
    rql.set_defaults(run=calling(run_rql))


def run_rql(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print what the query found."""
    query = sys.stdin.read() if args.query == "-" else args.query
    if not query.strip():
        raise RollbarError("the query is empty")
    result = client.rql.run(query, timeout=args.timeout, is_fresh=args.fresh)
    if args.json:
        for row in result.dicts():
            print_json(row)
    else:
        print_table(result.columns, result.rows)
    for warning in result.warnings:
        print(f"rollbar-logging: {warning}", file=sys.stderr)
    return 0
