"""AWS Lambda: functions invoked as the runtime does it, against the local server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from rollbar_logging.integrations.aws_lambda import reporting
from rollbar_logging.testing import LocalRollbar

logger = logging.getLogger("tests.aws_lambda")


class Context:
    """What the runtime hands over."""

    aws_request_id = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
    function_name = "checkout"
    function_version = "7"
    memory_limit_in_mb = 128

    def __init__(self, remaining_ms: int = 30_000) -> None:
        self.remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds; they do not pass."""
        return self.remaining_ms


EVENT = {
    "version": "2.0",
    "rawPath": "/orders/7",
    "rawQueryString": "coupon=SPRING&api_key=s3cret-key",
    "headers": {"host": "shop.example", "authorization": "Bearer s3cret-token", "user-agent": "curl"},
    "queryStringParameters": {"coupon": "SPRING", "api_key": "s3cret-key"},
    "requestContext": {"http": {"method": "POST", "sourceIp": "203.0.113.7"}},
    "body": "password=s3cret-word",
}


@pytest.fixture
def rollbar() -> Iterator[LocalRollbar]:
    """A server, and a handler that reports there if it is flushed."""
    with LocalRollbar() as up:
        handler = up.handler(flush_interval=60, batch_size=1000, timeout=60)
        logger.addHandler(handler)
        yield up
        logger.removeHandler(handler)


def arrived(rollbar: LocalRollbar) -> list[dict[str, Any]]:
    """What the server has at this moment, without waiting for anything."""
    return [occurrence.data for occurrence in rollbar.server.occurrences()]


def test_a_failure_is_one_report_delivered_before_the_runtime_goes_on(rollbar: LocalRollbar) -> None:
    """With invocation, request and locals, and none of the secrets; the second is no cold start."""

    @reporting(flush_timeout=60, send_event=True)
    def handler(event: Any, context: Any) -> None:
        card = "4111 1111 1111 1111"
        raise KeyError(len(card))

    for _ in range(2):
        with pytest.raises(KeyError):
            handler(EVENT, Context())
    first, second = arrived(rollbar)

    assert first["body"]["trace"]["exception"]["class"] == "KeyError"
    assert first["body"]["trace"]["frames"][-1]["method"] == "handler"
    assert (first["level"], first["context"]) == ("error", "checkout")
    told = first["custom"]["aws_lambda"]
    assert (told["request_id"], told["function"], told["version"]) == (Context.aws_request_id, "checkout", "7")
    assert (told["remaining_ms"], told["memory_mb"], told["cold_start"]) == (30_000, 128, True)
    assert second["custom"]["aws_lambda"]["cold_start"] is False
    assert told["event"]["rawPath"] == "/orders/7"
    request = first["request"]
    assert (request["method"], request["user_ip"]) == ("POST", "203.0.113.7")
    assert request["url"].startswith("https://shop.example/orders/7?coupon=SPRING")
    assert request["headers"]["user-agent"] == "curl"
    stored = str(arrived(rollbar))
    assert "s3cret-key" not in stored
    assert "s3cret-token" not in stored
    assert "s3cret-word" not in stored
    assert "4111" not in stored


def test_a_load_balancer_that_sends_lists_is_understood(rollbar: LocalRollbar) -> None:
    """As it does where its target group is told to; nothing else has the headers and the query then."""
    event = {
        "requestContext": {"elb": {"targetGroupArn": "arn:x"}},
        "httpMethod": "GET",
        "path": "/orders/7",
        "multiValueHeaders": {
            "host": ["shop.example"],
            "authorization": ["Bearer s3cret-token"],
            "cookie": ["a=s3cret-1", "b=s3cret-2"],
        },
        "multiValueQueryStringParameters": {"coupon": ["SPRING"], "sku": ["1", "2"], "api_key": ["s3cret-key"]},
    }

    @reporting(flush_timeout=60)
    def handler(event: Any, context: Any) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        handler(event, Context())
    (data,) = arrived(rollbar)

    assert data["request"]["url"] == "https://shop.example/orders/7"
    assert data["request"]["headers"]["host"] == "shop.example"
    assert (data["request"]["GET"]["coupon"], data["request"]["GET"]["sku"]) == ("SPRING", ["1", "2"])
    assert "s3cret" not in str(data)


def test_what_is_logged_is_delivered_and_what_is_returned_stays(rollbar: LocalRollbar) -> None:
    """With the invocation, which is over afterwards; a plain decorator will do."""

    @reporting
    def handler(event: Any, context: Any) -> str:
        """Answer."""
        logger.error("half done")
        return "done"

    assert (handler({}, Context()), handler.__doc__) == ("done", "Answer.")
    logger.error("outside")
    inside, outside = (report.raw for report in rollbar.reports)

    assert inside["custom"]["aws_lambda"]["request_id"] == Context.aws_request_id
    assert (inside["context"], inside.get("request")) == ("checkout", None)
    assert "aws_lambda" not in outside["custom"]


def test_what_was_logged_by_the_function_is_not_reported_again(rollbar: LocalRollbar) -> None:
    """The same exception, on its way out."""

    @reporting(flush_timeout=60)
    def handler(event: Any, context: Any) -> None:
        try:
            _ = {}["nothing"]
        except KeyError:
            logger.exception("told already")
            raise

    with pytest.raises(KeyError):
        handler({}, Context())

    assert len(arrived(rollbar)) == 1


def test_no_time_left_is_no_time_spent(rollbar: LocalRollbar) -> None:
    """Less than the margin is left: nobody waits for a server that does not answer."""
    waits: list[float] = []

    @reporting(margin=1.0)
    def handler(event: Any, context: Any) -> None:
        (ours,) = rollbar._handlers
        flush = ours.flush
        ours.flush = lambda timeout=None: waits.append(timeout) or flush(0)  # type: ignore[method-assign,func-returns-value]
        logger.error("late")

    handler({}, Context(900))

    assert waits == [0, 0]


def test_a_timeout_is_told_before_it_happens(rollbar: LocalRollbar) -> None:
    """By choice, as a warning, although the handler's level is above that; with the line where the function is."""
    warned = threading.Event()

    @reporting(timeout_warning=29.9, flush_timeout=60)
    def handler(event: Any, context: Any) -> None:
        def wait_for_the_warehouse() -> None:
            rollbar.wait_for(level="warning", timeout=60)
            warned.set()

        (ours,) = rollbar._handlers
        assert ours.level > logging.WARNING
        wait_for_the_warehouse()

    handler({}, Context())
    (data,) = arrived(rollbar)

    assert warned.is_set()
    assert data["level"] == "warning"
    assert data["body"]["message"]["body"] == "about to time out, in 29.9 s"
    assert data["custom"]["aws_lambda"]["request_id"] == Context.aws_request_id
    assert "wait_for_the_warehouse" in str(data)


@pytest.mark.parametrize("context", [None, object(), {"remaining": 1}])
@pytest.mark.parametrize("event", [None, [], {"requestContext": {"http": 7}}, {"requestContext": {}, "headers": 3}])
def test_odd_events_and_contexts_do_no_harm(event: Any, context: Any) -> None:
    """The function is invoked as ever."""
    assert reporting(timeout_warning=1)(lambda event, context: "done")(event, context) == "done"


class Odd:
    """Cannot be compared, as an array."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


class Nameless:
    """A function without a name."""

    def __call__(self, event: Any, _context: Any) -> Any:
        """Bind what cannot be compared, and answer."""
        structlog.contextvars.bind_contextvars(stock=Odd())
        return event


class Stopped:
    """A context of which nothing can be known."""

    def get_remaining_time_in_millis(self) -> int:
        """Fail."""
        raise RuntimeError


@pytest.mark.parametrize("context", [None, Stopped()])
def test_what_cannot_be_known_is_not_the_functions(rollbar: LocalRollbar, context: Any) -> None:
    """Neither its name, nor the time that is left, nor whether what is bound has changed."""
    with structlog.contextvars.bound_contextvars(stock=Odd()):
        assert reporting(Nameless())("well", context) == "well"
    assert arrived(rollbar) == []
