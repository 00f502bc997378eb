"""A rate limit: more reports than a window takes."""

from __future__ import annotations

from typing import Any

from contestants import TITLES
from crew import Field, Trouble
from figures import Goal, Result, Table, number

_LIMIT, _SECONDS = 50, 1.0
_REPORTS, _RATE = 300, 100.0


def window(field: Field) -> Result:
    """Report 300 different messages, 100 a second, where 50 a second are let in."""
    figures: dict[str, Any] = {}
    skipped = []
    for name in ("ours",) if field.is_quick else ("ours", "pyrollbar", "sentry"):
        field.become(limit=[_LIMIT, _SECONDS])
        question = {"do": "steady", "count": _REPORTS, "rate": _RATE, "timeout": 45.0}
        try:
            with field.workers((name,)) as workers:
                for worker in workers.values():
                    figures[name] = {**worker.ask(question, 90), **field.counts(name)}
        except Trouble as trouble:
            skipped.append(f"; {trouble}")
    title = f"A window of {_LIMIT} a second, {_REPORTS} different reports at {_RATE:g} a second{''.join(skipped)}"
    head = ("", "arrived", "requests", "429s", "windows", "seconds")
    rows = [
        (
            TITLES[name],
            *(str(found[key]) for key in ("accepted", "requests", "refused", "windows")),
            number(found["seconds"]),
        )
        for name, found in figures.items()
    ]
    field.become()
    return Result(figures, [Table(title, head, rows)], _goals(figures))


def _goals(figures: dict[str, Any]) -> list[Goal]:
    if "ours" not in figures:
        return []
    ours = figures["ours"]
    is_whole = ours["uuids"] == ours["accepted"] == _REPORTS and ours["stats"]["adds_up"]
    return [
        Goal("reports through the window", f"{ours['uuids']} of {_REPORTS}", "all, each once", is_whole),
        Goal("429s", str(ours["refused"]), f"<= 1 per window, {ours['windows']}", ours["refused"] <= ours["windows"]),
    ]
