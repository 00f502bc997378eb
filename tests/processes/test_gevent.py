"""Greenlets in place of threads: the sender is one of them, and all that is logged arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback import Loopback
from tests.pipelines import run, texts, uuids
from tests.processes.running import GRACE, ask_often, python, service

pytest.importorskip("gevent")

PROGRAM = Path(__file__).parent.parent / "programs" / "greenlets.py"

# Else gevent looks up names on threads, which from Python 3.12 on are not to be had at the end of the process.
LOOK_UP = {"GEVENT_RESOLVER": "block"}


@pytest.mark.parametrize("keeps", ["", "overflow", "always"])
@pytest.mark.parametrize("when", ["first", "imported", "made", "logged", "sent"])
def test_greenlets_report(loopback: Loopback, tmp_path: Path, when: str, keeps: str) -> None:
    """Before and after a fork, at the end too, whenever the library was patched, also with a spool."""
    options = {"spool_dir": str(tmp_path / "spool"), "spool": keeps} if keeps else {}
    # gevent itself warns of being late; gunicorn with --preload is as late as that.
    done = run(loopback, PROGRAM, when, flags=("-W", "ignore"), variables=LOOK_UP, shutdown_timeout="60", **options)

    assert (done.returncode, done.stderr) == (0, "")
    numbers = [*range(40), *range(100, 120)]
    expected = ["hello", *(f"greenlet {number} {i}" for number in numbers for i in range(4))]
    assert sorted(texts(loopback)) == sorted(expected)
    assert len(uuids(loopback)) == len(set(uuids(loopback)))


@pytest.mark.parametrize("when", ["imported", "made", "logged", "sent"])
def test_greenlets_report_over_tls(tmp_path: Path, when: str) -> None:
    """Also when the libraries knew `ssl` before it was patched."""
    with Loopback(tls=tmp_path) as loopback:
        trusted = {**LOOK_UP, "REQUESTS_CA_BUNDLE": str(loopback.certificate)}
        done = run(loopback, PROGRAM, when, flags=("-W", "ignore"), shutdown_timeout="60", variables=trusted)

        assert (done.returncode, done.stderr) == (0, "")
        assert len(texts(loopback)) == 1 + 4 * 60


def test_gunicorns_greenlets_report(loopback: Loopback) -> None:
    """Gunicorn patches in its workers, before they load the application."""
    pytest.importorskip("gunicorn")
    where = ["--bind", "127.0.0.1:0", "--workers", "2", "tests.programs.wsgi"]
    command = python("-m", "gunicorn", "--worker-class", "gevent", *GRACE, *where)
    with service(loopback, *command, shutdown_timeout=60) as server:
        expected = ask_often(int(server.wait_for(r"http://127\.0\.0\.1:(\d+)")[1]), 12, at_once=4)
        server.end()

    assert sorted(text for text in texts(loopback) if text != "loaded") == sorted(expected)
    assert len(uuids(loopback)) == len(set(uuids(loopback)))
