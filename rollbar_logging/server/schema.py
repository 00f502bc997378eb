"""What is wrong with a posted item: one sentence for each complaint, as the API words them.

A pure check of types and presence. ``null`` stands for "not given" in optional keys, since official
clients send it, but for ``data.context``, where the API is known to refuse it. Unknown keys are free.
Sentences: those that users of the API have published; the rest follow their pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_MOST = 20
"""Complaints of one answer; a trace of a thousand broken frames is told in a few."""

_LONGEST_UUID = 255
"""Characters; the reference names 36, but "any string" too."""

_BODY_KEYS = ("trace", "trace_chain", "message", "crash_report")

# Exact types, as a JSON reader makes them: a bool is an int only to Python.
_TYPES: dict[str, frozenset[type]] = {
    "string": frozenset({str}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "string or integer": frozenset({str, int}),
}

_DATA = {
    "level": "string",
    "timestamp": "number",
    "code_version": "string or integer",
    "platform": "string",
    "language": "string",
    "framework": "string",
    "request": "object",
    "server": "object",
    "client": "object",
    "custom": "object",
    "fingerprint": "string",
    "title": "string",
    "uuid": "string",
    "notifier": "object",
}
_PERSON = {"username": "string", "email": "string"}
_FRAME = {
    "lineno": "integer",
    "colno": "integer",
    "method": "string",
    "code": "string",
    "class_name": "string",
    "context": "object",
    "argspec": "array",
    "varargspec": "string",
    "keywordspec": "string",
    "locals": "object",
    "args": "array",
    "kwargs": "object",
}
_FRAME_TYPES = {key: _TYPES[kind] | {type(None)} for key, kind in _FRAME.items()}
_LINES = frozenset({list, type(None)})
_SHAPES = 128
"""Sets of frames' keys and types that are kept at hand; a hostile client's are no longer than its bodies."""
_EVENT = ("level", "type", "source", "timestamp_ms", "body")


def complaints(payload: Any) -> list[str]:
    """Return what is wrong with the payload of an item, at most 20 sentences; empty when it will do.

    Args:
        payload: The JSON value of the body: ``{"data": {…}}``.
    """
    found = []
    for sentence in _payload(payload):
        found.append(sentence)
        if len(found) == _MOST:
            break
    return found


def _payload(payload: Any) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "The payload should be object."
    elif payload.get("data") is None:
        yield _missing("data")
    elif not isinstance(payload["data"], dict):
        yield "data should be object."
    else:
        yield from _data(payload["data"])


def _data(data: dict[str, Any]) -> Iterator[str]:
    yield from _required(data, "environment", "string", "data")
    yield from _optional(data, _DATA, "data")
    uuid = data.get("uuid")
    if isinstance(uuid, str) and len(uuid) > _LONGEST_UUID:  # cut, two could become one, and one would be lost
        yield f"data.uuid should have at most {_LONGEST_UUID} characters."
    if "context" in data and not isinstance(data["context"], str):
        # The API says "null" of an object, which misleads; of a null it cannot have said so.
        wanted = "string" if data["context"] is None else "null"
        yield f"data.context {_kind(data['context'])} value found, but a {wanted} is required."
    yield from _person(data.get("person"))
    yield from _body(data.get("body"))


def _person(person: Any) -> Iterator[str]:
    if person is None:
        return
    if not isinstance(person, dict):
        yield "data.person should be object."
        return
    # A string by the reference; but the client for Ruby sends the integer that its application has.
    yield from _required(person, "id", "string or integer", "data.person")
    yield from _optional(person, _PERSON, "data.person")


def _body(body: Any) -> Iterator[str]:
    if body is None:
        yield (
            "data.body must not be undefined. Instead, it should be an object with a 'message', 'trace', "
            "'trace_chain', or 'crash_report' key."
        )
        return
    if not isinstance(body, dict):
        yield "data.body should be object."
        return
    kinds = [key for key in _BODY_KEYS if body.get(key) is not None]
    if len(kinds) != 1:
        yield (
            "data.body must have either a 'trace', 'trace_chain', 'message' or 'crash_report' property, "
            "(but not more than one)."
        )
    for key in kinds:
        yield from _CHECKS[key](body[key], f"data.body.{key}")
    if body.get("telemetry") is not None:
        yield from _telemetry(body["telemetry"])


def _trace(trace: Any, path: str) -> Iterator[str]:
    if not isinstance(trace, dict):
        yield f"{path} should be object."
        return
    yield from _required(trace, "frames", "array", path)
    frames = trace.get("frames")
    for index, frame in enumerate(frames if isinstance(frames, list) else ()):
        if not _is_faultless(frame):
            yield from _frame(frame, f"{path}.frames[{index}]")
    error = trace.get("exception")
    if error is None:
        # Told of the part that is missing inside, as the API does.
        error = {}
    if not isinstance(error, dict):
        yield f"{path}.exception should be object."
        return
    yield from _required(error, "class", "string", f"{path}.exception")
    for key in ("message", "description"):
        if not isinstance(error.get(key), (str, type(None))):
            yield f"{path}.exception.{key} {_kind(error[key])} value found, but a null is required."


def _is_faultless(frame: Any) -> bool:
    """Whether `_frame` would say nothing of it: told without putting a sentence together, as of most frames."""
    if type(frame) is not dict or not _are_faultless(tuple(frame), tuple(map(type, frame.values()))):
        return False
    context = frame.get("context")
    return context is None or (type(context.get("pre")) in _LINES and type(context.get("post")) in _LINES)


@lru_cache(_SHAPES)
def _are_faultless(keys: tuple[str, ...], types: tuple[type, ...]) -> bool:
    # A report's frames have the same few keys with values of the same types.
    of_keys = dict(zip(keys, types, strict=True))
    wrong = (key for key, kind in of_keys.items() if key in _FRAME_TYPES and kind not in _FRAME_TYPES[key])
    return of_keys.get("filename") is str and next(wrong, None) is None


def _frame(frame: Any, path: str) -> Iterator[str]:
    if not isinstance(frame, dict):
        yield f"{path} should be object."
        return
    yield from _required(frame, "filename", "string", path)
    yield from _optional(frame, _FRAME, path)
    context = frame.get("context")
    if isinstance(context, dict):
        yield from _optional(context, {"pre": "array", "post": "array"}, f"{path}.context")


def _trace_chain(chain: Any, path: str) -> Iterator[str]:
    if not isinstance(chain, list):
        yield f"{path} should be array."
    elif not chain:
        yield f"{path} should have at least one trace."
    else:
        for index, trace in enumerate(chain):
            yield from _trace(trace, f"{path}[{index}]")


def _message(message: Any, path: str) -> Iterator[str]:
    if not isinstance(message, dict):
        yield f"{path} should be object."
    else:
        yield from _required(message, "body", "string", path)


def _crash_report(report: Any, path: str) -> Iterator[str]:
    if not isinstance(report, dict):
        yield f"{path} should be object."
    else:
        yield from _required(report, "raw", "string", path)


_CHECKS = {"trace": _trace, "trace_chain": _trace_chain, "message": _message, "crash_report": _crash_report}


def _telemetry(events: Any) -> Iterator[str]:
    path = "data.body.telemetry"
    if not isinstance(events, list):
        yield f"{path} should be array."
        return
    for index, event in enumerate(events):
        if not isinstance(event, dict):
            yield f"{path}[{index}] should be object."
            continue
        yield from (_missing(f"{path}[{index}].{key}") for key in _EVENT if event.get(key) is None)


def _required(mapping: Mapping[str, Any], key: str, kind: str, path: str) -> Iterator[str]:
    value = mapping.get(key)
    if value is None:
        yield _missing(f"{path}.{key}")
    elif type(value) not in _TYPES[kind]:
        yield f"{path}.{key} should be {kind}."


def _optional(mapping: Mapping[str, Any], kinds: Mapping[str, str], path: str) -> Iterator[str]:
    for key, value in mapping.items():
        if value is not None and key in kinds and type(value) not in _TYPES[kinds[key]]:
            yield f"{path}.{key} should be {kinds[key]}."


def _missing(path: str) -> str:
    return f"{path} is missing and it is required."


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return next((kind for kind, types in _TYPES.items() if type(value) in types), "boolean")
