"""The page of one occurrence: what happened, where, with which values, and what was left out.

The stored ``data`` is only partly checked, so every part is looked at before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rollbar_logging.server.markup import Child, Markup, document, moment, size, tag
from rollbar_logging.server.pages import badge
from rollbar_logging.server.received import ReceivedOccurrence

_DETAILS = ("custom", "request", "person", "server", "client", "notifier")


def occurrence_page(occurrence: ReceivedOccurrence, *, now: float) -> bytes:
    """Build the page."""
    data = occurrence.data
    body = _mapping(data.get("body"))
    notifier = _mapping(data.get("notifier"))
    return document(
        occurrence.title,
        tag("h1", badge(occurrence.level), " ", occurrence.title),
        tag(
            "p",
            f"{occurrence.environment} · ",
            moment(occurrence.received_at, now),
            f" · {size(occurrence.body_bytes)} · ",
            tag("a", "all occurrences of this item", href=f"/item/{occurrence.item_id}"),
            class_="quiet",
        ),
        tag("p", "uuid ", tag("code", occurrence.uuid), class_="quiet"),
        _traces(body),
        _message(body),
        _crash_report(body),
        _section("What was cut or hidden", notifier.get("diagnostic")),
        (_section(name, _shown_detail(name, data.get(name))) for name in _DETAILS),
        _telemetry(body),
        tag(
            "section",
            tag("details", tag("summary", "Raw JSON"), tag("pre", _json(data))),
        ),
    )


def _shown_detail(name: str, value: Any) -> Any:
    if name == "notifier" and isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != "diagnostic"}
    return value


def _traces(body: Mapping[str, Any]) -> list[Markup]:
    traces = [*_list(body.get("trace_chain")), *([body["trace"]] if body.get("trace") else [])]
    return [_trace(_mapping(trace), is_cause=index > 0) for index, trace in enumerate(traces)]


def _trace(trace: Mapping[str, Any], *, is_cause: bool) -> Markup:
    error = _mapping(trace.get("exception"))
    frames = [_mapping(frame) for frame in _list(trace.get("frames"))]
    return tag(
        "section",
        tag("p", "caused by", class_="quiet") if is_cause else None,
        tag("h2", str(error.get("class"))),
        tag("pre", str(error["message"]), class_="message") if error.get("message") else None,
        tag("pre", str(error["description"])) if error.get("description") else None,
        tag("p", "The last call is the lowest.", class_="quiet") if frames else None,
        (_frame(frame, is_last=index == len(frames) - 1) for index, frame in enumerate(frames)),
    )


def _frame(frame: Mapping[str, Any], *, is_last: bool) -> Markup:
    place = f"{frame.get('filename')}:{frame['lineno']}" if frame.get("lineno") else str(frame.get("filename"))
    summary = tag("summary", tag("code", place), " in ", tag("b", str(frame.get("method") or "?")))
    return tag("details", summary, _code(frame), _table(_mapping(frame.get("locals"))), class_="frame", open=is_last)


def _code(frame: Mapping[str, Any]) -> Markup | None:
    if frame.get("code") is None:
        return None
    context = _mapping(frame.get("context"))
    before, after = _list(context.get("pre")), _list(context.get("post"))
    lineno = frame.get("lineno")
    first = lineno - len(before) if isinstance(lineno, int) else None
    lines = [*((line, False) for line in before), (frame["code"], True), *((line, False) for line in after)]
    return tag(
        "pre",
        (
            _line(str(line), None if first is None else first + index, is_current=is_current)
            for index, (line, is_current) in enumerate(lines)
        ),
        class_="code",
    )


def _line(text: str, number: int | None, *, is_current: bool) -> list[Child]:
    shown = text.rstrip("\r\n")
    return [
        tag("i", f"{number:>5}  ") if number is not None else None,
        tag("mark", shown) if is_current else shown,
        "\n",
    ]


def _message(body: Mapping[str, Any]) -> Markup | None:
    message = _mapping(body.get("message"))
    if not message:
        return None
    more = {key: value for key, value in message.items() if key != "body"}
    return tag("section", tag("h2", "Message"), tag("pre", str(message.get("body")), class_="message"), _table(more))


def _crash_report(body: Mapping[str, Any]) -> Markup | None:
    report = _mapping(body.get("crash_report"))
    return tag("section", tag("h2", "Crash report"), tag("pre", str(report.get("raw")))) if report else None


def _telemetry(body: Mapping[str, Any]) -> Markup | None:
    events = [_mapping(event) for event in _list(body.get("telemetry"))]
    if not events:
        return None
    rows = (
        tag("li", badge(str(event.get("level"))), tag("pre", f"{event.get('type')} {_json(event.get('body'))}"))
        for event in events
    )
    return tag("section", tag("h2", "Telemetry"), tag("ul", rows, class_="rows"))


def _section(title: str, value: Any) -> Markup | None:
    if not value:
        return None
    shown = _table(value) if isinstance(value, dict) else tag("pre", _json(value))
    return tag("section", tag("h2", title.capitalize()), shown)


def _table(mapping: Mapping[str, Any]) -> Markup | None:
    if not mapping:
        return None
    rows: Iterable[Markup] = (
        tag("tr", tag("th", key, scope="row"), tag("td", tag("pre", _value(value)))) for key, value in mapping.items()
    )
    return tag("table", tag("tbody", rows))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
