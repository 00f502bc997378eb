"""Uploads of source maps and symbols. They are checked and kept; traces are shown as they were sent.

The server fetches nothing from elsewhere: ``sourcemap/download`` keeps the wish, not the file.
"""

from __future__ import annotations

import json
from asyncio import to_thread, wrap_future
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, done, failure, success
from rollbar_logging.server.api.calls import PROJECT_NOT_FOUND, Call, is_file, project_call, required_text, text_field
from rollbar_logging.server.api.fields import Incoming, answered
from rollbar_logging.server.body import Disconnected, read_body
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.signing import SECONDS, Ticket, checked, signed
from rollbar_logging.server.storage.access_tokens import salt_of
from rollbar_logging.server.storage.projects import project_exists
from rollbar_logging.server.storage.uploads import Upload, keep_uploads
from rollbar_logging.server.traits import storable
from rollbar_logging.server.wire import api_response

MAX_UPLOAD = 64 * 1024 * 1024
"""Bytes of one call, with all its files.

A caller whose token stands in neither the header nor the query has so much of a form of several parts only: its files
go to the disk, and are looked at when the token has come.
"""

LONGEST_VERSION = 255
LONGEST_URL = 2048

_LONGEST_NAME = 1024
_PUT = "/api/1/signed_url/sourcemap_bundle"
_SYMBOLS = {"proguard": "mapping", "dsym": "dsym", "fluttersymbols": "flutter_symbols"}
"""Kinds of symbols, and the field of the form that has the file."""

_ZIP_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")


def upload_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""

    def posting(path: str, endpoint: Any) -> Route:
        respond = project_call(parts, "post_server_item", endpoint, max_body=MAX_UPLOAD)
        return Route(path, respond, methods=["POST"])

    async def put(request: Request) -> Response:
        """Keep a bundle."""
        return await _put_bundle(request, parts)

    return [
        posting("/api/1/sourcemap", _source_map),
        posting("/api/1/sourcemap/download", _download),
        posting("/api/1/signed_url/sourcemap_bundle", _signed_url),
        Route(_PUT + "/{ticket}", put, methods=["PUT"]),
        *(posting(f"/api/1/{kind}", _symbols(kind, field)) for kind, field in _SYMBOLS.items()),
    ]


async def _source_map(call: Call) -> Answer:
    version, url = _version(call), _url(call, "minified_url")
    content = await _file(call, "source_map").read()
    if not await to_thread(_is_object, content):
        raise Refused(422, "Error: Could not parse source map JSON")
    uploads = [Upload(version, url, "source_map", content)]
    for name, file in call.fields.items():
        if is_file(file) and name != "source_map":
            uploads.append(Upload(version, url, storable(name[:_LONGEST_NAME]), await file.read()))
    await _keep(call, list({upload.name: upload for upload in uploads}.values()))
    return success({"version": version, "minified_url": url, "files": len(uploads)})


async def _download(call: Call) -> Answer:
    version, url = _version(call), _url(call, "minified_url")
    await _keep(call, [Upload(version, url, "download", b"")])
    return success({"version": version, "minified_url": url})


def _symbols(kind: str, field: str) -> Any:
    async def endpoint(call: Call) -> Answer:
        version = _version(call) if kind != "dsym" else storable(text_field(call.fields, "version", longest=255) or "")
        file = _file(call, field)
        content = await file.read()
        name = storable((file.filename or field)[:_LONGEST_NAME])
        await _keep(call, [Upload(version, "", f"{kind}/{name}", content)])
        return success({"version": version, "bytes": len(content)})

    return endpoint


async def _signed_url(call: Call) -> Answer:
    version, prefix = _version(call), _url(call, "prefix_url")
    key = await call.ask(salt_of)
    ticket = Ticket(call.project_id, version, prefix, int(call.parts.unix_clock()) + SECONDS)
    url = f"{str(call.request.base_url).rstrip('/')}{_PUT}/{signed(ticket, key)}"
    return success({"project_id": call.project_id, "signed_url": url})


async def _put_bundle(request: Request, parts: Parts) -> Response:
    incoming = Incoming(request.receive, request.headers)
    try:
        answer = await _take_bundle(request, incoming, parts)
    except Refused as refused:
        answer = failure(refused.status, refused.message)
    except Disconnected:
        return Response(status_code=400)  # nobody reads it
    return answered(api_response(answer), incoming)


async def _take_bundle(request: Request, incoming: Incoming, parts: Parts) -> Answer:
    """Take the zip that a signed address is for; the address is the permission."""
    key = await wrap_future(parts.database.ask(salt_of))
    now = parts.unix_clock()
    ticket = checked(request.path_params["ticket"], key, now)
    if ticket is None:
        raise Refused(403, "The signed URL is not valid, or has expired.")
    project_id = ticket.project_id
    if not await wrap_future(parts.database.ask(lambda database: project_exists(database, project_id))):
        raise Refused(404, PROJECT_NOT_FOUND)
    content = await read_body(incoming, incoming.headers, max(parts.max_body, MAX_UPLOAD))
    if not content.startswith(_ZIP_BEGINNINGS):
        raise Refused(422, "Error: the bundle should be a zip file")
    bundle = Upload(ticket.version, ticket.prefix_url, "bundle.zip", content)
    await wrap_future(parts.database.change(lambda database: keep_uploads(database, project_id, [bundle], now)))
    return done()


async def _keep(call: Call, uploads: list[Upload]) -> None:
    now = call.parts.unix_clock()
    await call.change(lambda database: keep_uploads(database, call.project_id, uploads, now))


def _is_object(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def _file(call: Call, field: str) -> UploadFile:
    file = call.fields.get(field)
    if not isinstance(file, UploadFile):
        raise Refused(422, f"missing {field} file upload")
    return file


def _version(call: Call) -> str:
    return storable(required_text(call.fields, "version", longest=LONGEST_VERSION))


def _url(call: Call, name: str) -> str:
    return storable(required_text(call.fields, name, longest=LONGEST_URL))
