"""What belongs to one project beside its items: deploys, environments, RQL."""

from __future__ import annotations

from rollbar_logging.server.account import DEPLOY_STATUSES
from rollbar_logging.server.api.described.operation import FORM, JSON, MULTIPART, Operation, Schema
from rollbar_logging.server.api.described.shapes import (
    INTEGER,
    NO_INTEGER,
    NO_TEXT,
    NO_TIME,
    PAGE,
    TEXT,
    TIME,
    TRUTH,
    array,
    choice,
    in_path,
    in_query,
    limit,
    objects,
    ref,
    text,
)
from rollbar_logging.server.rql.words import LONGEST_QUERY

SCHEMAS: dict[str, Schema] = {
    "Deploy": objects(
        id=INTEGER,
        project_id=INTEGER,
        environment=TEXT,
        revision=TEXT,
        status=choice(DEPLOY_STATUSES),
        comment=NO_TEXT,
        local_username=NO_TEXT,
        user_id=NO_INTEGER,
        start_time=TIME,
        finish_time=NO_TIME,
    ),
    "NewDeploy": objects(
        ["environment", "revision"],
        environment=text(255, 1),
        revision=text(255, 1),
        status=choice(DEPLOY_STATUSES),
        comment=text(62 * 1024),
        local_username=text(255),
        rollbar_username=text(255),
    ),
    "Environment": objects(id=INTEGER, project_id=INTEGER, environment=TEXT, visible={"type": ["boolean", "integer"]}),
    "RqlJob": objects(
        id=INTEGER,
        project_id=INTEGER,
        query_string=TEXT,
        status=TEXT,
        job_hash=TEXT,
        date_created=TIME,
        date_modified=TIME,
    ),
}

_DEPLOY_ID = in_path("id", "The deploy.")
_JOB_ID = in_path("id", "The job.")

OPERATIONS = (
    Operation(
        "POST",
        "/api/1/deploy",
        "Tell of a deploy",
        "post_server_item",
        None,
        body=ref("NewDeploy"),
        media=(JSON, FORM, MULTIPART),
        notes="`head_long` may stand in for `revision`.",
        answer={JSON: {"schema": objects(err={"const": 0}, data=objects(deploy_id=INTEGER))}},
    ),
    Operation("GET", "/api/1/deploy/{id}", "Read a deploy", "read", ref("Deploy"), (_DEPLOY_ID,)),
    Operation(
        "PATCH",
        "/api/1/deploy/{id}",
        "Say how a deploy that was started has ended",
        "post_server_item",
        ref("Deploy"),
        (_DEPLOY_ID,),
        body=objects(["status"], status=choice(DEPLOY_STATUSES), comment=text(62 * 1024)),
        media=(JSON, FORM, MULTIPART),
        refused=(409,),
    ),
    Operation(
        "GET",
        "/api/1/deploys",
        "List deploys, the newest first",
        "read",
        objects(page=INTEGER, deploys=array(ref("Deploy"))),
        (PAGE, limit(20)),
    ),
    Operation(
        "GET",
        "/api/1/environments",
        "List environments",
        "read",
        objects(page=INTEGER, environments=array(ref("Environment"))),
        (PAGE, limit(20)),
    ),
    Operation(
        "POST",
        "/api/1/rql/jobs",
        "Have a query run",
        "read",
        ref("RqlJob"),
        body=objects(["query_string"], query_string=text(LONGEST_QUERY, 1), force_refresh=TRUTH),
        media=(JSON, FORM, MULTIPART),
    ),
    Operation("GET", "/api/1/rql/jobs", "List jobs, the newest first", "read", array(ref("RqlJob")), (PAGE,)),
    Operation(
        "GET",
        "/api/1/rql/job/{id}",
        "Read a job",
        "read",
        ref("RqlJob"),
        (_JOB_ID, in_query("expand", choice(["result"]))),
    ),
    Operation(
        "GET",
        "/api/1/rql/job/{id}/result",
        "Read a job's result",
        "read",
        objects(["job_id", "result"], job_id=INTEGER, result=objects(), job=ref("RqlJob")),
        (_JOB_ID, in_query("expand", choice(["job"]))),
    ),
    Operation("POST", "/api/1/rql/job/{id}/cancel", "Cancel a job", "read", ref("RqlJob"), (_JOB_ID,)),
)
