"""Recursions and long tracebacks: what is folded, what is left out, and that all of it is counted."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.capture import steps as walking
from rollbar_logging.capture.steps import shortened
from tests.capture.failures import caught, chain_of


def recurse(depth: int) -> None:
    """Fail at a depth."""
    if depth == 0:
        raise ValueError
    recurse(depth - 1)


def ping(depth: int) -> None:
    """Fail at a depth, in turns."""
    if depth == 0:
        raise ValueError
    pong(depth - 1)


def pong(depth: int) -> None:
    """Take turns."""
    ping(depth)


def test_a_direct_recursion_is_folded() -> None:
    """Frames that repeat stand once, with how often they came."""
    frames = chain_of(caught(recurse, 300))[0].frames

    assert [(frame.code.method, frame.repeated, frame.hidden) for frame in frames] == [
        ("caught", 0, 0),
        ("recurse", 299, 0),
        ("recurse", 0, 0),
    ]
    assert (frames[1].locals, frames[2].locals) == ({"depth": 1}, {"depth": 0})


def test_a_mutual_recursion_is_folded() -> None:
    """So are frames that repeat in turns."""
    frames = chain_of(caught(ping, 200))[0].frames

    assert [(frame.code.method, frame.repeated) for frame in frames] == [
        ("caught", 0),
        ("ping", 199),
        ("pong", 199),
        ("ping", 0),
    ]


def test_a_recursion_without_end_is_folded() -> None:
    """The interpreter's own recursion limit makes a short report."""

    def endless(number: int) -> None:
        endless(number + 1)

    (trace,) = chain_of(caught(endless, 0))

    assert trace.class_name == "RecursionError"
    assert len(trace.frames) <= 3
    assert sum(1 + frame.repeated for frame in trace.frames) > 500


def functions(count: int) -> Callable[[], None]:
    """Make so many functions that call each other, the last of which fails."""
    names: dict[str, Any] = {}
    lines = [f"def f{number}(): f{number + 1}()" for number in range(count - 1)]
    exec("\n".join([*lines, f"def f{count - 1}(): 1 / 0"]), names)  # noqa: S102 - many different frames
    return names["f0"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("max_frames", [2, 3, 8, 50])
def test_a_long_traceback_loses_its_middle(max_frames: int) -> None:
    """The last frames stay, and a few of the first; the last of those says how many are missing."""
    frames = chain_of(caught(functions(60)), max_frames=max_frames)[0].frames
    first = max(max_frames // 4, 1)

    assert len(frames) == max_frames
    assert [frame.hidden for frame in frames if frame.hidden] == [61 - max_frames]
    assert frames[first - 1].hidden == 61 - max_frames
    assert frames[0].code.method == "caught"
    assert frames[-1].code.method == "f59"


def test_a_traceback_that_folds_into_the_bound_loses_nothing() -> None:
    """After folding, what fits is kept whole."""

    def deep() -> None:
        functions(70)()

    def twice(depth: int) -> None:
        if depth:
            twice(depth - 1)
        else:
            deep()

    frames = chain_of(caught(twice, 60))[0].frames

    assert len(frames) == 74
    assert [frame.hidden for frame in frames if frame.hidden] == []


_FRAMES: list[FrameType] = [eval("__import__('sys')._getframe()") for _ in range(4)]  # noqa: S307 - frames of their own


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=60)
    | st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.integers(1, 30)).map(
        lambda drawn: [(number, 1) for number in drawn[0]] * drawn[1]
    ),
    st.integers(2, 40),
)
def test_no_frame_gets_lost_uncounted(drawn: list[tuple[int, int]], max_frames: int) -> None:
    """What is kept, folded and left out adds up to what there was; the failing end stays."""
    steps = [(_FRAMES[number], lineno) for number, lineno in drawn]
    kept, marks = shortened(steps, max_frames)

    assert len(kept) + sum(repeated + hidden for repeated, hidden in marks.values()) == len(steps)
    assert len(kept) <= max_frames
    assert kept[-1:] == steps[-1:]
    assert set(marks) <= set(range(len(kept)))
    if any(hidden for _, hidden in marks.values()):
        assert len(kept) == max_frames


def test_a_walk_along_a_traceback_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a traceback is, so many steps are taken and no more."""
    monkeypatch.setattr(walking, "_MAX_WALK", 50)

    assert sum(1 + frame.repeated for frame in chain_of(caught(recurse, 300), max_frames=2)[0].frames) <= 50
