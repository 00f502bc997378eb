"""Source maps, with which Rollbar reads traces of minified JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rollbar_logging.client.connection import Connection


class SourceMaps:
    """Calls for source maps. They need the scope ``post_server_item``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upload(
        self, version: str, minified_url: str, source_map: str | Path, sources: Mapping[str, str | Path] | None = None
    ) -> None:
        """Upload a source map.

        Args:
            version: ``code_version`` of the items it is for.
            minified_url: URL of the minified file.
            source_map: The file.
            sources: Further files by the path that the map names them with.

        Raises:
            OSError: A file cannot be read.
            ApiError: The API does not take it.
        """
        files = {"source_map": (Path(source_map).name, Path(source_map).read_bytes())}
        for name, path in (sources or {}).items():
            files[name] = (Path(path).name, Path(path).read_bytes())
        form = {"version": version, "minified_url": minified_url}
        self._connection.call("POST", "sourcemap", files=files, form=form, is_repeatable=True)

    def fetch(self, version: str, minified_url: str) -> None:
        """Have Rollbar download a source map itself, by the address that stands in the minified file.

        Args:
            version: ``code_version`` of the items it is for.
            minified_url: URL of the minified file, which Rollbar must be able to reach.

        Raises:
            ApiError: The API does not take it.
        """
        form = {"version": version, "minified_url": minified_url}
        self._connection.call("POST", "sourcemap/download", form=form, is_repeatable=True)
