"""The deletion of a person's occurrences, in all projects of the account."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from rollbar_logging.server.answers import Answer, Refused, success
from rollbar_logging.server.api.calls import Call, account_call
from rollbar_logging.server.arrival import LONGEST_OF_PERSON
from rollbar_logging.server.parts import Parts
from rollbar_logging.server.storage.removal import (
    PERSON_COLUMNS,
    add_people_job,
    find_people_job,
    remove_person,
)

_LONGEST = 255


def people_job_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes; their paths have no final slash."""
    return [
        Route("/api/1/people/delete_jobs", account_call(parts, "write", _create), methods=["POST"]),
        Route("/api/1/people/delete_jobs/{id:int}", account_call(parts, "read", _one), methods=["GET"]),
    ]


async def _create(call: Call) -> Answer:
    fields = dict(call.fields)
    fields.setdefault("id", fields.get("person_id"))
    given = {name: fields[name] for name in PERSON_COLUMNS if fields.get(name) not in (None, "")}
    if len(given) != 1:
        raise Refused(422, f"Invalid format. Exactly one of {', '.join(PERSON_COLUMNS)} is required.")
    ((named_by, value),) = given.items()
    if named_by == "id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Refused(422, f"Invalid format. {named_by} should be string of at most {_LONGEST} characters.")
    value = value[: LONGEST_OF_PERSON[named_by]]  # so much of it is kept with an occurrence
    now = call.parts.unix_clock()
    job_id = await call.change(lambda database: add_people_job(database, named_by, value, now))
    remove_person(call.parts.database, job_id)
    return success({"id": job_id})


async def _one(call: Call) -> Answer:
    job_id = call.path_id()
    job = await call.ask(lambda database: find_people_job(database, job_id))
    if job is None:
        raise Refused(404, "not found")
    return success(job._asdict())
