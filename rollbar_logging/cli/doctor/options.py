"""The doctor's look at the options: their values, where each came from, and what nobody reads."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from rollbar_logging.cli.doctor.report import Finding, masked
from rollbar_logging.cli.serve_options import VARIABLES
from rollbar_logging.errors import SettingsError
from rollbar_logging.settings import Settings

PREFIX = "ROLLBAR_"
OTHERS_VARIABLES = VARIABLES
"""Variables of the same prefix that are no options, but read by others of our commands."""

_MAX_VALUE = 200
_PARTS = re.compile(r"[/?#]")  # where a password that is not percent-encoded breaks, in errors of libraries too
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class Reading(NamedTuple):
    """What became of the options.

    Attributes:
        settings: Resolved; an option with a fault has its default.
        origins: Where each option came from; see `Settings.origins`.
        errors: The faults; with any of them a handler cannot be built.
    """

    settings: Settings
    origins: Mapping[str, str]
    errors: tuple[SettingsError, ...]


def read_settings(given: Mapping[str, Any], environ: Mapping[str, str], level: object = None) -> Reading:
    """Resolve the options as the handler would, but go on after a fault, so that all of them are told at once.

    Args:
        given: Keywords of the handler.
        environ: Environment variables.
        level: What ``logging.config`` sets the handler's level to once the handler is made.
    """
    kept, variables = dict(given), dict(environ)
    errors: list[SettingsError] = []
    settings, error = _resolve(kept, variables)
    while error is not None:
        errors.append(error)
        kept.pop(error.option, None)
        variables.pop(_variable(error.option), None)
        settings, error = _resolve(kept, variables)
    origins = Settings.origins(kept, variables)
    by_config, fault = _resolve({"level": level}, {})
    if level is not None and fault is None:
        settings, origins["level"] = settings._replace(level=by_config.level), "logging configuration"
    return Reading(settings, origins, tuple(errors))


def _resolve(given: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Settings, SettingsError | None]:
    try:
        return Settings.resolve(given, environ), None
    except SettingsError as error:
        return Settings(), error


def check_settings(reading: Reading, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Tell of every option that is not at its default, of faults, and of variables that are no options."""
    settings = reading.settings
    for error in reading.errors:
        yield Finding("problem", str(error), "the handler cannot be built with it: correct or remove it")
    yield from _access_token(reading)
    for option, origin in reading.origins.items():
        if origin != "default" and option not in {"access_token", "enabled"}:
            yield Finding("ok", f"{option} = {_shown(getattr(settings, option))} ({origin})")
    if not settings.enabled:
        origin = reading.origins["enabled"]
        yield Finding("warning", f"enabled = False ({origin}): nothing is reported", "remove it to report")
    if all(origin == "default" for origin in reading.origins.values()):
        yield Finding("note", "every option has its default")
    yield from _unknown_variables(environ)


def _access_token(reading: Reading) -> Iterator[Finding]:
    token = reading.settings.access_token
    if token is not None:
        yield Finding("ok", f"access_token = {masked(token)} ({reading.origins['access_token']})")
    elif any(error.option == "access_token" for error in reading.errors):
        return
    elif not reading.settings.enabled:
        yield Finding("note", "access_token is not set")
    elif reading.settings.transport is not None:
        yield Finding("note", "access_token is not set; the option transport carries the reports")
    else:
        yield Finding(
            "problem",
            "access_token is not set: nothing is reported",
            "set ROLLBAR_ACCESS_TOKEN to a project access token with the scope post_server_item"
            " (Rollbar: project, Settings, Project Access Tokens), in the environment of the application too",
        )


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    options = [_variable(option) for option in Settings._fields]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in options and name not in OTHERS_VARIABLES:
            close = difflib.get_close_matches(name, options, n=1, cutoff=0.75)
            mend = f"did you mean {close[0]}?" if close else "if another tool reads it, all is well; else remove it"
            yield Finding("warning", f"the environment variable {name} is no option, and changes nothing", mend)


def secrets_of(given: Mapping[str, Any], environ: Mapping[str, str]) -> set[str]:
    """Return the texts that must not be shown: tokens, and credentials in the URLs of endpoint and proxies."""
    tokens = [value for name, value in environ.items() if name.startswith(PREFIX) and "TOK" in name]
    tokens.append(str(given.get("access_token") or ""))
    urls = [str(given.get("endpoint") or ""), environ.get(_variable("endpoint"), "")]
    urls += [value for name, value in environ.items() if name.lower() in _PROXIES]
    found = {token.strip() for token in tokens}
    for url in urls:
        before = url.rpartition("@")[0]
        userinfo = before.partition("://")[2] or before
        user, _, password = userinfo.partition(":")
        # A user's name alone is as good as a password where a token is passed as one.
        passwords = {password, unquote(password), *_PARTS.split(password)} - {""}
        found |= passwords | {f"{user}:{part}" for part in passwords} if password else {user, unquote(user)}
    return found - {""}


def place_of(url: str) -> tuple[str, str, int]:
    """Return a URL's scheme, host and port, the port by the scheme if none is given.

    Raises:
        ValueError: It is no URL of a host. The error does not repeat it, as it may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the URL cannot be understood") from None
    if not parts.hostname:
        raise ValueError("the URL names no host")
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme, 1080)


@contextmanager
def without_options() -> Iterator[None]:
    """Take the variables of options out of the process's environment for a while."""
    aside = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(PREFIX)}
    try:
        yield
    finally:
        os.environ.update(aside)


def _variable(option: str) -> str:
    return f"{PREFIX}{option.upper()}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "..."
