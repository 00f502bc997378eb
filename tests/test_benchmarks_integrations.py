"""The benchmark of the integrations runs; what it finds is its own to tell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent


def test_each_scene_gives_a_row() -> None:
    """With times and the ratio to the bare framework; none is left out, and each leaves the others their framework."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(TOP / "benchmarks" / "integrations.py"), "--rounds", "3", "--count", "2"],
        env={**os.environ, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )

    head, *rest = done.stdout.splitlines()[1:]
    rows = [line for line in rest[1 : rest.index("")] if line]
    assert head.split()[-1] == "ratio"
    assert len(rows) == 13
    assert all(row.endswith("x") for row in rows)
    assert all(f"{name} " in done.stdout for name in ("Celery", "RQ", "Django SQL, noted", "httpx async, noted"))
    assert "left out" not in done.stdout
    assert done.stderr == ""
