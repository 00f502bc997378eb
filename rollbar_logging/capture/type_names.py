"""Names of classes, whatever a metaclass makes of them."""

from __future__ import annotations

MAX_NAME = 200
"""Characters kept of the name of a class."""

# Through the getters of `type` itself: a metaclass may answer such questions with anything.
_MODULE, _NAME, _QUALNAME = (type.__dict__[name].__get__ for name in ("__module__", "__name__", "__qualname__"))


def module_of(cls: type) -> str | None:
    """Return the name of a class's module, if it has one; asks no metaclass and never raises."""
    try:
        module = _MODULE(cls)
    except AttributeError:
        return None
    return module[:MAX_NAME] if type(module) is str else None


def path_of(cls: type) -> str:
    """Return ``module.Class``, also for built-in types; asks no metaclass and never raises."""
    module, name = module_of(cls), str.__str__(_QUALNAME(cls))[:MAX_NAME]
    return name if module is None else f"{module}.{name}"


def type_name(cls: type) -> str:
    """Return ``module.Class``, or ``Class`` alone for built-in types; asks no metaclass and never raises."""
    return path_of(cls).removeprefix("builtins.")


def bare_name(cls: type) -> str:
    """Return ``Class``; asks no metaclass and never raises."""
    return str.__str__(_NAME(cls))[:MAX_NAME]


def named(cls: type) -> str:
    """Describe a value by its type alone."""
    return f"<{type_name(cls)}>"
