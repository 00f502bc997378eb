"""pyrollbar: its settings to the options of `RollbarHandler`.

    from rollbar_logging.integrations.pyrollbar import options_from

    handler = RollbarHandler(**options_from(ROLLBAR))

What has no counterpart is warned of, with what to do instead, unless it has the value that it has by default.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Options = dict[str, Any]

SAME = (
    "access_token",
    "branch",
    "code_version",
    "enabled",
    "endpoint",
    "environment",
    "host",
    "level",
    "root",
    "scrub_fields",
    "timeout",
)
"""Settings that are options of the same name."""

RENAMED = {
    "history_level": "telemetry_level",
    "history_size": "telemetry_size",
    "thread_pool_workers": "max_connections",
}
"""Settings that are options of another name."""

LOCALS = {"enabled": "capture_locals", "maxlevel": "max_depth", "maxstring": "max_string"}
"""Those within ``locals``, and within its ``sizes``."""

INSTEAD = {
    "agent.log_file": "set spool_dir, a folder from which this process or a later one delivers",
    "agent_log_file": "set spool_dir, a folder from which this process or a later one delivers",
    "allow_logging_basic_config": "call logging.basicConfig() yourself, if you want it",
    "base_data_hook": "change the data in before_send",
    "batch_transforms": "nothing: all of that happens on a thread of the handler's own",
    "capture_email": "name 'email' among person_fields of the integration, or call set_person(..., email=...)",
    "capture_ip": "change request.user_ip in before_send",
    "capture_username": "name 'username' among person_fields of the integration, or call set_person(..., username=...)",
    "custom_transforms": "change the data in before_send",
    "handler": "nothing: reports are always sent by a thread of the handler's own",
    "http_proxy": "set the environment variable HTTPS_PROXY",
    "http_proxy_password": "put user and password into the environment variable HTTPS_PROXY",
    "http_proxy_user": "put user and password into the environment variable HTTPS_PROXY",
    "ignorable_404_urls": "use Django's own setting IGNORABLE_404_URLS",
    "include_request_body": "use the integration of your framework, which keeps the body that the application has read",
    "log_all_rate_limited_items": "see on_rate_limit, and stats() for what was deferred or dropped",
    "log_payload_on_error": "nothing: payloads are never logged, as they may hold what others must not read",
    "notifier": "nothing: reports name the product that has sent them",
    "patch_debugview": "nothing: Django's page for failures stays as it is",
    "request_max_retries": "nothing: what can be delivered later is tried until max_age",
    "request_pool_connections": "set max_connections",
    "request_pool_maxsize": "set max_connections",
    "shortener_keys": "nothing: every value is bounded, by max_string, max_items and max_depth",
    "suppress_reinit_warning": "nothing: a handler can be made any number of times",
    "tracing": "nothing: trace_id and span_id of OpenTelemetry's current span are custom data",
    "url_fields": "nothing: secrets in URLs are found wherever they stand",
    "verify_https": "have the certificate verified by the bundle that REQUESTS_CA_BUNDLE names",
    "web_base": "nothing: Django's page for failures stays as it is",
    "locals.safe_repr": "nothing: values are described without calling their code",
    "locals.safelisted_types": "nothing: values are described without calling their code",
    "locals.scrub_varargs": "nothing: further arguments are among the locals, scrubbed as those are",
    "locals.whitelisted_types": "nothing: values are described without calling their code",
}
"""What to do instead of a setting that is no option."""

_DEFAULTS: dict[str, Any] = {
    "agent.log_file": "log.rollbar",
    "agent_log_file": "log.rollbar",
    "allow_logging_basic_config": True,
    "batch_transforms": False,
    "capture_email": False,
    "capture_ip": True,
    "capture_username": False,
    "handler": "default",
    "include_request_body": False,
    "log_all_rate_limited_items": True,
    "log_payload_on_error": True,
    "patch_debugview": True,
    "suppress_reinit_warning": False,
    "url_fields": ["url", "link", "href"],
    "verify_https": True,
    "web_base": "https://rollbar.com",
    "locals.safe_repr": True,
    "locals.scrub_varargs": True,
}
"""Of settings without a counterpart, by name, where that is not nothing."""

_ALIKE = {"handler": ("thread", "thread_pool", "threading")}
_BY_DEFAULT = ("notifier", "tracing")
"""Settings whose defaults change with each version: warned of never, as nothing is lost."""

_ITEM_SIZES = ("maxdict", "maxlist", "maxtuple", "maxset", "maxfrozenset", "maxarray", "maxdeque")


class SettingWarning(UserWarning):
    """A setting of pyrollbar has no counterpart."""


def options_from(settings: Mapping[str, Any] | None = None, /, **more: Any) -> Options:
    """Return keywords for `RollbarHandler`.

    Args:
        settings: What ``rollbar.init`` was called with, Django's or Flask's dictionary of settings, or
            ``rollbar.SETTINGS``. Settings that are ``None`` count as not given.
        more: Further settings, which come first.

    Returns:
        Options by name. They are checked when a handler is made of them.
    """
    options: Options = {}
    lost: list[str] = []
    for name, value in {**(settings or {}), **more}.items():
        if value is None:
            continue
        read = _READERS.get(name)
        if name in SAME:
            options[name] = value
        elif name in RENAMED:
            options[RENAMED[name]] = value
        elif read is not None:
            lost += read(value, options)
        elif _means_something(name, value):
            lost.append(name)
    for name in lost:
        instead = INSTEAD.get(name, "nothing is known of it; look for it among the options of RollbarHandler")
        warnings.warn(f"pyrollbar's {name} has no counterpart; instead: {instead}", SettingWarning, stacklevel=2)
    return options


def _means_something(name: str, value: Any) -> bool:
    if name in _BY_DEFAULT or value in _ALIKE.get(name, ()):
        return False
    return bool(value != _DEFAULTS[name] if name in _DEFAULTS else value not in ([], {}, None))


def _read_locals(given: Mapping[str, Any], options: Options) -> Iterable[str]:
    sizes = given.get("sizes") or {}
    for name, option in LOCALS.items():
        value = given.get(name, sizes.get(name))
        if value is not None:
            options[option] = value
    counts = [sizes[name] for name in _ITEM_SIZES if name in sizes]
    if counts:
        options["max_items"] = max(counts)
    others = [f"locals.{name}" for name in given if name not in {*LOCALS, "sizes"}]
    return [name for name in others if _means_something(name, given[name.removeprefix("locals.")])]


def _read_filters(given: Iterable[tuple[Any, str]], options: Options) -> Iterable[str]:
    """In pyrollbar the first that fits decides; here the class that is nearest to the exception's own."""
    levels: dict[str, str] = {}
    for kind, level in given:
        levels.setdefault(f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind), level)
    if levels:
        options["exception_levels"] = levels
    return ()


_READERS: dict[str, Callable[[Any, Options], Iterable[str]]] = {
    "exception_level_filters": _read_filters,
    "locals": _read_locals,
}

SETTINGS = frozenset({*SAME, *RENAMED, *_READERS, *INSTEAD})
"""All that are known, those within ``locals`` as ``locals.name``."""
