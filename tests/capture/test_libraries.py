"""What becomes of other libraries' objects: arrays, tables, database rows, proxies. Nothing lazy is evaluated."""

from __future__ import annotations

import collections
import dataclasses
import functools
import sys
import types
from typing import Any, NamedTuple

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

from rollbar_logging.capture.type_names import type_name
from tests.capture import django_site
from tests.capture.django_site import Author, Book, no_queries
from tests.capture.material import describe

HERE = __name__


class Asked:
    """An object without anything to it."""


class Pair(NamedTuple):
    """A named tuple."""

    number: int
    value: Any


@dataclasses.dataclass
class Entry:
    """A dataclass."""

    value: Any


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


def test_an_array_that_lacks_what_arrays_have_is_told_by_its_type() -> None:
    """What an array does not want to tell is left out."""

    def missing(_self: Any) -> Any:
        raise AttributeError

    cls: Any = type("Tensor", (), {"__module__": "torch", "shape": property(missing), "dtype": "half"})

    assert describe(cls()) == "<torch.Tensor dtype=half>"


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
        Pair(1, books),
        Entry(books),
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
    assert described[3] == {"<class>": "sqlalchemy.engine.row.Row", "Purchase": {"<class>": f"{HERE}.Purchase"}}
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


# Event loops


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_what_an_event_loop_is_about_to_call_is_shown_without_its_arguments(module: str) -> None:
    """They may be anything, as a password is; the name of the type is enough, since the frames tell the rest."""
    loop = pytest.importorskip(module).new_event_loop()
    try:
        handles = [loop.call_soon(print, "hunter2"), loop.call_later(1, print, "hunter2")]
        shown = describe(handles)
    finally:
        loop.close()
    assert "hunter2" not in str(shown)
    assert all("Handle" in each for each in shown)


def test_recognising_a_library_does_not_import_it() -> None:
    """Describing an application's values imports no library for it."""
    before = set(sys.modules)

    describe([Asked(), Entry(1), Author, object()])

    assert set(sys.modules) == before
