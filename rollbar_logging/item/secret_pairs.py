"""Secrets in text that stand beside their name: ``password=…``, ``"token": "…"``, ``Cookie: …``, ``--api-key …``.

Text is JSON, Python reprs, query strings, header lines, messages, command lines and source code, all mixed;
so what counts as a value depends on how it is written. Tight pairs (``a=b``) and quoted names (``"a": "b"``)
are data. After a colon or a spaced ``=`` there may be prose or code as well (``invalid token: expected a
name``, ``token = get_token()``): there a value must look like what machines make or, after the name of a
password, must not be a word that messages use. In source code only literals are values.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import NamedTuple

from rollbar_logging.item.secret_alarm import Sign, signs_pattern
from rollbar_logging.item.secret_names import BRIEF, CHOSEN, CLEAN, MADE, MEMORABLE, PLURAL, SecretNames
from rollbar_logging.item.secret_text import (
    SCRUBBED,
    Literal,
    bracket_end,
    call_end,
    cut_at,
    is_expression,
    is_prose,
    literal_at,
    looks_made,
    placeholder_end,
    run_end,
    run_of_line,
)

Span = tuple[int, int]

_KEY_CHARS = ascii_letters + digits + "_.-"
_LONGEST_KEY = 64
_AFTER = r"""[\w.-]{0,64}(?![\w.-])
(?P<close>\\{0,3}["']\]?|\]?\[\w{0,20}\]|\]|%5[Dd]|%2[27])?
(?P<separator>
    :[ \t]{0,4}[\w.\[\], |]{1,60}=[ \t]{0,4}(?=[bBuUrRfF]{0,2}["'])
  | [ \t]{0,8}(?:=>|:=|!=|={1,3}|:(?!:|//)|%(?:25)?3[DdAa])[ \t]{0,8}
  | ,[ \t]{0,4}(?=[bBuUrRfF]{0,2}\\{0,3}["'])
  | [ \t]{1,8}(?=[^\s=:])
)"""
_MAYBE_AFTER = r"[\w.-]{0,64}(?![\w.-])(?:\]?\[\w{0,20}\])?[\\\"'\]%257BDbd]{0,5}[ \t]{0,8}[=:!%,\"'\\]"
"""A quicker and more generous form of the same, for the alarm."""

_FLAG = r"-(?=-[A-Za-z][\w.-]{1,40}[ \t\"',\\])"
_STEMS = (
    *("pass", "pwd", "kennwort", "secret", "token", "auth", "cred", "cookie", "csrf", "xsrf", "otp", "pin"),
    *("cvv", "cvc", "social", "signature", "sig", "bearer"),
)
_OPEN_STEMS = (
    Sign("key", before=r"[\w .-]", any_case=True),
    Sign("card", then="(?:[-_ ]?n(?:o|um|umber))?", any_case=True),
    Sign("cc", then="[-_ ]?num(?:ber)?", any_case=True),
    *(
        Sign(word, then="[-_ ]?code", any_case=True)
        for word in ("security", "verification", "recovery", "backup", "mfa", "sms")
    ),
)
_SHORT_STEMS = ("ssn", "sid", "sessionid", "session id", "session_id", "session-id")
_SHORT_ENDS = tuple(
    rf"{end}(?<=[nNdD ]{end})(?:(?<=[sS][sSiI][nNdD]{end})|(?<=[sS][sSiI][nNdD] {end})|(?<=[oO][nN][iI][dD]{end})"
    rf"|(?<=[oO][nN][iI][dD] {end})|(?<=[oO][nN][_ -][iI][dD]{end})|(?<=[oO][nN][_ -][iI][dD] {end}))"
    for end in ("=", ":", '"', "'", r"\\", "]", "%")
)
"""The ends of these and what follows, for the alarm: all of their letters are so common that they would slow it."""

_TAKES_PAIR = re.compile(r"(?:env|get|set|header|default|add|put)\w{0,20}\($", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?:basic|bearer|digest|negotiate|ntlm|token|jwt|api-?key|oauth|hawk|mac|signature|sharedkey|aws4-\S{1,40})[ ]+\S",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"[\w.-]{1,100}=")
_HEADER = re.compile(r"(authorization|cookie2?)$", re.IGNORECASE)
_NUMBERS = re.compile(r"otp|cvv|cvc|pin|ssn|code|num|security", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,}(?![\w.])")
_NOTHING_INSIDE = re.compile(r"\(\s*\)|\[\s*\]|\{\s*\}|\[scrubbed\]")
_NOTHING = frozenset({"", "none", "null", "nil", "true", "false", "undefined", "nan"})
_COMPARISONS = frozenset({"==", "===", "!="})
_OPEN = ("(", "[", "{")
_CLOSED = (")", "]")
_AFTER_CLOSING = ("", " ", "\n", "\\", ")", ",", "]", "}", ";", ":", "+", "%", ".")
_CLOSING_MARKS = (")", ",", "]", "}", ";", ":")
_PUNCTUATION = ".,;:!?\"'`()[]{}<>"
_ONE_LINE = 512
_CALL_TEXT = 40
_SHOWN = 80


class Pair(NamedTuple):
    """A secret's name in a text, and what stands between it and its value.

    Attributes:
        key: The name.
        kind: What it names; see `secret_names`.
        start: Where the name begins.
        close: What ends the name: a quote, a bracket, or nothing.
        separator: What stands between them, without the spaces; empty if there are only spaces.
        is_tight: Whether there are no spaces.
        at: Where the value begins.
    """

    key: str
    kind: int
    start: int
    close: str
    separator: str
    is_tight: bool
    at: int

    @property
    def is_quoted(self) -> bool:
        """Whether the name stands in quotes."""
        return self.close.endswith(('"', "'", "%22", "%27"))

    @property
    def is_free(self) -> bool:
        """Whether one of the kinds whose values may be any word."""
        return self.kind in {MEMORABLE, CHOSEN}

    @property
    def is_flag(self) -> bool:
        """Whether the name is an option of a command line."""
        return self.key.startswith("--")

    @property
    def is_data(self) -> bool:
        """Whether the pair is written as data are, not as prose or code may be."""
        if self.separator == "=":
            return self.is_tight and not self.close.endswith(('"]', "']"))
        return "%" in self.separator or self.separator == "=>" or (self.separator == ":" and self.is_quoted)


class SecretPairs:
    """Finds the values of secret names in text.

    Args:
        names: Says which names are secret.

    Attributes:
        signs: What a text with such a pair cannot be without, for `signs_pattern`.
        branches: Further patterns of the same kind.
    """

    def __init__(self, names: SecretNames) -> None:
        own = [max(words.strip("_").split("_"), key=len) for words in names.words]
        long = [*(Sign(stem, any_case=True) for stem in (*_STEMS, *own)), *_OPEN_STEMS]
        short = [Sign(stem, any_case=True) for stem in _SHORT_STEMS]
        self._names = names
        self._pair = re.compile(f"(?:{signs_pattern([*long, *short])}){_AFTER}", re.VERBOSE)
        self.signs = [sign._replace(then=sign.then + _MAYBE_AFTER) for sign in long]
        self.branches = [_FLAG, *_SHORT_ENDS]

    def scrub(self, text: str, *, code: bool = False) -> tuple[str, int]:
        """Replace the values.

        Args:
            text: Any text.
            code: Whether it is source code.

        Returns:
            The text, the same object if there was nothing to replace, and how many values were replaced.
        """
        parts: list[str] = []
        done = at = 0
        while found := self._pair.search(text, at):
            at = found.end()
            pair = self._read(text, found, done)
            span = self._value_of(text, pair, code=code) if pair.kind else None
            if span is not None and span[0] < span[1]:
                parts += (text[done : span[0]], SCRUBBED)
                done = at = span[1]
        return ("".join([*parts, text[done:]]), len(parts) // 2) if parts else (text, 0)

    def _read(self, text: str, found: re.Match[str], floor: int) -> Pair:
        floor = max(floor, found.start() - _LONGEST_KEY)
        start = floor + len(text[floor : found.start()].rstrip(_KEY_CHARS))
        close, separator = found["close"] or "", found["separator"]
        end = found.start("separator") - len(close)
        kind = self._names.kind(text[start:end])
        if kind == CLEAN and start > floor:
            start = self._other_start(text, start, end, floor)
            kind = self._names.kind(text[start:end])
        bare = separator.strip(" \t")
        return Pair(text[start:end], kind, start, close, bare, bare == separator, found.end())

    def _other_start(self, text: str, start: int, end: int, floor: int) -> int:
        """Find where the name begins if it has two words (``card number``) or follows an escape such as ``%26``."""
        before = text[start - 1]
        if before in "\\%":
            return min(end, start + (1 if before == "\\" else 2))
        if before == " ":
            earlier = floor + len(text[floor : start - 1].rstrip(_KEY_CHARS))
            if self._names.is_exactly(text[earlier:end]):
                return earlier
        return start

    def _value_of(self, text: str, pair: Pair, *, code: bool) -> Span | None:
        at = pair.at
        if text.startswith(SCRUBBED, at):
            return None
        literal = literal_at(text, at)
        if literal is not None:
            return _in_literal(text, pair, literal, code=code)
        if _takes_literals_only(pair) or placeholder_end(text, at) > 0:
            return None
        return _in_code(text, at) if code else self._unquoted(text, pair)

    def _unquoted(self, text: str, pair: Pair) -> Span | None:
        if not pair.separator:
            return _after_flag(text, pair.at)
        if pair.is_data:
            return _in_brackets(text, pair.at) if text[pair.at : pair.at + 1] in _OPEN else self._in_data(text, pair)
        if pair.kind in {BRIEF, PLURAL}:
            return None
        if "=" in pair.separator and text[pair.at : pair.at + 1] in _OPEN:
            return _in_code(text, pair.at)
        return _in_header(text, pair) or self._in_prose(text, pair)

    def _in_data(self, text: str, pair: Pair) -> Span | None:
        at = pair.at
        # Before anything is read to its end: what is not taken may be read again.
        if pair.is_quoted and is_expression(text, at):
            return None
        end = run_end(text, at, encoded="%" in pair.separator)
        run = text[at:end]
        if run.lower() in _NOTHING or (pair.kind in {PLURAL, BRIEF} and run.isdigit()):
            return None
        if self._is_parameter(run) or (pair.is_quoted and self._is_variable(run)):
            return None
        return at, max(end, call_end(text, at))

    def _in_prose(self, text: str, pair: Pair) -> Span | None:
        at = pair.at
        if is_expression(text, at):
            return None
        end = run_end(text, at)
        word = text[at:end].strip(_PUNCTUATION)
        if word.lower() in _NOTHING or self._is_parameter(text[at:end]):
            return None
        if pair.separator != ":" and (self._is_variable(word) or word == pair.key.rpartition(".")[2]):
            return None
        if pair.is_free:
            is_value = not is_prose(word)
            end = run_of_line(text, at, "") if "phrase" in pair.key.lower() else end
        else:
            is_header = "-" in pair.key and pair.separator == ":"
            is_number = word.isdigit() and _NUMBERS.search(pair.key) is not None
            is_value = looks_made(word) or is_number or (is_header and not is_prose(word))
        return (at, end) if is_value else None

    def _is_parameter(self, run: str) -> bool:
        """Whether it is a parameter of SQL or of a shell, as in ``WHERE token = :token``."""
        return run.startswith((":", "@", "$")) and len(run) <= _LONGEST_KEY and self._names.kind(run) != CLEAN

    def _is_variable(self, run: str) -> bool:
        """Whether a value is itself the name of a secret, as in ``token = access_token``: code, not a secret."""
        if len(run) > _LONGEST_KEY or not ("_" in run or "." in run):
            return False
        return run.replace(".", "_").isidentifier() and self._names.kind(run) != CLEAN


def _takes_literals_only(pair: Pair) -> bool:
    separator = pair.separator
    if not separator:
        return not pair.is_flag
    if separator in _COMPARISONS:
        return not pair.is_tight
    return separator == "," or (separator[0] == ":" and len(separator) > 2)  # noqa: PLR2004


def _after_flag(text: str, at: int) -> Span | None:
    end = run_end(text, at)
    run = text[at:end]
    return None if not run or run.startswith("-") or is_prose(run) else (at, end)


def _in_header(text: str, pair: Pair) -> Span | None:
    """A header line is a secret to its end."""
    header = _HEADER.search(pair.key)
    if header is None or pair.separator != ":":
        return None
    pattern = _SCHEME if header[0].lower() == "authorization" else _COOKIE
    if pattern.match(text, pair.at) is None:
        return None
    before = text[pair.start - 1 : pair.start]
    return pair.at, run_of_line(text, pair.at, before if before in {'"', "'"} else "")


def _in_literal(text: str, pair: Pair, literal: Literal, *, code: bool) -> Span | None:
    start, end = literal.start, literal.end
    content = text[start : min(end, start + _SHOWN)]
    if content.startswith(SCRUBBED) or placeholder_end(text, start) == end:
        return None
    if pair.separator == ",":
        is_value = pair.is_quoted and (pair.is_flag or _is_listed(text, pair, literal, code=code))
    elif not pair.separator:
        is_value = pair.is_flag or (literal.is_closed and not code and _is_password(pair) and " " not in content)
    elif not pair.is_quoted and _is_closing(text, pair, literal):
        is_value = False
    elif pair.separator == ":" and not pair.is_quoted:
        is_value = _is_quoted_in_prose(pair, content)
    else:
        is_value = pair.separator not in _COMPARISONS or pair.is_free or looks_made(content)
    return (start, end) if is_value else None


def _is_password(pair: Pair) -> bool:
    return pair.kind == MEMORABLE and not pair.is_quoted and "secret" not in pair.key.lower()


def _is_listed(text: str, pair: Pair, literal: Literal, *, code: bool) -> bool:
    """Whether name and value are a pair in brackets, as lists of headers have it."""
    before = text[max(0, pair.start - _CALL_TEXT) : pair.start].rstrip("\"'\\").rstrip("bBuU")
    if not before.endswith(("(", "[")) or text[literal.after : literal.after + 1] not in _CLOSED:
        return False
    return not code or _TAKES_PAIR.search(before) is not None


def _is_closing(text: str, pair: Pair, literal: Literal) -> bool:
    """Whether the quote ends the text that the name stands in: ``input("Password: ")``."""
    if text[literal.start : literal.start + 1] not in _AFTER_CLOSING:
        return False
    line = text.rfind("\n", max(0, pair.start - _ONE_LINE), pair.start) + 1 or max(0, pair.start - _ONE_LINE)
    return text.count(literal.quote[0], line, pair.start) % 2 == 1


def _is_quoted_in_prose(pair: Pair, content: str) -> bool:
    if content.startswith(_CLOSING_MARKS):
        return False
    if pair.is_free:
        return not is_prose(content)
    return pair.kind == MADE and looks_made(content)


def _in_code(text: str, at: int) -> Span | None:
    """Of what is no literal, only numbers and brackets full of literals are values."""
    if text[at : at + 1] in _OPEN and literal_at(text, at + 1) is not None:
        return _in_brackets(text, at)
    number = _NUMBER.match(text, at)
    return number.span() if number else None


def _in_brackets(text: str, at: int) -> Span | None:
    if _NOTHING_INSIDE.match(text, at):
        return None
    end = bracket_end(text, at)
    return at, end if end > 0 else cut_at(text, at)
