"""The pages over HTTP: what they show, whom they are shown to, what may be posted."""

from __future__ import annotations

import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from sqlalchemy import insert
from sqlalchemy import text as sql

from rollbar_logging.server import LocalServer
from rollbar_logging.server.pages.guard import is_cross_site, is_own_form, is_own_host
from rollbar_logging.server.storage.projects import mark_deleted
from rollbar_logging.server.storage.tables import deploys, projects, users
from tests.server.conftest import Caller, error_item, item
from tests.server.pages.html import EVIL, Page, form_token
from tests.server.pages.test_views import JSON

EVERY_PAGE = ("", "occurrences", "item/1", "occurrence/u", "deploys", "rql", "tokens", "refusals")


def change(server: LocalServer, job: Any) -> None:
    """Change the server's database behind its back, for what has no other way in here."""
    server._up._database.change(job).result(timeout=30)


def post_form(caller: Caller, path: str, fields: dict[str, str], **headers: str) -> requests.Response:
    """Post a form as a browser does that got it from the server."""
    given = {"form_token": form_token(caller.page("tokens").text), **fields}
    origin = {"Origin": caller.server.url.rstrip("/"), **headers}
    url = caller.server.url + path
    return caller.session.post(url, data=given, headers=origin, allow_redirects=False, timeout=30)


@pytest.fixture
def evil(caller: Caller) -> str:
    """The address of an occurrence that is full of what would be markup."""
    payload = error_item(EVIL, uuid=EVIL, environment=EVIL, custom={EVIL: EVIL}, request={"url": EVIL}, title=EVIL)
    payload["data"].update(person={"id": EVIL[:40], "email": EVIL}, code_version=EVIL, context=EVIL)
    payload["data"]["server"] = {"host": EVIL, "root": EVIL}
    payload["data"]["notifier"] = {"name": EVIL, "diagnostic": {EVIL: EVIL, "truncation": {EVIL: EVIL}}}
    payload["data"]["fingerprint"] = EVIL[:40]
    frame = payload["data"]["body"]["trace_chain"][0]["frames"][1]
    frame.update(filename=EVIL, method=EVIL, code=EVIL, locals={EVIL: EVIL}, context={"pre": [EVIL], "post": [EVIL]})
    event = {"level": EVIL, "type": EVIL, "source": "server", "timestamp_ms": 1, "body": {"message": EVIL}}
    payload["data"]["body"]["telemetry"] = [event]
    assert caller.post(payload).status_code == 200
    return f"occurrence/{quote(EVIL, safe='')}"


@pytest.mark.parametrize(
    "path",
    [
        "?environment=%00",
        "?q=%00",
        "occurrence/%00",
        "occurrence/uuid/?uuid=%00",
        "rql?q=%00",
        "local/occurrences?kind=%00",
    ],
)
def test_a_nul_is_asked_for_in_vain(either_caller: Caller, path: str) -> None:
    """PostgreSQL refuses one in a text, and no name here has any."""
    assert either_caller.page(path).status_code in {200, 303, 404}


def test_a_nul_in_a_form_is_replaced(either_caller: Caller) -> None:
    """As in all that arrives."""
    either_caller.post(item())
    fields = {"status": "resolved", "resolved_in_version": "1\0"}
    assert post_form(either_caller, "item/1/change", fields).status_code == 303
    assert either_caller.get("item/1").json()["result"]["resolved_in_version"] == "1�"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_page_is_made_from_both_databases(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """With items of all kinds, deploys, people and searches in them."""
    if kind == "sqlite":
        database: Path | str = tmp_path / "r.db"
    else:
        database = request.getfixturevalue("postgres_cluster").new_database()
    with LocalServer(database=database) as server, closing(requests.Session()) as session:
        caller = Caller(server)
        caller.session = session
        for number in range(3):
            caller.post(error_item(uuid=f"u{number}" if number else "u", code_version="v1"))
        caller.post({"data": {"environment": "test"}})
        row = {"project_id": 1, "environment": "test", "revision": "v1", "status": "started", "start_time": time.time()}
        change(server, lambda found: found.execute(insert(deploys).values(**row)))
        paths = (*EVERY_PAGE, "?q=host:x+boom", "item/1?q=boom", "occurrence/u?q=method:show", "occurrences?q=boom")
        for path in (*paths, "occurrences?before=2", "?level=error&environment=test&status=active&page=2"):
            answer = caller.page(path)
            assert answer.status_code == 200, path
            Page(answer.text).assert_harmless()
        assert post_form(caller, "item/1/change", {"status": "resolved"}).status_code == 303


def test_the_list_shows_items(caller: Caller) -> None:
    """Level, title, count, environments, last seen and a sparkline of each item; the last active first."""
    for text in ("first", "first", "second"):
        caller.post(item(text, level="warning"))
    caller.post(item("first", environment="staging", level="warning"))

    text = caller.page().text
    page = Page(text)
    page.assert_harmless()
    assert page.text.index("second") < page.text.rindex("first")
    for expected in ("warning", "test", "staging", "s ago", "3 items", "4 occurrences in 24 h"):
        assert expected in page.text
    assert "2 occurrences" in page.values("b", "title")
    assert page.values("path", "d").count("") == 0
    assert "2 occurrences in 24 h, at most 2 in an hour" in page.values("svg", "aria-label")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("level=critical", {"pool"}),
        ("level=critical&level=info", {"pool", "came"}),
        ("environment=staging", {"stage"}),
        ("status=resolved", {"done"}),
        ("status=active", {"pool", "came", "stage"}),
        ("q=ca", {"came"}),
        ("q=host:web2", {"pool"}),
        ("q=%23999", set()),
        ("level=none&status=none&page=x", {"pool", "came", "stage", "done"}),
        ("page=2", set()),
    ],
)
def test_the_list_can_be_filtered(caller: Caller, query: str, shown: set[str]) -> None:
    """By level, status, environment and the search's language; what is no filter is none."""
    caller.post(item("pool", level="critical", server={"host": "web2"}))
    caller.post(item("came", level="info"))
    caller.post(item("stage", level="error", environment="staging"))
    caller.post(item("done", level="error"))
    caller.call("PATCH", "item/4", "write", json={"status": "resolved"})

    text = caller.page(f"?{query}").text
    assert {word for word in ("pool", "came", "stage", "done") if f">{word}<" in text} == shown


def test_a_search_that_cannot_be_read_says_why(caller: Caller) -> None:
    """A field that there is not is named, and the box keeps the text."""
    caller.post(item())
    page = Page(caller.page("?q=nofield:1").text)

    assert "no field 'nofield'" in page.text
    assert "nofield:1" in page.values("input", "value")


def test_the_list_is_paged(caller: Caller) -> None:
    """Forty items a page, with links that keep the filters."""
    for number in range(41):
        caller.post(item(f"item {'x' * number}"))

    first = caller.page("?level=info").text
    assert "1 to 40 of 41 items" in first
    assert "/?level=info&amp;page=2" in first
    second = Page(caller.page("?level=info&page=2").text)
    assert "41 to 41 of 41 items" in second.text
    assert "/?level=info" in second.values("a", "href")


def test_the_first_page_says_what_to_do_when_nothing_has_arrived(caller: Caller) -> None:
    """Two lines of configuration with address and token filled in, and a hint when calls were refused."""
    page = Page(caller.page().text)
    token = caller.server.tokens["post_server_item"]
    assert f"export ROLLBAR_ACCESS_TOKEN={token}\nexport ROLLBAR_ENDPOINT={caller.server.endpoint}" in page.text
    assert not any(text in page.text for name, text in caller.server.tokens.items() if name != "post_server_item")
    assert "/refusals" not in page.values("a", "href")[8:]

    caller.post(item(), scope=None)
    assert "Calls came, and were refused" in caller.page().text


def test_a_token_whose_text_is_not_known_is_not_filled_in(tmp_path: Any) -> None:
    """A database keeps digests only; the page then says where to get a token."""
    for _ in range(2):
        with LocalServer(database=tmp_path / "r.db") as server:
            text = Caller(server).page().text
    assert "YOUR_POST_SERVER_ITEM_TOKEN" in text
    assert "make a new one" in text


def test_an_item_opens_on_its_latest_occurrence(caller: Caller) -> None:
    """Only the raising frame is open; a search opens the latest that it finds, and is kept for walking."""
    for number in range(4):
        data = error_item(uuid=f"u-{number}", server={"host": f"web{number % 2}"})
        assert caller.post(data).status_code == 200

    text = caller.page("item/1").text
    page = Page(text)
    assert "u-3" in page.text
    frames = re.findall(r'<details class="frame[^>]*id="(frame-[\d-]+)"( open)?', text)
    assert frames == [("frame-0-0", " open"), ("frame-0-1", ""), ("frame-1-0", "")]

    found = Page(caller.page("item/1?q=host:web0").text)
    assert "u-2" in found.text
    links = found.values("a", "href")
    assert links.count("/occurrence/u-0?q=host%3Aweb0") >= 2
    assert not any(link.startswith(("/occurrence/u-1", "/occurrence/u-3")) for link in links)
    assert "No occurrence of this item matches" in caller.page("item/1?q=host:web9").text


def test_walking_goes_over_the_hits_of_a_search(caller: Caller) -> None:
    """First, previous, next and last are hits of the search inside the item."""
    for number in range(6):
        caller.post(item(uuid=f"u-{number}", server={"host": f"web{number % 2}"}))

    text = caller.page("occurrence/u-2?q=host:web0&frames=all").text
    walk = text[text.index('<nav class="walk"') : text.index("</nav>", text.index('<nav class="walk"'))]
    found = re.findall(r'href="/occurrence/(u-\d)\?q=host%3Aweb0&amp;frames=all"', walk.split("<form")[0])
    assert found == ["u-0", "u-0", "u-4", "u-4"]


def test_the_page_of_an_occurrence_shows_all_of_it(caller: Caller) -> None:
    """The chain with frames, code and locals, what surrounds it, what was cut, the key in words, and the JSON."""
    payload = error_item(
        uuid="u-1",
        custom={"order": 77, "password": "[scrubbed]"},
        request={"url": "/pay", "method": "POST", "headers": {"Accept": "text/html"}},
        person={"id": "p-1"},
        notifier={"name": "n-1", "diagnostic": {"truncation": {"frames": "12 removed, 900 bytes"}}},
        timestamp=1_700_000_000,
    )
    payload["data"]["body"]["telemetry"] = [
        {"level": "info", "type": "log", "source": "server", "timestamp_ms": 1, "body": {"message": "before it"}}
    ]
    assert caller.post(payload).status_code == 200

    page = Page(caller.page("occurrence/u-1").text)
    page.assert_harmless()
    for expected in (
        *("ValueError", "boom", "KeyError", "'id'", "/app/view.py", "show", "    show(1)", "# before", "# after"),
        *("number", "42", "order", "77", "/pay", "text/html", "p-1", "12 removed, 900 bytes", "before it", '"u-1"'),
        *("custom.password", "caused by", "2023-11-14 22:13:20 UTC", "received", "stored", "same exception", "POST"),
    ):
        assert expected in page.text, expected
    assert page.text.index("ValueError") < page.text.rindex("caused by")


@pytest.mark.parametrize("body", [{"message": {"body": "text", "more": EVIL}}, {"crash_report": {"raw": "raw text"}}])
def test_other_bodies_are_shown(caller: Caller, body: dict[str, object]) -> None:
    """Messages with what comes with them, and crash reports."""
    caller.post(item(uuid="u", body=body))
    page = Page(caller.page("occurrence/u").text)
    assert "text" in page.text
    assert (EVIL in page.text) == ("message" in body)


@pytest.mark.parametrize("path", ["occurrence/uuid/", "occurrence/uuid", "item/uuid/", "instance/uuid"])
def test_links_of_clients_lead_to_the_occurrence(caller: Caller, path: str) -> None:
    """Rollbar's own addresses, as clients print them, work with this server's name in them."""
    caller.post(item("found", uuid="u/1 ä"))

    answer = caller.page(path, params={"uuid": "u/1 ä"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/occurrence/u%2F1%20%C3%A4")
    assert "found" in caller.page(answer.headers["Location"][1:]).text
    assert caller.page(path).status_code == 404


def test_an_occurrence_can_be_downloaded(caller: Caller) -> None:
    """As JSON, whole, and as Markdown for a ticket; under a name that is no header of its own."""
    caller.post(error_item(uuid='u"\r\n1'))
    path = f"occurrence/{quote('u' + chr(34) + chr(13) + chr(10) + '1', safe='')}?download="

    as_json = caller.page(path + "json")
    assert as_json.headers["Content-Disposition"] == 'attachment; filename="occurrence-u___1.json"'
    assert as_json.json() == caller.server.occurrences()[0].data
    text = caller.page(path + "markdown").text
    assert text.startswith("## ValueError: boom\n")
    assert f"<{caller.server.url}occurrence/u%22%0D%0A1>" in text
    assert caller.page(path + "other").status_code == 404


def test_nothing_that_arrives_becomes_markup(caller: Caller, evil: str) -> None:
    """Scripts in whatever part of a report are text on every page."""
    for path in ("", "occurrences", "occurrences?item=1", "item/1", evil, f"{evil}?frames=all&q={quote(EVIL)}"):
        answer = caller.page(path)
        assert answer.status_code == 200, path
        page = Page(answer.text)
        page.assert_harmless()
        assert EVIL in page.text


@pytest.mark.parametrize("path", [f"?q={quote(EVIL)}", f"?environment={quote(EVIL)}", f"rql?q={quote(EVIL)}"])
def test_nothing_that_is_asked_becomes_markup(caller: Caller, path: str) -> None:
    """What stands in an address is text as well."""
    caller.post(item())
    page = Page(caller.page(path).text)
    page.assert_harmless()


@given(custom=JSON, request=JSON, frame=JSON, telemetry=JSON)
@settings(max_examples=25)
def test_any_report_that_is_taken_has_its_page(
    shared_caller: Caller, custom: Any, request: Any, frame: Any, telemetry: Any
) -> None:
    """Whatever a client sends and the server takes, its page is made, and nothing on it is markup."""
    trace = {"frames": [{"filename": "a", "locals": frame, "context": frame, "argspec": frame, "code": "x"}]}
    body = {"trace": {**trace, "exception": {"class": "E", "message": json.dumps(frame)}}, "telemetry": telemetry}
    data = {"environment": "t", "custom": custom, "request": request, "body": body, "fingerprint": "same"}
    answer = shared_caller.post({"data": data})
    if answer.status_code != 200:
        body = {"message": {"body": "m", "more": [custom, request, frame, telemetry]}}
        answer = shared_caller.post({"data": {"environment": "t", "body": body, "fingerprint": "same"}})
    assert answer.status_code == 200

    shown = shared_caller.page(f"occurrence/{answer.json()['result']['uuid']}?frames=all")
    assert shown.status_code == 200
    Page(shown.text).assert_harmless()


def test_pages_load_nothing_from_elsewhere_and_are_framed_by_nobody(caller: Caller) -> None:
    """Every page permits our own files only, no script or style within it, and no other site to read it."""
    caller.post(item(uuid="u"))
    for path in (*EVERY_PAGE, "static/page.css", "static/main.js", "nothing-here/x", "item/99"):
        answer = caller.page(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", [*EVERY_PAGE, "events", "static/page.css", "local/occurrences", "local/stats"])
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
    """Addresses, ``localhost`` and the names given are ours; with ``*`` every name is."""
    assert is_own_host(host, frozenset({"box"})) is is_own
    assert is_own_host(host, frozenset({"*"}))


@pytest.mark.parametrize(
    ("headers", "given", "is_ours"),
    [
        ({"host": "h:1", "origin": "http://h:1"}, "t", True),
        ({"host": "h:1"}, "t", True),
        ({"host": "h:1", "origin": "http://h:2"}, "t", False),
        ({"host": "h:1", "origin": "null"}, "t", False),
        ({"host": "h:1", "origin": "http://evil.example"}, "t", False),
        ({"host": "h:1", "origin": "http://h:1"}, "u", False),
        ({"host": "h:1", "origin": "http://h:1"}, None, False),
        ({"host": "h:1", "origin": "http://h:1"}, "é", False),
    ],
)
def test_own_forms(headers: dict[str, str], given: str | None, is_ours: bool) -> None:
    """A form is ours by its origin, and by what it carries."""
    assert is_own_form(headers, given, "t") is is_ours


@pytest.mark.parametrize(
    "path", ["item/9", "occurrence/no", "nothing", "item/99999999999999999999999", "api", "static/x"]
)
def test_a_page_that_is_not_there_is_answered_404(caller: Caller, path: str) -> None:
    """What does not exist is not found."""
    assert caller.page(path).status_code == 404


def test_what_a_deleted_project_has_is_not_there(caller: Caller) -> None:
    """From the moment on in which it is deleted, also while its rows still go."""
    caller.post(item(uuid="u"))
    row = {"id": 2, "name": "second", "date_created": 1, "date_modified": 1}
    change(caller.server, lambda found: found.execute(insert(projects).values(**row)))
    change(caller.server, lambda found: mark_deleted(found, 1, 1))

    for path in ("item/1", "occurrence/u", "occurrences?item=1"):
        assert "boom" not in caller.page(path).text
    assert caller.page("item/1").status_code == 404
    assert post_form(caller, "item/1/change", {"status": "muted"}).status_code == 404


def test_an_item_can_be_resolved_muted_and_reopened(caller: Caller) -> None:
    """By forms; each change is in the item's history, and the version of a resolution is kept."""
    caller.post(item())
    answer = post_form(caller, "item/1/change", {"status": "resolved", "resolved_in_version": " 1.2 "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/item/1")
    found = caller.server.items()[0]
    assert (found.status, found.resolved_in_version) == ("resolved", "1.2")

    assert post_form(caller, "item/1/change", {"status": "active"}).status_code == 303
    assert caller.server.items()[0].status == "active"
    assert post_form(caller, "item/1/change", {"status": "muted"}).status_code == 303
    page = Page(caller.page("item/1").text)
    for expected in ("muted", "reopened", "resolved in 1.2", "seen for the first time", "Unmute"):
        assert expected in page.text


def test_an_item_can_be_assigned(caller: Caller) -> None:
    """To a user that there is, and to nobody again."""
    caller.post(item())
    change(caller.server, lambda found: found.execute(insert(users).values(id=5, username="ada", email="a@b")))

    assert "ada" in Page(caller.page("item/1").text).text
    assert post_form(caller, "item/1/change", {"assignee": "user:5"}).status_code == 303
    assert caller.server.items()[0].assigned_user_id == 5
    assert post_form(caller, "item/1/change", {"assignee": "user:6"}).status_code == 422
    assert post_form(caller, "item/1/change", {"assignee": ""}).status_code == 303
    assert caller.server.items()[0].assigned_user_id is None


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"form_token": "guess"}, {}, 403),
        ({"form_token": ""}, {}, 403),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Host": "evil.example"}, 403),
        ({"status": "gone"}, {}, 422),
        ({"more": "x" * 70_000}, {}, 413),
    ],
)
def test_a_form_of_another_is_not_taken(
    caller: Caller, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    """Nothing changes by a form that is not ours, or says what cannot be."""
    caller.post(item())

    assert post_form(caller, "item/1/change", {"status": "resolved", **fields}, **headers).status_code == status
    assert caller.server.items()[0].status == "active"


def test_tokens_are_shown_without_their_texts(caller: Caller) -> None:
    """Names, scopes, state and counts."""
    caller.post(item())
    text = caller.page("tokens").text

    assert all(name in text for name in caller.server.tokens)
    assert not any(token in text for token in caller.server.tokens.values())


def test_a_token_can_be_disabled_and_enabled(caller: Caller) -> None:
    """It holds from the next call on."""
    token_id = re.search(r'name="id" value="(\d+)"', caller.page("tokens").text)
    assert token_id is not None
    form = {"id": token_id[1]}

    assert post_form(caller, "tokens", {**form, "action": "disable"}).status_code == 303
    assert caller.post(item()).status_code == 403
    assert "disabled" in caller.page("tokens").text
    assert post_form(caller, "tokens", {**form, "action": "enable"}).status_code == 303
    assert caller.post(item()).status_code == 200
    assert post_form(caller, "tokens", {"id": "999", "action": "enable"}).status_code == 404


def test_a_token_that_is_disabled_can_be_deleted(caller: Caller) -> None:
    """Not before; and it is nowhere afterwards."""
    token_id = re.search(r'name="id" value="(\d+)"', caller.page("tokens").text)
    assert token_id is not None
    form = {"id": token_id[1]}

    assert "Delete post_server_item" not in caller.page("tokens").text
    assert post_form(caller, "tokens", {**form, "action": "delete"}).status_code == 422
    assert caller.post(item()).status_code == 200
    post_form(caller, "tokens", {**form, "action": "disable"})
    assert "Delete post_server_item" in caller.page("tokens").text
    assert post_form(caller, "tokens", {**form, "action": "delete"}).status_code == 303
    assert "post_server_item</b>" not in caller.page("tokens").text
    refused = caller.post(item())
    assert refused.status_code == 403
    assert "access token not found" in refused.text
    assert post_form(caller, "tokens", {**form, "action": "enable"}).status_code == 404
    assert post_form(caller, "tokens", {"id": "2", "action": "burn"}).status_code == 404


def test_a_new_token_is_shown_once(caller: Caller) -> None:
    """Its text is in the answer to the form, works, and is nowhere afterwards."""
    form = {"action": "make", "name": "ci", "project": "1", "scope_post_server_item": "on"}
    answer = post_form(caller, "tokens", form)
    found = re.search(r"<pre[^>]*>\n([0-9a-f]{32})</pre>", answer.text)
    assert found is not None

    headers = {"X-Rollbar-Access-Token": found[1]}
    assert caller.post(item(), scope=None, headers=headers).status_code == 200
    again = caller.page("tokens").text
    assert ">ci<" in again
    assert found[1] not in again
    assert post_form(caller, "tokens", {"action": "make", "name": "x"}).status_code == 422
    assert post_form(caller, "tokens", {**form, "project": "77"}).status_code == 404


def test_refusals_are_shown_with_their_counts(caller: Caller) -> None:
    """By status, by token, and the newest rejected reports with their reasons."""
    caller.post({"data": {"environment": "test"}})
    caller.post(item(), scope=None)
    caller.post(b"{")
    caller.post(item(), scope="read")

    text = caller.page("refusals").text
    assert {status: count for count, status in re.findall(r"<b>([\d,]+)</b><h2>(\d{3})", text)} == {
        "429": "0",
        "413": "0",
        "422": "2",
        "403": "1",
        "400": "1",
    }
    assert "API error: Invalid format. data.body" in Page(text).text


def test_deploys_are_on_the_time_line(caller: Caller) -> None:
    """As marks over the counts and as rows, with the items that their version brought."""
    caller.post(item(code_version="abc1"))
    now = int(caller.server.occurrences()[0].received_at)
    row = {"project_id": 1, "environment": "test", "revision": "abc1", "status": "succeeded", "start_time": now - 60}
    change(caller.server, lambda found: found.execute(insert(deploys).values(**row, finish_time=now - 30)))

    for path in ("", "item/1", "deploys"):
        assert "deploy of abc1 to test (succeeded)" in Page(caller.page(path).text).text
    text = caller.page("deploys").text
    assert re.search(r'<td class="number">1</td>', text)
    assert "30.0 s" in text


def test_a_deploy_that_never_ended_has_timed_out(caller: Caller) -> None:
    """As the API says; and of one that was told at its end, nobody says how long it took."""
    caller.call("POST", "deploy", "post_server_item", json={"environment": "test", "revision": "r2"})
    now = caller.get("deploys").json()["result"]["deploys"][0]["start_time"]
    row = {"project_id": 1, "environment": "test", "revision": "r1", "status": "started", "start_time": now - 7200}
    change(caller.server, lambda found: found.execute(insert(deploys).values(**row)))

    text = caller.page("deploys").text
    assert "deploy of r1 to test (timed_out)" in text
    cells = [re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", text, re.DOTALL)]
    assert [cells[0], cells[2], cells[4]] == ["r1", "timed_out", "1 h"]
    assert [cells[8], cells[10], cells[12]] == ["r2", "succeeded", ""]


def test_rql_is_answered_with_a_table(caller: Caller) -> None:
    """Columns and rows; a mistake is told; a link of another site does not run."""
    caller.post(item("one"))
    caller.post(item("one"))
    query = "SELECT item.counter, count(*) FROM item_occurrence GROUP BY item.counter"
    path = f"rql?q={quote(query)}"

    page = Page(caller.page(path).text)
    assert page.names.count("td") == 2
    assert "1 row in" in page.text
    held_back = Page(caller.page(path, headers={"Sec-Fetch-Site": "cross-site"}).text)
    assert held_back.names.count("td") == 0
    assert "when you press Run" in held_back.text
    wrong = Page(caller.page("rql?q=SELEC").text)
    assert wrong.names.count("td") == 0
    assert ("p", "class", "mistake") in wrong.attributes
    assert not is_cross_site({"sec-fetch-site": "same-origin"})


def test_the_examples_of_rql_can_be_run(caller: Caller) -> None:
    """Each of the queries that the page offers is one."""
    examples = [link[1:] for link in Page(caller.page("rql").text).values("a", "href") if "/rql?q=" in link]
    assert len(examples) == 3
    for link in examples:
        assert ("p", "class", "mistake") not in Page(caller.page(link).text).attributes, link


def test_projects_are_kept_apart(caller: Caller) -> None:
    """Another project has its own list; links on its pages keep it."""
    caller.post(item("mine"))
    row = {"id": 2, "name": "second", "date_created": 1, "date_modified": 1}
    change(caller.server, lambda found: found.execute(insert(projects).values(**row)))

    first, second = caller.page().text, caller.page("?project=2").text
    assert ">mine<" in first
    assert ">mine<" not in second
    assert "Nothing has arrived yet" in second
    assert caller.server.tokens["post_server_item"] not in second
    assert "/occurrences?project=2" in Page(second).values("a", "href")
    for path in ("occurrences", "deploys", "tokens", "refusals", "rql"):
        assert "mine" not in Page(caller.page(f"{path}?project=2").text).text


def test_occurrences_are_paged_by_key(caller: Caller) -> None:
    """The newest first, fifty a page, of all items or of one, and no gap between two pages."""
    for number in range(60):
        caller.post(item("aa" if number % 2 else "bb", uuid=f"u-{number}"))

    for path, expected in (("occurrences?", 60), ("occurrences?item=1&", 30), ("occurrences?q=aa&", 30)):
        seen: list[str] = []
        url = path
        while url:
            page = Page(caller.page(url).text)
            links = page.values("a", "href")
            seen += [link for link in links if link.startswith("/occurrence/")]
            url = next((link[1:] for link in links if "before=" in link), "")
        assert len(seen) == len(set(seen)) == expected
        assert "u-5" in seen[0]


def test_a_page_that_cannot_be_made_says_so(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """The reader gets a page, without what went wrong inside; the log has that."""
    change(caller.server, lambda found: found.execute(sql("DROP TABLE deploys")))

    answer = caller.page("deploys")
    page = Page(answer.text)
    page.assert_harmless()
    assert answer.status_code == 500
    assert "could not make this page" in page.text
    assert "no such table" not in page.text
    assert "no such table" in caplog.text


def test_static_files_are_known_again(caller: Caller) -> None:
    """A browser that has the file gets no second copy."""
    first = caller.page("static/page.css")
    assert first.headers["Content-Type"].startswith("text/css")
    again = caller.page("static/page.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


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
    for after in ("x", "9" * 30, "1" * 5000):
        assert caller.page(f"local/occurrences?after={after}").status_code == 422


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
