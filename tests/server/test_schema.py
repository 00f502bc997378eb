"""The schema's complaints: pure, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server.schema import complaints
from tests.server.conftest import error_item, item

ENVELOPE = {"environment": "e"}
UNDEFINED_BODY = (
    "data.body must not be undefined. Instead, it should be an object with a 'message', 'trace', "
    "'trace_chain', or 'crash_report' key."
)
NOT_ONE_BODY = (
    "data.body must have either a 'trace', 'trace_chain', 'message' or 'crash_report' property, "
    "(but not more than one)."
)
KEYS = (
    *("data", "body", "trace", "trace_chain", "message", "crash_report", "frames", "exception", "class", "filename"),
    *("raw", "person", "id", "telemetry", "context", "pre", "environment", "level", "locals"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=40,
)


def trace(**parts: Any) -> dict[str, Any]:
    """Return a payload with one trace."""
    return {"data": {**ENVELOPE, "body": {"trace": parts}}}


GOOD_TRACE: dict[str, Any] = {"frames": [{"filename": "a.py"}], "exception": {"class": "E"}}


@pytest.mark.parametrize(
    "payload",
    [
        item(),
        error_item(),
        trace(frames=[], exception={"class": "E", "message": None}),
        {"data": {**ENVELOPE, "body": {"crash_report": {"raw": "…"}}}},
        item(person={"id": "1", "username": None, "email": None}, level=None, timestamp=None, uuid=None),
        item(person={"id": 7}),
        item(level="warni", timestamp=1.5, code_version=7, unknown=object),
        trace(
            frames=[{"filename": "a.js", "lineno": None, "context": {"pre": [], "post": []}}], exception={"class": "E"}
        ),
        item(body={"message": {"body": ""}, "trace": None, "telemetry": []}),
    ],
)
def test_what_clients_send_is_accepted(payload: dict[str, Any]) -> None:
    """Items as official clients send them, with the nulls they are known to send, are without complaint."""
    assert complaints(payload) == []


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, ["data is missing and it is required."]),
        ([], ["The payload should be object."]),
        ({"data": []}, ["data should be object."]),
        (
            {"data": ENVELOPE},
            [UNDEFINED_BODY],
        ),
        (
            {"data": {**ENVELOPE, "body": {"trace": GOOD_TRACE, "message": {"body": "m"}}}},
            [NOT_ONE_BODY],
        ),
        (
            {"data": {**ENVELOPE, "body": {}}},
            [NOT_ONE_BODY],
        ),
        (
            trace(),
            [
                "data.body.trace.frames is missing and it is required.",
                "data.body.trace.exception.class is missing and it is required.",
            ],
        ),
        (
            {"data": {**ENVELOPE, "body": {"trace_chain": [GOOD_TRACE, GOOD_TRACE, {"exception": {"class": "E"}}]}}},
            ["data.body.trace_chain[2].frames is missing and it is required."],
        ),
        (
            {"data": {**ENVELOPE, "body": {"trace_chain": []}}},
            ["data.body.trace_chain should have at least one trace."],
        ),
        (
            trace(frames=[{"lineno": True}], exception={"class": "E"}),
            [
                "data.body.trace.frames[0].filename is missing and it is required.",
                "data.body.trace.frames[0].lineno should be integer.",
            ],
        ),
        (
            trace(frames=[], exception={"class": "E", "message": {}}),
            ["data.body.trace.exception.message object value found, but a null is required."],
        ),
        (item(context={}), ["data.context object value found, but a null is required."]),
        (item(context=None), ["data.context null value found, but a string is required."]),
        (item(level=40), ["data.level should be string."]),
        (item(level=True), ["data.level should be string."]),
        (item(uuid="u" * 256), ["data.uuid should have at most 255 characters."]),
        (item(person={}), ["data.person.id is missing and it is required."]),
        (item(person={"id": [7]}), ["data.person.id should be string or integer."]),
        (item(custom=[1]), ["data.custom should be object."]),
        (item(environment=None), ["data.environment is missing and it is required."]),
        (item(uuid=5), ["data.uuid should be string."]),
        (item(body={"message": {"body": "m"}, "telemetry": "log"}), ["data.body.telemetry should be array."]),
        (
            item(body={"message": {"body": "m"}, "telemetry": [{"level": "info", "type": "log", "source": "server"}]}),
            [
                "data.body.telemetry[0].timestamp_ms is missing and it is required.",
                "data.body.telemetry[0].body is missing and it is required.",
            ],
        ),
        (item(body={"crash_report": {}}), ["data.body.crash_report.raw is missing and it is required."]),
        (item(body={"message": "m"}), ["data.body.message should be object."]),
        (item(body={"message": {"body": 5}}), ["data.body.message.body should be string."]),
        (item(body=[]), ["data.body should be object."]),
        (item(body={"trace": []}), ["data.body.trace should be object."]),
        (item(body={"trace_chain": {}}), ["data.body.trace_chain should be array."]),
        (item(body={"crash_report": "raw"}), ["data.body.crash_report should be object."]),
        (item(body={"message": {"body": "m"}, "telemetry": [1]}), ["data.body.telemetry[0] should be object."]),
        (item(person="ann"), ["data.person should be object."]),
        (trace(frames=[1], exception={"class": "E"}), ["data.body.trace.frames[0] should be object."]),
        (trace(frames=[], exception="E"), ["data.body.trace.exception should be object."]),
        (
            trace(frames=[{"filename": "a", "context": {"pre": "x"}}], exception={"class": "E"}),
            ["data.body.trace.frames[0].context.pre should be array."],
        ),
        (item(context=True), ["data.context boolean value found, but a null is required."]),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_api(payload: Any, expected: list[str]) -> None:
    """Each fault has its sentence, in the order of the faults."""
    assert complaints(payload) == expected


def test_many_faults_are_told_in_a_few_sentences() -> None:
    """A thousand broken frames make twenty sentences."""
    assert len(complaints(trace(frames=[{}] * 1000, exception={}))) == 20


@given(JSON)
def test_any_json_is_judged(payload: Any) -> None:
    """Whatever the payload, complaints are sentences; nothing raises."""
    assert all(sentence.endswith(".") for sentence in complaints(payload))
