"""Every option of the handler: where its value comes from, and what it may be.

``Settings.resolve`` is the one place that reads an option: keyword over ``ROLLBAR_<OPTION>`` over
default. It reads no environment of its own; the caller passes one in. Times are seconds, sizes bytes.
"""

# ruff: noqa: PLC0415 - importing the package is cheap: what few options need is imported by them
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from logging import getLevelName
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.errors import SettingsError
from rollbar_logging.levels import parse_level

if TYPE_CHECKING:
    from typing import Literal, TypedDict

    class Options(TypedDict, total=False):
        """The keywords of ``RollbarHandler``; their meaning is told by `Settings`."""

        access_token: str | None
        environment: str
        endpoint: str
        enabled: bool
        level: int | str
        code_version: str | None
        branch: str | None
        root: str | None
        host: str | None
        framework: str | None
        platform: str
        timeout: float
        queue_size: int
        queue_bytes: int
        batch_size: int
        flush_interval: float
        max_connections: int
        on_rate_limit: Literal["defer", "drop"]
        max_age: float
        shutdown_timeout: float
        capture_locals: bool
        max_string: int
        max_items: int
        max_depth: int
        max_frames: int
        capture_budget: float
        max_payload_bytes: int
        scrub_fields: Sequence[str]
        scrub_emails: bool
        scrub_ibans: bool
        send_argv: bool
        before_send: Callable[[dict[str, Any]], dict[str, Any] | None] | str | None
        exception_levels: Mapping[str, str]
        fingerprint: Callable[[dict[str, Any]], str | None] | str | None
        transport: Any


ROLLBAR_ENDPOINT = "https://api.rollbar.com/api/1/"
MAX_PAYLOAD_BYTES = 131_072
"""The 128 KB of the API's status table (413); the item's own page names 1024 KB."""


class Settings(NamedTuple):
    """Every option, resolved and checked. Immutable; the access token is not in its ``repr``.

    Attributes:
        access_token: The project's token with the scope ``post_server_item``. Without one the handler is inert.
        environment: Rollbar keeps items apart by environment.
        endpoint: The API's base, with a final slash.
        enabled: ``False`` makes the handler inert, silently.
        level: The handler's ordinary `logging` level.
        code_version: Version or git SHA of the application, at most 40 characters.
        branch: Name of the checked-out branch.
        root: Folder of the application's code; frames outside of it count as library frames.
        host: Name of the machine; by default what the machine calls itself.
        framework: Name of the framework, as Rollbar shows it.
        platform: Name of the platform; by default ``sys.platform``.
        timeout: Seconds for one HTTP exchange (connecting and reading each).
        queue_size: Reports that may wait in memory.
        queue_bytes: Bytes that the waiting reports may take, by estimate.
        batch_size: So many waiting reports wake the worker at once.
        flush_interval: Seconds after the first report at which the worker wakes anyway.
        max_connections: Senders in parallel while there is a backlog.
        on_rate_limit: ``defer`` keeps reports until the window reopens, ``drop`` counts and drops them.
        max_age: Seconds after which an undelivered report is dropped.
        shutdown_timeout: Seconds that ``close()`` and the process's exit may take.
        capture_locals: Whether frames carry their local variables.
        max_string: Characters kept of a captured string.
        max_items: Entries kept of a captured container.
        max_depth: Levels of containers kept.
        max_frames: Frames kept of a traceback.
        capture_budget: Seconds of the caller's time after which values are described by their type alone.
        max_payload_bytes: Bytes of the largest body sent.
        scrub_fields: Names whose values are secrets, added to the defaults.
        scrub_emails: Whether e-mail addresses in strings are scrubbed.
        scrub_ibans: Whether bank account numbers (IBAN) in strings are scrubbed.
        send_argv: Whether ``sys.argv`` travels along.
        before_send: ``(data) -> data | None``, called on the worker's thread; ``None`` drops the report.
        exception_levels: Dotted path of an exception class (subclasses too) to a Rollbar level or ``ignored``.
        fingerprint: ``(data) -> str | None``; ``None`` leaves the grouping as it is.
        transport: A `Transport` in place of HTTP.
    """

    access_token: str | None = None
    environment: str = "production"
    endpoint: str = ROLLBAR_ENDPOINT
    enabled: bool = True
    level: int | str = "ERROR"
    code_version: str | None = None
    branch: str | None = None
    root: str | None = None
    host: str | None = None
    framework: str | None = None
    platform: str = sys.platform
    timeout: float = 10.0
    queue_size: int = 1000
    queue_bytes: int = 16 * 1024 * 1024
    batch_size: int = 50
    flush_interval: float = 0.5
    max_connections: int = 4
    on_rate_limit: Literal["defer", "drop"] = "defer"
    max_age: float = 3600.0
    shutdown_timeout: float = 3.0
    capture_locals: bool = True
    max_string: int = 1024
    max_items: int = 32
    max_depth: int = 4
    max_frames: int = 100
    capture_budget: float = 0.01
    max_payload_bytes: int = MAX_PAYLOAD_BYTES
    scrub_fields: tuple[str, ...] = ()
    scrub_emails: bool = False
    scrub_ibans: bool = False
    send_argv: bool = False
    before_send: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    exception_levels: Mapping[str, str] = {}
    fingerprint: Callable[[dict[str, Any]], str | None] | None = None
    transport: Any = None

    @classmethod
    def resolve(cls, given: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
        """Build the settings from keywords and environment variables.

        Args:
            given: Keywords of the handler. ``None`` means "not given" for every option.
            environ: Environment variables; an empty one counts as not set.

        Raises:
            SettingsError: An option is unknown, or its value cannot work. The message names the option,
                where the value came from, the value (never the token) and what is expected.
        """
        values: dict[str, Any] = {}
        for option in given:
            if option not in cls._fields:
                raise SettingsError(option, "keyword", _NOT_SHOWN, _near(option, cls._fields))
        for option, default in cls._field_defaults.items():
            origin, value = _find(option, given, environ)
            values[option] = default if value is None else _check(option, origin, _plain(value))
        return cls(**values)

    @property
    def is_inert(self) -> bool:
        """Whether the handler has nothing to do: switched off, or without an access token."""
        return not self.enabled or (self.access_token is None and self.transport is None)

    def __repr__(self) -> str:
        shown = {**self._asdict(), "access_token": None if self.access_token is None else "<hidden>"}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class _NotShown:
    """In place of the value of an unknown option, as that may be a token under a misspelt name."""

    def __repr__(self) -> str:
        return "not known"


_NOT_SHOWN = _NotShown()


def _find(option: str, given: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[str, Any]:
    value = given.get(option)
    if value is not None:
        return "keyword", value
    variable = f"ROLLBAR_{option.upper()}"
    return f"environment variable {variable}", environ.get(variable, "").strip() or None


def _near(option: str, known: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(option, known, n=1)
    return f"a known option; did you mean {close[0]!r}?" if close else "a known option"


def _plain(value: Any) -> Any:
    """Turn `logging.config`'s converting containers into plain ones; they resolve on subscription only."""
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in value}
    if isinstance(value, list):
        return [_plain(value[i]) for i in range(len(value))]
    if isinstance(value, tuple) and type(value).__name__ == "ConvertingTuple":
        return tuple(_plain(value[i]) for i in range(len(value)))
    return value


def _check(option: str, origin: str, value: Any) -> Any:
    expected = _EXPECTED[option]
    try:
        return expected.read(value)
    except Exception as error:  # a dotted path imports code of the application, which may raise anything
        raise SettingsError(option, origin, value, expected.words) from error


class _Kind(NamedTuple):
    """What an option may be: a reader that raises on anything else, and the same in words."""

    words: str
    read: Callable[[Any], Any]


def _text(longest: int | None = None) -> _Kind:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip() or (longest and len(value.strip()) > longest):
            raise ValueError
        return value.strip()

    return _Kind(f"text of at most {longest} characters" if longest else "text", read)


def _flag() -> _Kind:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, (str, int)) or str(value).strip().lower() not in known:
            raise ValueError
        return known[str(value).strip().lower()]

    return _Kind("true or false (also 1/0, yes/no, on/off)", read)


def _number(kind: type[int | float], low: float, high: float) -> _Kind:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise TypeError
        number = kind(value)
        if not low <= number <= high or (isinstance(value, float) and number != value):
            raise ValueError
        return number

    name = "a whole number" if kind is int else "a number"
    return _Kind(f"{name} from {low:,} to {high:,}", read)


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


def _read_choice(value: Any) -> str:
    if value not in {"defer", "drop"}:
        raise ValueError
    return str(value)


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


_EXPECTED: dict[str, _Kind] = {
    "access_token": _Kind("a token of printable ASCII characters without spaces", _read_token),
    "environment": _text(255),
    "endpoint": _Kind("an http(s) URL such as " + ROLLBAR_ENDPOINT, _read_endpoint),
    "enabled": _flag(),
    "level": _Kind("a logging level, by name or number", _read_level),
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
    "on_rate_limit": _Kind("'defer' or 'drop'", _read_choice),
    "max_age": _number(float, 1, 31 * 86_400),
    "shutdown_timeout": _number(float, 0, 600),
    "capture_locals": _flag(),
    "max_string": _number(int, 16, 1_000_000),
    "max_items": _number(int, 1, 10_000),
    "max_depth": _number(int, 1, 20),
    "max_frames": _number(int, 2, 10_000),
    "capture_budget": _number(float, 0.0001, 60),
    "max_payload_bytes": _number(int, 4096, 1_048_576),
    "scrub_fields": _Kind("names, as a list or separated by commas", _read_names),
    "scrub_emails": _flag(),
    "scrub_ibans": _flag(),
    "send_argv": _flag(),
    "before_send": _Kind("a callable, or the dotted path of one", _read_callable),
    "exception_levels": _Kind(
        "exception classes (dotted paths) with a Rollbar level or 'ignored', "
        "as a mapping, as JSON or as 'a.B=warning,c.D=ignored'",
        _read_exception_levels,
    ),
    "fingerprint": _Kind("a callable, or the dotted path of one", _read_callable),
    "transport": _Kind("an object with send() and close(), or the dotted path of its class", _read_transport),
}
