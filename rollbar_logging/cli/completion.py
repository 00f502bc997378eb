"""``rollbar-logging completion``: what a shell needs to complete the commands."""

# ruff: noqa: PLC0415 - an extra, for this command only
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no other name for it

_SHELLS = ("bash", "zsh", "tcsh")
_DESCRIPTION = """\
Print a script with which the shell completes the commands:

  rollbar-logging completion bash > ~/.local/share/bash-completion/completions/rollbar-logging
  rollbar-logging completion zsh > ~/.zsh/completions/_rollbar-logging
"""


def add_completion(commands: Commands, parser: argparse.ArgumentParser) -> None:
    """Add the command to *parser*, which it completes."""
    completion = commands.add_parser(
        "completion",
        help="print a script that completes these commands in a shell",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    completion.add_argument("shell", choices=_SHELLS)
    completion.set_defaults(run=lambda args: run_completion(args, parser))


def run_completion(args: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print the script."""
    try:
        import shtab
    except ModuleNotFoundError as error:
        raise RollbarError("completion needs one more package: pip install 'rollbar-logging[cli]'") from error
    print(shtab.complete(parser, shell=args.shell))
    return 0
