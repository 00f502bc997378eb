"""The style sheet, the scripts and the icon, read once and kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class StaticFile(NamedTuple):
    """One file.

    Attributes:
        content: Its bytes.
        media_type: Of the answer.
        etag: Changes with the content.
    """

    content: bytes
    media_type: str
    etag: str


@cache
def load_static_files() -> Mapping[str, StaticFile]:
    """Return all static files by name."""
    found: dict[str, StaticFile] = {}
    for entry in files("rollbar_logging.server.pages").joinpath("static").iterdir():
        ending = entry.name.rpartition(".")[2]
        if ending in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = StaticFile(content, _TYPES[ending], f'"{hashlib.sha256(content).hexdigest()[:16]}"')
    return MappingProxyType(found)
