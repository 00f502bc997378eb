"""Every error this package raises on purpose.

From ``RollbarHandler.emit`` onwards there are outcomes, not exceptions: errors are for the time of
configuration, for the API client and for the command line.
"""


class RollbarError(Exception):
    """Base of every error this package raises on purpose."""


class SettingsError(RollbarError, ValueError):
    """An option has a value that cannot work; raised once, while the handler is being built.

    Attributes:
        option: The option's name, as a keyword of ``RollbarHandler``.
        origin: Where the value came from: ``keyword`` or ``environment variable ROLLBAR_…``.
        expected: What would have worked, in words.
    """

    def __init__(self, option: str, origin: str, value: object, expected: str) -> None:
        shown = "<hidden>" if option == "access_token" else _shown(value)
        super().__init__(f"{option} ({origin}) is {shown}: expected {expected}")
        self.option = option
        self.origin = origin
        self.expected = expected


def in_words(error: BaseException) -> str:
    """Return an error's class and text, at most 200 characters; never raises, as an error's own text may."""
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except BaseException:  # noqa: BLE001 - the error is the application's, and may do anything
        return type(error).__name__


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a value whose repr fails must still be named
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004 - one line of a log
