"""Passwords on command lines: behind the user's name (``curl -u user:password``), or behind an option without a name.

A short ``-u`` is many other things elsewhere, so it counts only behind a ``curl``. Without one, ``--user 1000:1000``
and ``--user app:app`` are users with their groups, as containers have them. ``-p`` is a password for MySQL's programs,
where nothing may stand between, and for what logs in to registries; for others it is a port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rollbar_logging.item.secret_text import SCRUBBED, Span, placeholder_end, replaced, run_end, run_of_line

_OPTION = r"(?:-(?:proxy-)?user|[A-Za-z#]{0,8}[uU])"
_BEGINNING = r"-(?<![\w-]-)" + _OPTION
_USER = r"[\\\"', \t=]{0,8}[^\s\x00\"'`:]{0,128}:"

LOGIN_SIGNS = (
    rf"-(?:proxy-)?user={_USER}",
    rf"[A-Za-z](?<![\w-]-[A-Za-z])[A-Za-z#]{{0,8}}(?<=[uU]){_USER}",
    r"[pa](?<=[\s\"']-[pa])[^\x00]",
)
"""What no text with such a login is without, behind a dash; but for ``--user …``, as any option may look like that."""

_FLAG = re.compile(rf"-{_OPTION}|-[A-Za-z#]{{0,8}}[uU].*:.*|-[pa].{{0,200}}", re.DOTALL)
_PROGRAM = re.compile(r"mysql|mariadb|curl|sshpass|docker|podman|nerdctl|helm|oras|skopeo|buildah|login|redis-cli")

_LOGIN = re.compile(
    rf"""{_BEGINNING}(?P<gap>\\{{0,3}}["'](?:,[ ]{{0,2}}|[ ]{{1,2}})|[ \t]{{1,8}}|=)?
         (?:\\{{0,3}}(?P<quote>["']))?(?P<user>[^\s"'`:<]{{0,128}}):(?!//|<)""",
    re.VERBOSE,
)
_GAP = r"(?:\\{0,3}[\"'](?:,[ ]{0,2}|[ ]{1,2})|[ \t]{1,8})"
_PASSWORD = re.compile(
    rf"""\b(?: (?:mysql|mariadb)[\w-]{{0,20}}[^\n;|&]{{0,300}}?[\s"']-p
          | (?: sshpass | redis-cli[^\n;|&]{{0,200}}?(?=[\s"']-a) | (?:docker|podman|nerdctl|helm|oras|skopeo|buildah)
                [^\n;|&]{{0,60}}?\blogin\b[^\n;|&]{{0,200}}?(?=[\s"']-p) )
            \\{{0,3}}["']?(?:,[ ])?[\s"']{{1,2}}-[pa]{_GAP}?(?:\\{{0,3}}(?P<quote>["']))?
        )(?=[^\s"',\-\x00])""",
    re.VERBOSE,
)
_RUN_IN_CODE = re.compile(r"[^\s\"'`{}%<>…\\]{1,200}")
_COMMAND = 1000


def scrub_logins(text: str, *, code: bool = False) -> tuple[str, int]:
    """Replace the passwords; see `SecretPairs.scrub`."""
    spans = [*_short_options(text, code=code)] if "-p" in text or "-a" in text else []
    if "curl" not in text and "user" not in text:
        return replaced(text, spans)
    at = 0
    while found := _LOGIN.search(text, at):
        at = found.end()
        span = _password(text, found, code=code)
        if span is not None:
            spans.append(span)
            at = span[1]
    return replaced(text, sorted(spans))


def hidden_arguments(command: Sequence[Any], index: int) -> tuple[int, ...]:
    """Return which arguments are secrets since the one at *index* is the option for it: itself or the next."""
    flag = command[index]
    if not index or _FLAG.fullmatch(flag) is None:
        return ()
    programs = [part for part in command[:index] if type(part) is str and _PROGRAM.search(part)]
    if not programs and "user" not in flag:
        return ()
    line = f"{' '.join(programs)} {flag}"
    if scrub_logins(line)[1]:
        return (index,)
    value = command[index + 1] if index + 1 < len(command) else None
    if type(value) is not str or value.startswith("-"):
        return ()
    return (index + 1,) if scrub_logins(f"{line} {value}")[1] else ()


def _short_options(text: str, *, code: bool) -> Iterator[Span]:
    if _PROGRAM.search(text) is None:
        return
    for found in _PASSWORD.finditer(text):
        start = found.end()
        if text.startswith(SCRUBBED, start) or placeholder_end(text, start) > 0:
            continue
        end = _end(text, start, found["quote"] or "", code=code)
        if start < end:
            yield start, end


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
