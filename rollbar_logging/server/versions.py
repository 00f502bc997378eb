"""Which of two ``code_version`` is the older one, where that can be told. Pure."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"v?(\d{1,18}(?:\.\d{1,18}){0,3})(?:-([0-9A-Za-z.-]+))?(?:\+.*)?", re.ASCII)


def is_older(version: str, than: str) -> bool:
    """Whether *version* is known to come before *than*; ``False`` where it is not known, as of SHAs.

    Versions are compared as semantic versions are: by their numbers, and a pre-release comes before its release.
    """
    one, other = _parsed(version), _parsed(than)
    return one is not None and other is not None and one < other


def _parsed(version: str) -> tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]] | None:
    found = _NUMBERED.fullmatch(version.strip())
    if found is None:
        return None
    numbers = [int(number) for number in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), _pre_release(found[2])


def _pre_release(text: str | None) -> tuple[tuple[int, int, str], ...]:
    if not text:
        return ((2, 0, ""),)  # after every pre-release
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in text.split("."))
