"""The spool against a simple model: whatever is kept, claimed, given back and removed, and in which order."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.delivery.spool import Kept, Spool
from tests.delivery.spools import NOW, Clock, spools

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("keep"),
            st.integers(0, 1),
            st.lists(
                st.tuples(st.sampled_from("abcdef"), st.integers(0, 4), st.integers(0, 3), st.integers(0, 6)),
                max_size=4,
            ),
            st.booleans(),
        ),
        st.tuples(st.just("claim"), st.integers(0, 1), st.integers(0, 4)),
        st.tuples(st.sampled_from(["remove", "release"]), st.integers(0, 1), st.lists(st.sampled_from("abcdef"))),
    ),
    max_size=12,
)
MOST = 12


@given(STEPS)
def test_it_does_what_a_simple_model_does(steps: list[Any]) -> None:
    """Two processes keep, claim, give back and remove; bound, order and claims hold at each step."""
    there: dict[str, Kept] = {}
    claims: dict[str, int] = {}
    with TemporaryDirectory() as folder, spools(Path(folder), Clock()) as new:
        both = [new(max_bytes=MOST) for _ in range(2)]
        for name, who, *arguments in steps:
            take_step(both[who], there, claims, name, who, *arguments)
            assert {k.uuid: k for k in both[0].entries()} == there
            assert both[1].claimed() == claims.keys()
            assert both[0].contents().bytes == sum(len(k.body) for k in there.values()) <= MOST


def take_step(
    spool: Spool, there: dict[str, Kept], claims: dict[str, int], name: str, who: int, what: Any, flag: bool = False
) -> None:
    """Do one thing to the spool, and the same to the model."""
    if name == "keep":
        reports = [Kept(uuid, rank, NOW + created, b"x" * size) for uuid, rank, created, size in what]
        before = dict(there)
        result = spool.keep(reports, is_claimed=flag)
        there.update({report.uuid: report for report in reports})
        for report in reports:
            if claims.get(report.uuid, who) == who:
                claims.pop(report.uuid, None)
                claims.update({report.uuid: who} if flag else {})
        gone = {*result.refused, *result.gave_way}
        check_room(there, gone)
        assert {*result.kept, *result.refused} == {report.uuid for report in reports}
        assert set(result.held) == {u for u in result.kept if claims.get(u, who) != who}
        assert set(result.gave_way) <= before.keys()
    elif name == "claim":
        free = sorted((k for k in there.values() if k.uuid not in claims), key=lambda k: (-k.rank, k.created))
        claimed = spool.claim(what)
        assert [(k.rank, k.created) for k in claimed] == [(k.rank, k.created) for k in free[:what]]
        assert {k.uuid for k in claimed} <= {k.uuid for k in free}
        claims.update({k.uuid: who for k in claimed})
        return
    elif name == "remove":
        spool.remove(what)
        gone = set(what)
    else:
        spool.release(what)
        for uuid in what:
            if claims.get(uuid) == who:
                del claims[uuid]
        return
    for uuid in gone:
        there.pop(uuid, None)
        claims.pop(uuid, None)


def check_room(there: dict[str, Kept], gone: set[str]) -> None:
    """What gave way was needed, and mattered less than all that stayed and would not have made room alone."""
    left = MOST - sum(len(k.body) for uuid, k in there.items() if uuid not in gone)
    assert left >= 0
    worth = {uuid: (k.rank, k.created) for uuid, k in there.items()}
    for uuid in gone:
        assert len(there[uuid].body) > left, "there would have been room"
        lesser = [u for u in there.keys() - gone if worth[u] < worth[uuid]]
        assert sum(len(there[u].body) for u in lesser) + left < len(there[uuid].body), "lesser ones could have gone"
