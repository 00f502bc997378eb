"""Many threads, and several interpreters, in one process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.loopback import Loopback, Reply
from tests.pipelines import run, texts, uuids

PROGRAMS = Path(__file__).parent.parent / "programs"
THREADS, RECORDS = 64, 200


def test_the_counts_of_a_crowd_are_exact(loopback: Loopback) -> None:
    """Thousands of records from many threads at once: each is accepted, and sent or dropped, and counted once."""
    options = {"queue_size": "1000", "shutdown_timeout": "60", "storm_limit": "0"}
    done = run(loopback, PROGRAMS / "crowd.py", str(THREADS), str(RECORDS), **options)
    stats = json.loads(done.stdout)

    assert done.returncode == 0
    assert stats["accepted"] == THREADS * RECORDS
    assert stats["queued"] == 0
    assert set(stats["dropped"]) <= {"queue_full"}
    # What tells Rollbar of the drops is a report of the product's own.
    sent = [text for text in texts(loopback) if text.startswith("thread ")]
    assert len(sent) == len(set(sent)) == stats["accepted"] - sum(stats["dropped"].values())
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
    assert len(sent) >= 1000


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="interpreters within interpreters are CPython's")
@pytest.mark.parametrize("how", ["flushed", "busy"])
@pytest.mark.parametrize("kind", ["legacy", "isolated"])
def test_an_interpreter_within_the_process_reports_or_says_that_it_cannot(
    loopback: Loopback, kind: str, how: str
) -> None:
    """Where threads, forks or a library are refused to it, its handler delivers by itself or says why it cannot be.

    However it ends, it leaves no thread behind, which would abort the process.
    """
    loopback.script = [Reply(delay=0.02)] * 15  # so that one sender is not enough
    # Libraries warn there of extensions that they cannot load.
    done = run(loopback, PROGRAMS / "subinterpreter.py", kind, how, flags=("-W", "ignore"), shutdown_timeout="60")

    assert done.returncode == 0, done.stderr
    outer = [text for text in texts(loopback) if not text.startswith("inner")]
    inner = [text for text in texts(loopback) if text.startswith("inner")]
    assert outer == ["before", "after"]
    if "refused:" in done.stderr:
        assert inner == []
    else:
        assert done.stderr == ""
        assert sorted(inner) == sorted([*(f"inner {i}" for i in range(20)), "inner last"])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="with a thread left, no exit function is called")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="interpreters within interpreters are CPython's")
def test_an_interpreter_within_the_process_ends_after_what_it_sends(loopback: Loopback) -> None:
    """When there is no time left it still waits for the answer: without, all interpreters would be gone."""
    loopback.script = [*[Reply()] * 21, Reply(delay=1)]  # the last one is answered late
    done = run(
        loopback, PROGRAMS / "subinterpreter.py", "legacy", "busy", flags=("-W", "ignore"), shutdown_timeout="0.01"
    )

    assert done.returncode == 0, done.stderr
    assert len(texts(loopback)) == 23
