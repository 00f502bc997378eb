"""Local variables that Django's `sensitive_variables` asks to keep out of reports."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.views.decorators.debug import sensitive_variables

from rollbar_logging.capture.occurrence import Frame
from rollbar_logging.capture.sensitive import HIDDEN
from tests.capture import django_site
from tests.capture.material import Capturing, captured, logger_of, recorder

SITE = django_site  # Django is set up


def frames_of(function: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Frame]:
    """Call a function that fails and return the frames captured of it by name."""
    max_frames = options.pop("max_frames", 100)
    try:
        function(*args, **options)
    except ValueError as error:
        _own, *frames = captured(error, max_frames=max_frames).chain[0].frames
        assert "s3cret" not in str(frames)
        return {frame.code.method: frame for frame in frames}
    raise AssertionError


def locals_of(frames: dict[str, Frame], name: str) -> dict[str, Any]:
    """Return the variables of a frame."""
    found = frames[name].locals
    assert found is not None
    return found


def fail(card: str) -> None:
    """Fail deep below."""
    raise ValueError(len(card))


@sensitive_variables("card")
def pay(order: int, card: str) -> None:
    """Fail with a secret by name."""
    copy = order
    if copy:
        raise ValueError


@sensitive_variables()
def pay_hidden(order: int, card: str) -> None:
    """Fail with nothing but secrets."""
    raise ValueError


@sensitive_variables("card")
def pay_deeper(order: int, card: str) -> None:
    """Fail in a function that is called."""
    fail(card)


def test_named_variables_are_hidden() -> None:
    """Variables that were named are hidden, others are not; the decorator's own frame shows nothing."""
    frames = frames_of(pay, 5, card="s3cret")

    assert locals_of(frames, "pay") == {"order": 5, "card": HIDDEN, "copy": 5}
    assert set(locals_of(frames, "sensitive_variables_wrapper").values()) == {HIDDEN}


def test_all_variables_may_be_hidden() -> None:
    """Without names all variables are hidden."""
    assert locals_of(frames_of(pay_hidden, 5, "s3cret"), "pay_hidden") == {"order": HIDDEN, "card": HIDDEN}


def test_what_is_called_hides_the_same_names() -> None:
    """A secret that is passed on under the same name is hidden there too."""
    assert locals_of(frames_of(pay_deeper, 5, "s3cret"), "fail") == {"card": HIDDEN}


def test_the_nearest_decorator_counts() -> None:
    """Below a second decorator its own names are hidden, as Django has it."""

    @sensitive_variables("inner")
    def second(inner: str, other: int) -> None:
        raise ValueError

    @sensitive_variables("outer")
    def first(outer: str) -> None:
        second(outer, other=5)

    frames = frames_of(first, "s3cret")

    assert locals_of(frames, "second") == {"inner": HIDDEN, "other": 5}
    assert locals_of(frames, "first")["outer"] == HIDDEN


def test_a_decorator_above_the_traceback_counts() -> None:
    """What logs below a decorated function hides its names, though the decorator is not in the traceback."""
    handler = Capturing()

    def attempt(card: str) -> None:
        try:
            fail(card)
        except ValueError:
            logger_of(handler).exception("it failed")

    @sensitive_variables("card")
    def view(card: str) -> None:
        attempt(card)

    view("s3cret")
    (occurrence,) = handler.caught
    assert occurrence is not None

    assert [frame.locals and frame.locals["card"] for frame in occurrence.chain[0].frames] == [HIDDEN, HIDDEN]


def calling(last: Callable[[str], None], count: int = 50) -> Callable[[str], None]:
    """Make functions that call each other and in the end *last*."""
    names: dict[str, Any] = {f"f{count}": last}
    exec("\n".join(f"def f{n}(card): f{n + 1}(card)" for n in range(count)), names)  # noqa: S102 - many different frames
    return names["f0"]  # type: ignore[no-any-return]


def test_a_decorator_among_the_frames_left_out_counts() -> None:
    """A long traceback that loses its middle does not lose what is sensitive."""

    @sensitive_variables("card")
    def view(card: str) -> None:
        calling(fail)(card)

    frames = frames_of(lambda: calling(lambda _: view("s3cret"))("other"), max_frames=16)

    assert "sensitive_variables_wrapper" not in frames
    assert locals_of(frames, "f0") == {"card": "other"}
    assert locals_of(frames, "fail") == {"card": HIDDEN}


def test_causes_hide_too() -> None:
    """Each exception of a chain is looked at by itself."""

    @sensitive_variables("card")
    def attempt(card: str) -> None:
        try:
            fail(card)
        except ValueError as error:
            raise ValueError("outer") from error

    with pytest.raises(ValueError, match="outer") as caught:
        attempt("s3cret")
    outer, inner = captured(caught.value).chain

    assert [(frame.locals or {}).get("card") for frame in outer.frames[-2:]] == [None, HIDDEN]
    assert [(frame.locals or {}).get("card") for frame in inner.frames] == [HIDDEN, HIDDEN]


def test_coroutines_hide_too() -> None:
    """A decorated coroutine hides its names, and so do the coroutines that it awaits."""

    async def fail_later(card: str) -> None:
        await asyncio.sleep(0)
        raise ValueError

    @sensitive_variables("card")
    async def view(order: int, card: str) -> None:
        await fail_later(card)

    @sensitive_variables()
    async def hidden(order: int, card: str) -> None:
        raise ValueError

    frames = frames_of(lambda: asyncio.run(view(5, "s3cret")))

    assert locals_of(frames, "view")["card"] == HIDDEN
    assert locals_of(frames, "view")["order"] == 5
    assert locals_of(frames, "fail_later") == {"card": HIDDEN}
    assert locals_of(frames_of(lambda: asyncio.run(hidden(5, "s3cret"))), "hidden") == {"order": HIDDEN, "card": HIDDEN}


def test_decorators_of_others_do_not_matter() -> None:
    """Decorators around and within are looked through."""

    def plain(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(order: int) -> Any:
            return function(order, "s3cret")

        return wrapper

    frames = frames_of(plain(pay_deeper), 5)

    assert locals_of(frames, "pay_deeper")["card"] == HIDDEN
    assert locals_of(frames, "wrapper")["order"] == 5


def test_variables_themselves_are_not_changed() -> None:
    """Hiding a variable in a report leaves it to the function that has it."""
    handler = Capturing()

    @sensitive_variables("card")
    def view(card: str) -> str:
        try:
            fail(card)
        except ValueError:
            logger_of(handler).exception("it failed")
        return card

    assert view("s3cret") == "s3cret"


def test_without_django_nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Django's decorators are not loaded there is nothing to look for."""
    monkeypatch.delitem(sys.modules, "django.views.decorators.debug")
    try:
        fail("visible")
    except ValueError as error:
        frames = captured(error).chain[0].frames

    assert frames[-1].locals == {"card": "visible"}


def test_a_function_of_that_name_is_no_decorator() -> None:
    """An application's own function of the decorator's name marks nothing, but shows nothing either."""

    def sensitive_variables_wrapper(card: str) -> None:
        fail(card)

    frames = frames_of(sensitive_variables_wrapper, "other")

    assert locals_of(frames, "sensitive_variables_wrapper")["card"] == HIDDEN
    assert locals_of(frames, "fail") == {"card": "other"}


def test_without_locals_nothing_is_looked_for() -> None:
    """When frames carry no variables, none need to be hidden."""
    handler = Capturing(recorder(with_locals=False))
    try:
        pay(5, "s3cret")
    except ValueError:
        logger_of(handler).log(logging.ERROR, "it failed", exc_info=True)

    assert "s3cret" not in str(handler.caught)
