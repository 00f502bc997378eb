"""What a delivered report costs, and how many go out in a second."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from contestants import TITLES
from crew import Field
from figures import Goal, Result, Table, number, times

_NAMES = ("ours", "pyrollbar", "sentry", "requests")
LATENCY = 0.05


def delivery(field: Field) -> Result:
    """Deliver to a server that answers at once."""
    counts = {"ours": 400, "requests": 400, "sentry": 150, "pyrollbar": 50}
    if field.is_quick:
        counts = {"ours": 200, "requests": 200, "sentry": 50, "pyrollbar": 20}
    figures = _measure(field, counts, rounds=3 if field.is_quick else 5)
    goals = []
    if "ours" in figures:
        spent = figures["ours"]["cpu_us"] / 1000
        goals.append(Goal("CPU per delivered report", f"{spent:.2f} ms", "<= 1.2 ms", spent <= 1.2))  # noqa: PLR2004
    if "ours" in figures and "requests" in figures:
        ratio = figures["ours"]["per_second"] / figures["requests"]["per_second"]
        goals.append(Goal("reports/s to a bare requests.Session's", f"{ratio:.2f}x", ">= 0.8x", ratio >= 0.8))  # noqa: PLR2004
    return Result(figures, [_table("Delivery to a server that answers at once", figures)], goals)


def latency(field: Field) -> Result:
    """Deliver to a server that takes its time for each answer."""
    counts = {"ours": 200, "requests": 40, "sentry": 40, "pyrollbar": 40}
    if field.is_quick:
        counts = {"ours": 80, "requests": 20, "sentry": 20, "pyrollbar": 20}
    figures = _measure(field, counts, rounds=2 if field.is_quick else 3, latency=LATENCY)
    goals = []
    if "ours" in figures and "requests" in figures:
        ratio = figures["ours"]["per_second"] / figures["requests"]["per_second"]
        goals.append(Goal("reports/s at 50 ms to one connection's", f"{ratio:.1f}x", ">= 3x", ratio >= 3))  # noqa: PLR2004
    return Result(figures, [_table(f"Delivery to a server that takes {LATENCY * 1000:g} ms", figures)], goals)


def _measure(field: Field, counts: Mapping[str, int], *, rounds: int, **behaviour: Any) -> dict[str, Any]:
    """Return for each contestant the medians of all rounds."""
    runs: dict[str, list[dict[str, Any]]] = {}
    with field.workers(_NAMES, "--roomy") as workers:
        for turn in range(rounds + 1):
            for name, worker in workers.items():
                field.become(**behaviour)
                count = counts[name] if turn else 10
                found = worker.ask({"do": "deliver", "count": count}, 120)
                seen = field.counts(name)
                if turn:  # the first one only warms up
                    runs.setdefault(name, []).append({**found, **seen, "logged": count})
    return {name: _summary(found) for name, found in runs.items()}


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    accepted = sum(run["accepted"] for run in runs)
    return {
        "logged": sum(run["logged"] for run in runs),
        "delivered": accepted,
        "cpu_us": round(median(run["cpu"] / max(1, run["accepted"]) for run in runs) * 1e6, 1),
        "per_second": round(median(run["accepted"] / run["seconds"] for run in runs), 1),
        "body_bytes": round(sum(run["bytes"] for run in runs) / max(1, accepted)),
    }


def _table(title: str, figures: dict[str, Any]) -> Table:
    head = ("", "CPU us/report", "to ours", "reports/s", "to ours", "bytes/report", "delivered", "of")
    ours = figures.get("ours", {"cpu_us": 0.0, "per_second": 0.0})
    rows = [
        (
            TITLES[name],
            number(found["cpu_us"]),
            times(found["cpu_us"], ours["cpu_us"]),
            number(found["per_second"]),
            times(found["per_second"], ours["per_second"]),
            f"{found['body_bytes']:,}",
            str(found["delivered"]),
            str(found["logged"]),
        )
        for name, found in figures.items()
    ]
    return Table(f"{title} (medians of the rounds)", head, rows)
