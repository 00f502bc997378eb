"""`RollbarHandler` as a part of `logging`: what it takes, what it leaves, and that it never harms who logs."""

from __future__ import annotations

import contextlib
import gc
import logging
import logging.config
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbar_logging import RollbarHandler, SettingsError
from rollbar_logging.delivery.stats import Stats
from tests.loopback import Loopback, Reply
from tests.pipelines import TOKEN, Gate, adds_up, attached, made, texts, uuids


@contextlib.contextmanager
def on_root(*handlers: logging.Handler, level: int = logging.DEBUG) -> Iterator[None]:
    """These on the root logger, at a level."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


@contextlib.contextmanager
def filtered(handler: logging.Handler, filter_: Any) -> Iterator[None]:
    """A filter on a handler."""
    handler.addFilter(filter_)
    try:
        yield
    finally:
        handler.removeFilter(filter_)


def end_threads(handler: RollbarHandler) -> None:
    """End what a handler leaves to the end of the process."""
    worker = handler._worker
    assert worker is not None
    worker.close(0)


def test_one_report_never_causes_another(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """With everything at DEBUG what the senders' libraries log of each request is not reported."""
    handler = made(loopback, level="DEBUG")
    with on_root(handler):
        for i in range(2):
            logging.getLogger("application").debug("record %d", i)
            assert handler.flush()

        assert handler.stats() == Stats(accepted=2, sent=2)
    assert texts(loopback) == ["record 0", "record 1"]
    assert [record for record in caplog.records if record.name.startswith("urllib3")]


def test_two_handlers_do_not_feed_each_other(loopback: Loopback) -> None:
    """Each reports what the application logs, and nothing of the other's deliveries."""
    with Loopback() as other:
        first, second = made(loopback, level="DEBUG"), made(other, level="DEBUG")
        with on_root(first, second):
            logging.getLogger("application").debug("boom")
            for _ in range(2):
                assert first.flush()
                assert second.flush()

            assert first.stats() == second.stats() == Stats(accepted=1, sent=1)
        assert texts(loopback) == texts(other) == ["boom"]


@pytest.mark.parametrize("is_exiting", [False, True], ids=["closed", "exiting"])
def test_the_last_word_causes_no_report(loopback: Loopback, caplog: pytest.LogCaptureFixture, is_exiting: bool) -> None:
    """What a closing thread sends by itself, and what is logged of that, is neither reported nor complained of."""
    handler = made(loopback, level="DEBUG")
    with on_root(handler):
        logging.getLogger("application").debug("boom")
        assert handler.flush()
        handler._queue.count_dropped("queue_full", 3)
        if is_exiting:
            handler.at_exit()
        handler.close()
        end_threads(handler)

        assert handler.stats() == Stats(accepted=4, sent=1, dropped={"queue_full": 3})
    assert [text for text in texts(loopback) if not text.startswith("rollbar_logging dropped reports")] == ["boom"]
    assert len([record for record in caplog.records if record.name == "urllib3.connectionpool"]) >= 2
    assert "has been closed" not in caplog.text


def test_what_before_send_logs_at_the_end_is_not_reported(loopback: Loopback, tmp_path: Path) -> None:
    """Where the closing thread makes the bodies, since the reports go to disk, it is no different."""

    def log(data: dict[str, Any]) -> dict[str, Any]:
        logging.getLogger("application").error("sending")
        return data

    loopback.script = [Reply(503)]
    handler = made(loopback, before_send=log, spool_dir=str(tmp_path), flush_interval=60, shutdown_timeout=0)
    with on_root(handler):
        for _ in range(3):
            logging.getLogger("application").error("boom")
        handler.at_exit()
        handler.close()
        end_threads(handler)

        stats = handler.stats()
    assert (stats.accepted, stats.sent + stats.spooled) == (3, 3)


def test_what_the_product_says_is_not_reported(loopback: Loopback) -> None:
    """Records of its own loggers are left out; those of one with a similar name are not."""
    handler = made(loopback, level="DEBUG")
    with on_root(handler):
        for name in ("rollbar_logging", "rollbar_logging.delivery", "rollbar_logging_demo"):
            logging.getLogger(name).error("said by %s", name)

        assert handler.flush()
    assert texts(loopback) == ["said by rollbar_logging_demo"]


def test_what_before_send_logs_is_not_reported(loopback: Loopback) -> None:
    """It would be sent through ``before_send`` again, and so on."""

    def log(data: dict[str, Any]) -> dict[str, Any]:
        logging.getLogger("application").error("sending")
        return data

    handler = made(loopback, level="DEBUG", before_send=log)
    with on_root(handler):
        logging.getLogger("application").error("boom")
        assert handler.flush()

        assert handler.stats() == Stats(accepted=1, sent=1)


def test_an_object_that_logs_while_it_is_captured_is_captured_once(loopback: Loopback) -> None:
    """What capturing a record causes to be logged is counted and left out; the record arrives."""
    with attached(loopback) as (logger, handler):
        logger.propagate = False  # pytest's handlers would look at it as well

        class Loud:
            def __repr__(self) -> str:
                logger.error("looked at")
                return "<loud>"

        logger.error("seen: %r", Loud())
        assert handler.flush()

        stats = handler.stats()
        assert (stats.sent, set(stats.dropped)) == (1, {"reentrant"})
        assert adds_up(stats)
    assert texts(loopback) == ["seen: <loud>"]


def test_the_level_is_the_level(loopback: Loopback) -> None:
    """`setLevel` and the option mean what they mean for every handler."""
    with attached(loopback, level="WARNING") as (logger, handler):
        assert handler.level == logging.WARNING
        logger.info("too mild")
        logger.warning("reported")
        handler.setLevel(logging.CRITICAL)
        logger.error("too mild now")
        handler.setLevel("DEBUG")
        logger.debug("reported too")

        assert handler.flush()
    assert texts(loopback) == ["reported", "reported too"]


def test_filters_decide(loopback: Loopback) -> None:
    """A filter may keep a record out, or change it first."""

    def ask(record: logging.LogRecord) -> bool:
        record.msg = record.msg.upper()
        return "secret" not in record.getMessage().lower()

    with attached(loopback) as (logger, handler), filtered(handler, ask):
        logger.error("a secret")
        logger.error("boom")
        assert handler.flush()
    assert texts(loopback) == ["BOOM"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="filters return records from Python 3.12 on")
def test_a_filter_may_put_another_record_in_its_place(loopback: Loopback) -> None:
    """What the filter returned is reported, and the original stays as it was."""

    def replace(record: logging.LogRecord) -> logging.LogRecord:
        return logging.makeLogRecord({**record.__dict__, "msg": "another", "args": ()})

    with attached(loopback) as (logger, handler), filtered(handler, replace):
        logger.error("boom")
        assert handler.flush()
    assert texts(loopback) == ["another"]


def test_the_application_learns_the_uuid(loopback: Loopback) -> None:
    """A record carries the uuid of its report, for later handlers and for the user's screen."""
    records: list[logging.LogRecord] = []

    class Later(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    with attached(loopback) as (logger, handler):
        later = Later()
        logger.addHandler(later)
        logger.error("boom")
        logger.removeHandler(later)
        assert handler.flush()
    assert uuids(loopback) == [records[0].__dict__["rollbar_uuid"]]


def test_a_record_that_comes_twice_has_one_uuid(loopback: Loopback) -> None:
    """On two loggers of a branch a handler sees a record twice; the server can drop the second."""
    with attached(loopback) as (logger, handler):
        child = logger.getChild("child")
        child.addHandler(handler)
        child.error("boom")
        child.removeHandler(handler)

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=2)
    assert len(uuids(loopback)) == 2
    assert len(set(uuids(loopback))) == 1


def test_without_a_token_the_application_runs(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is reported, and the log hears so once."""
    handler = RollbarHandler()
    with on_root(handler):
        for _ in range(3):
            logging.getLogger("application").error("boom")

        assert handler.flush()
        assert handler.stats() == Stats()
    own = [record.getMessage() for record in caplog.records if record.name == "rollbar_logging"]
    assert own == ["no access token, so nothing is reported: set ROLLBAR_ACCESS_TOKEN or the option access_token"]
    assert repr(handler) == "<RollbarHandler (inert, ERROR)>"


def test_a_disabled_handler_is_silent(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """``enabled=False`` switches everything off, without a word."""
    with attached(loopback, enabled=False) as (logger, handler):
        logger.error("boom")
        assert handler.flush()
        assert handler.stats() == Stats()
    assert loopback.requests == []
    assert [record for record in caplog.records if record.name == "rollbar_logging"] == []


@pytest.mark.parametrize(
    ("option", "value"), [("queue_size", "many"), ("endpont", "https://x/"), ("access_token", "has a space")]
)
def test_a_configuration_that_cannot_work_says_so(option: str, value: str) -> None:
    """`dictConfig` fails with an error that names the option, and never with the token."""
    options = {"access_token": TOKEN, option: value}
    config = {"version": 1, "handlers": {"rollbar": {"class": "rollbar_logging.RollbarHandler", **options}}}

    with pytest.raises(ValueError, match="rollbar") as caught:
        logging.config.dictConfig({**config, "incremental": False, "disable_existing_loggers": False})
    cause = caught.value.__cause__
    assert isinstance(cause, SettingsError)
    assert cause.option == option
    assert str(cause).startswith(f"{option} (keyword) is ")
    assert "has a space" not in str(cause)
    assert TOKEN not in str(cause)


def test_a_record_that_cannot_be_captured_is_reported_bare(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """What is known of it arrives, with what went wrong; the log hears of the first one only."""
    with attached(loopback) as (logger, handler):
        for _ in range(2):
            record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "boom", (), None)
            del record.args
            handler.handle(record)

        assert handler.flush()
        assert handler.stats() == Stats(accepted=2, sent=2)
    assert [text.split(" [")[0] for text in texts(loopback)] == ["boom", "boom"]
    assert all("AttributeError" in text for text in texts(loopback))
    assert caplog.text.count("could not be captured whole") == 1


def test_a_filter_may_leave_rubbish_in_a_record(loopback: Loopback) -> None:
    """Arguments that fit no template are reported as they are."""

    def spoil(record: logging.LogRecord) -> bool:
        record.args = 5  # type: ignore[assignment]
        record.exc_info = "no tuple"  # type: ignore[assignment]
        return True

    with attached(loopback) as (logger, handler), filtered(handler, spoil):
        logger.propagate = False  # pytest's handlers would fail
        logger.error("boom")
        assert handler.flush()
        assert handler.stats() == Stats(accepted=1, sent=1)
    assert "boom" in texts(loopback)[0]


def test_an_error_without_words_can_be_told(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """The failure's own text may fail as well."""

    class WordlessError(Exception):
        def __str__(self) -> str:
            raise self

    class Broken(dict[str, Any]):
        def __getitem__(self, name: object) -> Any:
            raise WordlessError

        def get(self, *_: object) -> Any:
            raise WordlessError

        keys = get

    with attached(loopback) as (logger, handler):
        record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "boom", (), None)
        record.__dict__ = Broken(record.__dict__)
        handler.emit(record)

        stats = handler.stats()
        assert stats.accepted == 1
        assert adds_up(stats)
    assert "could not be captured whole: WordlessError" in caplog.text


def test_nobody_waits_for_another_thread_in_the_handler(loopback: Loopback) -> None:
    """While one thread has the handler's own lock, as a slow formatter would, others log without waiting."""
    with attached(loopback) as (logger, handler):
        handler.acquire()
        thread = threading.Thread(target=logger.error, args=("boom",))
        thread.start()
        thread.join(10)
        has_waited = thread.is_alive()
        handler.release()
        thread.join()

        assert not has_waited
        assert handler.stats().accepted == 1


class Witness(Exception):  # noqa: N818 - any object, and an exception, whose end can be observed
    """Something whose end can be observed."""


def _log_failure(logger: logging.Logger, watched: list[weakref.ref[Any]]) -> None:
    local, argument, extra = Witness(), Witness(), Witness()
    try:
        raise Witness(local, [local])  # noqa: TRY301 - its frame is this one
    except Witness as error:
        logger.exception("failed: %s", argument, extra={"witness": extra}, stack_info=True)
        watched += [weakref.ref(witness) for witness in (error, local, argument, extra)]


def test_nothing_of_the_application_is_kept_alive() -> None:
    """While delivery is blocked, the record, its exception and every local variable can go."""
    gate, watched = Gate(), list[weakref.ref[Any]]()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            watched.append(weakref.ref(record))

    logger = logging.Logger("application")  # noqa: LOG001 - pytest's handlers keep what they see
    handler = RollbarHandler(transport=gate, flush_interval=0)
    logger.addHandler(handler)
    logger.addHandler(Watch())
    try:
        for _ in range(2):
            _log_failure(logger, watched)
        gate.entered.acquire()
        gc.collect()

        assert handler.stats().queued == 2
        assert len(watched) == 10
        assert [reference for reference in watched if reference() is not None] == []
    finally:
        gate.is_open.set()
        handler.close()
