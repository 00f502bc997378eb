"""Pages as one row while things come, go and move."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.client import UnexpectedAnswer
from rollbar_logging.client.paging import by_last_id, by_number

PER_PAGE = 3


class Shelf:
    """Numbered things in the order of a list, the first one first, which change between two pages."""

    def __init__(self, things: list[int], changes: list[Callable[[Shelf], None]], *, tells_total: bool = True) -> None:
        self.things = things
        self.changes = iter(changes)
        self.tells_total = tells_total
        self.calls = 0

    def page(self, number: int) -> tuple[list[int], int | None]:
        """Return a page; then let the next change happen."""
        self.calls += 1
        found = self.things[(number - 1) * PER_PAGE : number * PER_PAGE]
        total = len(self.things) if self.tells_total else None
        next(self.changes, lambda _shelf: None)(self)
        return found, total

    def all(self) -> Iterator[int]:
        """Yield all things."""
        return by_number(self.page, key=lambda thing: thing)


def add(thing: int) -> Callable[[Shelf], None]:
    """Something new comes in at the front."""
    return lambda shelf: shelf.things.insert(0, thing)


def move_last(shelf: Shelf) -> None:
    """The last thing moves to the front, as an item does when it occurs again."""
    if shelf.things:
        shelf.things.insert(0, shelf.things.pop())


def remove_first(shelf: Shelf) -> None:
    """The first thing leaves, as an active item does when it is resolved."""
    if shelf.things:
        shelf.things.pop(0)


def test_nothing_comes_twice_when_new_things_come() -> None:
    """What moved back by one is not seen again."""
    shelf = Shelf(list(range(7)), [add(100), add(101)], tells_total=False)

    assert list(shelf.all()) == list(range(7))


def test_what_moved_to_the_front_is_found() -> None:
    """The last thing moved to the front before its page was read, and is seen all the same."""
    shelf = Shelf(list(range(8)), [move_last])

    assert sorted(shelf.all()) == list(range(8))


def test_all_can_be_taken_away_while_they_are_read() -> None:
    """Resolving each of the active items resolves them all, although each page moves the rest up."""
    shelf = Shelf(list(range(10)), [])
    taken = []
    for thing in shelf.all():
        shelf.things.remove(thing)
        taken.append(thing)

    assert sorted(taken) == list(range(10))


def test_a_calm_list_is_read_once() -> None:
    """Without changes there is one call for each page, and one that finds the end."""
    shelf = Shelf(list(range(7)), [])

    assert list(shelf.all()) == list(range(7))
    assert shelf.calls == 4


def test_pages_are_fetched_as_they_are_asked_for() -> None:
    """Nothing is fetched before the first thing is asked for, and no page before its turn."""
    shelf = Shelf(list(range(9)), [])
    things = shelf.all()
    assert shelf.calls == 0
    assert [next(things) for _ in range(3)] == [0, 1, 2]
    assert shelf.calls == 1


def test_a_total_that_counts_otherwise_costs_one_more_pass() -> None:
    """Where two passes over all pages saw the same, nothing was passed by, whatever the API says of the total."""
    shelf = Shelf(list(range(4)), [])

    def page(number: int) -> tuple[list[int], int | None]:
        return shelf.page(number)[0], 99

    assert list(by_number(page, key=lambda thing: thing)) == list(range(4))
    assert shelf.calls == 6


def test_the_same_page_again_and_again_is_an_error() -> None:
    """A server that does not know what it is asked for would be read for ever."""
    with pytest.raises(UnexpectedAnswer, match="lastId"):
        list(by_last_id(lambda _last_id: [3, 2, 1], id_of=lambda each: each))


_CHANGES = st.lists(st.one_of(st.integers(100, 130).map(add), st.just(move_last), st.just(remove_first)), max_size=8)


@given(st.integers(0, 14), _CHANGES)
def test_what_stays_is_seen_once(count: int, changes: list[Callable[[Shelf], None]]) -> None:
    """Whatever happens meanwhile, nothing comes twice, and what is there from beginning to end is seen."""
    shelf = Shelf(list(range(count)), changes)
    seen = list(shelf.all())

    assert len(seen) == len(set(seen))
    assert set(range(count)) & set(shelf.things) <= set(seen)


@given(st.lists(st.integers(1, 1000), unique=True, max_size=30), st.integers(1, 7))
def test_by_last_id_all_come_in_descending_order(ids: list[int], size: int) -> None:
    """New ones get larger ids, so that nothing that comes meanwhile is in the way."""
    stored = sorted(ids, reverse=True)

    def page_after(last_id: int | None) -> list[int]:
        page = [each for each in stored if last_id is None or each < last_id][:size]
        stored.insert(0, (stored[0] if stored else 0) + 1)
        return page

    expected = list(stored)
    assert list(by_last_id(page_after, id_of=lambda each: each)) == expected
