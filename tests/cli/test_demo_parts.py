"""The parts of the command ``demo``: environment, secrets, the neighbour, and the table."""

from __future__ import annotations

import os

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.cli.demo_app import SCENES
from rollbar_logging.cli.demo_stage import NEIGHBOUR_UUID, Secrets, environment, use_up_window
from rollbar_logging.cli.demo_table import WIDTH, Row, cuts, faults_of, row_of, table
from rollbar_logging.server import LocalServer, ReceivedOccurrence

VARIABLES = st.dictionaries(st.from_regex(r"ROLLBAR_[A-Z_]{0,8}", fullmatch=True), st.text("aZ0 =/%", max_size=8))


@given(theirs=VARIABLES, ours=VARIABLES)
def test_the_environment_holds_only_what_is_asked_for(theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Whatever was set: inside there are exactly the variables asked for, afterwards exactly those of before."""
    before = dict(os.environ)
    os.environ.update(theirs)
    try:
        with environment(ours) as aside:
            inside = {name: value for name, value in os.environ.items() if name.startswith("ROLLBAR_")}
        assert (inside, aside) == (ours, sorted(theirs))
        assert dict(os.environ) == {**before, **theirs}
    finally:
        for name in theirs:
            os.environ.pop(name, None)


def test_a_variable_that_cannot_be_set_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that the system refuses is an error, after which the variables of before are set again."""
    monkeypatch.setenv("ROLLBAR_LEVEL", "INFO")
    before = dict(os.environ)
    with pytest.raises(ValueError, match="null"), environment({"ROLLBAR_A": "a", "ROLLBAR_LEVEL": "\0"}):
        pass

    assert dict(os.environ) == before


def test_a_secret_is_found_by_its_beginning() -> None:
    """A secret that was cut short is still one; another of its kind is none."""
    secrets = Secrets()
    (secret, _) = secrets.plant(2)

    assert [secrets.found_in(text) for text in (secret, f'"{secret[:12]}…"', secret[:11], secret[::-1], "")] == [
        1,
        1,
        0,
        0,
        0,
    ]


class Clock:
    """Monotonic seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("elapsed", "calls", "slept"), [(0.0, 4, []), (1.5, 9, [1])])
def test_the_neighbour_closes_the_window(elapsed: float, calls: int, slept: list[float]) -> None:
    """After it the next call is answered 429; what is too short a window is waited out, and the next one closed."""
    clock = Clock()
    with LocalServer(rate_limit=(5, 2.0), clock=clock) as server:
        url, token = f"{server.endpoint}item/", server.tokens["post_server_item"]
        item = {"data": {"environment": "test", "body": {"message": {"body": "boom"}}}}

        def post() -> int:
            return requests.post(url, json=item, headers={"X-Rollbar-Access-Token": token}, timeout=10).status_code

        assert post() == 200
        clock.now += elapsed
        assert use_up_window(server.endpoint, token, clock.sleep) == calls
        assert clock.slept == slept
        assert post() == 429
        assert [each.uuid for each in server.occurrences()].count(NEIGHBOUR_UUID) == 1


def test_the_neighbour_gives_up() -> None:
    """Where there is no limit, or its token is refused, one call is enough to know."""
    with LocalServer(rate_limit=None) as server:
        assert use_up_window(server.endpoint, server.tokens["post_server_item"]) == 1
        assert use_up_window(server.endpoint, "unknown") == 1
    with LocalServer(rate_limit=(1, 0.5)) as server:
        assert use_up_window(server.endpoint, server.tokens["post_server_item"], lambda _: None) == 4


def occurrence(uuid: str, body_bytes: int, **diagnostic: object) -> ReceivedOccurrence:
    """Return what a server might have stored."""
    data = {"notifier": {"diagnostic": diagnostic}, "custom": {"text": "abc… [+90 chars]", "…": "[+7 items]"}}
    return ReceivedOccurrence(
        1, uuid, 1, "item", "post_server_item", 0.0, body_bytes, "demo", "error", "t", data, 1, 0.0
    )


def test_a_row_is_what_the_server_stored() -> None:
    """It sums over the reports that arrived; what did not arrive adds nothing but to what was logged."""
    arrived = {
        "a": occurrence("a", 200_000, scrubbed=2, truncation={"custom": "1 removed, 5 bytes"}),
        "b": occurrence("b", 300, scrubbed=1),
        "other": occurrence("other", 1),
    }
    row = row_of("scene", ["a", "b", "c", None], arrived, 3)

    assert row == Row(
        "scene",
        4,
        ("a", "b"),
        200_300,
        200_000,
        3,
        {"chars": 180, "items": 14},
        {"custom": "1 removed, 5 bytes"},
        3,
    )
    assert faults_of(row, ["scrubbed", "cut", "deferred"]) == [
        "scene: 2 of 4 did not arrive",
        "scene: a body of 200,000 bytes is larger than 131,072",
    ]
    assert cuts([row]) == "  scene: 180 chars, 14 items at capture; custom: 1 removed, 5 bytes"


def test_a_row_of_nothing_lacks_all() -> None:
    """A scene of which nothing arrived is told with all that it was to show."""
    row = row_of("scene", [None], {}, 0)

    assert faults_of(row, ["scrubbed", "cut", "deferred"]) == [
        "scene: 1 of 1 did not arrive",
        "scene: nothing was scrubbed",
        "scene: nothing was cut",
        "scene: nothing was deferred",
    ]
    assert cuts([row]) == ""


NUMBERS = st.integers(0, 99_999_999)


@given(st.lists(st.tuples(st.sampled_from([scene.title for scene in SCENES]), NUMBERS, NUMBERS, NUMBERS), min_size=1))
def test_the_table_is_straight_and_fits(numbers: list[tuple[str, int, int, int]]) -> None:
    """Whatever the numbers, its lines are of one length, and of 100 columns at most."""
    rows = [Row(title, 1, (), count, count, scrubbed, {}, {}, deferred) for title, count, scrubbed, deferred in numbers]
    lines = table(rows).splitlines()

    assert len(lines) == len(rows) + 4
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= WIDTH
