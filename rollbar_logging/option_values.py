"""What each option may be: a reader of keywords and environment variables, and the same in words."""

# ruff: noqa: PLC0415 - importing the package is cheap: what few options need is imported by them
from __future__ import annotations

from collections.abc import Callable
from logging import getLevelName
from typing import Any, NamedTuple

from rollbar_logging.levels import parse_level

ROLLBAR_ENDPOINT = "https://api.rollbar.com/api/1/"


class Kind(NamedTuple):
    """What an option may be: a reader that raises on anything else, and the same in words."""

    words: str
    read: Callable[[Any], Any]


def _text(longest: int | None = None) -> Kind:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or (longest and len(value.strip()) > longest):
            raise ValueError
        return value.strip()

    return Kind(f"text of at most {longest} characters" if longest else "text", read)


def _flag() -> Kind:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, (str, int)) or str(value).strip().lower() not in known:
            raise ValueError
        return known[str(value).strip().lower()]

    return Kind("true or false (also 1/0, yes/no, on/off)", read)


def _number(kind: type[int | float], low: float, high: float) -> Kind:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise TypeError
        number = kind(value)
        if not low <= number <= high or (isinstance(value, float) and number != value):
            raise ValueError
        return number

    name = "a whole number" if kind is int else "a number"
    return Kind(f"{name} from {low:,} to {high:,}", read)


def _read_folder(value: Any) -> str:
    import os

    folder = os.fspath(value)
    if not isinstance(folder, str) or not folder.strip() or "\0" in folder:
        raise ValueError
    return os.path.abspath(os.path.expanduser(folder.strip()))  # noqa: PTH100, PTH111 - a text is wanted


def _read_token(value: Any) -> str:
    token: str = value.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError  # it travels in an HTTP header
    return token


def _read_endpoint(value: Any) -> str:
    from urllib.parse import urlsplit

    url: str = _text().read(value)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    _ = parts.port  # raises ValueError for a port that is no number
    base = url if url.endswith("/") else url + "/"
    return base.removesuffix("item/") if base.endswith("/item/") else base


def _read_level(value: Any) -> int | str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError
    if isinstance(value, int) or value.strip().isdigit():
        return int(value)
    for name in (value.strip(), value.strip().upper()):
        if isinstance(getLevelName(name), int):
            return name
    raise ValueError  # an unknown name


def _read_names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    names = tuple(value)
    if not all(isinstance(name, str) for name in names):
        raise TypeError
    return tuple(name.strip() for name in names if name.strip())


def _choice(*choices: str) -> Kind:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return Kind(" or ".join(map(repr, choices)), read)


def _read_callable(value: Any) -> Callable[..., Any]:
    import importlib

    if isinstance(value, str):
        module, _, name = value.strip().replace(":", ".").rpartition(".")
        value = getattr(importlib.import_module(module), name)
    if not callable(value):
        raise TypeError
    return value  # type: ignore[no-any-return]


def _read_exception_levels(value: Any) -> dict[str, str]:
    import json

    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("{") else _pairs(value)
    levels = {}
    for path, level in dict(value).items():
        name = "ignored" if str(level).strip().lower() == "ignored" else parse_level(level)
        if name is None or not (isinstance(path, type) or (isinstance(path, str) and path.strip())):
            raise ValueError
        levels[f"{path.__module__}.{path.__qualname__}" if isinstance(path, type) else path.strip()] = name
    return levels


def _pairs(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    return {path.strip(): level.strip() for path, _, level in pairs}


def _read_transport(value: Any) -> Any:
    if isinstance(value, str):
        value = _read_callable(value)()
    if not callable(getattr(value, "send", None)) or not callable(getattr(value, "close", None)):
        raise TypeError
    return value


EXPECTED: dict[str, Kind] = {
    "access_token": Kind("a token of printable ASCII characters without spaces", _read_token),
    "environment": _text(255),
    "endpoint": Kind("an http(s) URL such as " + ROLLBAR_ENDPOINT, _read_endpoint),
    "enabled": _flag(),
    "level": Kind("a logging level, by name or number", _read_level),
    "code_version": _text(40),
    "branch": _text(255),
    "root": _text(),
    "host": _text(255),
    "framework": _text(255),
    "platform": _text(255),
    "timeout": _number(float, 0.01, 600),
    "queue_size": _number(int, 1, 1_000_000),
    "queue_bytes": _number(int, 65_536, 16 * 1024**3),
    "batch_size": _number(int, 1, 10_000),
    "flush_interval": _number(float, 0, 3600),
    "max_connections": _number(int, 1, 64),
    "on_rate_limit": _choice("defer", "drop"),
    "max_age": _number(float, 1, 31 * 86_400),
    "shutdown_timeout": _number(float, 0, 600),
    "spool_dir": Kind("the path of a folder", _read_folder),
    "spool": _choice("overflow", "always"),
    "spool_bytes": _number(int, 262_144, 64 * 1024**3),
    "storm_limit": _number(int, 0, 1_000_000),
    "storm_window": _number(float, 1, 86_400),
    "telemetry_size": _number(int, 0, 1000),
    "telemetry_level": Kind("a logging level, by name or number", _read_level),
    "capture_locals": _flag(),
    "max_string": _number(int, 16, 1_000_000),
    "max_items": _number(int, 1, 10_000),
    "max_depth": _number(int, 1, 20),
    "max_frames": _number(int, 2, 10_000),
    "capture_budget": _number(float, 0.0001, 60),
    "max_payload_bytes": _number(int, 4096, 1_048_576),
    "scrub_fields": Kind("names, as a list or separated by commas", _read_names),
    "scrub_emails": _flag(),
    "scrub_ibans": _flag(),
    "send_argv": _flag(),
    "before_send": Kind("a callable, or the dotted path of one", _read_callable),
    "exception_levels": Kind(
        "exception classes (dotted paths) with a Rollbar level or 'ignored', "
        "as a mapping, as JSON or as 'a.B=warning,c.D=ignored'",
        _read_exception_levels,
    ),
    "fingerprint": Kind("a callable, or the dotted path of one", _read_callable),
    "transport": Kind("an object with send() and close(), or the dotted path of its class", _read_transport),
}
