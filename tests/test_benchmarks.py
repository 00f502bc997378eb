"""The benchmarks run; what they find is theirs to tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_PROGRAM = Path(__file__).parent.parent / "benchmarks" / "run.py"


def test_the_cheapest_scene_gives_figures_of_every_contestant(tmp_path: Path) -> None:
    """A quick run of one scene prints a table, and writes times, sample counts and goals as JSON."""
    written = tmp_path / "figures.json"
    asked = ["--quick", "--scenes", "caller", "--contestants", "ours,queue", "--json", str(written)]

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(_PROGRAM), *asked], capture_output=True, text=True, check=True, timeout=100
    )

    found = json.loads(written.read_text(encoding="utf-8"))
    assert list(found["scenes"]) == ["caller"]
    for case in ("exception", "burst", "message"):
        figures = found["scenes"]["caller"][case]
        assert set(figures) == {"ours", "queue"}
        assert all(0 < one["p50"] <= one["p99"] <= one["max"] and one["samples"] > 0 for one in figures.values())
    assert {"name", "figure", "goal", "is_met"} == set(found["goals"][0])
    assert "QueueHandler" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
