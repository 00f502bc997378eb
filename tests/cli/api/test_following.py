"""Looking again and again, when some looks fail."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import pytest

from rollbar_logging.cli.api.following import follow
from rollbar_logging.client import AccessDenied, ApiError, NotFound, ServerError, Unreachable

GONE = Unreachable(0, "refused", "GET", "items")
BROKEN = ServerError(502, "bad gateway", "GET", "items")


def looks(*answers: Sequence[str] | Exception) -> Callable[[], Sequence[str]]:
    """Answer one look after another; an error is raised."""
    left = iter(answers)

    def look() -> Sequence[str]:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


def seen(*answers: Sequence[str] | Exception) -> list[str]:
    """Follow with a look each second, until there is no answer left."""
    told: list[str] = []
    now = [0.0]
    args = argparse.Namespace(interval=1.0, duration=len(answers) - 1.0)
    follow(
        looks(*answers), told.append, args, sleep=lambda seconds: now.insert(0, now[0] + seconds), clock=lambda: now[0]
    )
    return told


def test_a_failure_that_passes_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told once, and what came meanwhile is shown afterwards."""
    assert seen(["a"], GONE, BROKEN, ["b", "c"], BROKEN, []) == ["a", "b", "c"]
    assert capsys.readouterr().err.splitlines() == [
        "rollbar-logging: GET items: refused; looking again",
        "rollbar-logging: GET items: 502 bad gateway; looking again",
    ]


@pytest.mark.parametrize("kind", [AccessDenied, NotFound])
def test_a_failure_that_stays_ends_it(kind: type[ApiError]) -> None:
    """A token that is refused is refused again."""
    with pytest.raises(kind):
        seen(["a"], kind(400, "no", "GET", "items"), ["b"])


def test_a_failure_at_the_end_is_one() -> None:
    """Whoever followed for so long knows that the last looks saw nothing."""
    with pytest.raises(Unreachable):
        seen(["a"], GONE)
