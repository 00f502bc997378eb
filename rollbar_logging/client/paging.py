"""Pages as one lazy row, which skips nothing and repeats nothing while new things come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TypeVar

from rollbar_logging.client.results import UnexpectedAnswer

_Thing = TypeVar("_Thing")


_MOST_PASSES = 5
"""Over a list that changes all the time; each pass but the first is for what the ones before may have passed by."""


def by_number(
    page_of: Callable[[int], tuple[Sequence[_Thing], int | None]], key: Callable[[_Thing], object]
) -> Iterator[_Thing]:
    """Yield the things of pages 1, 2 … until one is empty.

    What comes in at the front meanwhile moves the rest back, so that some come again: they are told by *key* and left
    out. What leaves, or moves to the front, lets others move up or be passed by: where the API says how many things
    there are, a pass over all pages that saw another number, or one thing twice, is followed by another, until two
    saw the same.

    Args:
        page_of: Fetches a page by its number, and how many things there are on all of them, or ``None``.
        key: What makes a thing the same as another.
    """
    seen: set[object] = set()
    before: list[object] | None = None
    for _ in range(_MOST_PASSES):
        came: list[object] = []
        totals: set[int | None] = set()
        for number in count(1):
            things, total = page_of(number)
            totals.add(total)
            for thing in things:
                came.append(key(thing))
                if came[-1] not in seen:
                    seen.add(came[-1])
                    yield thing
            if not things:
                break
        is_calm = totals == {len(came)} and len(set(came)) == len(came)
        if is_calm or None in totals or came == before:
            return
        before = came


def by_last_id(
    page_after: Callable[[int | None], Sequence[_Thing]], id_of: Callable[[_Thing], int]
) -> Iterator[_Thing]:
    """Yield things in descending order of their ids, page by page below the last one seen; needs no memory.

    Args:
        page_after: Fetches the page that follows an id; the first, for ``None``.
        id_of: A thing's id.

    Raises:
        UnexpectedAnswer: A page does not go on below the one before: there would be no end.
    """
    last_id: int | None = None
    while things := page_after(last_id):
        ids = [id_of(thing) for thing in things]
        if last_id is not None and max(ids) >= last_id:
            raise UnexpectedAnswer(f"the API does not go on below lastId={last_id}")
        yield from things
        last_id = min(ids)
