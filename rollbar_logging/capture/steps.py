"""The steps of a traceback: as many as are kept of it."""

from __future__ import annotations

from types import FrameType, TracebackType

_MAX_WALK = 100_000
_LONGEST_PERIOD = 4
_LEAST_REPEATS = 3

Step = tuple[FrameType, int]
"""A frame and the line it stands at."""


def steps_of(tracebacks: list[TracebackType | None]) -> list[Step]:
    """Walk through tracebacks one after the other, the oldest call of each first."""
    steps: list[Step] = []
    for traceback in tracebacks:
        while traceback is not None and len(steps) < _MAX_WALK:
            steps.append((traceback.tb_frame, traceback.tb_lineno))
            traceback = traceback.tb_next  # noqa: PLW2901 - a walk
    return steps


def shortened(steps: list[Step], max_frames: int) -> tuple[list[Step], dict[int, tuple[int, int]]]:
    """Fold what repeats in a long traceback, then keep the last frames and a few of the first.

    Returns:
        The steps kept, and by their place in that list how many repetitions were folded into a step
        and how many steps after it were left out.
    """
    folded = _folded(steps)
    first = max(max_frames // 4, 1)
    left_out = folded[first : max(len(folded) - (max_frames - first), first)]
    kept = folded[:first] + folded[first + len(left_out) :]
    marks = {at: (repeated, 0) for at, (_, repeated) in enumerate(kept) if repeated}
    if left_out:
        marks[first - 1] = (kept[first - 1][1], sum(1 + repeated for _, repeated in left_out))
    return [step for step, _ in kept], marks


def _folded(steps: list[Step]) -> list[tuple[Step, int]]:
    """Fold runs of up to `_LONGEST_PERIOD` frames that come three times and more, as in a recursion."""
    ids = [(id(frame.f_code), lineno) for frame, lineno in steps]
    folded: list[tuple[Step, int]] = []
    at = 0
    while at < len(steps):
        period, repeats = _run(ids, at)
        at += period * (repeats - 1)
        folded.extend((step, repeats - 1) for step in steps[at : at + period])
        at += period
    return folded


def _run(ids: list[tuple[int, int]], at: int) -> tuple[int, int]:
    for period in range(1, _LONGEST_PERIOD + 1):
        repeats = 1
        unit = ids[at : at + period]
        while len(unit) == period and ids[at + repeats * period : at + (repeats + 1) * period] == unit:
            repeats += 1
        if repeats >= _LEAST_REPEATS:
            return period, repeats
    return 1, 1
