"""Reading a page back: its elements, attributes, text and forms."""

from __future__ import annotations

from html.parser import HTMLParser

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}</textarea></title>"

OURS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "aside", "section", "footer"),
    *("a", "b", "i", "p", "pre", "code", "span", "small", "time", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd"),
    *("div", "details", "summary", "form", "label", "fieldset", "legend", "input", "select", "option", "button"),
    *("textarea", "table", "thead", "tbody", "tr", "th", "td", "svg", "path", "g", "rect", "line", "figure"),
    *("figcaption", "dialog", "kbd", "bdi"),
}
"""Elements that templates make."""


class Page(HTMLParser):
    """A page that has been read."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note a piece of text."""
        self.text += data

    def values(self, tag: str, attribute: str) -> list[str]:
        """Return the values of an attribute of all elements of that name."""
        return [value for name, key, value in self.attributes if (name, key) == (tag, attribute)]

    def assert_harmless(self) -> None:
        """Assert that nothing on the page is an element, a script, a style or an address that is not ours."""
        assert set(self.names) <= OURS
        assert self.values("script", "src") == ["/static/theme.js", "/static/main.js"]
        assert self.names.count("script") == 2
        for _, name, value in self.attributes:
            assert not name.startswith("on")
            assert name != "style"
            if name in {"href", "src", "action"}:
                assert value.startswith(("/", "#")), value
                assert not value.startswith("//")


def form_token(text: str) -> str:
    """Return what the forms of a page carry."""
    page = Page(text)
    return next(
        value
        for (_, name, content), (_, key, value) in zip(page.attributes, page.attributes[1:], strict=False)
        if (name, content, key) == ("name", "form-token", "content")
    )
