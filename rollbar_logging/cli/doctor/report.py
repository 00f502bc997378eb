"""What the doctor says: findings in sections, as text or as JSON, and never a secret in either."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

Mark = Literal["ok", "note", "warning", "problem"]

_SHORTEST_SECRET = 4  # what is shorter protects nothing, and hiding it would blacken every word
_LONGEST_PREFIX = 4
_MAX_TEXT = 600


class Finding(NamedTuple):
    """One line of the doctor's report.

    Attributes:
        mark: ``ok``; ``note``, which is neither good nor bad; ``warning``; ``problem``.
        text: What was found.
        mend: What to do about it; empty for nothing.
    """

    mark: Mark
    text: str
    mend: str = ""


class Section(NamedTuple):
    """The findings of one check."""

    title: str
    findings: tuple[Finding, ...]


class Hider:
    """Takes secrets out of texts: those that it is told of, and credentials in URLs.

    Args:
        secrets: Access tokens and passwords. A token that stands alone is always masked by `masked`; this is for
            where one might show up by surprise, as in a server's answer.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        known = sorted({form for secret in long for form in _forms(secret)}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None

    def clean(self, text: str) -> str:
        """Return *text* in one line of printable characters, at most 600, without secrets."""
        text = re.sub(r"//[^\s'\"<>]*@", "//<hidden>@", text)
        if self._secrets is not None:
            text = self._secrets.sub("<hidden>", text)
        text = " ".join(text.split())
        text = "".join(sign if sign.isprintable() else "?" for sign in text)
        return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."

    def clean_finding(self, finding: Finding) -> Finding:
        """Return the same finding without secrets."""
        return Finding(finding.mark, self.clean(finding.text), self.clean(finding.mend))


def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it is, and as it looks within quotes."""
    return secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]


def masked(token: str) -> str:
    """Return what may be shown of an access token: its length, and at most a quarter of it and four characters."""
    shown = min(_LONGEST_PREFIX, len(token) // 4)
    return f"{token[:shown]}... ({len(token)} characters)"


def count_marks(sections: Iterable[Section]) -> Counter[Mark]:
    """Count the findings by their mark."""
    return Counter(finding.mark for section in sections for finding in section.findings)


def section_text(section: Section) -> str:
    """Render one section for people; ends with a newline."""
    lines = [section.title]
    for finding in section.findings:
        lines.append(f"  {finding.mark:<8} {finding.text}")
        if finding.mend:
            lines.append(f"  {'':<8} -> {finding.mend}")
    return "\n".join(lines) + "\n"


def verdict(sections: Sequence[Section]) -> str:
    """Say in one line how it looks."""
    marks = count_marks(sections)
    if not marks["problem"] and not marks["warning"]:
        return "All is well."
    counted = ((marks["problem"], "problem"), (marks["warning"], "warning"))
    counts = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count]
    return f"{' and '.join(counts)}."


def document(sections: Sequence[Section], report_uuid: str | None) -> dict[str, Any]:
    """Return all sections as plain data for ``--json``.

    Args:
        sections: What was found.
        report_uuid: The uuid of the test report, if one was made.

    Returns:
        ``healthy``, ``problems``, ``warnings``, ``report_uuid`` and ``sections``: each with its ``title`` and its
        ``findings``, each of these with ``mark``, ``text`` and ``mend`` (``null`` for nothing).
    """
    marks = count_marks(sections)
    return {
        "healthy": not marks["problem"],
        "problems": marks["problem"],
        "warnings": marks["warning"],
        "report_uuid": report_uuid,
        "sections": [
            {
                "title": section.title,
                "findings": [{"mark": f.mark, "text": f.text, "mend": f.mend or None} for f in section.findings],
            }
            for section in sections
        ],
    }


def say(text: str) -> None:
    """Print, whatever the encoding of standard output can show, and at once."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def say_json(found: dict[str, Any]) -> None:
    """Print one JSON document, in ASCII."""
    say(json.dumps(found, indent=2))
