"""What becomes of classes with fields whose author keeps something out of their repr, or has written one."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field, make_dataclass
from typing import Any, NamedTuple

import attrs
import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from tests.capture.failures import chain_of
from tests.capture.material import describe

SECRET = "hunter2-3f9a"


@dataclass
class Login:
    """A dataclass that keeps its password to itself."""

    user: str
    password: str = field(default=SECRET, repr=False)


class Guest(Login):
    """A class of the same fields."""


class Masking:
    """A class that says what it is by its name alone."""

    def __repr__(self) -> str:
        """Mask all."""
        return f"<{type(self).__name__}, masked>"


@dataclass
class Masked:
    """A dataclass with a repr that somebody has written."""

    password: str = SECRET

    def __repr__(self) -> str:
        """Mask the password."""
        return "<Masked, masked>"


@dataclass
class MaskedOnce:
    """One whose repr may be called by what it holds."""

    password: str = SECRET

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        """Mask the password."""
        return "<MaskedOnce, masked>"


@dataclass(slots=True)
class MaskedSlots:
    """One that is made anew for its slots."""

    password: str = SECRET

    def __repr__(self) -> str:
        """Mask the password."""
        return "<MaskedSlots, masked>"


class MaskedBefore(Masking, Login):
    """A dataclass whose fields another base masks."""


@dataclass(repr=False)
class MaskedBelow(Masking):
    """One that keeps the repr of its base."""

    password: str = SECRET


@attrs.define
class MaskedAttrs:
    """A class of attrs with a repr that somebody has written."""

    password: str = SECRET

    def __repr__(self) -> str:
        """Mask the password."""
        return "<MaskedAttrs, masked>"


class MaskedTuple(NamedTuple):
    """A named tuple with a repr that somebody has written."""

    password: str = SECRET

    def __repr__(self) -> str:
        """Mask the password."""
        return "<MaskedTuple, masked>"


class Pair(NamedTuple):
    """A named tuple."""

    user: str
    password: str


class MaskedPair(Masking, Pair):
    """A named tuple whose fields another base masks."""


@dataclass
class Shown(Masking):
    """A dataclass that is given a repr of its own fields all the same."""

    user: str


@dataclass(repr=False)
class Silent:
    """A dataclass without any repr, whose fields are still told apart."""

    user: str
    password: str = field(default=SECRET, repr=False)


@dataclass(repr=False)
class Secretive:
    """One without a field that may be shown."""

    password: str = field(default=SECRET, repr=False)


@dataclass
class LoginError(Exception):
    """An exception that keeps its password to itself."""

    user: str
    password: str = field(default=SECRET, repr=False)


class Base(MappedAsDataclass, DeclarativeBase):
    """What SQLAlchemy maps."""


class Account(Base):
    """A mapped dataclass, which is read by what it has loaded."""

    __tablename__ = "accounts"
    name: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str] = mapped_column(repr=False)


@pytest.mark.parametrize(
    "value",
    [
        *(Masked(), MaskedOnce(), MaskedSlots(), MaskedBefore("bob"), MaskedBelow(), MaskedAttrs(), MaskedTuple()),
        MaskedPair("bob", SECRET),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_repr_that_somebody_has_written_is_shown(value: Any) -> None:
    """Where the author says how an object is shown, its fields are not told one by one."""
    assert describe(value) == f"<{type(value).__name__}, masked>"
    assert describe([value]) == [f"<{type(value).__name__}, masked>"]


def test_a_written_repr_keeps_to_the_bounds() -> None:
    """It is cut like any text, and one that fails costs no report."""
    broken = make_dataclass("Broken", ["number"], namespace={"__repr__": lambda self: str(self.number // 0)})
    long = make_dataclass("Long", ["number"], namespace={"__repr__": lambda self: "x" * self.number})

    assert describe(long(30), max_string=10) == "x" * 10 + "… [+20 chars]"
    assert describe(broken(1)).endswith("Broken: repr raised ZeroDivisionError>")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Login("bob"), {"user": "bob"}),
        (Guest("bob"), {"user": "bob"}),
        (Shown("bob"), {"user": "bob"}),
        (Silent("bob"), {"user": "bob"}),
        (Account("bob", SECRET), {"name": "bob"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_fields_out_of_the_repr_are_not_shown(value: Any, shown: dict[str, str]) -> None:
    """Other fields are, and with them those of a class to which `dataclasses` gave the repr."""
    described = describe(value)

    assert described.pop("<class>").endswith(f".{type(value).__name__}")
    assert described == shown


def test_a_class_without_a_field_to_show_shows_none() -> None:
    """Nor are its attributes read as those of an object that has no fields."""
    assert SECRET not in str(describe(Secretive()))


def test_fields_out_of_the_repr_of_an_exception_are_not_shown() -> None:
    """The attributes of an exception are its fields."""
    error = LoginError(user="bob")

    assert chain_of(error)[0].attributes == {"user": "bob"}


@pytest.mark.parametrize("fields", [5, {"a": 1}, (1, 2), {"a": Login("bob")}])
def test_what_only_looks_like_fields_is_no_trouble(fields: Any) -> None:
    """A class may call anything its fields: its attributes are captured all the same."""
    cls = type("OddError", (Exception,), {"__dataclass_fields__": fields, "__attrs_attrs__": fields})
    error = cls()
    error.user = "bob"

    assert chain_of(error)[0].attributes == {"user": "bob"}
