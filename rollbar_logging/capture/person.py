"""Whom a request concerns, from what its framework and its application have loaded already.

Django's ``request.user`` is a stand-in that asks the database as soon as anything looks at it. So only instances'
own dictionaries are read: a user that was not loaded stays so, and a field that was deferred is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIELDS = ("id",)
"""What is told of a user, unless the integration asks for more of ``id``, ``username`` and ``email``."""

_HOLDERS = ("user", "_acached_user", "_cached_user")
"""Where Django keeps the user: what everybody sees, and what it has loaded for that."""


def person_of(request: Any) -> dict[str, Any] | None:
    """Return the person of a Django request, without a query.

    Args:
        request: It may have ``rollbar_person``, a mapping or a function that returns one, set by the application;
            and ``rollbar_person_fields``, names of what is told of a user of Django's, set by the integration.

    Returns:
        ``id`` and perhaps ``username`` and ``email``; ``None`` for nobody, or nobody that is loaded.
    """
    try:
        held = _held(request)
        if "META" not in held:
            return None
        asked = held.get("rollbar_person")
        if asked is not None:
            found = asked() if callable(asked) else asked
            return dict(found) if isinstance(found, Mapping) else None
        return _described(_loaded_user(held), held.get("rollbar_person_fields") or FIELDS)
    except Exception:  # noqa: BLE001 - a person that cannot be read must not cost the report
        return None


def _loaded_user(held: Mapping[str, Any]) -> Any:
    for name in _HOLDERS:
        user = held.get(name)
        if any(cls.__name__ == "LazyObject" for cls in type(user).__mro__):
            user = _held(user).get("_wrapped")  # a bare object, until it is evaluated
        if user is not None and type(user) is not object:
            return user
    return None


def _described(user: Any, fields: tuple[str, ...]) -> dict[str, Any] | None:
    held, cls = _held(user), type(user)
    key = getattr(getattr(getattr(cls, "_meta", None), "pk", None), "attname", "id")
    places = {
        "id": key,
        "username": getattr(cls, "USERNAME_FIELD", "username"),
        "email": getattr(cls, "EMAIL_FIELD", "email"),
    }
    if held.get(key) is None:
        return None
    told = {name: held.get(place) for name, place in places.items() if name == "id" or name in fields}
    # As a text, since a key may be of any type: a UUID, say.
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _held(instance: Any) -> Mapping[str, Any]:
    try:
        held = object.__getattribute__(instance, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}
