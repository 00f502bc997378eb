"""Greenlets in place of threads: the sender is one of them, and all that is logged arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback import Loopback
from tests.pipelines import run, texts, uuids
from tests.processes.running import ask_often, python, service

pytest.importorskip("gevent")

PROGRAM = Path(__file__).parent.parent / "programs" / "greenlets.py"


LATE = pytest.mark.xfail(strict=True, reason="locks made before the library was patched stop every greenlet")


@pytest.mark.parametrize("when", ["early", pytest.param("late", marks=LATE)])
def test_greenlets_report(loopback: Loopback, when: str) -> None:
    """Before and after a fork, at the end too, whether the library was patched before the handler or after it."""
    # gevent itself warns of being late; gunicorn with --preload is as late as that.
    done = run(loopback, PROGRAM, when, flags=("-W", "ignore"), shutdown_timeout="5", storm_limit="0")

    assert (done.returncode, done.stderr) == (0, "")
    numbers = [*range(40), *range(100, 120)]
    assert sorted(texts(loopback)) == sorted(f"greenlet {number} {i}" for number in numbers for i in range(4))
    assert len(uuids(loopback)) == len(set(uuids(loopback)))


def test_gunicorns_greenlets_report(loopback: Loopback) -> None:
    """Gunicorn patches in its workers, before they load the application."""
    pytest.importorskip("gunicorn")
    where = ["--bind", "127.0.0.1:0", "--workers", "2", "tests.programs.wsgi"]
    command = python("-m", "gunicorn", "--worker-class", "gevent", *where)
    with service(loopback, *command, shutdown_timeout=5) as server:
        expected = ask_often(int(server.wait_for(r"http://127\.0\.0\.1:(\d+)")[1]), 12, at_once=4)
        server.end()

    assert sorted(text for text in texts(loopback) if text != "loaded") == sorted(expected)
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
