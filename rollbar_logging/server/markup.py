"""HTML that cannot be forgotten to be escaped: text is text unless it was built here."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import datetime, timezone

_VOID = frozenset({"br", "link", "meta"})
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Markup(str):
    """Text that is HTML already. Only `tag` and `joined` make it."""

    __slots__ = ()


Child = str | int | Iterable["Child"] | None


def joined(children: Child) -> Markup:
    """Escape what is text, and join it all; ``None`` is nothing."""
    if children is None:
        return Markup()
    if isinstance(children, Markup):
        return children
    if isinstance(children, (str, int)):
        return Markup(html.escape(str(children)))
    return Markup("".join(joined(child) for child in children))


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """Build an element.

    Args:
        name: The element's name.
        children: Text is escaped, `Markup` is not, ``None`` is nothing; iterables of these too.
        attributes: ``class_`` is ``class`` and ``http_equiv`` is ``http-equiv``; ``True`` writes the bare
            name, ``False`` and ``None`` nothing.
    """
    written = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    # A line break right after <pre> is not shown, so the text's own first one needs another before it.
    start = "\n" if name == "pre" else ""
    return Markup(f"<{name}{written}>{start}{joined(children)}</{name}>")


def _attribute(keyword: str) -> str:
    return keyword.rstrip("_").replace("_", "-")


def document(title: str, *content: Child, refresh: int | None = None) -> bytes:
    """Build a whole page.

    Args:
        title: Of the window.
        content: Of the body.
        refresh: Seconds after which the browser loads the page anew.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="refresh", content=str(refresh)) if refresh else None,
        tag("title", title),
        tag("link", rel="stylesheet", href="/style.css"),
    )
    banner = tag("header", tag("a", "rollbar-logging", href="/"), tag("span", "local server"))
    page = tag("html", head, tag("body", banner, tag("main", content)), lang="en")
    # Half a surrogate pair may have come in a report; it has no bytes.
    return f"<!doctype html>\n{page}".encode("utf-8", "replace")


def moment(unix_time: float, now: float) -> Markup:
    """Show a moment by its age, with the date and time at hand."""
    exact = datetime.fromtimestamp(unix_time, timezone.utc)
    return tag(
        "time",
        age(now - unix_time),
        datetime=exact.isoformat(timespec="seconds"),
        title=exact.strftime("%Y-%m-%d %H:%M:%S UTC"),
    )


def age(seconds: float) -> str:
    """Say how long ago something was."""
    if seconds < _MINUTE:
        return f"{max(int(seconds), 0)} s ago"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    return f"{int(seconds // _HOUR)} h ago" if seconds < _DAY else f"{int(seconds // _DAY)} d ago"


def size(count: int) -> str:
    """Say a number of bytes."""
    return f"{count} bytes" if count < 1024 else f"{count / 1024:.1f} KiB"  # noqa: PLR2004 - bytes of a KiB
