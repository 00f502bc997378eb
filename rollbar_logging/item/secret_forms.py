"""Secrets in forms that were sent in parts (multipart/form-data): the name in a header, the value below an empty line.

Text may be as it was sent, or as Python or JSON writes it, with escapes for the ends of its lines.
"""

from __future__ import annotations

import re

from rollbar_logging.item.secret_names import BRIEF, CLEAN, PLURAL, SecretNames
from rollbar_logging.item.secret_text import SCRUBBED, Span, cut_at, placeholder_end, replaced

PART = "form-data;"
"""What no text with a part of a form is without."""

_END = r"(?:\n|\r\n|\\\\{0,3}(?:r\\{1,4})?n)"
_LINE_END = re.compile(_END)
_LAST_END = re.compile(_END + r"\Z")
_NEXT_PART = re.compile(_END + "--")
_LONGEST_END = 10
_LINE = re.compile(r"[^\r\n\\]{0,200}(?:\\(?![rn])[^\r\n\\]{0,200}){0,8}")
_NAME = re.compile(r"[; \t]name=\\{0,3}[\"']?([^\"';\\\r\n]{1,64})")
_MOST_HEADERS = 5
_BEFORE = 200
_ONE_LINE = 300
_CODE_MARKS = frozenset("\"'{%")


class SecretForms:
    """Finds the values of secret names in the parts of forms.

    Args:
        names: Says which names are secret.
    """

    def __init__(self, names: SecretNames) -> None:
        self._names = names

    def scrub(self, text: str, *, code: bool = False) -> tuple[str, int]:
        """Replace the values; see `SecretPairs.scrub`."""
        if PART not in text:
            return text, 0
        spans: list[Span] = []
        at = 0
        while (at := text.find(PART, at)) >= 0:
            header, at = at, at + len(PART)
            span = self._value_of(text, header, code=code)
            if span is not None:
                spans.append(span)
                at = span[1]
        return replaced(text, spans)

    def _value_of(self, text: str, header: int, *, code: bool) -> Span | None:
        at = header + len(PART)
        name = _NAME.search(text, at - 1, at + _ONE_LINE)
        if name is None or _LINE_END.search(text, at, name.start()):
            return None
        kind = self._names.kind(name[1])
        start = -1 if kind == CLEAN else _below_headers(text, at)
        if start < 0 or text.startswith(SCRUBBED, start) or placeholder_end(text, start) > 0:
            return None
        # What is taken is not looked at again, which keeps this quick; of code not all is taken.
        end = _end_of_part(text, header, start, min(start + _ONE_LINE, len(text)) if code else len(text))
        value = text[start:end]
        is_count = kind in {PLURAL, BRIEF} and value.isdigit()
        is_built = code and not _CODE_MARKS.isdisjoint(value)
        return (start, end) if value.strip() and not is_count and not is_built else None


def _line_end(text: str, at: int) -> int:
    found = _LINE.match(text, at)
    return found.end() if found else at


def _below_headers(text: str, at: int) -> int:
    """Return where the text below the next empty line begins; -1 if there is none within a few lines."""
    for _ in range(_MOST_HEADERS):
        end = _LINE_END.match(text, _line_end(text, at))
        if end is None:
            return -1
        at = end.end()
        empty = _LINE_END.match(text, at)
        if empty is not None:
            return empty.end()
    return -1


def _end_of_part(text: str, header: int, start: int, limit: int) -> int:
    """Return where the value ends: before the line that stood above the headers too, or with what was kept."""
    above = _LINE_END.split(text[max(0, header - _BEFORE) : header])[:-1]
    boundary = next((line[line.index("--") :] for line in reversed(above) if "--" in line), "")
    if boundary:
        end = text.find(boundary, start, limit)
        last = _LAST_END.search(text, max(start, end - _LONGEST_END), end) if end >= 0 else None
        end = last.start() if last else end
    else:
        found = _NEXT_PART.search(text, start, limit)
        end = found.start() if found else -1
    if end >= 0:
        return end
    return cut_at(text, start) if limit == len(text) else limit
