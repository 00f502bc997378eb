"""A real Django site over real HTTP, sync and async: each failure is one report, with its request and person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests

from rollbar_logging.testing import LocalRollbar, Report
from tests.integrations.shop import MIDDLEWARE, SECRETS, Shop, command, shop

OPTIONS = {"header": "X-Report", "person": ["id", "username", "email"]}
URSULA = {"id": "1", "username": "ursula", "email": "ursula@shop.example"}


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def site(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The site with the middleware, served in one of two ways."""
    with shop(request.param, ROLLBAR_LOGGING=OPTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def alone() -> Iterator[Shop]:
    """The site with the handler in ``LOGGING`` and nothing else."""
    with shop("wsgi", MIDDLEWARE=MIDDLEWARE[1:]) as running:
        yield running


@pytest.fixture(autouse=True)
def _nobody(request: pytest.FixtureRequest) -> None:
    """Nobody is logged in, and nothing was reported."""
    for name in {"site", "alone"} & set(request.fixturenames):
        running = request.getfixturevalue(name)
        running.rollbar.clear()
        running.session.cookies.clear()


def post_with_secrets(shop: Shop, path: str) -> requests.Response:
    """Send all that a report must not hold."""
    return shop.ask(
        f"{path}?page=2&api_key={SECRETS['api_key']}",
        "POST",
        data={"order": "5", "password": SECRETS["password"]},
        headers={"Authorization": SECRETS["authorization"], "X-Request-Id": "77"},
        cookies={"tracking": SECRETS["cookie"]},
    )


def assert_no_secret(shop: Shop, report: Report) -> None:
    """See that no planted secret is anywhere in what was stored."""
    stored = json.dumps(report.raw)
    hidden = [*SECRETS.values(), *shop.session.cookies.values(), "s3cret-of-ursula", "s3cret-of-the-site"]
    assert [secret for secret in hidden if secret in stored or secret.removeprefix("Bearer ") in stored] == []
    assert SECRETS["card"].replace(" ", "") not in stored


@pytest.mark.parametrize("view", ["pay", "pay_async"])
def test_a_failure_is_one_report_with_request_route_and_person(site: Shop, view: str) -> None:
    """Method, URL, headers, route, person and level are there, and no secret is; in views of both kinds."""
    site.ask("/enter/")
    answer = post_with_secrets(site, f"/{view}/7/")
    report = site.only_report()

    assert report.exception is not None
    assert (report.exception.class_name, report.level, report.logger) == ("KeyError", "error", "django.request")
    assert report.request is not None
    assert report.request["method"] == "POST"
    assert report.request["url"].startswith(f"{site.url}/{view}/7/?page=2&api_key=")
    assert report.request["headers"]["X-Request-Id"] == "77"
    assert report.request["params"] == {"number": 7}
    assert (report.context, report.framework) == (f"{view}/<int:number>/", "django")
    assert report.person == URSULA
    assert report.locals["number"] == 7
    assert_no_secret(site, report)
    assert (answer.status_code, answer.headers["X-Report"]) == (500, report.uuid)
    assert answer.text == f"Sorry: {report.uuid}"


def test_a_form_is_there_if_the_view_has_read_it(site: Shop) -> None:
    """Its password is not, and it is not there a second time as text."""
    post_with_secrets(site, "/pay/7/")
    report = site.only_report()

    assert report.request is not None
    assert report.request["POST"]["order"] in ("5", ["5"])
    assert "body" not in report.request
    assert_no_secret(site, report)


def test_what_the_view_has_not_looked_at_is_not_looked_at(site: Shop) -> None:
    """Neither is the user loaded, by a query, nor the body read."""
    site.ask("/enter/")
    before = site.ask("/").text
    post_with_secrets(site, "/lazy/")
    report = site.only_report()

    assert report.person is None
    assert report.request is not None
    assert report.request.keys().isdisjoint({"POST", "body"})
    assert site.ask("/").text == before


def test_a_body_that_was_read_is_there_without_its_secrets(site: Shop) -> None:
    """What the view has read of JSON is shown as text."""
    site.ask("/read/", "POST", json={"order": 5, "password": SECRETS["password"], "card": SECRETS["card"]})
    report = site.only_report()

    assert report.request is not None
    assert '"order": 5' in report.request["body"]
    assert_no_secret(site, report)


def test_a_body_that_is_sensitive_is_not_there(site: Shop) -> None:
    """What `sensitive_post_parameters` hides of a form, it hides of any body."""
    site.ask("/hidden/", "POST", json={"remark": "between us"})
    report = site.only_report()

    assert report.request is not None
    assert "body" not in report.request
    assert "between us" not in json.dumps(report.raw)


def test_a_log_call_in_a_view_knows_the_request(site: Shop) -> None:
    """What the application logs while it answers has the request too; the answer names no report."""
    answer = site.ask("/told/3/")
    (report,) = site.rollbar.wait_for(1, timeout=60, message="only 3 left")

    assert (report.logger, report.context) == ("shop", "told/<int:number>/")
    assert (report.request or {})["url"] == f"{site.url}/told/3/"
    assert "X-Report" not in answer.headers


def test_requests_do_not_know_each_other(site: Shop) -> None:
    """A failure after another one has its own request and person, on the same connection."""
    site.ask("/enter/")
    site.ask("/pay/1/")
    site.session.cookies.clear()
    site.ask("/pay/2/")
    first, second = site.rollbar.wait_for(2, timeout=60)

    assert (first.person, second.person) == (URSULA, None)
    assert [(report.request or {})["url"] for report in (first, second)] == [
        f"{site.url}/pay/1/",
        f"{site.url}/pay/2/",
    ]


def test_what_was_logged_and_raised_is_one_report(site: Shop) -> None:
    """The application's own line is it, and the answer names that one."""
    answer = site.ask("/twice/")
    report = site.only_report()

    assert (report.logger, report.message) == ("shop", "it fails")
    assert answer.headers["X-Report"] == report.uuid


def test_an_answer_of_503_is_one_report(site: Shop) -> None:
    """Django logs it, and the record carries the request."""
    answer = site.ask("/closed/")
    report = site.only_report()

    assert (report.message, report.context) == ("Service Unavailable: /closed/", "closed/")
    assert (answer.status_code, answer.headers["X-Report"]) == (503, report.uuid)


@pytest.mark.parametrize("view", ["stream", "stream_async"])
def test_a_stream_that_breaks_off_is_one_report(site: Shop, view: str) -> None:
    """Django neither catches nor logs it; a server that does logs it too late."""
    with suppress(requests.exceptions.ChunkedEncodingError):  # of a server that says so
        site.ask(f"/{view}/")
    report = site.only_report()

    assert (report.title, report.context) == ("ValueError: broken off", f"{view}/")
    assert (report.request or {})["url"] == f"{site.url}/{view}/"


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [("known", 500, "APIException: down"), ("unknown", 500, "ValueError: unknown")],
)
def test_a_failure_in_rest_framework_is_one_report(site: Shop, kind: str, status: int, title: str) -> None:
    """Also one that the framework answers itself; it comes with its traceback."""
    answer = site.ask(f"/rest/{kind}/")
    report = site.only_report()

    assert (answer.status_code, answer.headers["X-Report"]) == (status, report.uuid)
    assert (report.title, report.context) == (title, "rest/<str:kind>/")
    assert report.frames


@pytest.mark.parametrize("path", ["/rest/wrong/", "/nowhere/"])
def test_what_the_client_does_wrong_is_not_reported(site: Shop, path: str) -> None:
    """Input that is refused and a page that is not there are warnings, below the handler's level."""
    answer = site.ask(path)

    assert answer.status_code in (400, 404)
    assert "X-Report" not in answer.headers
    site.no_report()


def test_a_host_that_is_not_allowed_is_one_report(site: Shop) -> None:
    """Django's own logger tells of it, and reading the request does no harm."""
    answer = site.ask("/?page=3", headers={"Host": "evil.example"})
    report = site.only_report()

    assert report.logger == "django.security.DisallowedHost"
    assert (report.request or {})["headers"]["Host"] == "evil.example"
    assert (answer.status_code, answer.headers["X-Report"]) == (400, report.uuid)


def test_an_answer_to_what_is_suspicious_names_its_report(site: Shop) -> None:
    """Django makes it, and logs the exception where no middleware sees it."""
    answer = site.ask("/pay/7/", "POST", data={f"field{number}": "" for number in range(1001)})
    report = site.only_report()

    assert (report.logger, report.context) == ("django.security.TooManyFieldsSent", "pay/<int:number>/")
    assert (answer.status_code, answer.headers["X-Report"]) == (400, report.uuid)


def test_the_handler_alone_knows_request_and_person(alone: Shop) -> None:
    """Without the middleware Django's loggers carry the request; of the user only the id is told."""
    alone.ask("/enter/")
    post_with_secrets(alone, "/pay/7/")
    report = alone.only_report()

    assert report.person == {"id": "1"}
    assert (report.context, report.level) == ("pay/<int:number>/", "error")
    assert_no_secret(alone, report)


def test_the_handler_alone_loads_no_user(alone: Shop) -> None:
    """As with the middleware."""
    alone.ask("/enter/")
    before = alone.ask("/").text
    alone.ask("/lazy/")

    assert alone.only_report().person is None
    assert alone.ask("/").text == before


def test_pages_that_are_not_found_are_reported_if_asked_for() -> None:
    """Once each, as warnings, but for those that Django is told to ignore."""
    with shop("wsgi", ROLLBAR_LOGGING={"not_found": True}) as site:
        site.ask("/nowhere/?page=2")
        report = site.only_report()

    assert (report.message, report.level) == ("Not Found: /nowhere/", "warning")
    assert (report.request or {})["url"] == f"{site.url}/nowhere/?page=2"


def test_exceptions_that_are_to_propagate_are_one_report() -> None:
    """Django then renders no page and logs nothing; whoever is around it sees them as well."""
    with shop("wsgi", DEBUG_PROPAGATE_EXCEPTIONS=True, WRAPPED=True) as site:
        site.ask("/lazy/")
        report = site.only_report()

    assert (report.title, report.context, report.logger) == ("ValueError: lazy", "lazy/", "django.request")


def test_a_management_command_that_fails_is_one_report(rollbar_server: LocalRollbar) -> None:
    """Named by the command, and there when the process has ended."""
    done = command(rollbar_server, "shell", "-c", "raise ValueError('of the command')")
    (report,) = rollbar_server.reports

    assert "of the command" in done.stderr
    assert (report.title, report.level) == ("ValueError: of the command", "critical")
    assert report.context == "manage.py shell"


@pytest.mark.parametrize("words", [(), ("--traceback",)])
def test_a_command_that_is_used_wrongly_is_not_reported(rollbar_server: LocalRollbar, words: tuple[str, ...]) -> None:
    """That is told to who has called it, by a sentence or by a traceback."""
    done = command(rollbar_server, "loaddata", "nothing.json", *words)

    assert done.returncode == 1
    assert "CommandError" in done.stderr
    assert rollbar_server.reports == []


def test_the_check_tells_of_a_bad_configuration(rollbar_server: LocalRollbar) -> None:
    """``manage.py check`` runs it, and its warnings are told; nothing else is wrong."""
    options: dict[str, Any] = {
        "ROLLBAR_LOGGING": {"headers": "X-Report"},
        "MIDDLEWARE": [*MIDDLEWARE[1:], MIDDLEWARE[0]],
    }
    done = command(rollbar_server, "check", **options)

    assert "ROLLBAR_LOGGING['headers'] is not known" in done.stderr
    assert sorted(set(re.findall(r"rollbar_logging\.W\d+", done.stderr))) == [
        "rollbar_logging.W006",
        "rollbar_logging.W007",
    ]
