"""What all commands over the API have in common: the token, the client, and what an error means for the exit status."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs
from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.client import RollbarClient

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it
    Actions = Commands
    Run = Callable[[argparse.Namespace, RollbarClient], int]

PROJECT_VARIABLES = ("ROLLBAR_API_TOKEN", "ROLLBAR_ACCESS_TOKEN")
ACCOUNT_VARIABLES = ("ROLLBAR_ACCOUNT_TOKEN", "ROLLBAR_API_TOKEN")

_STATUS = {
    "NotFound": 3,
    "AccessDenied": 4,
    "Unreachable": 5,
    "RateLimited": 6,
}


def add_connection(parser: argparse.ArgumentParser, *, needs_project: bool = False) -> None:
    """Add the arguments that say where to call and with which token; *needs_project*: it has to be named."""
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--token-file", metavar="FILE", help="file with the access token; by default it is the environment's"
    )
    group.add_argument("--endpoint", metavar="URL", help="the API's base; by default that of ROLLBAR_ENDPOINT")
    group.add_argument(
        "--project-id",
        type=int,
        required=needs_project,
        metavar="N",
        help="the project, as 'projects' lists it" if needs_project else "the project, with the account's access token",
    )


def calling(run: Run, *, is_account: bool = False, timeout: float = 30.0) -> Callable[[argparse.Namespace], int]:
    """Wrap a command that needs a client: make it, close it, and turn errors into exit statuses.

    Args:
        run: The command.
        is_account: Whether it needs the account's token.
        timeout: Seconds that each attempt of a call may take to connect, and to get each part of its answer.
    """

    def run_with_client(args: argparse.Namespace) -> int:
        from rollbar_logging.client import ApiError

        try:
            variables = ACCOUNT_VARIABLES if is_account else PROJECT_VARIABLES
            with make_client(args, variables, timeout) as client:
                return run(args, client)
        except ApiError as error:
            print(f"rollbar-logging: {error}{_hint(error)}", file=sys.stderr)
            return _STATUS.get(type(error).__name__, 1)

    return run_with_client


def make_client(args: argparse.Namespace, variables: tuple[str, ...], timeout: float) -> RollbarClient:
    """Return a client with the token that file, environment or terminal give.

    Raises:
        RollbarError: There is no token, or it can be none, or the endpoint is no URL.
    """
    from rollbar_logging.client import Patience, RollbarClient

    token, patience = _token(args.token_file, variables), Patience(timeout=timeout)
    return RollbarClient(token, endpoint_of(args), project_id=args.project_id, patience=patience)


def endpoint_of(args: argparse.Namespace) -> str:
    """Return the API's base, by argument or environment, as the handler would understand it.

    Raises:
        RollbarError: It is no URL.
    """
    from rollbar_logging.settings import Settings

    given = {"endpoint": args.endpoint} if args.endpoint else {}
    environ = {key: value for key, value in os.environ.items() if key == "ROLLBAR_ENDPOINT"}
    return Settings.resolve(given, environ).endpoint


def _token(file: str | None, variables: tuple[str, ...]) -> str:
    if file is not None:
        try:
            text = Path(file).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise RollbarError(f"--token-file {file}: {error}") from error
        if not text:
            raise RollbarError(f"--token-file {file} is empty")
        return text
    for name in variables:
        if text := os.environ.get(name, "").strip():
            return text
    if sys.stdin.isatty() and sys.stderr.isatty():
        with suppress(EOFError):
            if text := getpass.getpass("Rollbar access token (not shown): ").strip():
                return text
    raise RollbarError(f"no access token: set {' or '.join(variables)}, or give --token-file")


def _hint(error: Exception) -> str:
    if type(error).__name__ == "AccessDenied":
        return (
            f"\n  The token is that of --token-file, {' or '.join(PROJECT_VARIABLES)}; for the account's commands, "
            f"{' or '.join(ACCOUNT_VARIABLES)}.\n  Reading needs one with the scope 'read', changing 'write'; "
            "to change an item by its number needs both, with --by-id 'write' alone."
        )
    return ""
