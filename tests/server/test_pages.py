"""The pages, and the same for programs."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbar_logging.server.markup import Markup, age, document, size, tag
from rollbar_logging.server.page_routes import is_own_host
from tests.server.conftest import Caller, error_item, item

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """Collects the elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note a piece of text."""
        self.text += data


def test_the_first_page_lists_items_and_occurrences(caller: Caller) -> None:
    """Level, title, count, environment of each item, and the newest occurrences, newest first."""
    for text in ("first", "first", "second"):
        caller.post(item(text, level="warning"))

    page = Elements(caller.page().text)
    assert page.text.index("second") < page.text.index("first")
    assert "test" in page.text
    assert "warning" in page.text
    assert page.names.count("li") == 5
    assert ("title", "occurrences") in page.attributes
    assert "2 of" not in page.text


def test_the_first_page_says_what_to_do_when_nothing_has_arrived(caller: Caller) -> None:
    """An empty server tells how to reach it, and shows no token."""
    page = caller.page().text

    assert f"export ROLLBAR_ENDPOINT={caller.server.endpoint}" in page
    assert not any(token in page for token in caller.server.tokens.values())


def test_the_page_of_an_occurrence_shows_all_of_it(caller: Caller) -> None:
    """The chain with frames, code and locals, what surrounds it, what was cut, and the JSON."""
    payload = error_item(
        uuid="u-1",
        custom={"order": 77},
        request={"url": "/pay", "headers": {"Accept": "text/html"}},
        person={"id": "p-1"},
        notifier={"name": "n-1", "diagnostic": {"truncated": "12 frames left out"}},
    )
    payload["data"]["body"]["telemetry"] = [
        {"level": "info", "type": "log", "source": "server", "timestamp_ms": 1, "body": {"message": "before it"}}
    ]
    assert caller.post(payload).status_code == 200

    page = Elements(caller.page("occurrence/u-1").text)
    for expected in (
        *("ValueError", "boom", "KeyError", "'id'", "/app/view.py:12", "show", "    show(1)", "# before", "# after"),
        *("number", "42", "order", "77", "/pay", "text/html", "p-1", "12 frames left out", "before it", '"u-1"'),
    ):
        assert expected in page.text, expected
    assert page.text.index("ValueError") < page.text.index("KeyError")


@pytest.mark.parametrize(
    "body",
    [{"message": {"body": "text", "more": EVIL}}, {"crash_report": {"raw": "raw text"}}],
)
def test_other_bodies_are_shown(caller: Caller, body: dict[str, object]) -> None:
    """Messages with what comes with them, and crash reports."""
    caller.post(item(uuid="u", body=body))
    page = Elements(caller.page("occurrence/u").text)
    assert "text" in page.text
    assert (EVIL in page.text) == ("message" in body)


def test_a_page_of_an_item_lists_its_occurrences(caller: Caller) -> None:
    """The item's fingerprint and occurrences, and nothing of another item's."""
    caller.post(item("mine", fingerprint="print-1"))
    caller.post(item("other"))

    page = Elements(caller.page("item/1").text)
    assert "mine" in page.text
    assert "print-1" in page.text
    assert "other" not in page.text


def test_nothing_that_arrives_becomes_markup(caller: Caller) -> None:
    """Scripts in a title, an environment, a uuid, a file, code, locals and custom are text on every page."""
    payload = error_item(EVIL, uuid=EVIL, environment=EVIL, custom={EVIL: EVIL}, request={"url": EVIL}, title=EVIL)
    frame = payload["data"]["body"]["trace_chain"][0]["frames"][1]
    frame.update(filename=EVIL, method=EVIL, code=EVIL, locals={EVIL: EVIL}, context={"pre": [EVIL], "post": [EVIL]})
    assert caller.post(payload).status_code == 200

    links = [value for name, value in Elements(caller.page().text).attributes if name == "href"]
    (own_page,) = [link for link in links if link and link.startswith("/occurrence/")]
    for path in ("", "item/1", own_page.removeprefix("/")):
        answer = caller.page(path)
        assert answer.status_code == 200
        page = Elements(answer.text)
        assert EVIL in page.text
        assert not {"script", "img"} & set(page.names)
        assert not any(name.startswith("on") for name, _ in page.attributes)


def test_pages_may_load_nothing_and_be_framed_by_nobody(caller: Caller) -> None:
    """Every page forbids scripts and whatever is elsewhere, and permits no other site to read it."""
    caller.post(item(uuid="u"))
    for path in ("", "item/1", "occurrence/u", "style.css"):
        headers = caller.page(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", ["", "item/1", "occurrence/u", "local/occurrences", "local/stats"])
def test_pages_are_not_served_under_anothers_name(caller: Caller, path: str) -> None:
    """A site that has its own name point here gets nothing to read."""
    caller.post(item("secret", uuid="u"))
    answer = caller.page(path, headers={"Host": "evil.example:80"})

    assert answer.status_code == 403
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1:8787", True),
        ("localhost", True),
        ("LOCALHOST:80", True),
        ("app.localhost:1", True),
        ("[::1]:8787", True),
        ("192.168.1.2", True),
        ("box:8787", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("notbox", False),
        ("", False),
        ("[evil.example]", False),
    ],
)
def test_own_hosts(host: str, is_own: bool) -> None:
    """Addresses, ``localhost`` and the names given are ours."""
    assert is_own_host(host, frozenset({"box"})) is is_own


@pytest.mark.parametrize("path", ["item/9", "occurrence/no", "nothing", "item/99999999999999999999999", "api"])
def test_a_page_that_is_not_there_is_answered_404(caller: Caller, path: str) -> None:
    """What does not exist is not found."""
    assert caller.page(path).status_code == 404


def test_the_first_page_refreshes_when_asked(caller: Caller) -> None:
    """It loads itself anew only on request, without a script."""
    assert ("http-equiv", "refresh") not in Elements(caller.page().text).attributes
    assert ("http-equiv", "refresh") in Elements(caller.page("?refresh=on").text).attributes


def test_programs_may_ask_what_arrived(caller: Caller) -> None:
    """``/local/occurrences`` tells what arrived in its order, with the bytes of its body."""
    sizes = [len(caller.post(item(text)).request.body) for text in ("a", "bb", "ccc")]
    caller.post({"data": {}})

    found = caller.page("local/occurrences").json()["result"]
    assert [(each["title"], each["body_bytes"]) for each in found] == list(zip(("a", "bb", "ccc"), sizes, strict=True))
    assert found[0]["data"]["body"] == {"message": {"body": "a"}}
    after = caller.page(f"local/occurrences?after={found[1]['id']}").json()["result"]
    assert [each["title"] for each in after] == ["ccc"]
    assert len(caller.page("local/occurrences?kind=all").json()["result"]) == 4
    assert caller.page("local/occurrences?after=x").status_code == 422


def test_programs_may_ask_for_counts(caller: Caller) -> None:
    """``/local/stats`` tells the same as ``stats()``: calls by status and by token, pages not among them."""
    caller.post(item(uuid="u"))
    caller.post(item(uuid="u"))
    caller.post(b"{")
    caller.post(item(), scope=None)

    stats = caller.page("local/stats").json()["result"]
    assert stats["requests"] == 4
    assert stats["answered"] == {"200": 2, "400": 1, "422": 1}
    assert stats["refused"] == {"400": 1, "422": 1}
    assert stats["tokens"] == {"post_server_item": {"requests": 3, "limited": 0}}
    assert (stats["stored"], stats["duplicates"]) == (1, 1)
    assert caller.server.stats().answered == {200: 2, 400: 1, 422: 1}


@given(st.text(), st.text())
def test_text_stays_text(text: str, attribute: str) -> None:
    """Whatever text goes into a page, what comes out of it is that text, and no element more."""
    page = Elements(document("t", tag("p", text, title=attribute)).decode())

    expected = (
        text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    )
    shown = page.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    assert expected in shown
    assert page.names.count("p") == 1


def test_markup_is_not_escaped_twice() -> None:
    """What was built is taken as it is; ``None`` is nothing; a text's first line break in ``pre`` is kept."""
    inner = tag("b", "<")
    assert tag("p", inner, None, ["&", 1]) == "<p><b>&lt;</b>&amp;1</p>"
    assert isinstance(tag("p"), Markup)
    assert tag("details", open=True, hidden=False, title=None) == "<details open></details>"
    assert tag("pre", "\nx") == "<pre>\n\nx</pre>"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_ages(seconds: float, expected: str) -> None:
    """The largest unit that fits."""
    assert age(seconds) == expected


def test_sizes() -> None:
    """Bytes, or KiB from 1024 on."""
    assert (size(1023), size(6656)) == ("1023 bytes", "6.5 KiB")
