"""Whom a request concerns, from what is loaded already."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rollbar_logging.capture.person import describe_user, person_of


class Base(DeclarativeBase):
    """Tables."""


class Customer(Base):
    """A user whose key has another name."""

    __tablename__ = "customers"
    number: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]


def test_an_expired_object_of_sqlalchemy_is_known_without_a_query() -> None:
    """By the key that it was loaded by; what would have to be loaded again is left out."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        customer = Customer(number=17, username="ursula")
        session.add(customer)
        session.flush()
        assert describe_user(customer, ("id", "username")) == {"id": "17", "username": "ursula"}

        session.expire(customer)
        assert describe_user(customer, ("id", "username")) == {"id": "17"}
        assert "username" not in vars(customer)
    engine.dispose()


@pytest.mark.parametrize("user", [None, object(), SimpleNamespace(), SimpleNamespace(id=None), "17"])
def test_who_has_no_id_is_nobody(user: Any) -> None:
    """Anonymous users, and what is none."""
    assert describe_user(user) is None


def test_an_application_names_a_person_where_its_request_is() -> None:
    """On the request, in its environment, in its scope; as a mapping or a function, or as what is no person."""
    person = {"id": 17}

    assert person_of(SimpleNamespace(rollbar_person=person)) == person
    assert person_of({"rollbar_person": lambda: person}) == person
    assert person_of(SimpleNamespace(environ={"rollbar_person": person})) == person
    assert person_of(SimpleNamespace(scope={"rollbar_person": person})) == person
    assert person_of(SimpleNamespace(scope={"user": SimpleNamespace(id=17)})) == {"id": "17"}
    assert person_of(SimpleNamespace(scope={"rollbar_person": "17"})) is None
    assert person_of({"url": "/"}) is None
