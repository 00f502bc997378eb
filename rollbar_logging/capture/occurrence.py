"""What was captured of one record: plain data, nothing that belongs to the application.

Named tuples, because they are immutable and the cheapest objects to make that still name their parts.
A *plain* value is ``None``, ``bool``, ``int``, ``float`` (finite), ``str``, or a ``list`` or a
``dict`` with ``str`` keys of plain values: what `capture.values` makes of anything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Plain = Any
"""A plain value; see the module's docstring."""


PLACE = ("pathname", "lineno", "function", "process", "process_name", "thread", "thread_name")
"""What the parts of `Occurrence.place` are."""


class Code(NamedTuple):
    """What frames of the same code have in common.

    Attributes:
        filename: Path of the file, as the code object has it.
        method: Name of the function.
        class_name: Class that the function is defined in, where known (Python 3.11 and newer).
        argspec: Names of the named parameters.
        varargspec: Name of the ``*args`` parameter, or ``None``.
        keywordspec: Name of the ``**kwargs`` parameter, or ``None``.
    """

    filename: str
    method: str
    class_name: str | None = None
    argspec: tuple[str, ...] = ()
    varargspec: str | None = None
    keywordspec: str | None = None


class Frame(NamedTuple):
    """One frame of a traceback.

    Attributes:
        code: File and function.
        lineno: Line in that file, from 1; ``None`` if unknown.
        locals: Local variables by name, or ``None`` when they were not captured.
        repeated: How many more times in a row the same frame stood here (a recursion, folded).
        hidden: How many frames between this one and the next were left out.
    """

    code: Code
    lineno: int | None
    locals: dict[str, Plain] | None = None
    repeated: int = 0
    hidden: int = 0


class Trace(NamedTuple):
    """One exception of a chain.

    Attributes:
        class_name: The exception's class, by its bare name.
        module: The module of that class.
        message: ``str()`` of the exception, bounded.
        frames: Oldest call first.
        notes: The exception's ``__notes__``, bounded.
        is_raised: ``False`` for an exception that never was raised and has no traceback of its own.
        attributes: What else the exception carries (``errno``, ``SyntaxError``'s place, ...).
    """

    class_name: str
    module: str
    message: str
    frames: tuple[Frame, ...] = ()
    notes: tuple[str, ...] = ()
    is_raised: bool = True
    attributes: dict[str, Plain] = {}  # noqa: RUF012 - never changed: an empty one for all


class Occurrence(NamedTuple):
    """One record with its exception and surroundings.

    Attributes:
        uuid: UUID4 with dashes; stays the same however often delivery is tried.
        created: Unix seconds of the log call.
        level: Rollbar level.
        levelno: The record's own level.
        logger: Name of the logger.
        message: The formatted text, bounded.
        template: The text before formatting, when the record had arguments; a structlog event name.
        place: Where the log call stands and in which process and thread; see `PLACE`.
        task_name: Name of the running asyncio task.
        args: The arguments of the template as plain values, or ``None``.
        extras: The record's ``extra`` and bound context variables, by name.
        chain: Exceptions, the last raised first; empty for a plain message.
        members: The further members of an exception group, each ``{"class", "message", "place"}``.
        stack: Text of ``stack_info``.
        person: ``id`` and perhaps ``username`` and ``email``.
        request: Rollbar's ``data.request``, not scrubbed yet.
        overrides: ``fingerprint``, ``title`` and ``context`` asked for by the record.
        payload: Further keys of ``data`` asked for by the record (pyrollbar's ``payload_data``).
        size: Estimate of the bytes that this object takes in memory.
        telemetry: What was logged before, the oldest first.
    """

    uuid: str
    created: float
    level: str
    levelno: int
    logger: str
    message: str
    template: str | None
    place: tuple[Plain, ...]
    task_name: str | None = None
    args: Plain = None
    extras: dict[str, Plain] = {}  # noqa: RUF012 - never changed: an empty one for all
    chain: tuple[Trace, ...] = ()
    members: tuple[dict[str, Plain], ...] = ()
    stack: str | None = None
    person: dict[str, Plain] | None = None
    request: dict[str, Plain] | None = None
    overrides: dict[str, str] = {}  # noqa: RUF012 - likewise
    payload: dict[str, Plain] = {}  # noqa: RUF012 - likewise
    size: int = 0
    telemetry: tuple[dict[str, Plain], ...] = ()
