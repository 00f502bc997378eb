"""Every option of the handler: where its value comes from, and what it may be.

``Settings.resolve`` is the one place that reads an option: keyword over ``ROLLBAR_<OPTION>`` over
default. It reads no environment of its own; the caller passes one in. Times are seconds, sizes bytes.
"""

# ruff: noqa: PLC0415 - importing the package is cheap: what few options need is imported by them
from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.errors import SettingsError
from rollbar_logging.option_values import EXPECTED, ROLLBAR_ENDPOINT

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
        spool_dir: str | None
        spool: Literal["overflow", "always"]
        spool_bytes: int
        storm_limit: int
        storm_window: float
        telemetry_size: int
        telemetry_level: int | str
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
        batch_size: About so many waiting reports wake the worker at once.
        flush_interval: Seconds after the first report at which the worker wakes anyway.
        max_connections: Senders in parallel while there is a backlog.
        on_rate_limit: ``defer`` keeps reports until the window reopens, ``drop`` counts and drops them.
        max_age: Seconds after which an undelivered report is dropped.
        shutdown_timeout: Seconds that ``close()`` and the process's exit may take.
        spool_dir: Folder in which what cannot be sent is kept, for this process or a later one to send.
        spool: ``overflow`` keeps there what cannot be sent now, ``always`` every report before it is sent.
        spool_bytes: Bytes of bodies kept there; beyond, the least severe and oldest gives way.
        storm_limit: Reports of one failure in a window; the rest are counted and told in one. 0: no limit.
        storm_window: Seconds of that window.
        telemetry_size: Earlier records of the same request or task that travel along with a report. 0: none.
        telemetry_level: The lowest level of such records, as `logging` knows it.
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
    spool_dir: str | None = None
    spool: Literal["overflow", "always"] = "overflow"
    spool_bytes: int = 64 * 1024 * 1024
    storm_limit: int = 60
    storm_window: float = 60.0
    telemetry_size: int = 0
    telemetry_level: int | str = "INFO"
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

    @classmethod
    def origins(cls, given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
        """Tell where `resolve` takes each option from.

        Args:
            given: As for `resolve`.
            environ: As for `resolve`.

        Returns:
            By option: ``keyword``, ``environment variable ROLLBAR_…`` or ``default``.
        """
        found = {option: _find(option, given, environ) for option in cls._fields}
        return {option: "default" if value is None else origin for option, (origin, value) in found.items()}

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
    expected = EXPECTED[option]
    try:
        return expected.read(value)
    except Exception as error:  # a dotted path imports code of the application, which may raise anything
        raise SettingsError(option, origin, value, expected.words) from error
