"""The small application that ``rollbar-logging demo`` runs: a shop that fails in the ways applications fail.

All that it has to do with Rollbar is `LOGGING`, an ordinary configuration; the access token, the endpoint and the
environment come from the environment variables ``ROLLBAR_*``. Secrets are made elsewhere and passed in, so that they
stand in no source line, which a report would carry along.
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

LOGGER = "shop"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"notice": {"format": "      %(name)s: %(message)s"}},
    "handlers": {
        "rollbar": {
            "class": "rollbar_logging.RollbarHandler",
            "capture_budget": 1.0,  # seconds: values are shown on a machine with other work to do, too
        },
        "uuids": {"class": "rollbar_logging.cli.demo_app.UuidHandler", "level": "ERROR"},
        "notices": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "notice"},
    },
    "loggers": {
        LOGGER: {"handlers": ["rollbar", "uuids"], "level": "INFO", "propagate": False},
        "rollbar_logging": {"handlers": ["notices"], "level": "WARNING", "propagate": False},
    },
}
"""What the shop passes to `logging.config.dictConfig`."""

_HEAVIEST = 31
BURST = 24
"""Records of the burst."""
_BUNDLES = 5
_STAGES = 6
DEPTH = _BUNDLES * _STAGES
"""Calls of the deep stack."""

ExceptionGroup: Any = getattr(builtins, "ExceptionGroup", None)
"""Python has it from 3.11 on."""

_logger = logging.getLogger(LOGGER)


class UuidHandler(logging.Handler):
    """Keeps the uuids by which the application could tell its users of their reports."""

    def __init__(self) -> None:
        super().__init__()
        self.uuids: list[str | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what the handler before this one has left on *record*; ``None`` if it took no report."""
        self.uuids.append(getattr(record, "rollbar_uuid", None))


class Scene(NamedTuple):
    """One way to fail.

    Attributes:
        title: In a few words.
        play: Fails, and logs it.
        secrets: How many secrets it takes as its arguments.
        shows: What the table must show of it beyond its arrival: columns of the table.
    """

    title: str
    play: Callable[..., None]
    secrets: int = 0
    shows: tuple[str, ...] = ()


class ShopError(Exception):
    """Something that the shop could not do."""


def refuse_payment(password: str, access_token: str, api_key: str) -> None:
    """Log a message with arguments and extras."""
    url = f"https://shop:{password}@pay.example/charge?order=4711&access_token={access_token}"
    gateway = {"name": "pay.example", "timeout": 3.5, "api_key": api_key}
    extra = {"gateway": gateway, "basket": ["mug", "tea"], "rollbar_person": {"id": "17", "username": "ada"}}
    _logger.error("payment of %s EUR was refused by %s", "49.90", url, extra=extra)


def fail_to_connect(password: str, access_token: str, session_id: str) -> None:
    """Log an exception whose frames have secrets among their locals."""
    headers = {"Authorization": f"Bearer {access_token}", "Cookie": f"sessionid={session_id}; theme=dark"}
    try:
        _connect("shop", password, headers)
    except ConnectionError:
        _logger.exception("the stock could not be read")


def _connect(user: str, password: str, headers: dict[str, str]) -> None:
    dsn = f"postgresql://{user}:{password}@db.example/stock"
    attempts = [{"after": 0.1 * number, "headers": headers} for number in range(3)]
    raise ConnectionError(f"no answer from {dsn} in {len(attempts)} attempts")


def fail_in_a_chain() -> None:
    """Log an exception that was raised from another, and that while a third was handled."""
    try:
        _deliver({"number": 4711})
    except ShopError:
        _logger.exception("order %d stays where it is", 4711)


def _deliver(order: dict[str, Any]) -> None:
    try:
        _print_label(order)
    except ValueError as error:
        raise ShopError(f"order {order['number']} cannot be delivered") from error


def _print_label(order: dict[str, Any]) -> None:
    try:
        order["address"]
    except KeyError:
        raise ValueError("a label needs an address")  # noqa: B904 - the chain is to have both kinds of links


def fail_in_a_group() -> None:
    """Log an ``ExceptionGroup`` of failures that happened side by side."""
    try:
        _load_van({"A-1": -3, "B-2": 700, "C-3": 5, "D-4": 0})
    except ExceptionGroup:
        _logger.exception("the van leaves half empty")


def _load_van(parcels: dict[str, int]) -> None:
    errors = [error for parcel, weight in parcels.items() if (error := _fault_of(parcel, weight)) is not None]
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(parcels)} parcels cannot be sent", errors)


def _fault_of(parcel: str, weight: int) -> Exception | None:
    try:
        _weigh_parcel(parcel, weight)
    except (ValueError, ShopError) as error:
        return error
    return None


def _weigh_parcel(parcel: str, weight: int) -> None:
    if weight <= 0:
        raise ValueError(f"parcel {parcel} weighs {weight} kg")
    if weight > _HEAVIEST:
        raise ShopError(f"parcel {parcel} weighs too much")


def fail_with_megabytes() -> None:
    """Log an exception whose frame has 10 MB of text and 10 MB of bytes among its locals."""
    try:
        _import_catalogue("4711;blue mug;12\n" * (10 * 1024 * 1024 // 17 + 1))
    except ShopError:
        _logger.exception("the catalogue was not imported")


def _import_catalogue(text: str) -> None:
    raw = text.encode()
    raise ShopError(f"{len(raw)} bytes are too many")


def fail_in_the_depths(password: str) -> None:
    """Log an exception that was raised `DEPTH` calls below, each with much in its locals."""
    try:
        _plan(_BUNDLES, password)
    except ShopError:
        _logger.critical("a bundle of bundles cannot be packed", exc_info=True)


# Each stage hands the bundle on to the next; the last unpacks it and begins anew with the one inside.


def _shelf(stage: str) -> list[dict[str, Any]]:
    return [{"sku": f"{stage}-{number}", "note": f"{stage}, shelf {number}; " * 12} for number in range(32)]


def _plan(bundles: int, password: str) -> None:
    planned = _shelf("planned")
    _price(bundles, password)
    planned.clear()


def _price(bundles: int, password: str) -> None:
    priced = _shelf("priced")
    _reserve(bundles, password)
    priced.clear()


def _reserve(bundles: int, password: str) -> None:
    reserved = _shelf("reserved")
    _pick(bundles, password)
    reserved.clear()


def _pick(bundles: int, password: str) -> None:
    picked = _shelf("picked")
    _pack(bundles, password)
    picked.clear()


def _pack(bundles: int, password: str) -> None:
    packed = _shelf("packed")
    _unpack(bundles, password)
    packed.clear()


def _unpack(bundles: int, password: str) -> None:
    unpacked = _shelf("unpacked")
    if bundles <= 1:
        raise ShopError("the innermost bundle is empty")
    _plan(bundles - 1, password)
    unpacked.clear()


def burst() -> None:
    """Log many records at once."""
    for number in range(1, BURST + 1):
        _logger.error("line %d of the import could not be booked", number, extra={"line": number})


SCENES: tuple[Scene, ...] = (
    Scene("a message with extras", refuse_payment, secrets=3, shows=("scrubbed",)),
    Scene("an exception with locals and secrets", fail_to_connect, secrets=3, shows=("scrubbed",)),
    Scene("a chain of exceptions", fail_in_a_chain),
    *([] if ExceptionGroup is None else [Scene("an ExceptionGroup", fail_in_a_group)]),
    Scene("10 MB in local variables", fail_with_megabytes, shows=("cut",)),
    Scene(f"{DEPTH} calls deep, too much for one item", fail_in_the_depths, secrets=1, shows=("scrubbed", "cut")),
    Scene("a burst that meets a rate limit", burst, shows=("deferred",)),
)
"""In the order of the demo; the last is played with the rate limit's window used up."""
