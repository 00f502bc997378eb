"""A real Flask application under gunicorn: each failure is one report, with its request, endpoint and person."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import requests
from flask import Flask, Response, request_finished
from werkzeug.serving import make_server
from werkzeug.test import create_environ

from rollbar_logging.capture.context import current_request, set_person
from rollbar_logging.integrations import flask as rollbar_flask
from rollbar_logging.testing import Report, Reports
from tests.integrations.serving import HEADERS, QUERY, SECRETS, assert_no_secret, gunicorn
from tests.integrations.shop import Shop

pytest.importorskip("gunicorn")


@pytest.fixture(scope="module", params=["heard", "unheard", "raising"])
def site(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The application; its logger reaches the handler or does not, or Flask logs nothing and lets errors through."""
    with gunicorn("tests.programs.flask_shop:app", SHOP=request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody(request: pytest.FixtureRequest) -> None:
    """Nobody is logged in, and nothing was reported."""
    if "site" in request.fixturenames:
        running = request.getfixturevalue("site")
        running.rollbar.clear()
        running.session.cookies.clear()


def assert_knows(report: Report, url: str, context: str) -> None:
    """See that it is a failure of this request."""
    assert (report.level, report.context, report.framework) == ("error", context, "flask")
    assert report.request is not None
    assert report.request["url"] == url


def test_a_failure_is_one_report_with_request_endpoint_and_person(site: Shop) -> None:
    """Method, URL, headers, route, form, person and level are there, and no secret is."""
    site.ask("/enter")
    session = site.session.cookies["session"]
    form = {"order": "5", "password": SECRETS["password"]}
    headers = {**HEADERS, "Cookie": f"{HEADERS['Cookie']}; session={session}"}
    assert site.ask(f"/orders/7?{QUERY}", "POST", data=form, headers=headers).status_code == 500
    report = site.only_report()

    assert report.exception is not None
    assert (report.exception.class_name, report.level, report.logger) == ("KeyError", "error", "shop")
    assert (report.context, report.framework) == ("orders.pay", "flask")
    assert report.request is not None
    assert report.request["method"] == "POST"
    assert report.request["url"].startswith(f"{site.url}/orders/7?page=2&api_key=")
    assert report.request["headers"]["X-Request-Id"] == "77"
    assert (report.request["route"], report.request["params"]) == ("/orders/<int:number>", {"number": 7})
    assert report.request["POST"]["order"] == ["5"]
    assert report.person == {"id": "1", "username": "ursula"}
    assert report.locals["number"] == 7
    assert_no_secret(report)
    stored = json.dumps(report.raw)
    assert [secret for secret in (session, "s3cret-of-ursula", "s3cret-of-the-site") if secret in stored] == []


def test_nothing_is_loaded_for_a_report(site: Shop) -> None:
    """Neither the user, whose loader would log, nor the form."""
    site.ask("/enter")
    site.ask("/orders/7/unasked", "POST", data={"order": "5"})
    report = site.only_report()

    assert_knows(report, f"{site.url}/orders/7/unasked", "orders.pay_unasked")
    assert report.person is None
    assert "POST" not in (report.request or {})


def test_a_body_that_was_read_is_told_without_its_secrets(site: Shop) -> None:
    """JSON as text."""
    site.ask("/orders/7/json", "POST", json={"order": 5, "password": SECRETS["password"], "pan": SECRETS["card"]})
    report = site.only_report()

    assert report.request is not None
    assert '"order": 5' in report.request["body"]
    assert_no_secret(report)


@pytest.mark.parametrize(
    ("path", "context"),
    [("/orders/7/later", "orders.pay_later"), ("/streamed", "streamed"), ("/torn", "torn")],
)
def test_a_failure_anywhere_is_one_report(site: Shop, path: str, context: str) -> None:
    """In a coroutine, in a stream after the headers, in a teardown function: with the request and the endpoint."""
    if path.endswith("/later"):
        pytest.importorskip("asgiref")
    with suppress(requests.RequestException):
        site.ask(path)
    report = site.only_report()

    assert_knows(report, f"{site.url}{path}", context)


def test_what_the_application_handles_is_no_report(site: Shop) -> None:
    """Neither what an error handler has caught, nor a page that is not found."""
    assert site.ask("/handled").status_code == 400
    assert site.ask("/nowhere").status_code == 404
    site.no_report()


def test_a_log_line_knows_the_request(site: Shop) -> None:
    """Of any logger."""
    site.ask("/told/5/")
    (report,) = site.rollbar.wait_for(1, timeout=60, message="only 5 left")

    assert_knows(report, f"{site.url}/told/5/", "told")


def test_a_request_leaves_nothing_behind() -> None:
    """Afterwards the thread's context is as it was before."""
    app = Flask("app")
    rollbar_flask.init_app(app)

    @app.get("/")
    def index() -> str:
        assert current_request().url_rule.endpoint == "index"
        return "well"

    with app.test_client().get("/") as answer:
        assert answer.text == "well"
    assert current_request() is None


def test_it_is_installed_once() -> None:
    """A second call adds no second middleware."""
    app = Flask("app")
    rollbar_flask.init_app(app)
    wrapped = app.wsgi_app
    rollbar_flask.init_app(app)

    assert app.wsgi_app is wrapped


def failing_always(kind: str, hook: str) -> Flask:
    """Make an application whose function after each request fails, in one of several ways."""
    app = Flask("app")
    rollbar_flask.init_app(app)
    held = LookupError("held")

    @app.get("/<name>")
    def show(name: str) -> str:
        if name == "broken":
            raise KeyError(name)
        return name

    def finish(answer: Response) -> Response:
        if kind == "same object":
            raise held
        if kind == "same place":
            raise LookupError(answer.status)
        if kind == "another class" and answer.status_code == 500:
            raise OSError
        if kind == "another place" and answer.status_code == 500:
            raise LookupError(answer.status)
        raise LookupError("first")

    def receive(_: Flask, response: Response) -> None:
        finish(response)

    if hook == "after_request":
        app.after_request(finish)
    else:
        app.extensions["receive"] = receive  # or nobody would hold on to it
        request_finished.connect(receive, app)
    return app


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application in this process; yield its address."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("hook", ["after_request", "request_finished"])
@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        ("same object", "/well", ["LookupError"]),
        ("same place", "/well", ["LookupError"]),
        ("another class", "/well", ["LookupError", "OSError"]),
        ("another place", "/well", ["LookupError", "LookupError"]),
        ("same place", "/broken", ["KeyError", "LookupError"]),
    ],
)
def test_each_failure_of_a_request_is_one_report(
    reports: Reports, kind: str, path: str, wanted: list[str], hook: str, *, is_heard: bool
) -> None:
    """What fails again while the answer to it is made is the same failure, if it is of the same class and place."""
    app = failing_always(kind, hook)
    app.logger.propagate = is_heard
    try:
        with serving(app) as address:
            answers = [requests.get(address + path, timeout=30) for _ in range(2)]
    finally:
        app.logger.propagate = True

    assert [answer.status_code for answer in answers] == [500, 500]
    assert [report.exception.class_name for report in reports if report.exception] == wanted * 2
    assert {(report.request or {})["url"] for report in reports} == {address + path}


def test_what_was_logged_before_it_was_raised_is_one_report(reports: Reports) -> None:
    """The application's own line is it; the next request of the thread concerns nobody that this one has named."""
    app = Flask("app")
    rollbar_flask.init_app(app)

    @app.get("/<name>")
    def show(name: str) -> str:
        if name == "first":
            set_person(17)
        try:
            return {"": ""}[name]
        except KeyError:
            app.logger.exception("it fails")
            raise

    with serving(app) as address:
        answers = [requests.get(f"{address}/{name}", timeout=30) for name in ("first", "second")]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert [(report.message, report.person) for report in reports] == [("it fails", {"id": "17"}), ("it fails", None)]


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/well", ["RuntimeError: torn"]),
        ("/broken", ["KeyError: 'broken'", "RuntimeError: torn"]),
        ("/again", ["KeyError: 'again'"]),
    ],
)
@pytest.mark.parametrize("hook", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_that_fails_is_one_report_for_each_exception(
    reports: Reports, hook: str, path: str, wanted: list[str], *, is_heard: bool
) -> None:
    """Beside that of the view, if it is not the view's once more; each knows the request, which is over by then."""
    app = Flask("app")
    rollbar_flask.init_app(app)

    @app.get("/<name>")
    def show(name: str) -> str:
        if name == "well":
            return name
        raise KeyError(name)

    def tear_down(error: BaseException | None) -> None:
        if path == "/again" and error is not None:
            raise error
        raise RuntimeError("torn")

    getattr(app, hook)(tear_down)
    app.logger.propagate = is_heard
    try:
        with pytest.raises((KeyError, RuntimeError)):
            app(create_environ(path, "http://shop.example"), lambda *_: lambda _: None)
    finally:
        app.logger.propagate = True

    assert [report.title for report in reports] == wanted
    assert {(report.request or {})["url"] for report in reports} == {f"http://shop.example{path}"}
    assert {report.context for report in reports} == {"show"}
