"""What is left of items that no plan can save."""

from __future__ import annotations

from typing import Any

import pytest

from tests.item.items import IDENTITY, cut, frame, item


@pytest.mark.parametrize("limit", [2048, 4096, 100_000])
@pytest.mark.parametrize("kind", ["trace", "trace_chain", "message", "crash_report"])
def test_huge_identity_still_fits(kind: str, limit: int) -> None:
    """Even if each key that is never cut holds half a megabyte, an item of the same kind remains."""
    huge = "\x00é" * 60_000
    exception = {"class": huge, "message": huge, "description": huge}
    trace = {"frames": [{"filename": huge, "method": huge, "lineno": 1}], "exception": exception}
    bodies: dict[str, Any] = {
        "trace": trace,
        "trace_chain": [trace, trace],
        "message": {"body": huge},
        "crash_report": {"raw": huge},
    }
    data = {**dict.fromkeys(IDENTITY, huge), "body": {kind: bodies[kind]}, huge: huge, "notifier": {"name": huge}}

    read, _ = cut(data, limit)

    assert list(read["body"]) == [kind]
    assert len(read["fingerprint"]) in {40, len(huge)}


def test_the_bare_item_still_says_what_failed_and_where() -> None:
    """When all else is lost, identity, class, message and the raising frame are there."""
    data = item([frame(1), frame(2)], **{str(number): number for number in range(2000)}, fingerprint="f" * 40)
    data["body"]["unforeseen"] = {str(number): {"a": [number]} for number in range(100)}
    data["body"]["trace"]["exception"]["unforeseen"] = [["x" * 90]] * 128

    read, notes = cut(data, 4096)

    assert list(notes) == ["item"]
    assert {key: read[key] for key in IDENTITY} == {key: data[key] for key in IDENTITY}
    assert read["body"] == {
        "trace": {
            "frames": [{"filename": "/srv/app/module_2.py", "lineno": 2, "method": "function_2"}],
            "exception": {"class": "ValueError", "message": "no such order"},
        }
    }
