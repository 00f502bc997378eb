"""Items to cut, and values to fill them with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from rollbar_logging.item.encode import encode, size_of
from rollbar_logging.item.truncate import fit

UUID = "8a0c6d5e-7f3b-4c1d-9e2f-1234567890ab"
LIMIT = 131_072
IDENTITY = ("uuid", "level", "timestamp", "environment", "fingerprint")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
MANY = st.text(max_size=5).map(lambda text: text * 2000) | st.lists(LEAVES, max_size=4).map(lambda values: values * 200)
JSON = st.recursive(LEAVES | MANY, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def frame(number: int, *, library: bool = False, value: Any = "value") -> dict[str, Any]:
    """A frame as the builder makes it."""
    folder = "/usr/lib/python3.12/site-packages/lib" if library else "/srv/app"
    return {
        "filename": f"{folder}/module_{number}.py",
        "lineno": number,
        "method": f"function_{number}",
        "code": "return inner()",
        "context": {"pre": ["def f():", "    x = 1"], "post": ["", "def g():"]},
        "argspec": ["x"],
        "locals": {"x": value},
    }


def item(frames: list[Any], **data: Any) -> dict[str, Any]:
    """An item with a trace."""
    exception = {"class": "ValueError", "message": "no such order"}
    return {
        "uuid": UUID,
        "level": "error",
        "timestamp": 1_700_000_000,
        "environment": "production",
        "body": {"trace": {"frames": frames, "exception": exception}},
        "server": {"host": "web-1", "root": "/srv/app"},
        "notifier": {"name": "rollbar-logging", "version": "0.1.0"},
        **data,
    }


def chain(*traces: list[Any]) -> dict[str, Any]:
    """An item with a chain of exceptions."""
    data = item([])
    data["body"] = {
        "trace_chain": [
            {"frames": frames, "exception": {"class": f"Error{number}", "message": f"message {number}"}}
            for number, frames in enumerate(traces)
        ]
    }
    return data


def cut(data: dict[str, Any], limit: int = LIMIT) -> tuple[dict[str, Any], dict[str, str]]:
    """Fit, check what always holds, and read the body."""
    before = encode(data)
    body, notes = fit(data, limit)
    assert encode(data) == before
    assert len(body) <= limit
    read = json.loads(body.decode("utf-8", "strict"), parse_constant=pytest.fail)
    assert list(read) == ["data"]
    if notes:
        assert read["data"]["notifier"]["diagnostic"]["truncation"] == notes
        assert size_of(notes) <= 1024
    return read["data"], notes


def without_locals(frames: list[dict[str, Any]]) -> dict[str, Any]:
    """The item of these frames, but for their locals."""
    return item([{key: value for key, value in full.items() if key != "locals"} for full in frames])


def frames_of(data: dict[str, Any]) -> list[Any]:
    """The frames of an item's only trace."""
    frames: list[Any] = data["body"]["trace"]["frames"]
    return frames


def in_locals(variables: dict[str, Any]) -> dict[str, Any]:
    """An item with one frame that has these local variables."""
    frame = {
        "filename": "/srv/app.py",
        "lineno": 3,
        "method": "login",
        "code": "    raise ValueError(user)",
        "context": {"pre": ["def login(user, password):"], "post": []},
        "argspec": ["user", "password"],
        "locals": variables,
    }
    exception = {"class": "ValueError", "message": "no such user"}
    return {
        "uuid": "d4c7acef-55bf-4c9e-a95e-4fe9428a8287",
        "environment": "production",
        "body": {"trace": {"frames": [frame], "exception": exception}},
        "notifier": {"name": "rollbar-logging", "version": "0.1.0"},
    }
