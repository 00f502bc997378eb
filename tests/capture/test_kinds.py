"""What becomes of objects: of the standard library, of other libraries, and of the application's own classes."""

from __future__ import annotations

import argparse
import asyncio
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib.util
import ipaddress
import itertools
import logging
import os
import pathlib
import re
import sys
import types
import uuid
import weakref
from array import array
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import MagicMock, Mock, create_autospec, seal

import attrs
import jinja2
import numpy as np
import pandas as pd
import pytest
from django.core.paginator import Paginator
from django.db.models import Case, Prefetch, Q, Value, When
from django.forms import modelformset_factory
from django.template.context import Context
from django.utils.functional import SimpleLazyObject, lazystr
from django.utils.translation import gettext_lazy
from flask import Flask
from flask import g as flask_g
from flask import request as flask_request
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from werkzeug.local import LocalProxy

from rollbar_logging.capture.values import type_name
from tests.capture import django_site
from tests.capture.django_site import Author, Book, no_queries
from tests.capture.material import describe

HERE = __name__


class Asked:
    """An object that counts how often somebody wants to know what it is."""

    count = 0

    def __repr__(self) -> str:
        self.count += 1
        return "<asked>"


# The standard library


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: Any


class Color(enum.Enum):
    """An enumeration."""

    RED = "red"


class Level(enum.IntEnum):
    """An enumeration of numbers."""

    LOW = 1


class Permission(enum.Flag):
    """An enumeration of flags."""

    READ = 1
    WRITE = 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.timezone.utc), "2024-05-06 07:08:09+00:00"),
        (dt.date(2024, 5, 6), "2024-05-06"),
        (dt.time(7, 8), "07:08:00"),
        (dt.timedelta(seconds=3), "datetime.timedelta(seconds=3)"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Path("/srv/app"), "/srv/app"),
        (pathlib.PureWindowsPath("C:/app"), "C:\\app"),
        (decimal.Decimal("1.50"), "1.50"),
        (fractions.Fraction(1, 3), "1/3"),
        (ipaddress.ip_address("127.0.0.1"), "127.0.0.1"),
        (ipaddress.ip_network("10.0.0.0/8"), "IPv4Network('10.0.0.0/8')"),
        (1 + 2j, "(1+2j)"),
        (range(3), "range(0, 3)"),
        (re.compile("a+"), "re.compile('a+')"),
        (..., "Ellipsis"),
        (Color.RED, "Color.RED"),
        (Level.LOW, "Level.LOW"),
        (Permission.READ, "Permission.READ"),
        (int, "<class int>"),
        (Point, f"<class {HERE}.Point>"),
        (Color, f"<class {HERE}.Color>"),
        (len, "<function builtins.len>"),
        ([].append, "<function builtins.list.append>"),
        (describe, f"<function {describe.__module__}.describe>"),
        (Asked().__repr__, f"<function {HERE}.Asked.__repr__>"),
        (os, "<module os>"),
        (ValueError("x", 1), "ValueError('x', 1)"),
        (object(), "<object>"),
        (Point(1, [2]), {"<class>": f"{HERE}.Point", "x": 1, "y": [2]}),
    ],
)
def test_everyday_objects_are_told_briefly(value: Any, text: Any) -> None:
    """What the standard library has is shown as people write it."""
    assert describe(value) == text


def test_flags_together_name_each_other() -> None:
    """Several flags of one enumeration are all named."""
    assert "READ" in describe(Permission.READ | Permission.WRITE)
    assert "WRITE" in describe(Permission.READ | Permission.WRITE)


def test_a_subclass_with_a_text_of_its_own_is_asked_for_its_repr() -> None:
    """Only the exact types of the standard library are known by their text."""

    class Date(dt.date):
        def __str__(self) -> str:
            raise AssertionError

        def __repr__(self) -> str:
            return "Date!"

    assert describe(Date(2024, 5, 6)) == "Date!"


@pytest.mark.parametrize(
    ("hold", "shown"),
    [
        (lambda value: types.SimpleNamespace(a=value), {"<class>": "types.SimpleNamespace", "a": "<asked>"}),
        (lambda value: argparse.Namespace(a=value), {"<class>": "argparse.Namespace", "a": "<asked>"}),
        (lambda value: collections.UserDict(a=value), {"<class>": "collections.UserDict", "data": {"a": "<asked>"}}),
        (lambda value: collections.UserList([value]), {"<class>": "collections.UserList", "data": ["<asked>"]}),
        (
            lambda value: collections.ChainMap({1: value}),
            {"<class>": "collections.ChainMap", "maps": [{"1": "<asked>"}]},
        ),
        (lambda value: types.MappingProxyType({"a": value}), {"a": "<asked>"}),
        (lambda value: {"a": value}.values(), ["<asked>"]),
        (lambda value: {"a": value}.items(), [["a", "<asked>"]]),
        (lambda value: {value: 1}.keys(), ["<asked>"]),
        (lambda value: collections.OrderedDict(a=value).values(), ["<asked>"]),
        (
            lambda value: functools.partial(len, value, key=1),
            {
                "<class>": "functools.partial",
                "func": "<function builtins.len>",
                "args": ["<asked>"],
                "keywords": {"key": 1},
            },
        ),
    ],
)
def test_containers_of_the_standard_library_are_read_entry_by_entry(hold: Any, shown: Any) -> None:
    """No container's repr is used, since it would ask everything within: of each entry what it may be asked."""
    asked = Asked()

    assert describe(hold(asked)) == shown
    assert asked.count == 1
    assert describe([hold(Asked())], max_depth=1)[0].startswith("<")


def test_an_array_keeps_its_first_numbers() -> None:
    """A million numbers are not written out."""
    assert describe(array("i", range(1_000_000)), max_items=2) == [0, 1, "… [+999998 items]"]


def test_iterators_are_not_consumed() -> None:
    """What can be iterated over once is left for the application."""
    numbers, squares = iter([1, 2, 3]), (n * n for n in [1, 2, 3])
    describe([numbers, squares, zip([1], [2], strict=True), map(str, [1]), itertools.count()])

    assert (list(numbers), list(squares)) == ([1, 2, 3], [1, 4, 9])


def test_a_future_does_not_show_its_result() -> None:
    """Whether a task is done is told; what it gave may be lazy, and its repr would ask."""
    asked = Asked()

    async def give() -> Asked:
        return asked

    async def main() -> tuple[Any, Any]:
        task = asyncio.create_task(give(), name="giving")
        before = describe(task)
        await task
        return before, describe(task)

    before, after = asyncio.run(main())

    assert "giving" in before
    assert (after, asked.count) == ("<_asyncio.Task, done>", 0)


def test_a_lazy_module_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module whose import waits for its first use goes on waiting."""
    (tmp_path / "lazily_loaded.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = importlib.util.find_spec("lazily_loaded")
    assert spec is not None
    assert spec.loader is not None
    loader = spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)

    assert describe(module) == "<module lazily_loaded>"
    assert "LOADED" not in object.__getattribute__(module, "__dict__")


def test_odd_names_of_functions_and_modules_do_no_harm() -> None:
    """A function or a module whose name is no text is still told."""

    def function() -> None:
        """Do nothing."""

    function.__module__ = Asked()  # type: ignore[assignment]
    module = types.ModuleType("odd")
    module.__name__ = Asked()  # type: ignore[assignment]

    assert describe(function).startswith("<function builtins.test_odd_names")
    assert describe(module) == "<module ?>"
    nameless = describe([types.MethodType(Mock(), 1)])
    assert nameless == ["<function unittest.mock.?>"]


def test_an_exception_is_written_from_its_arguments() -> None:
    """An exception among the values shows its arguments and runs no code of its own."""

    class LoudError(Exception):
        def __repr__(self) -> str:
            raise AssertionError

        __str__ = __repr__

    assert describe(LoudError("a", [1])) == f"{type_name(LoudError)}('a', '<list of 1>')"
    assert describe([[LoudError("a")]], max_depth=3) == [[f"{type_name(LoudError)}('a')"]]
    assert describe([[LoudError("a")]], max_depth=2) == [[f"{type_name(LoudError)}(<tuple of 1>)"]]
    assert describe(KeyError()) == "KeyError()"
    itself = ValueError()
    itself.args = (itself,)
    assert describe(itself).startswith("ValueError(")


# Classes of the application


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


def test_dataclasses_are_shown_by_their_fields() -> None:
    """Fields are shown but for those kept out of the repr, and those that have no value yet."""
    assert describe(Order(5, lines=["a"])) == {"<class>": f"{HERE}.Order", "number": 5, "lines": ["a"]}
    assert describe(Frozen(5)) == {"<class>": f"{HERE}.Frozen", "number": 5}
    assert describe(Slotted(5, "x")) == {"<class>": f"{HERE}.Slotted", "number": 5, "text": "x"}
    assert describe(Crate(5)) == {"<class>": f"{HERE}.Crate", "number": 5}
    assert describe(Box(5)) == {"<class>": f"{HERE}.Box", "number": 5}
    assert describe([[Frozen(5)]], max_depth=2) == [["<Frozen of 2>"]]


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


# numpy and pandas


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.zeros((1000, 1000)), "<numpy.ndarray shape=(1000, 1000) dtype=float64>"),
        (np.array(["abc"]), "<numpy.ndarray shape=(1,) dtype=<U3>"),
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(5), 5),
        (np.True_, True),
        (np.str_("text"), "text"),
        (np.float64("nan"), "NaN"),
        (np.complex128(1 + 2j), "(1+2j)"),
        (np.datetime64("2024-05-06"), "2024-05-06"),
        (pd.Timestamp("2024-05-06"), "2024-05-06 00:00:00"),
        (pd.Timedelta(seconds=1), "0 days 00:00:01"),
    ],
)
def test_numbers_of_numpy_are_numbers_and_arrays_are_not_written_out(value: Any, shown: Any) -> None:
    """Arrays are told by shape and type, single numbers by their value."""
    assert describe(value) == shown
    assert describe([value]) == [shown]


def test_tables_of_pandas_are_told_by_shape_and_type() -> None:
    """A data frame tells its size and the types of its columns, and none of its data."""
    frame = pd.DataFrame({"customer": ["Ursula"] * 1000, "amount": [1.5] * 1000})
    described = describe(frame)

    assert "shape=(1000, 2)" in described
    assert "float64" in described
    assert "Ursula" not in described
    assert "shape=(1000,) dtype=float64" in describe(frame["amount"])
    assert "shape=(1000,)" in describe(frame.index)
    assert len(describe(pd.DataFrame({str(number): [1] for number in range(3000)}))) < 2000


def test_a_subclass_of_an_array_is_an_array() -> None:
    """A subclass outside of numpy is told by shape as well."""

    class Image(np.ndarray):
        def __repr__(self) -> str:
            raise AssertionError

    assert describe(np.zeros((2, 2)).view(Image)) == f"<{type_name(Image)} shape=(2, 2) dtype=float64>"


# Django


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    django_site.create()


def test_a_queryset_is_told_and_not_evaluated() -> None:
    """Whether its rows are loaded is told; a report runs no query to get them."""
    fresh, loaded = Book.objects.filter(title="Lavinia"), Book.objects.all()
    assert len(loaded) == 2
    with no_queries():
        described = describe([fresh, loaded, fresh.values_list("title"), Book.objects.raw("SELECT 1"), Book.objects])

    assert described[0] == f"<django.db.models.query.QuerySet of {Book.__module__}.Book, not evaluated>"
    assert described[1] == f"<django.db.models.query.QuerySet of {Book.__module__}.Book, 2 loaded>"
    assert fresh._result_cache is None


def test_a_model_is_shown_by_what_it_has_loaded() -> None:
    """A model's text may ask for related rows; its loaded columns take no query."""
    book = Book.objects.get(title="Lavinia")
    deferred_book = Book.objects.defer("title").get(pk=book.pk)
    with no_queries():
        described = describe(book)
        described_deferred = describe(deferred_book)

    name = f"{Book.__module__}.Book"
    assert described == {"<class>": name, "id": book.pk, "title": "Lavinia", "author_id": book.author_id}
    assert described_deferred == {"<class>": name, "id": book.pk, "author_id": book.author_id}


def test_what_holds_a_queryset_does_not_evaluate_it() -> None:
    """Pages, conditions, expressions, form sets and contexts ask what they hold; they are not asked."""
    books = Book.objects.all()
    page = Paginator(books.order_by("title"), 1).page(1)
    holders = [
        page,
        Q(author__in=books),
        Case(When(Q(author__in=books), then=Value(1))),
        Prefetch("books", queryset=books),
        modelformset_factory(Book, fields=["title"])(),
        Context({"books": books}),
        jinja2.Template("").new_context({"books": books}),
        functools.partial(list, books),
        types.SimpleNamespace(books=books),
        collections.UserDict(books=books),
        {"books": books}.items(),
        types.MappingProxyType({"books": books}),
        KeyError(books),
        Point(1, books),
        Order(books),  # type: ignore[arg-type]
    ]
    with no_queries():
        for holder in holders:
            assert "Lavinia" not in str(describe(holder, max_depth=8))
            describe([holder])


def test_lazy_texts_and_objects_stay_lazy() -> None:
    """A lazy translation or object is told as such, and its function is not called."""
    calls: list[int] = []
    user = SimpleLazyObject(lambda: calls.append(1))

    described = describe([user, gettext_lazy("Hello"), lazystr("x")])

    assert described[0] == "<django.utils.functional.SimpleLazyObject, not evaluated>"
    assert all(text.endswith(", not evaluated>") for text in described)
    assert calls == []


# SQLAlchemy


class Base(DeclarativeBase):
    """Of the mapped classes."""


class Customer(Base):
    """A mapped class whose text asks for everything."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    notes: Mapped[str] = mapped_column(default="long", deferred=True)
    purchases: Mapped[list[Purchase]] = relationship(back_populates="customer")
    titles: AssociationProxy[list[str]] = association_proxy("purchases", "title")

    def __repr__(self) -> str:
        return f"<Customer {self.name} {self.notes} {self.purchases}>"


class Purchase(Base):
    """Another one."""

    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship(back_populates="purchases")


def test_a_mapped_object_is_shown_by_what_it_has_loaded() -> None:
    """What is expired, deferred or related stays unloaded: a report runs no SQL."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    statements: list[str] = []
    with Session(engine) as session:
        session.add(Customer(id=1, name="Ursula", purchases=[Purchase(title="Lavinia")]))
        session.commit()
        expired, purchase = session.get_one(Customer, 1), session.get_one(Purchase, 1)
        session.expire(expired)
        query, row = session.query(Customer), session.execute(select(Purchase)).one()
        session.expire(purchase)
        event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

        described = describe([expired, purchase, query, row, select(Customer), expired.__mapper__, session])
        associated = describe(Customer.titles)

    assert statements == []
    assert described[0] == {"<class>": f"{HERE}.Customer"}
    assert described[2] == "<sqlalchemy.orm.query.Query, not evaluated>"
    assert described[3] == [{"<class>": f"{HERE}.Purchase"}]
    assert associated is not None
    engine.dispose()


def test_an_associated_list_is_not_loaded() -> None:
    """The list of what related objects hold would load them; it is told as lazy."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    statements: list[str] = []
    with Session(engine) as session:
        session.add(Customer(id=1, name="Ursula", purchases=[Purchase(title="Lavinia")]))
        session.commit()
        titles = session.get_one(Customer, 1).titles
        session.expire_all()
        event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

        described = describe(titles)

    assert (statements, described) == ([], "<sqlalchemy.ext.associationproxy._AssociationList, not evaluated>")
    engine.dispose()


# werkzeug and Flask


def test_a_local_proxy_is_never_resolved() -> None:
    """A proxy is told as such, bound or not."""
    calls: list[int] = []
    app = Flask("app")
    proxy = LocalProxy(lambda: calls.append(1))
    unbound = describe([proxy, flask_request, flask_g])
    with app.test_request_context("/"):
        bound = describe([proxy, flask_request, flask_g])

    assert unbound == bound == ["<werkzeug.local.LocalProxy, not evaluated>"] * 3
    assert calls == []


def test_recognising_a_library_does_not_import_it() -> None:
    """Describing an application's values imports no library for it."""
    before = set(sys.modules)

    describe([Asked(), Order(1), Author, object()])

    assert set(sys.modules) == before
