"""``rollbar-logging deploy``: report, update, list; and run a command as a deploy."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import getpass
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.output import add_json, add_limit, limited, print_json, print_table
from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import RollbarClient

_CANNOT_RUN = 127
"""Exit status of what cannot be run, as shells have it."""

_TIMEOUT = 10.0
"""Seconds of each attempt to report a deploy that is run: it is waiting."""

_STATUSES = ("started", "succeeded", "failed", "timed_out")
_EXAMPLES = """\
examples:
  rollbar-logging deploy report --environment production --revision "$(git rev-parse HEAD)"
  rollbar-logging deploy run --environment production --revision 1.4.0 -- ./deploy.sh
  rollbar-logging deploy list

Reporting needs an access token with the scope 'post_server_item', listing one with 'read'.
'run' runs the command even when Rollbar cannot be reached.
"""


def add_deploy(commands: Commands) -> None:
    """Add the command to the parser."""
    deploy = commands.add_parser(
        "deploy",
        help="deploys: report, update, run or list them",
        description="Report deploys, or list them.",
    )
    actions = deploy.add_subparsers(title="actions", metavar="ACTION", required=True)
    reporting = actions.add_parser("report", help="report a deploy and print its id")
    reporting.add_argument("--status", choices=_STATUSES, default="succeeded", help="(%(default)s)")
    reporting.set_defaults(run=calling(run_report))
    running = actions.add_parser("run", help="run a command and report how it went; its status is passed on")
    running.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the command and its words")
    running.set_defaults(run=calling(run_command, timeout=_TIMEOUT))
    for action in (reporting, running):
        action.add_argument("--environment", required=True, metavar="NAME")
        action.add_argument("--revision", required=True, metavar="TEXT", help="SHA or version")
        action.add_argument("--comment", metavar="TEXT")
        action.add_argument("--user", default=_user(), metavar="NAME", help="who deploys (%(default)s)")
    updating = actions.add_parser("update", help="change a deploy that has been started")
    updating.add_argument("deploy", type=int, metavar="ID")
    updating.add_argument("--status", choices=_STATUSES, required=True)
    updating.add_argument("--comment", metavar="TEXT")
    updating.set_defaults(run=calling(run_update))
    listing = actions.add_parser("list", help="list deploys, the last first")
    add_limit(listing, 20)
    listing.set_defaults(run=calling(run_list))
    for action in (reporting, updating, listing):
        add_json(action)
    for action in (reporting, running, updating, listing):
        add_connection(action)
    show_examples(_EXAMPLES, deploy, *actions.choices.values())


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this user's number
        return None


def run_report(args: argparse.Namespace, client: RollbarClient) -> int:
    """Report a deploy."""
    deploy_id = client.deploys.report(
        args.environment, args.revision, status=args.status, comment=args.comment, local_username=args.user
    )
    if args.json:
        print_json({"deploy_id": deploy_id})
    else:
        print(deploy_id)
    return 0


def run_command(args: argparse.Namespace, client: RollbarClient) -> int:
    """Run a command between the reports of a deploy's beginning and end."""
    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not words:
        raise RollbarError("deploy run: give the command after --")
    deploy_id = _report_start(args, client)
    status = _CANNOT_RUN
    try:
        status = _status_of(words)
    except OSError as error:
        print(f"rollbar-logging: {words[0]}: {error.strerror or error}", file=sys.stderr)
    finally:
        _report_end(client, deploy_id, "failed" if status else "succeeded")
    return status if status >= 0 else 128 - status  # killed by a signal: as shells tell it


def _status_of(words: Sequence[str]) -> int:
    """Run a command to its own end, however we are asked to end; return its status, negative if a signal killed it.

    A terminal's Ctrl+C reaches the command too, and what it does then, as to roll back, is waited for.
    """
    import subprocess

    process = subprocess.Popen(words)  # noqa: S603 - it is what was asked for
    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        return process.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _report_start(args: argparse.Namespace, client: RollbarClient) -> int | None:
    """Report the beginning; that nobody is there to take it is no reason not to deploy."""
    from rollbar_logging.client import RateLimited, ServerError, UnexpectedAnswer, Unreachable

    try:
        return client.deploys.report(
            args.environment, args.revision, status="started", comment=args.comment, local_username=args.user
        )
    except (Unreachable, ServerError, RateLimited, UnexpectedAnswer) as error:
        print(f"rollbar-logging: the deploy is not reported: {error}", file=sys.stderr)
        return None


def _report_end(client: RollbarClient, deploy_id: int | None, status: str) -> None:
    """Report how it went; that this cannot be done changes nothing of how it went."""
    from rollbar_logging.client import ApiError

    if deploy_id is None:
        return
    try:
        client.deploys.update(deploy_id, status)
    except ApiError as error:
        print(f"rollbar-logging: deploy {deploy_id} could not be reported as {status}: {error}", file=sys.stderr)


def run_update(args: argparse.Namespace, client: RollbarClient) -> int:
    """Change a deploy."""
    client.deploys.update(args.deploy, args.status, comment=args.comment)
    if args.json:
        print_json({"deploy_id": args.deploy, "status": args.status})
    return 0


def run_list(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print deploys."""
    shown = limited(client.deploys.list(), args)
    if args.json:
        for deploy in shown:
            print_json(deploy.raw)
        return 0
    columns = ("id", "status", "environment", "revision", "started (UTC)", "finished (UTC)", "by", "comment")
    print_table(
        columns,
        (
            (
                each.id,
                each.status,
                each.environment,
                each.revision,
                each.started_at,
                each.finished_at,
                each.local_username or each.user_id,
                each.comment,
            )
            for each in shown
        ),
    )
    return 0
