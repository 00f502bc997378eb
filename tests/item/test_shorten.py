"""What is left of values that are shortened."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.item.encode import encode, size_of
from rollbar_logging.item.shorten import LEAST, common_room, shorten
from tests.item.items import JSON


@given(value=JSON.map(lambda value: json.loads(encode(value))), room=st.integers(LEAST, 5000))
def test_a_shortened_value_fits(value: Any, room: int) -> None:
    """Whatever is shortened takes no more than was asked for, and is still of its kind."""
    if size_of(value) > room:
        short = shorten(value, room)

        assert size_of(short) <= room
        assert type(short) is type(value)


@given(text=st.text(min_size=100), room=st.integers(LEAST, 90))
def test_a_shortened_text_is_a_beginning(text: str, room: int) -> None:
    """A text keeps as much of its beginning as there is room for, and no half characters."""
    kept, _, mark = shorten(text, room).rpartition("… (")

    assert text.startswith(kept)
    assert mark == f"{len(text)} characters)"
    assert size_of(shorten(text, room)) + size_of(text[len(kept)]) - 2 > room


def test_a_value_shortened_twice_tells_its_first_length() -> None:
    """What is missing is counted from the original on."""
    assert shorten(shorten("x" * 9000, 500), 100).endswith("x… (9000 characters)")
    assert shorten(shorten([*range(9000)], 500), 100)[-1] == f"… {9000 - len(shorten([*range(9000)], 100)) + 1} more"


def test_a_shortened_container_keeps_its_first_entries() -> None:
    """A list or mapping says how many entries are missing, and the first that did not fit is there in part."""
    short = shorten({"a": 1, "b": "x" * 500, "c": 2}, 120)

    assert (short["a"], short["…"]) == (1, "… 1 more")
    assert short["b"].startswith("x" * 20)
    assert short["b"].endswith("x… (500 characters)")
    assert shorten([[0] * 100, "x" * 1000], 180) == [[*[0] * 55, "… 45 more"], "… 1 more"]
    assert shorten([1, [2, "x" * 100], *range(50)], 64) == [1, "… 51 more"]


@given(sizes=st.lists(st.integers(1, 10_000)), excess=st.integers(1, 50_000), floor=st.integers(1, 500))
def test_the_common_size_covers_the_excess(sizes: list[int], excess: int, floor: int) -> None:
    """Cut to the common size, the values save what is needed, unless the floor forbids it, and not much more."""
    sizes.sort(reverse=True)
    room = common_room(sizes, excess, floor)
    saved = sum(max(size - room, 0) for size in sizes)

    assert room == floor or excess <= saved < excess + max(len(sizes), 1)
    if room == floor:
        assert sum(max(size - floor - 1, 0) for size in sizes) < excess + len(sizes)
