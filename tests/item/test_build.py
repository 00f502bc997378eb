"""The `data` of an item: its frame, its body, its grouping and its title."""

from __future__ import annotations

import hashlib
import platform

import pytest

from rollbar_logging.capture.occurrence import Code, Frame, Trace
from rollbar_logging.item.build import Origin, shortened_fingerprint
from rollbar_logging.version import NOTIFIER, VERSION
from tests.capture.material import Capturing, logger_of
from tests.item.occurrences import FRAME, TRACE, built


def test_a_message_becomes_an_item() -> None:
    """The least there is: identity, level, time, environment, language, title, body, record and notifier."""
    assert built() == {
        "uuid": "u-1",
        "timestamp": 1_700_000_000,
        "environment": "production",
        "level": "error",
        "language": f"python {platform.python_version()}",
        "title": "it failed",
        "body": {"message": {"body": "it failed"}},
        "custom": {"record": {"logger": "app", "levelno": 40, "created": 1_700_000_000.75}},
        "notifier": {"name": NOTIFIER, "version": VERSION},
    }


def test_an_empty_message_is_a_message() -> None:
    """The body of a message is a text, if an empty one, and there is no title for it."""
    data = built(message="")

    assert data["body"] == {"message": {"body": ""}}
    assert "title" not in data


def test_what_all_items_have_in_common_comes_along() -> None:
    """Options about the application are told in their places."""
    origin = Origin("staging", "linux", "flask", "1.2.3", "web-1", "/srv/app", "main", ("app.py", "--fast"))
    place = ("/srv/app/orders.py", 5, "buy", 77, "MainProcess", 1, "MainThread")
    data = built(origin=origin, place=place)

    assert (data["environment"], data["platform"], data["framework"], data["code_version"]) == (
        "staging",
        "linux",
        "flask",
        "1.2.3",
    )
    assert data["server"] == {
        "host": "web-1",
        "root": "/srv/app",
        "branch": "main",
        "pid": 77,
        "argv": ["app.py", "--fast"],
    }
    assert data["custom"]["record"]["function"] == "buy"
    assert data["custom"]["record"]["thread_name"] == "MainThread"


def test_arguments_of_the_command_come_only_when_asked() -> None:
    """`sys.argv` may hold secrets: without the option it is not there."""
    assert "server" not in built()


@pytest.mark.parametrize("created", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_none_is_left_out(created: float) -> None:
    """A record made by hand may have an impossible time."""
    assert "timestamp" not in built(created=created)


def test_nothing_is_null() -> None:
    """Keys without a value are absent at every level that is ours."""
    waiting = [built(chain=(TRACE,)), built(), built(chain=(TRACE, TRACE), stack="…", request={}, person={})]
    while waiting:
        data = waiting.pop()
        assert None not in data.values()
        waiting.extend(value for value in data.values() if isinstance(value, dict))
        for value in data.values():
            waiting.extend(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else None


# The body


def test_one_exception_is_a_trace() -> None:
    """One exception is `trace`, and its title is left to Rollbar; the record's message describes it."""
    data = built(chain=(TRACE,))

    assert data["body"] == {
        "trace": {
            "frames": [{"filename": "/srv/app/orders.py", "method": "buy", "lineno": 5}],
            "exception": {"class": "ValueError", "message": "no such order", "description": "it failed"},
        }
    }
    assert "title" not in data


def test_a_message_that_says_the_same_describes_nothing() -> None:
    """A description comes only where it adds something."""
    for message in ("no such order", ""):
        exception = built(chain=(TRACE,), message=message)["body"]["trace"]["exception"]
        assert exception == {"class": "ValueError", "message": "no such order"}


def test_more_exceptions_are_a_chain() -> None:
    """A chain has the last raised exception first, which is the one that the record's message describes."""
    inner = TRACE._replace(class_name="KeyError", message="5")
    chain = built(chain=(TRACE, inner))["body"]["trace_chain"]

    assert [trace["exception"]["class"] for trace in chain] == ["ValueError", "KeyError"]
    assert [trace["exception"].get("description") for trace in chain] == ["it failed", None]


def test_what_else_an_exception_has_is_extra() -> None:
    """Module, notes, attributes, and whether it never was raised, stand beside the exception."""
    trace = Trace("OrderError", "shop.errors", "x", (), ("tried twice",), is_raised=False, attributes={"number": 5})
    data = built(chain=(trace,))

    assert data["body"]["trace"]["extra"] == {
        "module": "shop.errors",
        "notes": ["tried twice"],
        "attributes": {"number": 5},
        "raised": False,
    }
    assert "extra" not in built(chain=(TRACE,))["body"]["trace"]


def test_a_frame_tells_what_is_known() -> None:
    """Parameters, variables, class and source come where they are known, and what was folded or left out."""
    code = Code("/srv/app/orders.py", "buy", "Shop", ("self", "item"), "rest", "options")
    frame = Frame(code, 5, {"item": "tea"}, 3, 7)
    lines = {("/srv/app/orders.py", 5): ("raise ValueError", ["def buy():"], ["", "x = 1"])}
    data = built(chain=(TRACE._replace(frames=(frame,)),), lines=lambda *at: lines.get(at))

    assert data["body"]["trace"]["frames"] == [
        {
            "filename": "/srv/app/orders.py",
            "method": "buy",
            "lineno": 5,
            "code": "raise ValueError",
            "context": {"pre": ["def buy():"], "post": ["", "x = 1"]},
            "class_name": "Shop",
            "argspec": ["self", "item"],
            "varargspec": "rest",
            "keywordspec": "options",
            "locals": {"item": "tea"},
            "repeated": 3,
            "frames_left_out": 7,
        }
    ]


def test_a_frame_without_a_line_has_none() -> None:
    """An unknown line is absent, not null, and so are variables that were not captured or are none."""
    frames = (FRAME._replace(lineno=None), FRAME._replace(locals={}), FRAME._replace(locals=None))
    found = built(chain=(TRACE._replace(frames=frames),))["body"]["trace"]["frames"]

    assert [sorted(frame) for frame in found] == [["filename", "method"]] + [["filename", "lineno", "method"]] * 2


def test_frames_go_from_the_oldest_call_to_the_failure() -> None:
    """Rollbar expects the raising frame last."""
    handler = Capturing()

    def inner() -> None:
        raise ValueError

    def outer() -> None:
        inner()

    try:
        outer()
    except ValueError:
        logger_of(handler).exception("it failed")
    (occurrence,) = handler.caught
    assert occurrence is not None
    frames = built(occurrence)["body"]["trace"]["frames"]

    assert [frame["method"] for frame in frames[-2:]] == ["outer", "inner"]


# Grouping and titles


def test_a_formatted_message_is_grouped_by_its_template() -> None:
    """The digest of the template groups messages that differ in their arguments only."""
    one = built(message="order 5", template="order %d", args=[5])
    other = built(message="order 6", template="order %d", args=[6])

    assert one["fingerprint"] == other["fingerprint"] == hashlib.sha1(b"order %d").hexdigest()  # noqa: S324
    assert (one["title"], other["title"]) == ("order 5", "order 6")
    assert one["custom"]["record"]["template"] == "order %d"
    assert one["custom"]["record"]["args"] == [5]


def test_other_grouping_is_left_to_rollbar() -> None:
    """A message without arguments, and an exception, are grouped by Rollbar's own rules."""
    assert "fingerprint" not in built()
    assert "fingerprint" not in built(template="order %d", chain=(TRACE,))


def test_a_record_may_choose_its_grouping_title_and_context() -> None:
    """What the record asks for comes first, for exceptions too."""
    asked = {"fingerprint": "orders", "title": "Order", "context": "shop"}
    data = built(overrides=asked, template="order %d", chain=(TRACE,), request={"route": "/orders"})

    assert (data["fingerprint"], data["title"], data["context"]) == ("orders", "Order", "shop")


def test_the_route_is_the_context() -> None:
    """Without a context of the record's own the request's route is taken."""
    assert built(request={"url": "https://shop/orders/5", "route": "/orders/<id>"})["context"] == "/orders/<id>"


def test_long_names_are_shortened() -> None:
    """Titles and contexts are cut to 255 characters, which they tell; fingerprints become a digest above 40."""
    data = built(overrides={"fingerprint": "f" * 41, "title": "t" * 300, "context": "c" * 300})

    assert data["title"] == "t" * 231 + "… [+69 chars]"
    assert data["context"] == "c" * 231 + "… [+69 chars]"
    assert built(message="x" * 255)["title"] == "x" * 255
    assert len(built(message="x" * 1_000_000)["title"]) <= 255
    assert data["fingerprint"] == hashlib.sha1(b"f" * 41).hexdigest()  # noqa: S324
    assert shortened_fingerprint("f" * 40) == "f" * 40
    assert len(shortened_fingerprint("\ud800" * 50)) == 40


def test_a_title_is_the_first_line() -> None:
    """Of a message of many lines the first one that says something is the title."""
    assert built(message="\n  order 5 failed\nbecause")["title"] == "  order 5 failed".strip()
    assert "title" not in built(message=" \n ")
