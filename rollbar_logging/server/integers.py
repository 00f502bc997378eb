"""Whole numbers in calls: given as such, or as a text, as forms and queries give them. Pure."""

from __future__ import annotations

import re
from typing import Any

LARGEST = 2**53 - 1
"""What a JSON reader of any language keeps exactly."""

_TEXT = re.compile(r"-?[0-9]{1,16}")


def integer_of(value: Any) -> int | None:
    """Return the integer that *value* is or says; ``None`` when it is none, or further from 0 than `LARGEST`."""
    if isinstance(value, str) and _TEXT.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        return None
    return value
