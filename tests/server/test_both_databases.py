"""What the storage keeps, on both databases: what was sent to the character, tokens, duplicates, order."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from rollbar_logging.server.storage.opening import open_store, shown
from tests.server.conftest import Caller, error_item, item
from tests.server.postgres import Cluster, free_port

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
ODD_TEXT = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["\0", "\ud800", "a\0b", "\udfff\ud800", "'", "%_\\"]
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A caller of a server on each of the databases, for all tests of the module."""
    if request.param == "sqlite":
        database: Path | str = tmp_path_factory.mktemp("both") / "local.db"
    else:
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        database = cluster.new_database()
    with LocalServer(database=database, rate_limit=None) as server:
        caller = Caller(server)
        with caller.session:
            yield caller


def stored(caller: Caller, uuid: str) -> Any:
    """Return the newest occurrence, which is that of the uuid."""
    (found,) = caller.get("instances?limit=1").json()["result"]["instances"]
    assert found["data"]["uuid"] == uuid
    return found["data"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(custom=st.dictionaries(ODD_TEXT, ANY_JSON | ODD_TEXT, max_size=4), message=ODD_TEXT, name=ODD_TEXT)
def test_what_is_sent_comes_back(shared: Caller, custom: dict[str, Any], message: str, name: str) -> None:
    """NUL, halves of surrogate pairs, large numbers and quotes come back as they were sent, wherever they stand."""
    payload = error_item(message, custom=custom, person={"id": name, "username": name}, context=name, extra_key=custom)
    payload["data"]["body"]["trace_chain"][0]["frames"][0] |= {"filename": name, "method": name, "locals": custom}
    answer = shared.post(payload)
    assert answer.status_code == 200

    data = stored(shared, answer.json()["result"]["uuid"])
    assert data["custom"] == data["extra_key"] == custom
    assert data["body"] == payload["data"]["body"]
    assert data["person"] == {"id": name, "username": name}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ODD_TEXT.filter(bool))
def test_any_name_is_kept_or_replaced(shared: Caller, text: str) -> None:
    """Environment, uuid, title, fingerprint, platform and version may hold anything: columns carry what they can."""
    odd = dict.fromkeys(("environment", "uuid", "title", "fingerprint", "platform", "framework", "code_version"), text)
    payload = {"data": {"body": {"message": {"body": "m"}}, "language": text, "server": {"host": text}, **odd}}
    first, second = shared.post(payload), shared.post(payload)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    (newest,) = shared.get("instances?limit=1").json()["result"]["instances"]
    assert shared.get(f"item/{newest['item_id']}").status_code == 200


def test_the_longest_names_are_kept(shared: Caller) -> None:
    """Texts at the limits of the API fit into every index, also in the letters that take most bytes."""
    wide = "\U0001f600" * 255
    names = {
        "environment": wide,
        "uuid": wide,
        "title": wide,
        "fingerprint": wide,
        "code_version": wide,
        "context": wide,
    }
    answer = shared.post(item("m", **names, platform=wide * 10, framework=wide * 10, language=wide * 10))

    assert (answer.status_code, answer.json()["result"]["uuid"]) == (200, wide)
    found = shared.get("items", params={"environment": wide}).json()["result"]["items"]
    assert [each["title"] for each in found] == [wide]


def test_a_large_item_is_kept(shared: Caller) -> None:
    """An item just under the limit, of what cannot be packed well."""
    payload = item(custom={str(number): hash(str(number)) for number in range(4_000)})
    answer = shared.post(payload)
    assert answer.status_code == 200
    assert stored(shared, answer.json()["result"]["uuid"])["custom"] == payload["data"]["custom"]


def test_a_uuid_is_stored_once_whoever_is_first(shared: Caller) -> None:
    """Twenty callers at once with the same uuids are all answered 200, and each uuid is stored once."""
    before = shared.server.stats()
    start = threading.Barrier(10)
    statuses: list[int] = []

    def post_all() -> None:
        caller = Caller(shared.server)
        with caller.session:
            start.wait(30)
            statuses.extend(
                caller.post(item(uuid=f"same-{number}", fingerprint="same")).status_code for number in range(20)
            )

    threads = [threading.Thread(target=post_all) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert statuses == [200] * 200
    after = shared.server.stats()
    assert (after.stored - before.stored, after.duplicates - before.duplicates) == (20, 180)
    (found,) = shared.get("items", params={"query": "fingerprint:same"}).json()["result"]["items"]
    assert found["total_occurrences"] == 20


def test_tokens_outlive_the_server(either_database: Path | str) -> None:
    """The texts that were shown once work with the next server, one that was disabled stays so; none is stored."""
    with LocalServer(database=either_database) as server:
        tokens = server.tokens
        server.set_enabled("post_client_item", is_enabled=False)
        assert set(tokens) == {"post_server_item", "post_client_item", "read", "write", "account_read", "account_write"}
    with LocalServer(database=either_database) as server:
        caller = Caller(server)
        with caller.session:

            def status(name: str, method: str, path: str, **more: Any) -> int:
                headers = {"X-Rollbar-Access-Token": tokens[name]}
                answer = caller.session.request(method, server.endpoint + path, headers=headers, timeout=30, **more)
                return int(answer.status_code)

            assert status("post_server_item", "POST", "item/", json=item()) == 200
            assert status("post_client_item", "POST", "item/", json=item(platform="browser")) == 403
            assert status("read", "GET", "items") == 200
            assert status("write", "PATCH", "item/1", json={"status": "muted"}) == 200
            assert status("account_read", "GET", "items?project_id=1") == 200
        assert not set(tokens.values()) & set(server.tokens.values())
    with LocalServer(database=either_database, new_tokens=True) as server:
        caller = Caller(server)
        with caller.session:
            assert not set(tokens.values()) & set(server.tokens.values())
            assert caller.post(item()).status_code == 200
            assert (
                caller.post(item(), scope=None, headers={"X-Rollbar-Access-Token": tokens["read"]}).status_code == 403
            )


def test_what_arrived_outlives_the_server(either_database: Path | str) -> None:
    """Items, occurrences and counters go on where they were."""
    for number in range(1, 4):
        with LocalServer(database=either_database, access_token="kept") as server:
            caller = Caller(server)
            with caller.session:
                assert caller.post(item("same")).status_code == 200
                assert caller.post(error_item(environment=f"e{number}")).status_code == 200
            assert len(server.occurrences()) == 2 * number
            assert [each.id for each in server.occurrences()] == list(range(1, 2 * number + 1))
            items = {each.counter: each.total_occurrences for each in server.items()}
            assert items == {1: number, **dict.fromkeys(range(2, number + 2), 1)}


def test_numbers_are_kept_to_the_digit(either_caller: Caller) -> None:
    """Whole numbers and decimals come back as they were written, which another reader may need."""
    written = '{"whole": 123456789012345678901234567890, "small": 1e-7, "exact": 0.1, "negative": -0.0}'
    body = json.dumps(item("m", custom="HERE")).replace('"HERE"', written).encode()
    assert either_caller.post(body).status_code == 200

    text = either_caller.get("instances").text
    assert "123456789012345678901234567890" in text
    assert json.loads(text)["result"]["instances"][0]["data"]["custom"] == json.loads(written)


def test_a_whole_number_of_any_length_is_one(either_caller: Caller) -> None:
    """Readers of JSON make floats of those that are longer than 64 bits, which no field of whole numbers may have."""
    long = int("9" * 30)
    request = {"user_ip": "$remote_ip", "params": {"id": long, "other": -(2**64)}}
    assert either_caller.post(item(person={"id": long}, code_version=long, request=request)).status_code == 200
    (arrived,) = either_caller.server.occurrences()
    assert (arrived.data["person"], arrived.data["code_version"]) == ({"id": long}, long)
    assert arrived.data["request"]["params"] == {"id": long, "other": -(2**64)}


@pytest.mark.parametrize(
    "database", ["postgresql://u:p@127.0.0.1:{port}/none", "postgresql://u:p@127.0.0.1:{port}", "postgres://"]
)
def test_a_database_that_is_not_there_is_said_without_its_password(database: str) -> None:
    """An error to open it names the place and the reason, never the password."""
    url = database.replace("u:p@", "ann:s3cret@").format(port=free_port())
    assert "s3cret" not in shown(url)
    with pytest.raises(RollbarError, match="cannot use the database") as raised:
        open_store(url, 1.0)
    assert "s3cret" not in str(raised.value)
