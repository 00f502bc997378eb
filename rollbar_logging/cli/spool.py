"""``rollbar-logging spool``: look at the reports kept on disk, send them, write them out or remove them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbar_logging.cli.arguments import seconds_until, show_examples
from rollbar_logging.errors import RollbarError
from rollbar_logging.levels import LEVELS

if TYPE_CHECKING:
    from rollbar_logging.delivery.spool import Spool

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

_LEVELS = tuple(LEVELS)
_MAX_TITLE = 80
_DESCRIPTION = """\
Look at the reports that could not be sent and are kept on disk, send them, write them out or
remove them.

With the environment variable ROLLBAR_ACCESS_TOKEN only the reports of that token are meant;
without it those of all, except for 'send', which needs it.
"""
_EXAMPLES = """\
examples:
  rollbar-logging spool list --dir /var/spool/app
  rollbar-logging spool send --dir /var/spool/app --timeout 600
  rollbar-logging spool export --dir /var/spool/app --output reports.jsonl
"""


def add_spool(commands: Commands) -> None:
    """Add the command to the parser."""
    spool = commands.add_parser(
        "spool",
        help="reports kept on disk: list, send, export or clear them",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = spool.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show what is kept")
    listing.set_defaults(run=run_list)
    sending = actions.add_parser("send", help="send what no process is about to send")
    sending.add_argument(
        "--timeout",
        type=seconds_until(86_400),
        default=60.0,
        metavar="SECONDS",
        help="how long all of it may take, waiting out a rate limit included (%(default)g)",
    )
    sending.set_defaults(run=run_send)
    exporting = actions.add_parser("export", help="write the reports as JSON lines, one body a line")
    exporting.add_argument("--output", metavar="FILE", help="file to write; by default standard output")
    exporting.set_defaults(run=run_export)
    clearing = actions.add_parser("clear", help="remove all reports")
    clearing.add_argument("--yes", action="store_true", help="do not ask")
    clearing.set_defaults(run=run_clear)
    for action in (listing, sending, exporting, clearing):
        action.add_argument("--dir", metavar="DIR", help="folder of the spool; by default that of ROLLBAR_SPOOL_DIR")
    show_examples(_EXAMPLES, spool, *actions.choices.values())


def run_list(args: argparse.Namespace) -> int:
    """Print a table of the reports, and totals."""
    spool = _open(args)
    if spool is None:
        return 0
    with closing(spool):
        contents, claimed = spool.contents(), spool.claimed()
        if contents.number:
            print(f"{'uuid':<36}  {'level':<8}  {'logged (UTC)':<19}  {'bytes':>7}  {'state':<7}  title")
        for kept in spool.entries():
            logged = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(kept.created))
            state = "claimed" if kept.uuid in claimed else "waiting"
            level, size = _LEVELS[kept.rank], len(kept.body)
            _say(f"{kept.uuid:<36}  {level:<8}  {logged}  {size:>7}  {state}  {title_of(kept.body)}")
    levels = ", ".join(f"{n} {level}" for level, n in reversed(list(zip(_LEVELS, contents.levels, strict=True))) if n)
    print(f"{_reports(contents.number)}, {contents.bytes} bytes, {contents.claimed} claimed{levels and ': '}{levels}")
    return 0


def run_send(args: argparse.Namespace) -> int:
    """Send what can be claimed. Exit status: 0 nothing is left, 1 something is."""
    from rollbar_logging.cli.spool_send import send_all  # noqa: PLC0415 - only this action needs requests
    from rollbar_logging.settings import Settings  # noqa: PLC0415 - likewise

    settings = Settings.resolve({}, os.environ)
    if settings.access_token is None:
        raise RollbarError("spool send needs an access token: set ROLLBAR_ACCESS_TOKEN")
    spool = _open(args, max_bytes=settings.spool_bytes)
    if spool is None:
        return 0
    with closing(spool):
        return send_all(spool, settings, args.timeout)


def run_export(args: argparse.Namespace) -> int:
    """Write the bodies as JSON lines; nothing is claimed or removed."""
    spool = _open(args, silent=True)
    number = 0
    if args.output is None:
        # Bytes as they are: what the terminal's encoding cannot show is in the item nevertheless.
        for body in _bodies(spool):
            sys.stdout.buffer.write(body + b"\n")
            number += 1
        sys.stdout.buffer.flush()
    else:
        try:
            with open(os.open(args.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - private
                for body in _bodies(spool):
                    file.write(body + b"\n")
                    number += 1
        except OSError as error:
            raise RollbarError(f"{args.output} cannot be written: {error.strerror or error}") from error
    print(f"{_reports(number)} written", file=sys.stderr)
    return 0


def run_clear(args: argparse.Namespace) -> int:
    """Remove all reports. Exit status: 0 they are gone, 1 the answer was no."""
    spool = _open(args)
    if spool is None:
        return 0
    with closing(spool):
        if not args.yes and not _agrees(spool):
            print("nothing was removed")
            return 1
        print(f"{_reports(spool.clear())} removed")
    return 0


def title_of(body: bytes) -> str:
    """Return what Rollbar would call the item, in one line of at most 80 characters; whatever the body is."""
    try:
        data = json.loads(body)["data"]
        title = data.get("title") or _title(data["body"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        title = "(not readable)"
    text = " ".join(str(title).split())
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= _MAX_TITLE else text[: _MAX_TITLE - 3] + "..."


def _title(body: Any) -> Any:
    if "message" in body:
        return body["message"]["body"]
    trace = body["trace_chain"][0] if "trace_chain" in body else body["trace"]
    exception = trace["exception"]
    return f"{exception['class']}: {exception['message']}" if exception.get("message") else exception["class"]


def _open(args: argparse.Namespace, *, silent: bool = False, max_bytes: int = 64 * 1024 * 1024) -> Spool | None:
    """Return the spool, or ``None`` when there is none: to look at one does not make it."""
    from rollbar_logging.delivery.spool import Spool  # noqa: PLC0415 - only this command needs it
    from rollbar_logging.delivery.spool_place import FILE_NAME  # noqa: PLC0415 - likewise
    from rollbar_logging.settings import Settings  # noqa: PLC0415 - likewise

    given = args.dir or os.environ.get("ROLLBAR_SPOOL_DIR", "").strip()
    if not given:
        raise RollbarError("which folder? Give --dir, or set ROLLBAR_SPOOL_DIR")
    folder = Path(str(Settings.resolve({"spool_dir": given}, {}).spool_dir))
    if not os.path.lexists(folder / FILE_NAME):
        if not silent:
            print(f"nothing is kept in {folder}")
        return None
    return Spool(
        str(folder),
        token=os.environ.get("ROLLBAR_ACCESS_TOKEN", "").strip() or None,
        max_bytes=max_bytes,
        on_notice=lambda text: print(f"warning: {text}", file=sys.stderr),
    )


def _bodies(spool: Spool | None) -> Iterator[bytes]:
    if spool is not None:
        with closing(spool):
            for kept in spool.entries():
                yield kept.body.replace(b"\n", b" ")  # JSON has line breaks between its parts only


def _agrees(spool: Spool) -> bool:
    contents = spool.contents()
    print(
        f"Remove {_reports(contents.number)} for good, {contents.claimed} of them claimed? [y/N] ", end="", flush=True
    )
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _reports(number: int) -> str:
    return f"{number} report{'' if number == 1 else 's'}"


def _say(text: str) -> None:
    """Print, whatever the encoding of standard output can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
