"""The file that ``serve --config`` reads: INI, which Python reads on its own.

Section ``[server]`` has options; each ``[project NAME]`` the tokens of a project by scope; ``[account]`` the
account's, ``read`` and ``write``. A message about the file shows none of its values: most are secrets.
"""

from __future__ import annotations

import configparser
from collections.abc import Collection, Mapping
from typing import NamedTuple

from rollbar_logging.errors import RollbarError

_SCOPES = ("post_server_item", "post_client_item", "read", "write")
_ACCOUNT = ("read", "write")


class Config(NamedTuple):
    """What the file says, as texts.

    Attributes:
        path: The file's.
        server: Options by name.
        projects: Tokens by scope, per project's name, in the file's order.
        account: The account's tokens, ``read`` and ``write``.
    """

    path: str
    server: Mapping[str, str]
    projects: Mapping[str, Mapping[str, str]]
    account: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Config({self.path!r})"


NO_CONFIG = Config("", {}, {}, {})


def read_config(path: str, options: Collection[str]) -> Config:
    """Read the file.

    Args:
        path: The file's.
        options: Names that may be in ``[server]``.

    Raises:
        RollbarError: It cannot be read, or has a section or a key that is not known.
    """
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), default_section="", strict=True)
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a path as it was given, which the messages show
            parser.read_file(file)
    except OSError as error:
        raise RollbarError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise RollbarError(f"cannot read {path}: it is not UTF-8") from None
    except configparser.Error as error:
        raise RollbarError(f"cannot read {path}: {_reason(error)}") from None
    projects: dict[str, dict[str, str]] = {}
    others: dict[str, dict[str, str]] = {"server": {}, "account": {}}
    for section in parser.sections():
        kind, _, name = section.partition(" ")
        if kind == "project" and name.strip():
            projects[name.strip()] = _keys(parser[section], path, section, _SCOPES)
        elif section in others:
            others[section] = _keys(parser[section], path, section, options if section == "server" else _ACCOUNT)
        else:
            raise RollbarError(
                f"{path}: section [{section}] is not known: there are [server], [project NAME], [account]"
            )
    return Config(path, others["server"], projects, others["account"])


def _keys(section: Mapping[str, str], path: str, name: str, known: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for written, text in section.items():
        key = written.replace("-", "_")
        if key in {"token", "tokens"} and name == "server":
            raise RollbarError(f"{path}, [server] {written}: tokens have their place in [project NAME] and [account]")
        if key not in known:
            raise RollbarError(f"{path}, [{name}] {written}: not known; there are {', '.join(sorted(known))}")
        if text.strip():
            found[key] = text.strip()
    return found


def _reason(error: configparser.Error) -> str:
    """Say what is wrong, without the line itself."""
    if isinstance(error, configparser.DuplicateSectionError):
        return f"line {error.lineno}: section [{error.section}] is there twice"
    if isinstance(error, configparser.DuplicateOptionError):
        return f"line {error.lineno}: {error.option} is there twice in [{error.section}]"
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} comes before any section: begin with [server]"
    if isinstance(error, configparser.ParsingError) and error.errors:
        return f"line {error.errors[0][0]} is neither a section nor KEY = VALUE"
    return "it is no INI file"
