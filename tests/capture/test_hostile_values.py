"""Objects that resist their description, and what no value can do to a report."""

from __future__ import annotations

import copy
import gc
import json
import weakref
from collections import UserDict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.capture import kinds as kinds_module
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.type_names import bare_name, path_of, type_name
from rollbar_logging.capture.values import Bounds, Reading
from tests.capture.material import (
    BASES,
    ERRORS,
    anything_hostile,
    assert_bounded,
    assert_plain,
    carried_out,
    describe,
    hostile,
    hostile_type,
    keys,
    nested,
    raising,
    reading,
)


class _Unhashable(type):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(cls, other: object) -> bool:
        raise AssertionError(other)


def test_a_class_that_cannot_be_hashed_spoils_nothing() -> None:
    """What surrounds an object is read, though its class has a comparison of its own and so no hash."""
    odd = _Unhashable("Odd", (), {"__init__": lambda self: setattr(self, "held", 1)})()
    shown = {"<class>": f"{__name__}.Odd", "held": 1}

    assert reading().local_variables({"a": 1, "odd": odd, "b": 2}) == {"a": 1, "odd": shown, "b": 2}
    assert describe([odd, {"x": odd}, "y"]) == [f"<{__name__}.Odd>", {"x": f"<{__name__}.Odd>"}, "y"]


def test_a_failing_repr_is_told() -> None:
    """An object whose repr raises is told by its type and by what it raised."""

    class Broken:
        def __repr__(self) -> str:
            raise KeyError("x")

    assert describe(Broken()) == f"<{type_name(Broken)}: repr raised KeyError>"


def test_a_repr_that_never_ends_does() -> None:
    """An endless recursion within a repr is told like any error."""

    class Endless:
        def __repr__(self) -> str:
            return repr(self)

    assert describe(Endless()) == f"<{type_name(Endless)}: repr raised RecursionError>"


def test_a_repr_that_is_no_text_is_told() -> None:
    """A repr that returns something else than text is an error like any other."""

    class Odd:
        def __repr__(self) -> Any:
            return 5

    assert describe(Odd()) == f"<{type_name(Odd)}: repr raised TypeError>"


def test_a_repr_of_a_subclass_of_str_becomes_a_plain_text() -> None:
    """No instance of an application's class gets into a report, a text neither."""

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise AssertionError

    class Odd:
        def __repr__(self) -> str:
            return Text("odd")

    described = describe(Odd())

    assert (type(described), described) == (str, "odd")


def test_a_repr_is_cut_like_any_text() -> None:
    """An object may describe itself at any length; `max_string` characters of it stay."""

    class Wordy:
        def __repr__(self) -> str:
            return "y" * 1000

    assert describe(Wordy(), max_string=16) == "y" * 16 + "… [+984 chars]"


def test_a_keyboard_interrupt_is_for_the_application() -> None:
    """The user's Ctrl-C is the one thing that a report lets through."""

    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    for value in (Interrupted(), [Interrupted()], {"key": Interrupted()}, {Interrupted(): 1}):
        with pytest.raises(KeyboardInterrupt):
            reading().describe(value)


@pytest.mark.parametrize("error", [*ERRORS, KeyboardInterrupt])
def test_a_type_that_cannot_be_looked_at_is_a_name(error: type[BaseException]) -> None:
    """A class whose metaclass raises when its attributes are asked for is told by its name; Ctrl-C gets through."""

    class Meta(type):
        __getattr__ = raising(error)

    class Odd(metaclass=Meta):
        pass

    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            reading().describe(Odd())
    else:
        assert describe(Odd()) == f"<{type_name(Odd)}>"


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("is_meta_too", [False, True])
def test_no_object_stops_a_reading(base: type, error: type[BaseException], is_meta_too: bool) -> None:
    """Objects that raise whatever is asked of them cost what stands beside them nothing."""
    value = hostile(base, error, is_meta_too=is_meta_too)

    assert describe({"before": 1, "value": [value], "after": [2]})["after"] == [2]
    assert describe({hostile(object, error, is_key=True): 1, "after": 2})["after"] == 2


@pytest.mark.parametrize("error", ERRORS)
def test_names_of_classes_are_found_past_their_metaclass(error: type[BaseException]) -> None:
    """A class is named whatever its metaclass says."""
    cls = hostile_type(object, error, is_meta_too=True)

    assert (bare_name(cls), type_name(cls), path_of(cls)) == ("Hostile", *2 * (f"{hostile.__module__}.Hostile",))
    assert describe([cls]) == [f"<class {hostile.__module__}.Hostile>"]


def test_odd_names_of_classes_stay_within_bounds() -> None:
    """Names as long as a book, and modules that are no text, do no harm."""
    unnamed: Any = type("Unnamed", (), {"__module__": 5})
    long = type("x" * 10_000, (), {"__module__": "y" * 10_000})
    names: dict[str, Any] = {}
    exec("Nowhere = type('Nowhere', (), {})", names)  # noqa: S102 - code without a module makes classes without one

    assert (path_of(unnamed), path_of(names["Nowhere"])) == ("Unnamed", "Nowhere")
    assert (len(path_of(long)), len(bare_name(long))) == (401, 200)
    assert type_name(int) == "int"
    assert path_of(int) == "builtins.int"


# Properties


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=anything_hostile)
def test_whatever_there_is_becomes_plain_and_bounded(value: Any) -> None:
    """No value makes a reading raise, and what comes out is plain, bounded and encodes as JSON."""
    described = reading(max_string=16, max_items=4, max_depth=3).describe(carried_out(value))

    assert_plain(described)
    assert_bounded(described, 16, 4, 3)
    json.dumps(described, allow_nan=False)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=nested(st.none() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(), keys))
def test_values_are_left_as_they_were(value: Any) -> None:
    """Reading changes nothing of what is read."""
    before = copy.deepcopy(value)

    reading().describe(value)

    assert value == before


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=nested(st.text() | st.binary(), keys))
def test_the_size_covers_what_was_kept(value: Any) -> None:
    """The size that a reading tells is no less than the characters of the texts it kept."""
    read = reading(max_items=1000, max_depth=100)
    texts, waiting = 0, [read.describe(value)]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            texts += len(found)
        elif isinstance(found, (dict, list)):
            waiting.extend(found.values() if isinstance(found, dict) else found)

    assert texts <= read.size


# Lifetimes


class Kept:
    """An object whose end can be seen."""

    def __repr__(self) -> str:
        return "<kept>"


def watched(kind: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield a container that holds an object, then a reference to that object."""
    value = Kept()
    yield kind(value)
    yield weakref.ref(value)


@pytest.mark.parametrize(
    "kind",
    [
        lambda value: value,
        lambda value: [value],
        lambda value: {"key": value},
        lambda value: {value: 1},
        lambda value: UserDict({"key": value}),
        ValueError,
        lambda value: raising(ValueError).__get__(value),
    ],
)
def test_what_was_described_keeps_nothing_alive(kind: Callable[[Any], Any]) -> None:
    """A description holds none of the objects it tells of."""
    value, reference = watched(kind)
    described = describe(value)
    del value
    gc.collect()

    assert reference() is None
    assert described is not None


def test_types_that_are_gone_are_forgotten() -> None:
    """What is remembered of types keeps none of them alive, and a type of the same address is not confused."""
    kinds = Kinds()
    seen = set()
    for number in range(50):
        cls: Any = type(f"Passing{number}", (), {"__repr__": lambda _self, number=number: f"<{number}>"})
        assert Reading(Bounds(capture_budget=60), kinds).describe(cls()) == f"<{number}>"
        seen.add(weakref.ref(cls))
        del cls
        gc.collect()

    assert [reference for reference in seen if reference() is not None] == []


def test_a_great_many_types_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that makes types without end fills no memory, and each type is still read as it is."""
    monkeypatch.setattr(kinds_module, "_MOST_TYPES", 10)
    kinds = Kinds()
    classes: list[Any] = [type(f"Passing{number}", (), {"__repr__": lambda _self: "<it>"}) for number in range(50)]

    assert {Reading(Bounds(capture_budget=60), kinds).describe(cls()) for cls in classes} == {"<it>"}
    assert len(kinds._known) <= 10


@given(st.lists(st.integers(), max_size=50), st.integers(1, 10))
def test_the_note_counts_what_is_missing(value: list[int], most: int) -> None:
    """What stayed and what the note counts are all there was."""
    described = describe(value, max_items=most)
    missing = int(described[-1].split("+")[1].split()[0]) if len(value) > most else 0

    assert len(described) - bool(missing) + missing == len(value)
