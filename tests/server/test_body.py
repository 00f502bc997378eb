"""How bodies are understood: the quick way and the careful one come to the same. Pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server import body as module
from rollbar_logging.server.answers import Refused
from rollbar_logging.server.body import parse_body, unpack

TEXTS = st.text(st.characters(codec=None), max_size=10)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """Return JSON values with these numbers in them."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=15,
    )


VALUES = values(st.floats())
DEEP = '{"data": {"a": ' + "[" * 300 + "]" * 300 + "}}"
ENDLESS = '{"data": {"a": ' + "[" * 200_000 + "]" * 200_000 + "}}"


def understood(body: bytes) -> Any:
    """Return what a body holds, or what it is refused with."""
    try:
        return parse_body(body).payload
    except Refused as refused:
        return refused.status, refused.message


def carefully(body: bytes) -> Any:
    """Return the same without the fast reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_fast_loads", None)
        return understood(body)


@given(
    data=st.dictionaries(TEXTS, VALUES, max_size=4),
    is_ascii=st.booleans(),
    more=st.dictionaries(TEXTS, VALUES, max_size=1),
)
def test_both_readers_read_the_same(data: dict[str, Any], is_ascii: bool, more: dict[str, Any]) -> None:
    """Whatever is sent, NaN and halves of surrogate pairs among it, is read or refused by both alike."""
    text = json.dumps({"data": data, **more}, ensure_ascii=is_ascii)
    body = text.encode("utf-8", "surrogatepass")
    quick, careful = understood(body), carefully(body)

    if isinstance(careful, dict):
        careful = json.loads(json.dumps(careful), parse_int=float)  # the fast reader rounds large numbers
        quick = json.loads(json.dumps(quick), parse_int=float)
    assert quick == careful


@pytest.mark.parametrize(
    "text",
    [
        '{"data": {"a": NaN}}',
        '{"data": {"a": 1e999}}',
        '{"data": {"a": -Infinity}}',
        '{"data": {"a": 1},}',
        '{"data": {"a": 01}}',
        '{"data": {"a": "\t"}}',
        '{"data": {}} {}',
        '{"data": {}',
        DEEP,
        ENDLESS,
    ],
)
def test_both_readers_refuse_the_same(text: str) -> None:
    """What is no JSON, or more than can be shown, is refused by both."""
    assert understood(text.encode()) == carefully(text.encode()) == (400, "Bad request")


@given(st.dictionaries(TEXTS, values(FINITE), min_size=1, max_size=3))
def test_the_text_that_is_kept_is_that_of_the_data(data: dict[str, Any]) -> None:
    """Where the text of the data is handed on, it is all of it and nothing else."""
    parsed = parse_body(json.dumps({"data": data}, indent=1).encode())

    if parsed.data is not None:
        assert json.loads(parsed.data) == data
        assert parsed.data.startswith("{")
        assert parsed.data.endswith("}")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_unknown_packing_is_refused(encoding: str) -> None:
    """What cannot be unpacked is a bad request."""
    with pytest.raises(Refused, match="400 Bad request"):
        unpack(b"{}", encoding, 100)
