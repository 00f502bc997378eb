"""The benchmarks of the local server run; what they find is theirs to tell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "benchmarks"


def _run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(_FOLDER / name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_load_counts_what_was_taken() -> None:
    """All of the items, with what they take on the disk."""
    printed = _run("server_load.py", "--items", "100", "--connections", "4")

    assert printed.startswith("100 items of ")
    per_item = re.search(r"^([\d,]+) bytes of files per item$", printed, re.MULTILINE)
    assert per_item is not None
    assert 1000 < int(per_item[1].replace(",", "")) < 100_000


def test_each_page_has_a_row() -> None:
    """With its bytes, its times, and the ratio to the cheapest call; each is answered."""
    printed = _run("server_pages.py", "--occurrences", "60", "--items", "6", "--rounds", "1")

    first, head, *rows = printed.splitlines()
    assert first.startswith("60 occurrences of 6 items, ")
    assert head.split()[0] == "page"
    sizes = {row[:22].strip(): int(row[22:].split()[0].replace(",", "")) for row in rows}
    assert len(sizes) == 11
    assert all(row.endswith("x") for row in rows)
    assert sizes["oldest occurrence"] > sizes["its JSON"] > sizes["health"]
