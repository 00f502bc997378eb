"""What a scene of `integrations.py` is: the same work twice, without an integration and with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Run = Callable[[int], None]
"""Does so many of what the scene is about: answers requests, does tasks, makes requests, runs statements."""


class Pair(NamedTuple):
    """The same work twice.

    Attributes:
        bare: Without the integration.
        ours: With it.
    """

    bare: Run
    ours: Run
