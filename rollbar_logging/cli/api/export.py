"""Occurrences into a file: JSON lines or CSV, and on from where an earlier export stopped."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from rollbar_logging.errors import RollbarError

if TYPE_CHECKING:
    from rollbar_logging.client import Occurrence

FORMATS = ("jsonl", "csv")

CSV_COLUMNS = (
    "id",
    "item_id",
    "timestamp",
    "uuid",
    "level",
    "environment",
    "title",
    "person_id",
    "host",
    "code_version",
    "url",
)

_BLOCK = 65_536


class Export(AbstractContextManager["Export"]):
    """A file that occurrences are written to, the newest first.

    Attributes:
        last_id: Id of the last occurrence that an earlier export has written; ``None``: there is none.
    """

    def __init__(self, path: str, kind: str, *, is_resumed: bool) -> None:
        """Open the file.

        Args:
            path: The file; ``-`` is standard output.
            kind: One of `FORMATS`.
            is_resumed: Whether the file is gone on with; what is left of a line that was cut short is removed.

        Raises:
            RollbarError: It cannot be written, or is no earlier export of that kind.
        """
        self._kind = kind
        self.last_id: int | None = None
        try:
            is_begun = is_resumed and Path(path).exists() and Path(path).stat().st_size > 0
            if is_begun:
                self.last_id = _last_id(Path(path), kind)
            self._file: TextIO = sys.stdout if path == "-" else _open(path, "a" if is_resumed else "w")
        except OSError as error:
            raise RollbarError(f"--output {path}: {error.strerror or error}") from error
        self._is_headed = is_begun or kind != "csv"

    def write(self, occurrence: Occurrence) -> None:
        """Write one."""
        if self._kind == "jsonl":
            self._file.write(json.dumps(dict(occurrence.raw)) + "\n")
            return
        writer = csv.writer(self._file, lineterminator="\n")
        if not self._is_headed:
            self._is_headed = True
            writer.writerow(CSV_COLUMNS)
        writer.writerow(_csv_row(occurrence))

    def __exit__(self, *_exception: object) -> None:
        self._file.flush()
        if self._file is not sys.stdout:
            self._file.close()


def _open(path: str, mode: Literal["a", "w"]) -> TextIO:
    # It holds what the reports hold: for its owner's eyes, where it is made here.
    existed = Path(path).exists()
    file = open(path, mode, encoding="utf-8", newline="")  # noqa: SIM115, PTH123 - closed by the export
    if not existed and Path(path).is_file():
        Path(path).chmod(0o600)
    return file


def _csv_row(occurrence: Occurrence) -> list[Any]:
    data = occurrence.data
    values = (
        occurrence.id,
        occurrence.item_id,
        occurrence.timestamp,
        data.get("uuid"),
        data.get("level"),
        data.get("environment"),
        occurrence.title,
        _under(data, "person", "id"),
        _under(data, "server", "host"),
        data.get("code_version"),
        _under(data, "request", "url"),
    )
    return [_cell(value) for value in values]


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: what was captured is not to be evaluated anywhere."""
    if not isinstance(value, str):
        return value
    # One row is one line, so that a file that was cut short can be gone on with.
    text = "".join(sign if sign.isprintable() else " " for sign in value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def _under(data: Mapping[str, Any], part: str, key: str) -> Any:
    mapping = data.get(part)
    return mapping.get(key) if isinstance(mapping, dict) else None


def _last_id(path: Path, kind: str) -> int | None:
    """Cut off an unfinished last line, and return the id on the one before it."""
    lines = _complete_tail(path)
    if not lines:
        return None
    try:
        if kind == "jsonl":
            return int(json.loads(lines[-1])["id"])
        rows = [row for row in csv.reader(io.StringIO("".join(lines))) if len(row) == len(CSV_COLUMNS)]
        return None if rows[-1][0] == CSV_COLUMNS[0] else int(rows[-1][0])
    except (ValueError, KeyError, TypeError, IndexError, csv.Error):
        raise RollbarError(f"--output {path} is no export of the format {kind}: give another file") from None


def _complete_tail(path: Path) -> list[str]:
    """Cut the file after its last line break; return the last lines, a block's worth or at least one."""
    with path.open("r+b") as file:
        size = file.seek(0, io.SEEK_END)
        tail, start = b"", size
        while start > 0 and tail.count(b"\n") < 2:  # noqa: PLR2004 - the end of the last line, and that of the one before
            start = max(start - _BLOCK, 0)
            file.seek(start)
            tail = file.read(size - start)
        end = tail.rfind(b"\n") + 1
        file.truncate(start + end)
    lines = tail[:end].decode("utf-8", "replace").splitlines(keepends=True)
    return lines[1:] if start > 0 else lines
