"""What is read of exceptions: chains, notes, attributes, and hostile ones."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from rollbar_logging.capture.exceptions import MAX_CHAIN
from tests.capture.failures import ExceptionGroup, caught, chain_of, fail, methods, names, raised
from tests.capture.material import ERRORS, Capturing, hostile_type, logger_of, raising


def test_an_exception_has_its_class_its_message_and_its_frames() -> None:
    """The class by its bare name, its module, its text, and the frames with the oldest call first."""

    class OrderError(ValueError):
        """An exception of the application."""

    (trace,) = chain_of(raised(OrderError("no such order")))

    assert (trace.class_name, trace.module, trace.message) == ("OrderError", __name__, "no such order")
    assert methods(trace) == ["caught", "fail"]
    assert trace.is_raised
    assert trace.frames[-1].code.filename == fail.__code__.co_filename
    assert trace.frames[-1].lineno == fail.__code__.co_firstlineno + 2
    assert (trace.frames[-1].locals or {})["error"].endswith("OrderError('no such order')")


def test_a_long_message_keeps_sixteen_times_a_text() -> None:
    """A message may be longer than other texts, and is cut beyond."""
    (trace,) = chain_of(ValueError("x" * 1000), max_string=16)

    assert trace.message == "x" * 256 + "… [+744 chars]"


def test_an_exception_that_was_never_raised_stands_where_it_was_logged() -> None:
    """Without a traceback the place of the log call is the one frame."""
    handler = Capturing()
    logger_of(handler).error("it failed", exc_info=ValueError("x"))
    (occurrence,) = handler.caught
    assert occurrence is not None
    (trace,) = occurrence.chain

    assert not trace.is_raised
    assert methods(trace) == ["test_an_exception_that_was_never_raised_stands_where_it_was_logged"]
    assert trace.frames[0].code.filename == __file__


def test_only_the_outermost_gets_the_place_of_the_log_call() -> None:
    """A cause that was never raised has no frames at all."""
    error = raised(ValueError())
    error.__cause__ = KeyError()

    assert [len(trace.frames) for trace in chain_of(error)] == [2, 0]
    assert [trace.is_raised for trace in chain_of(error)] == [True, False]


# Chains


def test_a_cause_follows_its_effect() -> None:
    """`raise … from …`: the last raised comes first."""

    def fail_from() -> None:
        try:
            fail(KeyError("inner"))
        except KeyError as error:
            raise ValueError("outer") from error

    assert names(caught(fail_from)) == ["ValueError", "KeyError"]


def test_an_exception_during_another_follows_unless_suppressed() -> None:
    """What was being handled follows too; after `from None` it does not."""

    def fail_during(*, is_suppressed: bool) -> None:
        try:
            fail(KeyError("inner"))
        except KeyError:
            if is_suppressed:
                raise ValueError("outer") from None
            raise ValueError("outer")  # noqa: B904 - the point of it

    assert names(caught(lambda: fail_during(is_suppressed=False))) == ["ValueError", "KeyError"]
    assert names(caught(lambda: fail_during(is_suppressed=True))) == ["ValueError"]


def test_a_cycle_of_causes_ends() -> None:
    """Each exception comes once, however they refer to each other."""
    one, two, alone = ValueError("one"), KeyError("two"), TypeError("alone")
    one.__cause__, two.__cause__ = two, one
    alone.__context__ = one
    one.__context__ = alone

    assert names(one) == ["ValueError", "KeyError"]
    assert names(alone) == ["TypeError", "ValueError", "KeyError"]


def test_a_chain_has_an_end() -> None:
    """Of a thousand causes ten are told."""
    error = ValueError("0")
    for number in range(1000):
        outer = ValueError(str(number))
        outer.__cause__ = error
        error = outer

    assert len(names(error)) == MAX_CHAIN == 10


@pytest.mark.parametrize(("length", "left_out"), [(10, 0), (11, 1), (500, 490)])
def test_the_root_of_a_long_chain_is_told(length: int, left_out: int) -> None:
    """The last of those that are kept carries the first of all, and how many more led to it."""
    error = root = raised(KeyError("root"))
    for number in range(length - 1):
        error, cause = ValueError(number), error
        error.__cause__ = cause

    attributes = chain_of(error)[-1].attributes
    assert attributes.get("causes_left_out", 0) == left_out
    assert (attributes.get("root_cause", {}).get("message") == str(root)) == (left_out > 0)


def test_a_falsy_exception_is_an_exception() -> None:
    """An exception that counts as false, or is empty, is followed like any other."""

    class FalsyError(Exception):
        def __bool__(self) -> bool:
            return False

    class EmptyError(Exception):
        def __len__(self) -> int:
            return 0

    outer, middle, inner = ValueError(), FalsyError(), EmptyError()
    outer.__cause__, middle.__context__ = middle, inner

    assert names(outer) == ["ValueError", "FalsyError", "EmptyError"]
    assert names(middle) == ["FalsyError", "EmptyError"]


# Hostile exceptions


def test_an_unhashable_exception_is_read() -> None:
    """An exception with an equality of its own, and thus no hash, is read like any other."""

    class UnhashableError(Exception):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    outer = raised(UnhashableError("outer"))
    outer.__cause__ = raised(UnhashableError("inner"))

    assert [trace.message for trace in chain_of(outer)] == ["outer", "inner"]


@pytest.mark.parametrize("failure", ERRORS)
def test_a_failing_text_is_told(failure: type[BaseException]) -> None:
    """An exception whose text raises is told by its type, its arguments and what its text raised."""

    class WordlessError(Exception):
        __str__ = __repr__ = raising(failure)

    (trace,) = chain_of(raised(WordlessError("argument")))

    assert trace.message.startswith("<str() raised ")
    assert trace.message.endswith("WordlessError('argument')")
    assert len(trace.frames) == 2


def test_a_keyboard_interrupt_in_a_text_is_for_the_application() -> None:
    """The user's Ctrl-C gets through."""

    class InterruptedError_(Exception):  # noqa: N801, N818 - InterruptedError is taken
        __str__ = raising(KeyboardInterrupt)

    handler = Capturing()
    with pytest.raises(KeyboardInterrupt):
        logger_of(handler).error("it failed", exc_info=InterruptedError_())


@pytest.mark.parametrize("failure", ERRORS)
@pytest.mark.parametrize("base", [Exception, OSError, SyntaxError, ExceptionGroup])
@pytest.mark.parametrize("is_meta_too", [False, True])
def test_a_hostile_exception_is_read_all_the_same(base: Any, failure: Any, is_meta_too: bool) -> None:
    """An exception that raises whatever is asked of it keeps its class, its frames and its cause."""
    if is_meta_too and base is ExceptionGroup and sys.version_info < (3, 11):
        pytest.skip("the backport itself asks the metaclass")
    cls = hostile_type(base, failure, is_meta_too=is_meta_too)
    if is_meta_too:
        del type(cls).__subclasscheck__  # the interpreter could not raise it
    for name in ("__cause__", "__context__", "__notes__", "__suppress_context__", "__traceback__", "exceptions"):
        type.__setattr__(cls, name, property(raising(failure)))
    error = base.__new__(cls, *(("x", [ValueError("member")]) if base is ExceptionGroup else ()))
    BaseException.__dict__["__cause__"].__set__(error, raised(KeyError("inner")))
    found = caught(fail, error)

    outer, inner = chain_of(found)

    assert found is error
    assert (outer.class_name, inner.class_name) == ("Hostile", "KeyError")
    assert methods(outer)[:2] == ["caught", "fail"]


def test_hostile_properties_are_not_asked() -> None:
    """What a class put over the attributes of exceptions does not run."""

    class LoudError(Exception):
        @property
        def __cause__(self) -> Any:
            raise AssertionError

        @property
        def __context__(self) -> Any:
            raise AssertionError

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    assert names(raised(LoudError())) == ["LoudError"]


# Notes and attributes


def test_notes_are_kept() -> None:
    """Notes come in their order, those that are no text too, and at most twenty."""
    error = ValueError()
    error.__notes__ = ["first", 2, ["third"]]  # type: ignore[attr-defined]
    many = ValueError()
    many.__notes__ = [str(number) for number in range(25)]  # type: ignore[attr-defined]
    odd = ValueError()
    odd.__notes__ = 5  # type: ignore[attr-defined]

    assert chain_of(error)[0].notes == ("first", "2", "<list of 1>")
    assert chain_of(many)[0].notes == (*map(str, range(20)), "… [+5 notes]")
    assert chain_of(odd)[0].notes == ()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="add_note is new in Python 3.11")
def test_notes_that_were_added_are_kept() -> None:
    """What `add_note` noted is in the report."""
    error = ValueError()
    error.add_note("tried twice")  # type: ignore[attr-defined, unused-ignore]

    assert chain_of(error)[0].notes == ("tried twice",)


def test_what_an_exception_carries_is_kept() -> None:
    """Its own attributes, and those of system errors, but nothing private and nothing empty."""

    class OrderError(Exception):
        def __init__(self, number: int) -> None:
            super().__init__("no such order")
            self.number = number
            self.lines = ["a"]
            self.nothing = None
            self._private = 1

    missing = caught(open, "/does/not/exist")
    missing.__dict__[5] = "not a name"  # type: ignore[index]

    assert chain_of(OrderError(7))[0].attributes == {"number": 7, "lines": ["a"]}
    assert chain_of(missing)[0].attributes == {"errno": 2, "filename": "/does/not/exist"}
    assert chain_of(ValueError())[0].attributes == {}


def test_attributes_are_bounded() -> None:
    """At most `max_items` attributes are kept, and the system error's own come first."""
    error = OSError(2, "missing", "file")
    vars(error).update({f"name_{number}": number for number in range(50)})

    assert list(chain_of(error, max_items=3)[0].attributes) == ["errno", "filename", "name_0"]


def test_a_syntax_error_ends_at_its_own_place() -> None:
    """The place in the code that could not be read is the last frame."""
    error = caught(compile, "x = 1\ny = (\n", "orders.py", "exec")
    (trace,) = chain_of(error)

    assert methods(trace) == ["caught", "<syntax>"]
    assert trace.frames[-1].code.filename == "orders.py"
    assert trace.frames[-1].lineno == 2
    assert trace.attributes["text"].startswith("y = (")


def test_a_syntax_error_without_a_place_has_none() -> None:
    """A syntax error made by hand may have no place, or one that makes no sense."""
    odd = SyntaxError("odd")
    odd.filename, odd.lineno = "file", "five"  # type: ignore[assignment]

    assert methods(chain_of(raised(SyntaxError("bare")))[0]) == ["caught", "fail"]
    assert chain_of(raised(odd))[0].frames[-1].lineno is None
