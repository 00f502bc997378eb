"""What can go wrong between this program and the API: one class for each status that means something of its own."""

from __future__ import annotations

from datetime import datetime

from rollbar_logging.errors import RollbarError


class ApiError(RollbarError):
    """A call was not answered as it should have been; base of all below.

    Attributes:
        status: HTTP status; 0, when there was no answer.
        message: What the API said, or what happened. The access token is never in it.
        method: Of the call.
        path: Of the call, below the endpoint.
    """

    def __init__(self, status: int, message: str, method: str, path: str) -> None:
        super().__init__(f"{method} {path}: {f'{status} ' if status else ''}{message}")
        self.status = status
        self.message = message
        self.method = method
        self.path = path

    def __reduce__(self) -> tuple[type[ApiError], tuple[object, ...]]:
        return type(self), (self.status, self.message, self.method, self.path)


class BadRequest(ApiError):  # noqa: N818 - named as the status is
    """400: the call could not be understood."""


class AccessDenied(ApiError):  # noqa: N818 - likewise
    """401 or 403: there is no such token, it is disabled, or it lacks the scope."""


class NotFound(ApiError):  # noqa: N818 - likewise
    """404: no such object, or no such call."""


class Conflict(ApiError):  # noqa: N818 - likewise
    """409: the object's state does not allow it, as of a deploy that has finished."""


class TooLarge(ApiError):  # noqa: N818 - likewise
    """413: the body is larger than the API takes."""


class Unprocessable(ApiError):  # noqa: N818 - likewise
    """422: understood, but something is missing or of the wrong kind."""


class RateLimited(ApiError):  # noqa: N818 - likewise
    """429: the token's calls of this window are used up, and waiting for the next one would take too long.

    Attributes:
        wait: Seconds until the window ends, as the API said, or 60 where it did not.
        resets_at: When that is, in UTC.
    """

    def __init__(self, message: str, method: str, path: str, wait: float, resets_at: datetime) -> None:
        super().__init__(429, message, method, path)
        self.wait = wait
        self.resets_at = resets_at

    def __reduce__(self) -> tuple[type[ApiError], tuple[object, ...]]:
        return type(self), (self.message, self.method, self.path, self.wait, self.resets_at)


class ServerError(ApiError):
    """500 and more, or an answer that is none of the API's: something between here and there has failed."""


class Unreachable(ApiError):  # noqa: N818 - likewise
    """There was no answer: refused, cut off, or not within the timeout."""


def error_class(status: int) -> type[ApiError]:
    """Return the class of the error for a status of 400 or more; that of 429 is made in another way."""
    if status in _CLASSES:
        return _CLASSES[status]
    return BadRequest if status < 500 else ServerError  # noqa: PLR2004 - the protocol's number


_CLASSES: dict[int, type[ApiError]] = {
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Unprocessable,
}
