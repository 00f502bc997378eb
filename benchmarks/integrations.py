"""What an integration costs a request or task that does not fail, beside the bare framework, in turns in one process.

    python benchmarks/integrations.py
    python benchmarks/integrations.py --scenes "Django, sync" --rounds 5

In each scene the handler is attached to the root logger in both cases; the one difference is the integration. What is
"noted" is an event of the telemetry, of a request to another server or of a statement. Nothing fails, so nothing is
sent. Times are the processor's; rounds are short, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import argparse
import gc
import logging
import statistics
import sys
import time
from typing import NamedTuple

import web_scenes
import work_scenes
from figures import Goal, Table, goals_text, number, text_of, times
from pairs import Pair

import rollbar_logging

GOAL = 20.0
"""Microseconds that a request, task or statement may cost more."""

SCENES = {**web_scenes.SCENES, **work_scenes.SCENES}


class Figures(NamedTuple):
    """Microseconds for each: the median of the rounds; of the difference, the median of theirs."""

    bare: float
    ours: float
    more: float


def measure(pair: Pair, rounds: int, count: int) -> Figures:
    """Let both do *count* of their work in turns, *rounds* times."""
    for run in pair:
        run(count)
    gc.collect()
    took: list[tuple[float, float]] = []
    for each in range(rounds):
        first, second = (0, 1) if each % 2 else (1, 0)
        found = [0.0, 0.0]
        for index in (first, second):
            begin = time.process_time()
            pair[index](count)
            found[index] = (time.process_time() - begin) / count * 1e6
        took.append((found[0], found[1]))
    bare, ours = zip(*took, strict=True)
    more = statistics.median(with_it - without for without, with_it in took)
    return Figures(statistics.median(bare), statistics.median(ours), more)


def main() -> int:
    """Print a table of the scenes, and whether each is within the goal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", nargs="*", default=list(SCENES), choices=list(SCENES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=301)
    parser.add_argument("--count", type=int, default=40, help="requests, tasks or statements in a round")
    asked = parser.parse_args()
    handler = rollbar_logging.RollbarHandler(access_token="0" * 32, endpoint="http://127.0.0.1:9/", telemetry_size=20)
    logging.getLogger().addHandler(handler)
    rows, goals = [], []
    for name in asked.scenes:
        try:
            pair = SCENES[name]()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
            continue
        found = measure(pair, asked.rounds, asked.count)
        rows.append((name, number(found.bare), number(found.ours), f"{found.more:.1f}", times(found.ours, found.bare)))
        goals.append(Goal(name, f"{found.more:.1f} µs more", f"under {GOAL:.0f} µs", found.more < GOAL))
    head = ("scene", "bare", "with ours", "more", "ratio")
    print(text_of(Table("What does not fail, in microseconds of the processor", head, rows)))
    print(goals_text(goals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
