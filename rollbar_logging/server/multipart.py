"""Forms of several parts, understood by their own first line, not by the ``Content-Type``. Pure.

For the posting of items, where a form holds the field ``payload`` and perhaps ``access_token``; the other calls,
which take files, read theirs with Starlette's parser.
"""

from __future__ import annotations

import re

from rollbar_logging.server.answers import Refused

_NAME = re.compile(rb';\s*name="([^"]*)"', re.IGNORECASE)


def is_multipart(body: bytes) -> bool:
    """Whether a body is such a form: neither JSON nor another form begins with two hyphens."""
    return body.startswith(b"--")


def multipart_fields(body: bytes, most: int) -> dict[str, str]:
    """Read a form's fields; of two of the same name the later one counts.

    Args:
        body: From its first boundary on.
        most: Fields that it may have.

    Raises:
        Refused: 400, when it has more, or has no end.
    """
    boundary = b"\r\n" + body.partition(b"\r\n")[0]
    _, *parts = (b"\r\n" + body).split(boundary, most + 1)
    if not parts or not parts[-1].startswith(b"--"):
        raise Refused(400, "Bad request")
    fields: dict[str, str] = {}
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if named := _NAME.search(head):
            fields[named[1].decode("utf-8", "replace")] = content.decode("utf-8", "replace")
    return fields
