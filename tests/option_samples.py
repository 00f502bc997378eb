"""What the tests of the options have in common: values for each option, and what an application may give."""

from __future__ import annotations

from typing import Any

from rollbar_logging import Answer, Settings

TOKEN = "0123456789abcdef0123456789abcdef"


def resolve(environ: dict[str, str] | None = None, /, **given: Any) -> Settings:
    """Resolve settings from keywords and an environment of the test's own."""
    return Settings.resolve(given, environ or {})


def tag(data: dict[str, Any]) -> dict[str, Any]:
    """Stand for an application's `before_send`."""
    return data


def group(data: dict[str, Any]) -> str:
    """Stand for an application's `fingerprint`."""
    return str(data)


class Carrier:
    """A transport of the application's."""

    def send(self, body: bytes, timeout: float) -> Answer:
        """Send nothing."""
        return Answer(200)

    def close(self) -> None:
        """Close nothing."""


class ShopError(Exception):
    """An exception of the application."""


HERE = __name__
LEVELS = {"a.B": "warning", "c.D": "ignored"}
# By option: what a variable says, what is read of it, and another value as a keyword.
VALUES: dict[str, tuple[str, Any, Any]] = {
    "access_token": (TOKEN, TOKEN, TOKEN[::-1]),
    "environment": ("staging", "staging", "test"),
    "endpoint": ("http://127.0.0.1:8000/api/1", "http://127.0.0.1:8000/api/1/", "https://other/api/1/"),
    "enabled": ("no", False, True),
    "level": ("warning", "WARNING", 35),
    "code_version": ("1.2.3", "1.2.3", "abc"),
    "branch": ("main", "main", "other"),
    "root": ("/srv/app", "/srv/app", "/srv/other"),
    "host": ("web-1", "web-1", "web-2"),
    "framework": ("flask", "flask", "django"),
    "platform": ("heroku", "heroku", "linux"),
    "timeout": ("2.5", 2.5, 3),
    "queue_size": ("10", 10, 20),
    "queue_bytes": ("65536", 65536, 70000),
    "batch_size": ("5", 5, 6),
    "flush_interval": ("0", 0.0, 1.5),
    "max_connections": ("2", 2, 3),
    "on_rate_limit": ("drop", "drop", "defer"),
    "max_age": ("60", 60.0, 61.0),
    "shutdown_timeout": ("1", 1.0, 0),
    "spool_dir": ("/var/spool/../spool/app", "/var/spool/app", "/srv/spool"),
    "spool": ("always", "always", "overflow"),
    "spool_bytes": ("300000", 300_000, 400_000),
    "storm_limit": ("0", 0, 5),
    "storm_window": ("10", 10.0, 1.5),
    "telemetry_size": ("20", 20, 0),
    "telemetry_level": ("debug", "DEBUG", 20),
    "capture_locals": ("off", False, True),
    "max_string": ("100", 100, 200),
    "max_items": ("5", 5, 6),
    "max_depth": ("2", 2, 3),
    "max_frames": ("10", 10, 11),
    "capture_budget": ("0.5", 0.5, 1.0),
    "max_payload_bytes": ("8192", 8192, 9000),
    "scrub_fields": ("iban, pin", ("iban", "pin"), ("other",)),
    "scrub_emails": ("yes", True, False),
    "scrub_ibans": ("on", True, False),
    "send_argv": ("1", True, False),
    "before_send": (f"{HERE}.tag", tag, group),
    "exception_levels": ("a.B=warning, c.D=ignored", LEVELS, {"e.F": "info"}),
    "fingerprint": (f"{HERE}:group", group, tag),
    "transport": (f"{HERE}.Carrier", Carrier, Carrier()),
}
