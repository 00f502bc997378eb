"""Texts of the options of ``serve`` into values. A text that cannot be read raises `ValueError`, which says what can.

No message shows a token, a password or a URL, which may have a password in it.
"""

from __future__ import annotations

import re
from pathlib import Path

_LARGEST_BODY = 1 << 30
_UNITS = {"d": 86_400.0, "h": 3600.0}
_LONGEST_DAYS = 36_500
_YES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def read_host(text: str) -> str:
    """Read an address or a name."""
    if not text or any(sign.isspace() or sign == "/" for sign in text):
        raise ValueError(f"{text!r} is no address: give one of this machine's, such as 127.0.0.1 or 0.0.0.0")
    return text


def read_database(text: str) -> str:
    """Read a file's name, ``:memory:`` or a URL of PostgreSQL."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if not text or (scheme and scheme[1] not in {"postgresql", "postgres", "postgresql+psycopg"}):
        what = f"a database of {scheme[1]}:// is not known" if scheme else "the name is empty"
        raise ValueError(f"{what}: give a file, :memory:, or postgresql://USER:PASSWORD@HOST/NAME")
    if not scheme and text != ":memory:" and Path(text).is_dir():
        raise ValueError(f"{text!r} is a folder: give a file")
    return text


def read_retention(text: str) -> float | None:
    """Read days (``30``, ``30d``) or hours (``12h``) into seconds; ``off`` is ``None``."""
    if text.lower() == "off":
        return None
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*([dh]?)", text.lower(), re.ASCII)
    seconds = float(found[1]) * _UNITS[found[2] or "d"] if found else 0.0
    if not 0 < seconds <= _LONGEST_DAYS * _UNITS["d"]:
        raise ValueError(f"{text!r} is no time to keep: give days (30 or 30d), hours (12h), or 'off'")
    return seconds


def read_size(text: str) -> int:
    """Read a number of bytes."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_BODY))):
        raise ValueError(f"{text!r} is no number of bytes")
    if not 1 <= int(text) <= _LARGEST_BODY:
        raise ValueError(f"{text!r} is no number of bytes from 1 to {_LARGEST_BODY}")
    return int(text)


def read_rate_limit(text: str) -> tuple[int, float] | None:
    """Read ``COUNT/SECONDS``; ``off`` is ``None``."""
    from rollbar_logging.server.rate_limit import parse_rate_limit  # noqa: PLC0415 - only when it is asked for

    return parse_rate_limit(text)


def read_password(text: str) -> str:
    """Read a password."""
    from rollbar_logging.server.options import SHORTEST_PASSWORD  # noqa: PLC0415 - likewise

    if len(text) < SHORTEST_PASSWORD or not text.isprintable():
        raise ValueError(f"give {SHORTEST_PASSWORD} characters or more, all of them printable")
    return text


def read_token(text: str) -> str:
    """Read an access token."""
    if not text or not text.isascii() or not text.isprintable() or any(sign in text for sign in " '\"\\$`"):
        raise ValueError("a token is of printable ASCII characters, without spaces and quotes")
    return text


def read_users(text: str) -> dict[str, str]:
    """Read ``NAME:EMAIL``, several with commas between them, into addresses by name."""
    users = {}
    for user in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"([^:@]{1,255}):([^\s:@]+@[^\s:@]{1,255})", user)
        if not found or not user.isprintable():
            raise ValueError(f"{user!r} is no user: give NAME:EMAIL, such as ada:ada@example.com")
        users[found[1]] = found[2]
    return users


def read_boolean(text: str) -> bool:
    """Read yes or no."""
    try:
        return _YES[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def read_log(text: str) -> str | None:
    """Read the form of the access log; ``off`` is ``None``."""
    if text not in {"json", "text", "off"}:
        raise ValueError(f"{text!r} is none of json, text and off")
    return None if text == "off" else text
