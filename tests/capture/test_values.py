"""What becomes of values of the built-in types, within which bounds and in how much time."""

from __future__ import annotations

import math
import sys
import threading
from collections import Counter, OrderedDict, UserList, defaultdict, deque
from itertools import count
from typing import Any

import pytest

from rollbar_logging.capture import kinds, values
from rollbar_logging.capture.kinds import Kinds
from rollbar_logging.capture.type_names import type_name
from rollbar_logging.capture.values import Bounds, Reading
from tests.capture.material import BASES, assert_plain, describe, reading


@pytest.mark.parametrize("value", [None, True, False, 0, -7, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, "", "text", "ß€😀"])
def test_what_json_has_stays_as_it_is(value: Any) -> None:
    """Primitive values are taken as they are."""
    described = describe(value)

    assert described == value
    assert type(described) is type(value)


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (2**63, str(2**63))]
)
def test_numbers_that_json_lacks_become_text(value: Any, text: str) -> None:
    """NaN, the infinities and what 64 bits cannot hold are told in words."""
    assert describe(value) == text
    assert describe([value]) == [text]
    assert describe({"key": value}) == {"key": text}


def test_a_huge_number_is_not_written_out() -> None:
    """A number beyond what Python would write is told by its size."""
    assert describe(10**5000) == "<int of 16610 bits>"
    assert describe(-(10**5000)) == "<int of 16610 bits>"


def test_a_long_text_is_cut_and_says_so() -> None:
    """Of a text `max_string` characters stay, and a note of how many went."""
    assert describe("x" * 17, max_string=16) == "x" * 16 + "… [+1 chars]"
    assert describe("x" * 16, max_string=16) == "x" * 16
    assert describe({"k": "x" * 17}, max_string=16) == {"k": "x" * 16 + "… [+1 chars]"}


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_are_shown_as_python_writes_them(kind: Any) -> None:
    """Bytes become text, as many as `max_string` allows when each takes four characters."""
    assert describe(kind(b"\x00abc")) == r"b'\x00abc'"
    assert describe(kind(b"\xff" * 100), max_string=16) == r"b'\xff\xff\xff\xff'… [+96 bytes]"


def test_a_bytearray_can_be_resized_while_it_is_read() -> None:
    """No buffer is held: another thread's resizing never fails because of a report."""
    shared, failed, done = bytearray(64), [], threading.Event()

    def resize() -> None:
        try:
            while not done.is_set():
                shared.append(1)
                del shared[64:]
        except BufferError as error:
            failed.append(error)

    thread = threading.Thread(target=resize)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(20_000):
            describe(shared)
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)

    assert failed == []


# Containers


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset, deque])
def test_a_sequence_keeps_its_first_entries(kind: Any) -> None:
    """Of any sequence or set `max_items` entries stay, and a note of how many went."""
    assert sorted(describe(kind(range(3)), max_items=3)) == [0, 1, 2]
    *kept, note = describe(kind(range(10)), max_items=3)

    assert (len(kept), note) == (3, "… [+7 items]")
    assert describe(kind()) == []


@pytest.mark.parametrize("kind", [dict, OrderedDict, Counter, lambda held: defaultdict(int, held)])
def test_a_mapping_keeps_its_first_entries(kind: Any) -> None:
    """Of any dict `max_items` entries stay, and a note of how many went."""
    assert describe(kind({"a": 1, "b": 2}), max_items=2) == {"a": 1, "b": 2}
    assert describe(kind({"a": 1, "b": 2, "c": 3}), max_items=2) == {"a": 1, "b": 2, "…": "[+1 items]"}
    assert describe(kind({})) == {}


def test_containers_below_the_depth_are_told_by_type_and_length() -> None:
    """At `max_depth` a container is a word; an empty one needs none."""
    value = {"list": [[1, 2]], "empty": [[]], "dict": [{"a": 1}], "nothing": [{}], "tuple": [(1,)]}

    assert describe(value, max_depth=2) == {
        "list": ["<list of 2>"],
        "empty": [[]],
        "dict": ["<dict of 1>"],
        "nothing": [{}],
        "tuple": ["<tuple of 1>"],
    }


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (1, "1"),
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (math.nan, "NaN"),
        (b"k", "b'k'"),
        (("a", 1), "('a', 1)"),
        (("a", ("b",)), "('a', '<tuple of 1>')"),
        (frozenset({1}), "<frozenset of 1>"),
        (int, "<class int>"),
        ("x" * 129, "x" * 128 + "… [+1 chars]"),
    ],
)
def test_keys_of_any_type_become_text(key: Any, text: str) -> None:
    """A key is told by what it is, in about 128 characters."""
    assert describe({key: "value"}) == {text: "value"}


def test_keys_of_the_same_text_keep_their_entries() -> None:
    """Entries are not lost because their keys look alike."""

    class Key:
        def __repr__(self) -> str:
            return "<key>"

    assert describe({Key(): 1, Key(): 2, Key(): 3}) == {"<key>": 1, "<key> #2": 2, "<key> #3": 3}
    assert describe({1: "number", "1": "text"}) == {"1": "number", "1 #2": "text"}
    assert describe({"1": "text", 1: "number"}) == {"1": "text", "1 #2": "number"}


def test_a_cycle_ends() -> None:
    """A container that holds itself is followed down to `max_depth`."""
    ring: list[Any] = [1]
    ring.append(ring)
    mapping: dict[str, Any] = {}
    mapping["self"] = mapping

    assert describe(ring, max_depth=2) == [1, [1, "<list of 2>"]]
    assert describe(mapping, max_depth=2) == {"self": {"self": "<dict of 1>"}}


@pytest.mark.parametrize("base", [base for base in BASES if base is not object])
def test_what_a_subclass_put_over_a_built_in_type_is_never_called(base: Any) -> None:
    """Subclasses of built-in types are read through the built-in methods alone."""
    calls: list[str] = []

    def spying(name: str) -> Any:
        def method(*_args: Any) -> Any:
            calls.append(name)
            raise AssertionError

        return method

    names = "__len__ __iter__ __getitem__ __repr__ __str__ __format__ __int__ __float__ __index__ __bool__".split()  # noqa: SIM905 - words
    cls = type("Sub", (base,), {name: spying(name) for name in [*names, "items", "keys", "values", "__contains__"]})
    plain = {dict: {"a": 1}, str: "text", int: 5, float: 0.5, bytes: b"bytes", bytearray: b"bytes"}.get(base, [1, 2])
    value = base.__new__(cls, plain) if base.__hash__ is not None else base.__new__(cls)
    if base.__hash__ is None:
        base.__init__(value, plain)

    described = describe([value])[0]

    assert calls == []
    assert described == describe(base(plain))


@pytest.mark.parametrize("shared", [{n: n for n in range(100)}, set(range(100)), deque(range(100))])
def test_a_container_may_change_while_it_is_read(shared: Any) -> None:
    """It is shown as it was when the reading of it began."""

    class Trigger:
        def __repr__(self) -> str:
            shared.clear()
            return "<trigger>"

    shared.clear()
    if isinstance(shared, dict):
        shared.update({0: Trigger(), 1: 1})
    else:
        (shared.add if isinstance(shared, set) else shared.append)(Trigger())
        (shared.add if isinstance(shared, set) else shared.append)(1)

    shown: Any = {"0": "<trigger>", "1": 1} if isinstance(shared, dict) else ["<trigger>", 1]

    described = describe([shared, "next"])

    assert described[1] == "next"
    assert described[0] in (shown, shown[::-1] if isinstance(shown, list) else shown)  # a set has no order
    assert not shared


def test_what_changes_while_its_keys_are_read_is_shown_as_far_as_it_was() -> None:
    """A key's repr may change the very dict; what was read of it stays, and what follows is read."""

    class Trigger:
        def __repr__(self) -> str:
            shared.clear()
            return "<trigger>"

    shared: dict[Any, int] = {"first": 1, Trigger(): 2, **{f"further {number}": number for number in range(50)}}

    described = describe([shared, "next"])

    assert described == [{"first": 1, "<trigger>": 2, "…": "[changed while it was read]"}, "next"]


def test_containers_changed_by_another_thread_do_no_harm() -> None:
    """Reading what another thread writes to without end never raises."""
    shared: dict[int, int] = {}
    done = threading.Event()

    def write() -> None:
        for number in count():
            shared[number] = number
            shared.pop(number - 8, None)
            if done.is_set():
                break

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(300):
            assert_plain(reading().describe({"shared": shared, "again": [shared]}))
    finally:
        done.set()
        thread.join()


def test_variables_have_a_bound_of_their_own() -> None:
    """Of the variables of one frame 100 stay, whatever `max_items` says, and a note."""
    described = reading(max_items=2).variables({f"name_{number}": number for number in range(101)})

    assert len(described) == 101
    assert described["…"] == "[+1 variables]"


# Time


def test_when_the_time_is_up_values_are_told_by_type() -> None:
    """After `capture_budget` containers and objects are words; numbers and texts still cost nothing."""
    late = Reading(Bounds(capture_budget=-1.0), Kinds())

    described = late.variables({"a": 1, "b": "text", "c": [1, 2], "d": {"a": 1}, "e": UserList([1]), "f": (), "g": 1.5})

    assert described == {
        "a": 1,
        "b": "text",
        "c": "<list of 2>",
        "d": "<dict of 1>",
        "e": "<collections.UserList>",
        "f": [],
        "g": 1.5,
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the reading sees; they pass when the test says so."""
    now = [0.0]
    for module in (values, kinds):
        monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    return now


def test_the_time_runs_out_in_the_middle(clock: list[float]) -> None:
    """What was read before the time is up stays; what comes after is told by type."""

    class Slow:
        def __repr__(self) -> str:
            clock[0] += 0.006
            return "<slow>"

    described = Reading(Bounds(capture_budget=0.01), Kinds()).describe([Slow(), Slow(), Slow(), [1]])

    assert described == ["<slow>", "<slow>", f"<{type_name(Slow)}>", "<list of 1>"]


def test_a_slow_type_is_described_by_type_from_then_on(clock: list[float]) -> None:
    """A type whose repr used up a whole budget is not asked again, in later reports neither."""
    calls: list[int] = []

    class Slow:
        def __repr__(self) -> str:
            calls.append(1)
            clock[0] += 0.02
            return "<slow>"

    known = Kinds()
    first = Reading(Bounds(capture_budget=0.01), known).describe(Slow())
    second = Reading(Bounds(capture_budget=0.01), known).describe(Slow())

    assert (first, second, len(calls)) == ("<slow>", f"<{type_name(Slow)}>", 1)


@pytest.mark.parametrize(("took", "rest"), [(0.02, 600), (0.5, 5_000)])
def test_a_slow_type_gets_another_chance(clock: list[float], took: float, rest: float) -> None:
    """After ten minutes or more: it may have been a pause of the machine. If it is slow, it rests again."""
    pauses = [took, took, 0.0]

    class Order:
        def __repr__(self) -> str:
            clock[0] += pauses.pop(0) if pauses else 0.0
            return "<order>"

    known = Kinds()

    def described() -> object:
        return Reading(Bounds(capture_budget=0.01), known).describe(Order())

    by_type = f"<{type_name(Order)}>"
    assert [described(), described()] == ["<order>", by_type]
    for _ in range(2):
        clock[0] += rest - 1
        assert described() == by_type
        clock[0] += 2
        assert described() == "<order>"
    assert described() == "<order>"
