"""The calls of the API reference's samples, with curl as it is."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import item

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


class Curl:
    """Calls one server with curl."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server

    def __call__(self, path: str, *arguments: str, scope: str | None = "post_server_item", stdin: bytes = b"") -> Any:
        """Return the status and what was answered."""
        token = () if scope is None else ("-H", f"X-Rollbar-Access-Token: {self.server.tokens[scope]}")
        common = ("--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "-w", "\n%{http_code}")
        done = subprocess.run(  # noqa: S603 - curl
            [str(shutil.which("curl")), *common, *token, *arguments, self.server.endpoint + path],
            capture_output=True,
            timeout=60,
            check=True,
            input=stdin,
        )
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), json.loads(body)


@pytest.fixture
def curl() -> Iterator[Curl]:
    """Curl, and a server."""
    with LocalServer() as server:
        yield Curl(server)


def test_json_arrives(curl: Curl) -> None:
    """A JSON body, which curl labels as a form unless told otherwise, and one from standard input."""
    payload = json.dumps(item("hello", uuid="u1"))
    assert curl("item/", "-d", payload) == (200, {"err": 0, "result": {"id": None, "uuid": "u1"}})
    status, _ = curl("item", "-H", "Content-Type: application/json", "--data-binary", "@-", stdin=payload.encode())
    assert status == 200
    assert [each.title for each in curl.server.occurrences()] == ["hello"]


def test_forms_arrive(curl: Curl) -> None:
    """The JSON text in the field ``payload``, with the token in it or beside it."""
    token = curl.server.tokens["post_server_item"]
    inside = json.dumps({"access_token": token, **item("in & side")})
    assert curl("item/", "--data-urlencode", f"payload={inside}", scope=None)[0] == 200
    beside = ("-d", f"access_token={token}", "--data-urlencode", f"payload={json.dumps(item('beside + it'))}")
    assert curl("item/", *beside, scope=None)[0] == 200
    assert [each.title for each in curl.server.occurrences()] == ["in & side", "beside + it"]


def test_a_large_body_is_sent_when_it_is_asked_for(curl: Curl, tmp_path: Path) -> None:
    """Curl waits for a "100 Continue" before it sends a large body; too large a one it need not send."""
    for size, status in ((120_000, 200), (200_000, 413)):
        file = tmp_path / "item.json"
        file.write_text(json.dumps(item("x" * size)))
        assert curl("item/", "-H", "Expect: 100-continue", "--data-binary", f"@{file}")[0] == status


def test_a_compressed_body_in_pieces_arrives(curl: Curl) -> None:
    """A chunked upload, packed by gzip."""
    packed = gzip.compress(json.dumps(item("packed")).encode())
    options = ("-H", "Content-Encoding: gzip", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-")
    assert curl("item/", *options, stdin=packed)[0] == 200


def test_reading_and_changing(curl: Curl) -> None:
    """Items are listed, found by their number through the redirect, resolved, and their occurrences deleted."""
    curl("item/", "-d", json.dumps(item("hello")))
    status, listed = curl("items/", "-G", "-d", "status=active", "--data-urlencode", "query=hel%", scope="read")
    assert (status, listed["result"]["total_count"]) == (200, 1)
    assert curl("item_by_counter/1", "--location", scope="read")[1]["result"]["id"] == 1
    assert curl("item/1", "-X", "PATCH", "-d", "status=resolved", scope="write")[1]["result"] == {"status": "resolved"}
    assert curl("instance/1", "-X", "DELETE", scope="write")[1]["err"] == 0
    assert curl("instance/1", scope="read") == (404, {"err": 1, "message": "not found"})


def test_a_multipart_deploy_is_taken_and_updated(curl: Curl) -> None:
    """The two calls of the deploy action for GitHub: forms in parts, with everything again in the second."""
    deploy = ("--form", "environment=production", "--form", "revision=1f3a9c2", "--form", "local_username=ann")
    status, made = curl("deploy/", *deploy, "--form", "status=started")
    assert status == 200
    deploy_id = made["data"]["deploy_id"]
    status, changed = curl(f"deploy/{deploy_id}", "-X", "PATCH", *deploy, "--form", "status=succeeded")
    assert (status, changed["result"]["id"], changed["result"]["status"]) == (200, deploy_id, "succeeded")
    status, refused = curl(f"deploy/{deploy_id}/", "-X", "PATCH", "--form", "status=failed")
    assert (status, refused["message"]) == (
        409,
        "The deploy can not be updated because its status is not started.",
    )


@pytest.mark.parametrize(
    ("arguments", "scope", "status", "message"),
    [
        (("-d", "{"), "post_server_item", 400, "Bad request"),
        (
            ("-d", json.dumps(item())),
            "read",
            403,
            "insufficient privileges: post_server_item scope is required but the ",
        ),
        (("-d", json.dumps(item())), None, 422, "Invalid format. access_token is missing and it is required."),
        (("-d", '{"data": {}}'), "post_server_item", 422, "Invalid format. data.environment is missing and it is "),
        (("-X", "PUT"), "post_server_item", 405, "method not allowed"),
    ],
)
def test_refusals_are_said(
    curl: Curl, arguments: tuple[str, ...], scope: str | None, status: int, message: str
) -> None:
    """Every refusal has its status and says why."""
    told, body = curl("item/", *arguments, scope=scope)

    assert (told, body["err"]) == (status, 1)
    assert body["message"].startswith(message)
