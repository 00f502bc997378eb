"""Items as they are posted, and what needs no token."""

from __future__ import annotations

from rollbar_logging.server.api.described.operation import JSON, Operation, Schema
from rollbar_logging.server.api.described.shapes import (
    NO_INTEGER,
    NO_TEXT,
    TEXT,
    array,
    objects,
    ref,
    text,
)

_FREE: Schema = {"type": ["object", "null"]}

_FRAME = objects(
    ["filename"],
    filename=TEXT,
    lineno=NO_INTEGER,
    colno=NO_INTEGER,
    method=NO_TEXT,
    code=NO_TEXT,
    class_name=NO_TEXT,
    context=_FREE,
    argspec={"type": ["array", "null"]},
    varargspec=NO_TEXT,
    keywordspec=NO_TEXT,
    locals=_FREE,
)
_EXCEPTION = objects(["class"], **{"class": TEXT, "message": NO_TEXT, "description": NO_TEXT})

SCHEMAS: dict[str, Schema] = {
    "Frame": _FRAME,
    "Trace": objects(["frames", "exception"], frames=array(ref("Frame")), exception=_EXCEPTION, extra=_FREE),
    "Body": {
        "description": "Exactly one of trace, trace_chain, message and crash_report.",
        **objects(
            [],
            trace=ref("Trace"),
            trace_chain=array(ref("Trace"), minItems=1),
            message=objects(["body"], body=TEXT),
            crash_report=objects(["raw"], raw=TEXT),
            telemetry={"type": ["array", "null"]},
        ),
    },
    "Data": objects(
        ["environment", "body"],
        environment=text(255, 1),
        body=ref("Body"),
        level=NO_TEXT,
        timestamp={"type": ["integer", "number", "null"]},
        code_version=NO_TEXT,
        platform=NO_TEXT,
        language=NO_TEXT,
        framework=NO_TEXT,
        context={"type": "string"},
        request=_FREE,
        person={"type": ["object", "null"]},
        server=_FREE,
        client=_FREE,
        custom=_FREE,
        fingerprint=NO_TEXT,
        title=NO_TEXT,
        uuid=NO_TEXT,
        notifier=_FREE,
    ),
    "Payload": objects(["data"], access_token=TEXT, data=ref("Data")),
    "Refusal": objects(["err", "message"], err={"const": 1}, message=TEXT),
}

_TAKEN = objects(id=NO_INTEGER, uuid=TEXT)

_POSTING = (
    "A token with the scope `post_client_item` may post items of client platforms only (`browser`, `android`, `ios`, "
    "`flash`, `client`). The answer is 200 when the occurrence is stored, or when its uuid was stored before."
)

OPERATIONS = (
    Operation(
        "POST",
        "/api/1/item",
        "Post an item",
        "post_server_item",
        _TAKEN,
        body=ref("Payload"),
        media=(JSON,),
        notes=_POSTING + " A form whose field `payload` is the JSON text is taken, too.",
    ),
    Operation(
        "POST",
        "/api/1/item_batch",
        "Post several items in one call (deprecated by Rollbar)",
        "post_server_item",
        array(objects(["err"], err={"enum": [0, 1]}, message=TEXT, result=_TAKEN)),
        body=array(ref("Payload"), maxItems=1000),
        media=(JSON,),
        notes=_POSTING + " Each item is answered for itself; when all are refused, the answer is that of the first.",
    ),
    Operation(
        "GET",
        "/api/1/status/ping",
        "Ask whether the server is up",
        "",
        answer={"text/plain": {"schema": {"const": "pong"}}},
    ),
    Operation(
        "GET",
        "/api/1/openapi.json",
        "This description",
        "",
        answer={JSON: {"schema": objects(["openapi", "info", "paths"], openapi=TEXT, info=objects(), paths=objects())}},
    ),
)
