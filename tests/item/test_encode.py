"""What `encode` makes of plain data, and of everything else."""

from __future__ import annotations

import copy
import enum
import json
import math
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollbar_logging.item import encode as module
from rollbar_logging.item.encode import MAX_NESTING, encode, size_of


def read(body: bytes) -> Any:
    """Read JSON as the strictest reader would: UTF-8, and no constants beside JSON's own."""
    return json.loads(body.decode("utf-8", "strict"), parse_constant=pytest.fail)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


class Hostile:
    """An object that cannot be asked for anything."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __getattribute__(self, name: str) -> Any:
        raise ValueError(name)

    def __eq__(self, other: object) -> bool:
        raise TypeError

    def __hash__(self) -> int:
        return 1


class Color(enum.Enum):
    """An enumeration of names."""

    RED = "red"


class Number(enum.IntEnum):
    """An enumeration of numbers."""

    ONE = 1


class Text(str):
    """A text that lies of itself."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        """Refuse."""
        raise RuntimeError


class Whole(int):
    """A number that lies of itself."""

    def __int__(self) -> int:
        raise RuntimeError

    def __repr__(self) -> str:
        return "seven"


class Real(float):
    """A number that lies of itself."""

    def __float__(self) -> float:
        raise RuntimeError

    def __repr__(self) -> str:
        return "seven"


class Mapping(dict[Any, Any]):
    """A mapping whose methods fail."""

    def items(self) -> Any:
        """Refuse."""
        raise OSError

    def __iter__(self) -> Any:
        raise OSError


class Items(list[Any]):
    """A list whose methods fail."""

    def __iter__(self) -> Any:
        raise OSError


class Point(NamedTuple):
    """A named tuple."""

    x: int


ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_KEY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**18, 10**40)
    | st.integers(15_000, 20_000).map((1).__lshift__)
    | st.floats()
    | ANY_TEXT
    | st.binary()
    | st.complex_numbers()
    | st.datetimes()
    | st.uuids()
    | st.sampled_from([Color.RED, Number.ONE, object(), int, print, Point(1), sys, ...])
    | ANY_TEXT.map(Text)
    | st.integers().map(Whole)
    | st.floats().map(Real)
)
ANYTHING = st.recursive(
    ANY_KEY | st.decimals() | st.builds(Hostile),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(Items)
        | st.lists(inner).map(deque)
        | st.dictionaries(ANY_KEY, inner)
        | st.dictionaries(ANY_KEY, inner).map(Mapping)
        | st.sets(ANY_KEY)
        | st.frozensets(ANY_KEY)
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_data_come_back_as_they_were(value: Any) -> None:
    """What JSON can hold is held exactly."""
    assert read(encode(value)) == value


@given(PLAIN)
def test_both_encoders_say_the_same(value: Any) -> None:
    """With or without the faster encoder, the other side reads the same."""
    assert read(encode(value, is_plain=True)) == read(encode(value))


@given(PLAIN)
def test_sizes_are_those_of_the_encoding(value: Any) -> None:
    """`size_of` counts what `encode` writes."""
    assert size_of(value) == len(encode(value, is_plain=True))


@given(ANYTHING)
@settings(suppress_health_check=[HealthCheck.too_slow])
@example({1: "a", "1": "b", None: 3, math.nan: 4})
def test_anything_becomes_json(value: Any) -> None:
    """Whatever an application's ``before_send`` puts into an item, the body is strict JSON in UTF-8."""
    read(encode(value))


@given(ANYTHING)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_anything_becomes_json_even_if_promised_to_be_plain(value: Any) -> None:
    """A promise that is not kept costs exactness, never valid JSON."""
    body = encode(value, is_plain=True)

    json.loads(body.decode("utf-8", "strict"), parse_constant=pytest.fail)


def test_the_given_data_do_not_change() -> None:
    """The cleaned copy is a copy."""
    value = {"a": [math.nan, (1, 2)], 3: {"b": "\ud800"}}
    before = copy.deepcopy(value)
    encode(value)

    assert repr(value) == repr(before)


def test_the_form_is_compact() -> None:
    """No space between, nothing escaped that UTF-8 can say, control characters escaped."""
    assert encode({"a": [1, "é\u2028🎉"], "b": '\x00\n"'}) == '{"a":[1,"é\u2028🎉"],"b":"\\u0000\\n\\""}'.encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (2**63 - 1, 2**63 - 1),
        (2**64 - 1, 2**64 - 1),
        (2**64, "18446744073709551616"),
        (-(2**63), -(2**63)),
        (-(2**63) - 1, "-9223372036854775809"),
        (1 << 19_999, "<int of 20000 bits>"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83c\udf89", "🎉"),
        ("\ufeffx\ud800", "\ufeffx\ufffd"),
        (Text("text"), "text"),
        (Whole(7), 7),
        (Real(0.5), 0.5),
        (Real("nan"), "NaN"),
        (Number.ONE, 1),
        (Color.RED, "Color.RED"),
        (Decimal("1.50"), "1.50"),
        ((1, (2,)), [1, [2]]),
        ({"x"}, ["x"]),
        (frozenset([1]), [1]),
        (deque([1, 2]), [1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Mapping(a=1), {"a": 1}),
        (Items([1, math.nan]), [1, "NaN"]),
        ({chr(0xD800): 1, "\ufffd": 2}, {"\ufffd": 1, "\ufffd #1": 2}),
        ({None: 1, True: 2, 1.5: 3, (1, 2): math.nan}, {"null": 1, "true": 2, "1.5": 3, "[1,2]": "NaN"}),
    ],
    ids=lambda value: type(value).__name__,  # some have no text
)
def test_what_json_does_not_know_is_told_in_its_words(value: Any, expected: Any) -> None:
    """Each kind of value has one form, alone and within others."""
    assert read(encode([value])) == [expected]
    assert read(encode([value, math.nan])) == [expected, "NaN"]


@pytest.mark.parametrize("make", [Hostile, object, lambda: print, lambda: Mock(spec=dict), lambda: Mock(spec=list)])
def test_objects_are_described(make: Callable[[], Any]) -> None:
    """An object of no kind that JSON knows is told of in a few words, whatever it claims to be."""
    assert len(encode([make()])) < 1000


def test_lazy_objects_are_not_evaluated() -> None:
    """A description runs no query: the capture's own rules hold for what ``before_send`` adds, too."""

    class QuerySet:
        __module__, __qualname__ = "django.db.models.query", "QuerySet"

        def __repr__(self) -> str:
            raise AssertionError

        def __iter__(self) -> Any:
            raise AssertionError

    assert read(encode([QuerySet()])) == ["<django.db.models.query.QuerySet, not evaluated>"]


def test_an_objects_long_text_is_cut() -> None:
    """One object cannot fill an item by its ``repr``."""

    class Long:
        def __repr__(self) -> str:
            return "x" * 1_000_000

    assert len(encode([Long()])) < 1000


def test_a_cycle_is_cut() -> None:
    """What contains itself is shown once."""
    loop: dict[str, Any] = {"a": 1}
    loop["self"] = [loop]

    assert read(encode(loop)) == {"a": 1, "self": ["<cycle>"]}


def test_the_same_value_in_two_places_is_no_cycle() -> None:
    """Shared values are shown wherever they stand."""
    shared = [math.nan]

    assert read(encode([shared, shared])) == [["NaN"], ["NaN"]]


def test_data_that_refer_to_each_other_everywhere_end() -> None:
    """The paths through thirty nodes that know each other are past counting; the encoding ends all the same."""
    nodes: list[dict[int, Any]] = [{} for _ in range(30)]
    for node in nodes:
        node.update(enumerate(nodes))

    assert encode(nodes[0])


@pytest.mark.parametrize("depth", [1, MAX_NESTING - 1, MAX_NESTING, MAX_NESTING + 1, 200, 300, 5_000, 200_000])
@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_nesting_is_bounded(wrap: Any, depth: int) -> None:
    """Deeper than a hundred levels nothing is sent; up to there all is."""
    value: Any = "end"
    for _ in range(depth):
        value = wrap(value)

    body = encode(value)

    assert body.count(b"[") + body.count(b"{") == min(depth, MAX_NESTING)
    assert (b"end" in body) == (depth <= MAX_NESTING)
    _unwind(value)


def _unwind(value: Any) -> None:
    """Take a deep value apart from the outside, which spares the interpreter doing so recursively."""
    while isinstance(value, (list, dict)) and value:
        inner = value[0] if isinstance(value, list) else value["a"]
        value.clear()
        value = inner


def test_brackets_in_texts_are_no_nesting() -> None:
    """Only containers count."""
    value = ["[" * 500, "{" * 500]

    assert read(encode(value)) == value


def test_wide_data_are_not_deep() -> None:
    """Many containers beside each other are left as they are."""
    value = {"a": [[] for _ in range(1000)], "b": [{"c": {}}] * 100}

    assert read(encode(value)) == value


@pytest.mark.parametrize("value", [{"a": [1, 0.5, None, "é"]}, {"a": 2**64 - 1}, ["\ud800"], [[[]]] * 200])
def test_the_faster_encoder_may_be_missing(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra ``fast`` all is the same."""
    expected = read(encode(value, is_plain=True))
    monkeypatch.setattr(module, "orjson", None)

    assert read(encode(value, is_plain=True)) == expected
    assert size_of(expected) == len(encode(expected, is_plain=True))
