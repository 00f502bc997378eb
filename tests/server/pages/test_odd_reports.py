"""Pages of reports that other clients send, of very large ones, and of those that would mislead a reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import insert

from rollbar_logging.server.pages.views import values
from rollbar_logging.server.pages.views.markdown import occurrence_markdown
from rollbar_logging.server.pages.views.occurrence import occurrence_view
from rollbar_logging.server.pages.views.traces import traces_of_body
from rollbar_logging.server.storage.tables import projects
from tests.server.conftest import Caller, item
from tests.server.pages.html import Page
from tests.server.pages.test_pages import change
from tests.server.pages.test_views import NOW, count, frames_of, received, trace_of

_ONE_DIRECTION = "\u202e"
MOST_OF_PAGE = 10_000


def test_a_recursion_says_how_often_it_went_on() -> None:
    """A call that stands for many says so, on the page and in a ticket."""
    frame = {"filename": "/app/a.py", "lineno": 3, "method": "f", "repeated": 1300}
    (shown,) = frames_of(trace_of(frame))
    assert shown.repeated == 1300
    assert not any(frames_of(trace_of({**frame, "repeated": odd}))[0].repeated for odd in (None, "9", -1, 10**400))

    data = {"body": {"trace": {"frames": [frame], "exception": {"class": "E"}}}}
    ticket = occurrence_markdown(occurrence_view(received(data), now=NOW), {}, "http://h/")
    assert "/app/a.py:3 in f (and 1,300 more times)" in ticket


def test_a_frame_shows_all_that_came_with_it(caller: Caller) -> None:
    """The column of a minified file, values of arguments, lines around a line that was not sent itself."""
    frames = [
        {"filename": "app.min.js", "lineno": 1, "colno": 88123},
        {"filename": "a.php", "lineno": 12, "code": None, "context": {"pre": ["eleven"], "post": ["thirteen"]}},
        {"filename": "b.php", "lineno": 5, "args": ["first argument"], "kwargs": {"key": "word"}},
        {"filename": "c.php", "lineno": None, "colno": 4},
    ]
    caller.post(item(uuid="u", body={"trace": {"frames": frames, "exception": {"class": "E"}}}))

    text = Page(caller.page("occurrence/u?frames=all").text).text
    for expected in ("app.min.js:1:88123", "11eleven", "12\n13thirteen", "first argument", "word"):
        assert expected in text, expected
    assert text.count("Neither source nor variables were sent") == 2


def test_one_report_makes_no_page_that_keeps_everybody_waiting() -> None:
    """Two hundred calls with two hundred values each: those of the application's calls are shown first."""
    big = {"rows": [[1] * 19 for _ in range(10)]}
    library = {"filename": "/venv/lib/python3.12/site-packages/x.py", "locals": big}
    own = {"filename": "/app/a.py", "locals": big}
    events = [{"type": "log", "body": {"message": "m", "more": big}}] * 200
    body = {"trace": {"frames": [own, *[library] * 199], "exception": {"class": "E"}}, "telemetry": events}
    view = occurrence_view(received({"body": body, "custom": big, "request": big}), now=NOW)

    frames = frames_of(view.traces[0])
    trees = [frame.local_values for frame in frames] + [event.nodes for event in view.telemetry]
    trees += [section.nodes for section in view.sections]
    assert sum(map(count, trees)) < MOST_OF_PAGE
    assert count(frames[-1].local_values) == 1 + 10 + 190
    assert count(frames[0].local_values) == 1 + 10 + 190
    assert frames[150].local_values[0].text == "1 more: see the raw JSON"
    assert count(view.sections[0].nodes) == count(view.sections[1].nodes) == 201


def test_a_single_large_tree_is_shown_as_far_as_before() -> None:
    """What trees share takes nothing from one that is alone."""
    frame = {"filename": "a.py", "locals": {"rows": list(range(3000))}}
    (trace,) = traces_of_body({"trace": {"frames": [frame]}}, root="", language="", opening="all")
    assert count(frames_of(trace)[0].local_values) >= values.MOST_NODES


@pytest.mark.parametrize("path", ["?q=NoField:Web1", "occurrences?q=NoField:Web1", "item/1?q=NoField:Web1"])
def test_a_mistake_of_a_search_is_told_in_its_own_words(caller: Caller, path: str) -> None:
    """Wherever there is a box; an item then walks all, and does not say that it shows hits."""
    caller.post(item(uuid="u"))
    page = Page(caller.page(path).text)

    assert "There is no field 'NoField'" in page.text
    assert "Latest hits" not in page.text
    assert "Latest hits" not in Page(caller.page("occurrence/u?q=nofield:1").text).text


def test_links_stay_in_their_project(caller: Caller) -> None:
    """Deploys on the time line, all occurrences, refusals and tokens are those of the project that is looked at."""
    row = {"id": 2, "name": "second", "date_created": 1, "date_modified": 1}
    change(caller.server, lambda found: found.execute(insert(projects).values(**row)))
    caller.post(item(), scope=None)

    pages = {path: Page(caller.page(path).text) for path in ("?project=2", "occurrences?project=2&q=x")}
    caller.call("POST", "deploy", "post_server_item", json={"environment": "test", "revision": "r"})
    for page in pages.values():
        ours = [link for link in page.values("a", "href") if not link.startswith("#")]
        assert [link for link in ours if "project=" not in link] == []


def test_names_that_turn_the_direction_do_not_turn_the_sentence(caller: Caller) -> None:
    """The key's words are read as they are written; such a name is as it came only where it has a line of its own."""
    name = f"{_ONE_DIRECTION}gnits"
    caller.post(item(uuid="u", environment=name, code_version=name, server={"host": name}))

    sentence = occurrence_view(received({"body": {"message": {"body": "m"}}}, environment=name), now=NOW).grouping
    assert "in the environment “gnits”, whatever" in sentence.sentence
    for path in ("", "occurrences", "item/1"):
        text = caller.page(path).text
        assert "gnits" in text
        alone = re.sub(rf'<(dd|dt|option)[^<>]*>{name}|<span class="value">{name}|&#34;{name}&#34;', "", text)
        assert _ONE_DIRECTION not in alone


def test_a_title_that_nobody_can_see_can_be_opened(caller: Caller) -> None:
    """Its link says that there is nothing to see."""
    caller.post(item("\u200b\u200b", uuid="u", title="\u200b"))
    for path in ("", "occurrences", "item/1"):
        assert "(no visible text)" in Page(caller.page(path).text).text


@pytest.mark.parametrize("sign", ["w", "😀", '"'])
def test_a_list_of_long_titles_is_short(caller: Caller, sign: str) -> None:
    """No more than 80 kB, with forty items a page; the item's own page has all of its title."""
    long = f"{sign * 250} END"
    for number in range(42):
        letters = f"{chr(65 + number % 26)}{chr(65 + number // 26)}"
        for environment in ("test", *(sign * 200 + each for each in "ab" if number % 2)):
            data: dict[str, Any] = {"environment": environment, "fingerprint": letters, "title": f"{letters[:1]}{long}"}
            caller.post(item(**data))

    answer = caller.page()
    assert answer.text.count("data-row") == 40
    assert len(answer.content) <= 80_000
    assert "END" in Page(caller.page("item/1").text).text


def test_a_failed_deploy_is_told_from_others(caller: Caller) -> None:
    """By a mark, not by its word alone."""
    for status in ("succeeded", "failed"):
        told = {"environment": "test", "revision": "r", "status": status}
        assert caller.call("POST", "deploy", "post_server_item", json=told).status_code == 200
    assert re.findall(r'class="tag warn">(\w+)<', caller.page("deploys").text) == ["failed"]
