"""What never makes a difference to grouping, for any value of it; and that twenty causes are twenty items."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbar_logging.server.grouping import fingerprint_of, without_variables
from tests.server.conftest import Caller, item

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/".join(names) + ".py")
ROOTS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
LINES = st.none() | st.integers(0, 10**6)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(10) | st.integers(max_value=-10),
    "decimal": st.floats(allow_nan=False, allow_infinity=False),
    "grouped number": st.integers(1000).map(lambda number: f"{number:,}"),
    "time": st.datetimes().map(lambda moment: moment.isoformat(" ")),
    "zoned time": st.datetimes(timezones=st.timezones()).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    ),
    "date": st.dates(),
    "written date": st.datetimes().map(lambda moment: moment.ctime()),
    "clock": st.times().map(lambda time: f"{time.hour}:{time.minute:02}"),
    "address": st.emails(),
    "IPv4": st.ip_addresses(v=4),
    "IPv6": st.ip_addresses(v=6),
    "uuid": st.uuids(),
    "pointer": st.integers(0).map(hex),
    "digest": st.binary(min_size=16, max_size=64).map(bytes.hex),
}
SENTENCES = ("{}", "order {} failed", "the peer at ({}) is gone", "value={}, retry", "<{}>", "no '{}' in the table")


@pytest.mark.parametrize("kind", list(VALUES))
@given(data=st.data(), sentence=st.sampled_from(SENTENCES))
def test_what_changes_in_a_message_never_matters(kind: str, data: st.DataObject, sentence: str) -> None:
    """Numbers of two and more digits, dates, hex numbers, e-mail and IP addresses: any one for any other."""
    one, other = data.draw(VALUES[kind]), data.draw(VALUES[kind])

    assert without_variables(sentence.format(one)) == without_variables(sentence.format(other))


@settings(max_examples=20)
@given(number=st.integers(10, 10**12), other=st.integers(10, 10**12), word=st.sampled_from("abcdefgh"))
def test_what_changes_early_moves_nothing_later(number: int, other: int, word: str) -> None:
    """A long message counts up to the same place, however long what changes in it is."""
    rest = " ".join(f"{word}{letter}" for letter in "ghijklmnop" * 300)

    assert without_variables(f"{number} {rest}") == without_variables(f"{other} {rest}")


@given(text=st.text("ghijklmnopqrstuvwxyz .,;!?()[]'\"", max_size=200))
def test_words_stay(text: str) -> None:
    """Where there is nothing that changes, nothing is taken out."""
    assert without_variables(text) == text


def trace(frames: list[tuple[str, str, int | None]], name: str, message: str) -> dict[str, Any]:
    """Return a trace."""
    return {
        "frames": [{"filename": path, "method": method, "lineno": line} for path, method, line in frames],
        "exception": {"class": name, "message": message},
    }


@given(
    places=st.lists(st.tuples(PATHS, NAMES), min_size=1, max_size=5),
    lines=st.lists(LINES, min_size=10, max_size=10),
    messages=st.tuples(st.text(), st.text()),
    roots=st.tuples(ROOTS, ROOTS),
    is_chain=st.booleans(),
)
def test_lines_messages_and_roots_never_matter(
    places: list[tuple[str, str]],
    lines: list[int | None],
    messages: tuple[str, str],
    roots: tuple[str, str],
    is_chain: bool,
) -> None:
    """The same exception from the same functions is one item, on whichever machine and in whichever release."""

    def fingerprint(root: str, message: str, numbers: list[int | None], end: str) -> str:
        frames = [(f"{root}/{path}", method, line) for (path, method), line in zip(places, numbers, strict=False)]
        one = trace(frames, "ValueError", message)
        body = {"trace_chain": [one, one]} if is_chain else {"trace": one}
        return fingerprint_of({"environment": "e", "server": {"root": root + end}, "body": body})

    assert fingerprint(roots[0], messages[0], lines[:5], "") == fingerprint(roots[1], messages[1], lines[5:], "/")


@given(
    places=st.lists(st.tuples(PATHS, NAMES), min_size=1, max_size=5),
    others=st.lists(st.tuples(PATHS, NAMES), min_size=1, max_size=5),
)
def test_other_places_are_other_items(places: list[tuple[str, str]], others: list[tuple[str, str]]) -> None:
    """Two traces are one item exactly when all files and functions are the same."""

    def fingerprint(chosen: list[tuple[str, str]]) -> str:
        frames = [(path, method, 1) for path, method in chosen]
        return fingerprint_of({"environment": "e", "body": {"trace": trace(frames, "E", "m")}})

    assert (fingerprint(places) == fingerprint(others)) == (places == others)


def test_roots_of_windows_are_stripped_too() -> None:
    """A root with backslashes, at whose end there may be another."""

    def fingerprint(root: str, path: str) -> str:
        body = {"trace": trace([(path, "run", 1)], "E", "m")}
        return fingerprint_of({"environment": "e", "server": {"root": root}, "body": body})

    assert fingerprint(r"C:\app", r"C:\app\shop\x.py") == fingerprint("D:\\sites\\other\\", r"D:\sites\other\shop\x.py")
    assert fingerprint(r"C:\app", r"C:\application\x.py") != fingerprint(r"C:\application", r"C:\application\x.py")


def raise_sites(count: int) -> list[Callable[[str], None]]:
    """Return functions that each raise at a place of their own; some of them wrap what they caught."""
    source = "".join(
        f"def site_{chr(97 + number)}(text):\n"
        f"    try:\n        raise {'KeyError' if number % 2 else 'ValueError'}('failed for ' + text)\n"
        f"    except Exception as error:\n        {'raise RuntimeError(text) from error' if number % 3 else 'raise'}\n"
        for number in range(count)
    )
    namespace: dict[str, Any] = {}
    exec(compile(source, "/srv/shop/sites.py", "exec"), namespace)  # noqa: S102 - our own
    return [namespace[f"site_{chr(97 + number)}"] for number in range(count)]


def caught(site: Callable[[str], None], text: str) -> dict[str, Any]:
    """Return the item of what *site* raises, with the traces of its whole chain."""
    try:
        site(text)
    except Exception:  # noqa: BLE001 - of any class
        raised: BaseException | None = sys.exc_info()[1]
    chain = []
    while raised is not None:
        frames = [(frame.filename, frame.name, frame.lineno) for frame in traceback.extract_tb(raised.__traceback__)]
        chain.append(trace(frames, type(raised).__name__, str(raised)))
        raised = raised.__cause__
    return {"data": {"environment": "test", "body": {"trace_chain": chain}}}


def test_twenty_raise_sites_with_a_hundred_endings_are_twenty_items(caller: Caller) -> None:
    """Real exceptions of twenty places, each with a hundred texts, make twenty items of a hundred occurrences."""
    endings = [f"order {number} of user{number}@example.org, {number / 7:.3f} s" for number in range(100)]
    for site in raise_sites(20):
        answer = caller.post([caught(site, ending) for ending in endings], path="item_batch/")
        assert answer.status_code == 200

    listed = caller.get("items").json()["result"]
    assert listed["total_count"] == 20
    assert {each["total_occurrences"] for each in listed["items"]} == {100}


def test_twenty_messages_with_a_hundred_endings_are_twenty_items(caller: Caller) -> None:
    """Twenty sentences, each with a hundred endings of every kind that changes, make twenty items."""
    kinds: list[Callable[[int], str]] = [
        lambda number: str(number + 10),
        lambda number: f"{number}.{number}",
        lambda number: f"10.0.{number}.1:{8000 + number}",
        lambda number: f"2001:db8::{number:x}",
        lambda number: f"user{number}@example.org",
        lambda number: f"2026-01-{number % 28 + 1:02}T{number % 24:02}:00:00Z",
        lambda number: f"0x{number * 7919:x}",
        lambda number: f"{number:032x}",
        lambda number: f"{number:08x}-0000-4000-8000-000000000000",
        lambda number: f"{number % 12 + 1}:{number % 60:02}",
    ]
    for site in range(20):
        name = "".join(chr(103 + int(digit)) for digit in f"{site:02}")
        texts = [f"the {name} could not be kept: {kinds[site % len(kinds)](number)}" for number in range(100)]
        assert caller.post([item(text) for text in texts], path="item_batch/").status_code == 200

    listed = caller.get("items").json()["result"]
    assert listed["total_count"] == 20, json.dumps([each["title"] for each in listed["items"]], indent=1)
