"""What is found out about a call while it is answered, for the line that the access log writes about it."""

from __future__ import annotations

from contextvars import ContextVar


class CallNote:
    """One call's note.

    Attributes:
        token_name: Name of the token that it passed.
    """

    __slots__ = ("token_name",)

    def __init__(self) -> None:
        self.token_name: str | None = None


CALL_NOTE: ContextVar[CallNote | None] = ContextVar("rollbar_call_note", default=None)
"""The note of the call that the current task answers; none without an access log."""
