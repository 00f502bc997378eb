"""What the tests of secrets in text have in common."""

from __future__ import annotations

from rollbar_logging.item.scrub import SCRUBBED, Scrubber

TOKEN = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
CUT = "… [+100 chars]"
"""What stands behind a text that was cut."""

SCRUBBER = Scrubber(access_token=TOKEN, fields=["X-Internal-Id"])
PERSONAL = Scrubber(emails=True, ibans=True)


def assert_gone(text: str, secret: str) -> None:
    """See that a secret is taken out of a text, and that going through the text again changes nothing."""
    clean, count = SCRUBBER.text(text)

    assert secret not in clean
    assert SCRUBBED in clean
    assert count >= 1
    assert SCRUBBER.text(clean) == (clean, 0)


def assert_stays(text: str) -> None:
    """See that a text stays as it is, the same object, be it data or source code."""
    assert SCRUBBER.text(text)[0] is text
    assert SCRUBBER.text(text)[1] == 0
    assert SCRUBBER.code(text)[0] is text
