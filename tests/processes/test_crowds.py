"""Many threads, and several interpreters, in one process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.loopback import Loopback
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


LEFT = pytest.mark.xfail(strict=True, reason="an interpreter that ends while it has a thread aborts the process")


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="interpreters within interpreters are CPython's")
@pytest.mark.parametrize("kind", [pytest.param("legacy", marks=LEFT), "isolated"])
def test_an_interpreter_within_the_process_reports_or_says_that_it_cannot(loopback: Loopback, kind: str) -> None:
    """Where threads, forks or a library are refused to it, its handler delivers by itself or says why it cannot be."""
    # Libraries warn there of extensions that they cannot load.
    done = run(loopback, PROGRAMS / "subinterpreter.py", kind, flags=("-W", "ignore"), shutdown_timeout="10")

    assert done.returncode == 0, done.stderr
    outer = [text for text in texts(loopback) if not text.startswith("inner")]
    inner = [text for text in texts(loopback) if text.startswith("inner")]
    assert outer == ["before", "after"]
    if "refused:" in done.stderr:
        assert inner == []
    else:
        assert done.stderr == ""
        assert inner == ["inner 0", "inner 1", "inner 2", "inner last"]
