"""The password before the pages, and who has to wait."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.errors import RollbarError
from rollbar_logging.server import LocalServer
from rollbar_logging.server.password import Failures, Password, _network, after_failure
from tests.server.conftest import Caller, Clock, item

PASSWORD = "pâss:wörd with spaces"


class Visitor:
    """Looks at the pages of one server with some password."""

    def __init__(self, server: LocalServer, clock: Clock) -> None:
        self.server = server
        self.clock = clock

    def get(self, password: str | None = None, path: str = "", **more: Any) -> requests.Response:
        """Get a page."""
        with requests.Session() as session:
            session.trust_env = False
            auth = None if password is None else ("anyone", password.encode())
            return session.get(self.server.url + path, auth=auth, timeout=20, **more)


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    """A visitor of a server with a password, on an address of all interfaces."""
    clock = Clock()
    with LocalServer(host="0.0.0.0", password=PASSWORD, clock=clock) as server:  # noqa: S104 - that is the point
        yield Visitor(server, clock)


def test_pages_are_for_those_who_know_the_password(visitor: Visitor) -> None:
    """Without it every page and ``/local/`` is 401 in the API's form; with it, under any name of the server, 200."""
    for path in ("", "local/stats", "local/occurrences", "nothing", "item/1"):
        for password in (None, ""):
            answer = visitor.get(password, path)
            assert (answer.status_code, answer.json()["err"]) == (401, 1)
            assert answer.headers["www-authenticate"].startswith("Basic ")
            visitor.clock.now += 1000
    assert visitor.get(PASSWORD, headers={"Host": "rollbar.team.example"}).status_code == 200
    assert visitor.get(PASSWORD, "local/stats").json()["result"]["requests"] == 0


def test_the_api_keeps_to_its_tokens(visitor: Visitor) -> None:
    """Items are posted and read with a token and without the password; the password is no token."""
    caller = Caller(visitor.server)
    with caller.session:
        assert caller.post(item()).status_code == 200
        assert caller.get("items").json()["result"]["total_count"] == 1
        assert caller.session.get(visitor.server.endpoint + "items", auth=("a", "b"), timeout=20).status_code != 200
        assert visitor.get(None, "health").status_code == 200


def test_who_guesses_has_to_wait(visitor: Visitor) -> None:
    """After five wrong passwords even the right one has to wait; then it is taken, and the past is forgotten."""
    assert [visitor.get("wrong").status_code for _ in range(5)] == [401] * 5
    refused = visitor.get(PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert visitor.get(None, "health").status_code == 200
    visitor.clock.now += 1
    assert visitor.get("wrong").status_code == 401
    assert visitor.get(PASSWORD).headers["retry-after"] == "2"
    visitor.clock.now += 2
    assert visitor.get(PASSWORD).status_code == 200
    assert [visitor.get("wrong").status_code for _ in range(4)] == [401] * 4
    assert visitor.get(PASSWORD).status_code == 200


def test_without_a_password_the_guard_of_names_stays() -> None:
    """On the loopback interface pages ask for nothing, and are not served under a name that another could own."""
    with LocalServer() as server:
        visitor = Visitor(server, Clock())
        assert visitor.get().status_code == 200
        assert visitor.get(headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - that is the point
def test_an_address_for_all_needs_a_password(host: str) -> None:
    """Where others can come, the server does not start without one, and says what to do."""
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with pytest.raises(RollbarError, match=r"ROLLBAR_SERVE_PASSWORD.*--password"), LocalServer(host=host):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost"])
def test_an_address_of_this_machine_alone_needs_none(host: str) -> None:
    """The whole loopback network is nobody else's."""
    with LocalServer(host=host) as server:
        assert server.is_loopback


def test_no_database_is_made_by_a_start_that_is_refused(tmp_path: Any) -> None:
    """The tokens of a new database are shown once; so there is none before the server can start."""
    path = tmp_path / "local.db"
    with pytest.raises(RollbarError), LocalServer(host="0.0.0.0", database=path):  # noqa: S104 - likewise
        pass
    with LocalServer() as other, pytest.raises(RollbarError, match="taken"):
        LocalServer(port=int(other.url.rsplit(":", 1)[1].strip("/")), database=path).start()
    assert not path.exists()


@pytest.mark.parametrize(
    "options",
    [
        {"password": "short"},
        {"retention": 0},
        {"log": "loud"},
        {"tokens": {"reed": "x"}},
        {"projects": {"a": {"account_read": "x"}}},
    ],
)
def test_a_value_that_cannot_be_is_refused_at_once(options: dict[str, Any]) -> None:
    """A bad option is an error of whoever gives it, and shows no secret."""
    with pytest.raises(RollbarError) as refused:
        LocalServer(**options)
    assert "short'" not in str(refused.value)


def basic(pair: bytes) -> str:
    """Return a header."""
    return "Basic " + base64.b64encode(pair).decode()


@given(st.text(min_size=8), st.text())
def test_only_the_password_is_the_password(text: str, other: str) -> None:
    """Any text may be one; another one never is; any user's name will do."""
    password = Password(text, lambda: 0.0)
    encoded = text.encode("utf-8", "surrogatepass")
    assert password.is_known(basic(b"anyone:" + encoded), "a")
    assert password.is_known(basic(b":" + encoded), "a")
    assert password.is_known(basic(b"anyone:" + other.encode("utf-8", "surrogatepass")), "b") == (text == other)
    assert text not in repr(password)


@given(st.one_of(st.text(), st.binary().map(lambda raw: basic(raw.replace(b":", b"")))))
def test_any_header_is_a_wrong_one(header: str) -> None:
    """Whatever a client sends is a wrong password, and no error; nothing sent is no attempt."""
    password = Password("a password", lambda: 0.0)
    for _ in range(5):
        assert not password.is_known(header, "a")
    assert (password.wait_of("a") > 0) == bool(header)
    assert password.wait_of("b") == 0


def test_the_wait_doubles_up_to_a_minute() -> None:
    """Five are free; then each costs twice as much as the one before."""
    failures, waits = Failures(), []
    for _ in range(2000):
        failures = after_failure(failures, 100.0)
        waits.append(max(failures.until - 100.0, 0))
    assert waits[:12] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert set(waits[12:]) == {60}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("", "", True),
    ],
)
def test_who_has_a_network_of_addresses_is_one_client(one: str, other: str, is_same: bool) -> None:
    """An address of IPv6 stands for its network of 64 bits."""
    assert (_network(one) == _network(other)) is is_same
