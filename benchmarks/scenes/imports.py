"""What it costs to load a contestant, in interpreters that have done nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from contestants import TITLES
from crew import HERE, Field, Trouble
from figures import Goal, Result, Table, number, times

_NAMES = {
    "ours": "rollbar_logging",
    "pyrollbar": "rollbar, rollbar.logger",
    "sentry": "sentry_sdk",
    "queue": "logging.handlers, queue",
    "requests": "requests",
}
_PROGRAM = """
import logging, sys
from time import perf_counter as clock
begin = clock()
import {modules}
loaded = clock()
sys.path.insert(0, {here!r})
from contestants import CLASSES
known = clock()
CLASSES[{name!r}]("http://127.0.0.1:9", is_roomy=False)
print([loaded - begin, loaded - begin + clock() - known])
"""
_GOAL_MS = 15.0


def imports(field: Field) -> Result:
    """Time the import beyond that of `logging`, and the import with setting up the handler."""
    names = [name for name in _NAMES if name in field.contestants]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(10 if field.is_quick else 16):
        for name in names:
            seconds = _load(name, HERE, field)
            if turn:  # the first one compiles
                found[name].append(seconds)
    figures: dict[str, Any] = {
        name: {
            "import_ms": round(median(first for first, _ in seconds) * 1000, 2),
            "ready_ms": round(median(second for _, second in seconds) * 1000, 2),
            "samples": len(seconds),
        }
        for name, seconds in found.items()
    }
    goals = []
    if "ours" in figures:
        cost = figures["ours"]["import_ms"]
        goals.append(Goal("import beyond logging, median", f"{cost:.1f} ms", f"<= {_GOAL_MS:g} ms", cost <= _GOAL_MS))
    return Result(figures, [_table(figures)], goals)


def _load(name: str, here: Path, field: Field) -> tuple[float, float]:
    program = _PROGRAM.format(modules=_NAMES[name], here=str(here), name=name)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=False, env=dict(field.environ), timeout=60
    )
    if done.returncode:
        raise Trouble(f"{name}: {done.stderr.decode(errors='replace')[-600:].strip()}")
    loaded, ready = json.loads(done.stdout)
    return loaded, ready


def _table(figures: dict[str, Any]) -> Table:
    head = ("", "import ms", "to ours", "with set-up ms", "to ours", "samples")
    ours = figures.get("ours", {"import_ms": 0.0, "ready_ms": 0.0})
    rows = [
        (
            TITLES[name],
            number(found["import_ms"]),
            times(found["import_ms"], ours["import_ms"]),
            number(found["ready_ms"]),
            times(found["ready_ms"], ours["ready_ms"]),
            str(found["samples"]),
        )
        for name, found in figures.items()
    ]
    return Table("Import, beyond that of logging (medians)", head, rows)
