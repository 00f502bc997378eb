"""Which framework an item is listed under when its report names none: the language's own. Pure.

Rollbar does so: an occurrence of a plain Python program keeps the framework ``unknown``, and its item has
``python``. Source: the sample payloads of its guide, "Webhooks".
"""

from __future__ import annotations

UNKNOWN = "unknown"

_OF_PLATFORM = {"browser": "browser-js", "android": "android", "ios": "ios"}
_OF_LANGUAGE = {
    "python": "python",
    "ruby": "ruby",
    "javascript": "node-js",
    "php": "php",
    "java": "java",
    "kotlin": "java",
    "go": "go",
    "golang": "go",
    "c#": "dotnet",
    "csharp": "dotnet",
    "dart": "flutter",
    "apex": "apex",
}
"""By the first word of the language: clients put its version behind it."""


def framework_of_item(sent: str, platform: str, language: str) -> str:
    """Return the framework of an item: as its first report *sent* it, else by the platform, else by the language."""
    if sent != UNKNOWN:
        return sent
    of_platform = _OF_PLATFORM.get(platform.lower())
    if of_platform is not None:
        return of_platform
    words = language.lower().split(maxsplit=1)
    return _OF_LANGUAGE.get(words[0], UNKNOWN) if words else UNKNOWN
