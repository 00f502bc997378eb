"""Storms: what one failure is, how many of its records pass, and that what does not pass is told once."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.capture.failure import key_of
from rollbar_logging.capture.occurrence import Occurrence
from rollbar_logging.capture.storms import Storms, Window
from tests.capture.failures import ExceptionGroup, caught, raised
from tests.capture.material import ERRORS, hostile, hostile_type, recorder


def record_of(error: BaseException | None = None, msg: Any = "it failed", **facts: Any) -> logging.LogRecord:
    """A record of a call at one and the same place."""
    traceback = None if error is None else BaseException.__dict__["__traceback__"].__get__(error)
    record = logging.LogRecord("app", logging.ERROR, "/app/orders.py", 7, msg, ("an", "argument"), None)
    record.exc_info = None if error is None else (type(error), error, traceback)
    vars(record).update(facts)
    return record


def key(error: BaseException | None = None, msg: Any = "it failed", **facts: Any) -> Any:
    """The key of a record, which is made of plain and constant things alone."""
    found = key_of(record_of(error, msg, **facts))
    parts = [inner for part in found for inner in (part if type(part) is tuple else (part,))]
    assert all(part is None or type(part) in {str, int} for part in parts)
    return found


class Clock:
    """Time that passes when it is told to; both kinds of it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class Stormy:
    """Storms with a clock of their own, and what they tell."""

    def __init__(self, limit: int = 2, length: float = 60.0, **options: Any) -> None:
        self.clock = Clock()
        self.told: list[Occurrence] = []
        self.storms = Storms(limit, length, self.told.append, timer=self.clock, clock=self.clock, **options)

    def log(self, record: logging.LogRecord, times: int = 1) -> int:
        """Do with a record as the handler does; returns how often it passed."""
        return sum(self._passes(record) for _ in range(times))

    def counts(self) -> list[int]:
        """How many were suppressed, summary for summary."""
        return [summary.extras["storm"]["suppressed"] for summary in self.told]

    def _passes(self, record: logging.LogRecord) -> bool:
        window = self.storms.admit(record)
        if window is not None and window.is_full:
            occurrence = recorder().capture(record)
            assert occurrence is not None
            self.storms.keep(window, occurrence)
        return window is not None


# What one failure is


def _fail(number: int) -> None:
    raise ValueError(number)


def _one_way(number: int) -> None:
    _fail(number)


def _another_way(number: int) -> None:
    _fail(number)


def test_the_same_failure_has_the_same_key() -> None:
    """Neither what an exception says nor what is logged with it makes a difference."""
    keys = {key(caught(_one_way, number), f"number {number}", lineno=number) for number in range(3)}

    assert len(keys) == 1


def test_another_way_to_the_same_line_is_another_failure() -> None:
    """The same exception of the same line is another failure when its callers are others."""
    assert key(caught(_one_way, 1)) != key(caught(_another_way, 1))


def test_another_class_is_another_failure() -> None:
    """The class counts, with its module."""
    here, there = (type("Odd", (Exception,), {"__module__": module}) for module in ("here", "there"))

    assert len({key(raised(cls())) for cls in (here, there, ValueError)}) == 3


def test_what_led_to_an_exception_belongs_to_the_failure() -> None:
    """Causes, contexts and the first member of a group count, but no context that is hidden."""

    def chained(how: str, first: BaseException) -> BaseException:
        last = raised(KeyError("last"))
        if how == "cause":
            last.__cause__ = first
        else:
            last.__context__, last.__suppress_context__ = first, how == "hidden"
        return last

    for how, number in (("cause", 3), ("context", 3), ("hidden", 1)):
        firsts = [caught(_one_way, 1), caught(_another_way, 1), raised(KeyError())]
        assert len({key(chained(how, first)) for first in firsts}) == number
    assert key(raised(ExceptionGroup("x", [caught(_one_way, 1)]))) != key(
        raised(ExceptionGroup("x", [caught(_another_way, 1)]))
    )


def test_a_circle_of_causes_has_a_key() -> None:
    """A chain that has no end is left in time."""
    error = raised(ValueError())
    error.__cause__ = error

    assert key(error)


def test_an_exception_that_was_never_raised_is_known_by_the_call() -> None:
    """Without a traceback the place of the log call counts."""
    assert key(ValueError()) != key(ValueError(), lineno=8)
    assert key(ValueError()) == key(ValueError("with a text"))


def _down(depth: int, fail: Callable[[], None]) -> None:
    if depth == 0:
        fail()
    _down(depth - 1, fail)


def _ping(depth: int, fail: Callable[[], None]) -> None:
    if depth == 0:
        fail()
    _pong(depth - 1, fail)


def _pong(depth: int, fail: Callable[[], None]) -> None:
    _ping(depth, fail)


def _fail_here() -> None:
    raise ValueError


def _fail_there() -> None:
    raise ValueError


@pytest.mark.parametrize("recursion", [_down, _ping])
def test_the_depth_of_a_deep_recursion_makes_no_difference(recursion: Any) -> None:
    """In a traceback of more than 32 frames what repeats counts once; where it was raised still counts."""
    assert len({key(caught(recursion, depth, _fail_here)) for depth in (40, 41, 200, 350)}) == 1
    assert key(caught(recursion, 40, _fail_here)) != key(caught(recursion, 40, _fail_there))


def test_a_recursion_without_an_end_is_one_failure() -> None:
    """A `RecursionError` has one key, from whatever depth it was started."""

    def started(depth: int) -> BaseException:
        return started(depth - 1) if depth else caught(_down, -1, _fail_here)

    assert len({key(started(depth)) for depth in range(4)}) <= 2  # it may be `fail` or `_down` that is one too deep


@pytest.mark.parametrize(
    ("changed", "is_same"),
    [
        ({"args": ("other",)}, True),
        ({"levelno": 50, "created": 1.0, "funcName": "other", "thread": 3, "rollbar_person": {"id": 1}}, True),
        ({"msg": "it failed again"}, False),
        ({"name": "other"}, False),
        ({"lineno": 8}, False),
        ({"pathname": "/app/other.py"}, False),
    ],
)
def test_a_message_is_known_by_its_template_and_place(changed: dict[str, Any], *, is_same: bool) -> None:
    """Logger, template, file and line tell messages apart; arguments and surroundings do not."""
    assert (key() == key(**changed)) is is_same


def test_an_event_of_structlog_is_known_by_its_name() -> None:
    """Of an event dict the event counts, and the exception in it; its other values do not."""
    assert key(msg={"event": "sold out", "sku": 1}) == key(msg={"event": "sold out", "sku": 2}) == key(msg="sold out")
    assert key(msg={"event": "sold out"}) != key(msg={"event": "sold"})
    error = caught(_one_way, 1)
    assert key(msg={"event": "sold out", "exc_info": error}) == key(error)


def test_other_objects_are_known_by_their_class() -> None:
    """A message that is no text counts by its class, whatever it says."""
    assert key(msg=[1]) == key(msg=[2]) != key(msg=(1,))
    assert key(msg=[1]) != key(msg="builtins.list")


def test_long_templates_are_told_apart() -> None:
    """Templates that differ far behind are two, and no key is long."""
    keys = [key(msg="x" * 100_000 + end) for end in "ab"]

    assert keys[0] != keys[1]
    assert len(keys[0][1][0]) < 1000


@pytest.mark.parametrize("is_meta_too", [False, True])
@pytest.mark.parametrize("error", ERRORS)
def test_nothing_of_the_application_is_called(error: type[BaseException], *, is_meta_too: bool) -> None:
    """Objects and classes that raise whatever is asked of them do not hear of it."""
    cls = hostile_type(Exception, error, is_meta_too=is_meta_too)
    failing = Exception.__new__(cls)
    BaseException.__dict__["__cause__"].__set__(failing, Exception.__new__(cls))
    assert key(failing) == key(failing)
    for base in (object, dict, str, int, tuple):
        thing = hostile(base, error, is_meta_too=is_meta_too)
        record = record_of(None, thing, name=thing, pathname=thing, lineno=thing, exc_info=thing, args=thing)
        assert key_of(record) == key_of(record)
        assert key(msg={"event": thing, "exc_info": thing})


def test_names_of_another_class_are_not_called() -> None:
    """A file's name may be of a class of the application's; it is not compared, and the key holds a plain text."""

    class Name(str):
        __slots__ = ()

        def __hash__(self) -> int:
            raise SystemExit

        __eq__ = __len__ = __str__ = __hash__  # type: ignore[assignment]

    source = "def down(depth):\n    1 / depth\n    down(depth - 1)\n"
    names: dict[str, Any] = {}
    exec(compile(source, "odd.py", "exec"), names)  # noqa: S102 - a function of our own
    code = names["down"].__code__.replace(co_filename=Name("odd.py"))
    names["down"].__code__ = code

    assert key(caught(names["down"], 3)) == key(caught(names["down"], 3))
    assert key(caught(names["down"], 50)) == key(caught(names["down"], 60))


def test_no_object_of_the_application_is_kept_alive() -> None:
    """Neither a class nor an exception lives on in what is remembered of a storm."""
    stormy = Stormy()
    cls = type("Fleeting", (Exception,), {})
    error = raised(cls())
    stormy.log(record_of(error, extra=error), 5)
    gone = [weakref.ref(cls), weakref.ref(error)]
    del cls, error
    gc.collect()

    assert [ref() for ref in gone] == [None, None]
    stormy.storms.tell_all()
    assert stormy.counts() == [3]


# What passes and what is told


def test_what_is_beyond_the_limit_is_counted_and_told_at_the_end() -> None:
    """The limit passes; the summary says how many did not, from when to when, and is of the last one's time."""
    stormy = Stormy(limit=3, length=60.0)
    record = record_of(caught(_one_way, 1))
    assert stormy.log(record, 4) == 3
    stormy.clock.now += 10
    assert stormy.log(record, 2) == 0

    assert stormy.storms.tell_ended(stormy.clock.now) == 1060.0
    assert stormy.told == []
    assert stormy.storms.tell_ended(1060.0) is None
    [summary] = stormy.told
    assert summary.extras["storm"] == {
        "suppressed": 3,
        "first": "1970-01-01T00:16:40.000+00:00",
        "last": "1970-01-01T00:16:50.000+00:00",
        "window": 60.0,
    }
    assert summary.created == 1010.0
    assert stormy.storms.suppressed == 3


def test_a_summary_is_an_occurrence_of_the_same_item() -> None:
    """It has the chain, the places and the texts of the last report, another uuid, and nothing else of it."""
    stormy = Stormy(limit=1)
    error = caught(_one_way, 1)
    error.__cause__ = raised(KeyError("inner"))
    asked = {"rollbar_fingerprint": "mine", "rollbar_title": "its title", "rollbar_person": {"id": 7}}
    payload = {"fingerprint": "theirs", "custom": {"secret": 1}}
    record = record_of(
        error, "%s failed with %s", **asked, payload_data=payload, customer="Ann", request={"url": "/"}, stack_info="x"
    )
    last = recorder().capture(record)
    assert last is not None
    stormy.log(record, 2)
    stormy.storms.tell_all()

    [summary] = stormy.told
    for name in ("level", "levelno", "logger", "message", "template", "place", "overrides"):
        assert getattr(summary, name) == getattr(last, name)
    assert [(trace.class_name, trace.module, trace.message) for trace in summary.chain] == [
        (trace.class_name, trace.module, trace.message) for trace in last.chain
    ]
    assert [[frame._replace(locals=None) for frame in trace.frames] for trace in last.chain] == [
        list(trace.frames) for trace in summary.chain
    ]
    assert summary.uuid != last.uuid
    assert list(summary.extras) == ["storm"]
    assert (summary.args, summary.person, summary.request, summary.stack) == (None, None, None, None)
    assert summary.payload == {"fingerprint": "theirs"}
    assert summary.size > 0


def test_a_calm_window_tells_nothing() -> None:
    """Of a window in which all passed nothing is told, even if it was full."""
    stormy = Stormy(limit=2)
    stormy.log(record_of(), 2)
    stormy.storms.tell_ended(2000.0)
    stormy.storms.tell_all()

    assert stormy.told == []


def test_after_the_window_the_failure_passes_again() -> None:
    """A new window has the whole limit again, and the old one is told at the latest then."""
    stormy = Stormy(limit=2, length=60.0)
    assert stormy.log(record_of(), 5) == 2
    stormy.clock.now += 59.9
    assert stormy.log(record_of()) == 0
    stormy.clock.now += 0.1

    assert stormy.log(record_of(), 5) == 2
    assert stormy.counts() == [4]
    stormy.storms.tell_ended(5000.0)
    assert stormy.counts() == [4, 3]


def test_failures_do_not_suppress_each_other() -> None:
    """Each failure has a limit and a window of its own."""
    stormy = Stormy(limit=2, length=60.0)
    assert stormy.log(record_of(), 3) == 2
    stormy.clock.now += 30
    assert stormy.log(record_of(caught(_one_way, 1)), 3) == 2
    assert stormy.log(record_of(caught(_another_way, 1)), 2) == 2

    assert stormy.storms.tell_ended(1060.0) == 1090.0
    assert stormy.counts() == [1]


def test_what_is_told_at_the_end_is_not_told_again() -> None:
    """Telling all leaves the windows open, and what comes afterwards is told by itself."""
    stormy = Stormy(limit=1)
    stormy.log(record_of(), 4)
    stormy.storms.tell_all()
    stormy.storms.tell_all()
    assert stormy.log(record_of(), 2) == 0
    stormy.storms.tell_all()

    assert stormy.counts() == [3, 2]


def test_a_failure_that_gives_way_is_told() -> None:
    """When more failures come than are watched, the one that gives way is told then, and may pass again."""
    stormy = Stormy(limit=1, most=3)
    stormy.log(record_of(msg="storm"), 5)
    for number in range(3):
        stormy.log(record_of(msg=f"other {number}"))

    assert stormy.counts() == [4]
    assert stormy.log(record_of(msg="storm")) == 1


def test_a_storm_outlives_failures_that_come_once() -> None:
    """A failure that still rages does not give way to ever new ones."""
    stormy = Stormy(limit=1, most=10)
    for number in range(200):
        stormy.log(record_of(msg="storm"), 20)
        stormy.log(record_of(msg=f"other {number}"))

    assert stormy.told == []
    assert stormy.storms.suppressed == 200 * 20 - 1


def test_a_window_that_ends_before_its_last_report_is_captured_is_told() -> None:
    """What was suppressed while the last report was being captured is told when that is done."""
    stormy = Stormy(limit=1, length=60.0)
    window = stormy.storms.admit(record_of())
    assert isinstance(window, Window)
    assert stormy.log(record_of(), 3) == 0
    stormy.clock.now += 60
    stormy.log(record_of())
    assert stormy.told == []

    occurrence = recorder().capture(record_of())
    assert occurrence is not None
    stormy.storms.keep(window, occurrence)
    assert stormy.counts() == [3]


def test_what_is_ignored_is_neither_counted_nor_passes() -> None:
    """A record that is not to be reported opens no window."""
    stormy = Stormy(limit=1, is_ignored=recorder(levels={"ValueError": "ignored"}).is_ignored)

    assert stormy.log(record_of(caught(_one_way, 1)), 5) == 0
    assert stormy.log(record_of(raised(KeyError())), 5) == 1
    assert stormy.log(record_of(), 5) == 1
    assert stormy.storms.suppressed == 8


def test_a_forked_child_begins_with_nothing() -> None:
    """After a reset nothing is counted, nothing is left to be told, and everything passes again."""
    stormy = Stormy(limit=1)
    stormy.log(record_of(), 5)
    stormy.storms.reset()

    stormy.storms.tell_all()
    assert (stormy.told, stormy.storms.suppressed) == ([], 0)
    assert stormy.storms.tell_ended(9999.0) is None
    assert stormy.log(record_of()) == 1


def test_a_record_without_anything_passes() -> None:
    """A record of which nothing can be asked is no reason to fail."""
    stormy = Stormy(limit=1)

    class Odd(logging.LogRecord):
        __dict__ = property(lambda _self: 1 / 0)

    assert stormy.storms.admit(logging.LogRecord.__new__(Odd)) is not None
    bare = logging.LogRecord.__new__(logging.LogRecord)
    assert [stormy.storms.admit(bare) is None for _ in range(2)] == [False, True]


STEPS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.5, 3.0, 11.0]), st.booleans()), max_size=80)


@given(STEPS, st.integers(1, 3), st.integers(1, 6))
def test_each_record_passes_or_is_told_once(steps: list[tuple[int, float, bool]], limit: int, most: int) -> None:
    """Whatever comes when: what passed and what was told are together what came, failure for failure."""
    stormy = Stormy(limit=limit, length=10.0, most=most)
    came: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for which, seconds, is_looked_at in steps:
        stormy.clock.now += seconds
        came[f"failure {which}"] += 1
        passed[f"failure {which}"] += stormy.log(record_of(msg=f"failure {which}"))
        if is_looked_at:
            stormy.storms.tell_ended(stormy.clock.now)
    stormy.storms.tell_all()

    told: Counter[str] = Counter()
    for summary in stormy.told:
        told[str(summary.template)] += summary.extras["storm"]["suppressed"]
    assert passed + told == came
    assert sum(told.values()) == stormy.storms.suppressed


def test_threads_are_counted_exactly() -> None:
    """With many threads in the same storm exactly the limit passes, and the rest is counted."""
    stormy = Stormy(limit=60)
    passed: list[int] = []
    threads = [threading.Thread(target=lambda: passed.append(stormy.log(record_of(), 300))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(passed) == 60
    assert stormy.storms.suppressed == 16 * 300 - 60
    stormy.storms.tell_all()
    assert stormy.counts() == [16 * 300 - 60]
