"""What becomes of objects of the application's own classes."""

from __future__ import annotations

import dataclasses
import logging
import weakref
from typing import Any
from unittest.mock import MagicMock, Mock, create_autospec, seal

import attrs
import pytest

from rollbar_logging.capture.type_names import type_name
from tests.capture.django_site import Book
from tests.capture.material import describe

HERE = __name__


class Asked:
    """An object that counts how often somebody wants to know what it is."""

    count = 0

    def __repr__(self) -> str:
        self.count += 1
        return "<asked>"


@dataclasses.dataclass
class Order:
    """A dataclass."""

    number: int
    secret: str = dataclasses.field(default="s3cret", repr=False)
    lines: list[str] = dataclasses.field(default_factory=list)
    late: str = dataclasses.field(init=False)


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A dataclass that cannot change."""

    number: int


@dataclasses.dataclass
class Slotted:
    """A dataclass with slots."""

    __slots__ = ("number", "text")
    number: int
    text: str


@attrs.define
class Crate:
    """A class of attrs, with slots."""

    number: int
    secret: str = attrs.field(default="s3cret", repr=False)


@attrs.define(slots=False)
class Box:
    """A class of attrs, without slots."""

    number: int


@attrs.define
class Masked:
    """A class of attrs that says itself how its fields are shown."""

    number: str = attrs.field(repr=lambda number: f"…{number[-2:]}")
    broken: int = attrs.field(default=1, repr=lambda number: str(number // 0))


def test_dataclasses_are_shown_by_their_fields() -> None:
    """Fields are shown but for those kept out of the repr, and those that have no value yet."""
    assert describe(Order(5, lines=["a"])) == {"<class>": f"{HERE}.Order", "number": 5, "lines": ["a"]}
    assert describe(Frozen(5)) == {"<class>": f"{HERE}.Frozen", "number": 5}
    assert describe(Slotted(5, "x")) == {"<class>": f"{HERE}.Slotted", "number": 5, "text": "x"}
    assert describe(Crate(5)) == {"<class>": f"{HERE}.Crate", "number": 5}
    assert describe(Box(5)) == {"<class>": f"{HERE}.Box", "number": 5}
    assert describe([[Frozen(5)]], max_depth=2) == [["<Frozen of 2>"]]


def test_a_field_is_shown_as_its_author_wants_it() -> None:
    """What attrs was told to show a field by is asked, and nothing else tells of its value; it may fail."""
    shown = {"<class>": f"{HERE}.Masked", "number": "…23", "broken": "<int: repr raised ZeroDivisionError>"}

    assert describe(Masked("hunter23")) == shown


def test_fields_without_a_value_are_left_out() -> None:
    """A field that was deleted, in a slot or not, costs none of the others."""
    order, slotted, crate = Order(5), Slotted(5, "x"), Crate(5)
    del order.number
    del slotted.number
    del crate.number

    assert describe(order) == {"<class>": f"{HERE}.Order", "lines": []}
    assert describe(slotted) == {"<class>": f"{HERE}.Slotted", "text": "x"}
    assert describe(crate) == {"<class>": f"{HERE}.Crate"}


def test_an_object_without_a_repr_shows_what_it_holds_one_object_deep() -> None:
    """The address of an object helps nobody; its attributes do."""

    class Holder:
        def __init__(self, value: Any) -> None:
            self.value = value
            self._hidden = 1

    name = type_name(Holder)
    assert describe(Holder(Holder(1))) == {"<class>": name, "value": f"<{name}>"}
    assert describe([Holder(1)]) == [f"<{name}>"]


def test_properties_are_not_asked() -> None:
    """No property of an object runs because of a report."""

    class Holder:
        def __init__(self) -> None:
            self.value = 1

        @property
        def lazy(self) -> Any:
            raise AssertionError

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    assert describe(Holder()) == {"<class>": type_name(Holder), "value": 1}


def test_an_author_may_say_how_an_object_is_described() -> None:
    """`__rollbar_repr__` comes before all else, for subclasses of built-in types too, and may give any value."""

    class Money(int):
        def __rollbar_repr__(self) -> Any:
            return {"amount": int(self), "of": [1, 2]}

    class Wrapped:
        def __rollbar_repr__(self) -> Any:
            return "wrapped"

        def __repr__(self) -> str:
            raise AssertionError

    class Broken:
        def __rollbar_repr__(self) -> Any:
            raise ValueError

    assert describe([Money(5), Wrapped()]) == [{"amount": 5, "of": [1, 2]}, "wrapped"]
    assert describe(Broken()) == f"<{type_name(Broken)}: __rollbar_repr__ raised ValueError>"


@pytest.mark.parametrize("give", [lambda self: self, lambda self: type(self)(), lambda self: [self], lambda _: {1: 2}])
def test_a_description_that_describes_itself_ends(give: Any) -> None:
    """An object that gives itself, or another of its kind, ends at `max_depth`."""
    calls: list[int] = []

    class Odd:
        def __rollbar_repr__(self) -> Any:
            calls.append(1)
            return give(self)

    describe(Odd())

    assert len(calls) <= 5


def test_an_object_that_answers_anything_is_not_believed() -> None:
    """Attributes that exist because they are asked for change nothing."""

    class Yes:
        def __getattr__(self, name: str) -> Any:
            return Yes()

        def __call__(self, *_args: Any, **_options: Any) -> Any:
            return Yes()

    class Liar:
        @property
        def __class__(self) -> Any:
            return str

        def __repr__(self) -> str:
            return "<liar>"

    class AnyMeta(type):
        def __getattr__(cls, name: str) -> Any:
            return lambda *_args: {"fields": "everything"}

    class Anything(metaclass=AnyMeta):
        def __repr__(self) -> str:
            return "<anything>"

    assert describe(Yes()) == f"<{type_name(Yes)}>"
    assert describe([Liar(), Anything()]) == ["<liar>", "<anything>"]


def test_a_repr_may_log() -> None:
    """An object whose repr logs to a logger is described like any other."""

    class Chatty:
        def __repr__(self) -> str:
            logging.getLogger("chatty").warning("somebody asks")
            return "<chatty>"

    assert describe(Chatty()) == "<chatty>"


@pytest.mark.parametrize("kind", [Mock, MagicMock])
def test_mocks_are_described_and_not_called(kind: Any) -> None:
    """A mock is shown as itself, whatever it stands for, and does not notice."""
    sealed = kind()
    seal(sealed)
    lazy, function, broken = kind(spec=Book.objects.all()), create_autospec(len), kind(side_effect=ValueError)
    mocks = [kind(name="named"), lazy, sealed, function, broken]
    described = describe(mocks)

    assert "named" in described[0]
    assert described[1].startswith(f"<{kind.__name__} spec='QuerySet'")
    assert all(isinstance(text, str) for text in described)
    assert [mock.mock_calls for mock in mocks] == [[]] * 5
    assert broken._mock_children == {}


def test_weak_references_are_not_followed() -> None:
    """A proxy whose object is gone is a value like any other."""
    asked = Asked()
    proxy = weakref.proxy(asked)
    del asked

    assert "weak" in describe(proxy)
