"""Any framework's request to Rollbar's ``data.request``, from what it holds already.

Nothing is read from the client and nothing is parsed: an attribute that would do so (Django's ``request.POST``,
werkzeug's ``request.form``) is taken only if the application has used it before. Frameworks are told apart by
what their requests carry, not by their classes, and none is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from rollbar_logging.capture.asgi import MAX_BODY, body_of, route_template
from rollbar_logging.capture.occurrence import Plain
from rollbar_logging.capture.sensitive import HIDDEN
from rollbar_logging.capture.type_names import type_name
from rollbar_logging.capture.values import MAX_KEY, Reading, as_dict

MAX_HEADERS = 100
MAX_KEYS = 64


def read_request(request: Any, reading: Reading) -> dict[str, Plain] | None:
    """Describe a request.

    Args:
        request: What `context.set_request` takes.
        reading: Bounds and time.

    Returns:
        A mapping with ``url``, ``method``, ``headers``, ``user_ip`` and what else is known; ``None`` for no request.
    """
    if request is None:
        return None
    try:
        found = _found(request)
        if found is None:
            return {"object": reading.describe(request, reading.max_depth)}
        return _present({key: _bounded(value, reading) for key, value in islice(found.items(), MAX_KEYS)})
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a request that cannot be read must not cost the report
        return {"object": f"<{type_name(type(request))}: reading it raised {type_name(type(error))}>"}


def _present(described: dict[str, Plain]) -> dict[str, Plain]:
    return {key: value for key, value in described.items() if value is not None and value != ""}


def _bounded(value: Any, reading: Reading) -> Plain:
    # Headers are the one part whose entries are all wanted: max_items is meant for data.
    if type(value) is _Headers:
        return {reading.key(name): reading.describe(text, 1) for name, text in value.items()}
    return reading.describe(value, 0)


class _Headers(dict[str, Any]):
    """Headers by name."""


def _found(request: Any) -> dict[str, Any] | None:
    if issubclass(type(request), dict):
        return _from_mapping(as_dict(request))
    if hasattr(type(request), "_get_current_object"):  # werkzeug's LocalProxy, as flask.request is one
        try:
            request = object.__getattribute__(request, "_get_current_object")()
        except RuntimeError:
            return {}  # no request is being handled
    for attribute, read in _SHAPES:
        held = getattr(request, attribute, None)
        if isinstance(held, Mapping):
            return read(held, vars(request) if hasattr(request, "__dict__") else {})
    return None


def _from_mapping(request: dict[Any, Any]) -> dict[str, Any]:
    if "REQUEST_METHOD" in request:
        return _from_environ(request, {})
    if "type" in request and "headers" in request and "path" in request:
        return _from_scope(request, {})
    known = islice(request.items(), MAX_KEYS)
    return {str(key)[:MAX_KEY]: _headers(value) if key == "headers" else value for key, value in known}


def _headers(value: Any) -> Any:
    return _Headers(list(value.items())[:MAX_HEADERS]) if isinstance(value, Mapping) else value


def _from_environ(environ: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    scheme = environ.get("wsgi.url_scheme") or "http"
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = environ.get("QUERY_STRING", "")
    return {
        "url": f"{scheme}://{host}{path}{'?' + query if query else ''}",
        "method": environ.get("REQUEST_METHOD"),
        "headers": _Headers(_environ_headers(environ)),
        "query_string": query,
        "user_ip": environ.get("REMOTE_ADDR"),
        "params": held.get("view_args"),
        "POST": held.get("form"),
        **_werkzeug_parts(environ, held),
    }


def _werkzeug_parts(environ: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """Tell of the rule that Flask has chosen, and of the body, if the application has read it as a whole."""
    rule, body = held.get("url_rule"), held.get("_cached_data")
    if rule is None and body is None:
        return {}
    return {
        "endpoint": getattr(rule, "endpoint", None),
        "route": getattr(rule, "rule", None),
        **body_of({"_body": body}, str(environ.get("CONTENT_TYPE") or "")),
    }


def _environ_headers(environ: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in list(environ.items()):
        if isinstance(name, str) and (name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}) and value:
            yield name.removeprefix("HTTP_").replace("_", "-").title(), value


def _from_meta(meta: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """Read Django's request: a WSGI environment (or its likeness) with parsed parts beside it."""
    match = held.get("resolver_match")
    scope = held.get("scope")  # of its ASGI kind, whose META has no scheme
    found = _from_environ({"wsgi.url_scheme": scope.get("scheme"), **meta} if isinstance(scope, dict) else meta, {})
    if "path" in held and not meta.get("PATH_INFO"):
        found["url"] = held["path"]
    found.update(
        method=held.get("method") or found["method"],
        params=getattr(match, "kwargs", None),
        route=getattr(match, "route", None),
        POST=_sensitive_post(held.get("_post"), held.get("sensitive_post_parameters")),
        body=_text_body(held),
    )
    return found


def _text_body(held: Mapping[str, Any]) -> str | None:
    """Return what Django's application has read as `request.body`, if it is text and no form, which is told as such."""
    body, kind = held.get("_body"), held.get("content_type")
    if type(body) is not bytes or not isinstance(kind, str) or held.get("sensitive_post_parameters"):
        return None
    is_text = kind.startswith("text/") or kind.endswith(("json", "xml"))
    return body[:MAX_BODY].decode("utf-8", "replace") if is_text else None


def _sensitive_post(post: Any, hidden: Any) -> Any:
    """Respect Django's ``sensitive_post_parameters``: names, or ``"__ALL__"``."""
    if not isinstance(post, dict) or not hidden:
        return post
    return {key: HIDDEN if hidden == "__ALL__" or key in hidden else value for key, value in dict.items(post)}


def _from_scope(scope: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    headers = [(_latin(name).title(), _latin(value)) for name, value in list(scope.get("headers") or ())[:MAX_HEADERS]]
    host = next((value for name, value in headers if name == "Host"), None)
    server, client = scope.get("server"), scope.get("client")
    if host is None and server:
        host = f"{server[0]}:{server[1]}"
    query = _latin(scope.get("query_string", b""))
    root, path = scope.get("root_path") or "", scope.get("path", "")
    if not path.startswith(f"{root}/"):  # some servers and routers take the root off the path
        path = f"{root}{path}"
    return {
        "url": f"{scope.get('scheme') or 'http'}://{host or ''}{path}{'?' + query if query else ''}",
        "method": scope.get("method") or scope.get("type"),
        "headers": _Headers(headers),
        "query_string": query,
        "user_ip": client[0] if client else None,
        "params": scope.get("path_params"),
        "route": route_template(scope),
        **body_of(held, next((value for name, value in headers if name == "Content-Type"), "")),
    }


def _latin(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_SHAPES: tuple[tuple[str, Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]], ...] = (
    ("META", _from_meta),  # Django
    ("environ", _from_environ),  # werkzeug, Flask, WebOb, Pyramid, Bottle
    ("scope", _from_scope),  # Starlette, FastAPI
)
