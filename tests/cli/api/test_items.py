"""``rollbar-logging items`` and ``top``."""

from __future__ import annotations

import pytest

from rollbar_logging.cli import main
from rollbar_logging.cli.api.output import shown_cell
from rollbar_logging.cli.api.top import bars
from rollbar_logging.server import LocalServer
from tests.cli.api.conftest import Command, once_answered
from tests.client.conftest import post


def test_items_are_listed_and_filtered(server: LocalServer, command: Command) -> None:
    """A table for people, JSON lines for programs, and only what was asked for."""
    post(server, "one", environment="a", level="error")
    post(server, "two", environment="b", level="warning")
    listed = command("items", "list")

    assert listed.status == 0
    assert listed.lines[0].split() == ["#", "level", "status", "environment", "total", "last", "(UTC)", "title"]
    assert [line.split()[0] for line in listed.lines[1:]] == ["#2", "#1"]
    assert [item["title"] for item in command("items", "list", "--json").objects] == ["two", "one"]
    assert [i["title"] for i in command("items", "list", "--json", "--level", "error", "debug").objects] == ["one"]
    assert [i["title"] for i in command("items", "list", "--json", "--limit", "1").objects] == ["two"]
    assert command("items", "list", "--json", "--query", "one", "--status", "resolved").out == ""


def test_a_filter_may_be_given_again(server: LocalServer, command: Command) -> None:
    """As one list or one after another, which means the same."""
    for level in ("critical", "error", "info"):
        post(server, level, level=level)
    found = command("items", "list", "--json", "--level", "error", "--level", "critical")

    assert {item["title"] for item in found.objects} == {"error", "critical"}


@pytest.mark.parametrize(
    "words",
    [
        ("items", "list", "--limit", "-1"),
        ("items", "list", "--limit", "99999999999999999999"),
        ("occurrences", "list", "--limit", "-1"),
        ("deploy", "list", "--limit", "many"),
        ("items", "list", "--status", "actve"),
        ("items", "watch", "--level", "fatal"),
        ("top", "--hours", "0"),
        ("top", "--hours", "169"),
        ("tokens", "list"),
    ],
)
def test_a_slip_of_the_keyboard_is_told(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """2, before anybody is called; not an empty list, and no traceback."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_an_item_is_shown(server: LocalServer, command: Command) -> None:
    """By its number, with or without the sign."""
    post(server, "one")

    assert "title                                one" in command("items", "show", "#1").lines


def test_changes_need_a_token_that_may(server: LocalServer, command: Command) -> None:
    """4, and a word on where the token came from."""
    post(server, "one")
    done = command("items", "mute", "1", token="read")

    assert done.status == 4
    assert "write scope is required" in done.err
    assert "--token-file" in done.err


@pytest.mark.parametrize(("action", "status"), [("resolve", "resolved"), ("mute", "muted"), ("reopen", "active")])
def test_a_token_that_may_only_write_changes_items_by_id(
    server: LocalServer, command: Command, action: str, status: str
) -> None:
    """A new project has one token for each scope, and none that may look a number up and change the item, too."""
    post(server, "one")
    item = command("items", "list", "--json").objects[0]
    refused = command("items", action, str(item["counter"]), token="write")
    done = command("items", action, str(item["id"]), "--by-id", token="write")
    told = command("items", action, str(item["id"]), "--by-id", "--json", token="write")

    assert refused.status == 4
    assert "--by-id" in refused.err
    assert (done.status, done.lines) == (0, [f"id {item['id']} {status}"])
    assert told.objects == [{"id": item["id"], "status": status}]
    assert command("items", "list", "--json").objects[0]["status"] == status


@pytest.mark.parametrize(("action", "status"), [("resolve", "resolved"), ("mute", "muted"), ("reopen", "active")])
def test_items_are_resolved_muted_and_reopened(
    server: LocalServer, command: Command, monkeypatch: pytest.MonkeyPatch, action: str, status: str
) -> None:
    """Several at once; each is told with its new state."""
    post(server, "one")
    post(server, "two")
    monkeypatch.setenv("ROLLBAR_API_TOKEN", server.tokens["account_write"])
    done = command("items", action, "1", "2", "--project-id", "1")

    assert done.status == 0, done.err
    assert done.lines == [f"#1 {status}: one", f"#2 {status}: two"]
    assert {item.status for item in server.items()} == {status}


def test_what_is_not_there_has_a_status_of_its_own(command: Command) -> None:
    """3, and one line that says what is missing."""
    done = command("items", "show", "4711")

    assert (done.status, done.out) == (3, "")
    assert done.err.startswith("rollbar-logging: GET item_by_counter/4711: 404 ")


def test_nobody_there_has_a_status_of_its_own(server: LocalServer, command: Command) -> None:
    """5; the token is not in what is said."""
    server.stop()
    done = command("items", "list", "--endpoint", server.endpoint)

    assert done.status == 5
    assert server.tokens["read"] not in done.err


def test_what_is_no_number_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """2, as all that the command line does not understand."""
    with pytest.raises(SystemExit) as ended:
        main(["items", "show", "many"])
    assert ended.value.code == 2
    assert "no item's number" in capsys.readouterr().err


def test_watching_shows_what_occurs(server: LocalServer, command: Command) -> None:
    """Items that were there before are not told until they occur again; new ones are."""
    post(server, "old")
    post(server, "quiet")
    with once_answered("page=2", lambda: (post(server, "new"), post(server, "old"))):
        done = command("items", "watch", "--interval", "0.1", "--for", "0.3", "--json")

    assert {item["title"] for item in done.objects} == {"new", "old"}


def test_the_most_active_are_shown(server: LocalServer, command: Command) -> None:
    """With their counts by hour."""
    for _ in range(3):
        post(server, "often", level="error")
    post(server, "once", level="error")
    shown = command("top")

    assert [line.split()[-1] for line in shown.lines[1:]] == ["often", "once"]
    assert [sum(each["counts"]) for each in command("top", "--json").objects] == [3, 1]


def test_counts_as_bars() -> None:
    """The largest fills a line, none is empty, and a small one is seen."""
    assert bars([0, 1, 4, 100]) == " ▁▁█"
    assert bars([]) == bars([0, 0]) == ""


def test_no_captured_text_controls_the_terminal() -> None:
    """Escapes, line breaks and signs that turn the direction of text are taken out."""
    assert shown_cell("a\x1b[31mb\nc\u202ed\x00") == "a [31mb c d "
