"""The command ``serve`` as it is run by others: from a file, by programs, stopped by signals."""

from __future__ import annotations

import argparse
import json
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from rollbar_logging.cli import main
from rollbar_logging.cli.serve_options import choose
from tests.cli.test_serve import ITEM, process_environ, serving
from tests.cli.test_serve_options import EXAMPLE

PATIENCE = 60


@contextmanager
def for_programs(folder: Path, *words: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run ``serve --json`` on a free port; give the process and its line. In the end it is gone."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-X", "dev", "-m", "rollbar_logging", "serve", "--json", "--port", "0", *words],
        cwd=folder,
        env=process_environ(**environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield process, json.loads(line)
        finally:
            process.kill()


def status(method: str, url: str, token: str = "", **more: Any) -> int:
    """Call; return the status."""
    headers = {"X-Rollbar-Access-Token": token} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=PATIENCE, **more).status_code


def test_the_example_file_fixes_all_tokens(tmp_path: Path) -> None:
    """Two projects and the account, each with the file's tokens, at every start; the line repeats none of them."""
    for _ in range(2):
        with for_programs(tmp_path, "--config", str(EXAMPLE)) as (process, ready):
            endpoint = ready["endpoint"]
            for token in ("shop-server-c0ffee", "billing-server-c0ffee"):
                assert status("POST", endpoint + "item/", token, json=ITEM) == 200
            assert status("GET", endpoint + "items", "shop-read-c0ffee") == 200
            assert status("GET", endpoint + "projects", "account-read-c0ffee") == 200
            assert ready["tokens"] == {"post_server_item": "shop-server-c0ffee"}
            assert ready["kept_in"] == str((tmp_path / "rollbar-local.db").resolve())
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (0, "")
        assert "POST /api/1/item/ 200" in err
        assert "c0ffee" not in err

    kept = sqlite3.connect(tmp_path / "rollbar-local.db")
    assert kept.execute("SELECT name FROM projects ORDER BY id").fetchall() == [("shop",), ("billing",)]
    assert kept.execute("SELECT project_id, uuid FROM occurrences ORDER BY id").fetchall() == [(1, "u-1"), (2, "u-1")]
    kept.close()


def test_the_line_for_programs_tells_what_is_new(tmp_path: Path) -> None:
    """Tokens that were made at this start are in it; those that were given are not, but the one to post with."""
    environ = {"ROLLBAR_SERVE_TOKEN": "given-post", "ROLLBAR_SERVE_TOKEN_READ": "given-read"}
    with for_programs(tmp_path, "--db", ":memory:", **environ) as (process, ready):
        assert ready["pid"] == process.pid
        assert ready["endpoint"] == ready["page"] + "api/1/"
        assert ready["kept_in"] is None
        assert ready["tokens"].pop("post_server_item") == "given-post"
        assert sorted(ready["tokens"]) == ["account_read", "account_write", "post_client_item", "write"]
        assert status("GET", ready["endpoint"] + "items", "given-read") == 200
        assert status("GET", ready["endpoint"] + "items", ready["tokens"]["write"]) == 403


def test_people_are_shown_no_token_that_was_given(tmp_path: Path) -> None:
    """A token to read with is not printed where the environment gave it: output goes into logs."""
    with serving(tmp_path, ROLLBAR_SERVE_TOKEN_READ="given-read", ROLLBAR_SERVE_RETENTION="36h") as served:
        assert "given-read" not in served.said
        assert served.find(r"^ +write +([0-9a-f]{32})$")
        assert served.find(r"^kept in .*, for (.+)$") == "36 hours"
    texts = {
        f"ROLLBAR_SERVE_TOKEN{name}": f"given{name}"
        for name in ("", "_READ", "_WRITE", "_POST_CLIENT_ITEM", "_ACCOUNT_READ", "_ACCOUNT_WRITE")
    }
    with serving(tmp_path, "--retention", "1d", **texts) as served:
        assert served.find(r"^(The other access tokens are those that were given)\.$")
        assert served.find(r"^kept in .*, for (.+)$") == "1 day"
        assert served.find(r"^export ROLLBAR_ACCESS_TOKEN=(\S+)$") == "given"
        assert "given_" not in served.said


def test_others_can_come_only_with_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without one the start is refused in one line; with one the pages ask for it, and a note speaks of encryption."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", "0.0.0.0", "--password", "short"])  # noqa: S104 - that is the point
    assert ended.value.code == 2
    assert main(["serve", "--host", "0.0.0.0", "--db", str(tmp_path / "x.db"), "--port", "0"]) == 1  # noqa: S104
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("rollbar-logging: others can reach this server at 0.0.0.0")
    assert not (tmp_path / "x.db").exists()

    environ = {"ROLLBAR_SERVE_PASSWORD": "correct horse", "ROLLBAR_SERVE_HOST": "0.0.0.0"}  # noqa: S104 - likewise
    with serving(tmp_path, **environ) as served:
        page = served.find(r"^page +(\S+)  \(asks for the password\)$")
        assert status("GET", page) == 401
        assert status("GET", page, auth=("", "correct horse")) == 200
        served.process.terminate()
        _, err = served.process.communicate(timeout=PATIENCE)
    assert "unencrypted" in err
    assert "correct horse" not in served.said + err


def test_a_note_in_the_json_log_is_json_too(tmp_path: Path) -> None:
    """With ``--log json`` every line of standard error is an object, notes of the server included."""
    with for_programs(tmp_path, "--log", "json") as (process, ready):
        address = urlsplit(ready["page"])
        with socket.create_connection((address.hostname, address.port), PATIENCE) as client:
            client.sendall(b"no http\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        status("GET", ready["page"])
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["event"] for line in lines] == ["Invalid HTTP request received.", "refused", "call"]
    assert lines[0]["level"] == "warning"


def test_a_stop_finishes_what_has_begun(tmp_path: Path) -> None:
    """SIGTERM lets a call in the middle of its body end, answers it, stores it, and ends with status 0."""
    body = json.dumps(ITEM).encode()
    with for_programs(tmp_path) as (process, ready):
        address = urlsplit(ready["endpoint"])
        with socket.create_connection((address.hostname, address.port), PATIENCE) as client:
            head = f"POST /api/1/item/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            client.sendall(f"{head}X-Rollbar-Access-Token: {ready['tokens']['post_server_item']}\r\n\r\n".encode())
            client.sendall(body[:10])
            assert status("GET", ready["page"] + "health") == 200
            process.send_signal(signal.SIGTERM)
            _until_closed(str(address.hostname), int(address.port or 0))
            client.sendall(body[10:])
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0
    kept = sqlite3.connect(tmp_path / "rollbar-local.db")
    assert kept.execute("SELECT uuid FROM occurrences").fetchall() == [("u-1",)]
    kept.close()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A call that has not ended is not waited for any more."""
    with for_programs(tmp_path) as (process, ready):
        address = urlsplit(ready["endpoint"])
        with socket.create_connection((address.hostname, address.port), PATIENCE) as client:
            client.sendall(b"POST /api/1/item/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
            assert status("GET", ready["page"] + "health") == 200
            process.send_signal(signal.SIGTERM)
            _until_closed(str(address.hostname), int(address.port or 0))
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
            assert process.returncode in {0, -signal.SIGTERM}


def _until_closed(host: str, port: int) -> None:
    """Wait until nobody listens any more."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            socket.create_connection((host, port), PATIENCE).close()
        except ConnectionError:
            return
        time.sleep(0.01)
    raise AssertionError("it still listens")


def test_an_open_page_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A stop with a stream of events open ends well, and says nothing of it."""
    with for_programs(tmp_path) as (process, ready):
        address = urlsplit(ready["page"])
        with socket.create_connection((address.hostname, address.port), PATIENCE) as client:
            client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert select.select([client], [], [], PATIENCE)[0]
            process.terminate()
            assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 0


def test_the_compose_file_is_understood_and_its_check_works(tmp_path: Path) -> None:
    """Its variables are the server's and the handler's, with one token; its check of health tells up from down."""
    text = (EXAMPLE.parent / "compose.yaml").read_text()
    said = dict(re.findall(r"^      (ROLLBAR_\w+): (.+)$", text, re.MULTILINE))
    environ = {name: value.partition(":?")[0] for name, value in said.items() if name.startswith("ROLLBAR_SERVE_")}
    found = choose(argparse.Namespace(), environ)
    (check,) = re.findall(r'"-c", "(.+)"\]', text)

    assert found.unknown == []
    assert found.tokens["post_server_item"] == said["ROLLBAR_ACCESS_TOKEN"]
    assert said["ROLLBAR_ENDPOINT"] == f"http://rollbar:{found.values['port']}/api/1/"
    assert f"http://127.0.0.1:{found.values['port']}/" in check
    with for_programs(tmp_path, "--db", ":memory:") as (process, ready):
        command = [sys.executable, "-c", check.replace("http://127.0.0.1:8787/", ready["page"])]
        assert subprocess.run(command, env=process_environ(), check=False, timeout=PATIENCE).returncode == 0  # noqa: S603
        process.kill()
        process.communicate(timeout=PATIENCE)
        down = subprocess.run(command, env=process_environ(), capture_output=True, check=False, timeout=PATIENCE)  # noqa: S603
        assert down.returncode != 0
