"""Versions, reports, metrics, source maps, and what the local server does not offer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rollbar_logging.client import NotFound, RollbarClient, Unprocessable
from rollbar_logging.client.notifications import Notifications
from rollbar_logging.server import LocalServer
from tests.client.conftest import post


def test_versions(server: LocalServer, reader: RollbarClient) -> None:
    """What occurred in a version, and which items."""
    post(server, "old", code_version="1.0.0", level="error")
    post(server, "new", code_version="1.1.0", level="error")
    post(server, "old", code_version="1.1.0", level="error")
    version = reader.versions.get("1.1.0")

    assert version.version == "1.1.0"
    assert version.item_stats is not None
    assert {item.title for item in reader.versions.items("1.1.0")} == {"old", "new"}
    assert {item.title for item in reader.versions.items("1.1.0", event="new")} == {"new"}
    with pytest.raises(NotFound):
        reader.versions.get("9.9.9")


@pytest.mark.parametrize("version", ["release/1.0", "1.0#2?a=b", "100%20", "ä b"])
def test_a_version_may_have_any_name(server: LocalServer, reader: RollbarClient, version: str) -> None:
    """Signs that mean something in an address are a version's as well."""
    post(server, "boom", code_version=version)

    assert reader.versions.get(version).version == version
    assert [item.title for item in reader.versions.items(version)] == ["boom"]


def test_reports(server: LocalServer, reader: RollbarClient) -> None:
    """The counts of the last hours and days, and the items at the top."""
    for _ in range(3):
        post(server, "often", level="error")
    post(server, "once", level="error")
    top = reader.reports.top_active_items(hours=24, environments=["test"])

    assert [each.item["title"] for each in top] == ["often", "once"]
    assert sum(top[0].counts) == 3
    assert len(reader.reports.top_active_items(environments="test")) == 2
    assert reader.reports.top_active_items(environments="other") == []
    assert sum(each.number for each in reader.reports.occurrence_counts(environments="test")) == 4
    counts = reader.reports.occurrence_counts(bucket_size=3600, min_level="debug")
    assert sum(each.number for each in counts) == 4
    assert counts[-1].at is not None
    assert counts[-1].at.timestamp() == counts[-1].timestamp
    assert sum(each.number for each in reader.reports.activated_counts()) == 2


def test_metrics(server: LocalServer, reader: RollbarClient, writer: RollbarClient) -> None:
    """Occurrences by group, and how long it took to resolve."""
    post(server, "a", environment="one")
    post(server, "b", environment="two")
    now = int(time.time())
    found = reader.metrics.occurrences(
        now - 3600, now + 60, group_by=["environment"], aggregates=[{"field": "*", "function": "count_all"}]
    )
    assert "timepoints" in found
    (item,) = reader.items.list(environment="one")
    writer.items.resolve(item.id)
    assert reader.metrics.items([item.counter])[0]["item_counter"] == item.counter
    assert isinstance(reader.metrics.time_to_resolution(start_time=now - 3600, end_time=now + 60), dict)


def test_a_source_map_is_taken(poster: RollbarClient, tmp_path: Path) -> None:
    """The file and its sources arrive."""
    source_map, source = tmp_path / "app.min.js.map", tmp_path / "app.js"
    source_map.write_text('{"version": 3, "sources": ["app.js"], "mappings": ""}')
    source.write_text("var a;")

    poster.source_maps.upload("1.0", "https://example.org/app.min.js", source_map, {"app.js": source})
    with pytest.raises(OSError, match="gone"):
        poster.source_maps.upload("1.0", "https://example.org/app.min.js", tmp_path / "gone")
    poster.source_maps.fetch("1.0", "https://example.org/app.min.js")
    with pytest.raises(Unprocessable, match="version"):
        poster.source_maps.fetch("", "https://example.org/app.min.js")


def test_rules_of_notification_are_not_offered_here(reader: RollbarClient) -> None:
    """The local server notifies nobody; the client's calls are those of the API, and say that it has no such call."""
    with pytest.raises(NotFound):
        reader.notifications.rules("slack")


class Rules:
    """Plays the part of the API that the local server does not offer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, object]] = []

    def get(self, path: str, **_params: object) -> object:
        """Answer a rule, or a list of rules."""
        self.calls.append(("GET", path, None))
        rule = {"id": 7, "trigger": "new_item", "filters": [], "extra": 1}
        return rule if "/rule/" in path else [rule]

    def call(self, method: str, path: str, *, json: object = None, params: object = None) -> object:
        """Note the call and answer as to a reading one."""
        assert params == {"project_id": 5}
        self.calls.append((method, path, json))
        return self.get(path)


def test_rules_of_notification_are_called_as_documented() -> None:
    """Each call has the method and path of the API's reference."""
    api = Rules()
    notifications = Notifications(api, 5)  # type: ignore[arg-type]
    notifications.configure("webhook", enabled=True, url="https://example.org")
    (rule,) = notifications.rules("slack")
    notifications.add_rules("slack", [{"trigger": "new_item"}])
    notifications.add_rules("pagerduty", [])
    notifications.replace_rules("email", [])
    notifications.rule("email", 7)
    notifications.change_rule("email", 7, trigger="deploy")
    notifications.delete_rule("email", 7)

    assert (rule.id, rule.trigger, rule.unknown) == (7, "new_item", {"extra": 1})
    assert [(method, path) for method, path, _ in api.calls if method != "GET"] == [
        ("PUT", "notifications/webhook"),
        ("POST", "notifications/slack/rules"),
        ("POST", "notifications/pagerduty"),
        ("PUT", "notifications/email/rules"),
        ("PUT", "notifications/email/rule/7"),
        ("DELETE", "notifications/email/rule/7"),
    ]
