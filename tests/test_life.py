"""The handler's life: how cheaply it begins, how it ends with the process, and how it is replaced."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from time import monotonic

import pytest

from rollbar_logging.delivery.notices import ADVICE
from rollbar_logging.delivery.stats import Stats
from tests.loopback import Loopback, Reply
from tests.pipelines import attached, run, texts, uuids

PROGRAMS = Path(__file__).parent / "programs"
STRICT = ("-X", "dev", "-W", "error")
SETUP = """
    import atexit, logging, sys, threading
    {before}
    import rollbar_logging
    logger = logging.getLogger("application")
    logger.addHandler(rollbar_logging.RollbarHandler())
"""


def program(end: str, before: str = "") -> str:
    """A program that has a handler and then does what *end* says."""
    return SETUP.format(before=before) + f"\n    {end}\n"


def senders() -> list[threading.Thread]:
    """The product's threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("rollbar_logging")]


def test_importing_is_cheap_and_starts_nothing(loopback: Loopback) -> None:
    """No thread and no HTTP; what an application may not need is not loaded."""
    done = run(
        loopback,
        """
        import sys, threading
        import rollbar_logging
        heavy = "requests urllib3 http.client structlog cachetools sqlite3 dataclasses asyncio multiprocessing"
        print([name for name in heavy.split() if name in sys.modules], threading.active_count())
        """,
        flags=STRICT,
    )

    assert (done.stderr, done.stdout) == ("", "[] 1\n")


def test_no_thread_starts_before_the_first_record(loopback: Loopback) -> None:
    """Many programs never fail: they pay for no thread, also not at their end."""
    end = "atexit.register(lambda: print(threading.active_count())); logger.handlers[0].flush(); logger.info('fine')"
    done = run(loopback, program(end, "atexit.register(lambda: print(threading.active_count()))"), flags=STRICT)

    assert (done.stderr, done.stdout) == ("", "1\n1\n")


ENDS = {
    "the last line": ("logger.error('last')", "", 0),
    "sys.exit": ("logger.error('last'); sys.exit(3)", "", 3),
    "an exit function registered before the import": ("", "atexit.register(lambda: logger.error('last'))", 0),
    "an exit function registered afterwards": ("atexit.register(lambda: logger.error('last'))", "", 0),
    "a thread that outlives the main one": (
        "threading.Timer(0.1, lambda: logger.error('last')).start()",
        "",
        0,
    ),
    "a thread that exits": (
        "threading.Thread(target=lambda: [logger.error('last'), sys.exit()]).start()",
        "",
        0,
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_last_record_arrives(loopback: Loopback, name: str) -> None:
    """However a program ends by itself, what it logged last is delivered, without a word on the error stream."""
    end, before, status = ENDS[name]
    done = run(loopback, program(end, before), flags=STRICT)

    assert (done.returncode, done.stderr) == (status, "")
    assert texts(loopback) == ["last"]


def test_an_uncaught_exception_is_the_applications_own(loopback: Loopback) -> None:
    """What was logged before it arrives; the traceback is the only thing on the error stream."""
    done = run(loopback, program("logger.error('last'); 1 / 0"), flags=STRICT)

    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.strip().endswith("ZeroDivisionError: division by zero")
    assert texts(loopback) == ["last"]


def test_a_record_of_a_finalizer_at_the_very_end_is_not_waited_for(loopback: Loopback) -> None:
    """When modules are taken apart nothing can be sent any more, so nobody waits for it."""
    loud = """
    class Loud:
        def __init__(self): self.logger = logger
        def __del__(self): self.logger.error("too late")
    loud = Loud()
    logger.error("last")
    """
    done = run(loopback, SETUP.format(before="") + loud, flags=STRICT, shutdown_timeout="600")  # `run` has less time

    assert (done.returncode, done.stderr) == (0, "")
    assert texts(loopback) == ["last"]


@pytest.mark.parametrize("handlers", [1, 5])
def test_the_end_waits_no_longer_than_it_may(loopback: Loopback, handlers: int) -> None:
    """With a server that never answers a process ends after ``shutdown_timeout``, and says how many were dropped.

    Several handlers wait side by side: one after the other they would take five times as long.
    """
    patience = 1.5
    loopback.script = [Reply(fault="black_hole")] * 10
    clock = "import atexit, time; atexit.register(lambda: print(time.monotonic() - began))"  # called after all others
    end = "; ".join(
        ["logger.addHandler(rollbar_logging.RollbarHandler())"] * (handlers - 1)
        + ["logger.error('first')", "logger.error('second')", "began = time.monotonic()"]
    )
    done = run(loopback, program(end, clock), timeout="600", shutdown_timeout=str(patience), flags=STRICT)

    assert done.returncode == 0
    assert done.stderr == f"rollbar_logging: 2 reports were dropped: shutdown ({ADVICE['shutdown']})\n" * handlers
    assert patience <= float(done.stdout) < 5 * patience


def test_closing_waits_no_longer_than_it_may(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """What a server that never answers was given is dropped after ``shutdown_timeout``, and counted."""
    loopback.script = [Reply(fault="black_hole")] * 10
    with attached(loopback, timeout=60, shutdown_timeout=0.1) as (logger, handler):
        for i in range(3):
            logger.error("record %d", i)
        assert loopback.wait_for(1)
        began = monotonic()
        handler.close()

        assert monotonic() - began < 60  # whoever waits for the answer waits for its timeout
        assert handler.stats() == Stats(accepted=3, dropped={"shutdown": 3})
        handler.close()
        for _ in range(2):
            logger.error("too late")
        assert handler.stats().accepted == 3
    loopback.stop()
    for thread in senders():
        thread.join(10)
    own = [record.getMessage() for record in caplog.records if record.name == "rollbar_logging"]
    dropped, closed = own  # the answer that came to nothing is no news any more
    assert dropped.startswith("3 reports were dropped: shutdown (")
    assert closed.startswith("a record came to a handler that has been closed")


def test_closing_delivers_what_is_left(loopback: Loopback) -> None:
    """Reports that wait for their batch are sent, and the threads end."""
    with attached(loopback, flush_interval=3600) as (logger, handler):
        for i in range(10):
            logger.error("record %d", i)
        handler.close()

        assert handler.stats() == Stats(accepted=10, sent=10)
        for thread in senders():
            thread.join(10)
        assert senders() == []
    assert len(texts(loopback)) == 10


def test_logging_shutdown_takes_the_time_of_one(loopback: Loopback) -> None:
    """`logging.shutdown` flushes each handler and then closes it; together they wait once."""
    patience = 3.0
    loopback.script = [Reply(fault="black_hole")] * 10
    with attached(loopback, timeout=60, shutdown_timeout=patience) as (logger, handler):
        logger.error("boom")
        began = monotonic()
        logging.shutdown([lambda: handler])

        assert patience <= monotonic() - began < 2 * patience
        assert handler.stats().dropped == {"shutdown": 1}


def test_a_handler_is_replaced_again_and_again(loopback: Loopback) -> None:
    """`dictConfig`, 100 times, while threads log: every report arrives, and no thread, socket or file is left."""
    done = run(loopback, PROGRAMS / "reconfiguring.py", "100", flags=STRICT, shutdown_timeout="600")

    assert done.stderr == ""
    assert done.stdout == "done\n"  # one that waits for itself does not come to its end
    main = [text for text in texts(loopback) if text.startswith("main")]
    assert main == [f"main {i}" for i in range(100)]
    assert len(uuids(loopback)) == len(set(uuids(loopback)))


def test_threads_from_before_the_library_was_patched_give_way_to_new_ones(loopback: Loopback) -> None:
    """Whoever patches gives each handler another kind of lock, as gevent does; what is logged then arrives."""
    with attached(loopback) as (logger, handler):
        logger.error("before")
        assert handler.flush(60)
        assert handler._worker is not None
        thread = handler._worker._thread
        assert thread is not None

        handler.createLock()  # the same kind: nothing happens
        assert handler._worker._thread is thread
        handler.lock = threading.Lock()
        thread.join(10)
        assert not thread.is_alive()

        logger.error("after")
        assert handler.flush(60)
        assert texts(loopback) == ["before", "after"]
