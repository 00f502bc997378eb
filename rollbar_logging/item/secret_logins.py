"""Passwords of logins on command lines, behind the user's name: ``curl -u user:password``, ``--user user:password``.

A short ``-u`` is many other things elsewhere, so it counts only behind a ``curl``. Without one, ``--user 1000:1000``
and ``--user app:app`` are users with their groups, as containers have them.
"""

from __future__ import annotations

import re

from rollbar_logging.item.secret_text import SCRUBBED, Span, placeholder_end, replaced, run_end, run_of_line

_OPTION = r"(?:-(?:proxy-)?user|[A-Za-z#]{0,8}[uU])"
_BEGINNING = r"-(?<![\w-]-)" + _OPTION
_USER = r"[\\\"', \t=]{0,8}[^\s\x00\"'`:]{0,128}:"

LOGIN_SIGNS = (
    rf"-(?:proxy-)?user={_USER}",
    rf"[A-Za-z](?<![\w-]-[A-Za-z])[A-Za-z#]{{0,8}}(?<=[uU]){_USER}",
)
"""What no text with such a login is without, behind a dash; but for ``--user …``, as any option may look like that."""

LOGIN_ENDS = ("u", "U", "user")
"""How the options end."""

LOGIN_FLAG = re.compile("-" + _OPTION)
"""The options."""

_LOGIN = re.compile(
    rf"""{_BEGINNING}(?P<gap>\\{{0,3}}["'](?:,[ ]{{0,2}}|[ ]{{1,2}})|[ \t]{{1,8}}|=)?
         (?:\\{{0,3}}(?P<quote>["']))?(?P<user>[^\s"'`:<]{{0,128}}):(?!//|<)""",
    re.VERBOSE,
)
_RUN_IN_CODE = re.compile(r"[^\s\"'`{}%<>…\\]{1,200}")
_COMMAND = 1000


def scrub_logins(text: str, *, code: bool = False) -> tuple[str, int]:
    """Replace the passwords; see `SecretPairs.scrub`."""
    if "curl" not in text and "user" not in text:
        return text, 0
    spans: list[Span] = []
    at = 0
    while found := _LOGIN.search(text, at):
        at = found.end()
        span = _password(text, found, code=code)
        if span is not None:
            spans.append(span)
            at = span[1]
    return replaced(text, spans)


def _password(text: str, found: re.Match[str], *, code: bool) -> Span | None:
    is_curl = text.rfind("curl", max(0, found.start() - _COMMAND), found.start()) >= 0
    is_long = found[0].startswith("--")
    if (not is_curl and not is_long) or (is_long and not found["gap"]):
        return None
    start, quote = (found.end(), "") if code else _opening(text, found.end(), found["quote"] or "")
    if text.startswith(SCRUBBED, start) or placeholder_end(text, start) > 0:
        return None
    end = _end(text, start, quote, code=code)
    password = text[start:end]
    is_group = not is_curl and (password == found["user"] or (password + found["user"]).isdigit())
    return None if start == end or is_group else (start, end)


def _end(text: str, start: int, quote: str, *, code: bool) -> int:
    if code:
        run = _RUN_IN_CODE.match(text, start)
        return run.end() if run else start
    return run_of_line(text, start, quote) if quote else run_end(text, start)


def _opening(text: str, start: int, quote: str) -> tuple[int, str]:
    """Return where the password begins and the quote that it stands in, as in ``-u user:'pass word'``."""
    own = text[start : start + 1]
    if quote or own not in {'"', "'"} or not text[start + 1 : start + 2].strip():
        return start, quote
    return start + 1, own
