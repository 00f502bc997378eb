"""An `Occurrence` to the ``data`` mapping of ``POST item/``.

Pure but for the source lines. The schema is that of the API's "Create item" page; a key without a value
is left out, since the API rejects ``null`` for some of them. Frames go oldest call first, exceptions last
raised first.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from hashlib import sha1
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from rollbar_logging.capture.occurrence import PLACE, Frame, Occurrence, Plain, Trace
from rollbar_logging.version import NOTIFIER, VERSION

MAX_FINGERPRINT = 40
MAX_TITLE = 255
_NOTE = 24
_LANGUAGE = f"python {platform.python_version()}"
_MAX_PARAMETERS = 200
_OWN = frozenset({"uuid", "body", "notifier"})
"""Keys that a record's ``payload_data`` must not replace."""
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("client", "custom", "person", "request", "server"), (dict,)),
    **dict.fromkeys(("context", "environment", "fingerprint", "framework", "language", "level"), (str,)),
    **dict.fromkeys(("platform", "title"), (str,)),
    "code_version": (str, int),
    "timestamp": (int, float),
}
"""What the API takes under its own keys."""

Lines = Callable[[str, int | None], tuple[str, list[str], list[str]] | None]
"""The source around a line: the line itself, those before and those after."""


class Origin(NamedTuple):
    """What all items of a handler have in common; see the options of the same names."""

    environment: str
    platform: str | None = None
    framework: str | None = None
    code_version: str | None = None
    host: str | None = None
    root: str | None = None
    branch: str | None = None
    argv: tuple[str, ...] | None = None


def build(occurrence: Occurrence, origin: Origin, lines: Lines) -> dict[str, Any]:
    """Build the ``data`` of an item.

    Args:
        occurrence: What was captured.
        origin: What does not depend on the record.
        lines: Gives the source lines around a frame.
    """
    request = _request(occurrence.request)
    person, unknown_person = _person(occurrence.person)
    data = {
        "uuid": occurrence.uuid,
        "timestamp": _seconds(occurrence.created),
        "environment": origin.environment,
        "level": occurrence.level,
        "language": _LANGUAGE,
        "platform": origin.platform,
        "framework": origin.framework,
        "code_version": origin.code_version,
        "title": _title(occurrence),
        "fingerprint": _fingerprint(occurrence),
        "context": _short(occurrence.overrides.get("context") or request.get("endpoint") or request.get("route")),
        "body": _body(occurrence, lines),
        "custom": _with_own(_custom(occurrence), unknown_person),
        "person": person,
        "request": request,
        "server": _server(occurrence, origin),
        "notifier": {"name": NOTIFIER, "version": VERSION},
    }
    return _with_payload(_present(data), occurrence.payload)


def minimal(occurrence: Occurrence, origin: Origin, why: str) -> dict[str, Any]:
    """Build an item of what cannot fail, for a report whose full item could not be built.

    Args:
        occurrence: What was captured.
        origin: What does not depend on the record.
        why: Told in ``notifier.diagnostic``.
    """
    bare = occurrence._replace(
        args=None,
        extras={},
        chain=tuple(
            trace._replace(attributes={}, frames=tuple(frame._replace(locals=None) for frame in trace.frames))
            for trace in occurrence.chain
        ),
        person=None,
        request=None,
        payload={},
        telemetry=(),
    )
    data = build(bare, origin, lambda _filename, _lineno: None)
    data["notifier"] = {**data["notifier"], "diagnostic": {"minimal": why}}
    return data


def _seconds(created: float) -> int | None:
    try:
        return int(created)
    except (ValueError, OverflowError):  # NaN or infinite: a record made by hand
        return None


def _present(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if value is not None and value not in ({}, "")}


def _short(given: Any) -> str | None:
    text = str(given or "")
    if len(text) <= MAX_TITLE:
        return text or None
    # With a note as captured values have it: of a secret that was cut, it tells that it was one.
    return f"{text[: MAX_TITLE - _NOTE]}… [+{len(text) - MAX_TITLE + _NOTE} chars]"


def _title(occurrence: Occurrence) -> str | None:
    asked = occurrence.overrides.get("title")
    if asked:
        return _short(asked)
    # Rollbar titles exceptions by itself. A message grouped by its template is titled by what it says.
    return _short(occurrence.message.strip().partition("\n")[0]) if not occurrence.chain else None


def _fingerprint(occurrence: Occurrence) -> str | None:
    asked = occurrence.overrides.get("fingerprint")
    if asked:
        return shortened_fingerprint(asked)
    if occurrence.chain or occurrence.template is None:
        return None  # Rollbar's own grouping leaves out numbers, dates and addresses
    return _digest(occurrence.template)


def shortened_fingerprint(fingerprint: str) -> str:
    """Keep a fingerprint of at most 40 characters; make a digest of a longer one, as Rollbar would."""
    return fingerprint if len(fingerprint) <= MAX_FINGERPRINT else _digest(fingerprint)


def _digest(text: str) -> str:
    return sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _body(occurrence: Occurrence, lines: Lines) -> dict[str, Any]:
    body = _what_happened(occurrence, lines)
    if not occurrence.telemetry:
        return body
    # Copies: later reports carry the same events, and `before_send` may change what it is given.
    return {**body, "telemetry": [{**event, "body": dict(event["body"])} for event in occurrence.telemetry]}


def _what_happened(occurrence: Occurrence, lines: Lines) -> dict[str, Any]:
    if not occurrence.chain:
        return {"message": {"body": occurrence.message}}
    traces = [_trace(trace, lines) for trace in occurrence.chain]
    if occurrence.message and occurrence.message != occurrence.chain[0].message:
        traces[0]["exception"]["description"] = occurrence.message
    return {"trace_chain": traces} if len(traces) > 1 else {"trace": traces[0]}


def _trace(trace: Trace, lines: Lines) -> dict[str, Any]:
    built: dict[str, Any] = {
        "frames": [_frame(frame, lines) for frame in trace.frames],
        "exception": {"class": trace.class_name, "message": trace.message},
    }
    extra = {
        "module": None if trace.module == "builtins" else trace.module,
        "notes": list(trace.notes) or None,
        "attributes": trace.attributes,
        "raised": None if trace.is_raised else False,
    }
    present = _present(extra)
    if present:
        built["extra"] = present
    return built


def _frame(frame: Frame, lines: Lines) -> dict[str, Any]:
    code = frame.code
    built: dict[str, Any] = {"filename": code.filename, "method": code.method}
    if frame.lineno is not None:
        built["lineno"] = frame.lineno
    source = lines(code.filename, frame.lineno)
    if source is not None:
        built["code"], pre, post = source
        built["context"] = {"pre": pre, "post": post}
    if code.class_name:
        built["class_name"] = code.class_name
    if code.argspec:
        built["argspec"] = list(code.argspec)
    if code.varargspec:
        built["varargspec"] = code.varargspec
    if code.keywordspec:
        built["keywordspec"] = code.keywordspec
    if frame.locals:
        built["locals"] = frame.locals
    if frame.repeated:
        built["repeated"] = frame.repeated
    if frame.hidden:
        built["frames_left_out"] = frame.hidden
    return built


def _custom(occurrence: Occurrence) -> dict[str, Plain]:
    record = {
        "logger": occurrence.logger,
        "levelno": occurrence.levelno,
        "created": occurrence.created,
        "template": occurrence.template,
        "args": occurrence.args,
        **dict(zip(PLACE, occurrence.place, strict=False)),
        "task_name": occurrence.task_name,
    }
    own = {
        "record": _present(record),
        "exception_group": list(occurrence.members),
        "stack_info": occurrence.stack,
    }
    return _with_own(occurrence.extras, own)


def _with_own(custom: dict[str, Plain], own: Mapping[str, Plain]) -> dict[str, Plain]:
    """Add what is ours and not empty; an application's own extra of that name stays what it was."""
    added = {f"rollbar_{name}" if name in custom else name: value for name, value in own.items() if value}
    return {**custom, **added}


def _person(person: dict[str, Plain] | None) -> tuple[dict[str, str] | None, dict[str, Plain]]:
    """Return Rollbar's person, and what of it belongs into ``custom`` since without an id it is rejected."""
    if not person:
        return None, {}
    if person.get("id") in (None, "") or isinstance(person["id"], (dict, list)):
        return None, {"person": person}
    known = {"id": str(person["id"])[:40]}
    known.update({key: str(person[key])[:MAX_TITLE] for key in ("username", "email") if person.get(key)})
    return known, {}


def _request(request: dict[str, Plain] | None) -> dict[str, Plain]:
    if not request:
        return {}
    query = request.get("query_string")
    if isinstance(query, str) and query and "GET" not in request:
        return {**request, "GET": _parameters(query)}
    return request


def _parameters(query: str) -> dict[str, Plain]:
    parameters: dict[str, Plain] = {}
    for name, value in parse_qsl(query.removeprefix("?"), keep_blank_values=True)[:_MAX_PARAMETERS]:
        parameters[name] = value if name not in parameters else [*_listed(parameters[name]), value]
    return parameters


def _listed(value: Plain) -> list[Plain]:
    return value if isinstance(value, list) else [value]


def _server(occurrence: Occurrence, origin: Origin) -> dict[str, Any]:
    server = {
        "host": origin.host,
        "root": origin.root,
        "branch": origin.branch,
        "pid": occurrence.place[PLACE.index("process")],
        "argv": list(origin.argv) if origin.argv else None,
    }
    return _present(server)


def _with_payload(data: dict[str, Any], payload: dict[str, Plain]) -> dict[str, Any]:
    odd = {}
    for key, value in payload.items():
        if key in _OWN or value is None:
            continue
        if key in _KINDS and type(value) not in _KINDS[key]:
            odd[key] = value  # in its place it would have the whole item rejected
            continue
        present = data.get(key)
        data[key] = {**present, **value} if isinstance(present, dict) and isinstance(value, dict) else value
    if "person" in data and "person" in payload:
        person, unknown = _person(data.pop("person"))
        odd.update(unknown)
        if person:
            data["person"] = person
    if odd:
        data["custom"] = _with_own(data.get("custom", {}), {"payload_data": odd})
    return data
