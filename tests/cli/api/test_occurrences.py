"""``rollbar-logging occurrences``."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import pytest

from rollbar_logging.server import LocalServer
from tests.cli.api.conftest import Command, once_answered
from tests.client.conftest import post


def test_they_are_listed_and_shown(server: LocalServer, command: Command) -> None:
    """Newest first; of one item, when it is named."""
    for number in range(3):
        post(server, "same", uuid=f"u-{number}")
    post(server, "other", uuid="u-3")
    listed = command("occurrences", "list")

    assert [line.split()[-1] for line in listed.lines[1:]] == ["other", "same", "same", "same"]
    mine = command("occurrences", "list", "--item", "1", "--json", "--limit", "2").objects
    assert [each["data"]["uuid"] for each in mine] == ["u-2", "u-1"]
    shown = command("occurrences", "show", str(mine[0]["id"]))
    assert '"uuid": "u-2"' in shown.out
    assert command("occurrences", "show", "4711").status == 3


def test_following_shows_those_that_come(server: LocalServer, command: Command) -> None:
    """Each once, the oldest first; those from before are not shown."""
    post(server, uuid="before")
    with once_answered("/instances", lambda: [post(server, uuid=f"u-{number}") for number in range(5)]):
        done = command("occurrences", "tail", "--interval", "0.1", "--for", "0.3", "--json")

    assert [each["data"]["uuid"] for each in done.objects] == [f"u-{number}" for number in range(5)]


def test_an_export_as_json_lines_is_whole(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """All occurrences with all their data, in a file for its owner."""
    for number in range(25):
        post(server, "ä\n", uuid=f"u-{number}", custom={"number": number})
    path = tmp_path / "all.jsonl"
    assert command("occurrences", "export", "--output", str(path)).status == 0
    found = [json.loads(line) for line in path.read_text().splitlines()]

    assert [each["data"]["custom"]["number"] for each in found] == list(reversed(range(25)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert command("occurrences", "export", "--output", "-").objects == found


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize("cut", [0, 1, 7, 10_000])
def test_an_export_goes_on_where_it_was_cut(
    server: LocalServer, command: Command, tmp_path: Path, kind: str, cut: int
) -> None:
    """Wherever the file ends, going on gives what an export without a break gives."""
    for number in range(12):
        post(server, "=1+1\n,", uuid=f"u-{number}")
    whole, cut_short = tmp_path / "whole", tmp_path / "cut"
    command("occurrences", "export", "--format", kind, "--output", str(whole))
    content = whole.read_bytes()
    cut_short.write_bytes(content[: max(len(content) // 2 - cut, 0)])
    done = command("occurrences", "export", "--format", kind, "--output", str(cut_short), "--resume")

    assert done.status == 0, done.err
    assert cut_short.read_bytes() == content
    again = command("occurrences", "export", "--format", kind, "--output", str(cut_short), "--resume")
    assert again.status == 0
    assert cut_short.read_bytes() == content


def test_an_export_as_csv_is_no_formula(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """A cell that begins like a formula is text; a row is a line."""
    post(server, '=HYPERLINK("http://x")\nmore', person={"id": "@me"}, server={"host": "web-1"})
    path = tmp_path / "all.csv"
    command("occurrences", "export", "--format", "csv", "--output", str(path))
    with path.open(newline="") as file:
        (row,) = csv.DictReader(file)

    assert row["title"] == '\'=HYPERLINK("http://x") more'
    assert (row["person_id"], row["host"]) == ("'@me", "web-1")
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@pytest.mark.parametrize(
    "content",
    ["no json\n", '{"no": "id"}\n', "[1]\n", "no json", "[1]\nand no end", '{"no": "id"}\n{"id": 1'],
    ids=repr,
)
def test_a_file_of_something_else_is_left_alone(command: Command, tmp_path: Path, kind: str, content: str) -> None:
    """It is told, and not written to, whether its last line has an end or not."""
    path = tmp_path / "mine"
    path.write_text(content)
    done = command("occurrences", "export", "--format", kind, "--output", str(path), "--resume")

    assert done.status == 1
    assert "no export" in done.err
    assert path.read_text() == content


def test_a_failed_export_leaves_an_earlier_one_alone(server: LocalServer, command: Command, tmp_path: Path) -> None:
    """It takes the file's place with the first occurrence, or when there is none, not before."""
    path = tmp_path / "all.jsonl"
    path.write_text("from yesterday\n")
    assert command("occurrences", "export", "--output", str(path), token="write").status == 4
    assert command("occurrences", "export", "--output", str(path), "--item", "4711").status == 3
    assert path.read_text() == "from yesterday\n"
    assert command("occurrences", "export", "--output", str(path)).status == 0
    assert path.read_text() == ""
    path.write_text("from yesterday\n" * 1000)
    post(server, uuid="today")
    assert command("occurrences", "export", "--output", str(path)).status == 0
    assert [json.loads(line)["data"]["uuid"] for line in path.read_text().splitlines()] == ["today"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_full_disk_is_told(server: LocalServer, command: Command, kind: str) -> None:
    """One line that names the file."""
    post(server)
    done = command("occurrences", "export", "--format", kind, "--output", "/dev/full")

    assert (done.status, done.err) == (1, "rollbar-logging: --output /dev/full: No space left on device\n")


def test_a_look_that_finds_too_many_says_so(
    server: LocalServer, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are shown, and that others are left out is told."""
    monkeypatch.setattr("rollbar_logging.cli.api.occurrences._MOST_AT_ONCE", 3)
    post(server, uuid="before")
    with once_answered("/instances", lambda: [post(server, uuid=f"u-{number}") for number in range(6)]):
        done = command("occurrences", "tail", "--for", "0", "--json")

    assert [each["data"]["uuid"] for each in done.objects] == ["u-3", "u-4", "u-5"]
    assert done.err == "rollbar-logging: more than 3 came since the last look; the older ones are left out\n"


def test_what_cannot_be_written_is_told(command: Command, tmp_path: Path) -> None:
    """A folder that is not there, and standard output, which cannot be gone on with."""
    assert "No such file" in command("occurrences", "export", "--output", str(tmp_path / "no" / "x")).err
    assert "needs a file" in command("occurrences", "export", "--output", "-", "--resume").err
