"""What ``serve`` says when it is ready: for people, or as one line for programs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from rollbar_logging.cli.serve_options import Chosen
from rollbar_logging.version import VERSION

if TYPE_CHECKING:
    from rollbar_logging.server import LocalServer

_POSTING = "post_server_item"
_HOUR, _DAY = 3600, 86_400


def told(server: LocalServer, chosen: Chosen) -> str:
    """Return the text for people."""
    kept = kept_in(chosen.values["db"])
    retention = chosen.values["retention"]
    for_how_long = f", for {_duration(retention)}" if kept and retention is not None else ""
    return f"""\
page      {server.url}{"  (asks for the password)" if chosen.values["password"] else ""}
endpoint  {server.endpoint}
kept in   {kept or "nowhere; it ends with the server"}{for_how_long}

Point your application here:

export ROLLBAR_ENDPOINT={server.endpoint}
export ROLLBAR_ACCESS_TOKEN={_posting_token(server, chosen) or "…"}

{_others(server, chosen)}

Ctrl+C stops the server."""


def as_json(server: LocalServer, chosen: Chosen) -> str:
    """Return the line for programs.

    Tokens that were given are not repeated, but the one to post with.
    """
    fresh = _fresh(server, chosen)
    posting = _posting_token(server, chosen)
    facts: dict[str, Any] = {
        "version": VERSION,
        "pid": os.getpid(),
        "page": server.url,
        "endpoint": server.endpoint,
        "kept_in": kept_in(chosen.values["db"]),
        "tokens": ({_POSTING: posting} if posting else {}) | fresh.pop("", {}),
        "projects": fresh,
    }
    return json.dumps(facts)


def kept_in(database: str) -> str | None:
    """Return where occurrences are kept, without a password; ``None`` for memory."""
    if database == ":memory:":
        return None
    if "://" not in database:
        return os.path.realpath(database)
    from rollbar_logging.server.storage.opening import shown  # noqa: PLC0415 - it needs the extra

    return shown(database)


def _posting_token(server: LocalServer, chosen: Chosen) -> str | None:
    return server.tokens.get(_POSTING) or chosen.tokens.get(_POSTING)


def _fresh(server: LocalServer, chosen: Chosen) -> dict[str, dict[str, str]]:
    """Return the tokens that were made now, per project's name; without a name, the first project's and the account's.

    Texts that were given are known to whoever gave them: output goes into logs.
    """
    first = next(iter(chosen.projects), None)
    fresh = {"": server.tokens, **{name: texts for name, texts in server.project_tokens.items() if name != first}}
    given = {"": {**chosen.projects.get(first or "", {}), **chosen.tokens}, **chosen.projects}
    return {
        project: {name: text for name, text in texts.items() if given.get(project, {}).get(name) != text}
        for project, texts in fresh.items()
    }


def _others(server: LocalServer, chosen: Chosen) -> str:
    fresh = _fresh(server, chosen)
    lines = [
        f"  {name:<17} {text}{f'  ({project})' if project else ''}"
        for project, texts in fresh.items()
        for name, text in texts.items()
        if project or name != _POSTING
    ]
    if lines:
        return "The other access tokens, shown this once:\n\n" + "\n".join(lines)
    if "read" in server.tokens:
        return "The other access tokens are those that were given."
    return (
        "The access tokens are those of before; they were shown when they were made, and are kept as digests\n"
        "only. The option --new-tokens makes new ones."
    )


def _duration(seconds: float) -> str:
    unit, name = (_DAY, "day") if seconds % _DAY == 0 else (_HOUR, "hour")
    return f"{seconds / unit:g} {name}{'' if seconds == unit else 's'}"
