"""The pages in a real Chromium: live, by keyboard, narrow, dark, without scripts; and nothing asked of anyone else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.server.conftest import Caller, error_item, item

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
expect = api.expect
expect.set_options(timeout=20_000)  # milliseconds: the machine may be busy

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, _PROGRAMS) if path), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason=f"no Chromium is installed: none of {', '.join(_PROGRAMS)}"),
    pytest.mark.timeout(240),
]

LONG = "x" * 400
PAGES = (
    *("", "item/1", "occurrence/long?frames=all", "occurrences", "deploys", "tokens", "refusals"),
    "rql?q=SELECT+*+FROM+item_occurrence",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


Open = Callable[..., Any]


@pytest.fixture
def view(browser: Any, caller: Caller) -> Iterator[Open]:
    """Opens a page of the server; at the end, no page may have complained, nor asked anyone else for anything."""
    problems: list[str] = []
    contexts = []

    def hear(message: Any) -> None:
        if message.type in {"error", "warning"}:
            problems.append(f"{message.type}: {message.text}")

    def asked(request: Any) -> None:
        if not request.url.startswith(caller.server.url):
            problems.append(f"asked elsewhere: {request.url}")

    def open_page(path: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 800}, "timezone_id": "UTC", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on("request", asked)
        page.goto(caller.server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def is_live(page: Any) -> Any:
    """Wait until the page is told of what is stored."""
    expect(page.locator("[data-live-state]")).to_have_text("live")
    return page


def test_the_list_is_live(caller: Caller, view: Open) -> None:
    """What is stored appears by itself, with its count; the page is not loaded anew."""
    caller.post(item("first one"))
    page = is_live(view())
    page.evaluate("window.stays = true")

    caller.post(item("second one"))
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("[data-row]").first).to_contain_text("second one")
    caller.post(item("first one"))
    expect(page.locator("[data-row]").first.locator(".count")).to_have_text(re.compile("^2"))
    assert page.evaluate("window.stays")


def test_the_first_report_replaces_the_empty_page(caller: Caller, view: Open) -> None:
    """Whoever follows the hint sees the report come."""
    page = is_live(view())
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()

    caller.post(item("hello"))
    expect(page.get_by_role("link", name="hello")).to_be_visible()


def test_what_comes_before_a_page_listens_is_not_missed(caller: Caller, view: Open) -> None:
    """A report between the making of a page and its first event is shown as well."""
    caller.post(item("early"))
    page = view("tokens")
    posted = []

    def delay(route: Any) -> None:
        if not posted:
            posted.append(caller.post(item("meanwhile")))
        route.continue_()

    page.route("**/events", delay)
    page.goto(caller.server.url)
    expect(page.get_by_role("link", name="meanwhile")).to_be_visible()
    assert len(posted) == 1


def test_an_item_tells_of_newer_occurrences(caller: Caller, view: Open) -> None:
    """The occurrence under the reader's eyes stays; a notice leads to the newer one, and the count goes up."""
    caller.post(error_item(uuid="old"))
    page = is_live(view("item/1"))

    caller.post(error_item(uuid="new"))
    notice = page.get_by_role("link", name="A newer occurrence has arrived")
    expect(notice).to_be_visible()
    expect(page.locator(".facts-line")).to_contain_text("2 occurrences")
    expect(page.locator("aside .pairs").first).to_contain_text("old")
    notice.click()
    expect(page.locator("aside .pairs").first).to_contain_text("new")


def test_what_is_changed_by_the_api_is_shown(caller: Caller, view: Open) -> None:
    """An item that a program resolves, and a deploy that it tells of, appear on pages that are open."""
    caller.post(item())
    of_item, listed, told = is_live(view("item/1")), is_live(view()), is_live(view("deploys"))

    assert caller.call("PATCH", "item/1", "write", json={"status": "resolved"}).status_code == 200
    expect(of_item.locator(".facts-line .tag")).to_have_text("resolved")
    expect(of_item.get_by_role("button", name="Reopen")).to_be_visible()
    expect(listed.locator("[data-row] .tag")).to_have_text("resolved")
    deploy = {"environment": "test", "revision": "abc"}
    assert caller.call("POST", "deploy", "post_server_item", json=deploy).status_code == 200
    expect(told.get_by_role("link", name="abc")).to_be_visible()
    expect(listed.get_by_role("link", name="1 deploy")).to_be_visible()


def test_refusals_are_counted_while_somebody_looks(caller: Caller, view: Open) -> None:
    """Also those that leave nothing in the database, of which no event tells."""
    page = is_live(view("refusals"))
    tile = page.locator(".tiles li", has_text="400 not understood").locator("b")
    expect(tile).to_have_text("0")

    caller.post(b"{")
    expect(tile).to_have_text("1")


def test_the_root_cause_is_named_above_the_fold(caller: Caller, view: Open) -> None:
    """A chain says at its top where it began, and leads there; a message has no calls to open."""
    caller.post(error_item())
    caller.post(item())
    page = view("item/1")
    lead = page.locator(".lead", has_text="Root cause: KeyError: 'id' at /app/store.py:7 in load")
    expect(lead).to_be_in_viewport()

    lead.get_by_role("link", name="KeyError").click()
    expect(page.locator("#trace-1")).to_contain_text("caused by")
    expect(page.locator("#trace-1")).to_be_in_viewport()
    expect(page.get_by_role("group", name="Open calls")).to_have_count(1)
    expect(view("item/2").get_by_role("group", name="Open calls")).to_have_count(0)


def test_a_list_can_be_walked_and_changed_by_keys(caller: Caller, view: Open) -> None:
    """The keys j and k choose, Enter opens, r resolves and reopens, m mutes."""
    for text in ("one", "two", "three"):
        caller.post(item(text))
    page = is_live(view())
    rows = page.locator("[data-row]")

    page.keyboard.press("j")
    expect(rows.nth(0).get_by_role("link")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_have_class(re.compile("chosen"))
    page.keyboard.press("r")
    expect(rows.nth(1)).to_have_attribute("data-status", "resolved")
    expect(rows.nth(1)).to_have_class(re.compile("chosen"))
    assert [found.status for found in caller.server.items()] == ["active", "resolved", "active"]
    page.keyboard.press("r")
    expect(rows.nth(1)).to_have_attribute("data-status", "active")
    page.keyboard.press("m")
    expect(rows.nth(1)).to_have_attribute("data-status", "muted")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/item/2$"))


def test_keys_sleep_while_somebody_types(caller: Caller, view: Open) -> None:
    """The search box takes every letter; Escape leaves it; ? opens the help, and Escape closes it."""
    caller.post(item("rjm"))
    page = view()
    page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused()
    page.keyboard.type("rjm?")
    expect(box).to_have_value("rjm?")
    assert caller.server.items()[0].status == "active"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_filters_act_when_they_are_changed(caller: Caller, view: Open) -> None:
    """A level, an environment and a search narrow the list; the address says so."""
    caller.post(item("alpha", level="critical"))
    caller.post(item("beta", level="info"))
    caller.post(item("gamma", level="info", environment="staging"))
    page = view()

    page.get_by_role("checkbox", name="info").check()
    expect(page).to_have_url(re.compile(r"/\?level=info$"))
    expect(page.locator("[data-row]")).to_have_count(2)
    page.get_by_label("Environment").select_option("staging")
    expect(page).to_have_url(re.compile(r"/\?level=info&environment=staging$"))
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_role("link", name="clear").click()
    expect(page).to_have_url(re.compile("/$"))
    search = is_live(page).get_by_role("searchbox")
    search.fill("alp")
    search.press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.get_by_role("link", name="alpha")).to_be_visible()


def test_an_item_can_be_resolved_and_reopened(caller: Caller, view: Open) -> None:
    """By button with a version, and by key."""
    caller.post(error_item())
    page = is_live(view("item/1"))

    page.get_by_label("Resolved in version").fill("1.4")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    assert caller.server.items()[0].resolved_in_version == "1.4"
    page.wait_for_load_state()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    assert caller.server.items()[0].status == "muted"


def test_the_hits_of_a_search_can_be_walked(caller: Caller, view: Open) -> None:
    """The keys n and p, and the links, lead from hit to hit inside the item."""
    for number in range(5):
        caller.post(error_item(uuid=f"u-{number}", server={"host": f"web{number % 2}"}))
    page = view("item/1")

    box = page.get_by_role("searchbox", name="Search in this item")
    box.fill("host:web0")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=host"))
    shown = page.locator("aside .pairs").first
    expect(shown).to_contain_text("u-4")
    page.wait_for_load_state()  # scripts are there, and hear keys
    page.keyboard.press("p")
    expect(shown).to_contain_text("u-2")
    page.wait_for_load_state()
    page.keyboard.press("p")
    expect(shown).to_contain_text("u-0")
    page.get_by_role("link", name="next").click()
    expect(shown).to_contain_text("u-2")
    page.get_by_role("link", name="latest »").click()
    expect(shown).to_contain_text("u-4")
    expect(box).to_have_value("host:web0")


def test_the_frame_of_interest_is_above_the_fold(caller: Caller, view: Open) -> None:
    """An item opens with the raising frame in view; calls of libraries are folded, keys walk the calls."""
    payload = error_item(uuid="u")
    frames = payload["data"]["body"]["trace_chain"][0]["frames"]
    library = {**frames[0], "filename": "/venv/lib/python3.12/site-packages/lib.py", "method": "inner"}
    frames[1:1] = [library, library]
    caller.post(payload)
    page = view("item/1")

    assert page.locator(".frame[open]").count() == 1
    current = page.locator(".frame[open] .current")
    expect(current).to_be_in_viewport()
    expect(current).to_contain_text("show(1)")
    folded = page.locator("details.folded > summary")
    expect(folded).to_have_text(re.compile("2 library calls"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#frame-0-3")).to_have_attribute("open", "")
    folded.click()
    expect(page.locator("details.folded .frame").first).to_be_visible()


def test_ages_tick(caller: Caller, view: Open) -> None:
    """Relative times go on by themselves; the absolute one is on hover."""
    caller.post(item())
    page = view()
    page.clock.install()
    page.reload()
    time = page.locator("[data-row] time")
    expect(time).to_have_attribute("title", re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n.+ here"))
    page.clock.fast_forward(130_000)
    expect(time).to_have_text(re.compile("^2 min ago$"))


def test_a_ticket_can_be_copied(caller: Caller, view: Open) -> None:
    """One click puts the occurrence into the clipboard as Markdown."""
    caller.post(error_item(uuid="u"))
    page = view("item/1", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="Copy for a ticket").click()
    expect(page.locator("[data-toast]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("## ValueError: boom")


def long_ones(caller: Caller) -> None:
    """Post what has no place to be broken."""
    payload = error_item(LONG, uuid="long", custom={LONG: LONG}, request={"url": f"/{LONG}", "method": "POST"})
    payload["data"].update(environment=LONG[:200], code_version=LONG[:30], server={"host": LONG})
    frame = payload["data"]["body"]["trace_chain"][0]["frames"][1]
    frame.update(filename=f"/{LONG}.py", method=LONG, code=LONG, locals={LONG: LONG, "list": [[LONG]]})
    event = {"level": "info", "type": LONG, "source": "server", "timestamp_ms": 1, "body": {"message": LONG}}
    payload["data"]["body"]["telemetry"] = [event]
    assert caller.post(payload).status_code == 200
    caller.post({"data": {"environment": "test", "body": {"message": {}}}})


@pytest.mark.parametrize("width", [400, 1200])
def test_no_page_scrolls_sideways(caller: Caller, view: Open, width: int) -> None:
    """At 400 pixels and at 1200, whatever long words are in a report."""
    long_ones(caller)
    page = view("", viewport={"width": width, "height": 800})
    for path in PAGES:
        page.goto(caller.server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_colours_follow_the_system_and_the_reader(caller: Caller, view: Open) -> None:
    """Dark where the system is dark; the button overrules it, and is remembered."""
    caller.post(item())
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = view(color_scheme="light"), view(color_scheme="dark")
    bright, dim = light.evaluate(paper), dark.evaluate(paper)
    assert bright != dim

    dark.get_by_role("button", name="Colours: as the system").click()
    assert dark.evaluate(paper) == bright
    dark.reload()
    assert dark.evaluate(paper) == bright
    dark.get_by_role("button", name="Colours: light").click()
    assert dark.evaluate(paper) == dim


CONTRAST = """() => {
  const ratio = (a, b) => {
    const [x, y] = [a, b].map(([r, g, b]) => [r, g, b]
      .map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!text || !element.checkVisibility() || element.closest("[aria-disabled], svg")) continue;
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(getComputedStyle(each).backgroundColor);
    const paper = over(layers);
    const found = ratio(over([...layers, getComputedStyle(element).color]), paper);
    if (found < 4.5) poor.push(`${element.className || element.tagName}: ${found.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read(caller: Caller, view: Open, scheme: str) -> None:
    """Every text stands out from what is behind it, by the measure of WCAG's level AA."""
    for level in ("critical", "error", "warning", "info", "debug"):
        caller.post(item(f"a {level}", level=level))
    caller.post(error_item(uuid="u", custom={"password": "[scrubbed]"}))
    caller.call("PATCH", "item/1", "write", json={"status": "resolved"})
    page = view(color_scheme=scheme)
    for path in ("", "?level=error&q=nofield:1", "occurrence/u", "tokens", "refusals", "rql"):
        page.goto(caller.server.url + path)
        assert page.evaluate(CONTRAST) == [], path


def test_everything_can_be_reached_and_seen_by_tab(caller: Caller, view: Open) -> None:
    """The first stop skips to the content; whatever has the focus shows it, and has a name."""
    caller.post(error_item(uuid="u"))
    page = view("occurrence/u")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(25):
        page.keyboard.press("Tab")
        outline, name = page.evaluate(
            "[getComputedStyle(document.activeElement).outlineStyle, (document.activeElement.ariaLabel ?? "
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()]"
        )
        assert outline != "none"
        assert name


def test_pages_can_be_read_without_scripts(caller: Caller, view: Open) -> None:
    """Lists, filters, items and forms work; nothing is shown that would not."""
    caller.post(error_item(uuid="u"))
    page = view(java_script_enabled=False)

    expect(page.get_by_role("button", name="Search")).to_be_visible()
    expect(page.locator("[data-theme-button], [data-help-button], [data-live-state]")).to_have_count(3)
    for each in page.locator("[data-theme-button], [data-help-button], [data-live-state]").all():
        expect(each).to_be_hidden()
    page.get_by_role("link", name="ValueError boom").click()
    expect(page.locator(".frame[open] .current")).to_contain_text("show(1)")
    expect(page.get_by_role("button", name="Copy for a ticket")).to_be_hidden()
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    assert caller.server.items()[0].status == "resolved"


def test_a_page_that_nobody_sees_holds_no_connection(caller: Caller, view: Open) -> None:
    """More pages than a browser has connections to one server can be open, one after the other."""
    caller.post(item())
    pages = [view() for _ in range(2)]
    for page in pages:
        is_live(page)
        page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    caller.post(item("unseen"))
    with closing(is_live(view())):
        expect(pages[0].get_by_role("link", name="unseen")).to_have_count(0)
    pages[0].evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(pages[0].get_by_role("link", name="unseen")).to_be_visible()


def test_markup_in_a_report_is_text_in_the_browser(caller: Caller, view: Open) -> None:
    """No script of a report runs, in the page as it is loaded and as it is refreshed."""
    evil = "<img src=x onerror='document.title=1'><script>document.title=2</script>"
    page = is_live(view())
    caller.post(error_item(evil, uuid="u", custom={evil: evil}))
    expect(page.locator("[data-row]")).to_contain_text("<script>")
    caller.post(error_item(evil, uuid="v", custom={evil: evil}))
    expect(page.locator(".count")).to_have_text(re.compile("^2"))
    page.goto(caller.server.url + "occurrence/u")
    expect(page.locator(".message, h1").first).to_contain_text("<script>")
    assert page.locator("img").count() == 0
    assert page.title().startswith("ValueError")
