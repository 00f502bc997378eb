"""The spool: what is kept, what gives way, and who has a claim."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollbar_logging.delivery.spool import Contents, KeepResult, Spool, SpoolError
from tests.delivery.spools import NOW, Clock, file_of, kept, spools, uuids


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def new(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Spool]]:
    """Makes spools in one folder, each like another process's."""
    with spools(tmp_path / "spool", clock) as new:
        yield new


def test_a_report_comes_back_as_it_was(new: Callable[..., Spool]) -> None:
    """Another process claims exactly what was kept."""
    report = kept("u", rank=4, age=2.5, body=bytes(range(256)))

    assert new().keep([report]) == KeepResult(("u",))
    assert new().claim(9) == [report]


def test_nothing_is_opened_before_it_is_used(new: Callable[..., Spool], tmp_path: Path) -> None:
    """A spool that is only made, and closed, leaves no trace."""
    new().close()

    assert list(tmp_path.iterdir()) == []


def test_what_is_over_is_open_only_while_it_is_used(new: Callable[..., Spool]) -> None:
    """A sender whose answer comes after the end leaves nothing open; before, a spool opens again for good."""
    spool = new()
    spool.keep([kept("a"), kept("b")])
    spool.close()
    assert not spool.file.is_open
    spool.remove(["a"])
    assert spool.file.is_open
    spool.close(is_over=True)
    spool.remove(["b"])
    assert not spool.file.is_open
    assert new().contents().number == 0


def test_the_most_severe_then_the_oldest_comes_first(new: Callable[..., Spool]) -> None:
    """Claims, and looks, go by severity, then by age."""
    spool = new()
    spool.keep([kept("a", 1, 9), kept("b", 4, 1), kept("c", 4, 5), kept("d", 0, 99)])

    assert uuids(spool.entries()) == ["c", "b", "a", "d"]
    assert [uuids(spool.claim(3)), uuids(spool.claim(3))] == [["c", "b", "a"], ["d"]]


def test_no_two_hold_the_same_report(new: Callable[..., Spool]) -> None:
    """What one has claimed the other does not get, until it is given back."""
    one, other = new(), new()
    one.keep([kept("a"), kept("b")])

    assert uuids(one.claim(1)) == ["a"]
    assert uuids(other.claim(9)) == ["b"]
    assert one.release(["a", "b", "x"]) == ["a", "b"]
    assert uuids(other.claim(9)) == ["a"]


def test_kept_with_a_claim(new: Callable[..., Spool]) -> None:
    """A report kept with a claim is nobody else's until its keeper closes."""
    one, other = new(), new()
    one.keep([kept("a")], is_claimed=True)

    assert other.claim(9) == []
    one.close()
    assert uuids(other.claim(9)) == ["a"]


def test_a_claim_runs_out(new: Callable[..., Spool], clock: Clock) -> None:
    """Without a sign of life a claim holds for a lease; a sign of life is worth another one."""
    one, other = new(lease=60.0), new()
    one.keep([kept("a")], is_claimed=True)
    clock.now += 59
    one.renew()
    clock.now += 59
    assert other.claim(9) == []
    assert other.contents().claimed == 1
    clock.now += 1
    assert other.contents().claimed == 0
    assert uuids(other.claim(9)) == ["a"]
    one.renew()
    assert one.claim(9) == []


def test_nobody_claims_twice_what_it_has(new: Callable[..., Spool], clock: Clock) -> None:
    """A machine that slept: the lease is over, but the reports are still in this process's memory. Others may come."""
    one, other = new(lease=60.0), new()
    one.keep([kept("a"), kept("b")])
    assert uuids(one.claim(1)) == ["a"]
    clock.now += 3600

    assert uuids(one.claim(9)) == ["b"]
    clock.now += 3600
    assert uuids(other.claim(9)) == ["a", "b"]


def test_a_clock_that_is_put_back_holds_no_report(new: Callable[..., Spool], clock: Clock) -> None:
    """A lease that lies an hour in the future was given by another clock, and counts no more."""
    new().keep([kept("a")], is_claimed=True)
    clock.now -= 3600

    assert uuids(new().claim(9)) == ["a"]


def test_a_removed_report_is_gone(new: Callable[..., Spool]) -> None:
    """Whoever has the claim, a report that was sent is removed."""
    one, other = new(), new()
    one.keep([kept("a"), kept("b")])
    other.claim(1)
    one.remove(["a", "x"])

    assert uuids(new().entries()) == ["b"]


def test_a_uuid_is_there_once(new: Callable[..., Spool]) -> None:
    """Kept again, a report takes its earlier place; a claim of ours ends with that, another's does not."""
    one, other = new(), new()
    one.keep([kept("a"), kept("b")], is_claimed=True)
    one.keep([kept("a", rank=0, body=b"old"), kept("a", rank=1, body=b"new")])

    assert other.keep([kept("b", body=b"b")], is_claimed=True) == KeepResult(("b",), held=("b",))
    assert other.claim(9) == [kept("a", rank=1, body=b"new")]
    assert one.contents() == Contents(2, 4, NOW, 2, (0, 1, 0, 1, 0))


def test_too_old_is_given_up_and_told(new: Callable[..., Spool], clock: Clock) -> None:
    """What is past its age is removed by the next claim, which tells; what somebody is about to send stays."""
    spool = new(max_age=100.0)
    spool.keep([kept("old", age=101), kept("young", age=100)])
    new().keep([kept("flying", age=101)], is_claimed=True)

    assert uuids(spool.claim(9)) == ["young"]
    assert (spool.take_expired(), spool.take_expired()) == (["old"], [])
    assert spool.contents().number == 2


def test_the_least_severe_and_oldest_gives_way(new: Callable[..., Spool]) -> None:
    """Within the bound, what matters least goes first, new reports included."""
    spool = new(max_bytes=30)
    ten = b"0123456789"
    spool.keep([kept("a", 1, 5, ten), kept("b", 1, 9, ten), kept("c", 3, 1, ten)])

    assert spool.keep([kept("d", 2, 0, ten)]) == KeepResult(("d",), (), ("b",))
    assert spool.keep([kept("e", 0, 0, ten)]) == KeepResult((), ("e",), ())
    assert sorted(uuids(spool.entries())) == ["a", "c", "d"]
    assert spool.contents().bytes == 30


def test_a_report_larger_than_the_spool_costs_no_other(new: Callable[..., Spool]) -> None:
    """It is refused, however severe."""
    spool = new(max_bytes=10)
    spool.keep([kept("a", 0)])

    assert spool.keep([kept("big", 4, body=b"x" * 11)]) == KeepResult((), ("big",))
    assert uuids(spool.entries()) == ["a"]


def test_what_gives_way_in_vain_stays(new: Callable[..., Spool]) -> None:
    """When a large new report does not fit, a smaller and milder one need not go with it."""
    spool = new(max_bytes=30)
    spool.keep([kept("small", 0, body=b"1"), kept("c", 4, body=b"x" * 20)])

    assert spool.keep([kept("large", 1, body=b"x" * 20)]) == KeepResult((), ("large",))
    assert sorted(uuids(spool.entries())) == ["c", "small"]


def test_tokens_do_not_mix(new: Callable[..., Spool]) -> None:
    """Reports of another access token are neither claimed, counted, removed nor made to give way."""
    ours, theirs = new(token="a", max_bytes=4), new(token="b", max_bytes=4)
    theirs.keep([kept("x", 0, body=b"1234")])
    assert ours.keep([kept("x", 1, body=b"abcd")]) == KeepResult(("x",))

    assert ours.contents().number == 1
    ours.remove(["x"])
    assert ours.claim(9) == []
    assert ours.clear() == 0
    assert uuids(theirs.claim(9)) == ["x"]


def test_without_a_token_one_may_look_and_clear_only(new: Callable[..., Spool]) -> None:
    """All tokens' reports are seen and can be cleared, but not claimed."""
    new(token="a").keep([kept("x")])
    new(token="b").keep([kept("y")], is_claimed=True)
    everything = new(token=None)

    assert everything.contents().number == 2
    assert everything.claimed() == {"y"}
    with pytest.raises(SpoolError, match="access token"):
        everything.claim(1)
    assert (everything.clear(), everything.contents()) == (2, Contents())


def test_the_token_is_not_written(new: Callable[..., Spool], tmp_path: Path) -> None:
    """No file holds the access token."""
    new(token="0123456789abcdef0123456789abcdef").keep([kept("x")])

    for path in (tmp_path / "spool").iterdir():
        assert b"0123456789abcdef0123456789abcdef" not in path.read_bytes()


def test_threads_share_a_spool(new: Callable[..., Spool]) -> None:
    """Several threads of a process use one spool at once, and nothing is lost or claimed twice."""
    spool, claimed = new(), []

    def work(number: int) -> None:
        for i in range(20):
            spool.keep([kept(f"{number}-{i}")])
            claimed.extend(uuids(spool.claim(1)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claimed) == len(set(claimed)) == 80


def test_room_is_given_back(new: Callable[..., Spool]) -> None:
    """After an outage the file shrinks."""
    spool = new()
    spool.keep([kept(str(i), body=b"x" * 4000) for i in range(600)])
    spool.close()
    large = file_of(spool).stat().st_size
    for i in range(600):
        spool.remove([str(i)])
    spool.close()

    assert file_of(spool).stat().st_size < large / 2
