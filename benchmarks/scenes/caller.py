"""What reporting costs the thread that logs."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from contestants import TITLES
from crew import Field, Helper, Trouble
from figures import Goal, Result, Table, number, spread, times

_NAMES = ("ours", "queue", "pyrollbar", "sentry")
_SLOW = {"pyrollbar", "sentry"}
_HUNGRY = 16 << 30
"""Bytes of free memory below which the slow peers are spared the chain: one took 12 GB for it."""


class Case(NamedTuple):
    """What is logged and how.

    Attributes:
        key: Name in the JSON.
        title: Name in the table.
        question: For the worker.
        count: Calls in a round.
        slow_count: The same for a slow peer.
        share: How much of QueueHandler's median time ours may take.
    """

    key: str
    title: str
    question: dict[str, Any]
    count: int
    slow_count: int
    share: float


_CASES = (
    Case("exception", "10 frames x 6 locals, delivered in between", {"case": "exception"}, 40, 10, 0.35),
    Case("burst", "10 frames x 6 locals, back to back", {"case": "exception", "is_paced": False}, 100, 20, 0.35),
    Case("message", "a message, 2 arguments, 3 extras, delivered in between", {"case": "message"}, 40, 20, 1.5),
)


def caller(field: Field) -> Result:
    """Time ordinary calls of the logger, the contestants taking turns."""
    rounds = 3 if field.is_quick else 10
    samples: dict[str, dict[str, list[int]]] = {case.key: {} for case in _CASES}
    with field.workers(_NAMES) as workers:
        for case in _CASES:
            for turn in range(rounds + 1):
                for name, worker in workers.items():
                    count = case.slow_count if name in _SLOW else case.count
                    found = _ask(worker, case, count if turn else 5)
                    if turn:  # the first one only warms up
                        samples[case.key].setdefault(name, []).extend(found["ns"])
    figures = {key: {name: spread(ns) for name, ns in found.items()} for key, found in samples.items()}
    tables = [_table(case.title, figures[case.key]) for case in _CASES]
    goals = [goal for case in _CASES for goal in _goals(figures[case.key], f"caller, {case.title}", case.share)]
    return Result(figures, tables, goals)


def chain(field: Field) -> Result:
    """Time the chain of exceptions with big locals, each contestant in a process that has done nothing before."""
    figures: dict[str, Any] = {}
    skipped = []
    for name in _NAMES:
        if name in _SLOW and (field.is_quick or _free_memory() < _HUNGRY):
            skipped.append(TITLES[name])
            continue
        try:
            with field.workers((name,)) as workers:
                for worker in workers.values():
                    first = worker.ask({"do": "caller", "case": "chain", "count": 1}, 120)
                    rest = {"ns": []}
                    if name not in _SLOW:
                        rest = worker.ask({"do": "caller", "case": "chain", "count": 10 if field.is_quick else 30})
                    figures[name] = {**spread(rest["ns"] or first["ns"]), "memory": first["memory"]}
                    figures[name]["first"] = round(first["ns"][0] / 1000, 1)
        except Trouble as trouble:
            skipped.append(str(trouble))
    table = _table(
        "3 exceptions x 30 frames with 200 KB, a dict of 5,000 and 10 MB in each frame", figures, memory=True
    )
    if skipped:
        table = table._replace(title=f"{table.title} (without {', '.join(skipped)})")
    goals = _goals(figures, "caller, big chain", 1.0)
    if "ours" in figures:
        peak = figures["ours"]["memory"] / 1e6
        goals.append(Goal("peak memory of the big chain", f"{peak:.1f} MB", "< 80 MB", peak < 80))  # noqa: PLR2004
    return Result(figures, [table], goals)


def _ask(worker: Helper, case: Case, count: int) -> dict[str, Any]:
    return worker.ask({"do": "caller", "count": count, **case.question}, 120)


def _table(title: str, figures: dict[str, Any], *, memory: bool = False) -> Table:
    head = ("", "p50 us", "p99 us", "max us", "samples", "p50 to ours")
    base = figures.get("ours", {}).get("p50", 0.0)
    rows = []
    for name, found in figures.items():
        cells = [number(found[share]) for share in ("p50", "p99", "max")]
        row = [TITLES[name], *cells, str(found["samples"]), times(found["p50"], base)]
        if memory:
            row += [number(found["first"]), number(found["memory"] / 1e6)]
        rows.append(tuple(row))
    return Table(f"Caller's time: {title}", (*head, "first us", "peak MB") if memory else head, rows)


def _goals(figures: dict[str, Any], what: str, share: float) -> list[Goal]:
    """Compare the medians; *share* is how much of QueueHandler's time is ours to use."""
    if "ours" not in figures or "queue" not in figures:
        return []
    ratio = figures["ours"]["p50"] / figures["queue"]["p50"]
    return [Goal(what, f"{ratio:.2f}x", f"<= {share:g}x QueueHandler's", ratio <= share)]


def _free_memory() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0
