"""Which item an occurrence belongs to, and what the item is called.

Items are kept apart by fingerprint within an environment. The default fingerprint of exceptions is a
SHA-1 over all frames' files and methods and the exceptions' classes, without line numbers; of messages,
a SHA-1 over the text without what changes from one to the next. Source: Rollbar's guide, "Default
Grouping Algorithm". Everything here is a function of its arguments.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any

from rollbar_logging.levels import parse_level

_LONGEST_FINGERPRINT = 40
_LONGEST_TITLE = 255
_EXAMINED = 8192
"""Characters of a text that are looked at; the rest could only cost time."""
_COUNTED = 4096
"""Characters that decide, of what is left: the same ones, however long what was taken out before them."""

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
_VARIABLE = re.compile(
    # A status or an error code says what happened, and stays.
    r"(?P<kept>\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?: code)?|error(?: code)?|errno|code)[ :=#]{1,3}"
    r"(?:0x[0-9a-f]{1,8}|\d{1,6})\b)"
    # dates and times
    r"|\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    rf"|\b{_WEEKDAY}(?:\d{{1,2}}[ /-]{_MONTH}(?:[ /-]\d{{2,4}})?|{_MONTH} {{1,2}}\d{{1,2}}(?:,? \d{{4}})?)\b"
    r"|\b\d{1,2}[/.]\d{1,2}[/.]\d{4}\b"
    r"|(?<![\w:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?![\w:])"
    # addresses
    r"|(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    r"|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})(?![\w:])"
    # numbers: those of one digit stay
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|(?:(?<![\w.])[-+])?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+(?!\w))"
    r"|\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{4,}|[a-f]{8,})\b"
    r"|(?:(?<![\w.])[-+])?\d{2,}",
    re.IGNORECASE,
)
_MAY_VARY = re.compile(r"\d|@|:.{0,4}:|[a-f]{8}", re.IGNORECASE)
"""Found in every text in which `_VARIABLE` finds something, and in a tenth of its time."""

_REMEMBERED = 4096
"""Paths and methods whose traits are kept at hand."""

_IN_PATH = re.compile(r"\b(?=[a-f]{0,39}\d)[0-9a-f]{7,40}\b|\d{4}-?\d{2}-?\d{2}(?:\d{6})?")
_IN_METHOD = re.compile(r"\d{2,}")


def fingerprint_of(data: dict[str, Any]) -> str:
    """Return the fingerprint of a checked ``data``: the client's own (SHA-1 if over 40), else the default."""
    given = data.get("fingerprint")
    if given:
        return str(given) if len(given) <= _LONGEST_FINGERPRINT else _sha1(given)
    return _sha1("\n".join(_traits(data)))


def _traits(data: dict[str, Any]) -> list[str]:
    body = data["body"]
    traces = traces_of(body)
    if traces:
        root = str((data.get("server") or {}).get("root") or "").rstrip("/\\")
        return [trait for trace in traces for trait in _trace_traits(trace, root)]
    if body.get("message") is not None:
        return ["message", without_variables(body["message"]["body"])]
    return ["crash_report", without_variables(body["crash_report"]["raw"])]


def _trace_traits(trace: dict[str, Any], root: str) -> list[str]:
    frames = trace["frames"]
    paths = [_path_trait(frame["filename"], root) for frame in frames]
    methods = [_method_trait(frame.get("method") or "") for frame in frames]
    return [f"class {trace['exception']['class']}", *paths, *methods]


# The same few places come again and again, and searching them is what grouping costs.
@lru_cache(_REMEMBERED)
def _path_trait(path: str, root: str) -> str:
    return _IN_PATH.sub("", _below_root(path, root))


@lru_cache(_REMEMBERED)
def _method_trait(method: str) -> str:
    return _IN_METHOD.sub("", method)


def _below_root(path: str, root: str) -> str:
    return "ROOT" + path[len(root) :] if root and path.startswith((root + "/", root + "\\")) else path


def traces_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the traces of a checked ``body``, the last raised first; empty for what is no exception."""
    if body.get("trace_chain") is not None:
        return list(body["trace_chain"])
    return [body["trace"]] if body.get("trace") is not None else []


def without_variables(text: str) -> str:
    """Return *text* without dates, addresses, numbers of two and more digits and long hex numbers.

    A number that is an error code or an HTTP status stays.
    """
    text = text[:_EXAMINED]
    if _MAY_VARY.search(text) is None:
        return text[:_COUNTED]
    return _VARIABLE.sub(lambda found: found["kept"] or "", text)[:_COUNTED]


def title_of(data: dict[str, Any]) -> str:
    """Return the title of a checked ``data``: the client's own, ``Class: message``, or the text's first line."""
    given = (data.get("title") or "").strip()
    if given:
        return str(given[:_LONGEST_TITLE])
    body = data["body"]
    traces = traces_of(body)
    if traces:
        error = traces[0]["exception"]
        text = error.get("message") or error.get("description")
        title = f"{error['class']}: {text}" if text else error["class"]
    elif body.get("message") is not None:
        title = body["message"]["body"]
    else:
        title = body["crash_report"]["raw"]
    return _first_line(title)[:_LONGEST_TITLE] or "(no message)"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def level_of_data(data: dict[str, Any]) -> str:
    """Return the Rollbar level of a checked ``data``.

    A name that is none of the five (``warni``, ``crit``) is taken for the one it begins like; without a
    level, ``error`` for exceptions and crashes and ``info`` for messages.
    """
    given = data.get("level")
    return _nearest(given) if given else _default_level(data)


def _nearest(given: str) -> str:
    exact = parse_level(given)
    if exact is not None:
        return exact
    name = given.strip().lower()
    beginnings = {"deb": "debug", "tra": "debug", "inf": "info", "not": "info", "war": "warning"}
    beginnings |= {"cri": "critical", "fat": "critical", "eme": "critical", "ale": "critical"}
    return beginnings.get(name[:3], "error")


def _default_level(data: dict[str, Any]) -> str:
    return "info" if data["body"].get("message") is not None else "error"


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
