"""What is read of a request: of mappings, environments and scopes, and of those that resist."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import Mock

import pytest
from django.utils.datastructures import MultiValueDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from starlette.requests import Request as StarletteRequest

from rollbar_logging.capture import values
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.request import MAX_HEADERS, read_request
from rollbar_logging.capture.values import Bounds, Reading
from tests.capture.material import ERRORS, Plan, anything_hostile, carried_out, logged, raising, reading
from tests.capture.records import read


class Unread(io.BytesIO):
    """The body of a request, which nobody may read."""

    def read(self, *_args: Any) -> bytes:
        """Fail the test."""
        raise AssertionError

    readline = readlines = __iter__ = __next__ = read  # type: ignore[assignment]


def test_no_request_is_none() -> None:
    """Without a request there is nothing."""
    assert read_request(None, reading()) is None


def test_a_mapping_with_rollbars_keys_is_taken_as_it_is() -> None:
    """Rollbar's own keys need no translation; what is empty is left out."""
    request = {
        "url": "https://shop/orders?x=1",
        "method": "POST",
        "headers": {"Accept": "*/*"},
        "GET": {"x": "1"},
        "POST": {"order": [1, 2]},
        "user_ip": "127.0.0.1",
        "custom": 5,
    }

    assert read({**request, "body": None, "query_string": ""}) == request


def test_a_mapping_is_bounded() -> None:
    """A mapping of thousands of keys, odd keys or many headers stays small."""
    headers = {f"X-{number}": "x" * 100 for number in range(500)}
    many = {f"key_{number}": number for number in range(1000)}
    found = read({"headers": {**headers, 5: "five"}, "x" * 1000: 1, 7: 2, **many}, max_string=16)

    assert len(found["headers"]) == MAX_HEADERS
    assert found["headers"]["X-0"].startswith("x" * 16 + "…")
    assert found["x" * 128] == 1
    assert len(found) == 64


def test_headers_keep_all_their_entries() -> None:
    """`max_items` is for data; headers are wanted whole, with names of any kind."""
    found = read({"headers": {"A": "1", "B": "2", 5: "five"}}, max_items=1)

    assert found["headers"] == {"A": "1", "B": "2", "5": "five"}
    assert read({"headers": "text"})["headers"] == "text"


def test_what_is_no_request_is_described() -> None:
    """Django's own server, for one, logs a socket as its request."""
    assert read("GET /") == {"object": "GET /"}
    assert read(5) == {"object": 5}
    assert "Mock" in read(Mock())["object"]


# WSGI and ASGI


ENVIRON = {
    "REQUEST_METHOD": "POST",
    "SCRIPT_NAME": "/shop",
    "PATH_INFO": "/orders",
    "QUERY_STRING": "a=1&a=2",
    "SERVER_NAME": "internal",
    "HTTP_HOST": "shop.example",
    "HTTP_X_REQUEST_ID": "77",
    "CONTENT_TYPE": "application/json",
    "CONTENT_LENGTH": "",
    "REMOTE_ADDR": "127.0.0.1",
    "wsgi.url_scheme": "https",
    "wsgi.input": Unread(),
}


def test_a_wsgi_environment_is_read() -> None:
    """URL, method, headers, query and address come from the environment; the body stays unread."""
    assert read(ENVIRON) == {
        "url": "https://shop.example/shop/orders?a=1&a=2",
        "method": "POST",
        "headers": {"Host": "shop.example", "X-Request-Id": "77", "Content-Type": "application/json"},
        "query_string": "a=1&a=2",
        "user_ip": "127.0.0.1",
    }


def test_a_wsgi_environment_may_lack_most() -> None:
    """Without a host, a scheme or a path there is still a request."""
    assert read({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}) == {"url": "http:///", "method": "GET", "headers": {}}


SCOPE = {
    "type": "http",
    "method": "GET",
    "scheme": "https",
    "root_path": "/shop",
    "path": "/shop/orders",
    "query_string": b"a=1",
    "headers": [(b"host", b"shop.example"), (b"x-name", b"Andr\xe9")],
    "client": ("127.0.0.1", 5000),
    "server": ("internal", 8000),
    "path_params": {"number": 5},
}


def test_an_asgi_scope_is_read() -> None:
    """URL, method, headers, query, address and path parameters come from the scope."""
    assert read(SCOPE) == {
        "url": "https://shop.example/shop/orders?a=1",
        "method": "GET",
        "headers": {"Host": "shop.example", "X-Name": "André"},
        "query_string": "a=1",
        "user_ip": "127.0.0.1",
        "params": {"number": 5},
    }


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"path": "/orders"}, "https://shop.example/shop/orders?a=1"),
        ({"path": "/shopping"}, "https://shop.example/shop/shopping?a=1"),
        ({"root_path": ""}, "https://shop.example/shop/orders?a=1"),
        ({"headers": []}, "https://internal:8000/shop/orders?a=1"),
        ({"headers": [], "server": None, "scheme": None, "query_string": b""}, "http:///shop/orders"),
    ],
)
def test_the_url_of_a_scope_has_its_root_once(changes: dict[str, Any], url: str) -> None:
    """Servers differ in whether the path begins with the root path."""
    assert read({**SCOPE, **changes})["url"] == url


def test_a_websocket_is_a_request_too() -> None:
    """A scope without a method tells its type."""
    scope = {"type": "websocket", "path": "/ws", "headers": [], "scheme": "wss"}

    assert read(scope)["method"] == "websocket"
    assert read(HTTPConnection(scope))["url"] == "wss:///ws"


def test_a_request_of_starlette_is_read() -> None:
    """Starlette's request is read by its scope; its body is not awaited."""
    request = StarletteRequest({**SCOPE, "route": Mock(path="/orders/{number}")}, receive=raising(AssertionError))
    found = read(request)

    assert found["url"] == "https://shop.example/shop/orders?a=1"
    assert (found["params"], found["route"]) == ({"number": 5}, "/orders/{number}")


# Requests that resist


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("attribute", ["META", "environ", "scope", "__dict__", "__class__"])
def test_a_request_that_raises_costs_only_the_request(attribute: str, error: type[BaseException]) -> None:
    """Whatever an attribute of a request raises, the record is reported."""
    cls = type("Broken", (), {attribute: property(raising(error)), "__repr__": lambda _self: "<broken>"})
    occurrence = logged("message", extra={"request": cls()})

    assert occurrence.message == "message"
    assert occurrence.request is not None
    assert "roken" in str(occurrence.request["object"])


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("attribute", ["META", "environ", "scope"])
def test_a_request_of_broken_mappings_costs_only_the_request(attribute: str, error: type[BaseException]) -> None:
    """So does a mapping within a request that raises."""

    class Broken(Mapping[str, Any]):
        __getitem__ = __iter__ = __len__ = __contains__ = get = items = keys = raising(error)

    request = Mock(spec=[attribute])
    setattr(request, attribute, Broken())

    assert "raised" in read(request)["object"]
    assert logged("message", extra={"rollbar_request": request}).message == "message"


def test_a_request_that_is_false_or_equals_all_is_a_request() -> None:
    """Neither the truth nor the equality of a request is asked."""

    class Odd:
        META = ENVIRON
        __bool__ = __len__ = __eq__ = __ne__ = raising(AssertionError)
        __hash__ = None  # type: ignore[assignment]

    assert logged("message", extra={"request": Odd()}).request == read(ENVIRON)


def test_a_keyboard_interrupt_is_for_the_application() -> None:
    """The user's Ctrl-C gets through."""
    interrupted = type("Interrupted", (), {"META": property(raising(KeyboardInterrupt))})

    with pytest.raises(KeyboardInterrupt):
        logged("message", extra={"request": interrupted()})


def test_a_dict_of_a_subclass_is_read_past_its_methods() -> None:
    """What a subclass of dict puts over its methods does not run."""

    class Loud(dict[str, Any]):
        items = keys = get = __getitem__ = __iter__ = __len__ = __contains__ = raising(AssertionError)

    assert read(Loud(ENVIRON)) == read(ENVIRON)


def test_data_of_any_class_is_read() -> None:
    """A form of Django's own class in a mapping is read like a dict."""
    assert read({"POST": MultiValueDict({"a": ["1", "2"]})}) == {"POST": {"a": ["1", "2"]}}


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    """A reading whose time is up."""
    now = [0.0]
    monkeypatch.setattr(values, "perf_counter", lambda: now[0])
    reading = Reading(Bounds(), Kinds())
    now[0] = 1.0
    return reading


def test_when_the_time_is_up_a_request_has_its_texts(late: Reading) -> None:
    """URL, method and headers cost nothing, and are told even when no time is left."""
    found = read_request({**ENVIRON}, late)

    assert found is not None
    assert found["url"] == "https://shop.example/shop/orders?a=1&a=2"
    assert found["headers"]["X-Request-Id"] == "77"


_known = st.sampled_from([*ENVIRON, *SCOPE, "url", "POST", "GET", "body", "user_ip"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_known | st.text(), anything_hostile, max_size=4), st.sampled_from([{}, ENVIRON, SCOPE]))
def test_any_mapping_is_a_request(drawn: dict[str, Any], base: dict[str, Any]) -> None:
    """No mapping makes the reading of a request raise, and what comes out is plain."""
    read({**base, **carried_out(drawn)})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything_hostile)
def test_anything_is_a_request(value: Any) -> None:
    """Nor does any object."""
    read(carried_out(value))


def test_a_hostile_object_is_no_request() -> None:
    """An object that raises whatever is asked of it, its class included, is told by its type."""
    request = carried_out(Plan(object, SystemExit, is_meta_too=True))
    occurrence = logged("message", extra={"request": request})

    assert occurrence.request == {"object": "<tests.capture.material.Hostile: reading it raised SystemExit>"}
