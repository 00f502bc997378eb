"""The `data` of an item: every key of it, and what is left out."""

from __future__ import annotations

import hashlib
import logging
import platform
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.capture.occurrence import PLACE, Code, Frame, Occurrence, Trace
from rollbar_logging.item.build import Origin, build, minimal, shortened_fingerprint
from rollbar_logging.server.schema import complaints
from rollbar_logging.version import NOTIFIER, VERSION
from tests.capture.material import Capturing, logger_of

BARE = Occurrence("u-1", 1_700_000_000.75, "error", 40, "app", "it failed", None, (None,) * len(PLACE))
FRAME = Frame(Code("/srv/app/orders.py", "buy"), 5)
TRACE = Trace("ValueError", "builtins", "no such order", (FRAME,))
ORIGIN = Origin("production")


def no_lines(_filename: str, _lineno: int | None) -> None:
    """Know no source."""


def built(occurrence: Occurrence = BARE, origin: Origin = ORIGIN, lines: Any = no_lines, **parts: Any) -> Any:
    """Build an item of an occurrence with some parts, and see that the API takes it."""
    data = build(occurrence._replace(**parts), origin, lines)
    assert complaints({"data": data}) == []
    return data


# The frame of it


def test_a_message_becomes_an_item() -> None:
    """The least there is: identity, level, time, environment, language, title, body, record and notifier."""
    assert built() == {
        "uuid": "u-1",
        "timestamp": 1_700_000_000,
        "environment": "production",
        "level": "error",
        "language": f"python {platform.python_version()}",
        "title": "it failed",
        "body": {"message": {"body": "it failed"}},
        "custom": {"record": {"logger": "app", "levelno": 40, "created": 1_700_000_000.75}},
        "notifier": {"name": NOTIFIER, "version": VERSION},
    }


def test_an_empty_message_is_a_message() -> None:
    """The body of a message is a text, if an empty one, and there is no title for it."""
    data = built(message="")

    assert data["body"] == {"message": {"body": ""}}
    assert "title" not in data


def test_what_all_items_have_in_common_comes_along() -> None:
    """Options about the application are told in their places."""
    origin = Origin("staging", "linux", "flask", "1.2.3", "web-1", "/srv/app", "main", ("app.py", "--fast"))
    place = ("/srv/app/orders.py", 5, "buy", 77, "MainProcess", 1, "MainThread")
    data = built(origin=origin, place=place)

    assert (data["environment"], data["platform"], data["framework"], data["code_version"]) == (
        "staging",
        "linux",
        "flask",
        "1.2.3",
    )
    assert data["server"] == {
        "host": "web-1",
        "root": "/srv/app",
        "branch": "main",
        "pid": 77,
        "argv": ["app.py", "--fast"],
    }
    assert data["custom"]["record"]["function"] == "buy"
    assert data["custom"]["record"]["thread_name"] == "MainThread"


def test_arguments_of_the_command_come_only_when_asked() -> None:
    """`sys.argv` may hold secrets: without the option it is not there."""
    assert "server" not in built()


@pytest.mark.parametrize("created", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_none_is_left_out(created: float) -> None:
    """A record made by hand may have an impossible time."""
    assert "timestamp" not in built(created=created)


def test_nothing_is_null() -> None:
    """Keys without a value are absent at every level that is ours."""
    waiting = [built(chain=(TRACE,)), built(), built(chain=(TRACE, TRACE), stack="…", request={}, person={})]
    while waiting:
        data = waiting.pop()
        assert None not in data.values()
        waiting.extend(value for value in data.values() if isinstance(value, dict))
        for value in data.values():
            waiting.extend(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else None


# The body


def test_one_exception_is_a_trace() -> None:
    """One exception is `trace`, and its title is left to Rollbar; the record's message describes it."""
    data = built(chain=(TRACE,))

    assert data["body"] == {
        "trace": {
            "frames": [{"filename": "/srv/app/orders.py", "method": "buy", "lineno": 5}],
            "exception": {"class": "ValueError", "message": "no such order", "description": "it failed"},
        }
    }
    assert "title" not in data


def test_a_message_that_says_the_same_describes_nothing() -> None:
    """A description comes only where it adds something."""
    for message in ("no such order", ""):
        exception = built(chain=(TRACE,), message=message)["body"]["trace"]["exception"]
        assert exception == {"class": "ValueError", "message": "no such order"}


def test_more_exceptions_are_a_chain() -> None:
    """A chain has the last raised exception first, which is the one that the record's message describes."""
    inner = TRACE._replace(class_name="KeyError", message="5")
    chain = built(chain=(TRACE, inner))["body"]["trace_chain"]

    assert [trace["exception"]["class"] for trace in chain] == ["ValueError", "KeyError"]
    assert [trace["exception"].get("description") for trace in chain] == ["it failed", None]


def test_what_else_an_exception_has_is_extra() -> None:
    """Module, notes, attributes, and whether it never was raised, stand beside the exception."""
    trace = Trace("OrderError", "shop.errors", "x", (), ("tried twice",), is_raised=False, attributes={"number": 5})
    data = built(chain=(trace,))

    assert data["body"]["trace"]["extra"] == {
        "module": "shop.errors",
        "notes": ["tried twice"],
        "attributes": {"number": 5},
        "raised": False,
    }
    assert "extra" not in built(chain=(TRACE,))["body"]["trace"]


def test_a_frame_tells_what_is_known() -> None:
    """Parameters, variables, class and source come where they are known, and what was folded or left out."""
    code = Code("/srv/app/orders.py", "buy", "Shop", ("self", "item"), "rest", "options")
    frame = Frame(code, 5, {"item": "tea"}, 3, 7)
    lines = {("/srv/app/orders.py", 5): ("raise ValueError", ["def buy():"], ["", "x = 1"])}
    data = built(chain=(TRACE._replace(frames=(frame,)),), lines=lambda *at: lines.get(at))

    assert data["body"]["trace"]["frames"] == [
        {
            "filename": "/srv/app/orders.py",
            "method": "buy",
            "lineno": 5,
            "code": "raise ValueError",
            "context": {"pre": ["def buy():"], "post": ["", "x = 1"]},
            "class_name": "Shop",
            "argspec": ["self", "item"],
            "varargspec": "rest",
            "keywordspec": "options",
            "locals": {"item": "tea"},
            "repeated": 3,
            "frames_left_out": 7,
        }
    ]


def test_a_frame_without_a_line_has_none() -> None:
    """An unknown line is absent, not null, and so are variables that were not captured or are none."""
    frames = (FRAME._replace(lineno=None), FRAME._replace(locals={}), FRAME._replace(locals=None))
    found = built(chain=(TRACE._replace(frames=frames),))["body"]["trace"]["frames"]

    assert [sorted(frame) for frame in found] == [["filename", "method"]] + [["filename", "lineno", "method"]] * 2


def test_frames_go_from_the_oldest_call_to_the_failure() -> None:
    """Rollbar expects the raising frame last."""
    handler = Capturing()

    def inner() -> None:
        raise ValueError

    def outer() -> None:
        inner()

    try:
        outer()
    except ValueError:
        logger_of(handler).exception("it failed")
    (occurrence,) = handler.caught
    assert occurrence is not None
    frames = built(occurrence)["body"]["trace"]["frames"]

    assert [frame["method"] for frame in frames[-2:]] == ["outer", "inner"]


# Grouping and titles


def test_a_formatted_message_is_grouped_by_its_template() -> None:
    """The digest of the template groups messages that differ in their arguments only."""
    one = built(message="order 5", template="order %d", args=[5])
    other = built(message="order 6", template="order %d", args=[6])

    assert one["fingerprint"] == other["fingerprint"] == hashlib.sha1(b"order %d").hexdigest()  # noqa: S324
    assert (one["title"], other["title"]) == ("order 5", "order 6")
    assert one["custom"]["record"]["template"] == "order %d"
    assert one["custom"]["record"]["args"] == [5]


def test_other_grouping_is_left_to_rollbar() -> None:
    """A message without arguments, and an exception, are grouped by Rollbar's own rules."""
    assert "fingerprint" not in built()
    assert "fingerprint" not in built(template="order %d", chain=(TRACE,))


def test_a_record_may_choose_its_grouping_title_and_context() -> None:
    """What the record asks for comes first, for exceptions too."""
    asked = {"fingerprint": "orders", "title": "Order", "context": "shop"}
    data = built(overrides=asked, template="order %d", chain=(TRACE,), request={"route": "/orders"})

    assert (data["fingerprint"], data["title"], data["context"]) == ("orders", "Order", "shop")


def test_the_route_is_the_context() -> None:
    """Without a context of the record's own the request's route is taken."""
    assert built(request={"url": "https://shop/orders/5", "route": "/orders/<id>"})["context"] == "/orders/<id>"


def test_long_names_are_shortened() -> None:
    """Titles and contexts are cut at 255 characters, fingerprints become a digest above 40."""
    data = built(overrides={"fingerprint": "f" * 41, "title": "t" * 300, "context": "c" * 300})

    assert (len(data["title"]), len(data["context"])) == (255, 255)
    assert data["fingerprint"] == hashlib.sha1(b"f" * 41).hexdigest()  # noqa: S324
    assert shortened_fingerprint("f" * 40) == "f" * 40
    assert len(shortened_fingerprint("\ud800" * 50)) == 40


def test_a_title_is_the_first_line() -> None:
    """Of a message of many lines the first one that says something is the title."""
    assert built(message="\n  order 5 failed\nbecause")["title"] == "  order 5 failed".strip()
    assert "title" not in built(message=" \n ")


# Extras


def test_extras_are_custom() -> None:
    """What the record carries is `custom`, with the record's own facts under `record`."""
    data = built(extras={"order": 5}, task_name="checkout", stack="Stack …", members=({"class": "KeyError"},))

    assert data["custom"]["order"] == 5
    assert data["custom"]["record"]["task_name"] == "checkout"
    assert data["custom"]["stack_info"] == "Stack …"
    assert data["custom"]["exception_group"] == [{"class": "KeyError"}]


def test_an_extra_named_record_stays() -> None:
    """An application's own extra keeps its name; the record's facts take another."""
    custom = built(extras={"record": "mine"})["custom"]

    assert custom["record"] == "mine"
    assert custom["rollbar_record"]["logger"] == "app"


def test_what_was_captured_is_not_changed() -> None:
    """Building leaves the occurrence as it was, so that a smaller item can still be built of it."""
    request, payload = {"query_string": "a=1"}, {"custom": {"x": 1}}
    occurrence = BARE._replace(extras={"order": 5}, person={"id": 1}, request=request, payload=payload)
    before = repr(occurrence)
    built(occurrence)

    assert repr(occurrence) == before


# Person and request


@pytest.mark.parametrize(
    ("person", "known", "unknown"),
    [
        ({"id": 5, "username": "Ursula", "email": None, "age": 7}, {"id": "5", "username": "Ursula"}, None),
        ({"id": "x" * 50, "email": "e" * 300}, {"id": "x" * 40, "email": "e" * 255}, None),
        ({"id": 0}, {"id": "0"}, None),
        ({"id": None, "username": "Ursula"}, None, {"id": None, "username": "Ursula"}),
        ({"id": ""}, None, {"id": ""}),
        ({"id": [1]}, None, {"id": [1]}),
        ({"username": "Ursula"}, None, {"username": "Ursula"}),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_a_person_needs_an_id(person: Any, known: Any, unknown: Any) -> None:
    """With an id it is Rollbar's person, within its limits; without one, which would be rejected, it is custom."""
    data = built(person=person)

    assert data.get("person") == known
    assert data["custom"].get("person") == unknown


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("?a=1", {"a": "1"}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("q=what?&empty=", {"q": "what?", "empty": ""}),
        ("q=%C3%BC+x", {"q": "ü x"}),
        ("nothing", {"nothing": ""}),
    ],
)
def test_a_query_string_becomes_parameters(query: str, parameters: dict[str, Any]) -> None:
    """The parts of the query string are `GET`, repeated ones as lists."""
    assert built(request={"query_string": query})["request"] == {"query_string": query, "GET": parameters}


def test_parameters_that_are_given_stay() -> None:
    """What the request says of its parameters comes first, and there are at most 200 of them."""
    given_parameters = {"query_string": "a=1", "GET": {"b": 2}}
    many = built(request={"query_string": "&".join(f"k{number}=1" for number in range(500))})

    assert built(request=given_parameters)["request"] == given_parameters
    assert len(many["request"]["GET"]) == 200
    assert built(request={"query_string": 5})["request"] == {"query_string": 5}


# payload_data


def test_a_payload_joins_the_item() -> None:
    """Objects are merged, other values replaced, and further keys added; identity, body and notifier are ours."""
    payload = {
        "custom": {"added": 1},
        "request": {"url": "https://shop"},
        "level": "warning",
        "context": "shop",
        "uuid": "other",
        "body": {"message": {"body": "other"}},
        "notifier": {"name": "other"},
        "further": [1],
        "title": None,
    }
    data = built(extras={"order": 5}, payload=payload)

    assert (data["custom"]["order"], data["custom"]["added"]) == (5, 1)
    assert (data["request"], data["level"], data["context"]) == ({"url": "https://shop"}, "warning", "shop")
    assert (data["uuid"], data["body"]) == ("u-1", {"message": {"body": "it failed"}})
    assert data["notifier"] == {"name": NOTIFIER, "version": VERSION}
    assert (data["further"], data["title"]) == ([1], "it failed")


@pytest.mark.parametrize(
    ("key", "value"),
    [("custom", "text"), ("request", [1]), ("person", "Ursula"), ("level", 5), ("title", {}), ("timestamp", True)],
)
def test_a_payload_of_the_wrong_kind_is_custom(key: str, value: Any) -> None:
    """A value that would have the whole item rejected is told in `custom` instead."""
    assert built(payload={key: value})["custom"]["payload_data"] == {key: value}


def test_a_person_of_a_payload_needs_an_id_too() -> None:
    """The person of a payload joins the one of the record, and without an id it is custom."""
    joined = built(person={"id": 5}, payload={"person": {"username": "Ursula"}})
    unknown = built(payload={"person": {"username": "Ursula"}})

    assert joined["person"] == {"id": "5", "username": "Ursula"}
    assert "person" not in unknown
    assert unknown["custom"]["payload_data"] == {"person": {"username": "Ursula"}}


# The smallest item


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
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_occurrences)
def test_whatever_was_captured_becomes_an_item(occurrence: Occurrence) -> None:
    """Any occurrence of plain data becomes an item, whole and minimal, that the API takes."""
    for data in (build(occurrence, ORIGIN, no_lines), minimal(occurrence, ORIGIN, "why")):
        assert complaints({"data": data}) == []
        assert (data["uuid"], data["notifier"]["name"]) == (occurrence.uuid, NOTIFIER)
        assert set(data["body"]) < {"message", "trace", "trace_chain"}
        assert len(data["body"]) == 1
        assert len(data.get("fingerprint", "")) <= 40 or "fingerprint" in occurrence.payload
        assert None not in data.values()


def test_the_level_of_the_record_is_the_items() -> None:
    """Rollbar's level is the occurrence's; the record's own number is kept beside it."""
    data = built(level="warning", levelno=logging.ERROR)

    assert (data["level"], data["custom"]["record"]["levelno"]) == ("warning", 40)
