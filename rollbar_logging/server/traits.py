"""The texts of an occurrence that people search by, lifted out of its ``data``. Pure.

Names: Rollbar's guide, "Searchable Fields".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rollbar_logging.server.grouping import traces_of

_LONGEST = 255
_LONGEST_LIST = 1024

SEPARATOR = "\n"
"""Around each of the frames' files and methods, so that one, or the beginning of one, can be looked for."""


def traits_of(data: dict[str, Any]) -> dict[str, str | None]:
    """Return every trait of a checked ``data``, ``None`` where it has none; `TRAITS` has the names."""
    traits = {name: _text(find(data)) for name, find in _PLAIN.items()}
    traces = traces_of(data["body"])
    error = traces[0]["exception"] if traces else {}
    frames = traces[0]["frames"] if traces else []
    all_frames = [frame for trace in traces for frame in trace["frames"]]
    return {
        **traits,
        "exception_class": _text(error.get("class")),
        "exception_message": _text(error.get("message")),
        "topfile": _text(frames[0]["filename"]) if frames else None,
        "bottomfile": _text(frames[-1]["filename"]) if frames else None,
        "method": _text(frames[-1].get("method")) if frames else None,
        "files": _listed(frame["filename"] for frame in reversed(all_frames)),
        "methods": _listed(frame.get("method") for frame in reversed(all_frames)),
    }


def _under(part: str, key: str) -> Callable[[dict[str, Any]], Any]:
    def find(data: dict[str, Any]) -> Any:
        mapping = data.get(part)
        return mapping.get(key) if isinstance(mapping, dict) else None

    return find


def _code_version(data: dict[str, Any]) -> Any:
    found = data.get("code_version")
    return found if found is not None else _under("server", "code_version")(data)


_PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "host": _under("server", "host"),
    "context": lambda data: data.get("context"),
    "ip": _under("request", "user_ip"),
    "user_id": _under("person", "id"),
    "username": _under("person", "username"),
    "email": _under("person", "email"),
    "code_version": _code_version,
    "request_url": _under("request", "url"),
    "request_method": _under("request", "method"),
    "server_root": _under("server", "root"),
    "notifier_name": _under("notifier", "name"),
}

TRAITS = (*_PLAIN, "exception_class", "exception_message", "topfile", "bottomfile", "method", "files", "methods")


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return storable(value[:_LONGEST]) or None
    return str(value)[:_LONGEST] if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _listed(values: Iterable[Any]) -> str | None:
    distinct = dict.fromkeys(value for value in values if isinstance(value, str) and value)
    text = SEPARATOR + SEPARATOR.join(distinct) if distinct else ""
    return storable(text[:_LONGEST_LIST] + SEPARATOR) if text else None


def storable(text: str) -> str:
    """Replace what databases cannot carry: half a surrogate pair, which JSON may escape, and NUL."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
