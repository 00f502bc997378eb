"""Secrets in any text, however broken: nothing is raised, and no text takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rollbar_logging.item.scrub import SCRUBBED
from tests.item.texts import CUT, PERSONAL, SCRUBBER, TOKEN

PIECES = [
    *"=:,;&?\"'()[]{}\\ \n-.%@…",
    *("password", "token", "Cookie", "Authorization", "api_key", "sid", "session id", "card number", "--", "://"),
    *(": ", " = ", '\\"', r"\n", "%3D", "%26", "b'", "f(", "%s", "=>", "None", "required", SCRUBBED, CUT, "Bearer "),
    *("hunter2", "x1y2z3k9", "u:p@h", "eyJhbGciOi", "eyJabc1234", "4111 1111 1111 1111", "ghp_abcdefgh12", TOKEN[:9]),
    *("-----BEGIN PRIVATE KEY-----", "MII", "-----END PRIVATE KEY-----", "x-internal-id", TOKEN, "a@b.c"),
    *(
        "form-data;",
        ' name="password"',
        "\r\n",
        "\r\n\r\n",
        r"\r\n\r\n",
        "--b0und",
        "curl ",
        " -u",
        " --user ",
        "bob:",
        " 1:1",
    ),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


@given(TEXTS)
@example("password=" * 3)
@example('token: "\\')
def test_no_text_raises_and_the_count_tells_whether_it_changed(text: str) -> None:
    """Any text, however broken: nothing is raised, and an unchanged text is the same object with a count of 0."""
    for scrub in (SCRUBBER.text, SCRUBBER.code, PERSONAL.text):
        clean, count = scrub(text)

        assert (count == 0) == (clean is text)


REPEATED = [
    *("a", "eyJ", "1 ", "://", "password=", "\"'", "4", "4-", "4111 ", "passpass_", "\\", '\\"', "-", "--a", "--a "),
    *("password: ", 'token: "', "token: '", "password=a( ", "password=(", "'password': {", "token:f(", "'token':f("),
    *("-----BEGIN PRIVATE KEY-----a", "-----BEGIN PRIVATE KEY-----a" + CUT, "://a:", "://a:b@", "@", "a@a.", "DE89 "),
    *("Bearer a1", "Basic abc", "sk-ant-", "ghp_", "eyJa.", "session id", "Cookie: a=b", "token%3D", "$password=$"),
    *("password=a,b,", "password=a&b=", "password : str, ", TOKEN[:8], '"password" ', "token = [", "('token', '"),
    *("<password>", "<password>a", "<pw a=", "<pw><![CDATA[", '"password" value="', "\np\n  [type=a, input_value="),
    *(
        "form-data;",
        "form-data;name=pin;",
        'form-data; name="pin"\n\n',
        'form-data; name="pin"\n\n\'',
        "form-data; name=pin\\n",
    ),
    *("form-data; name=pin\na\nb\nc", "--b\nform-data; name=pin\n\nx\n--b\n", "--\nform-data; name=pin\n\n%s"),
    *("curl -u a:b ", "curl -u a:'", "curl -u 1:'a.", " -u a:", " -uuuuuuuu", "user -u", "--user a:'", ".--user=1:1"),
    *("('password', 'token'), ", "['password','"),
    *("INSERT INTO u (password) VALUES ('a'), ", "INSERT INTO u (password) VALUES (", "INSERT INTO u (", "password, "),
    *(
        "Key (token)=(",
        "Key (token)=(a) already",
        "user x identified by '",
        "set password for ",
        "user identified with ",
    ),
    *("[SQL: SET password=?]\n[parameters: ('", "[SQL: SET password=?", "]\n[parameters: (", "[SQL: ", "password=?,"),
    *("-----END PRIVATE KEY-----", "A" * 32 + " a-----END PRIVATE KEY-----", "A" * 40 + "\n", "password=(\n'", "'\\"),
    *("password = \\\n'", "mysql -px ", "mysql -p", "docker login -p ", "%3A%2F%2Fa%3Ab%40", "%3A%2F%2F", "token 1a"),
]


def seconds(text: str) -> float:
    """The processor's time for a text, whatever it ends with."""
    began = time.thread_time()
    for ending in ("", "@", '"', "'", ")", CUT):
        PERSONAL.text(text + ending)
        SCRUBBER.code(text + ending)
    return time.thread_time() - began


@pytest.mark.parametrize("piece", REPEATED)
def test_time_grows_with_the_text_and_not_faster(piece: str) -> None:
    """Four times a text that was made to be slow takes some four times as long; with its square it would be sixteen."""
    text = piece * (10_000 // len(piece))

    assert any(seconds(text * 4) < 8 * seconds(text) for _ in range(5))  # one may be disturbed, not all
