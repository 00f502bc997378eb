"""``rollbar-logging serve``: a local server that speaks the Rollbar API."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rollbar_logging.cli.arguments import port_number

if TYPE_CHECKING:
    from rollbar_logging.server import LocalServer

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

DEFAULT_PORT = 8787
DEFAULT_DATABASE = "rollbar-local.db"
TOKEN_VARIABLE = "ROLLBAR_SERVE_TOKEN"  # noqa: S105 - a variable's name

_DESCRIPTION = f"""\
Run a server on this machine that speaks the Rollbar API, with a page that shows what arrived.
It asks nobody who looks at the page: do not listen on an address that others can reach
unless they may see it.

The token may also be given by the environment variable {TOKEN_VARIABLE}, which the list
of processes does not show.
"""


def add_serve(commands: Commands) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="run a local server that speaks the Rollbar API",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, help="port to listen on, 0 for a free one (%(default)s)"
    )
    serve.add_argument(
        "--db",
        default=DEFAULT_DATABASE,
        metavar="FILE",
        help="SQLite file that keeps what arrives, and the tokens (%(default)s); :memory: keeps nothing",
    )
    serve.add_argument(
        "--token", type=_token, help="access token to post items with; by default the file's, or a new one"
    )
    serve.add_argument(
        "--new-tokens",
        action="store_true",
        help="make all access tokens anew; the file keeps none that could be shown again",
    )
    serve.add_argument(
        "--max-body", type=_size, default=1_048_576, metavar="BYTES", help="largest body taken (%(default)s)"
    )
    serve.add_argument(
        "--rate-limit",
        type=_rate_limit,
        default=(50_000, 60.0),
        metavar="COUNT/SECONDS",
        help="calls per window and token, or 'off' (50000/60)",
    )
    serve.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Exit status: 0 stopped by one of these, 1 could not be started."""
    from rollbar_logging.server import LocalServer  # noqa: PLC0415 - it is slow to import

    token = args.token or _token_of_environment()
    server = LocalServer(
        host=args.host,
        port=args.port,
        database=None if args.db == ":memory:" else args.db,
        access_token=token,
        new_tokens=args.new_tokens,
        max_body=args.max_body,
        rate_limit=args.rate_limit,
    )
    server.run(lambda up: _announce(up, args))
    print("stopped", flush=True)
    return 0


def _announce(server: LocalServer, args: argparse.Namespace) -> None:
    tokens = server.tokens
    kept = "nowhere; it ends with the server" if args.db == ":memory:" else os.path.realpath(args.db)
    print(
        f"""\
page      {server.url}
endpoint  {server.endpoint}
kept in   {kept}

Point your application here:

export ROLLBAR_ENDPOINT={server.endpoint}
export ROLLBAR_ACCESS_TOKEN={tokens.get("post_server_item", "…")}

{_told_of_others(tokens)}

Ctrl+C stops the server.""",
        flush=True,
    )
    if args.host not in {"127.0.0.1", "::1", "localhost"}:
        print(f"warning: whoever can reach {args.host} can see what arrives", file=sys.stderr, flush=True)


def _told_of_others(tokens: Mapping[str, str]) -> str:
    if "read" not in tokens:
        return (
            "The access tokens are those of before; they were shown when they were made, and are kept as digests\n"
            "only. The option --new-tokens makes new ones."
        )
    others = "\n".join(f"  {name:<17} {text}" for name, text in tokens.items() if name != "post_server_item")
    return f"The other access tokens, shown this once:\n\n{others}"


def _token_of_environment() -> str | None:
    text = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not text:
        return None
    try:
        return _token(text)
    except argparse.ArgumentTypeError as error:
        from rollbar_logging.errors import RollbarError  # noqa: PLC0415 - only to tell of the fault

        raise RollbarError(f"{TOKEN_VARIABLE}: {error}") from None


def _token(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or any(sign in text for sign in " '\"\\$`"):
        raise argparse.ArgumentTypeError("a token is of printable ASCII characters, without spaces and quotes")
    return text


def _size(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes")
    return int(text)


def _rate_limit(text: str) -> tuple[int, float] | None:
    from rollbar_logging.server.rate_limit import parse_rate_limit  # noqa: PLC0415 - likewise

    try:
        return parse_rate_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
