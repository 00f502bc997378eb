"""Between `logging`'s numbers and Rollbar's five names.

Numbers decide, not names: ``logging.addLevelName`` may rename a level at any time.
Rollbar's names and their numbers (10 to 50) are the same scale as `logging`'s own.
"""

LEVELS: dict[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Rollbar's level names, least severe first, with their numbers."""

_NAMES = {number: name for name, number in LEVELS.items()}
_NEAREST: tuple[tuple[int, str], ...] = ((45, "critical"), (35, "error"), (25, "warning"), (15, "info"))


def level_of(levelno: int) -> str:
    """Return the Rollbar level nearest to a `logging` level; halfway between two, the milder one.

    So ``25`` (often called SUCCESS or NOTICE) is ``info`` and ``45`` (ALERT) is ``error``.
    """
    return _NAMES.get(levelno) or next((name for floor, name in _NEAREST if levelno > floor), "debug")


def parse_level(value: object) -> str | None:
    """Read a Rollbar level from a name (any case; ``warn`` and ``fatal`` too) or a `logging` number.

    Returns:
        One of the five names, or ``None`` when *value* is no level.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return level_of(value)
    if isinstance(value, str):
        name = {"warn": "warning", "fatal": "critical"}.get(value.strip().lower(), value.strip().lower())
        return name if name in LEVELS else None
    return None
