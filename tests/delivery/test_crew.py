"""The threads that send: where none may be left, they end with what there is to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rollbar_logging.delivery import processes
from rollbar_logging.delivery.crew import Crew
from tests.loopback import Loopback, Reply
from tests.pipelines import Gate, attached, texts


def sender_threads() -> list[threading.Thread]:
    """The product's threads that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("rollbar_logging")]


@contextmanager
def guest(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[Any]:
    """A logger and its handler as in an interpreter within the process."""
    monkeypatch.setattr(processes, "is_guest", lambda: True)
    with attached(loopback, **options) as logger_and_handler:
        yield logger_and_handler


def wait_for_the_end_of(threads: list[threading.Thread]) -> None:
    """Wait until they have ended by themselves."""
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_this_is_the_main_interpreter() -> None:
    """Tests run in it; what others are told is seen in ``tests/processes``."""
    assert not processes.is_guest()


def test_a_guests_threads_end_by_themselves(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody flushes: what was logged arrives, then no thread is left; and so once more."""
    gate = Gate()
    gate.is_open.set()
    with guest(loopback, monkeypatch, transport=gate) as (logger, handler):
        for i in range(30):
            logger.error("record %d", i)
            assert gate.entered.acquire(timeout=60)
            wait_for_the_end_of(sender_threads())
        assert handler.stats().sent == 30


@pytest.mark.parametrize("storm_limit", [0, 1])
def test_a_guests_flush_leaves_no_thread(loopback: Loopback, monkeypatch: pytest.MonkeyPatch, storm_limit: int) -> None:
    """Whoever has flushed may end the interpreter, also while a storm goes on."""
    loopback.script = [Reply(delay=0.02)] * 10
    with guest(loopback, monkeypatch, storm_limit=storm_limit) as (logger, handler):
        for number in range(2):
            for _ in range(20):
                logger.error("boom")
            assert handler.flush()
            assert sender_threads() == []
            logger.error("other %d", number)
            assert handler.flush()
            assert sender_threads() == []
        accepted = handler.stats().accepted
    assert len(texts(loopback)) >= accepted == (42 if storm_limit == 0 else 2)


def test_a_guest_that_tells_of_a_storm_stays(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary comes at the end of the window, and then the thread ends too."""
    with guest(loopback, monkeypatch, storm_limit=1, storm_window=1) as (logger, _):
        for _ in range(3):
            logger.error("boom")
        assert loopback.wait_for(2)
        wait_for_the_end_of(sender_threads())
    assert texts(loopback)[0] == "boom"


def test_a_guest_that_has_left_reports_on_disk_stays(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """They are sent when the way is free, and then the threads end too."""
    loopback.script = [Reply(503, {"retry-after": "3"})]
    with guest(loopback, monkeypatch, spool_dir=str(tmp_path)) as (logger, handler):
        logger.error("first")
        logger.error("second")
        assert loopback.wait_for(3)
        wait_for_the_end_of(sender_threads())
        assert handler.stats().sent == 2


def test_a_guest_that_leaves_waits_for_what_it_sends(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time is left, and the server is slow: the threads have ended all the same, and no other is started."""
    loopback.script = [Reply(delay=0.5)] * 2
    with guest(loopback, monkeypatch, shutdown_timeout=0.01) as (logger, handler):
        logger.error("slow")
        assert loopback.wait_for(1)
        handler.at_exit()
        assert sender_threads() == []
        logger.error("later")
        assert sender_threads() == []
        assert handler.stats().sent == 1


def test_what_comes_while_the_threads_end_is_not_forgotten(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads log while another one flushes again and again: all arrives without a further call."""
    gate = Gate()
    gate.is_open.set()
    with guest(loopback, monkeypatch, transport=gate) as (logger, handler):

        def log() -> None:
            for i in range(100):
                logger.error("record %d", i)

        threads = [threading.Thread(target=log) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            handler.flush(60)
        for thread in threads:
            thread.join()
        for _ in range(400):
            assert gate.entered.acquire(timeout=60)


def test_a_crew_forgets_who_has_ended() -> None:
    """However many threads come and go, it holds but a few."""
    crew = Crew()
    for _ in range(100):
        thread = crew.make(lambda _: None, "short")
        assert thread is not None
        assert crew.start(thread)
        thread.join()
    assert len(crew._threads) < 20
    crew.join(10)
    assert crew._threads == []


def test_a_crew_that_is_dismissed_grows_no_more() -> None:
    """Nor does one for which there is no thread to be had."""
    crew = Crew()
    crew.is_dismissed = True
    assert crew.make(lambda _: None, "late") is None
