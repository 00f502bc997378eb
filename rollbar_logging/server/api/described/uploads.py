"""Uploads of source maps and symbols."""

from __future__ import annotations

from rollbar_logging.server.api.described.operation import MULTIPART, Operation, Schema
from rollbar_logging.server.api.described.shapes import FILE, INTEGER, TEXT, in_path, objects, text
from rollbar_logging.server.api.uploads import LONGEST_URL, LONGEST_VERSION

_TOKEN = "post_server_item"  # noqa: S105 - a scope
_VERSION, _URL = text(LONGEST_VERSION, 1), text(LONGEST_URL, 1)
_ZIP: Schema = {"type": "string", "format": "binary"}

SCHEMAS: dict[str, Schema] = {}

OPERATIONS = (
    Operation(
        "POST",
        "/api/1/sourcemap",
        "Upload a source map, perhaps with its sources",
        _TOKEN,
        objects(version=TEXT, minified_url=TEXT, files=INTEGER),
        body=objects(version=_VERSION, minified_url=_URL, source_map=FILE),
        media=(MULTIPART,),
        notes="Further files are sources; the field's name is the path. Kept, not applied to traces.",
    ),
    Operation(
        "POST",
        "/api/1/sourcemap/download",
        "Ask for a source map to be fetched",
        _TOKEN,
        objects(version=TEXT, minified_url=TEXT),
        body=objects(version=_VERSION, minified_url=_URL),
        notes="The wish is kept; this server fetches nothing from elsewhere.",
    ),
    Operation(
        "POST",
        "/api/1/signed_url/sourcemap_bundle",
        "Ask for an address to put a bundle of source maps to",
        _TOKEN,
        objects(project_id=INTEGER, signed_url=TEXT),
        body=objects(version=_VERSION, prefix_url=_URL),
    ),
    Operation(
        "PUT",
        "/api/1/signed_url/sourcemap_bundle/{ticket}",
        "Put a bundle of source maps",
        "",
        None,
        (in_path("ticket", "Of the signed address; it holds for an hour.", text(4096, 1)),),
        body=_ZIP,
        media=("application/octet-stream",),
        notes="A zip file. The address is the permission: no access token is looked at.",
        refused=(403, 404, 422),
    ),
    *(
        Operation(
            "POST",
            f"/api/1/{kind}",
            f"Upload symbols ({kind})",
            _TOKEN,
            objects(version=TEXT, bytes=INTEGER),
            body=objects(required, version=_VERSION, **{field: FILE}),
            media=(MULTIPART,),
            notes="Kept, not applied to traces.",
        )
        for kind, field, required in (
            ("proguard", "mapping", ["version", "mapping"]),
            ("dsym", "dsym", ["dsym"]),
            ("fluttersymbols", "flutter_symbols", ["version", "flutter_symbols"]),
        )
    ),
)
