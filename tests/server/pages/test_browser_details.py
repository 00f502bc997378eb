"""In a real Chromium: what a live page keeps of its reader's doings, what can be pointed at, and what is printed."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rollbar_logging.server import LocalServer
from tests.server.conftest import Caller, error_item, item
from tests.server.pages.test_browser import LONG, Open, browser, expect, is_live, pytestmark, view

__all__ = ["browser", "pytestmark", "view"]

AT_POINT = """(element) => {
  const box = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


def test_counts_and_times_of_a_row_can_be_pointed_at(caller: Caller, view: Open) -> None:
    """Their exact values are told on hover, so nothing may lie over them; a click on them opens the item as well."""
    caller.post(item())
    page = is_live(view())
    for part in (".last time", ".count", ".spark"):
        assert page.locator("[data-row]").locator(part).evaluate(AT_POINT), part

    page.locator("[data-row] .last time").click()
    expect(page).to_have_url(re.compile("/item/1$"))


def test_a_refresh_takes_the_focus_from_nobody(caller: Caller, view: Open) -> None:
    """A reader at a button, at a link of a row or between two fields goes on where they were."""
    caller.post(item("one"))
    caller.post(item("one", environment="staging"))
    of_item, listed = is_live(view("item/1")), is_live(view())
    of_item.get_by_role("button", name="Mute").focus()
    listed.get_by_role("link", name="staging").focus()

    caller.post(item("one"))
    expect(of_item.locator(".facts-line")).to_contain_text("2 occurrences")
    expect(of_item.get_by_role("button", name="Mute")).to_be_focused()
    expect(listed.locator(".count").first).to_have_text(re.compile("^2"))
    expect(listed.get_by_role("link", name="staging")).to_be_focused()


def test_a_refresh_leaves_what_was_typed(caller: Caller, view: Open) -> None:
    """A version that was written into its field stays there when the field has lost the focus."""
    caller.post(item("one"))
    page = is_live(view("item/1"))
    page.get_by_label("Resolved in version").fill("1.4")
    page.get_by_role("button", name="Mute").focus()

    caller.post(item("one"))
    expect(page.locator(".facts-line")).to_contain_text("2 occurrences")
    expect(page.get_by_label("Resolved in version")).to_have_value("1.4")


def test_a_page_that_is_shown_again_is_live_again(caller: Caller, view: Open) -> None:
    """Some browsers keep the page that was left, and show it when the reader comes back."""
    caller.post(item("one"))
    page = is_live(view())
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    caller.post(item("two"))
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.get_by_role("link", name="two")).to_be_visible()


def test_a_list_goes_on_with_a_server_that_was_started_anew(browser: Any, tmp_path: Path) -> None:
    """It shows what came meanwhile, and its keys change items again, without being loaded anew."""
    options: dict[str, Any] = {"database": tmp_path / "r.db", "access_token": "a" * 32}
    with closing(browser.new_context()) as context:
        page = context.new_page()
        with LocalServer(**options) as server:
            Caller(server).post(item("one"))
            page.goto(server.url)
            is_live(page).evaluate("window.stays = true")
        expect(page.locator("[data-live-state]")).to_have_text("not connected")
        with LocalServer(port=urlsplit(server.url).port or 0, **options) as server:
            Caller(server).post(item("two"))
            expect(page.get_by_role("link", name="two")).to_be_visible()
            page.keyboard.press("j")
            page.keyboard.press("m")
            expect(page.locator("[data-row]").first).to_have_attribute("data-status", "muted")
            assert page.evaluate("window.stays")


def test_a_long_title_is_whole_on_its_page(caller: Caller, view: Open) -> None:
    """On a narrow screen too; nothing else on the page may say it."""
    caller.post(error_item(f"{'many words ' * 20}END"))
    heading = view("item/1", viewport={"width": 400, "height": 800}).get_by_role("heading", level=1)
    assert heading.evaluate("(element) => element.scrollHeight <= element.clientHeight + 1")


def test_long_versions_and_deploys_stay_in_their_place(caller: Caller, view: Open) -> None:
    """A version does not run over its count, and a long word of a deploy pushes nothing out of sight."""
    caller.post(item(code_version="v" * 40))
    told = {"environment": "test", "revision": "r" * 40, "local_username": LONG[:200], "comment": LONG}
    assert caller.call("POST", "deploy", "post_server_item", json=told).status_code == 200
    page = view("item/1", viewport={"width": 400, "height": 800})
    term = page.locator("dt", has_text="v" * 40)
    assert term.evaluate("(element) => element.scrollWidth <= element.clientWidth")

    page.goto(caller.server.url + "deploys")
    assert max(page.locator("td").evaluate_all("(cells) => cells.map((cell) => cell.offsetWidth)")) <= 480
    assert page.locator("td time").evaluate("(element) => element.getClientRects().length") == 1


def test_an_occurrence_can_be_printed(caller: Caller, view: Open) -> None:
    """Dark on white whatever was chosen, with where and when, with whole lines and whole texts."""
    payload = error_item("m " * 3000, uuid="u", server={"host": "web1"})
    payload["data"]["body"]["trace_chain"][0]["frames"][1]["code"] = "call(1) " * 100
    caller.post(payload)
    page = view("occurrence/u", color_scheme="dark")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(35, 38, 45)"
    expect(page.locator("aside dd", has_text="web1")).to_be_visible()
    expect(page.get_by_role("button", name="Resolve")).to_be_hidden()
    for part in (".message", ".frame[open] .code", ".frame[open] .locals"):
        sizes = "(e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"
        assert page.locator(part).first.evaluate(sizes), part
