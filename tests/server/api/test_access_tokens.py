"""Access tokens of a project: made, listed, limited, deleted, and effective at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, Clock, item

SIZES = "[0, 60, 300, 1800, 3600, 86400, 604800, 2592000]"


@pytest.fixture
def admin() -> Iterator[Caller]:
    """A caller of a server whose clocks stand still."""
    with LocalServer(clock=Clock(), unix_clock=lambda: 1_700_000_000.5) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def listed(caller: Caller) -> dict[str, dict[str, Any]]:
    """Return the first project's tokens by name, as the API lists them."""
    answer = caller.call("GET", "project/1/access_tokens", "account_read")
    assert answer.status_code == 200
    return {token["name"]: token for token in answer.json()["result"]}


def made(caller: Caller, **fields: Any) -> dict[str, Any]:
    """Return a new token of the first project, which may read unless told otherwise."""
    body = {"name": "new", "scopes": ["read"], **fields}
    answer = caller.call("POST", "project/1/access_tokens/", "account_write", json=body)
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()["result"]
    return token


def reads(caller: Caller, text: str) -> Any:
    """Return the answer to a reading call with the token of that text."""
    return caller.session.get(f"{caller.server.endpoint}items", headers={"X-Rollbar-Access-Token": text}, timeout=30)


def test_the_four_of_a_project_are_listed(admin: Caller) -> None:
    """By name, without their texts, which the server does not know."""
    tokens = listed(admin)

    assert list(tokens) == ["post_client_item", "post_server_item", "read", "write"]
    public_id = tokens["read"].pop("public_id")
    assert len(public_id) >= 16
    assert tokens["read"] == {
        "project_id": 1,
        "name": "read",
        "status": "enabled",
        "scopes": ["read"],
        "rate_limit_window_size": None,
        "rate_limit_window_count": None,
        "cur_rate_limit_window_start": None,
        "cur_rate_limit_window_count": None,
        "date_created": 1_700_000_000,
        "date_modified": 1_700_000_000,
        "token_type": "v1",
    }


def test_a_new_token_works_at_once_and_is_shown_once(admin: Caller) -> None:
    """Its text is in the answer that made it, and nowhere else."""
    token = made(admin)

    text = token.pop("access_token")
    assert (len(text), token["cur_rate_limit_window_start"], token["cur_rate_limit_window_count"]) == (
        32,
        1_700_000_000,
        0,
    )
    assert reads(admin, text).status_code == 200
    assert listed(admin)["new"] == {**token, "cur_rate_limit_window_count": 1}
    assert text not in admin.call("GET", "project/1/access_tokens", "account_read").text


def test_a_long_token_may_be_had(admin: Caller) -> None:
    """Of 512 bits, as the newest type."""
    token = made(admin, token_type="v2")

    assert (len(token["access_token"]), token["token_type"]) == (128, "v2")
    assert reads(admin, token["access_token"]).status_code == 200


def test_a_disabled_token_may_be_made(admin: Caller) -> None:
    """It is refused, with the words for such tokens."""
    answer = reads(admin, made(admin, status="disabled")["access_token"])

    assert (answer.status_code, answer.json()["message"]) == (
        403,
        "insufficient privileges: The access token is disabled.",
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "u'name' is a required property"),
        ({"name": 5}, "5 is not of type u'string'"),
        ({"scopes": []}, "u'scopes' is a required property"),
        ({"scopes": "read"}, "u'read' is not of type u'array'"),
        ({"scopes": ["all"]}, "u'all' is not one of [u'post_server_item', u'post_client_item', u'read', u'write']"),
        (
            {"scopes": [["read"]]},
            "['read'] is not one of [u'post_server_item', u'post_client_item', u'read', u'write']",
        ),
        ({"scopes": ["read", "post_server_item"]}, "post_server_item can not be combined with other scopes"),
        (
            {"scopes": ["post_client_item", "post_server_item"]},
            "post_client_item can not be combined with other scopes",
        ),
        ({"status": "expired"}, "u'expired' is not one of [u'enabled', u'disabled']"),
        ({"token_type": {}}, "{} is not one of [u'legacy', u'v1', u'v2']"),
        ({"rate_limit_window_size": "60"}, f"u'60' is not one of {SIZES}"),
        ({"rate_limit_window_size": 61}, f"61 is not one of {SIZES}"),
        ({"rate_limit_window_size": False}, f"False is not one of {SIZES}"),
        ({"rate_limit_window_size": 60.5}, f"60.5 is not one of {SIZES}"),
        ({"rate_limit_window_count": "5"}, "u'5' is not of type u'integer'"),
        ({"rate_limit_window_count": -1}, "-1 is less than the minimum of 0"),
        ({"rate_limit_window_count": 2**70}, f"{2**70} is greater than the maximum of {2**53 - 1}"),
    ],
)
def test_faults_are_told_as_a_schema_does(shared_caller: Caller, fields: dict[str, Any], message: str) -> None:
    """With 400 and the words that are known of this part of the API; nothing is made."""
    before = listed(shared_caller).keys()
    body = {"name": "n", "scopes": ["read"], **fields}
    answer = shared_caller.call("POST", "project/1/access_tokens", "account_write", json=body)

    assert (answer.status_code, answer.json()) == (400, {"err": 1, "message": message})
    assert listed(shared_caller).keys() == before


def test_reading_and_writing_go_together(admin: Caller) -> None:
    """A token may have both."""
    assert made(admin, scopes=["read", "write", "read"])["scopes"] == ["read", "write"]


@pytest.mark.parametrize("way", ["text", "public id", "body", "body's text", "form"])
def test_a_limit_is_set_and_counts_at_once(admin: Caller, way: str) -> None:
    """By either name of the token, in the path or the body; the window that ran is forgotten."""
    token = made(admin)
    text, public_id = token["access_token"], token["public_id"]
    assert reads(admin, text).headers["X-Rate-Limit-Limit"] == "50000"
    limit = {"rate_limit_window_size": 300, "rate_limit_window_count": 2}
    path = "project/1/access_token"
    answer = {
        "text": lambda: admin.call("PATCH", f"{path}/{text}", "account_write", json=limit),
        "public id": lambda: admin.call("PATCH", f"{path}/{public_id}/", "account_write", json=limit),
        "body": lambda: admin.call("PATCH", path, "account_write", json={**limit, "public_id": public_id}),
        "body's text": lambda: admin.call(
            "PATCH", f"{path}/", "account_write", json={**limit, "project_access_token": text}
        ),
        "form": lambda: admin.call("PATCH", f"{path}/{text}", "account_write", data=limit),
    }[way]()

    assert (answer.status_code, answer.text) == (200, '{\n  "err": 0\n}')
    calls = [reads(admin, text) for _ in range(3)]
    assert [call.status_code for call in calls] == [200, 200, 429]
    assert [call.headers["X-Rate-Limit-Remaining"] for call in calls] == ["1", "0", "0"]
    assert calls[2].headers["X-Rate-Limit-Remaining-Seconds"] == "300"
    told = listed(admin)["new"]
    assert {name: told[name] for name in limit} == limit
    assert (told["cur_rate_limit_window_start"], told["cur_rate_limit_window_count"]) == (1_700_000_000, 3)


def test_a_limit_is_taken_away(admin: Caller) -> None:
    """A window of size 0 is none; whoever was held up may call again at once."""
    token = made(admin, rate_limit_window_size=60, rate_limit_window_count=1)
    text = token["access_token"]
    assert [reads(admin, text).status_code for _ in range(2)] == [200, 429]

    admin.call("PATCH", f"project/1/access_token/{text}", "account_write", json={"rate_limit_window_size": 0})

    answer = reads(admin, text)
    assert (answer.status_code, answer.headers["X-Rate-Limit-Remaining"]) == (200, "49999")


def test_the_limit_that_is_hit_first_applies() -> None:
    """A token's own limit stands beside the server's, and does not take its place; the headers tell of the nearer."""
    clock = Clock()
    with LocalServer(rate_limit=(3, 60.0), clock=clock, unix_clock=lambda: 1_700_000_000.0) as server:
        caller = Caller(server)
        with caller.session:
            own = {"rate_limit_window_size": 3600, "rate_limit_window_count": 5}
            text = made(caller, **own)["access_token"]
            first = [reads(caller, text) for _ in range(4)]
            told = listed(caller)["new"]
            clock.now += 60
            second = [reads(caller, text) for _ in range(2)]

    assert [answer.status_code for answer in (*first, *second)] == [200, 200, 200, 429, 200, 429]
    limits = [[answer.headers[f"X-Rate-Limit-{name}"] for name in ("Limit", "Remaining")] for answer in first]
    assert limits == [["3", "2"], ["3", "1"], ["3", "0"], ["3", "0"]]
    assert second[1].headers["X-Rate-Limit-Limit"] == "5"
    assert second[1].headers["X-Rate-Limit-Remaining-Seconds"] == "3540"
    assert (told["rate_limit_window_count"], told["cur_rate_limit_window_count"]) == (5, 4)


def test_a_change_leaves_the_windows_of_others(admin: Caller) -> None:
    """Only the changed token begins anew."""
    other, changed = made(admin, name="a")["access_token"], made(admin, name="b")["access_token"]
    reads(admin, other)
    admin.call("PATCH", f"project/1/access_token/{changed}", "account_write", json={"rate_limit_window_size": 60})

    assert reads(admin, other).headers["X-Rate-Limit-Remaining"] == "49998"


def test_only_limits_are_changed(admin: Caller) -> None:
    """Name, scopes and state may be sent; they are passed over without a word."""
    token = made(admin)
    body = {"name": "other", "scopes": ["write"], "status": "disabled", "rate_limit_window_count": 5}
    answer = admin.call("PATCH", f"project/1/access_token/{token['public_id']}", "account_write", json=body)

    assert answer.json() == {"err": 0}
    told = listed(admin)["new"]
    assert (told["scopes"], told["status"], told["rate_limit_window_count"]) == (["read"], "enabled", 5)


def test_a_limit_has_to_be_a_number(admin: Caller) -> None:
    """A text is refused in JSON, as for a new token."""
    text = made(admin)["access_token"]
    body = {"rate_limit_window_size": "60", "rate_limit_window_count": 5}
    answer = admin.call("PATCH", f"project/1/access_token/{text}", "account_write", json=body)

    assert (answer.status_code, answer.json()["message"]) == (400, f"u'60' is not one of {SIZES}")
    assert listed(admin)["new"]["rate_limit_window_count"] is None


@pytest.mark.parametrize("is_in_path", [True, False])
@pytest.mark.parametrize("key", ["public_id", "access_token"])
def test_a_deleted_token_is_unknown_at_once(admin: Caller, key: str, is_in_path: bool) -> None:
    """Both forms of the call, both names of the token."""
    token = made(admin)
    path, name = "project/1/access_token", "public_id" if key == "public_id" else "project_access_token"
    if is_in_path:
        answer = admin.call("DELETE", f"{path}/{token[key]}", "account_write")
    else:
        answer = admin.call("DELETE", path, "account_write", json={name: token[key]})

    assert (answer.status_code, answer.json()) == (200, {"err": 0, "result": "Access token has been deleted."})
    refused = reads(admin, token["access_token"])
    assert (refused.status_code, refused.json()["message"]) == (
        403,
        f"access token not found: {token['access_token']}",
    )
    assert "new" not in listed(admin)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("named", ["nobody", "account", "other project"])
def test_only_tokens_of_the_project_are_touched(admin: Caller, method: str, named: str) -> None:
    """Neither the account's nor another project's, nor one that is not there."""
    created = admin.call("POST", "projects", "account_write", json={"name": "other"}).json()["result"]
    other = created["access_tokens"][0]["access_token"]
    text = {"nobody": "none", "account": admin.server.tokens["account_read"], "other project": other}[named]

    answer = admin.call(method, f"project/1/access_token/{text}", "account_write")

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "err": 1,
            "message": "Invalid project access token",
            "result": "Invalid project access token",
            "status_code": 400,
        },
    )
    assert len(admin.call("GET", f"project/{created['id']}/access_tokens", "account_read").json()["result"]) == 4


def test_a_project_that_is_not_there_has_no_tokens(admin: Caller) -> None:
    """Every call says so."""
    for method, path in (("GET", "access_tokens"), ("POST", "access_tokens"), ("PATCH", "access_token/x")):
        scope = "account_read" if method == "GET" else "account_write"
        body = {"name": "n", "scopes": ["read"]}
        answer = admin.call(method, f"project/9/{path}", scope, json=body)
        assert (answer.status_code, answer.json()["message"]) == (404, "Project not found in this account.")


def test_a_token_of_a_client_posts_for_clients_only(admin: Caller) -> None:
    """What the scopes of a new token say is what it may."""
    text = made(admin, scopes=["post_client_item"])["access_token"]

    def post(**data: Any) -> int:
        headers = {"X-Rollbar-Access-Token": text}
        return int(admin.session.post(f"{admin.server.endpoint}item/", json=item(**data), headers=headers).status_code)

    assert (post(platform="browser"), post(platform="linux"), reads(admin, text).status_code) == (200, 403, 403)


def test_tokens_outlive_a_restart(tmp_path: Any) -> None:
    """With their limits."""
    database = tmp_path / "store.db"
    with LocalServer(database=database) as server:
        tokens = server.tokens
        caller = Caller(server)
        with caller.session:
            text = made(caller, rate_limit_window_size=60, rate_limit_window_count=7)["access_token"]
    with LocalServer(database=database, tokens=tokens) as server:
        caller = Caller(server)
        with caller.session:
            assert reads(caller, text).headers["X-Rate-Limit-Limit"] == "7"
