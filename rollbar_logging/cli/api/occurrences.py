"""``rollbar-logging occurrences``: list, show, tail, export."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from rollbar_logging.cli.api.calling import add_connection, calling
from rollbar_logging.cli.api.export import FORMATS, Export
from rollbar_logging.cli.api.following import add_interval, follow
from rollbar_logging.cli.api.output import (
    Progress,
    add_json,
    add_limit,
    limited,
    print_json,
    print_table,
    shown_cell,
    shown_text,
)
from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.cli.api.calling import Commands
    from rollbar_logging.client import Occurrence, RollbarClient

_COLUMNS = ("id", "at (UTC)", "level", "environment", "title")
_MOST_AT_ONCE = 500
"""Occurrences that one look of ``tail`` goes back at most."""

_LOOK = 20
"""Occurrences that ``tail`` fetches at once: mostly few or none of them are new."""

_EXAMPLES = """\
examples:
  rollbar-logging occurrences list --item 12
  rollbar-logging occurrences tail --json | jq .data.person.id
  rollbar-logging occurrences export --output all.jsonl --resume
  rollbar-logging occurrences export --format csv --output all.csv

An export that was cut short goes on where it stopped with --resume.
"""


def add_occurrences(commands: Commands) -> None:
    """Add the command to the parser."""
    occurrences = commands.add_parser(
        "occurrences",
        help="occurrences: list, show, follow or export them",
        description="List, show, follow or export occurrences.",
    )
    actions = occurrences.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list occurrences, the newest first")
    add_limit(listing, 20)
    listing.set_defaults(run=calling(run_list))
    showing = actions.add_parser("show", help="show an occurrence")
    showing.add_argument("occurrences", nargs="+", type=int, metavar="ID", help="the occurrence's id")
    showing.set_defaults(run=calling(run_show))
    tailing = actions.add_parser("tail", help="show occurrences as they come")
    add_interval(tailing)
    tailing.set_defaults(run=calling(run_tail))
    exporting = actions.add_parser("export", help="write occurrences to a file, the newest first")
    exporting.add_argument("--output", required=True, metavar="FILE", help="file to write; - is standard output")
    exporting.add_argument("--format", choices=FORMATS, default="jsonl", help="jsonl: all of it; csv: a row of each")
    exporting.add_argument("--resume", action="store_true", help="go on after the last one in the file")
    exporting.set_defaults(run=calling(run_export))
    for action in (listing, tailing, exporting):
        action.add_argument("--item", type=int, metavar="NUMBER", help="only those of the item with this number")
    for action in (listing, showing, tailing):
        add_json(action)
    for action in (listing, showing, tailing, exporting):
        add_connection(action)
    show_examples(_EXAMPLES, occurrences, *actions.choices.values())


def run_list(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print occurrences."""
    found = limited(client.occurrences.list(item_id=_item_id(args, client)), args)
    if args.json:
        for occurrence in found:
            print_json(occurrence.raw)
    else:
        print_table(_COLUMNS, (_row(occurrence) for occurrence in found))
    return 0


def run_show(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print occurrences with all that is in them."""
    for occurrence_id in args.occurrences:
        occurrence = client.occurrences.get(occurrence_id)
        if args.json:
            print_json(occurrence.raw)
            continue
        print("  ".join(shown_cell(cell) for cell in _row(occurrence)))
        print(shown_text(json.dumps(dict(occurrence.data), indent=2, ensure_ascii=False)))
    return 0


def run_tail(args: argparse.Namespace, client: RollbarClient) -> int:
    """Print occurrences as they come, until interrupted."""
    item_id = _item_id(args, client)
    last_id = max((each.id for each in islice(client.occurrences.list(item_id=item_id, page_size=1), 1)), default=0)

    def newer() -> Sequence[Occurrence]:
        nonlocal last_id
        found = client.occurrences.list(item_id=item_id, page_size=_LOOK)
        new = list(islice(takewhile(lambda each: each.id > last_id, found), _MOST_AT_ONCE + 1))
        last_id = max([last_id, *(each.id for each in new)])
        if len(new) > _MOST_AT_ONCE:
            told = f"more than {_MOST_AT_ONCE} came since the last look; the older ones are left out"
            print(f"rollbar-logging: {told}", file=sys.stderr)
        return new[:_MOST_AT_ONCE][::-1]

    def tell(occurrence: Occurrence) -> None:
        if args.json:
            print_json(occurrence.raw)
        else:
            print("  ".join(shown_cell(cell) for cell in _row(occurrence)), flush=True)

    follow(newer, tell, args)
    return 0


def run_export(args: argparse.Namespace, client: RollbarClient) -> int:
    """Write occurrences to a file."""
    if args.resume and args.output == "-":
        raise RollbarError("--resume needs a file: standard output has nothing to go on from")
    with Export(args.output, args.format, is_resumed=args.resume) as export, Progress("occurrences") as progress:
        found = client.occurrences.list(item_id=_item_id(args, client), before=export.last_id, page_size=100)
        for occurrence in found:
            export.write(occurrence)
            progress.advance()
    return 0


def _item_id(args: argparse.Namespace, client: RollbarClient) -> int | None:
    return None if args.item is None else client.items.by_counter(args.item).id


def _row(occurrence: Occurrence) -> Sequence[Any]:
    data = occurrence.data
    return occurrence.id, occurrence.at, data.get("level"), data.get("environment"), occurrence.title
