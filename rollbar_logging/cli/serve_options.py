"""The options of ``serve``: on the command line, in the environment, in a file, or left as they are, in this order."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rollbar_logging.cli import serve_values
from rollbar_logging.cli.arguments import port_number
from rollbar_logging.cli.serve_config import NO_CONFIG, Config, read_config
from rollbar_logging.errors import RollbarError

PREFIX = "ROLLBAR_SERVE_"
_POSTING = "post_server_item"

TOKEN_VARIABLES: Mapping[str, str] = {
    "post_server_item": f"{PREFIX}TOKEN",
    "post_client_item": f"{PREFIX}TOKEN_POST_CLIENT_ITEM",
    "read": f"{PREFIX}TOKEN_READ",
    "write": f"{PREFIX}TOKEN_WRITE",
    "account_read": f"{PREFIX}TOKEN_ACCOUNT_READ",
    "account_write": f"{PREFIX}TOKEN_ACCOUNT_WRITE",
}
"""The variables that fix tokens, by the token's name."""


class Option(NamedTuple):
    """One option.

    Attributes:
        name: As a key of the file; with hyphens it is the command line's, in capitals the environment's.
        read: Turns its text into its value; `ValueError` when it cannot.
        help: What it is.
        default: Its value when it is given nowhere.
        metavar: What stands for its value in the help; ``None``: it has none, and giving it says yes.
    """

    name: str
    read: Callable[[str], Any]
    help: str
    default: Any = None
    metavar: str | None = None

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()


OPTIONS: tuple[Option, ...] = (
    Option(
        "host",
        serve_values.read_host,
        "address to listen on (%(default)s); where others can reach it, a password is needed",
        "127.0.0.1",
        "ADDRESS",
    ),
    Option("port", port_number, "port to listen on, 0 for a free one (%(default)s)", 8787, "PORT"),
    Option(
        "db",
        serve_values.read_database,
        "SQLite file that keeps what arrives, and the tokens (%(default)s), or the URL of a PostgreSQL database; "
        ":memory: keeps nothing",
        "rollbar-local.db",
        "DATABASE",
    ),
    Option(
        "retention",
        serve_values.read_retention,
        "delete occurrences older than so many days (30 or 30d) or hours (12h); by default none",
        None,
        "TIME",
    ),
    Option("max_body", serve_values.read_size, "largest body taken (%(default)s)", 131_072, "BYTES"),
    Option(
        "rate_limit",
        serve_values.read_rate_limit,
        "calls per window and token, or 'off' (50000/60)",
        (50_000, 60.0),
        "COUNT/SECONDS",
    ),
    Option("password", serve_values.read_password, "password that the pages ask for", None, "PASSWORD"),
    Option(
        "token",
        serve_values.read_token,
        "access token to post items with; by default the database's, or a new one",
        None,
        "TOKEN",
    ),
    Option(
        "new_tokens",
        serve_values.read_boolean,
        "make all access tokens anew; the database keeps none that could be shown again",
        default=False,
    ),
    Option(
        "users",
        serve_values.read_users,
        "users that the account shall have beside its owner, with commas between them; invites of their addresses are "
        "accepted",
        None,
        "NAME:EMAIL",
    ),
    Option("log", serve_values.read_log, "write a line for each call to stderr: json, text or off (off)", None, "FORM"),
    Option("json", serve_values.read_boolean, "when ready, print one line of JSON for programs", default=False),
    Option("config", str, "file to read options and tokens from", None, "FILE"),
)

VARIABLES = frozenset({*TOKEN_VARIABLES.values(), *(option.variable for option in OPTIONS)})
"""All environment variables of the command."""

_NOT_IN_FILE = {"config", "json", "token"}


class Chosen(NamedTuple):
    """What was decided.

    Attributes:
        values: Of the options by name.
        tokens: Texts of tokens that were given, by name: the first project's and the account's.
        projects: Texts of tokens by scope, per project's name, of the file.
        unknown: Variables that look like ours and are not.
    """

    values: Mapping[str, Any]
    tokens: Mapping[str, str]
    projects: Mapping[str, Mapping[str, str]]
    unknown: Sequence[str]

    def __repr__(self) -> str:
        return f"Chosen(projects={list(self.projects)!r}, tokens={list(self.tokens)!r})"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the command's parser."""
    for option in OPTIONS:
        parser.add_argument(
            "--" + option.name.replace("_", "-"),
            action=_Given,
            nargs=0 if option.metavar is None else None,
            type=_argument(option),
            default=option.default,
            metavar=option.metavar,
            help=option.help,
        )


class _Given(argparse.Action):
    """Stores a value, and that it was given: a default gives way to the environment and to the file."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        setattr(namespace, self.dest, True if self.nargs == 0 else values)
        namespace.given = {*getattr(namespace, "given", ()), self.dest}


def _argument(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def choose(args: argparse.Namespace, environ: Mapping[str, str]) -> Chosen:
    """Decide each option: command line over environment over file over default. An empty variable is none.

    Args:
        args: The command line.
        environ: The environment.

    Raises:
        RollbarError: A value of the environment or of the file cannot be used; the message says which, and what can.
    """
    given = {name: getattr(args, name) for name in getattr(args, "given", ())}
    texts = {name: text.strip() for name, text in environ.items() if name.startswith(PREFIX) and text.strip()}
    path = given.get("config") or texts.get(f"{PREFIX}CONFIG")
    config = NO_CONFIG if path is None else read_config(path, _keys_of_file())
    values = {option.name: _value(option, given, texts, config) for option in OPTIONS}
    tokens = _tokens(texts, config)
    if values["token"] is not None:
        tokens[_POSTING] = values["token"]
    return Chosen(values, tokens, _projects(config), sorted(texts.keys() - VARIABLES))


def _keys_of_file() -> set[str]:
    return {option.name for option in OPTIONS} - _NOT_IN_FILE


def _value(option: Option, given: Mapping[str, Any], texts: Mapping[str, str], config: Config) -> Any:
    if option.name in given:
        return given[option.name]
    if option.variable in texts:
        return _read(option.read, texts[option.variable], f"{option.variable} of the environment")
    if option.name in config.server:
        return _read(option.read, config.server[option.name], f"{config.path}, [server] {option.name}")
    return option.default


def _tokens(texts: Mapping[str, str], config: Config) -> dict[str, str]:
    tokens = {
        f"account_{name}": _read(serve_values.read_token, text, f"{config.path}, [account] {name}")
        for name, text in config.account.items()
    }
    for name, variable in TOKEN_VARIABLES.items():
        if variable in texts and name != _POSTING:  # that one is an option
            tokens[name] = _read(serve_values.read_token, texts[variable], f"{variable} of the environment")
    return tokens


def _projects(config: Config) -> dict[str, dict[str, str]]:
    return {
        project: {
            name: _read(serve_values.read_token, text, f"{config.path}, [project {project}] {name}")
            for name, text in tokens.items()
        }
        for project, tokens in config.projects.items()
    }


def _read(read: Callable[[str], Any], text: str, place: str) -> Any:
    try:
        return read(text)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise RollbarError(f"{place}: {error}") from None
