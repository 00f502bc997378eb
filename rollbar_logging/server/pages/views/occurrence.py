"""One occurrence as its page shows it. Pure.

The stored ``data`` is only partly checked, so every part is looked at before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from rollbar_logging.server.integers import LARGEST
from rollbar_logging.server.pages.views.cuts import Cuts, cuts_of
from rollbar_logging.server.pages.views.grouping_words import GroupingWords, grouping_words
from rollbar_logging.server.pages.views.traces import OPEN_APPLICATION, Trace, traces_of_body
from rollbar_logging.server.pages.views.values import Node, Room, preview, tree_of
from rollbar_logging.server.pages.views.wording import (
    Moment,
    json_text,
    mapping,
    moment_of,
    occurrence_url,
    sequence,
    size,
    span,
    text_of,
)
from rollbar_logging.server.received import ReceivedOccurrence

_SECTIONS = ("custom", "person", "server", "client", "notifier")
_SHOWN_APART = {"body", "request", "uuid", "level", "title", "timestamp", "environment", "fingerprint", *_SECTIONS}
_MOST_EVENTS = 200
_MOST_NODES_OF_EVENTS = 1500
_MOST_NODES_OF_SECTIONS = 3000


class Section(NamedTuple):
    """A part of the report under its own heading."""

    key: str
    title: str
    nodes: tuple[Node, ...]
    is_open: bool


class Event(NamedTuple):
    """One event of the telemetry trail.

    Attributes:
        level: Its level.
        kind: ``log``, ``network``, ``dom``, ``navigation``, …
        text: What happened.
        before: How long before the occurrence, or nothing.
        at: When, exactly.
        nodes: The tree of all of it.
    """

    level: str
    kind: str
    text: str
    before: str
    at: Moment | None
    nodes: tuple[Node, ...]


class Times(NamedTuple):
    """Three moments side by side: when the sender says that it happened, when it came, when it was on the disk."""

    happened: Moment | None
    received: Moment | None
    stored: Moment | None
    travel: str
    storing: str


class RequestLine(NamedTuple):
    """The first line of a request."""

    method: str
    url: str
    address: str


class OccurrenceView(NamedTuple):
    """What the page of an occurrence shows.

    Attributes:
        uuid: The occurrence's.
        url: Of its page.
        level: One of the five names.
        title: Whole.
        environment: Of the item.
        size: Of the body as it came.
        token_name: Of the token that sent it.
        facts: Short facts: a name and a text each.
        times: When it happened and came.
        traces: Exceptions, the last raised first.
        message: The text of a message, or of a crash report.
        message_more: What came with the message.
        request: The request's first line, if there was a request.
        sections: Request, custom, person and the like.
        telemetry: The trail, oldest first.
        telemetry_left_out: Events that are not shown.
        cuts: What was cut or scrubbed.
        grouping: The key in plain words.
        raw: All of it as JSON.
    """

    uuid: str
    url: str
    level: str
    title: str
    environment: str
    size: str
    token_name: str
    facts: tuple[tuple[str, str], ...]
    times: Times
    traces: tuple[Trace, ...]
    message: str
    message_more: tuple[Node, ...]
    request: RequestLine | None
    sections: tuple[Section, ...]
    telemetry: tuple[Event, ...]
    telemetry_left_out: int
    cuts: Cuts
    grouping: GroupingWords
    raw: str


def occurrence_view(occurrence: ReceivedOccurrence, *, now: float, opening: str = OPEN_APPLICATION) -> OccurrenceView:
    """Turn a stored occurrence into what its page shows.

    Args:
        occurrence: As it is stored.
        now: Unix seconds.
        opening: Which frames are open.
    """
    data = occurrence.data
    body = mapping(data.get("body"))
    language = text_of(data.get("language"))
    root = text_of(mapping(data.get("server")).get("root"))
    happened = _happened(data)
    events = [mapping(event) for event in sequence(body.get("telemetry"))]
    message, more = _message(body, language)
    room = Room(_MOST_NODES_OF_EVENTS)
    return OccurrenceView(
        uuid=occurrence.uuid,
        url=occurrence_url(occurrence.uuid),
        level=occurrence.level,
        title=occurrence.title,
        environment=occurrence.environment,
        size=size(occurrence.body_bytes),
        token_name=occurrence.token_name,
        facts=_facts(data),
        times=_times(happened, occurrence, now),
        traces=traces_of_body(body, root=root, language=language, opening=opening),
        message=message,
        message_more=more,
        request=_request_line(data),
        sections=_sections(data, language),
        telemetry=tuple(_event(event, happened, now, language, room) for event in events[-_MOST_EVENTS:]),
        telemetry_left_out=max(len(events) - _MOST_EVENTS, 0),
        cuts=cuts_of(data),
        grouping=grouping_words(data, occurrence.environment),
        raw=json_text(data),
    )


def _happened(data: Mapping[str, Any]) -> Any:
    told = mapping(data.get("metadata")).get("customer_timestamp")
    record = mapping(mapping(data.get("custom")).get("record")).get("created")
    # The sender's own record is finer than the whole seconds of the protocol, if it is the same moment.
    if _is_time(record) and _is_time(told) and 0 <= record - told < 1:
        return record
    return told if told is not None else mapping(data.get("client")).get("timestamp")


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def _times(happened: Any, occurrence: ReceivedOccurrence, now: float) -> Times:
    moments = [moment_of(at, now) for at in (happened, occurrence.received_at, occurrence.stored_at)]
    began, came, stored = moments
    return Times(began, came, stored, _between(began, came), _between(came, stored))


def _between(start: Moment | None, end: Moment | None) -> str:
    if start is None or end is None:
        return ""
    apart = end.unix - start.unix
    return f"{span(apart)} later" if apart >= 0 else f"{span(-apart)} earlier"


def _facts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    server, person = mapping(data.get("server")), mapping(data.get("person"))
    facts = {
        "version": data.get("code_version") or server.get("code_version"),
        "host": server.get("host"),
        "context": data.get("context"),
        "person": person.get("username") or person.get("email") or person.get("id"),
        "language": data.get("language"),
        "framework": data.get("framework") if data.get("framework") != "unknown" else None,
        "sent by": " ".join(text_of(mapping(data.get("notifier")).get(key)) for key in ("name", "version")).strip(),
    }
    return tuple((name, text_of(value)) for name, value in facts.items() if value)


def _message(body: Mapping[str, Any], language: str) -> tuple[str, tuple[Node, ...]]:
    message = mapping(body.get("message"))
    if message:
        more = {key: value for key, value in message.items() if key != "body"}
        return text_of(message.get("body")), tree_of(more, language)
    report = mapping(body.get("crash_report"))
    more = {key: value for key, value in report.items() if key != "raw"}
    return text_of(report.get("raw")), tree_of(more, language)


def _request_line(data: Mapping[str, Any]) -> RequestLine | None:
    request = mapping(data.get("request"))
    if not request:
        return None
    return RequestLine(text_of(request.get("method")), text_of(request.get("url")), text_of(request.get("user_ip")))


def _sections(data: Mapping[str, Any], language: str) -> tuple[Section, ...]:
    room = Room(_MOST_NODES_OF_SECTIONS)

    def section(key: str, title: str, values: Mapping[str, Any]) -> Section:
        return Section(key, title, tree_of(values, language, room=room), key in _OPEN)

    request = {key: value for key, value in mapping(data.get("request")).items() if key not in {"url", "method"}}
    found = [section("request", "Request", request)]
    found += [section(name, name.capitalize(), _as_mapping(name, data.get(name))) for name in _SECTIONS]
    rest = {key: value for key, value in data.items() if key not in _SHOWN_APART}
    found.append(section("more", "More of the report", rest))
    is_requested = bool(mapping(data.get("request")))
    return tuple(each for each in found if each.nodes or (each.key == "request" and is_requested))


_OPEN = ("request", "custom", "person")


def _as_mapping(name: str, value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if (name, key) != ("notifier", "diagnostic")}
    return {name: value} if value else {}


def _event(event: Mapping[str, Any], happened: Any, now: float, language: str, room: Room) -> Event:
    body = mapping(event.get("body"))
    at = moment_of(event.get("timestamp_ms"), now)
    end = moment_of(happened, now)
    before = ""
    # Whole seconds of the occurrence may lie before an event of the same second.
    if at is not None and end is not None:
        before = f"\N{MINUS SIGN}{span(max(end.unix - at.unix, 0.0))}"
    return Event(
        level=text_of(event.get("level")),
        kind=text_of(event.get("type")) or "event",
        text=_event_text(body) or preview(event.get("body")),
        before=before,
        at=at,
        nodes=tree_of(event, language, room=room),
    )


def _event_text(body: Mapping[str, Any]) -> str:
    if body.get("message") is not None:
        return " · ".join(text_of(body[name]) for name in ("message", "exception") if body.get(name) is not None)
    if body.get("url") is not None:
        parts = (body.get("method"), body.get("url"), body.get("status_code"))
        return " ".join(text_of(part) for part in parts if part is not None)
    if "from" in body or "to" in body:
        return f"{text_of(body.get('from'))} → {text_of(body.get('to'))}"
    return text_of(body.get("element"))
