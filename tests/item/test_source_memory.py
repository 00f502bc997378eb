"""How long lines of source are remembered, that they are cleaned, and that threads share them."""

from __future__ import annotations

import linecache
import threading
from pathlib import Path

import pytest

from rollbar_logging.item.source import SourceLines

CODE = "".join(f"line_{number} = {number}\n" for number in range(1, 21))


@pytest.fixture(autouse=True)
def _own_linecache(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test reads stays out of the process's cache."""
    monkeypatch.setattr(linecache, "cache", dict(linecache.cache))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A file of twenty lines."""
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time it is."""
        return self.now


def test_a_file_that_was_read_before_it_went_is_still_known(code: Path) -> None:
    """The code of a deployment that has been replaced still runs in this process, and is still shown."""
    clock = Clock()
    source = SourceLines(timer=clock)
    before = source.around(str(code), 2)
    code.unlink()
    clock.now = 1000.0

    assert before is not None
    assert source.around(str(code), 2) == before


def test_an_answer_holds_for_a_minute(code: Path) -> None:
    """A burst of errors costs one reading; an edited file is noticed a minute later."""
    clock = Clock()
    source = SourceLines(timer=clock)
    first = source.around(str(code), 2)
    code.write_text(CODE.replace("line_2 =", "edited ="))

    clock.now = 59.0
    assert source.around(str(code), 2) == first
    clock.now = 61.0
    assert source.around(str(code), 2) != first


def test_a_missing_file_is_remembered_and_looked_for_again(tmp_path: Path) -> None:
    """That there is no source is an answer, too: it holds for a minute."""
    clock = Clock()
    source = SourceLines(timer=clock)
    path = tmp_path / "late.py"
    assert source.around(str(path), 1) is None
    path.write_text(CODE)

    clock.now = 59.0
    assert source.around(str(path), 1) is None
    clock.now = 61.0
    assert source.around(str(path), 1) is not None


def test_lines_are_cleaned_once(code: Path) -> None:
    """The scrubber sees the lines of an answer before they are given out, and not again for the next report."""
    seen: list[str] = []

    def clean(text: str) -> str:
        seen.append(text)
        return text.replace("10", "**")

    source = SourceLines(clean=clean)

    assert source.around(str(code), 10) == source.around(str(code), 10)
    assert source.around(str(code), 10) == (
        "line_** = **",
        ["line_6 = 6", "line_7 = 7", "line_8 = 8", "line_9 = 9"],
        ["line_11 = 11", "line_12 = 12", "line_13 = 13", "line_14 = 14"],
    )
    assert len(seen) == 1


def test_a_secret_over_several_lines_is_shown_in_none(tmp_path: Path) -> None:
    """What only the lines together give away is hidden in each of them."""
    path = tmp_path / "key.py"
    path.write_text('a = 1\nkey = """BEGIN\nc2VjcmV0\nEND"""\nb = 2\n')

    def clean(text: str) -> str:
        start, end = text.find("BEGIN"), text.find("END")
        return text[:start] + "***" + text[end + 3 :] if 0 <= start < end else text

    assert SourceLines(clean=clean).around(str(path), 3) == ("…", ["a = 1", "…"], ["…", "b = 2"])


def test_lines_that_cannot_be_cleaned_are_not_shown(code: Path) -> None:
    """A scrubber that fails hides everything."""
    assert SourceLines(clean=lambda text: text[1_000_000]).around(str(code), 1) is None


def test_what_a_caller_does_to_an_answer_does_not_reach_the_next(code: Path) -> None:
    """Answers are the caller's own."""
    source = SourceLines()
    first = source.around(str(code), 2)
    assert first is not None
    first[1].clear()
    first[2].append("password = 1")

    assert source.around(str(code), 2) == (
        "line_2 = 2",
        ["line_1 = 1"],
        ["line_3 = 3", "line_4 = 4", "line_5 = 5", "line_6 = 6"],
    )


def test_a_lock_lost_in_a_fork_stops_nothing(code: Path) -> None:
    """If the lock is never given back, lines are read anew each time."""
    source = SourceLines()
    source._lock.acquire()

    assert source.around(str(code), 1) is not None


def test_many_threads_agree(tmp_path: Path) -> None:
    """Senders that build at once get the same lines, however small the cache."""
    files = [tmp_path / f"{number}.py" for number in range(5)]
    for file in files:
        file.write_text(CODE)
    source = SourceLines(size=7)
    wrong: list[object] = []

    def read(start: int) -> None:
        for step in range(2000):
            lineno = (start + step) % 20 + 1
            found = source.around(str(files[step % 5]), lineno)
            if found is None or found[0] != f"line_{lineno} = {lineno}":
                wrong.append(found)

    threads = [threading.Thread(target=read, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
