"""The tables, for SQLite and PostgreSQL alike.

Timestamps are Unix seconds: whole ones in the columns that the API shows, fractions where two moments are
compared (``received_at``, ``stored_at``). Names of items' columns are those of the API's item object.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from rollbar_logging.server.storage.payload import Payload
from rollbar_logging.server.traits import TRAITS

SCHEMA_VERSION = 2

metadata = MetaData()

# SQLite's row ids are its INTEGER primary keys, and nothing else is as small.
_BIG = BigInteger().with_variant(Integer, "sqlite")
_SCOPES = JSON()


def _key() -> Column[int]:
    return Column("id", _BIG, primary_key=True)


def _project(*, nullable: bool = False) -> Column[int]:
    return Column("project_id", _BIG, ForeignKey("projects.id", ondelete="CASCADE"), nullable=nullable)


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=nullable, server_default=default)


def _number(name: str, *, nullable: bool = False, default: int | None = None) -> Column[int]:
    return Column(name, _BIG, nullable=nullable, server_default=None if default is None else str(default))


facts = Table("facts", metadata, Column("name", Text, primary_key=True), _text("value"))
"""What the database says of itself: ``schema_version``, and ``salt``, with which tokens are hashed (hex)."""

sequences = Table("sequences", metadata, Column("name", Text, primary_key=True), _number("taken"))
"""The last id given to an ``occurrence`` and an ``item``. Whoever holds a row gives the next ids, so that
they ascend in the order in which they become visible, and nobody who pages by id misses one."""

projects = Table(
    "projects",
    metadata,
    _key(),
    _text("name"),
    _text("status", default="enabled"),
    _number("items_counted", default=0),
    _number("date_created"),
    _number("date_modified"),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)
"""Ids of deleted projects, tokens, users and teams are not given again: who kept one must not meet another."""

access_tokens = Table(
    "access_tokens",
    metadata,
    _key(),
    _project(nullable=True),
    Column("public_id", Text, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _text("name"),
    Column("scopes", _SCOPES, nullable=False),
    _text("status", default="enabled"),
    _text("token_type", default="v1"),
    _number("rate_limit_window_size", nullable=True),
    _number("rate_limit_window_count", nullable=True),
    _number("date_created"),
    _number("date_modified"),
    sqlite_autoincrement=True,
)
"""A token without a project is the account's. The text of a token is not kept, only its digest."""

items = Table(
    "items",
    metadata,
    _key(),
    _project(),
    _number("counter"),
    _text("environment"),
    _text("hash"),
    _text("title"),
    _text("level"),
    _text("kind"),
    _text("platform"),
    _text("framework"),
    _text("language"),
    _text("status", default="active"),
    _number("first_occurrence_id"),
    _number("first_occurrence_timestamp"),
    _number("activating_occurrence_id"),
    _number("last_activated_timestamp"),
    _number("last_occurrence_id"),
    _number("last_occurrence_timestamp"),
    _number("last_resolved_timestamp", nullable=True),
    _number("last_muted_timestamp", nullable=True),
    _number("total_occurrences"),
    _number("last_modified_by", nullable=True),
    _text("resolved_in_version", nullable=True),
    Column("assigned_user_id", _BIG, ForeignKey("users.id", ondelete="SET NULL")),
    Column("assigned_team_id", _BIG, ForeignKey("teams.id", ondelete="SET NULL")),
    _number("level_lock", default=0),
    _number("title_lock", default=0),
    _number("snooze_expiration_threshold_seconds", nullable=True),
    _number("snooze_until", nullable=True),
    UniqueConstraint("project_id", "hash", "environment"),
    UniqueConstraint("project_id", "counter"),
    Index("items_by_last_occurrence", "project_id", "last_occurrence_id"),
)
"""``kind`` is that of its occurrences. ``total_occurrences`` counts since the item was last resolved."""

item_events = Table(
    "item_events",
    metadata,
    _key(),
    _project(),
    Column("item_id", _BIG, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    _text("event"),
    _number("timestamp"),
    _number("occurrence_id", nullable=True),
    _text("version", nullable=True),
    Index("item_events_by_item", "item_id", "id"),
    Index("item_events_by_version", "project_id", "version"),
)
"""An item's life: ``new``, ``reactivated``, ``reopened``, ``resolved``, ``muted``."""

occurrences = Table(
    "occurrences",
    metadata,
    _key(),
    _project(),
    Column("item_id", _BIG, ForeignKey("items.id", ondelete="CASCADE"), nullable=False),
    _text("uuid"),
    _text("kind"),
    _text("token_name"),
    Column("received_at", Double, nullable=False),
    Column("stored_at", Double, nullable=False),
    _number("body_bytes"),
    _text("environment"),
    _text("level"),
    _text("title"),
    _text("platform"),
    _text("framework"),
    _text("language"),
    *(_text(name, nullable=True) for name in TRAITS),
    Column("data", Payload, nullable=False),
    UniqueConstraint("project_id", "uuid"),
    Index("occurrences_by_item", "item_id", "id"),
    Index("occurrences_by_time", "project_id", "received_at"),
)
"""The traits are lifted out of ``data``, which comes last: a search need not unpack it, nor read past it."""

hourly_counts = Table(
    "hourly_counts",
    metadata,
    Column("item_id", _BIG, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("hour", _BIG, primary_key=True),
    _project(),
    _number("count"),
    Index("hourly_counts_by_time", "project_id", "hour"),
)
"""How often each item occurred in each hour (Unix seconds of its start). Deleting occurrences leaves it."""

version_counts = Table(
    "version_counts",
    metadata,
    Column("item_id", _BIG, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Text, primary_key=True),
    _project(),
    _number("count"),
    _number("first_occurrence_id"),
    _number("first_occurrence_timestamp"),
    _number("last_occurrence_id"),
    _number("last_occurrence_timestamp"),
    Index("version_counts_by_version", "project_id", "version"),
)
"""How often each item occurred in each ``code_version``."""

environments = Table(
    "environments",
    metadata,
    _key(),
    _project(),
    _text("environment"),
    Column("visible", Boolean, nullable=False, server_default="1"),
    UniqueConstraint("project_id", "environment"),
)

deploys = Table(
    "deploys",
    metadata,
    _key(),
    _project(),
    _text("environment"),
    _text("revision"),
    _text("status"),
    _text("comment", nullable=True),
    _text("local_username", nullable=True),
    Column("user_id", _BIG, ForeignKey("users.id", ondelete="SET NULL")),
    _number("start_time"),
    _number("finish_time", nullable=True),
    Index("deploys_by_project", "project_id", "id"),
)

users = Table(
    "users",
    metadata,
    _key(),
    Column("username", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False, unique=True),
    Column("email_enabled", Boolean, nullable=False, server_default="1"),
    sqlite_autoincrement=True,
)
"""Addresses are in lower case."""

teams = Table(
    "teams",
    metadata,
    _key(),
    Column("name", Text, nullable=False, unique=True),
    _text("access_level"),
    sqlite_autoincrement=True,
)

team_users = Table(
    "team_users",
    metadata,
    Column("team_id", _BIG, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", _BIG, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
)

team_projects = Table(
    "team_projects",
    metadata,
    Column("team_id", _BIG, ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", _BIG, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
)

invites = Table(
    "invites",
    metadata,
    _key(),
    Column("team_id", _BIG, ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    _number("from_user_id", nullable=True),
    _text("to_email"),
    _text("status"),
    _number("date_created"),
    _number("date_redeemed", nullable=True),
)

rql_jobs = Table(
    "rql_jobs",
    metadata,
    _key(),
    _project(),
    _text("query_string"),
    _text("job_hash"),
    _text("status"),
    _number("date_created"),
    _number("date_modified"),
    Column("result", JSON, nullable=True),
    Index("rql_jobs_by_hash", "project_id", "job_hash"),
)

people_delete_jobs = Table(
    "people_delete_jobs", metadata, _key(), _text("person"), _text("state"), _number("date_created")
)
"""``person`` says by what, and whom: ``email:ada@example.com``; it is emptied at the end."""

source_maps = Table(
    "source_maps",
    metadata,
    _key(),
    _project(),
    _text("version"),
    _text("minified_url"),
    _text("name"),
    Column("content", LargeBinary, nullable=False),
    _number("date_created"),
    UniqueConstraint("project_id", "version", "minified_url", "name"),
)
