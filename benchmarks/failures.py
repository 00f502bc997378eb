"""What goes wrong: the exceptions and the message that every contestant has to report.

``exception``: ten frames, each of another function and with six ordinary local variables. ``chain``: three exceptions
of thirty frames, each frame holding a string of 200 KB, a dict of 5,000 and 10 MB of bytes, the same objects
everywhere. ``message``: no exception, two arguments and three extras.
"""

# ruff: noqa: F841 - the local variables are there to be captured

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

DEPTH = 30


class Customer:
    """An object without a ``__repr__`` of its own."""


def receive(order: int) -> None:
    """Begin the ten frames."""
    channel, lines, flags, weight, customer = "web shop", [1, 2, 3, 4], {"gift": True, "rush": False}, 12.5, Customer()
    check(order + 1)


def check(order: int) -> None:
    """Second frame."""
    name, limits, rules, score, owner = "check", [10, 20, 30, 40], {"min": 1, "max": 99}, 0.75, None
    price(order + 1)


def price(order: int) -> None:
    """Third frame."""
    currency, prices, taxes, total, discount = "EUR", [1.5, 2.5, 3.5, 4.5], {"de": 0.19, "fr": 0.2}, 99.95, None
    reserve(order + 1)


def reserve(order: int) -> None:
    """Fourth frame."""
    shelf, stock, places, share, holder = "A-17", [7, 0, 3, 1], {"hall": 2, "row": 5}, 0.25, Customer()
    pack(order + 1)


def pack(order: int) -> None:
    """Fifth frame."""
    box, sizes, labels, volume, fragile = "M", [30, 20, 10, 5], {"top": "this side", "end": "left"}, 6.0, None
    weigh(order + 1)


def weigh(order: int) -> None:
    """Sixth frame."""
    unit, readings, scale, mean, operator = "kg", [12, 12, 13, 12], {"id": 4, "zero": 0}, 12.25, Customer()
    label(order + 1)


def label(order: int) -> None:
    """Seventh frame."""
    layout, fields, printer, dots, font = "A6", ["to", "from", "id", "date"], {"tray": 2, "ink": "low"}, 300.0, None
    route(order + 1)


def route(order: int) -> None:
    """Eighth frame."""
    country, stops, carrier, distance, bridge = "NO", [4, 8, 15, 16], {"name": "post", "class": "b"}, 1412.7, None
    hand_over(order + 1)


def hand_over(order: int) -> None:
    """Ninth frame."""
    gate, times, driver, wait, signature = "east", [8, 9, 10, 11], {"id": 77, "shift": "early"}, 3.5, Customer()
    ship(order + 1)


def ship(order: int) -> None:
    """Tenth frame: raise."""
    vessel, decks, cargo, draught, captain = "Nora", [1, 2, 3, 5], {"pallets": 40, "reefers": 2}, 8.25, None
    raise ValueError(f"order {order}: no berth")


def time_exception(logger: logging.Logger) -> int:
    """Report the ten frames; returns nanoseconds of the caller's time."""
    try:
        receive(7)
    except ValueError:
        begin = perf_counter_ns()
        logger.exception("the order was not shipped")
        return perf_counter_ns() - begin
    return 0


def time_message(logger: logging.Logger) -> int:
    """Report a message; returns nanoseconds of the caller's time."""
    extra = {"tenant": "north", "attempt": 2, "ratio": 0.5}
    begin = perf_counter_ns()
    logger.error("failed %s %d", "x", 3, extra=extra)
    return perf_counter_ns() - begin


def chain_timer() -> Callable[[logging.Logger], int]:
    """Make the big objects and return the function that reports the chain."""
    big = ("line of text\n" * 16_000, {f"key {number}": number for number in range(5_000)}, bytes(10_000_000))

    def time_chain(logger: logging.Logger) -> int:
        try:
            _retry_twice(*big)
        except RuntimeError:
            begin = perf_counter_ns()
            logger.exception("the import failed")
            return perf_counter_ns() - begin
        return 0

    return time_chain


def _retry_twice(text: str, table: dict[str, int], blob: bytes) -> None:
    try:
        _retry_once(text, table, blob)
    except RuntimeError as error:
        _even(DEPTH - 1, text, table, blob, error)


def _retry_once(text: str, table: dict[str, int], blob: bytes) -> None:
    try:
        _even(DEPTH, text, table, blob, None)
    except RuntimeError as error:
        _even(DEPTH - 1, text, table, blob, error)


def _even(left: int, text: str, table: dict[str, int], blob: bytes, cause: Exception | None) -> None:
    _odd(left - 1, text, table, blob, cause)


def _odd(left: int, text: str, table: dict[str, int], blob: bytes, cause: Any) -> None:
    if left <= 1:
        raise RuntimeError(f"no more tries after {cause}") from cause
    _even(left - 1, text, table, blob, cause)
