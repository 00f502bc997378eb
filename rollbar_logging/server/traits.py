"""The texts of an occurrence that people search by, lifted out of its ``data``. Pure.

Names: Rollbar's guide, "Searchable Fields".
"""

from __future__ import annotations

from typing import Any

from rollbar_logging.server.grouping import traces_of

_LONGEST = 255
LONGEST_TRAIT = 1024
"""Characters; of single texts fewer are kept. Databases refuse to look for texts that are far longer."""

SEPARATOR = "\n"
"""Around each of the frames' files and methods, so that one, or the beginning of one, can be looked for."""


def traits_of(data: dict[str, Any]) -> dict[str, str | None]:
    """Return every trait of a checked ``data``, ``None`` where it has none; `TRAITS` has the names."""
    server, request, person, notifier = (_mapping(data.get(name)) for name in _PARTS)
    traces = traces_of(data["body"])
    error = traces[0]["exception"] if traces else _NOTHING
    frames = traces[0]["frames"] if traces else ()
    all_frames = [frame for trace in traces for frame in reversed(trace["frames"])]
    version = data.get("code_version")
    return {
        "host": _text(server.get("host")),
        "ip": _text(request.get("user_ip")),
        "user_id": _text(person.get("id")),
        "username": _text(person.get("username")),
        "email": _text(person.get("email")),
        "request_url": _text(request.get("url")),
        "request_method": _text(request.get("method")),
        "server_root": _text(server.get("root")),
        "notifier_name": _text(notifier.get("name")),
        "context": _text(data.get("context")),
        "code_version": _text(server.get("code_version") if version is None else version),
        "exception_class": _text(error.get("class")),
        "exception_message": _text(error.get("message")),
        "topfile": _text(frames[0]["filename"]) if frames else None,
        "bottomfile": _text(frames[-1]["filename"]) if frames else None,
        "method": _text(frames[-1].get("method")) if frames else None,
        "files": _listed([frame["filename"] for frame in all_frames]),
        "methods": _listed([frame.get("method") for frame in all_frames]),
    }


_PARTS = ("server", "request", "person", "notifier")
_NOTHING: dict[str, Any] = {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return storable(value[:_LONGEST]) or None
    return str(value)[:_LONGEST] if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _listed(values: list[Any]) -> str | None:
    distinct = [value for value in dict.fromkeys(values) if isinstance(value, str) and value]
    text = SEPARATOR + SEPARATOR.join(distinct) if distinct else ""
    return storable(text[:LONGEST_TRAIT] + SEPARATOR) if text else None


def storable(text: str) -> str:
    """Replace what databases cannot carry: half a surrogate pair, which JSON may escape, and NUL."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


TRAITS = tuple(traits_of({"body": {}}))
"""The names of all traits."""
