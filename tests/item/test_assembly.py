"""From what was captured to the bytes that are posted, and what the application may have a say in."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any

import pytest

from rollbar_logging.item.scrub import SCRUBBED
from tests.capture.material import ERRORS, raising
from tests.item.occurrences import LIMIT, MESSAGE, SECRET, assembly, body_of, data_of, reported


def fail_with_secret() -> None:
    """Fail with a secret among the variables."""
    password, order = SECRET, 5
    raise ValueError(len(password) + order)


def test_a_body_is_an_item_in_json() -> None:
    """What was captured, built, scrubbed and encoded, is under `data`."""
    data = body_of()

    assert (data["uuid"], data["body"]) == ("u-1", {"message": {"body": "order 5"}})
    assert data["custom"]["order"] == 5


def test_a_trace_has_its_source_and_no_secrets() -> None:
    """Frames show the lines around the failure; secrets are out, and how many is told."""
    data = body_of(reported(fail_with_secret))
    frame = data["body"]["trace"]["frames"][-1]

    assert frame["code"].strip() == "raise ValueError(len(password) + order)"
    assert "def fail_with_secret() -> None:" in frame["context"]["pre"]
    assert frame["locals"] == {"password": SCRUBBED, "order": 5}
    assert data["notifier"]["diagnostic"] == {"scrubbed": 1}


def test_a_large_item_fits() -> None:
    """However much was captured, the body is within the limit and says what was cut."""
    extras = {f"name_{number}": "ü" * 1000 for number in range(100)}
    for limit in (LIMIT, 4096):
        body = assembly(limit).body(MESSAGE._replace(extras=extras, message="x" * 16_000))
        assert body is not None
        assert len(body) <= limit
        assert "truncation" in data_of(body)["notifier"]["diagnostic"]


def test_a_refused_body_is_halved() -> None:
    """For a server that refuses a body as too large there is one of half the bytes, with the same uuid."""
    making = assembly()
    body = making.body(MESSAGE._replace(extras={f"name_{number}": "x" * 1000 for number in range(50)}))
    assert body is not None
    half = making.shrunk(body)

    assert len(half) <= len(body) // 2
    assert data_of(half)["uuid"] == "u-1"
    assert len(making.shrunk(making.shrunk(half))) <= 4096


def test_an_item_that_cannot_be_built_becomes_a_smaller_one() -> None:
    """A report is sent without what could not be read, and tells why."""
    broken: Any = MESSAGE._replace(person="not a mapping")
    data = body_of(broken)

    assert data["body"] == {"message": {"body": "order 5"}}
    assert data["notifier"]["diagnostic"]["minimal"].startswith("AttributeError: ")


def test_many_threads_may_make_bodies() -> None:
    """Several threads that use one assembly get the same as one does."""
    making, occurrence = assembly(), reported(fail_with_secret)
    expected, bodies = making.body(occurrence), []
    threads = [
        threading.Thread(target=lambda: bodies.extend(making.body(occurrence) for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(bodies) == {expected}
    assert len(bodies) == 80


# before_send


def test_before_send_has_the_last_word() -> None:
    """It is given the scrubbed item and what it returns is sent."""
    seen: list[Any] = []

    def before_send(data: dict[str, Any]) -> dict[str, Any]:
        seen.append(json.dumps(data))
        return {**data, "context": "changed"}

    data = body_of(reported(fail_with_secret), before_send=before_send)

    assert data["context"] == "changed"
    assert len(seen) == 1
    assert SECRET not in seen[0]


def test_before_send_may_change_the_trail_of_one_report_only() -> None:
    """Later reports carry the same events, as they were noted."""
    event = {"level": "info", "type": "log", "source": "server", "timestamp_ms": 1, "body": {"message": "paid"}}
    occurrence = MESSAGE._replace(telemetry=(event,))

    def before_send(data: dict[str, Any]) -> dict[str, Any]:
        (own,) = data["body"]["telemetry"]
        own["body"]["message"] = own["level"] = "debug"
        return data

    assert body_of(occurrence, before_send=before_send)["body"]["telemetry"][0]["body"] == {"message": "debug"}
    assert body_of(occurrence)["body"]["telemetry"] == [{**event, "level": "info", "body": {"message": "paid"}}]


def test_a_card_that_the_end_of_a_title_cuts_is_no_less_a_secret() -> None:
    """Of a number that reaches over the longest title nothing is left in it."""
    for length in range(225, 260):
        title = body_of(MESSAGE._replace(message="x " * (length // 2) + "4111 1111 1111 1111 charged"))["title"]
        assert "4111 1111 1" not in title, title


def test_before_send_may_drop_a_report() -> None:
    """`None` drops the report."""
    assert assembly(before_send=lambda _data: None).body(MESSAGE) is None


def test_before_send_may_put_in_numbers_that_json_lacks() -> None:
    """NaN and the infinities become text, not `null`."""

    def before_send(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "custom": {"nan": float("nan"), "inf": float("inf")}}

    assert body_of(before_send=before_send)["custom"] == {"nan": "NaN", "inf": "Infinity"}


def test_before_send_may_put_in_anything() -> None:
    """What it returns is encoded, whatever it holds, and fits."""

    def before_send(data: dict[str, Any]) -> dict[str, Any]:
        data["custom"].update(nan=float("nan"), thing=object(), names={1, 2}, large=["x" * 1000] * 500)
        return OrderedDict(data)

    body = assembly(before_send=before_send).body(MESSAGE)
    assert body is not None

    assert len(body) <= LIMIT
    assert data_of(body)["custom"]["nan"] == "NaN"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("option", ["before_send", "fingerprint"])
def test_a_function_that_raises_costs_the_details_only(option: str, error: type[BaseException]) -> None:
    """When a function of the application raises, a report is sent without variables, extras and request."""
    occurrence = reported(fail_with_secret, extra={"order": 5, "request": {"url": "https://shop"}})
    data = body_of(occurrence, **{option: raising(error)})
    frames = data["body"]["trace"]["frames"]

    assert frames[-1]["method"] == "fail_with_secret"
    assert not any("locals" in frame for frame in frames)
    assert "request" not in data
    assert "order" not in data["custom"]
    assert data["notifier"]["diagnostic"]["minimal"] == f"{error.__name__}: hostile"


def test_a_function_that_raises_nonsense_is_told() -> None:
    """An error whose text fails, or never ends, is told by its name, or by its beginning."""

    class WordlessError(Exception):
        __str__ = raising(SystemExit)

    def long(_data: Any) -> Any:
        raise ValueError("x" * 1000)

    assert body_of(before_send=raising(WordlessError))["notifier"]["diagnostic"]["minimal"] == "WordlessError"
    assert len(body_of(before_send=long)["notifier"]["diagnostic"]["minimal"]) == 200


@pytest.mark.parametrize("value", [True, False, "text", 5, [], ()])
def test_before_send_must_return_an_item(value: Any) -> None:
    """What is neither a dict nor `None` is a mistake; the report is sent without its details."""
    why = body_of(before_send=lambda _data: value)["notifier"]["diagnostic"]["minimal"]

    assert why == f"TypeError: before_send returned a {type(value).__name__}, neither a dict nor None"


# fingerprint


@pytest.mark.parametrize(
    ("chosen", "fingerprint"),
    [("orders", "orders"), (0, "0"), ("f" * 40, "f" * 40), (None, None), ("", None)],
)
def test_the_application_may_choose_the_grouping(chosen: Any, fingerprint: str | None) -> None:
    """The function's answer is the fingerprint; `None`, or nothing, leaves what there was."""
    found = body_of(fingerprint=lambda _data: chosen)["fingerprint"]

    assert found == (body_of()["fingerprint"] if fingerprint is None else fingerprint)


def test_a_long_grouping_is_a_digest() -> None:
    """A fingerprint that is too long for the API becomes one that is not, and the same again for the same answer."""
    one, same, other = (body_of(fingerprint=lambda _data, text=text: text * 41)["fingerprint"] for text in "aab")

    assert one == same != other
    assert len(one) == 40


def test_the_grouping_is_chosen_before_the_last_word() -> None:
    """`before_send` sees the fingerprint that was chosen."""
    seen: list[str] = []

    def before_send(data: dict[str, Any]) -> dict[str, Any]:
        seen.append(data["fingerprint"])
        return data

    body_of(fingerprint=lambda data: data["body"]["message"]["body"], before_send=before_send)

    assert seen == ["order 5"]


@pytest.mark.parametrize("option", ["before_send", "fingerprint"])
def test_what_the_application_puts_into_an_item_is_strict_json(option: str) -> None:
    """Both functions get the item and may change it: a NaN of theirs is told as one, and is not lost."""

    def put(data: dict[str, Any]) -> Any:
        data["custom"]["ratio"] = float("nan")
        return data if option == "before_send" else None

    assert body_of(**{option: put})["custom"]["ratio"] == "NaN"
