"""The counts of more reports on disk than are remembered one by one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rollbar_logging.delivery import ledger as ledger_module
from rollbar_logging.delivery.ledger import Ledger

UUIDS = ("a", "b", "c", "d", "e")


def with_all_on_disk(monkeypatch: pytest.MonkeyPatch, remembered: int) -> Ledger:
    """Return a ledger that remembers so many of its five reports on disk."""
    monkeypatch.setattr(ledger_module, "_MOST_REMEMBERED", remembered)
    ledger = Ledger()
    for uuid in UUIDS:
        ledger.spooled(ledger.accept(), uuid)
    return ledger


def counts(ledger: Ledger) -> tuple[int, int, int, int]:
    """Return accepted, sent, dropped and spooled."""
    stats = ledger.stats(0)
    return stats.accepted, stats.sent, sum(stats.dropped.values()), stats.spooled


@pytest.mark.parametrize("remembered", [0, 2, 5])
@pytest.mark.parametrize("order", [UUIDS, tuple(reversed(UUIDS))])
def test_all_that_come_back_and_are_sent_count_once(
    monkeypatch: pytest.MonkeyPatch, remembered: int, order: Iterable[str]
) -> None:
    """However few are remembered, five reports that went to disk and were sent from there are five, and sent."""
    ledger = with_all_on_disk(monkeypatch, remembered)
    assert counts(ledger) == (5, 0, 0, 5)
    for uuid in order:
        ledger.sent(ledger.accept_from_spool(uuid))

    assert counts(ledger) == (5, 5, 0, 0)
    ledger.sent(ledger.accept_from_spool("another's"))
    assert counts(ledger) == (6, 6, 0, 0)


@pytest.mark.parametrize("remembered", [0, 2, 5])
def test_all_that_are_lost_on_disk_count_as_dropped(monkeypatch: pytest.MonkeyPatch, remembered: int) -> None:
    """Those that the disk gave up are dropped; one more is another process's."""
    ledger = with_all_on_disk(monkeypatch, remembered)

    assert ledger.lost_on_disk([*UUIDS, "another's"], "spool_full") == 1
    assert counts(ledger) == (5, 0, 5, 0)


def test_the_same_report_on_disk_twice_counts_once() -> None:
    """The second takes the place of the first there."""
    ledger = Ledger()
    for _ in range(2):
        ledger.spooled(ledger.accept(), "a")

    assert counts(ledger) == (1, 0, 0, 1)
    ledger.sent(ledger.accept_from_spool("a"))
    assert counts(ledger) == (1, 1, 0, 0)
