"""What is read of exceptions: chains, groups, notes, frames, recursions, and whatever `exc_info` may be."""

from __future__ import annotations

import asyncio
import builtins
import gc
import logging
import sys
import types
import weakref
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.capture import exceptions
from rollbar_logging.capture.exceptions import MAX_CHAIN, exc_info_of, shortened
from rollbar_logging.capture.occurrence import Frame, Trace
from tests.capture.material import (
    ERRORS,
    Capturing,
    captured,
    hostile_type,
    is_same,
    logger_of,
    raising,
    recorder,
)

if sys.version_info >= (3, 11):
    ExceptionGroup = builtins.ExceptionGroup
    BaseExceptionGroup = builtins.BaseExceptionGroup
else:
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup


def caught(function: Callable[..., Any], *args: Any) -> BaseException:
    """Call a function and return what it raises, with a traceback that begins here."""
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001 - that is what it is for
        return error
    raise AssertionError


def fail(error: BaseException) -> None:
    """Raise an exception one call deeper."""
    raise error


def raised(error: BaseException) -> BaseException:
    """Return the exception with a traceback."""
    return caught(fail, error)


def chain_of(error: BaseException, **options: Any) -> tuple[Trace, ...]:
    """Return what is captured of an exception's chain."""
    return captured(error, **options).chain


def names(error: BaseException) -> list[str]:
    """Return the classes of an exception's chain."""
    return [trace.class_name for trace in chain_of(error)]


def methods(trace: Trace) -> list[str]:
    """Return the names of a trace's functions."""
    return [frame.code.method for frame in trace.frames]


# One exception


def test_an_exception_has_its_class_its_message_and_its_frames() -> None:
    """The class by its bare name, its module, its text, and the frames with the oldest call first."""

    class OrderError(ValueError):
        """An exception of the application."""

    (trace,) = chain_of(raised(OrderError("no such order")))

    assert (trace.class_name, trace.module, trace.message) == ("OrderError", __name__, "no such order")
    assert methods(trace) == ["caught", "fail"]
    assert trace.is_raised
    assert trace.frames[-1].code.filename == __file__
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


# Groups


def test_a_group_of_one_is_unwrapped() -> None:
    """The one exception of a group takes its place, and the group's frames come before its own."""

    def fail_in_group() -> None:
        raise ExceptionGroup("unhandled errors", [raised(ValueError("inner"))])  # type: ignore[list-item]

    occurrence = captured(caught(fail_in_group))

    assert [trace.class_name for trace in occurrence.chain] == ["ValueError"]
    assert methods(occurrence.chain[0]) == ["caught", "fail_in_group", "caught", "fail"]
    assert occurrence.members == ()


def test_groups_of_one_in_each_other_are_unwrapped() -> None:
    """However often it is wrapped, a lone exception is what is told, with what caused it."""
    error: Any = ValueError("inner")
    error.__cause__ = KeyError("cause")
    for _ in range(50):
        error = ExceptionGroup("wrapped", [error])

    assert names(error) == ["ValueError", "KeyError"]


def test_a_group_is_told_with_its_members() -> None:
    """The group, its first member as the chain, and all members with the places that raised them."""
    members = [raised(ValueError("one")), raised(KeyError("two")), TypeError("three")]
    occurrence = captured(raised(ExceptionGroup("several", members)))  # type: ignore[arg-type]

    assert [trace.class_name for trace in occurrence.chain] == ["ExceptionGroup", "ValueError"]
    assert occurrence.chain[0].message == "several (3 sub-exceptions)"
    assert [(member["class"], member["message"]) for member in occurrence.members] == [
        ("ValueError", "one"),
        ("KeyError", "'two'"),
        ("TypeError", "three"),
    ]
    place = f"{__file__}:{fail.__code__.co_firstlineno + 2} in fail"
    assert [member.get("place") for member in occurrence.members] == [place, place, None]


def test_nested_groups_are_flattened_and_bounded() -> None:
    """Members of groups within groups are listed in order, at most `max_items`, and a note counts the rest."""
    inner = ExceptionGroup("inner", [ValueError(str(number)) for number in range(3)])
    group = BaseExceptionGroup("outer", [inner, SystemExit("x"), ExceptionGroup("one", [KeyError(5)])])
    wide = ExceptionGroup("wide", [ValueError(str(number)) for number in range(10)])

    assert [member["message"] for member in captured(group).members] == ["0", "1", "2", "x", "5"]
    assert [member["message"] for member in captured(wide, max_items=2).members] == ["0", "1", "[+8 exceptions]"]


def test_a_subclass_of_a_group_is_a_group() -> None:
    """A group is known by what it is, not by its name."""

    class Failures(ExceptionGroup):  # type: ignore[type-arg, misc]
        """A group of the application's."""

    class LonelyGroup(Exception):  # noqa: N818 - the point of it
        exceptions = (ValueError(), KeyError())

    assert len(captured(Failures("x", [ValueError(), KeyError()])).members) == 2
    assert captured(LonelyGroup()).members == ()


@pytest.mark.parametrize("inner", [lambda self: (self,), lambda self: (self, self), lambda _: (), lambda _: 5])
def test_a_group_that_holds_itself_ends(inner: Any) -> None:
    """A group may claim to hold itself, nothing, or nonsense."""

    class OddGroup(ExceptionGroup):  # type: ignore[type-arg, misc]
        exceptions = property(inner)

    assert names(OddGroup("odd", [ValueError()])) == ["OddGroup"]


def test_a_group_with_a_cause_in_a_cycle_ends() -> None:
    """A member whose cause is its own group does not go round."""
    member = ValueError("member")
    group = ExceptionGroup("group", [member, KeyError()])
    member.__cause__ = group

    assert names(group) == ["ExceptionGroup", "ValueError"]


# Frames


def frame_of(function: Callable[..., Any], *args: Any) -> Frame:
    """Return the frame that a failing function leaves."""
    return chain_of(caught(function, *args))[0].frames[1]


class Shop:
    """A class with methods that fail."""

    def buy(self, item: str, /, count: int = 1, *rest: str, now: bool = True, **options: int) -> None:
        """Fail with parameters of all kinds."""
        raise ValueError

    @classmethod
    def close(cls) -> None:
        """Fail in a class method."""
        raise ValueError


def test_a_frame_tells_its_parameters() -> None:
    """Named parameters, `*args` and `**kwargs` are told by name, and their values are among the variables."""
    frame = frame_of(lambda: Shop().buy("tea", 2, "x", now=False, size=3))
    inner = chain_of(caught(Shop().buy, "tea", 2, "x"))[0].frames[1]

    assert (frame.code.argspec, frame.code.varargspec, frame.code.keywordspec) == ((), None, None)
    assert inner.code.argspec == ("self", "item", "count", "now")
    assert (inner.code.varargspec, inner.code.keywordspec) == ("rest", "options")
    assert inner.locals is not None
    assert inner.locals["item"] == "tea"
    assert (inner.locals["rest"], inner.locals["options"]) == (["x"], {})


@pytest.mark.skipif(sys.version_info < (3, 11), reason="code objects know their class since Python 3.11")
def test_a_frame_tells_the_class_of_its_function() -> None:
    """Methods name their class, also one within a function; functions name none."""

    class Inner:
        def method(self) -> None:
            raise ValueError

    assert frame_of(Shop().buy, "tea").code.class_name == "Shop"
    assert frame_of(Shop.close).code.class_name == "Shop"
    assert frame_of(Inner().method).code.class_name == "Inner"
    assert frame_of(fail, ValueError()).code.class_name is None
    assert frame_of(lambda: fail(ValueError())).code.class_name is None


def test_a_module_shows_its_names_without_the_interpreters() -> None:
    """Of a module's own frame the names with double underscores are left out."""
    module = {"__name__": "shop", "limit": 5}
    code = compile("price = limit * 2\nprice / 0\n", "shop.py", "exec")
    (trace,) = chain_of(caught(exec, code, module))

    assert trace.frames[-1].locals == {"limit": 5, "price": 10}
    assert (trace.frames[-1].code.method, trace.frames[-1].lineno) == ("<module>", 2)


def test_a_class_body_is_a_frame() -> None:
    """A failure while a class is being made shows the names it had so far, whatever its metaclass prepared."""

    class Prepared(dict[str, Any]):
        items = keys = values = __iter__ = __len__ = raising(AssertionError)

    class Meta(type):
        @classmethod
        def __prepare__(cls, *_args: Any, **_options: Any) -> Any:
            return Prepared()

    def make() -> None:
        class Broken(metaclass=Meta):
            price = 5
            broken = price / 0

    frame = chain_of(caught(make))[0].frames[-1]
    assert frame.code.method == "Broken"
    assert frame.locals is not None
    assert frame.locals["price"] == 5


@pytest.mark.parametrize("failure", ERRORS)
def test_variables_of_an_odd_kind_do_no_harm(failure: type[BaseException]) -> None:
    """Code may run with any mapping as its variables; one that is no dict is told by its type."""

    class Names:
        def __getitem__(self, name: str) -> Any:
            raise KeyError(name)

        __setitem__ = __delitem__ = raising(KeyError)
        __iter__ = __len__ = items = keys = __contains__ = raising(failure)

    error = caught(exec, "1 / 0", {}, Names())

    (named,) = (chain_of(error)[0].frames[-1].locals or {}).values()
    assert named.endswith("Names>")


def test_generators_and_coroutines_are_frames() -> None:
    """What fails in a generator, a coroutine, a comprehension or a lambda is found there."""

    def generate() -> Iterator[int]:
        yield 1
        raise ValueError

    async def wait(seconds: int) -> None:
        await asyncio.sleep(0)
        raise ValueError(seconds)

    async def main() -> None:
        await wait(5)

    assert methods(chain_of(caught(list, generate()))[0]) == ["caught", "generate"]
    frames = chain_of(caught(asyncio.run, main()))[0].frames
    assert [frame.code.method for frame in frames[-2:]] == ["main", "wait"]
    assert frames[-1].locals == {"seconds": 5}


def test_locals_may_be_left_out() -> None:
    """Without `capture_locals` frames have none."""
    assert [frame.locals for frame in chain_of(raised(ValueError()), with_locals=False)[0].frames] == [None, None]


def test_a_loader_may_be_anything() -> None:
    """Where a module says its source can be had from is not believed."""
    loader = types.SimpleNamespace(get_source=5)
    spec = types.ModuleType("spec")
    spec.__class__ = type("Spec", (types.ModuleType,), {"__getattr__": raising(ValueError)})
    for module in ({"__name__": "a", "__spec__": spec}, {"__name__": "b", "__loader__": loader}):
        error = caught(exec, compile("1 / 0", f"{module['__name__']}-odd.py", "exec"), module)
        assert chain_of(error)[0].frames[-1].code.method == "<module>"


# Long tracebacks


def recurse(depth: int) -> None:
    """Fail at a depth."""
    if depth == 0:
        raise ValueError
    recurse(depth - 1)


def ping(depth: int) -> None:
    """Fail at a depth, in turns."""
    if depth == 0:
        raise ValueError
    pong(depth - 1)


def pong(depth: int) -> None:
    """Take turns."""
    ping(depth)


def test_a_direct_recursion_is_folded() -> None:
    """Frames that repeat stand once, with how often they came."""
    frames = chain_of(caught(recurse, 300))[0].frames

    assert [(frame.code.method, frame.repeated, frame.hidden) for frame in frames] == [
        ("caught", 0, 0),
        ("recurse", 299, 0),
        ("recurse", 0, 0),
    ]
    assert (frames[1].locals, frames[2].locals) == ({"depth": 1}, {"depth": 0})


def test_a_mutual_recursion_is_folded() -> None:
    """So are frames that repeat in turns."""
    frames = chain_of(caught(ping, 200))[0].frames

    assert [(frame.code.method, frame.repeated) for frame in frames] == [
        ("caught", 0),
        ("ping", 199),
        ("pong", 199),
        ("ping", 0),
    ]


def test_a_recursion_without_end_is_folded() -> None:
    """The interpreter's own recursion limit makes a short report."""

    def endless(number: int) -> None:
        endless(number + 1)

    (trace,) = chain_of(caught(endless, 0))

    assert trace.class_name == "RecursionError"
    assert len(trace.frames) <= 3
    assert sum(1 + frame.repeated for frame in trace.frames) > 500


def functions(count: int) -> Callable[[], None]:
    """Make so many functions that call each other, the last of which fails."""
    names: dict[str, Any] = {}
    lines = [f"def f{number}(): f{number + 1}()" for number in range(count - 1)]
    exec("\n".join([*lines, f"def f{count - 1}(): 1 / 0"]), names)  # noqa: S102 - many different frames
    return names["f0"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("max_frames", [2, 3, 8, 50])
def test_a_long_traceback_loses_its_middle(max_frames: int) -> None:
    """The last frames stay, and a few of the first; the last of those says how many are missing."""
    frames = chain_of(caught(functions(60)), max_frames=max_frames)[0].frames
    first = max(max_frames // 4, 1)

    assert len(frames) == max_frames
    assert [frame.hidden for frame in frames if frame.hidden] == [61 - max_frames]
    assert frames[first - 1].hidden == 61 - max_frames
    assert frames[0].code.method == "caught"
    assert frames[-1].code.method == "f59"


def test_a_traceback_that_folds_into_the_bound_loses_nothing() -> None:
    """After folding, what fits is kept whole."""

    def deep() -> None:
        functions(70)()

    def twice(depth: int) -> None:
        if depth:
            twice(depth - 1)
        else:
            deep()

    frames = chain_of(caught(twice, 60))[0].frames

    assert len(frames) == 74
    assert [frame.hidden for frame in frames if frame.hidden] == []


_FRAMES: list[FrameType] = [eval("__import__('sys')._getframe()") for _ in range(4)]  # noqa: S307 - frames of their own


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), max_size=60)
    | st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.integers(1, 30)).map(
        lambda drawn: [(number, 1) for number in drawn[0]] * drawn[1]
    ),
    st.integers(2, 40),
)
def test_no_frame_gets_lost_uncounted(drawn: list[tuple[int, int]], max_frames: int) -> None:
    """What is kept, folded and left out adds up to what there was; the failing end stays."""
    steps = [(_FRAMES[number], lineno) for number, lineno in drawn]
    kept, marks = shortened(steps, max_frames)

    assert len(kept) + sum(repeated + hidden for repeated, hidden in marks.values()) == len(steps)
    assert len(kept) <= max_frames
    assert kept[-1:] == steps[-1:]
    assert set(marks) <= set(range(len(kept)))
    if any(hidden for _, hidden in marks.values()):
        assert len(kept) == max_frames


def test_a_walk_along_a_traceback_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a traceback is, so many steps are taken and no more."""
    monkeypatch.setattr(exceptions, "_MAX_WALK", 50)

    assert sum(1 + frame.repeated for frame in chain_of(caught(recurse, 300), max_frames=2)[0].frames) <= 50


# exc_info of all kinds


def test_exc_info_in_its_usual_kinds() -> None:
    """`True`, an instance and a triple are understood alike."""
    error = raised(ValueError("x"))
    trace = error.__traceback__

    assert exc_info_of(error) == (error, trace, None)
    assert exc_info_of((ValueError, error, trace)) == (error, trace, None)
    assert exc_info_of((ValueError, error, None)) == (error, trace, None)
    assert exc_info_of([ValueError, error]) == (error, trace, None)
    try:
        fail(error)
    except ValueError:
        assert exc_info_of(True) == exc_info_of(1) == exc_info_of(sys.exc_info())  # noqa: FBT003 - what users write


@pytest.mark.parametrize(
    "nothing",
    [None, (None, None, None), True, False, 1, 0, (), (1,), (1, 2), (int, 5, None), "text", 1.5, {"a": 1}, object()],
)
def test_exc_info_without_an_exception_is_none(nothing: Any) -> None:
    """What holds no exception is no error."""
    assert exc_info_of(nothing) is None


def test_a_traceback_that_came_as_text_is_kept() -> None:
    """Elsewhere formatted tracebacks come with the exception and end up in the extras."""
    handler = Capturing()
    record = logging.makeLogRecord({"exc_info": (ValueError, ValueError("x"), "Traceback: …"), "levelno": 40})
    handler.handle(record)
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert occurrence.chain[0].message == "x"
    assert occurrence.extras == {"traceback": "Traceback: …"}


def test_a_class_without_an_instance_is_an_exception() -> None:
    """Where only the class was kept, or the class with its arguments, an instance is made."""

    class PickyError(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(one, two)

    class ImpossibleError(Exception):
        def __new__(cls, *_args: Any) -> Any:
            return 5

    found = [exc_info_of((cls, value, None)) for cls, value in [(ValueError, "x"), (ValueError, ("a", "b"))]]
    missing = [exc_info_of((cls, None, None)) for cls in (PickyError, OSError, SystemExit)]

    assert [str(item[0]) for item in found if item] == ["x", "('a', 'b')"]
    assert [type(item[0]) for item in missing if item] == [PickyError, OSError, SystemExit]
    assert exc_info_of((ImpossibleError, None, None)) is None


def test_a_group_of_nothing_but_mocks_is_no_exception() -> None:
    """What only claims to be an exception is none."""

    class Liar:
        @property
        def __class__(self) -> Any:
            return ValueError

    assert exc_info_of(Liar()) is None
    assert exc_info_of((ValueError, Liar(), None)) is not None


# Levels by exception


class ShopError(Exception):
    """An exception of the application."""


class StockError(ShopError):
    """A special one."""


@pytest.mark.parametrize(
    ("levels", "error", "level"),
    [
        ({f"{__name__}.ShopError": "warning"}, ShopError(), "warning"),
        ({f"{__name__}.ShopError": "warning"}, StockError(), "warning"),
        ({f"{__name__}.ShopError": "warning", f"{__name__}.StockError": "info"}, StockError(), "info"),
        ({f"{__name__}.StockError": "info"}, ShopError(), "error"),
        ({"KeyError": "debug"}, KeyError(), "debug"),
        ({"builtins.LookupError": "critical"}, KeyError(), "critical"),
        ({"asyncio.exceptions.CancelledError": "info"}, CancelledError(), "info"),
    ],
)
def test_a_level_may_depend_on_the_exception(levels: dict[str, str], error: BaseException, level: str) -> None:
    """The nearest class along the bases decides; built-in ones are known by their bare names too."""
    assert captured(error, levels=levels).level == level


def test_an_ignored_exception_is_not_captured() -> None:
    """`ignored` keeps an exception out of the reports, and no plain message."""
    handler = Capturing(recorder(levels={f"{__name__}.ShopError": "ignored"}))
    logger = logger_of(handler)
    logger.error("it failed", exc_info=StockError())
    logger.error("a message")

    assert [occurrence and occurrence.message for occurrence in handler.caught] == [None, "a message"]


# What stays alive


def test_nothing_of_an_exception_stays_alive() -> None:
    """Neither the exception nor a frame, a variable, an extra or an argument is held by what was captured."""

    class Kept:
        """An object whose end can be seen."""

    references: list[weakref.ref[Any]] = []

    def kept() -> Kept:
        value = Kept()
        references.append(weakref.ref(value))
        return value

    def work(handler: Capturing) -> None:
        local, held = kept(), [kept()]

        class WorkError(Exception):
            pass

        references.append(weakref.ref(WorkError))
        error = WorkError(kept())
        error.attribute = {"key": kept(), kept(): 1}  # type: ignore[attr-defined]
        references.append(weakref.ref(error))
        try:
            raise error from KeyError(kept())
        except WorkError:
            logger_of(handler).exception("failed %s", local, extra={"extra": held, "request": {"object": kept()}})

    handler = Capturing()
    work(handler)
    gc.collect()

    assert len(references) == 9
    assert [reference for reference in references if reference() is not None] == []
    (occurrence,) = handler.caught
    assert occurrence is not None
    assert len(occurrence.chain) == 2


# What frames look like afterwards


def test_variables_are_not_written_to() -> None:
    """A function that logs its own exception sees the same variables afterwards, by name and by identity."""
    handler = Capturing()
    logger = logger_of(handler)

    def work(number: int, *args: Any, **options: Any) -> Any:
        cell = [number]

        def inner() -> Any:
            return cell

        before = (number, args, options, cell)
        try:
            fail(ValueError(number))
        except ValueError:
            logger.exception("it failed")
        after = (number, args, options, inner())
        number += 1
        return all(map(is_same, before, after)), number, sorted(locals())

    same, number, names = work(1, 2, key=3)

    assert (same, number) == (True, 2)
    assert names == ["after", "args", "before", "cell", "inner", "logger", "number", "options"]


def test_what_the_application_holds_of_its_variables_is_its_own() -> None:
    """A `locals()` that the application keeps gets no name from a report, and its functions keep their values."""
    handler = Capturing()
    logger = logger_of(handler)

    def work() -> tuple[dict[str, Any], int]:
        number = 1
        held = locals()
        held["added"] = 5
        held["number"] = 7
        try:
            fail(ValueError())
        except ValueError:
            logger.exception("it failed")
        return held, number

    held, number = work()

    assert number == 1
    assert held["added"] == 5
    assert set(held) <= {"added", "number", "held", "logger"}
    if sys.version_info >= (3, 13):
        assert held == {"added": 5, "number": 7, "logger": logger}
