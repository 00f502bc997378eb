"""Secrets in lines of source code: within its strings, over several lines, and keys of which a window shows a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from rollbar_logging.item.source import SourceLines

SCRUBBER = Scrubber()


@pytest.mark.parametrize(
    "line",
    [
        'conn = connect("host=localhost user=bob password=hunter2 dbname=x")',
        "conn = connect('Server=x;Uid=bob;Pwd=hunter2;')",
        'e = {"rawQueryString":"api_key=hunter2&x=1"}',
        "requests.post(url, data='password=hunter2')",
        'headers = ["Authorization: Token hunter2", "Cookie: sessionid=hunter2"]',
        'config = """password=hunter2',
        'print(f"password={password} token=hunter2")',
        'run(["java", "-password", "hunter2"])',
    ],
)
def test_a_secret_within_a_string_goes(line: str) -> None:
    """In a string of source code a tight pair or a header is read as data are."""
    clean, _ = SCRUBBER.code(line)

    assert "hunter2" not in clean
    assert SCRUBBED in clean


@pytest.mark.parametrize(
    "code",
    [
        'password=(\n    "hunter2"\n)',
        'password = (\n    # as of May\n    "hunter2"\n    "hunter2"\n)',
        '{\n    "password":\n        "hunter2",\n}',
        'password = \\\n    "hunter2"',
        '"secrets": [\n    "hunter2-1",\n    "hunter2-2",\n]',
        'API_KEYS = {\n    "a": "hunter2-1",\n}',
    ],
)
def test_a_secret_in_the_next_line_goes(code: str) -> None:
    """A literal may stand in a line of its own, behind the name and a bracket or a backslash."""
    assert "hunter2" not in SCRUBBER.code(code)[0]


@pytest.mark.parametrize(
    "code",
    [
        'class Token:\n    """What the parser takes at a time, 1 by 1."""',
        'class Secret:\n    """A thing."""',
        "token = (\n    make_token()\n)",
        "password = \\\n    ask()",
        'assert "password=" in text',
        'text.replace("token=", "")',
        'f"{login(password=pw)}"',
        'PATTERN = r"token=(\\w+)&password=[^&]+&secret=\\S+"',
        'x = "WHERE token=$1 AND password=%(password)s AND secret=:secret"',
        'log.info("password=%s token={}")',
        'help="the Authorization: header"',
        "login(token=tok)  # it's the user's token",
    ],
)
def test_what_is_no_literal_of_a_secret_stays(code: str) -> None:
    """Docstrings, calls, templates and patterns are code."""
    assert SCRUBBER.code(code) == (code, 0)


KEY = "MIIEpAIBAAKCAQEAx2Kq0v8f7Qw3m1kZ0r5T9y6U4i2O8p0A1s3D5f7G9h1J3k5L"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n{KEY[::-1]}\nAb9=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("at", range(1, 13))
def test_lines_of_a_private_key_are_not_shown(tmp_path: Path, at: int) -> None:
    """Whichever part of a key the lines around a frame show, none of it is sent; the code beside it is."""
    path = tmp_path / "keys.py"
    code = f'A = 1\nKEY = """{PEM}"""\nB = 2\n\ndef f():\n    return 1 / 0\n'
    path.write_text(code, encoding="utf-8")

    found = SourceLines(clean=lambda lines: SCRUBBER.code(lines)[0]).around(str(path), min(at, code.count("\n")))

    assert found is not None
    shown = "\n".join([found[0], *found[1], *found[2]])
    assert KEY[20:] not in shown
    assert KEY[::-1][:20] not in shown
    assert ("return 1 / 0" in shown) == (at >= 6)


@pytest.mark.parametrize("end", ["\n", "\\n", "\\\\n", "\r\n"])
def test_the_end_of_a_private_key_goes_without_its_beginning(end: str) -> None:
    """Of a key whose beginning was not kept, what is left goes; what stands before it stays."""
    tail = end.join([KEY, KEY[::-1], "Ab9=", "-----END PRIVATE KEY-----"])

    assert SCRUBBER.text(f"the rest: {tail}, they say") == (f"the rest: {SCRUBBED}, they say", 1)
    assert SCRUBBER.text("no -----END PRIVATE KEY----- was found")[1] == 0


def test_the_lines_of_a_private_key_go_from_a_list() -> None:
    """A key as a list of its lines is a key."""
    lines = ["# mine", *PEM.split("\n"), "# and that was it"]

    clean, count = SCRUBBER.scrub({"custom": {"lines": lines}})

    assert clean["custom"]["lines"] == ["# mine", *[SCRUBBED] * 5, "# and that was it"]
    assert count == 5


def test_a_private_key_in_a_url_goes() -> None:
    """As forms send it, with plus signs and escapes."""
    text = f"key=-----BEGIN+RSA+PRIVATE+KEY-----%0A{KEY}%0A-----END+RSA+PRIVATE+KEY-----%0A&a=1"

    assert SCRUBBER.text(text) == (f"key={SCRUBBED}%0A&a=1", 1)
    assert KEY not in SCRUBBER.text(text.replace("+", "%20"))[0]
