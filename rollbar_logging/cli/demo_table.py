"""What the demo shows in the end: looked up in what the server stored, and put into a table. Pure."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbar_logging.settings import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from rollbar_logging.server import ReceivedOccurrence

WIDTH = 100
_CAPTURE_NOTE = re.compile(r"\[\+(\d+) (chars|bytes|items|variables)\]")
_COLUMNS = ("failure", "logged", "arrived", "bytes", "scrubbed", "cut", "deferred")


class Row(NamedTuple):
    """What one scene logged, and what of it arrived.

    Attributes:
        title: Of the scene.
        logged: Records.
        uuids: Of those that arrived.
        body_bytes: Of all their bodies.
        largest: Bytes of the largest body.
        scrubbed: Secrets taken out.
        cut_at_capture: What the bounds of captured values left out, by unit.
        cut_to_fit: What was cut because the body was too large, by part and in words.
        deferred: Reports that were put back because of a 429, once for each time.
    """

    title: str
    logged: int
    uuids: tuple[str, ...]
    body_bytes: int
    largest: int
    scrubbed: int
    cut_at_capture: Mapping[str, int]
    cut_to_fit: Mapping[str, str]
    deferred: int

    @property
    def arrived(self) -> int:
        """How many reports arrived."""
        return len(self.uuids)

    @property
    def cut(self) -> int:
        """In how many ways something was cut."""
        return len(self.cut_at_capture) + len(self.cut_to_fit)


def row_of(title: str, uuids: Sequence[str | None], arrived: Mapping[str, ReceivedOccurrence], deferred: int) -> Row:
    """Look up what became of a scene's records.

    Args:
        title: Of the scene.
        uuids: Of its records; ``None`` for one that was not taken.
        arrived: What the server stored, by uuid.
        deferred: As the handler counts it.
    """
    found = [arrived[uuid] for uuid in uuids if uuid is not None and uuid in arrived]
    diagnostics = [occurrence.data["notifier"].get("diagnostic", {}) for occurrence in found]
    at_capture: Counter[str] = Counter()
    to_fit: dict[str, str] = {}
    for occurrence, diagnostic in zip(found, diagnostics, strict=True):
        for number, unit in _CAPTURE_NOTE.findall(text_of(occurrence.data)):
            at_capture[unit] += int(number)
        to_fit.update(diagnostic.get("truncation", {}))
    return Row(
        title,
        len(uuids),
        tuple(occurrence.uuid for occurrence in found),
        sum(occurrence.body_bytes for occurrence in found),
        max((occurrence.body_bytes for occurrence in found), default=0),
        sum(diagnostic.get("scrubbed", 0) for diagnostic in diagnostics),
        at_capture,
        to_fit,
        deferred,
    )


def text_of(data: Mapping[str, Any]) -> str:
    """Return all that arrived of a report as one text."""
    return json.dumps(data, ensure_ascii=False)


def faults_of(row: Row, expected: Iterable[str]) -> list[str]:
    """Tell in words what is not as it should be.

    Args:
        row: Of one scene.
        expected: The columns that must not be empty.
    """
    faults = []
    if row.arrived < row.logged:
        faults.append(f"{row.logged - row.arrived} of {row.logged} did not arrive")
    if row.largest > MAX_PAYLOAD_BYTES:
        faults.append(f"a body of {row.largest:,} bytes is larger than {MAX_PAYLOAD_BYTES:,}")
    faults += [f"nothing was {result}" for result in expected if not getattr(row, result)]
    return [f"{row.title}: {fault}" for fault in faults]


def table(rows: Sequence[Row]) -> str:
    """Return one line for each row, and one for their sum."""
    total = ("all", *(sum(column) for column in zip(*(_numbers(row) for row in rows), strict=True)))
    cells = [(row.title, *_numbers(row)) for row in rows]
    lines = [_COLUMNS, *(tuple(_shown(cell) for cell in line) for line in [*cells, total])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    texts = [
        "  ".join(
            [title.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
        )
        for title, *numbers in lines
    ]
    rule = "-" * len(texts[0])
    return "\n".join([texts[0], rule, *texts[1:-1], rule, texts[-1]])


def _numbers(row: Row) -> tuple[int, ...]:
    return row.logged, row.arrived, row.body_bytes, row.scrubbed, row.cut, row.deferred


def _shown(cell: str | int) -> str:
    return cell if isinstance(cell, str) else f"{cell:,}" if cell else "-"


def cuts(rows: Iterable[Row]) -> str:
    """Return what was cut, in words: a paragraph for each row that lost something."""
    paragraphs = []
    for row in rows:
        words = [f"{part}: {note}" for part, note in row.cut_to_fit.items()]
        if row.cut_at_capture:
            words.insert(
                0, ", ".join(f"{number:,} {unit}" for unit, number in row.cut_at_capture.items()) + " at capture"
            )
        if words:
            paragraphs.append(
                textwrap.fill(f"{row.title}: {'; '.join(words)}", WIDTH, initial_indent="  ", subsequent_indent="    ")
            )
    return "\n".join(paragraphs)
