"""Secrets away from their names: in the parts of forms, and behind the user of a login on a command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.scrub import SCRUBBED
from tests.item.texts import CUT, SCRUBBER, assert_gone, assert_stays

HEADER = 'Content-Disposition: form-data; name="{}"'
EMPTY = '--b0und\r\nContent-Disposition: form-data; name="user"\r\n\r\nbob\r\n'
FORM = EMPTY + "--b0und\r\n" + HEADER.format("password") + "\r\n\r\nhunter2\r\n--b0und--\r\n"

# Each text, and a part of it that must be gone.
FORMS = [
    (FORM, "hunter2"),
    (repr(FORM), "hunter2"),
    (repr(FORM.encode()), "hunter2"),
    (json.dumps({"body": FORM}), "hunter2"),
    (repr(json.dumps({"body": FORM})), "hunter2"),
    (FORM.replace("\r", ""), "hunter2"),
    (FORM.replace('"', ""), "hunter2"),
    (FORM.replace("form-data; name", "form-data;name"), "hunter2"),
    (FORM.replace('"password"', '"user[password]"'), "hunter2"),
    (FORM.replace('"password"', '"x-internal-id"'), "hunter2"),
    (FORM.replace('"password"', '"private_key"; filename="C:\\key.der"'), "hunter2"),
    (FORM.replace('"password"\r\n', '"password"\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n'), "hunter2"),
    (FORM.replace("hunter2", "first\r\n--\r\nhunter2"), "hunter2"),
    (FORM[: FORM.index("r2\r\n--b0und--")] + CUT, "hunte"),
    (repr(FORM.encode())[:-24] + "… [+99 bytes]", "hunter2"),
    (HEADER.format("password") + "\r\n\r\nhunter2", "hunter2"),
    (FORM + FORM.replace("hunter2", "zweig9"), "zweig9"),
]
LOGINS = [
    ("curl -u bob:hunter2 https://h/", "hunter2"),
    ("curl -ubob:hunter2 https://h/", "hunter2"),
    ("curl -sSu 'bob:hunter2' https://h/", "hunter2"),
    ("curl -u bob:'hun ter2' https://h/", "ter2"),
    ('curl -u "bob:hun\'ter2" https://h/', "ter2"),
    ('curl -u"bob:hun ter2" https://h/', "ter2"),
    ("curl -u DOMAIN\\bob:hunter2 x", "hunter2"),
    ("curl -u 1234:5678 x", "5678"),
    ("curl -u bob:hunter2" + CUT, "hunter2"),
    ("curl -x p:80 -U p:hunter2 --proxy-user q:zweig9 x", "zweig9"),
    ("['curl', '-u', 'bob:hunter2', 'https://h/']", "hunter2"),
    (r"{\"run\": \"curl -u bob:hunter2 x\"}", "hunter2"),
    ("run --user bob:hunter2 x", "hunter2"),
    ("run --user=bob:hunter2 x", "hunter2"),
    ("run --user 'bob:hun ter2' x", "ter2"),
]
HARMLESS = [
    EMPTY,
    FORM.replace("hunter2", ""),
    FORM.replace("hunter2", "%s"),
    FORM.replace("hunter2", "{password}"),
    FORM.replace('"password"', '"passwords"').replace("hunter2", "4711"),
    FORM.replace("\r\n\r\nhunter2", "\r\nhunter2"),
    FORM.replace('name="password"', '\r\nname="password"'),
    HEADER.format("password"),
    HEADER.format("password") + "\r\n\r\n",
    *("docker run --user 1000:1000 x", "docker run -u 1000:1000 x", "docker run --user app:app x"),
    *("git push -u origin main:main", "pip install --user git+https://github.com/org/repo", "systemctl --user: no"),
    *("curl -u bob x", "curl -u $USER:$PASS x", "curl -u %s:%s x", "curl -u <user>:<password> x"),
    *("  --user USER: whose it is", "a well-u:hunter2 curl", "curl -u bob: x"),
]
HARMLESS_CODE = [
    "run(f'curl -u {user}:{password} x')",
    "run('curl -u bob:' + password)",
    r"""body = 'form-data; name="password"\r\n\r\n' + password + '\r\n--b0und--'""",
    r"""body = f'form-data; name="password"\r\n\r\nx{password}\r\n--b0und--'""",
]


@pytest.mark.parametrize(("text", "secret"), FORMS + LOGINS)
def test_a_secret_away_from_its_name_is_taken_out(text: str, secret: str) -> None:
    """The value of a form's secret field and the password of a login are gone, however the text is written."""
    assert_gone(text, secret)


@pytest.mark.parametrize("text", HARMLESS)
def test_other_fields_and_options_stay(text: str) -> None:
    """Forms without a secret, groups of users, placeholders and options of other programs stay as they are."""
    assert_stays(text)


@pytest.mark.parametrize("line", HARMLESS_CODE)
def test_what_source_code_puts_together_stays(line: str) -> None:
    """In source code only a literal is a secret, not what a form or a command line is made of."""
    assert SCRUBBER.code(line) == (line, 0)


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("run('curl -u bob:hunter2 x')", f"run('curl -u bob:{SCRUBBED} x')"),
        (
            r"""b'--b\r\nform-data; name="password"\r\n\r\nhunter2\r\n--b--'""",
            rf"""b'--b\r\nform-data; name="password"\r\n\r\n{SCRUBBED}\r\n--b--'""",
        ),
    ],
)
def test_a_literal_in_source_code_is_taken_out(line: str, clean: str) -> None:
    """A form or a command line that is written out in source code loses its secret."""
    assert SCRUBBER.code(line) == (clean, 1)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (FORM, FORM.replace("hunter2", SCRUBBED)),
        (repr(FORM.encode()), repr(FORM.encode()).replace("hunter2", SCRUBBED)),
        ("curl -u bob:hunter2 https://h/", f"curl -u bob:{SCRUBBED} https://h/"),
        ("['curl', '-u', 'bob:hunter2']", f"['curl', '-u', 'bob:{SCRUBBED}']"),
    ],
)
def test_only_the_secret_goes(text: str, clean: str) -> None:
    """What stands around a secret stays readable: other fields, the user, the address."""
    assert SCRUBBER.text(text) == (clean, 1)


VALUES = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789-_~.+/!& ;,=\r\n", min_size=8)


@given(VALUES, st.sampled_from([str, repr, json.dumps, lambda text: repr(text.encode())]))
def test_the_value_of_a_secret_field_never_stays(value: str, written: Callable[[str], str]) -> None:
    """Any value in a form, several lines too, is gone, in whatever notation the form is written."""
    clean, _ = SCRUBBER.text(written(FORM.replace("hunter2", f"q7{value}z9")))

    assert "q7" not in clean
    assert "z9" not in clean
    assert "bob" in clean
