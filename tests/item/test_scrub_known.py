"""What a report shows to be a secret in one place is one in its other places, too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from tests.item.items import in_locals

SCRUBBER = Scrubber(fields=["x-internal-id"])
SECRET = "hunter2-3f9a"


def logged(template: str, args: Any, **locals_: Any) -> dict[str, Any]:
    """An item of a message with its arguments."""
    message = template % (tuple(args) if isinstance(args, list) else args)
    record = {"logger": "app", "template": template, "args": args}
    return {"title": message, "body": {"message": {"body": message}}, "custom": {"record": record, **locals_}}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"parameters": ["bob", SECRET]},
        {"rows": [["bob", [SECRET]]]},
        {"text": f"no user has the key {SECRET}."},
        {"text": f"(bob,{SECRET},7)"},
        {"url": f"https://h/reset/{SECRET}/"},
        {f"of {SECRET}": 1},
    ],
)
@pytest.mark.parametrize("named", [{"password": SECRET}, {"apiToken": SECRET}, {"pwd": f"b'{SECRET}'"}])
def test_a_named_secret_goes_elsewhere_too(named: dict[str, Any], elsewhere: dict[str, Any]) -> None:
    """A value under a secret's name is taken out of lists, texts and keys of the same report."""
    data = in_locals({**named, **elsewhere})
    data["body"]["trace"]["exception"] = {"class": "ValueError", "message": f"bad: {SECRET}"}

    clean, count = SCRUBBER.scrub(data)

    assert SECRET not in json.dumps(clean)
    assert count == 3
    assert SCRUBBER.scrub(clean) == (clean, 0)


def test_a_secret_of_letters_alone_goes_where_it_is_all_there_is() -> None:
    """A password that may be any word is taken out where a value is just that; in sentences the word stays."""
    data = in_locals({"password": "swordfish", "parameters": ["bob", "swordfish"], "about": "a swordfish, grilled"})

    clean, _ = SCRUBBER.scrub(data)

    held = clean["body"]["trace"]["frames"][0]["locals"]
    assert held == {"password": SCRUBBED, "parameters": ["bob", SCRUBBED], "about": "a swordfish, grilled"}


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ({"token": "function"}, "function"),
        ({"token": "x1"}, "x1"),
        ({"password": "required"}, "required"),
        ({"password": "is it required, and how long, 8?"}, "is it required, and how long, 8?"),
        ({"sig": "(self, arg1, arg2)"}, "(self, arg1, arg2)"),
        ({"password": SCRUBBED}, SCRUBBED),
        ({"token": "abc123"}, "xabc123, abc1234, 0abc123x"),
        ({"auth_token": "auth_token_2"}, "auth_token_2"),
    ],
)
def test_what_may_be_any_word_stays_elsewhere(named: dict[str, Any], other: str) -> None:
    """Words, short values, sentences and parts of longer words are left as they are."""
    clean, _ = SCRUBBER.scrub(in_locals({**named, "other": other}))

    assert clean["body"]["trace"]["frames"][0]["locals"]["other"] == other


def test_keys_of_the_schema_and_places_of_code_stay() -> None:
    """What Rollbar groups by is no place for secrets, and not changed for their sake."""
    data = in_locals({"password": "module_11", "path": "/srv/module_11/x.py"})
    frame = data["body"]["trace"]["frames"][0]
    frame.update(filename="/srv/module_11/x.py", method="module_11", code="login('module_11')")
    data |= {"uuid": "module_11", "environment": "module_11", "fingerprint": "module_11"}

    clean, _ = SCRUBBER.scrub(data)

    frame = clean["body"]["trace"]["frames"][0]
    assert (frame["filename"], frame["method"]) == ("/srv/module_11/x.py", "module_11")
    assert frame["code"] == f"login('{SCRUBBED}')"
    assert frame["locals"]["path"] == f"/srv/{SCRUBBED}/x.py"
    assert clean["uuid"] == clean["environment"] == clean["fingerprint"] == "module_11"


def test_a_line_of_code_is_not_remembered_as_harmless_for_it() -> None:
    """A line that once held a secret of a report is read again for the next."""
    scrubber = Scrubber()
    for _ in range(3):
        data = in_locals({"password": SECRET})
        data["body"]["trace"]["frames"][0]["code"] = f"login('{SECRET}')"
        assert SECRET not in json.dumps(scrubber.scrub(data)[0])


@pytest.mark.parametrize(
    ("template", "args"),
    [
        ("password: %s", ["correct horse battery"]),
        ("Password: '%s' of %s", ["correct horse", "bob"]),
        ("token: %s", ["function"]),
        ("secret=%r", ["two words"]),
        ("login of %(user)s with %(password)s", {"user": "bob", "password": "swordfish"}),
        ("invalid token %s", ["a8f5f167f44f4964e6c998dee827110c"]),
        ("session id %s of %s has ended", ["3f2b8c1d9e0a4b5c6d7e8f90", "bob"]),
    ],
)
def test_an_argument_goes_from_the_message_as_from_the_arguments(template: str, args: Any) -> None:
    """What a template shows to be a secret goes as a whole; so does an argument that the message shows to be one."""
    secret = args[0] if isinstance(args, list) else args["password"]

    clean, _ = SCRUBBER.scrub(logged(template, args))

    assert secret.split()[-1] not in json.dumps(clean)
    if "bob" in str(args):
        assert "bob" in clean["title"]
        assert "bob" in json.dumps(clean["custom"]["record"]["args"])


def test_other_arguments_stay() -> None:
    """Arguments beside a secret, and a secret's value where it is a word of the template, are left alone."""
    clean, _ = SCRUBBER.scrub(logged("token %s of token=%s for %s at 12:30", ["a", "token", "12:30"]))

    assert clean["title"] == f"token a of token={SCRUBBED} for 12:30 at 12:30"
    assert clean["custom"]["record"]["args"] == ["a", SCRUBBED, "12:30"]
