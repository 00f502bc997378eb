"""One report, easy to read: a view of the ``data`` that was sent.

Reads whatever a client of Rollbar may send, so nothing is taken for granted: what is missing is ``None`` or empty.
"""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple

_RECORDS = ("record", "rollbar_record")
"""Where in ``custom`` the record stands; the second where an application's own extra has the first one's name."""


class ReportedFrame(NamedTuple):
    """One frame of a reported traceback.

    Attributes:
        filename: Path of the file.
        lineno: Line in that file, from 1, or ``None``.
        method: Name of the function.
        code: The source line, or ``None``.
        locals: Local variables by name, as they were sent.
    """

    filename: str
    lineno: int | None
    method: str
    code: str | None
    locals: dict[str, Any]


class RaisedException(NamedTuple):
    """One reported exception.

    Attributes:
        class_name: Bare name of the class.
        module: Module of the class; ``None`` for built-in ones, and where the client did not send it.
        message: Text of the exception.
        frames: Its traceback, the oldest call first.
        notes: Its ``__notes__``.
    """

    class_name: str
    module: str | None
    message: str
    frames: tuple[ReportedFrame, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.class_name}: {self.message}" if self.message else self.class_name


class Report(NamedTuple):
    """A report as it was sent, or would have been: built, scrubbed, and cut to size.

    Attributes:
        raw: The ``data`` of the item.
        size: Bytes of the whole body.
    """

    raw: dict[str, Any]
    size: int

    @property
    def uuid(self) -> str:
        """The report's own id."""
        return str(self.raw.get("uuid", ""))

    @property
    def level(self) -> str | None:
        """One of ``debug``, ``info``, ``warning``, ``error``, ``critical``."""
        return self.raw.get("level")

    @property
    def title(self) -> str:
        """The title that was asked for; else, as Rollbar does it, the exception or the message's first line."""
        asked = self.raw.get("title")
        if asked:
            return str(asked)
        return str(self.exception) if self.exception else str(self.message or "").strip().partition("\n")[0]

    @property
    def message(self) -> str | None:
        """The text that was logged; that of the exception where only the exception was reported."""
        logged = _at(self.raw, "body", "message", "body")
        if logged is None and self._traces:
            logged = _at(self._traces[0], "exception", "description")
        if logged is None:
            return self.exception.message if self.exception is not None else None
        return str(logged)

    @property
    def exception(self) -> RaisedException | None:
        """The exception that was caught: the one raised last; ``None`` if a message was logged."""
        return next(iter(self.exceptions), None)

    @property
    def exceptions(self) -> tuple[RaisedException, ...]:
        """The exception and those that led to it, the last raised first."""
        return tuple(_exception(trace) for trace in self._traces)

    @property
    def frames(self) -> tuple[ReportedFrame, ...]:
        """The frames of `exception`, the oldest call first; empty without one."""
        return self.exception.frames if self.exception else ()

    @property
    def locals(self) -> dict[str, Any]:
        """The local variables where `exception` was raised."""
        return self.frames[-1].locals if self.frames else {}

    @property
    def custom(self) -> dict[str, Any]:
        """What the application told with the report: the record's ``extra``, and bound context variables."""
        return {name: value for name, value in self._custom.items() if name != self._record_name}

    @property
    def record(self) -> dict[str, Any]:
        """What is told of the log record: ``logger``, ``levelno``, ``template``, ``args``, ``pathname`` and so on."""
        return _mapping(self._custom.get(self._record_name))

    @property
    def logger(self) -> str | None:
        """Name of the logger."""
        return self.record.get("logger")

    @property
    def person(self) -> dict[str, Any] | None:
        """``id`` and perhaps ``username`` and ``email``."""
        return self.raw.get("person")

    @property
    def request(self) -> dict[str, Any] | None:
        """``url``, ``method``, ``headers`` and so on."""
        return self.raw.get("request")

    @property
    def context(self) -> str | None:
        """Which part of the application it was."""
        return self.raw.get("context")

    @property
    def fingerprint(self) -> str | None:
        """The grouping key, or ``None`` where Rollbar is to find one."""
        return self.raw.get("fingerprint")

    @property
    def environment(self) -> str | None:
        """Rollbar keeps items apart by it."""
        return self.raw.get("environment")

    @property
    def code_version(self) -> str | None:
        """Version of the application."""
        return self.raw.get("code_version")

    @property
    def framework(self) -> str | None:
        """Name of the framework."""
        return self.raw.get("framework")

    @property
    def place(self) -> str:
        """Where it comes from, ``file:line in function``; empty if unknown."""
        path, lineno, function = (self.record.get(name) for name in ("pathname", "lineno", "function"))
        if self.frames:
            path, lineno, function = self.frames[-1][:3]
        name = posixpath.basename(str(path or "").replace("\\", "/"))
        return f"{name}:{lineno} in {function}" if name else ""

    @property
    def _traces(self) -> list[dict[str, Any]]:
        body = _mapping(self.raw.get("body"))
        chain = body.get("trace_chain") or [body.get("trace")]
        return [trace for trace in chain if isinstance(trace, dict)] if isinstance(chain, list) else []

    @property
    def _custom(self) -> dict[str, Any]:
        return _mapping(self.raw.get("custom"))

    @property
    def _record_name(self) -> str:
        # The application's own "record" would have pushed the other one aside.
        return _RECORDS[1] if _RECORDS[1] in self._custom else _RECORDS[0]

    def __getattr__(self, name: str) -> Any:
        if name in self.custom:
            raise AttributeError(f"a report has no {name!r} of its own, but its custom has: report.custom[{name!r}]")
        raise AttributeError(f"a report has no {name!r}")

    def __repr__(self) -> str:
        where = f" ({self.place})" if self.place else ""
        return f"<Report {self.level} {_short(self.title)!r}{where}>"


def _exception(trace: dict[str, Any]) -> RaisedException:
    said, extra = _mapping(trace.get("exception")), _mapping(trace.get("extra"))
    frames, notes = trace.get("frames"), extra.get("notes")
    return RaisedException(
        str(said.get("class", "")),
        extra.get("module"),
        str(said.get("message") or ""),
        tuple(_frame(frame) for frame in frames if isinstance(frame, dict)) if isinstance(frames, list) else (),
        tuple(map(str, notes)) if isinstance(notes, list) else (),
    )


def _frame(frame: dict[str, Any]) -> ReportedFrame:
    return ReportedFrame(
        str(frame.get("filename", "")),
        frame.get("lineno"),
        str(frame.get("method", "")),
        frame.get("code"),
        _mapping(frame.get("locals")),
    )


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = _mapping(value).get(name)
    return value


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _short(text: str, limit: int = 100) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
