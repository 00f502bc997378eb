"""The examples, each started by the command it names, with what the local server stored of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from rollbar_logging.server import LocalServer

EXAMPLES = Path(__file__).parent.parent / "examples"
PATIENCE = 60


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A local server that nobody has called yet."""
    with LocalServer() as running:
        yield running


def environ(server: LocalServer) -> dict[str, str]:
    """The environment with the two variables that point to the server, and time to deliver on a slow machine."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "ROLLBAR_ACCESS_TOKEN": server.tokens["post_server_item"],
        "ROLLBAR_ENDPOINT": server.endpoint,
        "ROLLBAR_SHUTDOWN_TIMEOUT": "30",
        "ROLLBAR_CAPTURE_BUDGET": "10",
    }


def run(server: LocalServer, name: str) -> str:
    """Run a program to its end and return what it logged."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", str(EXAMPLES / name)],
        env=environ(server),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@contextmanager
def site(server: LocalServer, *words: str, status: int = 0) -> Iterator[str]:
    """Run a web application; its address. In the end it is asked to stop, and must do so with this status."""
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", *words],
        env=environ(server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while (found := re.search(r"http://127\.0\.0\.1:\d+", said)) is None:
                line = process.stdout.readline()
                assert line, said
                said += line
            yield found[0]
            process.terminate()
            said += process.communicate(timeout=PATIENCE)[0]
            assert process.returncode == status, said
        finally:
            process.kill()


def get(url: str, status: int, **headers: str) -> None:
    """Get a page."""
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(url, headers=headers, timeout=PATIENCE).status_code == status


def stored(server: LocalServer) -> list[dict[str, Any]]:
    """What the server has, in the order of arrival."""
    return [occurrence.data for occurrence in server.occurrences()]


def test_a_plain_script_reports_rows_and_their_number(server: LocalServer) -> None:
    """Two rows that cannot be read and their sum arrive although the script ends at once, and no password does."""
    said = run(server, "plain.py")
    first, second, last = sorted(stored(server), key=lambda data: data["custom"]["record"]["created"])

    assert "INFO mug: 4.90, 12 in stock" in said
    assert first["body"]["trace"]["exception"]["message"] == "could not convert string to float: 'free'"
    assert first["body"]["trace"]["exception"]["description"] == "row 2 is skipped"
    assert first["custom"]["row"] == {"sku": "tea", "price": "free", "stock": "3"}
    assert first["person"] == {"id": "nightly"}
    assert second["body"]["trace"]["exception"]["class"] == "TypeError"
    assert last["title"] == last["body"]["message"]["body"] == "2 rows of prices.csv could not be read"
    assert last["custom"]["source"] == "ftp://shop:[scrubbed]@files.example/prices.csv"
    assert {data["environment"] for data in (first, second, last)} == {"examples"}
    assert "in-clear-in-this-frame" not in str([first, second, last])


def test_a_django_site_reports_a_failing_request_once(server: LocalServer) -> None:
    """One failing request is one report with request, route, person and locals; a page that works is none."""
    with site(server, str(EXAMPLES / "django_site.py"), "runserver", "--noreload", "127.0.0.1:0") as url:
        get(f"{url}/", 200)
        get(f"{url}/orders/7/?coupon=SPRING", 500, **{"X-User": "17", "Cookie": "sessionid=s3cret-of-17"})
        get(f"{url}/orders/later/8/", 500)
        get(f"{url}/orders/2/", 200, **{"X-User": "18"})
    data, later, logged = sorted(stored(server), key=lambda data: data["custom"]["record"]["created"])

    assert data["body"]["trace"]["exception"]["class"] == "KeyError"
    assert data["body"]["trace"]["frames"][-1]["method"] == "order"
    assert data["body"]["trace"]["frames"][-1]["locals"]["coupon"] == "SPRING"
    assert data["request"]["url"] == f"{url}/orders/7/?coupon=SPRING"
    assert data["request"]["params"] == {"number": 7}
    assert (data["context"], data["framework"], data["person"]) == ("orders/<int:number>/", "django", {"id": "17"})
    assert "s3cret-of-17" not in str(data)
    assert later["context"] == "orders/later/<int:number>/"
    assert logged["body"]["message"]["body"] == "order 2 is not insured"
    assert (logged["context"], logged["person"]) == ("orders/<int:number>/", {"id": "18"})


def test_a_flask_application_reports_a_failing_request_once(server: LocalServer) -> None:
    """One failing request is one report with request, person and locals; a page that works is none."""
    with site(server, "-m", "flask", "--app", str(EXAMPLES / "flask_app.py"), "run", "--port", "0") as url:
        get(f"{url}/", 200)
        get(f"{url}/orders/7?coupon=SPRING", 500, **{"X-User": "17", "Authorization": "Bearer s3cret-of-17"})
    (data,) = stored(server)

    assert data["body"]["trace"]["exception"]["class"] == "KeyError"
    assert data["body"]["trace"]["frames"][-1]["locals"] == {"number": 7, "coupon": "SPRING"}
    assert data["request"]["url"] == f"{url}/orders/7?coupon=SPRING"
    assert data["request"]["GET"] == {"coupon": "SPRING"}
    assert (data["context"], data["framework"], data["person"]) == ("orders.order", "flask", {"id": "17"})
    assert "s3cret-of-17" not in str(data)


def test_a_fastapi_application_reports_a_failing_request_once(server: LocalServer) -> None:
    """A request that fails and a task that fails after its request are a report each, with request and route."""
    words = ("-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "fastapi_app:app")
    # Once it has ended the application's life, uvicorn ends itself by the signal that it got.
    with site(server, *words, status=-signal.SIGTERM) as url:
        get(f"{url}/", 200)
        get(f"{url}/orders/7?coupon=SPRING", 500, **{"X-User": "17", "Authorization": "Bearer s3cret-of-17"})
        with requests.Session() as session:
            session.trust_env = False
            assert session.post(f"{url}/orders/2/pack", timeout=PATIENCE).status_code == 200
    data, task = sorted(stored(server), key=lambda data: data["custom"]["record"]["created"])

    assert data["body"]["trace"]["exception"]["class"] == "KeyError"
    assert data["body"]["trace"]["frames"][-1]["locals"]["number"] == 7
    assert data["request"]["url"] == f"{url}/orders/7?coupon=SPRING"
    assert (data["context"], data["framework"], data["person"]) == ("/orders/{number}", "fastapi", {"id": "17"})
    assert "s3cret-of-17" not in str(data)
    assert (task["context"], task["body"]["trace"]["frames"][-1]["method"]) == ("/orders/{number}/pack", "take")


def test_a_structlog_service_reports_each_task_with_its_own_context(server: LocalServer) -> None:
    """Of three orders handled side by side two fail; each report has its event's name, values, task and context."""
    said = run(server, "structlog_service.py")
    failed = {data["custom"]["order"]: data for data in stored(server)}

    assert "event='order_packed'" in said
    assert "Traceback" in said
    assert set(failed) == {1002, 1003}
    assert failed[1002]["body"]["trace"]["exception"]["class"] == "SoldOutError"
    assert failed[1003]["body"]["trace"]["exception"]["class"] == "KeyError"
    for order, sku in ((1002, "tea"), (1003, "pot")):
        data = failed[order]
        assert data["body"]["trace"]["exception"]["description"] == "order_failed"
        assert data["body"]["trace"]["frames"][-1]["locals"] == {"sku": sku}
        assert (data["custom"]["sku"], data["custom"]["service"]) == (sku, "orders")
        assert data["custom"]["record"]["task_name"] == f"order {order}"


def test_a_celery_worker_reports_the_task_that_fails(server: LocalServer) -> None:
    """Of five tries one fails as nobody expected; a task's own error is a report too, without the card's number."""
    with subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", str(EXAMPLES / "celery_worker.py")],
        env=environ(server),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            while "refuses card" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            process.terminate()
            said += process.communicate(timeout=PATIENCE)[0]
            assert process.returncode == 0, said
        finally:
            process.kill()
    failed, refused = sorted(stored(server), key=lambda data: data["custom"]["record"]["created"])

    assert "order 1001 packed" in said
    assert failed["body"]["trace"]["exception"]["class"] == "KeyError"
    assert failed["context"] == failed["custom"]["celery"]["task"] == "shop.pack"
    assert failed["custom"]["celery"]["args"] == [1003]
    assert failed["custom"]["celery"]["kwargs"] == {"sku": "pot"}
    assert refused["context"] == "shop.charge"
    assert refused["custom"]["celery"]["retries"] == 1
    assert "4111 1111" not in str([failed, refused])


def test_a_lambda_function_reports_before_it_returns(server: LocalServer) -> None:
    """Of three invocations one logs an error and one fails; only the first was a cold start; no token is stored."""
    run(server, "aws_lambda.py")
    logged, failed = sorted(stored(server), key=lambda data: data["custom"]["record"]["created"])

    assert logged["body"]["message"]["body"] == "the price of tea is out of date"
    assert failed["body"]["trace"]["exception"]["class"] == "KeyError"
    assert failed["body"]["trace"]["frames"][-1]["locals"]["sku"] == "pot"
    assert (failed["context"], failed["request"]["method"]) == ("prices", "GET")
    assert failed["custom"]["aws_lambda"]["cold_start"] is False
    assert 0 < failed["custom"]["aws_lambda"]["remaining_ms"] <= 60_000
    assert "s3cret-of" not in str([logged, failed])
