"""Which parts of an item are cut, and in which order, when it is larger than may be sent.

An item that fits is encoded once, and that is all. For one that does not, `_PLAN` has the parts from the least
valuable to the most. Each is measured when its turn comes, and cutting ends as soon as the excess is covered.
What no plan foresees, such as megabytes where the API has a name, ends in a bare item.

Frames and exceptions stay longest, also because Rollbar groups by them: an item that lost frames may be taken for
another failure. Sizes are bytes of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from rollbar_logging.item.bare import bare_item
from rollbar_logging.item.budget import Budget, Place, Slot, frames_of, mapping
from rollbar_logging.item.encode import encode, size_of
from rollbar_logging.settings import MAX_PAYLOAD_BYTES

_MAX_NOTES = 1024
_LARGE = 2048  # a single value above this is shortened before any part goes as a whole
_MEDIUM, _SMALL = 256, 96
_WIDE = 128  # entries; a container of more is cut as one value, for measuring each would take too long
_DEPTH = 4  # levels below which large values are not looked for
_TELEMETRY = 10  # events that stay longest
_FIRST, _LAST = 10, 90  # frames of a trace that stay although other parts of the item must go
_NEAR = 3  # frames of the application whose locals stay longer than the others'
_OWN_FRAMES = 4  # frames of the application that are never left out
_FRAME_NOTE = 32  # bytes of ``"frames_left_out":…,``
_KINDS = ("trace_chain", "trace", "message", "crash_report")
_IDENTITY = ("uuid", "level", "timestamp", "environment", "fingerprint")


def fit(
    data: dict[str, Any], limit: int = MAX_PAYLOAD_BYTES, *, is_plain: bool = False
) -> tuple[bytes, dict[str, str]]:
    """Encode ``{"data": data}`` into at most *limit* bytes.

    Args:
        data: The item; it is not changed.
        limit: Bytes of the body; 2048 or more.
        is_plain: As of `encode`.

    Returns:
        The body, and what was cut to make it fit: by part, in numbers and bytes. The same stands in the body, as
        ``data.notifier.diagnostic.truncation``. Never cut are uuid, level, timestamp, environment and fingerprint
        of any usual length, and the kind of the body (trace, trace_chain, message).
    """
    body = encode({"data": data}, is_plain=is_plain)
    if len(body) <= limit:
        return body, {}
    # What the server would read: a copy, and of JSON's own types whatever the original was made of.
    copy = json.loads(body)["data"]
    room = min(_MAX_NOTES, limit // 8)
    budget = Budget(copy if isinstance(copy, dict) else {}, limit - room)
    for step in _PLAN:
        if budget.excess <= 0:
            break
        step(budget)
    if budget.excess <= 0:
        notes = budget.notes(room - size_of(_noted({}, {})))
        short = encode({"data": _noted(budget.data, notes)}, is_plain=True)
        if len(short) <= limit:
            return short, notes
    notes = {"item": f"reduced to the least, from {len(body)} bytes"}
    least = bare_item(budget.data, limit - size_of({"data": _noted({}, notes)}))
    return encode({"data": _noted(least, notes)}, is_plain=True), notes


def _noted(data: dict[str, Any], notes: dict[str, str]) -> dict[str, Any]:
    notifier = mapping(data, "notifier")
    diagnostic = mapping(notifier, "diagnostic")
    diagnostic = {**diagnostic, "truncation": {**mapping(diagnostic, "truncation"), **notes}}
    return {**data, "notifier": {**notifier, "diagnostic": diagnostic}}


# Places in the item


def _held(*slots: Slot) -> list[Slot]:
    return [(holder, key) for holder, key in slots if key in holder]


def _entries(holder: Any, key: Any) -> list[Slot]:
    """Return the places of a container's entries; if it has too many, or is none, its own place."""
    if isinstance(holder, dict) and key not in holder:
        return []
    value = holder[key]
    if isinstance(value, (dict, list)) and 0 < len(value) <= _WIDE:
        return [(value, inner) for inner in (value if isinstance(value, dict) else range(len(value)))]
    return [(holder, key)]


def _large(slots: Iterable[Slot], depth: int = _DEPTH) -> list[Slot]:
    """Return the innermost values above `_LARGE` at and below these places."""
    found: list[Slot] = []
    for holder, key in slots:
        value = holder[key]
        if not _may_be_large(value) or size_of(value) <= _LARGE:
            continue
        inner = [slot for slot in _entries(holder, key) if slot[0] is value] if depth else []
        found += _large(inner, depth - 1) or [(holder, key)]
    return found


def _may_be_large(value: Any) -> bool:
    # A character takes six bytes at most, an entry one at least; this spares measuring most values.
    return len(value) * 6 + 2 > _LARGE if isinstance(value, str) else isinstance(value, (dict, list)) and bool(value)


def _beside(holder: dict[str, Any], *known: str) -> list[Slot]:
    """Return the places of a dict that are not of these names."""
    return [slot for key in holder if key not in known for slot in _entries(holder, key)]


def _others(budget: Budget) -> list[Slot]:
    """Return the places of all that has no step of its own, of names that the API knows or not."""
    data, body = budget.data, budget.body
    slots = _beside(data, *_IDENTITY, "body", "custom", "request") + _beside(body, *_KINDS, "telemetry")
    for holder in (mapping(body, "message"), mapping(body, "crash_report")):
        slots += _beside(holder, "body", "raw")
    for trace in budget.traces:
        slots += _beside(trace, "frames", "exception")
        slots += _beside(mapping(trace, "exception"), "class", "message", "description")
    return slots


def _messages(budget: Budget) -> list[Slot]:
    """Return the places of what says what happened."""
    exceptions = [mapping(trace, "exception") for trace in budget.traces]
    texts = [(exception, key) for exception in exceptions for key in ("message", "class")]
    body = budget.body
    return _held(*texts, (mapping(body, "message"), "body"), (mapping(body, "crash_report"), "raw"))


def _parts_of_frames(budget: Budget, part: str, belongs: Callable[[Place], bool]) -> list[Slot]:
    return _held(*((place.frame, part) for place in budget.places if belongs(place)))


def _near_frames(budget: Budget) -> set[int]:
    """Return the ids of the frames of the application that are nearest to the exception, and of the raising one."""
    last = [place for place in reversed(budget.places) if place.cause == 0]
    own = [place for place in last if not place.is_library][:_NEAR]
    return {id(place.frame) for place in (*own, *last[:1])}


# The steps, from the least valuable part on


def _cut_absurd(budget: Budget) -> None:
    """Bound what no setting asks for, so that the steps after this have not so much to count."""
    _keep_ends(budget, "telemetry", budget.body, "telemetry", 0, 1000)
    _keep_ends(budget, "causes", budget.body, "trace_chain", 10, 10)
    for trace in budget.traces:
        _keep_ends(budget, "frames", trace, "frames", 1000, 9000)
    for key in [*budget.data][1000:]:
        if key not in {*_IDENTITY, "body"}:
            budget.drop("other data", [(budget.data, key)])


def _keep_ends(budget: Budget, part: str, holder: dict[str, Any], key: str, first: int, last: int) -> None:
    entries = holder.get(key)
    if isinstance(entries, list) and len(entries) > first + last:
        gone = entries[first:-last]
        del entries[first:-last]
        budget.count(part, "removed", size_of(gone) - 1, len(gone))
        budget.forget_places()


def _cut_old_telemetry(budget: Budget) -> None:
    events = budget.body.get("telemetry")
    if not isinstance(events, list):
        return
    count = saved = 0
    while count < len(events) - _TELEMETRY and saved < budget.excess:
        saved += size_of(events[count]) + 1
        count += 1
    if count:
        del events[:count]
        budget.count("telemetry", "removed", saved, count)


def _cut_library_locals(budget: Budget) -> None:
    slots = _parts_of_frames(budget, "locals", lambda place: place.is_library and not place.is_raising)
    budget.drop("locals of library frames", slots)


def _shorten_large_values(budget: Budget) -> None:
    holders = [(budget.data, "custom"), (budget.data, "request"), (budget.body, "telemetry")]
    holders += _parts_of_frames(budget, "locals", lambda _: True)
    slots = [slot for holder, key in holders for slot in _entries(holder, key)] + _others(budget)
    slots += [slot for slot in _held(*((budget.data, key) for key in _IDENTITY)) if slot[1] != "fingerprint"]
    large = _large(slots)
    # Messages stay long, but none may drive out everything else.
    budget.shorten("huge values", large + _messages(budget), max(budget.limit // 8, _LARGE))
    budget.shorten("large values", large, _LARGE)


def _cut_library_context(budget: Budget) -> None:
    slots = _parts_of_frames(budget, "context", lambda place: place.is_library and not place.is_raising)
    budget.drop("code around library frames", slots)


def _cut_middle_of_long_traces(budget: Budget) -> None:
    for trace in reversed(budget.traces):
        _leave_out(budget, trace, range(_FIRST, len(frames_of(trace)) - _LAST))


def _custom_and_request(budget: Budget) -> list[Slot]:
    request = [inner for slot in _entries(budget.data, "request") for inner in _entries(*slot)]
    return _entries(budget.data, "custom") + request


def _shorten_custom_and_request(budget: Budget) -> None:
    budget.shorten("custom and request", _custom_and_request(budget), 2 * _MEDIUM)


def _cut_far_locals(budget: Budget) -> None:
    near = _near_frames(budget)
    slots = _parts_of_frames(budget, "locals", lambda place: place.cause == 0 and id(place.frame) not in near)
    budget.drop("locals of frames", slots)
    budget.drop("locals of causes", _parts_of_frames(budget, "locals", lambda place: place.cause > 0))


def _shorten_near_values(budget: Budget) -> None:
    locals_ = _parts_of_frames(budget, "locals", lambda _: True)
    slots = [inner for slot in locals_ for inner in _entries(*slot)] + _custom_and_request(budget)
    budget.shorten("values", slots, _MEDIUM)


def _cut_request_and_custom(budget: Budget) -> None:
    budget.drop("telemetry", _held((budget.body, "telemetry")))
    request = mapping(budget.data, "request")
    budget.drop("request", [(request, key) for key in [*request] if key not in {"url", "method"}])
    budget.drop("custom", _held((budget.data, "custom")))
    budget.drop("server.argv", _held((mapping(budget.data, "server"), "argv")))


def _cut_near_locals(budget: Budget) -> None:
    budget.drop("locals of frames", _parts_of_frames(budget, "locals", lambda place: not place.is_raising))
    raising = _parts_of_frames(budget, "locals", lambda place: place.is_raising)
    budget.shorten("locals of the raising frame", [inner for slot in raising for inner in _entries(*slot)], _SMALL)
    budget.drop("locals of the raising frame", raising)


def _cut_code(budget: Budget) -> None:
    budget.drop("code around frames", _parts_of_frames(budget, "context", lambda _: True))
    descriptions = _held(*((mapping(trace, "exception"), "description") for trace in budget.traces))
    budget.shorten("description", descriptions, _MEDIUM)
    budget.drop("code", _parts_of_frames(budget, "code", lambda place: not place.is_raising))


def _cut_frames(budget: Budget) -> None:
    """Leave out frames, those of libraries first; the first of a trace, the raising one and some own ones stay."""
    for cause, trace in reversed([*enumerate(budget.traces)]):
        frames = frames_of(trace)
        inner = range(1, len(frames) - 1)
        own = [index for index in inner if not budget.is_library(frames[index])]
        library = [index for index in inner if budget.is_library(frames[index])]
        _leave_out(budget, trace, library + (own[:-_OWN_FRAMES] if cause == 0 else own))


def _leave_out(budget: Budget, trace: dict[str, Any], indexes: Iterable[int]) -> None:
    """Leave out frames in the order given; the frame before them tells how many they were."""
    frames = frames_of(trace)
    gone: set[int] = set()
    saved = 0
    for index in indexes:
        if saved >= budget.excess:
            break
        notes = 1 - (index - 1 in gone) - (index + 1 in gone)
        saved += size_of(frames[index]) + 1 - notes * _FRAME_NOTE
        gone.add(index)
    if saved > 0:
        trace["frames"] = _without(frames, gone)
        budget.count("frames", "removed", saved, len(gone))
        budget.forget_places()


def _without(frames: list[Any], gone: set[int]) -> list[Any]:
    kept: list[Any] = []
    for index, frame in enumerate(frames):
        if index not in gone:
            kept.append(frame)
        elif kept and isinstance(kept[-1], dict):
            kept[-1]["frames_left_out"] = _frames_in(kept[-1]) + 1 + _frames_in(frame)
    return kept


def _frames_in(frame: Any) -> int:
    count = frame.get("frames_left_out") if isinstance(frame, dict) else 0
    return count if isinstance(count, int) else 0


def _cut_causes(budget: Budget) -> None:
    """Take out causes, until the exception raised last and the root cause are left."""
    chain = budget.body.get("trace_chain")
    while isinstance(chain, list) and len(chain) > 2 and budget.excess > 0:  # noqa: PLR2004 - those two
        budget.count("causes", "removed", size_of(chain.pop(-2)) + 1)
        budget.forget_places()


def _shorten_the_rest(budget: Budget) -> None:
    budget.shorten("other data", _others(budget), _SMALL)
    budget.shorten("frames", [(place.frame, key) for place in budget.places for key in place.frame], _MEDIUM)
    budget.shorten("message", _messages(budget), 2 * _MEDIUM)


_PLAN: tuple[Callable[[Budget], None], ...] = (
    _cut_absurd,
    _cut_old_telemetry,
    _cut_library_locals,
    _shorten_large_values,
    _cut_library_context,
    _cut_middle_of_long_traces,
    _shorten_custom_and_request,
    _cut_far_locals,
    _shorten_near_values,
    _cut_request_and_custom,
    _cut_near_locals,
    _cut_code,
    _cut_frames,
    _cut_causes,
    _shorten_the_rest,
)
