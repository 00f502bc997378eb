"""What the server says: the API's envelope, to the byte.

Success is ``{"err": 0, "result": …}``, an error is ``{"err": 1, "message": …}`` with a status of 400
or more. Bodies are indented by two spaces, without a final newline. Source: the lengths of recorded
answers of the public API.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

MEDIA_TYPE = "application/json; charset=utf-8"

CORS_HEADERS: tuple[tuple[str, str], ...] = (
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-origin", "*"),
)
"""On every answer of the API, refusals too; never on the pages, which nobody else's page may read."""


class Answer(NamedTuple):
    """One finished answer.

    Attributes:
        status: HTTP status.
        body: The body as it is sent.
        headers: Headers beside the content's type and length, and those of `CORS_HEADERS`.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):  # noqa: N818 - the call is refused; the server is not in error
    """The call gets an error for an answer.

    Attributes:
        status: HTTP status, 400 or more.
        message: What the answer's ``message`` says.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


def render(payload: Any) -> bytes:
    """Turn *payload* into the text of an answer: ASCII, so that no broken character can spoil it."""
    return json.dumps(payload, indent=2).encode("ascii")


def success(result: Any) -> Answer:
    """Answer 200 with a result."""
    return Answer(200, render({"err": 0, "result": result}))


def done() -> Answer:
    """Answer 200 without a result."""
    return Answer(200, render({"err": 0}))


def item_taken(uuid: str) -> Answer:
    """Answer 200 to an item: the same as `success`, several times as fast."""
    return Answer(
        200,
        f'{{\n  "err": 0,\n  "result": {{\n    "id": null,\n    "uuid": {json.dumps(uuid)}\n  }}\n}}'.encode("ascii"),
    )


def failure(status: int, message: str) -> Answer:
    """Answer with an error.

    Double quotes become single ones: clients exist that cut the message out of the text by a pattern.
    """
    return Answer(status, render({"err": 1, "message": message.replace('"', "'")}))
