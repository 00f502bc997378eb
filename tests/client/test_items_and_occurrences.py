"""Items and occurrences."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timezone

import pytest

from rollbar_logging.client import AccessDenied, BadRequest, NotFound, RollbarClient, Unprocessable
from rollbar_logging.server import LocalServer
from tests.client.conftest import post


def test_an_item_is_read_in_every_way(server: LocalServer, reader: RollbarClient) -> None:
    """By list, id, counter and an occurrence's uuid it is the same, with moments in UTC."""
    uuid = post(server, is_error=True, uuid="11111111-2222-4333-8444-555555555555", level="critical")
    (item,) = reader.items.list()

    assert (item.counter, item.title, item.level, item.status) == (1, "ValueError: boom", "critical", "active")
    assert reader.items.get(item.id) == reader.items.by_counter(1) == reader.items.by_uuid(uuid) == item
    assert item.last_occurrence_at is not None
    assert item.last_occurrence_at.tzinfo is timezone.utc
    assert int(item.last_occurrence_at.timestamp()) == item.last_occurrence_timestamp
    assert abs((datetime.now(timezone.utc) - item.last_occurrence_at).total_seconds()) < 60
    assert item.last_resolved_at is None
    assert item.raw["group_status"] == item.unknown["group_status"] == 1
    with pytest.raises(AttributeError):
        item.title = "other"  # type: ignore[misc]


def test_filters_reach_the_api(server: LocalServer, reader: RollbarClient) -> None:
    """Each filter lets through what it says."""
    post(server, "one", environment="a", level="error", server={"host": "web-1"})
    post(server, "two", environment="b", level="warning", framework="django")

    def titles(**wanted: object) -> list[str]:
        return [item.title for item in reader.items.list(**wanted)]  # type: ignore[arg-type]

    assert titles() == ["two", "one"]
    assert titles(environment="a") == titles(level="error") == titles(query="host:web") == ["one"]
    assert titles(environment=["a", "b"], level=["warning"]) == titles(framework="django") == ["two"]
    assert titles(status="resolved") == titles(assigned_user="assigned") == titles(is_snoozed=True) == []
    assert titles(ids=[next(reader.items.list(environment="a")).id]) == ["one"]
    assert titles(ids=[]) == []
    with pytest.raises(Unprocessable, match="no field"):
        titles(query="nonsense:1")


def test_more_items_than_a_page_holds(server: LocalServer, reader: RollbarClient) -> None:
    """All items come, each once."""
    for number in range(230):
        post(server, f"item {chr(97 + number % 26)}{chr(97 + number // 26)}")

    assert len({item.id for item in reader.items.list()}) == 230


def test_an_item_is_changed(server: LocalServer, reader: RollbarClient, writer: RollbarClient) -> None:
    """Resolve, reopen, mute, snooze and change of fields are seen afterwards."""
    post(server)
    (item,) = reader.items.list()

    writer.items.resolve(item.id, in_version="1.2.0")
    resolved = reader.items.get(item.id)
    assert (resolved.status, resolved.resolved_in_version) == ("resolved", "1.2.0")
    assert resolved.last_resolved_at is not None
    writer.items.reopen(item.id)
    assert reader.items.get(item.id).status == "active"
    writer.items.mute(item.id)
    assert reader.items.get(item.id).status == "muted"
    assert writer.items.update(item.id, title="Better", level="info") == {"title": "Better", "level": "info"}
    assert (reader.items.get(item.id).title, reader.items.get(item.id).level) == ("Better", "info")
    writer.items.snooze(item.id, 3600)
    assert [each.id for each in reader.items.list(is_snoozed=True)] == [item.id]
    writer.items.assign(item.id)
    with pytest.raises(Unprocessable, match="status"):
        writer.items.update(item.id, status="gone")


def test_wrong_tokens_and_ids_are_told_apart(server: LocalServer, reader: RollbarClient) -> None:
    """What is not there, what may not be done and what is no uuid are errors of their own."""
    post(server)
    with pytest.raises(NotFound, match="not found"):
        reader.items.get(4711)
    with pytest.raises(NotFound):
        reader.items.by_counter(4711)
    with pytest.raises(BadRequest, match="Invalid UUID"):
        reader.items.by_uuid("no")
    with pytest.raises(AccessDenied, match="write scope is required"):
        reader.items.resolve(1)


def test_occurrences_are_read_and_deleted(server: LocalServer, reader: RollbarClient, writer: RollbarClient) -> None:
    """Newest first; of an item or of all; one by its id, until it is deleted."""
    uuids = [post(server, "same", uuid=f"u-{number}") for number in range(7)]
    post(server, "another", title="Given")

    everything = list(reader.occurrences.list(page_size=3))
    assert [each.title for each in everything][:2] == ["Given", "same"]
    mine = list(reader.occurrences.list(item_id=everything[-1].item_id, page_size=2))
    assert [each.uuid for each in mine] == uuids[::-1]
    assert [each.uuid for each in reader.occurrences.list(before=mine[4].id)] == uuids[1::-1]
    one = reader.occurrences.get(mine[0].id)
    assert one == mine[0]
    assert one.data["body"]["message"]["body"] == "same"
    assert one.at is not None
    assert one.at.tzinfo is timezone.utc

    writer.occurrences.delete(one.id)
    with pytest.raises(NotFound):
        reader.occurrences.get(one.id)
    with pytest.raises(NotFound):
        list(reader.occurrences.list(item_id=4711))


def test_new_occurrences_disturb_nobody_who_reads(server: LocalServer, reader: RollbarClient) -> None:
    """While pages are read more come in; those that were there come once, in order."""
    for number in range(10):
        post(server, uuid=f"old-{number}")
    seen = []
    for occurrence in reader.occurrences.list(page_size=2):
        seen.append(occurrence.uuid)
        post(server)

    assert seen == [f"old-{number}" for number in reversed(range(10))]


def test_reading_all_occurrences_takes_no_memory(server: LocalServer, reader: RollbarClient) -> None:
    """What has been read is not kept: the second thousand takes no more than the first."""
    text = "x" * 2000
    for number in range(600):
        post(server, uuid=f"u-{number}", custom={"text": text})
    tracemalloc.start()
    try:
        peaks = []
        for number, _ in enumerate(reader.occurrences.list(page_size=20), 1):
            if number % 200 == 0:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()

    assert len(peaks) == 3
    assert peaks[2] < peaks[0] * 1.5
