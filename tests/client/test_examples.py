"""The examples and the documentation's snippets, run against the local server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollbar_logging.cli import main
from rollbar_logging.client import RollbarClient
from rollbar_logging.server import LocalServer
from tests.client.conftest import post

TOP = Path(__file__).parent.parent.parent
EXAMPLES = TOP / "examples" / "api"


def run(server: LocalServer, name: str, *words: str, token: str = "read", status: int = 0) -> str:  # noqa: S107 - a name
    """Run an example and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-X", "dev", str(EXAMPLES / name), *words],
        env={**os.environ, "ROLLBAR_API_TOKEN": server.tokens[token], "ROLLBAR_ENDPOINT": server.endpoint},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == status, done.stderr
    return done.stdout or done.stderr


def test_reading_examples(server: LocalServer) -> None:
    """Occurrences as JSON lines, a week's report, and the people of an item."""
    for number in range(3):
        post(server, "a | b", level="error", uuid=f"u-{number}", person={"id": str(number % 2)})
    streamed = [json.loads(line) for line in run(server, "stream_occurrences.py").splitlines()]

    assert [each["data"]["uuid"] for each in streamed] == ["u-2", "u-1", "u-0"]
    assert run(server, "weekly_report.py").splitlines()[2:] == ["| #1 | 3 | test | a \\| b |"]
    assert run(server, "people_of_item.py", "1").split() == ["#1", "a", "|", "b", "2", "0", "1", "1"]


def test_a_token_is_rotated(server: LocalServer, account: RollbarClient) -> None:
    """The new one is printed and works; the old one goes, by its public id, only when another can take its place."""

    def rotate(*words: str, status: int = 0) -> str:
        return run(server, "rotate_token.py", *words, token="account_write", status=status)

    namesake = account.access_tokens.create(1, "read", ["write"])  # older than the new one, and of no use instead
    (old,) = [token for token in account.access_tokens.list(1) if token.name == "read" and "read" in token.scopes]
    ids = [line.split("\t")[0] for line in rotate("1").splitlines()]
    assert ids == [token.public_id for token in account.access_tokens.list(1)]
    assert "is not deleted" in rotate("1", str(old.public_id), "--delete", status=1)

    text = rotate("1", str(old.public_id)).strip()
    with RollbarClient(text, server.endpoint) as client:
        assert list(client.items.list()) == []
    assert rotate("1", str(old.public_id), "--delete") == f"deleted {old.public_id}, called read\n"
    left = {token.public_id: token for token in account.access_tokens.list(1)}
    assert old.public_id not in left
    assert namesake.public_id in left
    (new,) = [token for token in left.values() if token.public_id not in {*ids, old.public_id}]
    assert (new.name, list(new.scopes)) == ("read", ["read"])
    assert "is not deleted" in rotate("1", str(new.public_id), "--delete", status=1)
    assert "no access token" in rotate("1", str(old.public_id), status=1)


@pytest.mark.parametrize("name", ["deploy_github_actions.yml", "deploy_gitlab.yml"])
def test_a_deploy_is_reported_from_ci(
    server: LocalServer, reader: RollbarClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The command in the file is understood, with its variables filled in, and reports a deploy."""
    text = (EXAMPLES / name).read_text()
    (command,) = re.findall(r"rollbar-logging (deploy run.*?) -- \./deploy\.sh", " ".join(text.split()))
    values = {"GITHUB_SHA": "abc", "GITHUB_ACTOR": "me", "CI_COMMIT_SHA": "abc", "GITLAB_USER_LOGIN": "me"}
    values["CI_ENVIRONMENT_NAME"] = "production"
    words = [re.sub(r'"\$(\w+)"', lambda found: values[found[1]], word) for word in command.split()]
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", server.tokens["post_server_item"])
    monkeypatch.setenv("ROLLBAR_ENDPOINT", server.endpoint)

    assert main([*words, "--", sys.executable, "-c", "pass"]) == 0
    (deploy,) = reader.deploys.list()
    assert (deploy.revision, deploy.environment, deploy.status) == ("abc", "production", "succeeded")
    assert deploy.local_username == "me"


def test_the_snippets_of_the_documentation_run(server: LocalServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Each as it stands, with the names that its text takes for given."""
    text = (TOP / "docs" / "client.md").read_text()
    snippets = dict(re.findall(r"<!-- snippet: (\w+) -->\n```python\n(.*?)```", text, re.DOTALL))
    assert text.count("```python") == len(snippets)
    post(server, "boom", level="error", person={"id": "7"})

    exec(snippets["client"], {"access_token": server.tokens["read"], "endpoint": server.endpoint})  # noqa: S102 - our own
    told = capsys.readouterr().out
    assert "#1 boom: 1 times" in told
    assert "{'id': '7'}" in told
    with RollbarClient(server.tokens["read"], server.endpoint) as client:
        exec(snippets["rql"], {"client": client})  # noqa: S102 - likewise
    assert "{'item.environment': 'test', 'count(*)': 1}" in capsys.readouterr().out
    with RollbarClient(server.tokens["post_server_item"], server.endpoint) as client:
        exec(snippets["deploy"], {"client": client, "revision": "r", "deploy_the_application": lambda: None})  # noqa: S102
    with RollbarClient(server.tokens["read"], server.endpoint) as client:
        assert [deploy.status for deploy in client.deploys.list()] == ["succeeded"]
