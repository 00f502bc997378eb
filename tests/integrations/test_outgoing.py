"""Requests that an application makes with requests and httpx, over real HTTP, in the trail of its reports."""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import logging
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from rollbar_logging.delivery.answer import Answer
from rollbar_logging.handler import RollbarHandler
from rollbar_logging.integrations import requests as rollbar_requests
from rollbar_logging.integrations.outgoing import MAX_URL, text_of_url, watched, watched_async
from rollbar_logging.integrations.watching import Watch
from tests.loopback import Loopback, Reply
from tests.pipelines import TOKEN, Scripted

httpx = pytest.importorskip("httpx")

from rollbar_logging.integrations import httpx as rollbar_httpx  # noqa: E402 - needs httpx

Ask = Callable[..., Any]


class Application:
    """A logger with a handler that keeps a trail, and what was sent."""

    def __init__(self, transport: Any = None, **options: Any) -> None:
        self._transport = transport or Scripted(lambda: Answer(200))
        given: dict[str, Any] = {"telemetry_size": 50, "storm_limit": 0, **options}
        self.handler = RollbarHandler(access_token=TOKEN, transport=self._transport, **given)
        self.logger = logging.Logger("app", logging.DEBUG)  # noqa: LOG001 - in no tree
        self.logger.addHandler(self.handler)

    def trail(self) -> list[dict[str, Any]]:
        """The telemetry of the only report."""
        assert self.handler.flush(60)
        (body,) = self._transport.bodies
        trail: list[dict[str, Any]] = json.loads(body)["data"]["body"].get("telemetry", [])
        return trail


@pytest.fixture
def app() -> Iterator[Application]:
    """An application, with both libraries watched."""
    made = Application()
    undo = [rollbar_requests.install(), rollbar_httpx.install()]
    yield made
    for each in undo:
        each()
    made.handler.close()


def by_requests(app: Application, *urls: str, method: str = "GET") -> list[Any]:
    """Ask these, in turn, then report; the status of each, or what was raised."""
    found: list[Any] = []
    with requests.Session() as session:
        session.trust_env = False
        for url in urls:
            try:
                found.append(session.request(method, url, timeout=10).status_code)
            except requests.RequestException as error:  # noqa: PERF203 - each may fail
                found.append(type(error))
    app.logger.error("boom")
    return found


def by_httpx(app: Application, *urls: str, method: str = "GET") -> list[Any]:
    """Likewise."""
    found: list[Any] = []
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        for url in urls:
            try:
                found.append(client.request(method, url, timeout=10).status_code)
            except httpx.HTTPError as error:  # noqa: PERF203 - likewise
                found.append(type(error))
    app.logger.error("boom")
    return found


def by_httpx_async(app: Application, *urls: str, method: str = "GET") -> list[Any]:
    """Likewise, in a coroutine."""
    found: list[Any] = []

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
            for url in urls:
                try:
                    found.append((await client.request(method, url, timeout=10)).status_code)
                except httpx.HTTPError as error:  # noqa: PERF203 - likewise
                    found.append(type(error))
        app.logger.error("boom")

    asyncio.run(ask())
    return found


each_library = pytest.mark.parametrize("ask", [by_requests, by_httpx, by_httpx_async])


@each_library
def test_an_exchange_is_an_event(app: Application, loopback: Loopback, ask: Ask) -> None:
    """With method, URL, status, when it began, how long it took, and which library it was."""
    assert ask(app, f"{loopback.endpoint}orders?page=2", method="DELETE") == [200]
    (event,) = app.trail()
    body = event["body"]

    assert (event["type"], event["level"], event["source"]) == ("network", "info", "server")
    assert (body["method"], body["url"]) == ("DELETE", f"{loopback.endpoint}orders?page=2")
    assert (body["status_code"], body["subtype"]) == (200, ask.__name__.split("_")[1])
    assert event["timestamp_ms"] == body["start_time_ms"] <= body["end_time_ms"]
    assert body["start_time_ms"] > 1_600_000_000_000
    assert 0 < body["duration_ms"] <= body["end_time_ms"] - body["start_time_ms"] + 1


@each_library
def test_each_exchange_of_a_redirect_is_one(app: Application, loopback: Loopback, ask: Ask) -> None:
    """In their order; one that a server answers with an error is an error."""
    loopback.script = [Reply(302, {"Location": "/there"}), Reply(503)]

    assert ask(app, f"{loopback.endpoint}here") == [503]
    told = [(event["level"], event["body"]["url"][-6:], event["body"]["status_code"]) for event in app.trail()]
    assert told == [("info", "1/here", 302), ("error", "/there", 503)]


@each_library
def test_an_exchange_that_fails_is_told_by_classes(app: Application, loopback: Loopback, ask: Ask) -> None:
    """The library's and the one below it, not what the application was about before; it gets what it always gets."""
    loopback.script = [Reply(fault="close")]
    with socket.create_server(("127.0.0.1", 0)) as vacant:
        port = vacant.getsockname()[1]
    try:
        raise KeyError("of the application")  # noqa: TRY301
    except KeyError:
        raised = ask(app, loopback.endpoint, f"http://127.0.0.1:{port}/")
    (closed, refused) = app.trail()

    assert [error.__name__ for error in raised] == (
        ["ConnectionError"] * 2 if ask is by_requests else ["RemoteProtocolError", "ConnectError"]
    )
    assert (closed["level"], closed["type"], "status_code" in closed["body"]) == ("error", "network", False)
    modules = {"ConnectionError": "requests.exceptions.", "RemoteProtocolError": "httpx.", "ConnectError": "httpx."}
    for event, error in zip((closed, refused), raised, strict=True):
        assert event["body"]["error"].startswith(f"{modules[error.__name__]}{error.__name__} from ")
        assert "KeyError" not in event["body"]["error"]
    assert refused["body"]["error"].endswith(" from ConnectionRefusedError")


@each_library
@pytest.mark.parametrize("padding", [0, *range(MAX_URL - 75, MAX_URL - 25, 4)])
def test_no_secret_of_a_url_is_told(app: Application, loopback: Loopback, ask: Ask, padding: int) -> None:
    """Neither credentials nor parameters, those that `scrub_fields` names too; nor a part, where a bound cuts."""
    app.handler.close()
    app = Application(scrub_fields=["insurance no"])
    address = loopback.endpoint.replace("//", "//ursula:s3cret-of-ursula@")
    url = f"{address}?p={'x' * padding}&insurance_no=s3cret-number&api_key=s3cret-key"
    assert ask(app, url) == [200]
    trail = app.trail()
    app.handler.close()

    assert trail[0]["body"]["url"].startswith(f"{loopback.endpoint}?p=x" if padding else f"{loopback.endpoint}?p=")
    assert "s3cr" not in json.dumps(trail)
    assert "ursula" not in json.dumps(trail)


def test_what_runs_at_once_has_trails_of_its_own(app: Application, loopback: Loopback) -> None:
    """Tasks that ask at the same time do not mix; one that is cancelled is told as such, and is cancelled."""
    loopback.script = [Reply(fault="black_hole")]
    told: dict[str, Any] = {}

    async def ask(client: Any, path: str) -> None:
        with suppress(asyncio.CancelledError):
            await client.get(f"{loopback.endpoint}{path}")
        assert app.handler.telemetry is not None
        told[path] = [event["body"] for event in app.handler.telemetry.events()]

    async def both() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            stuck = asyncio.create_task(ask(client, "stuck"))
            assert await asyncio.to_thread(loopback.wait_for, 1)
            await asyncio.create_task(ask(client, "quick"))
            stuck.cancel()
            await stuck

    asyncio.run(both())
    (stuck,), (quick,) = told["stuck"], told["quick"]
    assert (stuck["url"], stuck["error"].split(" from ")[0]) == (
        f"{loopback.endpoint}stuck",
        "asyncio.exceptions.CancelledError",
    )
    assert (quick["url"], quick["status_code"]) == (f"{loopback.endpoint}quick", 200)


def test_the_level_of_the_trail_holds(app: Application, loopback: Loopback) -> None:
    """With a trail of errors only what failed is in it."""
    app.handler.close()
    app = Application(telemetry_level="ERROR")
    loopback.script = [Reply(200), Reply(404)]
    by_requests(app, loopback.endpoint, loopback.endpoint)

    assert [event["body"]["status_code"] for event in app.trail()] == [404]
    app.handler.close()


def test_without_a_trail_nothing_is_done(loopback: Loopback) -> None:
    """Neither where no handler keeps one nor where the one that does is closed; one that is made later is found."""
    undo = rollbar_requests.install()
    watch = Watch("a library")

    def is_noting() -> bool:
        return watch.begin(lambda *_: ("log", {}, False)) is not None

    app = Application(telemetry_size=0)
    assert by_requests(app, loopback.endpoint) == [200]
    assert (app.trail(), is_noting()) == ([], False)
    app.handler.close()

    app = Application()
    assert by_requests(app, loopback.endpoint) == [200]
    assert (len(app.trail()), is_noting()) == (1, True)
    app.handler.close()
    assert not is_noting()
    undo()


def test_deliveries_are_not_noted(app: Application, loopback: Loopback) -> None:
    """Neither the handler's own, nor what a transport of the application's does with a library that is watched."""
    delivered = RollbarHandler(access_token=TOKEN, endpoint=loopback.endpoint, telemetry_size=5)
    app.logger.addHandler(delivered)
    app.logger.error("first")
    assert delivered.flush(10)
    app.logger.error("second")
    assert delivered.flush(10)
    delivered.close()
    posted = [received.item["data"]["body"].get("telemetry", []) for received in loopback.requests]
    assert [[event["type"] for event in trail] for trail in posted] == [[], ["log"]]

    class Carrier:
        """Sends by `requests`, and looks at the trail of the thread that it is called on."""

        seen: Any = None

        def send(self, body: bytes, timeout: float) -> Answer:
            requests.post(loopback.endpoint, data=body, timeout=timeout)
            self.seen = carried.handler.telemetry.events() if carried.handler.telemetry is not None else None
            return Answer(200)

        def close(self) -> None:
            """Nothing to give back."""

    carrier = Carrier()
    carried = Application(carrier)
    carried.logger.error("boom")
    assert carried.handler.flush(10)
    carried.handler.close()
    assert carrier.seen == ()


def test_nothing_stays_alive(app: Application, loopback: Loopback) -> None:
    """While their events are in the trail, request, answer and error are gone."""
    loopback.script = [Reply(200), Reply(fault="close")]
    gone: list[weakref.ref[Any]] = []
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(loopback.endpoint)
        gone += [weakref.ref(answer), weakref.ref(answer.request)]
        del answer
        with pytest.raises(requests.ConnectionError) as caught:
            session.get(loopback.endpoint)
        gone.append(weakref.ref(caught.value.request))
        del caught
    gc.collect()

    assert app.handler.telemetry is not None
    assert len(app.handler.telemetry.events()) == 2
    assert [each() for each in gone] == [None] * 3


def test_it_is_installed_once_and_undone(loopback: Loopback) -> None:
    """However often it was installed; each class has its own method back."""
    owners = [
        (HTTPAdapter, "send"),
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
    ]
    before = [dict(vars(owner)) for owner, _ in owners]
    undo = [rollbar_requests.install(), rollbar_httpx.install(), rollbar_requests.install(), rollbar_httpx.install()]
    assert all(vars(owner)[name] is not was[name] for (owner, name), was in zip(owners, before, strict=True))
    app = Application()
    by_requests(app, loopback.endpoint)
    assert len(app.trail()) == 1
    app.handler.close()
    for each in undo:
        each()

    assert [dict(vars(owner)) for owner, _ in owners] == before


def test_what_somebody_has_put_in_front_stays(app: Application, loopback: Loopback) -> None:
    """Undone, the method beneath notes nothing; installed once more, it notes again, once."""
    ours = HTTPAdapter.send
    called = []

    def in_front(*args: Any, **kwargs: Any) -> Any:
        called.append(args[1].url)
        return ours(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:  # gone before the application's own end, which undoes the rest
        patch.setattr(HTTPAdapter, "send", in_front)
        undo = rollbar_requests.install()
        undo()
        with requests.Session() as session:
            session.get(f"{loopback.endpoint}unseen")
        rollbar_requests.install()
        by_requests(app, f"{loopback.endpoint}seen")

    assert [event["body"]["url"] for event in app.trail()] == [f"{loopback.endpoint}seen"]
    assert called == [f"{loopback.endpoint}unseen", f"{loopback.endpoint}seen"]


@pytest.mark.usefixtures("app")
def test_what_cannot_be_told_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """And harms nobody."""
    answer = Response(200)

    def url_of(_request: Any) -> str:
        raise RuntimeError("no URL")

    ask = watched("odd", url_of)(lambda _self, _request: answer, Watch("odd"))
    assert [ask(None, requests.Request("GET")) for _ in range(3)] == [answer] * 3
    assert caplog.messages == ["what odd did could not be noted in the telemetry: RuntimeError: no URL"]


class Exchange(NamedTuple):
    """What a library was asked, and what came of it."""

    method: Any
    url: Any
    outcome: Any


ANYTHING = st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.text()) | st.builds(object)
OUTCOMES = ANYTHING | st.sampled_from([ValueError("s3cret"), KeyboardInterrupt(), asyncio.CancelledError()])


class Response:
    """An answer with any status."""

    def __init__(self, status_code: Any) -> None:
        self.status_code = status_code


@given(st.builds(Exchange, ANYTHING, ANYTHING | st.text(min_size=MAX_URL), OUTCOMES | st.builds(Response, ANYTHING)))
def test_whatever_comes_of_it_the_application_gets_it(exchange: Exchange) -> None:
    """The very answer or error; and what is noted is short, and can be sent."""
    app = Application()
    for send in (_sync(exchange), _async(exchange)):
        try:
            got = send()
        except (Exception, KeyboardInterrupt, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever was raised
            got = error
        assert got is exchange.outcome
    assert app.handler.telemetry is not None
    noted = app.handler.telemetry.events()
    app.handler.close()

    assert len(json.dumps(noted, allow_nan=False)) < 2 * 2 * 6 * (MAX_URL + 200)
    assert "s3cret" not in repr(noted)


def _sync(exchange: Exchange) -> Callable[[], Any]:
    def before(_self: Any, _request: Any) -> Any:
        if isinstance(exchange.outcome, BaseException):
            raise exchange.outcome
        return exchange.outcome

    watch = Watch("a library")
    watch.tell_trouble = lambda _error: None  # type: ignore[method-assign]  # what is odd in it has its own test
    return functools.partial(watched("a library", lambda request: request.url)(before, watch), None, exchange)


def _async(exchange: Exchange) -> Callable[[], Any]:
    before = _sync(exchange)

    async def later(_self: Any, _request: Any) -> Any:
        return before()

    watch = Watch("a library")
    watch.tell_trouble = lambda _error: None  # type: ignore[method-assign]
    send: Callable[..., Awaitable[Any]] = watched_async("a library", lambda request: request.url)(later, watch)

    def run() -> Any:
        coroutine: Any = send(None, exchange)
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("it waits")

    return run


@given(st.text(), st.text(alphabet=st.characters(exclude_characters="/?#", exclude_categories=("Cs",)), min_size=1))
def test_credentials_are_taken_out_of_any_url(rest: str, credentials: str) -> None:
    """Whatever they are, and whatever comes behind."""
    assert text_of_url(f"https://{credentials}@host") == "https://host"
    cleaned = text_of_url(f"https://{credentials}@shop.example/{rest}")
    assert cleaned.startswith("https://shop.example/")
    assert len(cleaned) <= MAX_URL + 30
