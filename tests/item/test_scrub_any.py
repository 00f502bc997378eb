"""Secrets out of any item: none that was planted stays, and nothing else is changed."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.scrub import SCRUBBED, Scrubber
from tests.item.items import in_locals

SCRUBBER = Scrubber(fields=["x-internal-id"])
SECRET = "hunter2-3f9a"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
KEYS = st.text(max_size=12) | st.sampled_from(
    ["user", "password", "args", "template", "value", "name", "body", "frames"]
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
WORDS = ["password", "secret", "token", "api_key", "x-internal-id", "authorization", "session_id", "card number"]


@st.composite
def names(draw: st.DrawFn) -> str:
    """A secret name in any style, alone or as a part of a longer one."""
    words = draw(st.sampled_from(WORDS)).replace("-", " ").replace("_", " ").split()
    words = [*draw(st.lists(st.sampled_from(["my", "db", "new", "old"]), max_size=2)), *words]
    style = draw(st.sampled_from(["_", "-", ".", " ", "camel", "Pascal"]))
    if style == "camel":
        return words[0] + "".join(word.title() for word in words[1:])
    if style == "Pascal":
        return "".join(word.title() for word in words)
    return draw(st.sampled_from([str.lower, str.upper, str.title]))(style.join(words))


@st.composite
def planted(draw: st.DrawFn) -> dict[str, Any]:
    """Plain data with a secret somewhere under a secret name."""
    secret = draw(
        st.sampled_from([SECRET, [SECRET], {"a": SECRET}, {"a": [{"b": f"x{SECRET}y"}]}, f"{SECRET} and more"])
    )
    name = draw(names())
    forms = [{name: secret}, {**draw(st.dictionaries(KEYS, SCALARS, max_size=3)), name: secret}]
    if " " not in name:
        forms += [[name, secret], [[name, secret], ["a", "b"]], {"name": name, "value": secret}]
    value: Any = draw(st.sampled_from(forms))
    for key in draw(st.lists(KEYS | st.none(), max_size=5)):
        value = [draw(SCALARS), value, draw(SCALARS)] if key is None else {key: value}
    area = draw(st.sampled_from(["custom", "request", "person", "server", "locals", "unknown"]))
    data = in_locals({"v": value}) if area == "locals" else {**in_locals({}), area: {"v": value}}
    return {**data, "more": draw(PLAIN)}


def is_same_shape(before: Any, after: Any) -> bool:
    """Whether *after* is *before* but for values that were taken out."""
    if after == SCRUBBED:
        return True
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and len(before) == len(after)
            and all(map(is_same_shape, before.values(), after.values()))
            and all(new == old or SCRUBBED in new for old, new in zip(before, after, strict=True))
        )
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(is_same_shape, before, after))
    return type(before) is type(after) and (isinstance(before, str) or before == after)


@given(planted())
def test_a_planted_secret_never_stays(data: dict[str, Any]) -> None:
    """Whatever the data, a value under a secret name in any style is nowhere in the report."""
    clean, count = SCRUBBER.scrub(data)

    assert SECRET not in json.dumps(clean)
    assert count >= 1


@given(planted() | st.dictionaries(KEYS, PLAIN))
def test_scrubbing_keeps_the_structure_and_the_input(data: dict[str, Any]) -> None:
    """The input is not changed, containers and numbers stay what they are, and a count of 0 means the same object."""
    before = copy.deepcopy(data)

    clean, count = SCRUBBER.scrub(data)

    assert data == before
    assert is_same_shape(data, clean)
    assert (count == 0) == (clean is data)


@given(planted() | st.dictionaries(KEYS, PLAIN))
def test_scrubbing_again_changes_nothing(data: dict[str, Any]) -> None:
    """A scrubbed item holds no more secrets."""
    clean, _ = SCRUBBER.scrub(data)

    again, count = SCRUBBER.scrub(clean)

    assert count == 0
    assert again is clean
