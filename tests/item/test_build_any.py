"""Any occurrence becomes an item, a whole or a minimal one."""

from __future__ import annotations

import logging

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.capture.occurrence import PLACE, Code, Frame, Occurrence, Trace
from rollbar_logging.item.build import build, minimal
from rollbar_logging.server.schema import complaints
from rollbar_logging.version import NOTIFIER
from tests.item.occurrences import BARE, FRAME, ORIGIN, TRACE, built, no_lines


def test_a_minimal_item_has_what_cannot_fail() -> None:
    """Identity, body and place stay; variables, extras, person, request and payload go, and the reason is told."""
    frame = FRAME._replace(locals={"x": 1})
    trace = TRACE._replace(frames=(frame,), attributes={"a": 1}, notes=("noted",))
    occurrence = BARE._replace(
        chain=(trace,), args=[1], extras={"a": 1}, person={"id": 1}, request={"url": "x"}, payload={"level": "info"}
    )
    data = minimal(occurrence, ORIGIN, "ValueError: x")

    assert complaints({"data": data}) == []
    assert (data["uuid"], data["level"], data["environment"]) == ("u-1", "error", "production")
    assert data["body"]["trace"]["frames"] == [{"filename": "/srv/app/orders.py", "method": "buy", "lineno": 5}]
    assert data["body"]["trace"]["extra"] == {"notes": ["noted"]}
    assert set(data["custom"]) == {"record"}
    assert not {"person", "request"} & set(data)
    assert data["notifier"]["diagnostic"] == {"minimal": "ValueError: x"}


# Everything

_leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
_plain = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
_known = st.sampled_from(["id", "username", "email", "route", "query_string", "GET"])
_asked = st.sampled_from(["person", "custom", "level", "request", "timestamp", "title", "code_version", "body"])
_objects = st.dictionaries(_known | st.text(), _plain)
_frames = st.builds(
    Frame,
    st.builds(Code, st.text(), st.text(), st.none() | st.text(), st.lists(st.text()).map(tuple), st.none() | st.text()),
    st.none() | st.integers(0, 10**6),
    st.none() | st.dictionaries(st.text(), _plain),
    st.integers(0, 3),
    st.integers(0, 3),
)
_traces = st.builds(
    Trace, st.text(min_size=1), st.text(), st.text(), st.lists(_frames, max_size=3).map(tuple), attributes=_objects
)
_events = st.fixed_dictionaries(
    {
        "level": st.just("info"),
        "type": st.just("log"),
        "source": st.just("server"),
        "timestamp_ms": st.integers(0, 2**53),
        "body": st.dictionaries(st.sampled_from(["message", "logger"]), st.text(), min_size=1),
    }
)
_occurrences = st.builds(
    Occurrence,
    st.uuids().map(str),
    st.floats(),
    st.sampled_from(["debug", "info", "warning", "error", "critical"]),
    st.integers(0, 100),
    st.text(),
    st.text(),
    st.none() | st.text(),
    st.tuples(*[_leaves] * len(PLACE)),
    st.none() | st.text(),
    _plain,
    _objects,
    st.lists(_traces, max_size=3).map(tuple),
    st.lists(_objects, max_size=2).map(tuple),
    st.none() | st.text(),
    st.none() | _objects,
    st.none() | _objects,
    st.dictionaries(st.sampled_from(["fingerprint", "title", "context"]), st.text()),
    st.dictionaries(_asked | st.text(), _plain | _objects),
    telemetry=st.lists(_events, max_size=2).map(tuple),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_occurrences)
def test_whatever_was_captured_becomes_an_item(occurrence: Occurrence) -> None:
    """Any occurrence of plain data becomes an item, whole and minimal, that the API takes."""
    for data in (build(occurrence, ORIGIN, no_lines), minimal(occurrence, ORIGIN, "why")):
        assert complaints({"data": data}) == []
        assert (data["uuid"], data["notifier"]["name"]) == (occurrence.uuid, NOTIFIER)
        assert len(set(data["body"]) & {"message", "trace", "trace_chain"}) == 1
        assert set(data["body"]) <= {"message", "trace", "trace_chain", "telemetry"}
        assert len(data.get("fingerprint", "")) <= 40 or "fingerprint" in occurrence.payload
        assert None not in data.values()


def test_the_level_of_the_record_is_the_items() -> None:
    """Rollbar's level is the occurrence's; the record's own number is kept beside it."""
    data = built(level="warning", levelno=logging.ERROR)

    assert (data["level"], data["custom"]["record"]["levelno"]) == ("warning", 40)
