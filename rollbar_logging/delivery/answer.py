"""What a transport reports of one attempt: a value, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """The answer to one attempt to send an item.

    Attributes:
        status: HTTP status, or ``None`` when there was no answer.
        headers: The answer's headers by lower-case name.
        message: Rollbar's ``message``, or the beginning of a body that is no JSON; at most 300 characters.
        error: Why there was no answer, in words; ``None`` when there was one.
        was_sent: Whether the item may have reached the server although no answer came.
    """

    status: int | None
    headers: Mapping[str, str] = {}
    message: str = ""
    error: str | None = None
    was_sent: bool = True


class Transport(Protocol):
    """Carries bodies to Rollbar. Called from several threads at once.

    Write your own for tests or for other carriers and pass it as the option ``transport``.
    """

    def send(self, body: bytes, timeout: float) -> Answer:
        """Deliver one item: the JSON text of ``{"data": {…}}``, UTF-8.

        Args:
            body: At most ``max_payload_bytes`` bytes.
            timeout: Seconds that connecting, and reading, may take each.

        Returns:
            What came of it. Whatever goes wrong is an `Answer` too; the worker counts an exception
            raised here as an answer without a status.
        """

    def close(self) -> None:
        """Give back connections and files. May be called more than once."""
