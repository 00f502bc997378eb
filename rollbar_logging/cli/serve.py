"""``rollbar-logging serve``: a local server that speaks the Rollbar API."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING

from rollbar_logging.cli.arguments import show_examples
from rollbar_logging.cli.serve_options import PREFIX, Chosen, add_options, choose
from rollbar_logging.cli.serve_print import as_json, told
from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.server import LocalServer

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

_DESCRIPTION = f"""\
Run a server on this machine that speaks the Rollbar API, with pages that show what arrived.

Each option may also be given by an environment variable, {PREFIX}HOST for --host, or
in the section [server] of the file that --config names; the command line comes first, then
the environment, then the file. Secrets are better there: the list of processes shows the
command line.

{PREFIX}TOKEN fixes the token to post items with; {PREFIX}TOKEN_READ, _WRITE,
_POST_CLIENT_ITEM, _ACCOUNT_READ and _ACCOUNT_WRITE the others.
"""
_EXAMPLES = """\
examples:
  rollbar-logging serve
  rollbar-logging serve --db :memory: --port 0 --json
  rollbar-logging serve --config serve.ini --retention 30d --log json
"""


def add_serve(commands: Commands) -> None:
    """Add the command to the parser."""
    serve = commands.add_parser(
        "serve",
        help="run a local server that speaks the Rollbar API",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show_examples(_EXAMPLES, serve)
    add_options(serve)
    serve.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Exit status: 0 stopped by one of these, 1 could not be started."""
    chosen = choose(args, os.environ)
    if chosen.unknown:
        print(f"note: not looked at: {', '.join(chosen.unknown)} of the environment", file=sys.stderr, flush=True)
    if chosen.values["log"] == "json":
        _log_in_json()
    try:
        _server(chosen).run(lambda up: _announce(up, chosen))
    except RollbarError as error:
        raise RollbarError(" ".join(str(error).split())) from error  # a database's own words may be of several lines
    if not chosen.values["json"]:
        print("stopped", flush=True)
    return 0


def _server(chosen: Chosen) -> LocalServer:
    from rollbar_logging.server import LocalServer  # noqa: PLC0415 - it is slow to import

    values = chosen.values
    return LocalServer(
        host=values["host"],
        port=values["port"],
        database=None if values["db"] == ":memory:" else values["db"],
        tokens=chosen.tokens,
        projects=chosen.projects,
        users=values["users"],
        new_tokens=values["new_tokens"],
        password=values["password"],
        retention=values["retention"],
        max_body=values["max_body"],
        rate_limit=values["rate_limit"],
        log=values["log"],
    )


def _announce(server: LocalServer, chosen: Chosen) -> None:
    print((as_json if chosen.values["json"] else told)(server, chosen), flush=True)
    if not server.is_loopback:
        print(
            "note: passwords, tokens and reports travel unencrypted: where the network is not yours alone, put a proxy "
            "with TLS before this server",
            file=sys.stderr,
            flush=True,
        )


def _log_in_json() -> None:
    """Have what the server tells beside the access log written in the same form. The process is ours."""
    import structlog  # noqa: PLC0415 - only where it is asked for

    shared: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.getLogger("rollbar_logging").addHandler(handler)
