"""The account: projects, access tokens, users, teams, invites, and the deletion of people's data."""

from __future__ import annotations

from rollbar_logging.server.account import ACCESS_LEVELS
from rollbar_logging.server.api.access_tokens import WINDOW_SIZES
from rollbar_logging.server.api.described.operation import Operation, Schema
from rollbar_logging.server.api.described.shapes import (
    INTEGER,
    NO_INTEGER,
    NO_TIME,
    PAGE,
    TEXT,
    TIME,
    TRUTH,
    array,
    choice,
    in_path,
    in_query,
    objects,
    ref,
    text,
)
from rollbar_logging.server.tokens import SCOPES

_READ, _WRITE = "account:read", "account:write"

_LIMITS: dict[str, Schema] = {
    "rate_limit_window_size": {"type": ["integer", "null"], "enum": [*WINDOW_SIZES, None]},
    "rate_limit_window_count": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**53 - 1},
}
_NAMED: dict[str, Schema] = {"public_id": TEXT, "project_access_token": TEXT}

SCHEMAS: dict[str, Schema] = {
    "Project": objects(
        id=INTEGER,
        account_id=INTEGER,
        name=TEXT,
        status=TEXT,
        settings_data=objects(),
        date_created=TIME,
        date_modified=TIME,
    ),
    "AccessToken": objects(
        project_id=INTEGER,
        public_id=TEXT,
        name=TEXT,
        status=choice(["enabled", "disabled"]),
        scopes=array(choice(SCOPES)),
        token_type=choice(["legacy", "v1", "v2"]),
        rate_limit_window_size=NO_INTEGER,
        rate_limit_window_count=NO_INTEGER,
        cur_rate_limit_window_start=NO_TIME,
        cur_rate_limit_window_count=NO_INTEGER,
        date_created=TIME,
        date_modified=TIME,
    ),
    "NewAccessToken": {"allOf": [ref("AccessToken"), objects(access_token=TEXT)]},
    "User": objects(id=INTEGER, username=TEXT, email=TEXT),
    "Team": objects(id=INTEGER, account_id=INTEGER, name=TEXT, access_level=TEXT),
    "Invite": objects(
        id=INTEGER,
        from_user_id=NO_INTEGER,
        team_id=INTEGER,
        to_email=TEXT,
        status=choice(["pending", "accepted", "rejected", "canceled"]),
        date_created=TIME,
        date_redeemed=NO_TIME,
    ),
    "Membership": objects(team_id=INTEGER, user_id=INTEGER),
    "TeamProject": objects(team_id=INTEGER, project_id=INTEGER),
}

_PROJECT, _USER, _TEAM = (in_path("id", f"The {kind}.") for kind in ("project", "user", "team"))
_TOKEN = in_path("identifier", "The token, or its public id.", text(255, 1))
_MEMBER = (_TEAM, in_path("user_id", "The user."))
_LOOKED_AFTER = (_TEAM, in_path("project_id", "The project."))
_ONE_TOKEN = "/api/1/project/{id}/access_token"  # noqa: S105 - a path
_DELETED: Schema = {"const": "Access token has been deleted."}

_PROJECTS = (
    Operation("GET", "/api/1/projects", "List projects", _READ, array(ref("Project"))),
    Operation(
        "POST",
        "/api/1/projects",
        "Make a project with its four access tokens",
        _WRITE,
        {"allOf": [ref("Project"), objects(access_tokens=array(ref("NewAccessToken")))]},
        body=objects(["name"], name=text(32, 1), source_project_id=INTEGER),
        refused=(404,),
    ),
    Operation("GET", "/api/1/project/{id}", "Read a project", _READ, ref("Project"), (_PROJECT,), refused=(404,)),
    Operation("DELETE", "/api/1/project/{id}", "Delete a project", _WRITE, None, (_PROJECT,), refused=(404,)),
    Operation(
        "GET",
        "/api/1/project/{id}/teams",
        "List the teams that look after a project",
        _READ,
        array(ref("TeamProject")),
        (_PROJECT, in_query("exclude_builtin_teams", TRUTH), in_query("exclude_owners_team", TRUTH)),
        refused=(404,),
    ),
)

_TOKENS = (
    Operation(
        "GET",
        "/api/1/project/{id}/access_tokens",
        "List a project's access tokens, without their texts",
        _READ,
        array(ref("AccessToken")),
        (_PROJECT,),
        refused=(404,),
    ),
    Operation(
        "POST",
        "/api/1/project/{id}/access_tokens",
        "Make an access token",
        _WRITE,
        ref("NewAccessToken"),
        (_PROJECT,),
        body=objects(
            ["name", "scopes"],
            name=text(255, 1),
            scopes=array(choice(SCOPES), minItems=1),
            status=choice(["enabled", "disabled"]),
            token_type=choice(["legacy", "v1", "v2"]),
            **_LIMITS,
        ),
        refused=(404,),
    ),
    *(
        operation
        for path, parameters, named in (
            (_ONE_TOKEN, (_PROJECT,), _NAMED),
            (f"{_ONE_TOKEN}/{{identifier}}", (_PROJECT, _TOKEN), {}),
        )
        for operation in (
            Operation(
                "PATCH",
                path,
                "Set an access token's rate limit",
                _WRITE,
                None,
                parameters,
                body=objects([], **named, **_LIMITS),
                refused=(404,),
            ),
            Operation(
                "DELETE",
                path,
                "Delete an access token",
                _WRITE,
                _DELETED,
                parameters,
                body=objects([], **named) if named else None,
                refused=(404,),
            ),
        )
    ),
)

_USERS = (
    Operation(
        "GET", "/api/1/users", "List users", _READ, objects(users=array(ref("User"))), (in_query("email", TEXT),)
    ),
    Operation("GET", "/api/1/user/{id}", "Read a user", _READ, ref("User"), (_USER,), refused=(404,)),
    Operation(
        "GET",
        "/api/1/user/{id}/teams",
        "List a user's teams",
        _READ,
        objects(teams=array(ref("Team"))),
        (_USER,),
        refused=(404,),
    ),
    Operation(
        "GET",
        "/api/1/user/{id}/projects",
        "List a user's projects",
        _READ,
        objects(projects=array(objects(id=INTEGER, account_id=INTEGER, slug=TEXT, status=TEXT))),
        (_USER,),
        refused=(404,),
    ),
)

_TEAMS = (
    Operation("GET", "/api/1/teams", "List teams", _READ, array(ref("Team"))),
    Operation(
        "POST",
        "/api/1/teams",
        "Make a team",
        _WRITE,
        ref("Team"),
        body=objects(["name"], name=text(32, 1), access_level=choice(ACCESS_LEVELS)),
    ),
    Operation("GET", "/api/1/team/{id}", "Read a team", _READ, ref("Team"), (_TEAM,), refused=(404,)),
    Operation("DELETE", "/api/1/team/{id}", "Delete a team", _WRITE, None, (_TEAM,), refused=(404,)),
    Operation(
        "GET",
        "/api/1/team/{id}/users",
        "List a team's members",
        _READ,
        array(ref("Membership")),
        (_TEAM, PAGE),
        refused=(404,),
    ),
    Operation(
        "GET",
        "/api/1/team/{id}/projects",
        "List a team's projects",
        _READ,
        array(ref("TeamProject")),
        (_TEAM, PAGE),
        refused=(404,),
    ),
    *(
        Operation(method, path, f"{verb} {what}", token, ref(result) if result else None, parameters, refused=(404,))
        for path, what, schema, parameters in (
            ("/api/1/team/{id}/user/{user_id}", "a member of a team", "Membership", _MEMBER),
            ("/api/1/team/{id}/project/{project_id}", "a project of a team", "TeamProject", _LOOKED_AFTER),
        )
        for method, verb, token, result in (
            ("GET", "Look for", _READ, schema),
            ("PUT", "Add", _WRITE, schema),
            ("DELETE", "Remove", _WRITE, ""),
        )
    ),
    Operation(
        "GET",
        "/api/1/team/{id}/invites",
        "List invites into a team",
        _READ,
        array(ref("Invite")),
        (_TEAM, PAGE),
        refused=(404,),
    ),
    Operation(
        "POST",
        "/api/1/team/{id}/invites",
        "Invite an address into a team",
        _WRITE,
        ref("Invite"),
        (_TEAM,),
        body=objects(email=text(255, 3)),
        refused=(404,),
    ),
    *(
        Operation(method, "/api/1/invite/{id}", summary, token, result, (in_path("id", "The invite."),), refused=(404,))
        for method, summary, token, result in (
            ("GET", "Read an invite", _READ, ref("Invite")),
            ("DELETE", "Cancel an invite", _WRITE, None),
        )
    ),
)

_PEOPLE = (
    Operation(
        "POST",
        "/api/1/people/delete_jobs",
        "Have all occurrences of a person deleted",
        _WRITE,
        objects(id=INTEGER),
        body=objects([], email=text(255), username=text(255), id=text(255)),
        notes="Exactly one of the three names the person.",
    ),
    Operation(
        "GET",
        "/api/1/people/delete_jobs/{id}",
        "Ask how far a deletion has come",
        _READ,
        objects(id=INTEGER, state=TEXT, date_created=TIME),
        (in_path("id", "The job."),),
        refused=(404,),
    ),
)

OPERATIONS = (*_PROJECTS, *_TOKENS, *_USERS, *_TEAMS, *_PEOPLE)
