"""A handler's level that lets more through than it says."""

from __future__ import annotations


class ReportLevel(int):
    """A handler's level which `logging` finds low enough for the trail, and everybody else finds as it is.

    ``record.levelno >= handler.level`` is how a logger asks whether a handler takes a record. Python asks the
    right side first where its class is derived from the left one's.
    """

    lowest: int

    @classmethod
    def of(cls, level: int, lowest: int) -> ReportLevel:
        """Return *level*, for records from *lowest* on."""
        made = cls(level)
        made.lowest = min(level, lowest)
        return made

    def __le__(self, levelno: int) -> bool:
        return self.lowest <= levelno

    __hash__ = int.__hash__
