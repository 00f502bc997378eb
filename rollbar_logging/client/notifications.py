"""Rules that say whom Rollbar tells of what, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollbar_logging.client.connection import Connection
from rollbar_logging.client.results import Result, values_of


@dataclass(frozen=True, kw_only=True)
class Rule(Result):
    """A notification rule; ``filters`` are objects of ``type``, ``operation`` and ``value``."""

    id: int
    trigger: str | None = None
    status: str | None = None
    action: str | None = None
    config: Mapping[str, Any] | None = None
    filters: Sequence[Mapping[str, Any]] = ()


class Notifications:
    """Calls for a channel's settings and rules. Reading needs the scope ``read``, changing ``write``.

    A channel is ``email``, ``slack``, ``pagerduty`` or ``webhook``; the fields of settings and rules are Rollbar's.
    """

    def __init__(self, connection: Connection, project_id: int | None) -> None:
        self._connection = connection
        self._params = {"project_id": project_id}

    def configure(self, channel: str, **settings: Any) -> None:
        """Change a channel's settings: ``enabled``, and what the channel needs (``url``, ``service_key`` …)."""
        self._connection.call("PUT", f"notifications/{channel}", json=settings, params=self._params)

    def rules(self, channel: str) -> Sequence[Rule]:
        """Return a channel's rules."""
        return _rules(self._connection.get(f"notifications/{channel}/rules", **self._params))

    def add_rules(self, channel: str, rules: Sequence[Mapping[str, Any]]) -> Sequence[Rule]:
        """Add rules to a channel's and return those added."""
        path = "notifications/pagerduty" if channel == "pagerduty" else f"notifications/{channel}/rules"
        return _rules(self._connection.call("POST", path, json=list(rules), params=self._params))

    def replace_rules(self, channel: str, rules: Sequence[Mapping[str, Any]]) -> Sequence[Rule]:
        """Replace all of a channel's rules."""
        path = f"notifications/{channel}/rules"
        return _rules(self._connection.call("PUT", path, json=list(rules), params=self._params))

    def rule(self, channel: str, rule_id: int) -> Rule:
        """Return one rule.

        Raises:
            NotFound: The channel has none of that id.
        """
        return Rule.from_json(self._connection.get(f"notifications/{channel}/rule/{rule_id}", **self._params))

    def change_rule(self, channel: str, rule_id: int, **fields: Any) -> Rule:
        """Replace one rule."""
        path = f"notifications/{channel}/rule/{rule_id}"
        return Rule.from_json(self._connection.call("PUT", path, json=fields, params=self._params))

    def delete_rule(self, channel: str, rule_id: int) -> None:
        """Delete one rule."""
        self._connection.call("DELETE", f"notifications/{channel}/rule/{rule_id}", params=self._params)


def _rules(answer: Any) -> list[Rule]:
    return values_of(Rule, answer, "rules" if isinstance(answer, dict) else None)
