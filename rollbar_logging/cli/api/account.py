"""``rollbar-logging projects``, ``environments`` and ``tokens``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.output import add_json, print_json, print_table, shown_cell
from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import AccessToken, RollbarClient

_SCOPES = ("post_server_item", "post_client_item", "read", "write")
_READ_EXAMPLES = """\
examples:
  rollbar-logging projects --token-file ~/.rollbar-account
  rollbar-logging projects --json | jq .name
  rollbar-logging environments
  rollbar-logging environments --project-id 1 --token-file ~/.rollbar-account
"""
_EXAMPLES = """\
examples:
  rollbar-logging tokens list --project-id 1
  rollbar-logging tokens create --project-id 1 --name ci --scope post_server_item
  rollbar-logging tokens limit --project-id 1 PUBLIC_ID --calls 600 --seconds 60
  rollbar-logging tokens rotate --project-id 1 PUBLIC_ID
  rollbar-logging tokens delete --project-id 1 --name 'made in 2019'

A token is named by its public id, as 'tokens list' shows it; one of old that has none, by its name.
The account's token comes from ROLLBAR_ACCOUNT_TOKEN or --token-file.
"""


def add_account(commands: Commands) -> None:
    """Add the commands to the parser."""
    projects = commands.add_parser("projects", help="list the account's projects")
    projects.set_defaults(run=calling(run_projects, is_account=True))
    environments = commands.add_parser("environments", help="list the project's environments")
    environments.set_defaults(run=calling(run_environments))
    for command in (projects, environments):
        add_json(command)
        add_connection(command)
    show_examples(_READ_EXAMPLES, projects, environments)
    _add_tokens(commands)


def _add_tokens(commands: Commands) -> None:
    tokens = commands.add_parser(
        "tokens",
        help="access tokens of a project: list, create, limit, rotate or delete them",
        description="List, create, limit, rotate or delete access tokens of a project.",
    )
    actions = tokens.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the project's tokens")
    listing.set_defaults(run=calling(run_list, is_account=True))
    creating = actions.add_parser("create", help="make a token and print its text, this once")
    creating.add_argument("--name", required=True, metavar="NAME")
    creating.add_argument(
        "--scope", required=True, nargs="+", action="extend", choices=_SCOPES, metavar="SCOPE", help=", ".join(_SCOPES)
    )
    creating.set_defaults(run=calling(run_create, is_account=True))
    limiting = actions.add_parser("limit", help="change a token's rate limit")
    limiting.add_argument("--calls", type=int, required=True, metavar="N", help="calls in a window")
    limiting.add_argument("--seconds", type=int, required=True, metavar="N", help="of a window; 0 takes the limit away")
    limiting.set_defaults(run=calling(run_limit, is_account=True))
    rotating = actions.add_parser("rotate", help="make a token like an old one, which goes on working")
    rotating.set_defaults(run=calling(run_rotate, is_account=True))
    deleting = actions.add_parser("delete", help="delete a token: whoever uses it is refused from then on")
    deleting.set_defaults(run=calling(run_delete, is_account=True))
    for action in (limiting, rotating, deleting):
        which = action.add_mutually_exclusive_group(required=True)
        which.add_argument("token", nargs="?", metavar="PUBLIC_ID")
        which.add_argument("--name", metavar="NAME", help="of a token of old that has no public id")
    for action in (listing, creating, rotating):
        add_json(action)
    for action in actions.choices.values():
        add_connection(action, needs_project=True)
    show_examples(_EXAMPLES, tokens, *actions.choices.values())


def run_projects(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print the projects."""
    found = client.projects.list()
    if args.json:
        for project in found:
            print_json(project.raw)
    else:
        print_table(("id", "name", "status", "created (UTC)"), ((p.id, p.name, p.status, p.created_at) for p in found))
    return 0


def run_environments(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print the environments."""
    for environment in client.environments.list():
        if args.json:
            print_json(environment.raw)
        else:
            print(shown_cell(environment.environment))
    return 0


def run_list(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print the tokens, without their texts."""
    found = client.access_tokens.list(args.project_id)
    if args.json:
        for token in found:
            print_json({key: value for key, value in token.raw.items() if key != "access_token"})
        return 0
    columns = ("public id", "name", "scopes", "status", "calls", "per seconds", "used", "created (UTC)")
    print_table(columns, (_row(token) for token in found))
    return 0


def _row(token: AccessToken) -> tuple[object, ...]:
    return (
        token.public_id,
        token.name,
        ", ".join(token.scopes),
        token.status,
        token.rate_limit_window_count,
        token.rate_limit_window_size,
        token.cur_rate_limit_window_count,
        token.created_at,
    )


def run_create(args: argparse.Namespace, client: RollbarClient) -> int:
    """Make a token and print it."""
    return _print_new(args, client.access_tokens.create(args.project_id, args.name, args.scope))


def run_rotate(args: argparse.Namespace, client: RollbarClient) -> int:
    """Make a token like another and print it."""
    try:
        return _print_new(args, client.access_tokens.rotate(args.project_id, _named(args, client)))
    except ValueError as error:
        raise RollbarError(str(error)) from error


def _print_new(args: argparse.Namespace, token: AccessToken) -> int:
    if args.json:
        print_json(token.raw)
    else:
        print(token.access_token)
    return 0


def run_limit(args: argparse.Namespace, client: RollbarClient) -> int:
    """Change a token's rate limit."""
    token = _named(args, client)
    client.access_tokens.set_rate_limit(args.project_id, token, window_size=args.seconds, window_count=args.calls)
    return 0


def run_delete(args: argparse.Namespace, client: RollbarClient) -> int:
    """Delete a token."""
    client.access_tokens.delete(args.project_id, _named(args, client))
    return 0


def _named(args: argparse.Namespace, client: RollbarClient) -> AccessToken | str:
    """Return the token that is meant: by its public id, or the one of old that has a name.

    Raises:
        RollbarError: The name is that of none without a public id, or of several.
    """
    if args.name is None:
        return str(args.token)
    called = [token for token in client.access_tokens.list(args.project_id) if token.name == args.name]
    of_old = [token for token in called if not token.public_id]
    whose = f"called {args.name!r} in project {args.project_id}"
    if len(of_old) > 1:
        raise RollbarError(
            f"{len(of_old)} access tokens {whose} have no public id: only Rollbar's page tells them apart"
        )
    if called and not of_old:
        ids = ", ".join(str(token.public_id) for token in called)
        raise RollbarError(f"what is {whose} has a public id, give that instead of --name: {ids}")
    if not of_old:
        raise RollbarError(f"no access token is {whose}; 'tokens list' shows them all")
    (token,) = of_old
    if not token.access_token:
        raise RollbarError(f"the access token {whose} has neither a public id nor a text: change it on Rollbar's page")
    return token
