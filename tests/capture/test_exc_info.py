"""Whatever `exc_info` may be, levels by exception, and that no exception is kept alive."""

from __future__ import annotations

import gc
import logging
import sys
import weakref
from asyncio import CancelledError
from typing import Any

import pytest

from rollbar_logging.capture.exceptions import exc_info_of
from tests.capture.failures import fail, raised
from tests.capture.material import Capturing, captured, logger_of, raising, recorder


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


def test_an_extra_named_traceback_stays() -> None:
    """An application's own extra keeps its name; the text of the traceback takes another."""
    handler = Capturing()
    exc_info = (ValueError, ValueError("x"), "Traceback: …")
    handler.handle(logging.makeLogRecord({"exc_info": exc_info, "levelno": 40, "traceback": "mine"}))
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert occurrence.extras == {"traceback": "mine", "rollbar_traceback": "Traceback: …"}


def test_a_class_without_an_instance_is_an_exception() -> None:
    """Where only the class was kept, or the class with its arguments, an instance is made."""

    class PickyError(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(one, two)

    class FalsyError(Exception):
        def __bool__(self) -> bool:
            raise AssertionError

    class InterruptedError_(Exception):  # noqa: N801, N818 - InterruptedError is taken
        __init__ = raising(KeyboardInterrupt)

    class ImpossibleError(Exception):
        def __new__(cls, *_args: Any) -> Any:
            return 5

    found = [exc_info_of((cls, value, None)) for cls, value in [(ValueError, "x"), (ValueError, ("a", "b"))]]
    missing = [exc_info_of((cls, None, None)) for cls in (PickyError, OSError, FalsyError)]

    assert [str(item[0]) for item in found if item] == ["x", "('a', 'b')"]
    assert [type(item[0]) for item in missing if item] == [PickyError, OSError, FalsyError]
    assert exc_info_of((ImpossibleError, None, None)) is None
    with pytest.raises(KeyboardInterrupt):
        exc_info_of((InterruptedError_, None, None))


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
