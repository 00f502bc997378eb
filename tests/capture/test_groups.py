"""What is read of exception groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.capture.failures import BaseExceptionGroup, ExceptionGroup, caught, chain_of, fail, methods, names, raised
from tests.capture.material import captured


def test_a_group_of_one_is_unwrapped() -> None:
    """The one exception of a group takes its place, and the group's frames come before its own."""

    def fail_in_group() -> None:
        raise ExceptionGroup("unhandled errors", [raised(ValueError("inner"))])  # type: ignore[list-item]

    occurrence = captured(caught(fail_in_group))

    assert [trace.class_name for trace in occurrence.chain] == ["ValueError"]
    assert methods(occurrence.chain[0]) == ["caught", "fail_in_group", "caught", "fail"]
    assert occurrence.members == ()


def test_what_was_noted_on_a_group_of_one_is_kept() -> None:
    """The notes of the one exception come first, then those of what it was wrapped in, from the inside outwards."""
    error: Any = ValueError("inner")
    error.__notes__ = ["of the exception"]
    for note in ("of the group", 5, "of the outer group"):
        error = ExceptionGroup("wrapped", [error])
        error.__notes__ = (note,) if isinstance(note, str) else note

    assert captured(error).chain[0].notes == ("of the exception", "of the group", "of the outer group")


def test_groups_of_one_in_each_other_are_unwrapped() -> None:
    """However often it is wrapped, a lone exception is what is told, with what caused it."""
    error: Any = ValueError("inner")
    error.__cause__ = KeyError("cause")
    for _ in range(50):
        error = ExceptionGroup("wrapped", [error])

    assert names(error) == ["ValueError", "KeyError"]


def test_a_group_is_told_with_its_members() -> None:
    """The group, its first member as the chain, and all members with the places that raised them."""
    members = [raised(ValueError("one")), raised(KeyError("two")), TypeError("three")]
    occurrence = captured(raised(ExceptionGroup("several", members)))  # type: ignore[arg-type]

    assert [trace.class_name for trace in occurrence.chain] == ["ExceptionGroup", "ValueError"]
    assert occurrence.chain[0].message == "several (3 sub-exceptions)"
    assert [(member["class"], member["message"]) for member in occurrence.members] == [
        ("ValueError", "one"),
        ("KeyError", "'two'"),
        ("TypeError", "three"),
    ]
    place = f"{fail.__code__.co_filename}:{fail.__code__.co_firstlineno + 2} in fail"
    assert [member.get("place") for member in occurrence.members] == [place, place, None]


def test_nested_groups_are_flattened_and_bounded() -> None:
    """Members of groups within groups are listed in order, at most `max_items`, and a note counts the rest."""
    inner = ExceptionGroup("inner", [ValueError(str(number)) for number in range(3)])
    group = BaseExceptionGroup("outer", [inner, SystemExit("x"), ExceptionGroup("one", [KeyError(5)])])
    wide = ExceptionGroup("wide", [ValueError(str(number)) for number in range(10)])

    assert [member["message"] for member in captured(group).members] == ["0", "1", "2", "x", "5"]
    assert [member["message"] for member in captured(wide, max_items=2).members] == ["0", "1", "[+8 exceptions]"]


def test_a_subclass_of_a_group_is_a_group() -> None:
    """A group is known by what it is, not by its name."""

    class Failures(ExceptionGroup):  # type: ignore[type-arg, misc]
        """A group of the application's."""

    class LonelyGroup(Exception):  # noqa: N818 - the point of it
        exceptions = (ValueError(), KeyError())

    assert len(captured(Failures("x", [ValueError(), KeyError()])).members) == 2
    assert captured(LonelyGroup()).members == ()


@pytest.mark.parametrize("inner", [lambda self: (self,), lambda self: (self, self), lambda _: (), lambda _: 5])
def test_a_group_that_holds_itself_ends(inner: Any) -> None:
    """A group may claim to hold itself, nothing, or nonsense."""

    class OddGroup(ExceptionGroup):  # type: ignore[type-arg, misc]
        exceptions = property(inner)

    assert names(OddGroup("odd", [ValueError()])) == ["OddGroup"]


def test_a_group_with_a_cause_in_a_cycle_ends() -> None:
    """A member whose cause is its own group does not go round."""
    member = ValueError("member")
    group = ExceptionGroup("group", [member, KeyError()])
    member.__cause__ = group

    assert names(group) == ["ExceptionGroup", "ValueError"]


def test_what_led_to_a_group_is_told() -> None:
    """The chain goes on with the first member, so the group itself carries what caused it, with its place."""
    group = ExceptionGroup("group", [ValueError("member"), KeyError()])
    group.__cause__ = raised(OSError("gone"))
    alone = ExceptionGroup("group", [ValueError("member"), KeyError()])

    cause = chain_of(group)[0].attributes["cause"]
    assert (cause["class"], cause["message"], cause["place"].endswith(" in fail")) == ("OSError", "gone", True)
    assert names(group) == ["ExceptionGroup", "ValueError"]
    assert chain_of(alone)[0].attributes == {}
    assert chain_of(ValueError())[0].attributes == {}
