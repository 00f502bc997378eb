"""The numbers that stand for names in reports, in RQL and in webhooks; everywhere else the API uses the names. Pure.

Source: Rollbar's guide "RQL" and its API reference, lists of ids.
"""

from __future__ import annotations

from collections.abc import Mapping

FRAMEWORKS: Mapping[str, int] = {
    "unknown": 0,
    "rails": 1,
    "django": 2,
    "pyramid": 3,
    "node-js": 4,
    "pylons": 5,
    "php": 6,
    "browser-js": 7,
    "rollbar-system": 8,
    "android": 9,
    "ios": 10,
    "mailgun": 11,
    "logentries": 12,
    "python": 13,
    "ruby": 14,
    "sidekiq": 15,
    "flask": 16,
    "celery": 17,
    "rq": 18,
    "java": 19,
    "dotnet": 20,
    "go": 21,
    "react-native": 22,
    "macos": 23,
    "apex": 24,
    "spring": 25,
    "bottle": 26,
    "twisted": 27,
    "asgi": 28,
    "starlette": 29,
    "fastapi": 30,
    "karafka": 31,
    "flutter": 32,
}

PLATFORMS: Mapping[str, int] = {
    "unknown": 0,
    "browser": 1,
    "flash": 2,
    "android": 3,
    "ios": 4,
    "heroku": 5,
    "google-app-engine": 6,
    "client": 7,
}

LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""From the least to the most severe."""

STATUSES: Mapping[str, int] = {"active": 1, "resolved": 2, "muted": 3}


def framework_id(name: str) -> int:
    """Return a framework's number, that of ``unknown`` for any other name."""
    return FRAMEWORKS.get(name.lower(), 0)


def platform_id(name: str) -> int:
    """Return a platform's number, that of ``unknown`` for any other name."""
    return PLATFORMS.get(name.lower(), 0)


def level_id(name: str) -> int:
    """Return a level's number.

    Raises:
        KeyError: It is none of the five names.
    """
    return LEVELS[name]


def status_id(name: str) -> int:
    """Return an item's status as its number.

    Raises:
        KeyError: It is none of the three names.
    """
    return STATUSES[name]


def names_from(level: str) -> tuple[str, ...]:
    """Return the names of *level* and those above it, from the least severe."""
    return tuple(name for name, number in LEVELS.items() if number >= LEVELS[level])


def names_up_to(level: str) -> tuple[str, ...]:
    """Return the names of *level* and those below it, from the least severe."""
    return tuple(name for name, number in LEVELS.items() if number <= LEVELS[level])
