"""What an ASGI scope tells beyond its own keys: the route's template, and the body that the application has read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

MAX_BODY = 65_536
"""Bytes that are looked at; how much of the text is kept is the option ``max_string``."""

_MAX_ROUTES = 5000
_MAX_FIELDS = 200
_MAX_SEGMENTS = 50


def route_template(scope: Mapping[str, Any]) -> str | None:
    """Return the path with its parameters' names in place of their values, as Starlette and FastAPI have routed it.

    Routers that include or mount others tell only the innermost route, whose template is the end of the path; what
    stands before that is taken from the path itself.
    """
    route = scope.get("route")
    if route is None:
        route = _route_of(getattr(scope.get("router"), "routes", ()), scope.get("endpoint"))
    template = getattr(route, "path", None)
    if not isinstance(template, str):
        return None
    pattern = getattr(route, "path_regex", None)
    if not isinstance(pattern, re.Pattern):
        return template
    return _prefix(_path(scope), pattern, scope.get("path_params") or {}) + template


def _route_of(routes: Iterable[Any], endpoint: Any) -> Any:
    """Find the route of an endpoint, where the router did not say which it has taken."""
    if endpoint is None:
        return None
    waiting = list(routes)
    for number, route in enumerate(waiting):  # which grows meanwhile
        if number >= _MAX_ROUTES:
            return None
        if getattr(route, "endpoint", None) is endpoint:
            return route
        waiting.extend(getattr(route, "routes", None) or ())
    return None


def _path(scope: Mapping[str, Any]) -> str:
    """Return the path without what a proxy has put before it."""
    root = scope.get("app_root_path", scope.get("root_path")) or ""
    path = str(scope.get("path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _prefix(path: str, pattern: re.Pattern[str], params: Mapping[str, Any]) -> str:
    """Return what stands before that which the innermost route has matched, as a template."""
    starts = [found.start() for found in re.finditer("/", path)][:_MAX_SEGMENTS]
    start = next((start for start in starts if pattern.match(path[start:])), 0)
    names = {str(value): name for name, value in params.items()}
    segments = path[:start].split("/")
    return "/".join(f"{{{names[segment]}}}" if segment in names else segment for segment in segments)


def body_of(held: Mapping[str, Any], content_type: str) -> dict[str, Any]:
    """Return what of a body can be told: ``body`` as text, or ``POST`` with a form's fields; nothing of files.

    Args:
        held: What the request holds: ``received``, pieces of the body, or ``_body``, all of it.
        content_type: As the client has sent it.
    """
    body = held.get("_body")
    if type(body) is not bytes:
        body = b"".join(held.get("received") or ())
    kind = content_type.partition(";")[0].strip().lower()
    if not body or not kind:
        return {}
    if kind == "application/x-www-form-urlencoded":
        return {"POST": _fields(body[:MAX_BODY])}
    is_text = kind.startswith("text/") or kind.endswith(("json", "xml"))
    return {"body": body[:MAX_BODY].decode("utf-8", "replace")} if is_text else {}


def _fields(body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    pieces = body.split(b"&", _MAX_FIELDS)[:_MAX_FIELDS]
    for name, value in parse_qsl(b"&".join(pieces).decode("latin-1"), keep_blank_values=True):
        fields[name] = value if name not in fields else [*_listed(fields[name]), value]
    return fields


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
