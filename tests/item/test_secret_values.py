"""Secrets that a text gives away by itself: passwords in URLs, keys of services, signed tokens, numbers."""

from __future__ import annotations

import re

import pytest

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from rollbar_logging.item.secret_values import SHAPES, Shape
from tests.item.texts import CUT, PERSONAL, SCRUBBER, TOKEN, assert_gone, assert_stays

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+hunter2\n-----END RSA PRIVATE KEY-----"

# Each text, and a part of it that must be gone.
URLS = [
    ("postgres://bob:hunter2@db/x", "hunter2"),
    ("redis://:hunter2@h:6379/0", "hunter2"),
    ("postgresql+psycopg://u:p%40hunter2@h/db", "hunter2"),
    ("amqp://u:hun@ter2@h", "ter2"),
    ("mongodb://u:hunter/2@h1,h2/db?x=1", "hunter"),
    ("ftp://bob@example.com:hunter2@h/x", "hunter2"),
    ("celery: redis://:hunter2@h redis://:zweig9@i", "zweig9"),
    (r"https:\/\/u:hunter2@h", "hunter2"),
    ("https://a1b2c3d4e5f6a7b8c9d0e1f2@dev.azure.com", "a1b2"),
    ("GET https://h/p?token=hunter2&x=1", "hunter2"),
    ("/cb?a=1&access_token=hunter2", "hunter2"),
    ("/cb?sig=hunter2&pass=zweig9", "zweig9"),
    ("next=%2Fcb%3Ftoken%3Dhunter2%26x%3D1", "hunter2"),
    ("https://s3/x?X-Amz-Signature=hunter2", "hunter2"),
    ("postgres://bob:hunter2" + CUT, "hunter2"),
    ("postgres://bob:hunter2", "hunter2"),
    ("SplitResult(scheme='postgres', netloc='bob:hunter2@db:5432', path='/x')", "hunter2"),
]
SHAPED = [
    (JWT, "eyJ"),
    ("x " + JWT[:60] + CUT, "eyJ"),
    ("x " + JWT[:30] + CUT, "eyJ"),
    (JWT[:20], "eyJ"),
    (PEM, "MII"),
    (repr(PEM), "hunter2"),
    ("k = " + PEM[:50], "MII"),
    (repr(PEM)[:55] + CUT, "MII"),
    ("the " + TOKEN + " here", TOKEN),
    ("end " + TOKEN[:12] + CUT, TOKEN[:8]),
    ("end " + TOKEN[:9], TOKEN[:8]),
    (TOKEN[:9] + " " + TOKEN[:9], TOKEN[:9] + "\0"),
    ("card 4111 1111 1111 1111 ok", "1111"),
    ("4111-1111-1111-1111", "1111"),
    ("n=378282246310005.", "378282246310005"),
    ("3782 822463 10005", "3782"),
    ("2024 4111 1111 1111 1111", "4111"),
    ("4111 1111 11" + CUT, "4111"),
    ("b'card 4111 1111 1111'… [+100 bytes]", "4111"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_"),
    ("github_pat_11ABCDEFG0abcdefgh", "github_pat_"),
    ("glpat-abcdefgh12345678", "glpat"),
    ("xoxb-123456789-abcdef", "xoxb"),
    ("https://hooks.slack.com/services/T000/B000/XXXXsecret", "XXXX"),
    ("https://discord.com/api/webhooks/1234567890/abcdefgh-1", "abcdefgh"),
    ("sk_live_abcdefgh1234", "sk_live"),
    ("whsec_abcdefgh1234", "whsec"),
    ("AIzaSyD-abcdefghijklmnop1234567890abcde", "AIza"),
    ("sk-ant-api03-abcdefghijkl", "sk-ant"),
    ("sk-abcdefghij1234567890", "sk-"),
    ("npm_abcdefghijklmnop1234567890", "npm_"),
    ("pypi-AgEIcHlwaS5vcmc", "pypi"),
    ("SG.abcdefghijklmnopqrstuv.wxyz0123456789abcdef", "SG."),
    ("SK0123456789abcdef0123456789abcdef", "SK"),
    ("dop_v1_abcdef0123456789", "dop"),
    ("123456789:AAabcdefghijklmnopqrstuvw-xyz12345", "AAabc"),
    ("ya29.a0AfH6SMBabcdefgh", "ya29"),
    ("hf_abcdefghijklmnopqrst", "hf_"),
    ("shpat_0123456789abcdef", "shpat"),
    ("sq0atp-abcdefgh1234", "sq0atp"),
    ("dapi0123456789abcdef0123456789abcdef", "dapi"),
    ("dckr_pat_abcdefgh1234", "dckr"),
    ("sntrys_abcdefgh1234", "sntrys"),
    ("key-0123456789abcdef0123456789abcdef", "key-0"),
    ("AGE-SECRET-KEY-1QQQQQQQQQQ", "AGE-SECRET"),
    ("hvs.CAESIJabcdefghijklmnop", "hvs"),
    (r"'\nsk-ant-api03-abcdefghijkl'", "sk-ant"),
]

HARMLESS = r"""
call +4915112345678
Bearer authentication required
Basic usage of tokens
SplitResult(scheme='http', netloc='localhost:8000', path='/')
d4c7acef-55bf-4c9e-a95e-4fe9428a8287
12345678-1234-1234-1234-123456789012
2024-05-05T12:13:14.123456+00:00
20240505123456789
1700000000000000000
+49 171 1234567890
3da541559918a808c2402bba5012f6c60b27661c
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
4111111111111112
0.4111111111111111
http://localhost:8000
http://localhost:8000/a@b
see http://{host}:{port}/users/@me
git@github.com:org/repo.git
ssh://git@github.com/org/repo
https://user@host/x
task-abcdefghij1234567890
bob@example.com
DE89370400440532013000
""".strip().split("\n")


@pytest.mark.parametrize(("text", "secret"), URLS + SHAPED)
def test_a_secret_that_is_known_by_its_shape_is_taken_out(text: str, secret: str) -> None:
    """A secret that nothing else can be is gone, a cut one too."""
    assert_gone(text, secret)


@pytest.mark.parametrize(("text", "secret"), SHAPED)
def test_a_shape_is_known_in_source_code_too(text: str, secret: str) -> None:
    """What has the shape of a secret goes from source code as well."""
    assert secret not in SCRUBBER.code(text)[0]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_has_a_similar_shape_stays(text: str) -> None:
    """Identifiers, digests, dates, other numbers and URLs without a password stay as they are."""
    assert_stays(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgres://bob:hunter2@db/x", f"postgres://bob:{SCRUBBED}@db/x"),
        ("x " + PEM + " y", f"x {SCRUBBED} y"),
    ],
)
def test_only_the_secret_goes(text: str, clean: str) -> None:
    """What stands around a secret stays readable."""
    assert SCRUBBER.text(text) == (clean, 1)


def test_emails_and_ibans_go_only_when_chosen() -> None:
    """Addresses and sound account numbers go when asked for; a number with wrong check digits is none."""
    text = "bob@example.com, DE89 3704 0044 0532 0130 00, GB82WEST12345698765432, DE00 3704 0044 0532 0130 00"

    assert SCRUBBER.text(text) == (text, 0)
    assert PERSONAL.text(text) == (f"{SCRUBBED}, {SCRUBBED}, {SCRUBBED}, DE00 3704 0044 0532 0130 00", 3)


@pytest.mark.parametrize("token", [None, "", "a", "a1b2c3d"])
def test_an_access_token_too_short_to_tell_apart_is_left(token: str | None) -> None:
    """A token of a few letters would take half of every text with it."""
    assert Scrubber(access_token=token).text("a1b2c3d is a word") == ("a1b2c3d is a word", 0)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape_of_the_table_is_tried(shape: Shape) -> None:
    """Each kind of key in the table is among the texts above, so none of them is a rule that finds nothing."""
    assert any(re.search(shape.pattern, text) for text, _ in SHAPED)
