"""Whether a report is the one that a test expects, and if not, why: in words, field by field.

Pure. An expectation is a value, or something that judges one: a regular expression, a class, a callable, a mapping
or a sequence of such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rollbar_logging.levels import parse_level
from rollbar_logging.testing.report import RaisedException, Report
from rollbar_logging.version import NOTIFIER

FIELDS = (
    "level",
    "exception",
    "message",
    "title",
    "logger",
    "person",
    "request",
    "context",
    "fingerprint",
    "environment",
    "code_version",
    "framework",
    "uuid",
    "locals",
    "frames",
    "custom",
    "raw",
)
"""What a test may name of a report; any other name is one of ``custom``."""

_SHOWN = 160
"""Characters of a value in a message."""

_BUILT_IN = "builtins"

_LONG = 60
"""Characters from which two texts are shown only where they differ."""


def differences(report: Report, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return why *report* is not what is *wanted*: for each name that does not match, the reason in words."""
    found = {name: _difference(report, name, expected) for name, expected in wanted.items()}
    return {name: why for name, why in found.items() if why}


def likeness(report: Report, wanted: Mapping[str, Any]) -> float:
    """Return how like the wanted texts those of *report* are, to choose among reports that differ in as many names."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only what fails needs it

    texts = [(_value(report, name), _asked(expected)) for name, expected in wanted.items()]
    pairs = [(shown(value), expected) for value, expected in texts if value is not None]
    return sum(SequenceMatcher(None, value, expected, autojunk=False).ratio() for value, expected in pairs)


def described(wanted: Mapping[str, Any]) -> str:
    """Write expectations as one would write them in a call."""
    return ", ".join(f"{name}={_asked(expected)}" for name, expected in wanted.items())


def shown(value: Any) -> str:
    """Return a value's ``repr``, shortened; never raises."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - the value is the test's, and its repr may do anything
        text = f"<{type(value).__name__}: its repr raised {type(error).__name__}>"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _difference(report: Report, name: str, expected: Any) -> str:
    if name not in FIELDS and name not in report.custom:
        return _absent("custom", report.custom) + _near(name, (*FIELDS, *report.custom))
    if name == "exception":
        return _why_not_exception(report.exception, expected, _tells_modules(report))
    if name == "level":
        expected = parse_level(expected) or expected
    return why_not(_value(report, name), expected)


def _value(report: Report, name: str) -> Any:
    return getattr(report, name) if name in FIELDS else report.custom.get(name)


def why_not(value: Any, expected: Any) -> str:
    """Return why *value* is not what is expected, in words; empty if it is."""
    if _is_equal(value, expected):
        return ""
    if isinstance(expected, Mapping):
        return "; ".join(_mapping_differences(value, expected))
    if isinstance(expected, (list, tuple)):
        return "; ".join(_sequence_differences(value, expected))
    if isinstance(expected, (re.Pattern, type)) or callable(expected):
        return _why_denied(value, expected)
    return _unequal(value, expected)


def _is_equal(value: Any, expected: Any) -> bool:
    try:
        return bool(value == expected) or bool(value == _as_sent(expected))
    except Exception:  # noqa: BLE001 - such as an array's, whose comparison is no truth value
        return False


def _as_sent(expected: Any) -> Any:
    """Return what capture makes of a value: dates and decimals, say, are sent as text."""
    if expected is None or isinstance(expected, (str, int, float)) or callable(expected):
        return expected
    from rollbar_logging.capture.kinds import Kinds  # noqa: PLC0415 - pytest imports this in every suite
    from rollbar_logging.capture.values import Bounds, Reading  # noqa: PLC0415 - likewise

    return Reading(Bounds(2**20, 2**20, 100, 10.0), Kinds()).describe(expected)


def _mapping_differences(value: Any, expected: Mapping[Any, Any]) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _unequal(value, expected)
        return
    for key, inner in expected.items():
        name = str(key)
        why = why_not(value[name], inner) if name in value else _absent("it", value)
        if why:
            yield f"[{name!r}] {why}"


def _sequence_differences(value: Any, expected: Sequence[Any]) -> Iterator[str]:
    if not isinstance(value, (list, tuple)) or len(value) != len(expected):
        yield _unequal(value, expected)
        return
    for i, (inner, wanted) in enumerate(zip(value, expected, strict=True)):
        why = why_not(inner, wanted)
        if why:
            yield f"[{i}] {why}"


def _why_denied(value: Any, judge: re.Pattern[Any] | type | Callable[[Any], Any]) -> str:
    if isinstance(judge, re.Pattern):
        is_found = isinstance(value, str) and isinstance(judge.pattern, str) and judge.search(value)
        return "" if is_found else f"{shown(value)} does not match {_asked(judge)}"
    if isinstance(judge, type):
        return "" if isinstance(value, judge) else f"{shown(value)} is no {judge.__name__}"
    name = getattr(judge, "__name__", type(judge).__name__)
    try:
        return "" if judge(value) else f"{name}({shown(value)}) is false"
    except Exception as error:  # noqa: BLE001 - a judge that cannot take the value does not approve of it
        return f"{name}({shown(value)}) raised {type(error).__name__}: {error}"


def _tells_modules(report: Report) -> bool:
    """Whether an exception without a module is a built-in one: the handler names all others."""
    notifier = report.raw.get("notifier")
    return isinstance(notifier, dict) and notifier.get("name") == NOTIFIER


def _why_not_exception(raised: RaisedException | None, expected: Any, tells_modules: bool) -> str:
    if expected is None:
        return "" if raised is None else f"{shown(str(raised))} was raised, none expected"
    if raised is None:
        return "there is none: a message was logged"
    if isinstance(expected, BaseException):
        why = why_not(raised.message, str(expected))
        return _why_not_exception(raised, type(expected), tells_modules) or (why and f"its message: {why}")
    if isinstance(expected, str) or (isinstance(expected, type) and issubclass(expected, BaseException)):
        name = expected if isinstance(expected, str) else expected.__name__
        return "" if _is_one(raised, expected, tells_modules) else f"{shown(str(raised))} is no {name}"
    return why_not(str(raised) if isinstance(expected, re.Pattern) else raised, expected)


def _is_one(raised: RaisedException, expected: type[BaseException] | str, tells_modules: bool) -> bool:
    """Whether the exception is of that class or a subclass, as far as names tell: they are all that was sent."""
    if isinstance(expected, str):
        return expected in {raised.class_name, f"{raised.module or _BUILT_IN}.{raised.class_name}"}
    module = raised.module or (_BUILT_IN if tells_modules else None)
    waiting: list[type[BaseException]] = [expected]
    seen: set[type[BaseException]] = set()
    while waiting:
        cls = waiting.pop()
        if cls.__name__ == raised.class_name and module in {None, cls.__module__}:
            return True
        if cls not in seen:
            seen.add(cls)
            waiting += type.__subclasses__(cls)
    return False


def _unequal(value: Any, expected: Any) -> str:
    if not (isinstance(value, str) and isinstance(expected, str)) or max(len(value), len(expected)) <= _LONG:
        return f"{shown(value)} is not {shown(expected)}"
    pairs = enumerate(zip(value, expected, strict=False))
    at = next((i for i, (mine, other) in pairs if mine != other), min(len(value), len(expected)))
    begin = max(0, at - 20)
    parts = (("…" if begin else "") + shown(text[begin : at + 30]) for text in (value, expected))
    return f"{' is not '.join(parts)}: they differ from character {at} on"


def _near(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only what fails needs it

    return "".join(f"; did you mean {near!r}?" for near in get_close_matches(name, names, n=1))


def _absent(what: str, names: Mapping[str, Any]) -> str:
    there = ", ".join(map(repr, names)) or "nothing"
    return f"missing: {what} has {there if len(there) <= _SHOWN else there[:_SHOWN] + '…'}"


def _asked(expected: Any) -> str:
    if isinstance(expected, re.Pattern):
        return f"/{expected.pattern}/"
    if isinstance(expected, type):
        return expected.__name__
    if callable(expected) and hasattr(expected, "__name__"):
        return str(expected.__name__)
    return shown(expected)
