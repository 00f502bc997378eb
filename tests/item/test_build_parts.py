"""The parts of an item that not every report has: extras, person, request, payload."""

from __future__ import annotations

from typing import Any

import pytest

from rollbar_logging.version import NOTIFIER, VERSION
from tests.item.occurrences import BARE, built


def test_extras_are_custom() -> None:
    """What the record carries is `custom`, with the record's own facts under `record`."""
    data = built(extras={"order": 5}, task_name="checkout", stack="Stack …", members=({"class": "KeyError"},))

    assert data["custom"]["order"] == 5
    assert data["custom"]["record"]["task_name"] == "checkout"
    assert data["custom"]["stack_info"] == "Stack …"
    assert data["custom"]["exception_group"] == [{"class": "KeyError"}]


@pytest.mark.parametrize("name", ["record", "exception_group", "stack_info", "person"])
def test_an_extra_named_like_one_of_ours_stays(name: str) -> None:
    """An application's own extra keeps its name; what the report tells under that name takes another."""
    ours: dict[str, Any] = {"members": ({"class": "KeyError"},), "stack": "Stack …", "person": {"username": "Ursula"}}
    without, custom = built(**ours)["custom"], built(**ours, extras={name: "mine"})["custom"]

    assert custom.pop(name) == "mine"
    assert custom.pop(f"rollbar_{name}") == without.pop(name)
    assert custom == without


def test_an_extra_named_payload_data_stays() -> None:
    """So it is with the parts of a payload that do not fit."""
    custom = built(extras={"payload_data": "mine"}, payload={"level": 5})["custom"]

    assert (custom["payload_data"], custom["rollbar_payload_data"]) == ("mine", {"level": 5})


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
