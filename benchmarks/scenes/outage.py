"""What happens while Rollbar cannot be reached, or takes connections and never answers."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from typing import Any

from contestants import TITLES
from crew import Field, Helper, Trouble
from figures import Goal, Result, Table, number

_EXIT_GOAL = 3.5
"""The option ``shutdown_timeout``, and half a second for the interpreter."""
_PATIENCE = 60.0


def outage(field: Field, *, with_peers: bool = False) -> Result:
    """Report far more than any queue holds to a server that refuses connections, and to one that is silent."""
    counts = {"ours": 20_000 if field.is_quick else 100_000}
    if with_peers:
        counts |= {"sentry": 500, "pyrollbar": 100}
    figures: dict[str, Any] = {}
    skipped: list[str] = []
    with closing(socket.socket()) as refusing:
        refusing.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and nobody answers
        bases = {"refused": f"http://127.0.0.1:{refusing.getsockname()[1]}", "silent": field.base}
        field.become(silent=True)
        for kind, base in bases.items():
            for name, count in counts.items():
                figures.setdefault(kind, {}).update(_try(field, name, base, count, skipped))
    field.become()
    title = "Outage: " + "; ".join(["exceptions of 10 frames back to back, then the end of the process", *skipped])
    return Result(figures, [_table(title, figures)], _goals(figures))


def _try(field: Field, name: str, base: str, count: int, skipped: list[str]) -> dict[str, Any]:
    try:
        with field.workers((name,), base=base) as workers:
            return {name: _endure(worker, count) for name, worker in workers.items()}
    except Trouble as trouble:
        skipped.append(f"{base}: {trouble}")
        return {}


def _endure(worker: Helper, count: int) -> dict[str, Any]:
    found = worker.ask({"do": "outage", "count": count}, 120)
    left = worker.ask({"do": "leave"}, 10)["at"]
    final = worker.wait(_PATIENCE) or {"stats": {}}
    return {**found, "exit_seconds": round(time.monotonic() - left, 2), "final": final["stats"]}


def _table(title: str, figures: dict[str, Any]) -> Table:
    head = ("", "reports", "seconds", "p50 us", "p99 us", "p99.9 us", "max us", "memory MB", "exit s", "counts")
    rows = []
    for kind, by_name in figures.items():
        for name, found in by_name.items():
            tails = [number(found[share]) for share in ("p50", "p99", "p999", "max")]
            memory, leaving = number(found["memory"] / 1e6), f"{found['exit_seconds']:.2f}"
            counts = _counts(found["final"])
            seconds = number(found["seconds"])
            row = (f"{kind}: {TITLES[name]}", f"{found['samples']:,}", seconds, *tails, memory, leaving, counts)
            rows.append(row)
    return Table(title, head, rows)


def _counts(stats: dict[str, Any]) -> str:
    if not stats:
        return "-"
    dropped = ", ".join(f"{reason} {number:,}" for reason, number in stats["dropped"].items())
    return f"{stats['accepted']:,} = sent {stats['sent']:,} + {dropped or 'dropped 0'}"


def _goals(figures: dict[str, Any]) -> list[Goal]:
    goals = []
    for kind, by_name in figures.items():
        if "ours" in by_name:
            found = by_name["ours"]
            leaving, final = found["exit_seconds"], found["final"]
            is_exact = found["stats"]["adds_up"] and final.get("adds_up") and final["accepted"] == found["samples"]
            is_settled = final.get("queued") == 0
            tail, memory = found["p999"] / 1000, found["memory"] / 1e6
            goals.append(Goal(f"caller's p99.9, {kind}", f"{tail:.2f} ms", "< 5 ms", tail < 5))  # noqa: PLR2004
            goals.append(Goal(f"memory, {kind}", f"{memory:.1f} MB", "<= 40 MB", memory <= 40))  # noqa: PLR2004
            goals.append(Goal(f"exit, {kind}", f"{leaving:.2f} s", f"<= {_EXIT_GOAL:g} s", leaving <= _EXIT_GOAL))
            goals.append(
                Goal(
                    f"counts, {kind}",
                    f"{final.get('accepted', 0):,} accepted",
                    "exact, before and after the end",
                    bool(is_exact and is_settled),
                )
            )
    return goals
