"""What a person would read of a page that a proxy answers with."""

from __future__ import annotations


def without_tags(page: str) -> str:
    """Return the text of an HTML page. Linear in its length, whatever the page."""
    text, *pieces = page.split("<")
    kept, skipped = [text], ""
    for piece in pieces:
        tag, _, text = piece.partition(">")
        name = tag.split(maxsplit=1)[0].lower() if tag.strip() else ""
        if skipped and name != f"/{skipped}":
            continue
        skipped = name if name in {"script", "style"} else ""
        kept.append("" if skipped else text)
    return " ".join(kept)
