"""Files that help to read traces: source maps and symbols, as they were uploaded."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, insert, or_

from rollbar_logging.server.storage.tables import source_maps


class Upload(NamedTuple):
    """One file.

    Attributes:
        version: Of the code it belongs to; may be empty for symbols.
        minified_url: Where the script is served that a source map is for; empty for symbols.
        name: ``source_map``, a source's path, ``bundle.zip``, or the kind of symbols and their file's name.
        content: The file.
    """

    version: str
    minified_url: str
    name: str
    content: bytes


def keep_uploads(connection: Connection, project_id: int, uploads: list[Upload], now: float) -> None:
    """Keep files; each takes the place of an earlier one of the same version, address and name."""
    same = [
        and_(
            source_maps.c.version == upload.version,
            source_maps.c.minified_url == upload.minified_url,
            source_maps.c.name == upload.name,
        )
        for upload in uploads
    ]
    connection.execute(delete(source_maps).where(source_maps.c.project_id == project_id, or_(*same)))
    connection.execute(
        insert(source_maps),
        [{"project_id": project_id, "date_created": int(now), **upload._asdict()} for upload in uploads],
    )
