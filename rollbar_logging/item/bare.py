"""What is left of an item when everything that can go has gone: who, when, where and which failure."""

from __future__ import annotations

from typing import Any

from rollbar_logging.item.budget import frames_of, mapping
from rollbar_logging.item.build import shortened_fingerprint
from rollbar_logging.item.encode import size_of
from rollbar_logging.item.shorten import LEAST, shorten

_MOST = 4096


def bare_item(data: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return a small item of the same identity and the same kind of body.

    Args:
        data: Plain data, in any shape.
        limit: Bytes of the result as JSON; 1900 or more. Never more than 4096 are used.
    """
    room = min(limit, _MOST)
    short = room // 16
    parts = {
        "uuid": _limited(data.get("uuid"), short),
        "level": _limited(data.get("level"), LEAST),
        "timestamp": _limited(data.get("timestamp"), LEAST),
        "environment": _limited(data.get("environment"), room // 4),
        "fingerprint": _fingerprint(data.get("fingerprint"), short),
        "language": _limited(data.get("language"), LEAST),
        "notifier": _named(mapping(data, "notifier"), {"name": LEAST, "version": LEAST}),
    }
    body, holder, key, text = _body(mapping(data, "body"), short)
    item = {**{name: value for name, value in parts.items() if value is not None}, "body": body}
    room -= size_of(item)
    holder[key] = shorten(text, room) if size_of(text) > room else text
    return item


def _body(body: dict[str, Any], short: int) -> tuple[dict[str, Any], dict[str, Any], str, str]:
    """Return the body without its text, the dict and the key where the text belongs, and the text."""
    if "trace_chain" in body:
        chain = body["trace_chain"]
        trace, text = _trace(chain[0] if chain and isinstance(chain, list) else None, short)
        return {"trace_chain": [trace]}, trace["exception"], "message", text
    if "trace" in body:
        trace, text = _trace(body["trace"], short)
        return {"trace": trace}, trace["exception"], "message", text
    is_crash = "crash_report" in body and "message" not in body
    kind, key = ("crash_report", "raw") if is_crash else ("message", "body")
    holder: dict[str, Any] = {key: ""}
    return {kind: holder}, holder, key, _text(mapping(body, kind).get(key))


def _trace(given: Any, short: int) -> tuple[dict[str, Any], str]:
    trace: dict[str, Any] = given if isinstance(given, dict) else {}
    exception = mapping(trace, "exception")
    raising = [frame for frame in frames_of(trace)[-1:] if isinstance(frame, dict)]
    parts = {"filename": short, "lineno": LEAST, "method": short}
    frames = [_named(frame, parts) for frame in raising if isinstance(frame.get("filename"), str)]
    name = _limited(_text(exception.get("class")), short)
    return {"frames": frames, "exception": {"class": name, "message": ""}}, _text(exception.get("message"))


def _named(holder: dict[str, Any], parts: dict[str, int]) -> dict[str, Any]:
    limited = {key: _limited(holder.get(key), most) for key, most in parts.items()}
    return {key: value for key, value in limited.items() if value is not None}


def _limited(value: Any, most: int) -> Any:
    if isinstance(value, (dict, list)):
        return None
    return shorten(value, most) if size_of(value) > most else value


def _fingerprint(value: Any, most: int) -> Any:
    if isinstance(value, str) and size_of(value) > most:
        value = shortened_fingerprint(value)
    return _limited(value, most)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
