"""One failure, again and again: what its suppressed records cost, and what is sent of them."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from contestants import STORM_LIMIT, STORM_WINDOW, TITLES
from crew import Field, Helper
from figures import Goal, Result, Table, number, times

_ROUNDS = 10
_SHARE = 0.05
_YARDSTICK = 100
"""Calls of `QueueHandler` in a round."""


def storm(field: Field) -> Result:
    """Report one failure a million times, `QueueHandler` taking turns with a few records of the same kind."""
    field.become()
    with field.workers(("ours", "queue"), "--storms") as workers:
        if "ours" not in workers:
            return Result({}, [], [])
        figures = _rage(workers, (50_000 if field.is_quick else 1_000_000) // _ROUNDS)
    figures["ours"]["arrived"] = field.counts("ours")["accepted"]
    return Result(figures, [_table(figures)], _goals(figures))


def _rage(workers: dict[str, Helper], count: int) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    ours, begin = workers["ours"], time.monotonic()
    for _ in range(_ROUNDS):
        rounds["ours"].append(ours.ask({"do": "outage", "count": count}, 120))
        if "queue" in workers:
            question = {"do": "caller", "case": "exception", "count": _YARDSTICK, "is_paced": False}
            rounds["queue"].append(workers["queue"].ask(question, 120))
    # A window begins with a record that comes after the one before has ended; this many can have begun at most.
    windows = 1 + int((time.monotonic() - begin) // STORM_WINDOW)
    ours.ask({"do": "leave"}, 10)
    final = (ours.wait(60) or {"stats": {}})["stats"]
    figures = {"ours": {"logged": count * _ROUNDS, "windows": windows, "final": final}}
    for name, found in rounds.items():
        medians = [one["p50"] if "p50" in one else median(one["ns"]) / 1000 for one in found]
        figures.setdefault(name, {})["p50"] = round(median(medians), 2)
    return figures


def _table(figures: dict[str, Any]) -> Table:
    ours, base = figures["ours"], figures.get("queue", {}).get("p50", 0.0)
    rows = [
        (
            TITLES["ours"],
            number(ours["p50"]),
            times(ours["p50"], base),
            f"{ours['logged']:,}",
            f"{ours['final'].get('suppressed', 0):,}",
            str(ours["arrived"]),
            str(ours["windows"]),
        )
    ]
    if base:
        rows.append((TITLES["queue"], number(base), times(base, base), "-", "-", "-", "-"))
    head = ("", "p50 us", "to QueueHandler's", "logged", "suppressed", "reports sent", "windows")
    return Table("A storm: one exception of 10 frames, back to back (medians of the rounds)", head, rows)


def _goals(figures: dict[str, Any]) -> list[Goal]:
    ours = figures["ours"]
    final, windows, arrived = ours["final"], ours["windows"], ours["arrived"]
    most = windows * (STORM_LIMIT + 1)
    # Each summary is a report besides the records.
    summaries = final.get("accepted", 0) + final.get("suppressed", 0) - ours["logged"]
    is_exact = bool(final.get("adds_up")) and arrived == final["sent"] and 1 <= summaries <= windows
    goals = [
        Goal("reports of a storm", f"{arrived}", f"<= {most}, windows: {windows}", 0 < arrived <= most),
        Goal("counts of a storm", f"{final.get('suppressed', 0):,} suppressed", "exact, all told", is_exact),
    ]
    if "queue" in figures:
        ratio = ours["p50"] / figures["queue"]["p50"]
        goals.append(Goal("a suppressed record", f"{ratio:.3f}x", f"<= {_SHARE:g}x QueueHandler's", ratio <= _SHARE))
    return goals
