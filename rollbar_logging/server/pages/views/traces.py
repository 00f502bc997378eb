"""Exceptions and their frames: which are the application's, which are open, what the failing line uses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rollbar_logging.server.pages.views.values import Node, Room, names_in, tree_of
from rollbar_logging.server.pages.views.wording import mapping, sequence, text_of

OPEN_RAISING, OPEN_APPLICATION, OPEN_ALL = "raising", "application", "all"
OPENINGS = (OPEN_RAISING, OPEN_APPLICATION, OPEN_ALL)
"""Which frames a page opens with: the raising one, the application's, all."""

MOST_FRAMES = 300
_MOST_NODES = 4000
"""Of all frames together, the application's first: what one report can hold would keep a browser busy for long."""
_MANY = 10**9
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_SHOWN_APART = frozenset(
    (
        *("filename", "lineno", "colno", "method", "class_name", "code", "context", "locals"),
        *("argspec", "varargspec", "keywordspec", "repeated"),
    )
)

_LIBRARY = re.compile(
    r"(?:\A|[/\\])(?:site-packages|dist-packages|node_modules|vendor|gems|bower_components)[/\\]"
    r"|[/\\]lib(?:64|32)?[/\\](?:python|pypy|ruby|node|jvm)[\w.-]*[/\\]"
    r"|[/\\]Python\d+[/\\]Lib[/\\]|\A(?:node:|internal/|java\.|javax\.|sun\.|/usr/lib/|<frozen )",
    re.IGNORECASE,
)


class CodeLine(NamedTuple):
    """A line of source."""

    number: int | None
    text: str
    is_current: bool


class Frame(NamedTuple):
    """One call.

    Attributes:
        key: Names it on the page.
        filename: As it was sent.
        short: The end of it.
        line: The line's number as a text, with that of the column where it is told; empty when unknown.
        method: The function, with its class where that is told.
        code: The lines around the call, or none.
        failing: The line itself.
        local_values: The tree of its variables.
        extra: The tree of what else was sent with it, as values of arguments.
        repeated: How many more calls of a recursion it stands for.
        is_application: Whether it is the application's own.
        is_raising: Whether the exception came out of it.
        is_open: Whether the page shows it open.
    """

    key: str
    filename: str
    short: str
    line: str
    method: str
    code: tuple[CodeLine, ...]
    failing: str
    local_values: tuple[Node, ...]
    extra: tuple[Node, ...]
    repeated: int
    is_application: bool
    is_raising: bool
    is_open: bool


class FrameGroup(NamedTuple):
    """Neighbouring frames; those of libraries are folded together, all others stand alone."""

    frames: tuple[Frame, ...]
    is_folded: bool
    is_open: bool


class Trace(NamedTuple):
    """One exception of a chain.

    Attributes:
        anchor: Names it on the page.
        class_name: Of the exception.
        message: Its text.
        description: What the sender adds.
        is_cause: Whether it caused the one before it.
        groups: Its frames, the last call first.
        frame_count: Of all its frames.
        left_out: Frames that are not shown.
        lead: The first frame of interest: the last of the application's calls, else the raising one.
        extra: The tree of what else comes with it.
    """

    anchor: str
    class_name: str
    message: str
    description: str
    is_cause: bool
    groups: tuple[FrameGroup, ...]
    frame_count: int
    left_out: int
    lead: Frame | None
    extra: tuple[Node, ...]


def traces_of_body(body: Mapping[str, Any], *, root: str, language: str, opening: str) -> tuple[Trace, ...]:
    """Return the exceptions of a report, the last raised first.

    Args:
        body: The report's ``body``.
        root: The application's folder as the sender told it, or nothing.
        language: Of the program.
        opening: Which frames are open: one of `OPENINGS`.
    """
    chain = [mapping(trace) for trace in sequence(body.get("trace_chain"))]
    if not chain and body.get("trace"):
        chain = [mapping(body["trace"])]
    room = Room(_MOST_NODES)
    return tuple(_trace(trace, index, root, language, opening, room) for index, trace in enumerate(chain))


def is_application(filename: str, root: str) -> bool:
    """Whether a file is the application's own and no library's."""
    if _LIBRARY.search(filename):
        return False
    is_absolute = filename.startswith("/") or filename[1:3] == ":\\"
    return not root or not is_absolute or filename.startswith((root.rstrip("/") + "/", root.rstrip("\\") + "\\"))


def _trace(trace: Mapping[str, Any], index: int, root: str, language: str, opening: str, room: Room) -> Trace:
    error = mapping(trace.get("exception"))
    given = [mapping(frame) for frame in sequence(trace.get("frames"))]
    shown = list(reversed(given))[:MOST_FRAMES]
    bare = [
        _frame(frame, f"{index}-{position}", root, is_raising=position == 0) for position, frame in enumerate(shown)
    ]
    full = {
        frame.key: _with_values(frame, sent, language, room)
        for frame, sent in sorted(zip(bare, shown, strict=True), key=lambda pair: _is_folded(pair[0]))
    }
    opened = [full[frame.key]._replace(is_open=_is_open(frame, index, opening)) for frame in bare]
    own = next((frame for frame in opened if frame.is_application), None)
    return Trace(
        anchor=f"trace-{index}",
        class_name=text_of(error.get("class")) or "(no class)",
        message=text_of(error.get("message")),
        description=text_of(error.get("description")),
        is_cause=index > 0,
        groups=_groups(opened, opening),
        frame_count=len(given),
        left_out=len(given) - len(shown),
        lead=own or (opened[0] if opened else None),
        extra=tree_of({key: value for key, value in trace.items() if key not in {"frames", "exception"}}, language),
    )


def _is_open(frame: Frame, index: int, opening: str) -> bool:
    if opening == OPEN_ALL:
        return True
    if opening == OPEN_APPLICATION:
        return frame.is_application or frame.is_raising
    return frame.is_raising and index == 0


def _is_folded(frame: Frame) -> bool:
    return not (frame.is_application or frame.is_raising)


def _groups(frames: Sequence[Frame], opening: str) -> tuple[FrameGroup, ...]:
    groups: list[FrameGroup] = []
    for is_folded, each in groupby(frames, key=_is_folded):
        together = tuple(each)
        if is_folded:
            groups.append(FrameGroup(together, is_folded=True, is_open=opening == OPEN_ALL))
        else:
            groups += [FrameGroup((frame,), is_folded=False, is_open=True) for frame in together]
    return tuple(groups)


def _frame(frame: Mapping[str, Any], key: str, root: str, *, is_raising: bool) -> Frame:
    filename = text_of(frame.get("filename")) or "(no file)"
    line, column = text_of(frame.get("lineno")), text_of(frame.get("colno"))
    repeated = frame.get("repeated")
    class_name, method = text_of(frame.get("class_name")), text_of(frame.get("method"))
    return Frame(
        key=key,
        filename=filename,
        short=_short(filename, root),
        line=f"{line}:{column}" if line and column else line,
        method=f"{class_name}.{method}" if class_name and method else method or "?",
        code=_code(frame),
        failing=text_of(frame.get("code")).strip(),
        local_values=(),
        extra=(),
        repeated=repeated if isinstance(repeated, int) and 0 < repeated < _MANY else 0,
        is_application=is_application(filename, root),
        is_raising=is_raising,
        is_open=False,
    )


def _with_values(frame: Frame, sent: Mapping[str, Any], language: str, room: Room) -> Frame:
    used, extra = names_in(sent.get("code")), {key: each for key, each in sent.items() if key not in _SHOWN_APART}
    return frame._replace(
        local_values=tree_of(mapping(sent.get("locals")), language, used=used, arguments=_arguments(sent), room=room),
        extra=tree_of({key: each for key, each in extra.items() if each not in _EMPTY}, language, room=room),
    )


def _arguments(frame: Mapping[str, Any]) -> frozenset[str]:
    given = [*sequence(frame.get("argspec")), frame.get("varargspec"), frame.get("keywordspec")]
    return frozenset(name for name in given if isinstance(name, str))


def _short(filename: str, root: str) -> str:
    if root and filename.startswith(root.rstrip("/") + "/"):
        return filename[len(root.rstrip("/")) + 1 :]
    found = re.search(r"(?:site-packages|dist-packages|node_modules|lib/python[\d.]+)[/\\](.+)", filename, re.DOTALL)
    if found:
        return found[1]
    parts = filename.split("/")
    return "/".join(["…", *parts[-3:]]) if len(parts) > 5 else filename  # noqa: PLR2004 - what fits in a line


def _code(frame: Mapping[str, Any]) -> tuple[CodeLine, ...]:
    context = mapping(frame.get("context"))
    before, after = sequence(context.get("pre")), sequence(context.get("post"))
    if frame.get("code") is None and not before and not after:
        return ()
    lineno = frame.get("lineno")
    first = lineno - len(before) if isinstance(lineno, int) and not isinstance(lineno, bool) else None
    lines = [*((line, False) for line in before), (frame.get("code"), True), *((line, False) for line in after)]
    return tuple(
        CodeLine(None if first is None else first + index, text_of(line).rstrip("\r\n"), is_current)
        for index, (line, is_current) in enumerate(lines)
    )
