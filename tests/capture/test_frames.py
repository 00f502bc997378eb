"""What is read of frames, and that nothing is written to them."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rollbar_logging.capture import codes
from rollbar_logging.capture.occurrence import Frame
from tests.capture.failures import caught, chain_of, fail, methods, raised
from tests.capture.material import ERRORS, Capturing, is_same, logger_of, raising


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


def test_a_great_many_codes_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that makes code without end fills no memory, and keeps no code alive."""
    monkeypatch.setattr(codes, "_MOST_CODES", 10)
    known = codes.Codes()
    frames = [eval("__import__('sys')._getframe()", {}) for _ in range(50)]  # noqa: S307 - codes of their own
    found = [known.of(frame) for frame in frames]

    assert found == [codes.read_code(frame.f_code) for frame in frames]
    assert known.of(frames[-1]) is found[-1]
    assert len(known._known) <= 10


def test_a_loader_may_be_anything() -> None:
    """Where a module says its source can be had from is not believed."""
    loader = types.SimpleNamespace(get_source=5)
    spec = types.ModuleType("spec")
    spec.__class__ = type("Spec", (types.ModuleType,), {"__getattr__": raising(ValueError)})
    for module in ({"__name__": "a", "__spec__": spec}, {"__name__": "b", "__loader__": loader}):
        error = caught(exec, compile("1 / 0", f"{module['__name__']}-odd.py", "exec"), module)
        assert chain_of(error)[0].frames[-1].code.method == "<module>"


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
