"""What is read of the requests of Django, Flask and werkzeug, and that nothing is read from the client for it."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory
from django.urls import ResolverMatch
from django.views.decorators.debug import sensitive_post_parameters
from flask import Flask, Request
from flask import request as flask_request
from werkzeug.test import EnvironBuilder

from rollbar_logging.capture.sensitive import HIDDEN
from tests.capture import django_site
from tests.capture.material import logged
from tests.capture.records import read

SITE = django_site  # Django is set up before its requests are made


# Django


def test_a_request_of_django_is_read() -> None:
    """Django's request is read from its META and what the resolver found."""
    request = RequestFactory().get("/orders/5", {"a": "1"}, HTTP_X_REQUEST_ID="77", secure=True)
    request.resolver_match = ResolverMatch(lambda: None, (), {"number": 5}, route="orders/<int:number>")
    found = read(request)

    assert found["url"] == "https://testserver/orders/5?a=1"
    assert (found["method"], found["user_ip"]) == ("GET", "127.0.0.1")
    assert found["headers"]["X-Request-Id"] == "77"
    assert (found["params"], found["route"]) == ({"number": 5}, "orders/<int:number>")
    assert "POST" not in found


def test_a_form_of_django_is_read_only_when_it_is_parsed() -> None:
    """A report never parses the body; once the application has, the form comes along."""
    request = RequestFactory().post("/orders", {"order": ["5", "6"], "password": "s3cret"})
    before = read(request)
    assert "POST" not in before
    assert "_post" not in vars(request)
    assert not request._read_started

    assert request.POST["order"] == "6"
    assert read(request)["POST"] == {"order": ["5", "6"], "password": ["s3cret"]}


def test_a_request_of_django_over_asgi_is_read() -> None:
    """Django's request of the asynchronous kind is read likewise, with the scheme of its scope."""
    request = AsyncRequestFactory().post("/orders?a=1", {"order": "5"}, secure=True, headers={"X-Request-Id": "77"})
    found = read(request)

    assert found["url"] == "https://testserver/orders?a=1"
    assert (found["method"], found["query_string"], found["user_ip"]) == ("POST", "a=1", "127.0.0.1")
    assert found["headers"]["X-Request-Id"] == "77"
    assert not request._read_started


def test_a_request_of_django_made_by_hand_is_read() -> None:
    """A bare request has next to nothing, and that is told."""
    request = HttpRequest()
    request.path, request.method = "/orders", "GET"

    assert read(request) == {"url": "/orders", "method": "GET", "headers": {}}


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("password",), {"order": ["5"], "password": HIDDEN}),
        ((), {"order": HIDDEN, "password": HIDDEN}),
        (("other",), {"order": ["5"], "password": ["s3cret"]}),
    ],
)
def test_sensitive_parameters_of_a_form_are_hidden(names: tuple[str, ...], shown: dict[str, Any]) -> None:
    """What Django's `sensitive_post_parameters` names, or all of it, is not in the report."""

    @sensitive_post_parameters(*names)
    def view(request: HttpRequest) -> Any:
        assert request.POST
        return read(request)["POST"]

    assert view(RequestFactory().post("/", {"order": "5", "password": "s3cret"})) == shown


def test_a_form_that_is_no_form_does_no_harm() -> None:
    """What stands in the form's place is described, whatever it is."""
    request = RequestFactory().get("/")
    request._post = Mock()  # type: ignore[attr-defined]
    request.sensitive_post_parameters = ("password",)  # type: ignore[attr-defined]

    assert "Mock" in read(request)["POST"]


# Flask and werkzeug


def test_a_request_of_werkzeug_is_read() -> None:
    """A request of werkzeug is read from its environment."""
    found = read(Request(EnvironBuilder("/orders?a=1", base_url="https://shop.example/", method="POST").get_environ()))

    assert found["url"] == "https://shop.example/orders?a=1"
    assert found["method"] == "POST"
    assert "POST" not in found


def test_a_form_of_flask_is_read_only_when_it_is_parsed() -> None:
    """Flask's `request` is found behind its proxy, and its form comes along once the application has parsed it."""
    app = Flask("app")

    @app.post("/orders/<int:number>")
    def orders(number: int) -> str:
        stream = flask_request.environ["wsgi.input"]
        position = stream.tell()
        before = read(flask_request)
        assert stream.tell() == position
        assert "form" not in vars(flask_request._get_current_object())
        assert before["params"] == {"number": number}
        assert "POST" not in before

        assert flask_request.form["order"] == "5"
        assert read(flask_request)["POST"] == {"order": ["5"]}
        return "seen"

    assert app.test_client().post("/orders/5", data={"order": "5"}).text == "seen"


def test_a_proxy_without_a_request_is_no_request() -> None:
    """Outside of a request Flask's proxy leads nowhere, and the report goes on."""
    assert read(flask_request) == {}
    assert logged("message", extra={"request": flask_request}).message == "message"
