"""Whom a request concerns, from what its framework and its application have loaded already.

Django's ``request.user`` is a stand-in that asks the database as soon as anything looks at it. So only instances'
own dictionaries are read: a user that was not loaded stays so, and a field that was deferred is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

FIELDS = ("id",)
"""What is told of a user, unless the integration asks for more of ``id``, ``username`` and ``email``."""

_HOLDERS = ("user", "_acached_user", "_cached_user")
"""Where Django keeps the user: what everybody sees, and what it has loaded for that."""


def person_of(request: Any) -> dict[str, Any] | None:
    """Return the person of a request, without a query.

    Args:
        request: It, its WSGI environment or its ASGI scope may have ``rollbar_person``, a mapping or a function that
            returns one, set by the application; and it may have ``rollbar_person_fields``, names of what is told of a
            user of Django's or Starlette's, set by the integration.

    Returns:
        ``id`` and perhaps ``username`` and ``email``; ``None`` for nobody, or nobody that is loaded.
    """
    try:
        held = request if issubclass(type(request), dict) else _held(request)
        asked = next((place["rollbar_person"] for place in _places(held) if "rollbar_person" in place), None)
        if asked is not None:
            found = asked() if callable(asked) else asked
            return dict(found) if isinstance(found, Mapping) else None
        return describe_user(_loaded_user(held), held.get("rollbar_person_fields") or FIELDS)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a person that cannot be read must not cost the report
        return None


def _places(held: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield where an application may have put a person: the request, its WSGI environment, its ASGI scope."""
    for place in (held, held.get("environ"), held.get("scope")):
        if isinstance(place, Mapping):
            yield place


def _loaded_user(held: Mapping[str, Any]) -> Any:
    if "META" not in held:
        scope = held.get("scope")  # where Starlette's authentication puts the user
        return scope.get("user") if isinstance(scope, Mapping) else None
    for name in _HOLDERS:
        user = held.get(name)
        if any(cls.__name__ == "LazyObject" for cls in type(user).__mro__):
            user = _held(user).get("_wrapped")  # a bare object, until it is evaluated
        if user is not None and type(user) is not object:
            return user
    return None


def describe_user(user: Any, fields: Collection[str] = FIELDS) -> dict[str, Any] | None:
    """Return what is told of a user's object, from what it holds.

    Args:
        user: Of Django, flask-login, SQLAlchemy or the application's own; ``None`` for nobody.
        fields: Names of what to tell.

    Returns:
        ``id`` and perhaps ``username`` and ``email``, as texts; ``None``, if it holds no ``id``.
    """
    held, cls = _held(user), type(user)
    key = getattr(getattr(getattr(cls, "_meta", None), "pk", None), "attname", "id")
    places = {
        "id": key,
        "username": getattr(cls, "USERNAME_FIELD", "username"),
        "email": getattr(cls, "EMAIL_FIELD", "email"),
    }
    told = {name: held.get(place) for name, place in places.items() if name == "id" or name in fields}
    if told["id"] is None:
        told["id"] = _identity(held)
    if told["id"] is None:
        return None
    # As a text, since a key may be of any type: a UUID, say.
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _identity(held: Mapping[str, Any]) -> Any:
    """Return by what SQLAlchemy knows an object: its key may have another name, or wait to be loaded again."""
    identity = _held(held.get("_sa_instance_state")).get("key")
    key = identity[1] if type(identity) is tuple and len(identity) > 1 else ()
    return key[0] if type(key) is tuple and len(key) == 1 else None


def _held(instance: Any) -> Mapping[str, Any]:
    try:
        held = object.__getattribute__(instance, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}
