"""Items in forms of several parts, as ``curl -F payload=…`` sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.multipart import is_multipart, multipart_fields
from tests.server.conftest import Caller, item

NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="utf-8"), max_size=30)


def written(fields: dict[str, str], boundary: bytes = b"--x7") -> bytes:
    """Write a form as clients do."""
    parts = [
        b'%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (boundary, name.encode(), value.encode())
        for name, value in fields.items()
    ]
    return b"".join(parts) + boundary + b"--\r\n"


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5))
def test_what_was_written_is_read(fields: dict[str, str]) -> None:
    """Whatever is in a field, line breaks and hyphens among it."""
    assert multipart_fields(written(fields), 10) == fields


def test_the_name_is_the_fields_and_not_the_files() -> None:
    """A file's name stands beside that of its field, and before it where a client puts it there."""
    body = b'--b\r\ncontent-disposition: form-data; filename="f"; name="payload"\r\nA: b\r\n\r\n{}\r\n--b--'
    assert multipart_fields(body, 1) == {"payload": "{}"}


@pytest.mark.parametrize(
    "body",
    [
        b"--",
        b"--b",
        b"--b\r\n\r\n",
        b'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{"data": {}}',
        written({"a": "1", "b": "2", "c": "3"}),
    ],
)
def test_what_has_no_end_or_too_many_fields_is_refused(body: bytes) -> None:
    """A form that was cut short must not pass for a whole one."""
    assert is_multipart(body)
    with pytest.raises(Refused) as refused:
        multipart_fields(body, 2)
    assert refused.value.status == 400


@pytest.mark.parametrize("kind", [None, "application/x-www-form-urlencoded"])
def test_a_form_of_several_parts_passes_item_and_token(caller: Caller, kind: str | None) -> None:
    """By what it is, whatever the content type calls it."""
    fields: dict[str, Any] = {
        "access_token": (None, caller.server.tokens["post_server_item"]),
        "payload": (None, json.dumps(item("ä & b"), ensure_ascii=False)),
    }
    headers = {} if kind is None else {"Content-Type": kind}
    answer = caller.session.post(f"{caller.server.endpoint}item/", files=fields, headers=headers)

    assert answer.status_code == 200
    assert caller.server.occurrences()[0].title == "ä & b"


def test_a_form_without_a_payload_is_answered_400(caller: Caller) -> None:
    """As any other body that holds no item."""
    files = {"data": (None, json.dumps(item()["data"]))}
    headers = {"X-Rollbar-Access-Token": caller.server.tokens["post_server_item"]}
    answer = caller.session.post(f"{caller.server.endpoint}item/", files=files, headers=headers)

    assert (answer.status_code, answer.json()) == (400, {"err": 1, "message": "Bad request"})
