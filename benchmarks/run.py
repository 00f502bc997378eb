"""Side by side: rollbar_logging, pyrollbar, sentry-sdk and the standard library's QueueHandler, in one run.

All traffic goes to a server on 127.0.0.1. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from contestants import MODULES, TITLES, is_here
from crew import HERE, Field, Trouble
from figures import Goal, Result, goals_text, text_of
from scenes.caller import caller, chain
from scenes.delivery import delivery, latency
from scenes.imports import imports
from scenes.outage import outage
from scenes.storm import storm
from scenes.window import window

SCENES: dict[str, Callable[..., Result]] = {
    "caller": caller,
    "chain": chain,
    "delivery": delivery,
    "latency": latency,
    "imports": imports,
    "outage": outage,
    "storm": storm,
    "window": window,
}
_PACKAGES = ("rollbar-logging", "rollbar", "sentry-sdk", "requests", "urllib3", "orjson")


def main() -> int:
    """Run the scenes; the exit status tells whether all of them could be run, not whether the goals are met."""
    asked = _arguments()
    sys.path.insert(0, str(HERE.parent))
    missing = [name for name in asked.contestants if not is_here(name)]
    for name in missing:
        print(f"{TITLES[name]} is not installed (extra 'bench'): left out")
    contestants = tuple(name for name in asked.contestants if name not in missing)
    found: dict[str, Any] = {"machine": _machine(), "quick": asked.quick, "scenes": {}}
    goals: list[Goal] = []
    failed = 0
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as bytecode:
        field = Field(contestants, _environ(bytecode), is_quick=asked.quick)
        try:
            for name in asked.scenes:
                begin = time.monotonic()
                scene = partial(outage, with_peers=asked.with_peers_outage) if name == "outage" else SCENES[name]
                try:
                    result = scene(field)
                except (Trouble, subprocess.TimeoutExpired) as trouble:
                    failed += 1
                    print(f"{name}: {trouble}\n")
                    continue
                found["scenes"][name] = {**result.figures, "took_seconds": round(time.monotonic() - begin, 1)}
                goals += result.goals
                print("\n".join(text_of(table) for table in result.tables), flush=True)
        finally:
            field.end()
    print(goals_text(goals))
    found["goals"] = [goal._asdict() for goal in goals]
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer samples, and no slow peers for the big chain")
    parser.add_argument(
        "--scenes",
        type=partial(_names, known=tuple(SCENES)),
        default=tuple(SCENES),
        metavar="A,B",
        help=", ".join(SCENES),
    )
    parser.add_argument(
        "--contestants",
        type=partial(_names, known=tuple(MODULES)),
        default=tuple(MODULES),
        metavar="A,B",
        help=", ".join(MODULES),
    )
    parser.add_argument("--with-peers-outage", action="store_true", help="let the peers endure the outage too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args()


def _names(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{text!r}: expected some of {', '.join(known)}")
    return names


def _environ(bytecode: str) -> dict[str, str]:
    """Return an environment without options, proxies or debugging, in which this checkout is what is imported.

    Bytecode goes to a folder of its own, so that imports are timed as in an installed application.
    """
    unwanted = ("ROLLBAR_", "SENTRY_", "PYTHON")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(unwanted) and not name.lower().endswith("_proxy")
    }
    return {**kept, "PYTHONPATH": str(HERE.parent), "PYTHONPYCACHEPREFIX": bytecode, "NO_PROXY": "*"}


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "versions": {package: _version(package) for package in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
