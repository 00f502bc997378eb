"""``rollbar-logging items``: list, show, resolve, mute, reopen, watch."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.following import add_interval, follow
from rollbar_logging.cli.api.output import add_json, add_limit, limited, print_json, print_table, shown_cell
from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.levels import LEVELS

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import Item, RollbarClient

_COLUMNS = ("#", "level", "status", "environment", "total", "last (UTC)", "title")
_STATUSES = ("active", "resolved", "muted", "archived")
_EXAMPLES = """\
examples:
  rollbar-logging items list --status active --level error critical
  rollbar-logging items list --query 'host:web-1 "no such table"' --json | jq .title
  rollbar-logging items resolve 12 13 --in-version 1.4.0
  rollbar-logging items watch --environment production

An item is named by its number, as people see it (12 or #12). The access token comes from
ROLLBAR_API_TOKEN or ROLLBAR_ACCESS_TOKEN, or from --token-file. To look a number up takes
the scope 'read', to change the item 'write'; with --by-id, 'write' alone will do.
"""


def add_items(commands: Commands) -> None:
    """Add the command to the parser."""
    items = commands.add_parser(
        "items",
        help="items: list, show, resolve, mute, reopen or watch them",
        description="List, show, resolve, mute, reopen or watch items.",
    )
    actions = items.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list items, the last active first")
    _add_filters(listing)
    add_limit(listing, 50)
    listing.set_defaults(run=calling(run_list))
    showing = actions.add_parser("show", help="show all that is known of an item")
    showing.set_defaults(run=calling(run_show))
    resolving = actions.add_parser("resolve", help="resolve items")
    resolving.add_argument("--in-version", metavar="VERSION", help="occurrences of earlier versions change nothing")
    resolving.set_defaults(run=calling(run_resolve))
    muting = actions.add_parser("mute", help="mute items")
    muting.set_defaults(run=calling(run_mute))
    reopening = actions.add_parser("reopen", help="make items active again")
    reopening.set_defaults(run=calling(run_reopen))
    watching = actions.add_parser("watch", help="show items as they occur")
    _add_filters(watching)
    add_interval(watching)
    watching.set_defaults(run=calling(run_watch))
    for action in (showing, resolving, muting, reopening):
        action.add_argument("items", nargs="+", type=_counter, metavar="NUMBER", help="the item's number")
    for action in (resolving, muting, reopening):
        action.add_argument("--by-id", action="store_true", help="the numbers are items' ids: nothing is read for them")
    for action in (listing, showing, resolving, muting, reopening, watching):
        add_json(action)
        add_connection(action)
    show_examples(_EXAMPLES, items, *actions.choices.values())


def _add_filters(parser: argparse.ArgumentParser) -> None:
    for name, choices in (("status", _STATUSES), ("level", LEVELS), ("environment", None), ("framework", None)):
        words = ", ".join(choices) if choices else f"{name}s"
        parser.add_argument(
            f"--{name}", nargs="+", action="extend", choices=choices, metavar="NAME", help=f"only these: {words}"
        )
    parser.add_argument("--assigned-user", metavar="NAME", help="a user's name, 'assigned' or 'unassigned'")
    parser.add_argument("--query", metavar="TEXT", help="as in the search box: host:web-1 title words")


def _counter(text: str) -> int:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no item's number")
    return int(digits)


def run_list(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print the items that match."""
    _print(limited(client.items.list(**_filters(args)), args), args)
    return 0


def run_show(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print all fields of items."""
    for counter in args.items:
        item = client.items.by_counter(counter)
        if args.json:
            print_json(item.raw)
            continue
        for key, value in item.raw.items():
            print(f"{key:<36} {shown_cell(value)}")
    return 0


def run_resolve(args: argparse.Namespace, client: RollbarClient) -> int:
    """Resolve items."""
    return _each(args, client, "resolved", lambda item_id: client.items.resolve(item_id, in_version=args.in_version))


def run_mute(args: argparse.Namespace, client: RollbarClient) -> int:
    """Mute items."""
    return _each(args, client, "muted", client.items.mute)


def run_reopen(args: argparse.Namespace, client: RollbarClient) -> int:
    """Make items active again."""
    return _each(args, client, "active", client.items.reopen)


def _each(args: argparse.Namespace, client: RollbarClient, status: str, change: Callable[[int], object]) -> int:
    for number in args.items:
        if args.by_id:
            change(number)
            told: Mapping[str, Any] = {"id": number, "status": status}
            line = f"id {number} {status}"
        else:
            item_id = client.items.by_counter(number).id
            change(item_id)
            changed = client.items.get(item_id)
            told, line = changed.raw, f"#{changed.counter} {changed.status}: {shown_cell(changed.title)}"
        if args.json:
            print_json(told)
        else:
            print(line, flush=True)
    return 0


def run_watch(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print items as they occur, until interrupted."""
    last: dict[int, int | None] = {item.id: item.last_occurrence_id for item in _recent(client, args)}

    def newer() -> Sequence[Item]:
        changed = [item for item in _recent(client, args) if last.get(item.id, 0) != item.last_occurrence_id]
        last.update((item.id, item.last_occurrence_id) for item in changed)
        return changed[::-1]

    follow(newer, lambda item: _tell(item, is_json=args.json), args)
    return 0


def _recent(client: RollbarClient, args: argparse.Namespace) -> Iterable[Item]:
    return list(islice(client.items.list(**_filters(args)), 100))


def _tell(item: Item, *, is_json: bool) -> None:
    if is_json:
        print_json(item.raw)
    else:
        print("  ".join(shown_cell(cell) for cell in _row(item)), flush=True)


def _filters(args: argparse.Namespace) -> dict[str, Any]:
    return {
        name: getattr(args, name) for name in ("status", "level", "environment", "framework", "assigned_user", "query")
    }


def _print(found: Iterable[Item], args: argparse.Namespace) -> None:
    if args.json:
        for item in found:
            print_json(item.raw)
    else:
        print_table(_COLUMNS, (_row(item) for item in found))


def _row(item: Item) -> Sequence[Any]:
    return (
        f"#{item.counter}",
        item.level,
        item.status,
        item.environment,
        item.total_occurrences,
        item.last_occurrence_at,
        item.title,
    )
