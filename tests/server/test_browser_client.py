"""Rollbar's own client for browsers, in a real one, on a page of another origin."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.server import LocalServer

if find_spec("playwright") is None:
    pytest.skip("needs the package playwright", allow_module_level=True)

from playwright.sync_api import Error, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCRIPT = "dist/rollbar.min.js"
PAGE = """
<!doctype html><title>shop</title>
<script>window._rollbarConfig = %s;</script>
<script src="/%s"></script>
<script>
  const reported = (send) => new Promise((resolve) => send((error, answer) =>
    resolve(error ? String(error.message || error) : (answer && answer.result || answer || {}).uuid || "sent")));
  const report = async () => [
    await reported((tell) => Rollbar.error("failed", new RangeError("no luck"), { order: 5 }, tell)),
    await reported((tell) => Rollbar.info("a message", tell)),
  ];
</script>
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def shop(node_modules: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served, with the client's script in it, and its address."""
    script = tmp_path / SCRIPT
    script.parent.mkdir()
    shutil.copy(node_modules / "rollbar" / SCRIPT, script)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://localhost:{server.server_address[1]}/"
        server.shutdown()
        thread.join(10)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page of a real browser."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--no-proxy-server"])
        except Error as error:
            pytest.skip(f"Chromium does not start: {error}")
        yield browser.new_page()
        browser.close()


def report(page: Page, shop: tuple[Path, str], server: LocalServer, **options: Any) -> list[str]:
    """Open the shop's page, let it report an error and a message, and return what it was told of each."""
    folder, address = shop
    common = {
        "accessToken": server.tokens["post_client_item"],
        "endpoint": server.endpoint + "item/",
        "captureUncaught": True,
        "environment": "browser-test",
        "payload": {"person": {"id": 7}},
    }
    (folder / "index.html").write_text(PAGE % (json.dumps({**common, **options}), SCRIPT))
    page.goto(address)
    told: list[str] = page.evaluate("report()")
    return told


@pytest.mark.parametrize("transport", ["xhr", "fetch"])
def test_its_reports_arrive(page: Page, shop: tuple[Path, str], transport: str) -> None:
    """The browser asks whether the page may post, posts, and lets the page read the answer."""
    with LocalServer() as server:
        told = report(page, shop, server, defaultTransport=transport)
        error, message = server.occurrences()

    # By fetch it does not hand on what it was answered.
    assert told == (["sent", "sent"] if transport == "fetch" else [error.uuid, message.uuid])
    assert error.data["request"] == {"url": shop[1], "query_string": "", "user_ip": "127.0.0.1"}
    assert (error.data["platform"], error.data["framework"]) == ("browser", "browser-js")
    assert (error.title, error.level) == ("RangeError: no luck", "error")
    assert (message.title, message.level) == ("a message", "info")
    assert error.data["person"] == {"id": 7}
    assert "timestamp" in error.data["client"]
    assert error.data["metadata"]["customer_timestamp"] is None


@pytest.mark.parametrize(
    ("server_options", "options", "message"),
    [
        ({}, {"accessToken": "unknown-token"}, "403"),
        ({"max_body": 500}, {}, "413"),
        ({}, {"payload": {"level": 7}}, "422"),
        ({"rate_limit": (1, 3600.0)}, {}, "429"),
    ],
)
def test_the_page_may_read_every_refusal(
    page: Page, shop: tuple[Path, str], server_options: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    """A refusal reaches the client with its status, which a browser keeps back without the permission to read it."""
    with LocalServer(**server_options) as server:
        told = report(page, shop, server, **options)

        assert set(server.stats().refused) == {int(message)}
    assert told[-1] == message


def test_an_uncaught_error_of_the_page_arrives(page: Page, shop: tuple[Path, str]) -> None:
    """What a page throws by itself is reported when it happens."""
    with LocalServer() as server:
        report(page, shop, server)
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.evaluate("setTimeout(() => { throw new TypeError('by itself'); }, 0)")
        assert answered.value.status == 200
        titles = [each.title for each in server.occurrences()]

    assert titles[2:] == ["TypeError: by itself"]
