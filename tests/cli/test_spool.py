"""The command ``spool``: what it shows, sends, writes and removes."""

from __future__ import annotations

import io
import json
import stat
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbar_logging.cli import main
from rollbar_logging.cli.spool import title_of
from rollbar_logging.delivery.spool import Kept, Spool
from rollbar_logging.settings import Settings
from tests.loopback import Loopback, Reply

TOKEN = "0123456789abcdef0123456789abcdef"


def body(uuid: str, title: str = "boom") -> bytes:
    """A body as it is posted."""
    return json.dumps({"data": {"uuid": uuid, "body": {"message": {"body": title}}}}).encode()


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spool:
    """The spool of the environment, as another process has it, with three reports."""
    monkeypatch.setenv("ROLLBAR_SPOOL_DIR", str(tmp_path / "spool"))
    spool = Spool(str(tmp_path / "spool"), token=TOKEN)
    now = time.time()
    spool.keep([Kept(name, rank, now - rank, body(name, f"title of {name}")) for rank, name in ((4, "a"), (3, "b"))])
    spool.keep([Kept("c", 0, now - 9, body("c"))])
    return spool


@pytest.fixture
def server(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """A server that the environment leads to."""
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("ROLLBAR_ENDPOINT", loopback.endpoint)
    return loopback


def test_list_shows_every_report(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """With level, size, title and state, and totals; to look claims nothing."""
    spool.claim(1)

    assert main(["spool", "list"]) == 0
    heading, *rows, totals = capsys.readouterr().out.splitlines()
    assert heading.split() == ["uuid", "level", "logged", "(UTC)", "bytes", "state", "title"]
    assert [row.split()[:2] for row in rows] == [["a", "critical"], ["b", "error"], ["c", "debug"]]
    assert rows[0].split(maxsplit=5)[4:] == [str(len(body("a", "title of a"))), "claimed  title of a"]
    assert "waiting  title of b" in rows[1]
    assert totals.endswith("1 claimed: 1 critical, 1 error, 1 debug")
    assert totals.startswith("3 reports, ")
    spool.close()


@pytest.fixture
def east() -> Iterator[None]:
    """The process is where clocks are nine hours ahead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "EAST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="a zone is set as POSIX has it")
@pytest.mark.usefixtures("east")
def test_list_shows_times_in_utc(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever the machine is: as other tables do, and the logs of other machines."""
    (kept,) = [kept for kept in spool.entries() if kept.uuid == "c"]

    assert main(["spool", "list"]) == 0
    at = datetime.fromtimestamp(int(kept.created), timezone.utc)
    assert f"  {at:%Y-%m-%d %H:%M:%S}  " in capsys.readouterr().out
    spool.close()


def test_without_a_token_all_reports_are_meant_else_those_of_the_token(
    spool: Spool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for `list`, so for `export` and `clear`."""
    assert main(["spool", "list"]) == 0
    assert "3 reports" in capsys.readouterr().out
    monkeypatch.setenv("ROLLBAR_ACCESS_TOKEN", "another")
    assert main(["spool", "list"]) == 0
    assert capsys.readouterr().out.startswith("0 reports")
    assert main(["spool", "clear", "--yes"]) == 0
    assert spool.contents().number == 3
    spool.close()


@pytest.mark.parametrize("action", [["list"], ["export"], ["clear"], ["clear", "--yes"], ["send"]])
def test_to_look_makes_no_spool(action: list[str], server: Loopback, tmp_path: Path) -> None:
    """Where there is none there is nothing to do, and nothing is left behind."""
    assert main(["spool", *action, "--dir", str(tmp_path / "none")]) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """By the option or by the environment."""
    assert main(["spool", "list"]) == 1
    assert "Give --dir, or set ROLLBAR_SPOOL_DIR" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["~nobody-of-that-name/spool", "  {}/spool "])
def test_a_folder_is_read_as_the_handler_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """The home of nobody is a folder like any other, and blanks around a path are none of it."""
    path = folder.format(tmp_path)

    assert main(["spool", "list", "--dir", path]) == 0
    assert f"nothing is kept in {Settings.resolve({'spool_dir': path}, {}).spool_dir}\n" in capsys.readouterr().out


def test_what_is_wrong_with_the_spool_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As any error, with status 1."""
    (tmp_path / "spool.db").symlink_to(tmp_path / "elsewhere")

    assert main(["spool", "list", "--dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "is a link" in said
    assert len(said.splitlines()) == 1


def test_send_needs_a_token(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which variable to set."""
    assert main(["spool", "send"]) == 1
    assert "ROLLBAR_ACCESS_TOKEN" in capsys.readouterr().err
    spool.close()


def test_send_sends_all(spool: Spool, server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """The most severe first, byte by byte as kept; with status 0 nothing is left."""
    assert main(["spool", "send"]) == 0
    assert [request.item["data"]["uuid"] for request in server.requests] == ["a", "b", "c"]
    assert server.requests[0].body == body("a", "title of a")
    assert server.requests[0].headers["x-rollbar-access-token"] == TOKEN
    assert capsys.readouterr().out == "3 sent, 0 given up, 0 left\n"
    spool.close()


def test_send_leaves_what_another_process_has_claimed(
    spool: Spool, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not sent twice, but something is left."""
    spool.claim(1)

    assert main(["spool", "send"]) == 1
    said = capsys.readouterr()
    assert said.out == "2 sent, 0 given up, 1 left\n"
    assert said.err == "1 of them another process is about to send\n"
    spool.close()


def test_send_waits_out_a_rate_limit(spool: Spool, server: Loopback) -> None:
    """It takes what the window allows, and goes on in the next one."""
    server.limit = (2, 1.0)

    assert main(["spool", "send", "--timeout", "30"]) == 0
    assert [request.status for request in server.requests if request.status != 429] == [200, 200, 200]
    spool.close()


def test_send_ends_when_its_time_is_up(spool: Spool, server: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left can be claimed by others at once."""
    server.limit = (1, 60.0)

    assert main(["spool", "send", "--timeout", "1"]) == 1
    said = capsys.readouterr()
    assert said.out.endswith("1 sent, 0 given up, 2 left\n")
    assert "--timeout gives it more" in said.err
    assert [kept.uuid for kept in spool.claim(9)] == ["b", "c"]
    spool.close()


def test_send_gives_up_what_is_refused_for_good(
    spool: Spool, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report that will never be taken goes, with the reason, and the next one is sent."""
    server.script = [Reply(422), Reply(), Reply(413), Reply(413)]

    assert main(["spool", "send"]) == 0
    assert capsys.readouterr().out == "1 sent, 2 given up (1 rejected_422, 1 too_large), 0 left\n"
    assert len(server.requests) == 4
    spool.close()


def test_send_makes_smaller_what_is_too_large(
    spool: Spool, server: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the handler does, and goes on with the smaller one; what is no item cannot be made smaller."""
    spool.clear()
    now, large = time.time(), body("large", "x" * 60_000)
    spool.keep([Kept("large", 4, now, large), Kept("odd", 3, now, b"x" * 50_000), Kept("c", 0, now, body("c"))])
    server.script = [Reply(413), Reply(503), Reply(), Reply(413)]

    assert main(["spool", "send"]) == 0
    first, second, third, _, last = server.requests
    assert first.body == large
    assert len(second.body) <= len(large) // 2
    assert second.item["data"]["uuid"] == "large"
    assert (third.body, last.item["data"]["uuid"]) == (second.body, "c")
    said = capsys.readouterr()
    assert said.out == "2 sent, 1 given up (1 too_large), 0 left\n"
    assert "odd is too large, and cannot be made smaller: JSONDecodeError" in said.err
    spool.close()


@pytest.mark.parametrize("reply", [Reply(403), Reply(401), Reply(404), Reply(302, {"Location": "https://x.test/"})])
def test_send_keeps_everything_when_it_is_sent_to_the_wrong_door(
    spool: Spool, server: Loopback, reply: Reply, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong token or endpoint is no fault of the reports: one request, and all stay."""
    server.script = [reply]

    assert main(["spool", "send"]) == 1
    assert len(server.requests) == 1
    said = capsys.readouterr()
    assert said.out == "0 sent, 0 given up, 3 left\n"
    assert "check ROLLBAR_ACCESS_TOKEN and ROLLBAR_ENDPOINT" in said.err
    assert "--timeout" not in said.err
    assert len(spool.claim(9)) == 3
    spool.close()


def test_send_tries_again_while_there_is_time(spool: Spool, server: Loopback) -> None:
    """A server that fails for a moment does not cost a report."""
    server.script = [Reply(503)]

    assert main(["spool", "send"]) == 0
    assert len(server.requests) == 4
    spool.close()


def test_export_writes_bodies_as_lines(spool: Spool, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """To a private file, or to standard output; nothing is claimed or removed."""
    expected = [body("a", "title of a"), body("b", "title of b"), body("c")]

    assert main(["spool", "export", "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").read_bytes().splitlines() == expected
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert len(spool.claim(9)) == 3
    spool.close()


def test_export_goes_to_standard_output(spool: Spool, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """By default, as bytes; what is said besides goes to standard error."""
    spool.keep([Kept("d", 4, 0.0, b'{"data":\n"\xc3\xa4"}')])

    assert main(["spool", "export"]) == 0
    said = capfdbinary.readouterr()
    assert said.out.splitlines()[0] == b'{"data": "\xc3\xa4"}'
    assert (len(said.out.splitlines()), said.err) == (4, b"4 reports written\n")
    spool.close()


def test_export_to_where_nothing_can_be_written(
    spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told in one line."""
    assert main(["spool", "export", "--output", str(tmp_path / "no" / "out")]) == 1
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    spool.close()


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("Yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_clear_asks(
    spool: Spool, answer: str, left: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a yes removes anything."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))

    assert main(["spool", "clear"]) == (1 if left else 0)
    assert spool.contents().number == left
    assert "Remove 3 reports for good, 0 of them claimed? [y/N]" in capsys.readouterr().out
    spool.close()


def test_clear_without_asking(spool: Spool, capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--yes``."""
    assert main(["spool", "clear", "--yes"]) == 0
    assert capsys.readouterr().out == "3 reports removed\n"
    spool.close()


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "title", "body", "message", "trace", "trace_chain", "exception", "class"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.binary() | JSON.map(lambda value: json.dumps({"data": value}).encode()))
@example(b"[" * 100_000)
@example(b'{"data": {"title": "\\u001b[2J\\ud800"}}')
def test_a_title_is_one_short_line_whatever_is_kept(content: bytes) -> None:
    """Nothing in a body can break the table, or the terminal."""
    title = title_of(content)

    assert len(title) <= 80
    assert title.isprintable()


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({"body": {"message": {"body": "  a\nb  "}}}, "a b"),
        ({"title": "given", "body": {"message": {"body": "x"}}}, "given"),
        ({"body": {"trace": {"exception": {"class": "KeyError", "message": "'x'"}}}}, "KeyError: 'x'"),
        ({"body": {"trace_chain": [{"exception": {"class": "E"}}, {"exception": {"class": "F"}}]}}, "E"),
        ({"body": {"message": {"body": "x" * 99}}}, "x" * 77 + "..."),
    ],
)
def test_titles(data: object, title: str) -> None:
    """A report's own title, its message, or its outermost exception."""
    assert title_of(json.dumps({"data": data}).encode()) == title
