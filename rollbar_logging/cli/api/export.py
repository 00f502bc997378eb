"""Occurrences into a file: JSON lines or CSV, and on from where an earlier export stopped."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

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

_CSV_HEAD = (",".join(CSV_COLUMNS) + "\n").encode()
_BLOCK = 65_536


class Export(AbstractContextManager["Export"]):
    """A file that occurrences are written to, the newest first; what it held goes with the first one.

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
        self._path = path
        self._kind = kind
        self.last_id: int | None = None
        with self._failing():
            is_begun = is_resumed and Path(path).exists() and Path(path).stat().st_size > 0
            if is_begun:
                self.last_id = _last_id(Path(path), kind)
            self._file: TextIO = sys.stdout if path == "-" else _open(path)
        self._is_old = path != "-" and not is_resumed and Path(path).is_file()
        self._is_headed = self.last_id is not None or kind != "csv"

    def write(self, occurrence: Occurrence) -> None:
        """Write one.

        Raises:
            RollbarError: It cannot be written.
        """
        with self._failing():
            self._begin()
            if self._kind == "jsonl":
                self._file.write(json.dumps(occurrence.raw) + "\n")
                return
            writer = csv.writer(self._file, lineterminator="\n")
            if not self._is_headed:
                self._is_headed = True
                writer.writerow(CSV_COLUMNS)
            writer.writerow(_csv_row(occurrence))

    def _begin(self) -> None:
        if self._is_old:
            self._is_old = False
            self._file.truncate(0)

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        with self._failing():
            try:
                if kind is None:
                    self._begin()
                self._file.flush()
            finally:
                if self._file is not sys.stdout:
                    self._file.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise RollbarError(f"--output {self._path}: {error.strerror or error}") from error


def _open(path: str) -> TextIO:
    # It holds what the reports hold: for its owner's eyes, where it is made here.
    existed = Path(path).exists()
    file = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115, PTH123 - closed by the export
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
    """Return the id on the last whole line, and cut off what comes after it; ``None``: there is no such line."""
    with path.open("r+b") as file:
        tail, start = _tail(file)
        lines = tail.splitlines(keepends=True)
        rest = lines.pop() if not tail.endswith(b"\n") else b""
        try:
            last_id = _id_of(lines[-1], kind) if lines else None
            if not lines:
                _check_beginning(rest, kind)
        except (ValueError, KeyError, TypeError, IndexError, csv.Error):
            raise RollbarError(f"--output {path} is no export of the format {kind}: give another file") from None
        file.truncate(start + len(tail) - len(rest) if last_id is not None else 0)
    return last_id


def _tail(file: BinaryIO) -> tuple[bytes, int]:
    """Return a file's end with at least one whole line, and where it begins; all of a file that has none."""
    size = start = file.seek(0, io.SEEK_END)
    tail = b""
    while start > 0 and tail.count(b"\n") < 2:  # noqa: PLR2004 - the end of the last line, and that of the one before
        start = max(start - _BLOCK, 0)
        file.seek(start)
        tail = file.read(size - start)
    return tail, start


def _id_of(line: bytes, kind: str) -> int | None:
    """Return the id on a line; ``None`` on that of the columns' names."""
    if kind == "jsonl":
        return int(json.loads(line)["id"])
    if line == _CSV_HEAD:
        return None
    (row,) = csv.reader([line.decode()])
    if len(row) != len(CSV_COLUMNS):
        raise ValueError(row)
    return int(row[0])


def _check_beginning(rest: bytes, kind: str) -> None:
    """Make sure that a line without an end is the beginning of an export."""
    if not (rest.startswith(b"{") if kind == "jsonl" else _CSV_HEAD.startswith(rest)):
        raise ValueError(rest)
