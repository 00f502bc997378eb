"""Any WSGI application: what escapes its call, its answer's iteration and its answer's ``close`` is reported.

    from rollbar_logging.integrations.wsgi import RollbarMiddleware

    application = RollbarMiddleware(application)

A report knows the request. Whom it concerns is in ``environ["rollbar_person"]``, a mapping with ``id`` and perhaps
``username`` and ``email``, if the application puts it there, or as `set_person` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rollbar_logging.capture import seen
from rollbar_logging.capture.context import current_person, current_request, set_request, swap_person
from rollbar_logging.integrations.unhandled import report_unhandled

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class RollbarMiddleware:
    """Gives each request to whatever is reported while it is answered, and reports what nobody catches; once.

    Put it around all other middleware. An answer that is a list, or a file for the server to send, is passed on as it
    is.

    Args:
        app: The application.
        logger: Name on the records.
    """

    def __init__(self, app: Application, *, logger: str = "wsgi") -> None:
        self._app = app
        self._logger = logger

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request as the application does."""
        before = current_request()
        if before is environ:  # there is another one around this one
            return self._app(environ, start_response)
        visit = _Visit(environ, self._logger, before)
        try:
            answer = self._app(environ, start_response)
        except BaseException as error:
            visit.fail(error)
            visit.leave()
            raise
        if _is_complete(answer, environ):
            visit.leave()
            return answer
        return _Answer(answer, visit)


class _Visit:
    """One request, from the application's call to the end of its answer."""

    __slots__ = ("_before", "_environ", "_logger", "_person_before", "_scope_before", "_since")

    def __init__(self, environ: Environ, logger: str, before: Any) -> None:
        self._environ = environ
        self._logger = logger
        self._before = before
        self._person_before = current_person()
        self._scope_before = seen.scope()
        self._since = seen.begin()
        set_request(environ)

    def fail(self, error: BaseException) -> None:
        """Report what the application has raised."""
        environ = self._environ
        message = f"Exception on {environ.get('PATH_INFO')} [{environ.get('REQUEST_METHOD')}]"
        # A framework may have put its own request, which knows more, in place of the environment.
        request = current_request() or environ
        report_unhandled(error, message, logger=self._logger, since=self._since, request=request)

    def leave(self) -> None:
        """Put back what was there before: the thread's next request concerns another person."""
        set_request(self._before)
        swap_person(self._person_before)
        seen.begin(self._scope_before)


class _Answer:
    """An application's answer, watched until the server closes it."""

    __slots__ = ("_answer", "_iterator", "_visit")

    def __init__(self, answer: Iterable[bytes], visit: _Visit) -> None:
        self._answer = answer
        self._visit = visit
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> _Answer:
        return self

    def __next__(self) -> bytes:
        try:
            if self._iterator is None:
                self._iterator = iter(self._answer)
            return next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._visit.fail(error)
            raise

    def close(self) -> None:
        """Close the answer, as the server has to in the end."""
        try:
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._visit.fail(error)
            raise
        finally:
            self._visit.leave()


def _is_complete(answer: Iterable[bytes], environ: Environ) -> bool:
    """Whether nothing of the application runs any more; servers know these and treat them better."""
    file_wrapper = environ.get("wsgi.file_wrapper")
    return type(answer) in {list, tuple} or (isinstance(file_wrapper, type) and isinstance(answer, file_wrapper))
