"""The view models: any stored data can be shown, and says what it should."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rollbar_logging import RollbarHandler
from rollbar_logging.server.account import Deploy
from rollbar_logging.server.counters import ServerStats, TokenStats
from rollbar_logging.server.pages.views import values
from rollbar_logging.server.pages.views.cuts import cuts_of
from rollbar_logging.server.pages.views.graph import HOUR, chart, sparkline
from rollbar_logging.server.pages.views.items import page_links, title_parts
from rollbar_logging.server.pages.views.markdown import file_name, occurrence_markdown
from rollbar_logging.server.pages.views.occurrence import occurrence_view
from rollbar_logging.server.pages.views.refusals import refusals_view
from rollbar_logging.server.pages.views.setup import setup_view
from rollbar_logging.server.pages.views.table import table_view
from rollbar_logging.server.pages.views.traces import OPENINGS, Frame, Trace, is_application, traces_of_body
from rollbar_logging.server.pages.views.values import Node, names_in, tree_of
from rollbar_logging.server.pages.views.wording import age, item_url, moment_of, occurrence_url, short_count, size, span
from rollbar_logging.server.received import ReceivedOccurrence

NOW = 1_800_000_000.0

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
HUGE = 10**400
"""JSON may have it, and no float."""

FRAME = st.dictionaries(
    st.sampled_from(["filename", "lineno", "method", "code", "context", "locals", "argspec", "class_name"]), JSON
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "trace_chain": st.lists(st.fixed_dictionaries({}, optional={"frames": st.lists(FRAME), "exception": JSON}))
        | JSON,
        "trace": JSON,
        "message": JSON,
        "crash_report": JSON,
        "telemetry": st.lists(st.fixed_dictionaries({}, optional={"timestamp_ms": JSON, "body": JSON, "type": JSON}))
        | JSON,
    },
)
PARTS = ("request", "person", "custom", "server", "client", "notifier", "metadata", "language", "fingerprint", "level")
DATA = st.fixed_dictionaries({}, optional={"body": BODY | JSON, **dict.fromkeys(PARTS, JSON)})


def received(data: dict[str, Any], **changed: Any) -> ReceivedOccurrence:
    """Return an occurrence of that ``data``."""
    given = {
        "id": 7,
        "uuid": "u-1",
        "item_id": 3,
        "kind": "item",
        "token_name": "post_server_item",
        "received_at": NOW,
        "body_bytes": 2048,
        "environment": "test",
        "level": "error",
        "title": "ValueError: boom",
        "data": data,
        "project_id": 1,
        "stored_at": NOW + 0.25,
    }
    return ReceivedOccurrence(**{**given, **changed})


def frames_of(trace: Trace) -> list[Frame]:
    """Return all frames of an exception, the last call first."""
    return [frame for group in trace.groups for frame in group.frames]


def trace_of(*frames: dict[str, Any], root: str = "", opening: str = "application") -> Trace:
    """Return the view of one exception."""
    body = {"trace": {"frames": list(frames), "exception": {"class": "E"}}}
    return traces_of_body(body, root=root, language="python", opening=opening)[0]


@given(DATA, st.sampled_from(OPENINGS))
@example({"metadata": {"customer_timestamp": HUGE}, "custom": {"record": {"created": 1.5}}}, "all")
@example({"body": {"telemetry": [{"timestamp_ms": HUGE}], "trace": {"frames": [{"lineno": -HUGE, "code": ""}]}}}, "all")
@settings(max_examples=60)
def test_any_data_can_be_shown(data: dict[str, Any], opening: str) -> None:
    """Whatever is stored under whichever key, there is a view of it, and a ticket."""
    view = occurrence_view(received(data), now=NOW, opening=opening)

    assert json.loads(view.raw) == json.loads(json.dumps(data))
    assert "u-1" in occurrence_markdown(view, {"counter": 1, "total_occurrences": 2}, "http://h/occurrence/u-1")


def count(nodes: tuple[Node, ...]) -> int:
    """Return how many nodes there are, inner ones too."""
    return sum(1 + count(node.children) for node in nodes)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=6))
@settings(max_examples=60)
def test_a_tree_names_every_value(mapping: dict[str, Any]) -> None:
    """Each key has its node, in order but for those that the line uses, with a type."""
    nodes = tree_of(mapping)

    assert [node.name for node in nodes] == list(mapping)
    assert all(node.kind for node in nodes)


def test_a_tree_is_bounded() -> None:
    """Of a hundred thousand values the first are shown, and the rest is counted."""
    nodes = tree_of({"many": list(range(100_000)), "after": 1})

    assert count(nodes) <= values.MOST_NODES + 3
    assert nodes[0].children[-1].text == f"{100_000 - values.MOST_NODES + 1:,} more: see the raw JSON"


def test_types_are_named_in_the_programs_language() -> None:
    """Python's for Python, JavaScript's for others; a class that was sent is the type."""
    given = {
        "a": 1,
        "b": None,
        "c": [1],
        "d": {"<class>": "shop.Order", "id": 1},
        "e": "<Order 3>",
        "f": True,
        "g": "x",
    }

    python = {node.name: (node.kind, node.text) for node in tree_of(given, "python 3.12")}
    assert python["a"] == ("int", "1")
    assert python["b"] == ("None", "None")
    assert python["c"] == ("list of 1", "[1]")
    assert python["d"][0] == "Order"
    assert python["e"] == ("object", "<Order 3>")
    assert python["f"] == ("bool", "True")
    assert python["g"] == ("str", "x")
    assert {node.name: node.kind for node in tree_of(given, "javascript")}["b"] == "null"


def test_names_of_the_failing_line_come_first() -> None:
    """Variables that the line uses are marked; attributes of them are none."""
    trace = trace_of(
        {
            "filename": "a.py",
            "code": "total = order.price * count",
            "locals": {"unused": 1, "price": 2, "count": 3, "order": {"price": 1}},
            "argspec": ["order"],
        }
    )
    (frame,) = frames_of(trace)

    assert [node.name for node in frame.local_values] == ["count", "order", "unused", "price"]
    assert [node.is_used for node in frame.local_values] == [True, True, False, False]
    assert [node.name for node in frame.local_values if node.is_argument] == ["order"]
    assert names_in("a.b(c['d'])") == {"a", "c", "d"}


LIBRARY = {"filename": "/venv/lib/python3.12/site-packages/django/core/base.py", "method": "inner"}
OWN = {"filename": "/srv/shop/view.py", "method": "show", "lineno": 3, "code": "show()"}


@pytest.mark.parametrize(
    ("filename", "root", "is_own"),
    [
        ("/srv/shop/view.py", "", True),
        ("/srv/shop/view.py", "/srv/shop", True),
        ("/srv/shop/view.py", "/srv/shop/", True),
        ("/opt/other/view.py", "/srv/shop", False),
        ("view.py", "/srv/shop", True),
        ("/srv/shop/venv/lib/python3.12/site-packages/x.py", "/srv/shop", False),
        ("/usr/lib/python3/dist-packages/x.py", "", False),
        ("/home/u/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py", "", False),
        ("C:\\Python312\\Lib\\json\\decoder.py", "", False),
        ("/app/node_modules/express/lib/router.js", "", False),
        ("node:internal/process/task_queues", "", False),
        ("<frozen importlib._bootstrap>", "", False),
        ("<stdin>", "", True),
    ],
)
def test_libraries_are_told_from_the_application(filename: str, root: str, is_own: bool) -> None:
    """By their folders, and by the root that the sender told."""
    assert is_application(filename, root) is is_own


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        ("raising", [True, False, False, False]),
        ("application", [True, False, False, True]),
        ("all", [True, True, True, True]),
    ],
)
def test_frames_are_open_as_asked(opening: str, expected: list[bool]) -> None:
    """The last call comes first; libraries' neighbouring calls are folded together, the raising one stands alone."""
    trace = trace_of(OWN, LIBRARY, LIBRARY, {**LIBRARY, "method": "raiser"}, opening=opening)

    assert [frame.is_open for frame in frames_of(trace)] == expected
    assert [frame.is_raising for frame in frames_of(trace)] == [True, False, False, False]
    assert [(len(group.frames), group.is_folded) for group in trace.groups] == [(1, False), (2, True), (1, False)]
    assert trace.lead is not None
    assert trace.lead.method == "show"


def test_only_the_first_exception_raises_open() -> None:
    """An item opens with one frame: the raising one of the exception that was raised last."""
    trace = {"frames": [OWN], "exception": {"class": "E"}}
    first, second = traces_of_body({"trace_chain": [trace, trace]}, root="", language="", opening="raising")

    assert frames_of(first)[0].is_open
    assert not frames_of(second)[0].is_open
    assert (first.is_cause, second.is_cause) == (False, True)


def test_code_lines_have_their_numbers() -> None:
    """The lines before and after are counted from the failing one."""
    frame = {**OWN, "lineno": 12, "code": "now()", "context": {"pre": ["a", "b"], "post": ["c\n"]}}
    (shown,) = frames_of(trace_of(frame))

    assert [(line.number, line.text, line.is_current) for line in shown.code] == [
        (10, "a", False),
        (11, "b", False),
        (12, "now()", True),
        (13, "c", False),
    ]


def test_times_stand_side_by_side() -> None:
    """When it happened, came and was stored; the sender's own record is finer than its whole seconds."""
    data = {"metadata": {"customer_timestamp": NOW - 2}, "custom": {"record": {"created": NOW - 1.5}}}
    times = occurrence_view(received(data), now=NOW).times

    assert times.happened is not None
    assert times.happened.unix == NOW - 1.5
    assert (times.travel, times.storing) == ("1.5 s later", "250 ms later")
    late = {"metadata": {"customer_timestamp": NOW + 5}}
    assert occurrence_view(received(late), now=NOW).times.travel == "5.0 s earlier"
    assert occurrence_view(received({}), now=NOW).times.happened is None


def test_what_was_cut_and_scrubbed_is_found() -> None:
    """By the sender's marks, wherever they are, and by what it says of itself."""
    cuts = cuts_of(
        {
            "custom": {
                "password": "[scrubbed]",
                "list": ["a", "… 3 more"],
                "text": "abc… (900 characters)",
                "t": "so…",
            },
            "request": {"POST": {"pin": "******"}},
            "notifier": {
                "diagnostic": {"scrubbed": 2, "truncation": {"frames": "4 removed, 100 bytes"}, "minimal": "why"}
            },
        }
    )

    assert cuts.scrubbed == ("custom.password", "request.POST.pin")
    assert cuts.cut == ("custom.list[1]", "custom.text")
    assert cuts.told == (("scrubbed", "2 values"), ("cut from frames", "4 removed, 100 bytes"), ("minimal", "why"))
    assert not cuts_of({"custom": {"a": "b"}}).is_any


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"fingerprint": "mine"}, "chose the key itself"),
        ({"body": {"message": {"body": "user 4711 came"}}}, "same text"),
        ({"body": {"crash_report": {"raw": "x"}}}, "same crash report"),
        (
            {"body": {"trace_chain": [{"frames": [OWN], "exception": {"class": "A"}}, {"exception": {"class": "B"}}]}},
            "same exception (A, caused by B) raised through the same 1 frame in the environment “test”",
        ),
    ],
)
def test_the_key_is_said_in_words(data: dict[str, Any], expected: str) -> None:
    """What has to be the same for two occurrences to be of one item."""
    grouping = occurrence_view(received(data), now=NOW).grouping

    assert expected in grouping.sentence
    assert "4711" not in "".join(grouping.parts)


def test_the_trail_leads_up_to_the_occurrence() -> None:
    """Each event says what happened, and how long before."""
    events = [
        {"type": "log", "level": "info", "timestamp_ms": (NOW - 3) * 1000, "body": {"message": "came"}},
        {
            "type": "network",
            "timestamp_ms": (NOW - 1) * 1000,
            "body": {"method": "GET", "url": "/x", "status_code": 500},
        },
        {"type": "log", "body": {"message": "failed", "exception": "E: x"}},
        {"type": "navigation", "body": {"from": "/a", "to": "/b"}},
        {"type": "dom", "body": {"element": "button#pay"}},
        {"type": "manual", "body": {"k": "v"}},
    ]
    data = {"metadata": {"customer_timestamp": NOW}, "body": {"telemetry": events}}
    shown = occurrence_view(received(data), now=NOW).telemetry

    texts = ["came", "GET /x 500", "failed · E: x", "/a → /b", "button#pay", "{k: v}"]
    assert [event.text for event in shown] == texts
    minus = "\N{MINUS SIGN}"
    assert [event.before for event in shown] == [f"{minus}3.0 s", f"{minus}1.0 s", "", "", "", ""]


def test_a_ticket_has_what_a_reader_needs() -> None:
    """Title, level, when and where, the exceptions with their calls, and the values of the call of interest."""
    error = {"class": "E", "message": "```", "description": "logged"}
    data = {
        "body": {"trace_chain": [{"frames": [{**OWN, "locals": {"n": 1}}], "exception": error}]},
        "request": {"url": "/pay", "method": "POST"},
    }
    view = occurrence_view(received(data, title="E: *bold* <b>"), now=NOW)
    text = occurrence_markdown(view, {"counter": 4, "total_occurrences": 9}, "http://h/occurrence/u-1")

    for expected in (
        "## E: \\*bold\\* \\<b\\>",
        "#4, 9 occurrences",
        "`POST /pay`",
        "````\n```\n````",
        "```\nlogged\n```",
        "/srv/shop/view.py:3 in show\n    show()",
        "n = 1",
        "<http://h/occurrence/u-1>",
    ):
        assert expected in text
    assert file_name(received({}, uuid='a"/\r\nb'), "md") == "occurrence-a____b.md"


def test_a_spark_has_a_bar_for_each_hour_with_counts() -> None:
    """The running hour is the last; what is older than a day is not drawn; the words say the same."""
    hour = int(NOW // HOUR) * HOUR
    spark = sparkline({hour: 10, hour - HOUR: 5, hour - 30 * HOUR: 99}, NOW)

    assert spark.path == "M88 20v-10h3v10zM92 20v-20h3v20z"
    assert spark.label == "15 occurrences in 24 h, at most 10 in an hour"
    assert sparkline({}, NOW).path == ""


def test_a_chart_has_bars_and_deploys() -> None:
    """Counts are added up for each bar; a deploy stands where it began."""
    hour = int(NOW // HOUR) * HOUR
    deploy = Deploy(1, 1, "production", "abc", "succeeded", None, None, None, hour, None)
    old = deploy._replace(start_time=hour - 900 * HOUR)
    drawn = chart({hour: 2, hour - HOUR: 3}, [deploy, old], NOW, slots=12, hours_each=2)

    assert [bar.label.split(" from")[0] for bar in drawn.bars] == ["5 occurrences"]
    assert len(drawn.marks) == 1
    assert "abc to production" in drawn.marks[0].label
    assert drawn.label == "5 occurrences in 24 h, 1 deploy"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("ValueError: boom", ("ValueError", "boom")),
        ("shop.errors.Declined: x: y", ("shop.errors.Declined", "x: y")),
        ("user 4 came: late", ("", "user 4 came: late")),
        (": x", ("", ": x")),
        ("", ("", "(no visible text)")),
        ("\u200b \u2060", ("", "(no visible text)")),
    ],
)
def test_titles_show_the_class(title: str, expected: tuple[str, str]) -> None:
    """A title that begins with a class is shown in two parts."""
    assert title_parts(title) == expected


def test_pages_are_linked() -> None:
    """The first page has no page before it, the last none after it; the query stays."""
    first = page_links("/", {"q": "a b"}, page=1, per_page=40, total=90)
    assert first == ("1 to 40 of 90 items", "", "/?q=a+b&page=2")
    assert page_links("/", {}, page=2, per_page=40, total=90) == ("41 to 80 of 90 items", "/", "/?page=3")
    assert page_links("/", {}, page=3, per_page=40, total=90).next == ""
    assert page_links("/", {}, page=1, per_page=40, total=1) == ("1 item", "", "")


def test_tables_show_numbers_and_times() -> None:
    """Numbers stand to the right, a Unix time has its date beside it, no value is told from no text."""
    table = table_view(["timestamp", "n", "t"], [[NOW, 1.5, None]] * 600, NOW)

    assert table.left_out == 100
    assert table.rows[0][0].date == "2027-01-15 08:00:00 UTC"
    assert [cell.is_number for cell in table.rows[0]] == [True, True, False]
    assert [(cell.text, cell.is_null) for cell in table.rows[0][1:]] == [("1.5", False), ("NULL", True)]


def test_refusals_have_words() -> None:
    """The usual refusals are always there, others when they came."""
    stats = ServerStats(9, {200: 5, 429: 3, 418: 1}, 5, 0, 100, {"t": TokenStats(9, 3)})
    view = refusals_view(stats, 131_072)

    assert {row.status: row.calls for row in view.rows} == {429: 3, 413: 0, 422: 0, 403: 0, 400: 0, 418: 1}
    assert view.refused == 4
    assert "128.0 KiB" in next(row.meaning for row in view.rows if row.status == 413)


def test_the_setup_has_the_token_in_it() -> None:
    """When it is known."""
    known = setup_view({"post_server_item": "abc"}, "http://h/api/1/")
    assert known.environment == "export ROLLBAR_ACCESS_TOKEN=abc\nexport ROLLBAR_ENDPOINT=http://h/api/1/"
    assert known.is_token_known
    assert not setup_view({}, "http://h/api/1/").is_token_known


def test_the_lines_for_python_run_as_they_are() -> None:
    """Pasted into an empty program, they let it report."""
    lines = setup_view({"post_server_item": "abc"}, "http://127.0.0.1:9/api/1/").python
    exec(lines, {})  # noqa: S102 - it is what the reader does with them
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, RollbarHandler))
    logging.getLogger().removeHandler(handler)
    handler.close()


def test_a_preview_shortens_without_words() -> None:
    """A long value in it ends in an ellipsis; how much there is, the value itself tells."""
    assert values.preview({"url": "https://shop.example.com/checkout"}) == "{url: https://shop.example.com…}"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_ages(seconds: float, expected: str) -> None:
    """The largest unit that fits."""
    assert age(seconds) == expected


@given(st.none() | st.booleans() | st.text() | st.integers() | st.floats())
@example(HUGE)
@example(-HUGE)
def test_any_value_may_stand_for_a_moment(value: object) -> None:
    """What is no time is none, and nothing raises."""
    moment = moment_of(value, NOW)
    assert moment is None or 0 <= moment.unix <= 253_402_300_799


def test_milliseconds_are_understood() -> None:
    """A number that would be a year in the thousands is milliseconds."""
    assert moment_of(NOW * 1000, NOW) == moment_of(NOW, NOW)


def test_numbers_are_short() -> None:
    """Sizes, counts and lengths of time in words."""
    assert [size(1023), size(6656), size(2**20)] == ["1023 bytes", "6.5 KiB", "1.0 MiB"]
    assert [short_count(9999), short_count(12_345), short_count(2_500_000)] == ["9,999", "12k", "2.5M"]
    assert [span(0.25), span(5), span(120), span(7200), span(172_800)] == ["250 ms", "5.0 s", "2 min", "2 h", "2 d"]


@given(st.text(min_size=1))
def test_addresses_stay_on_this_server(uuid: str) -> None:
    """No uuid makes an address that leads elsewhere."""
    url = occurrence_url(uuid, q="a&b")
    assert url.startswith("/occurrence/")
    assert url.endswith("?q=a%26b")
    assert "//" not in url
    assert item_url(3, q="") == "/item/3"
