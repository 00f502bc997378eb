"""Secrets in text that stand beside their name: ``password=…``, ``"token": "…"``, ``Cookie: …``, ``--api-key …``.

Text is JSON, Python reprs, query strings, header lines, messages, command lines and source code, all mixed;
so what counts as a value depends on how it is written. Tight pairs (``a=b``) and quoted names (``"a": "b"``)
are data. After a colon or a spaced ``=`` there may be prose or code as well (``invalid token: expected a
name``, ``token = get_token()``): there a value must look like what machines make or, after the name of a
password, must not be a word that messages use. In source code only literals are values, and what stands in
a URL's query or a command line, which there can only be within a literal.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits

from rollbar_logging.item.secret_alarm import Sign, signs_pattern
from rollbar_logging.item.secret_literals import (
    COMPARISONS,
    OPEN,
    Pair,
    in_brackets,
    in_code,
    in_element,
    in_literal,
    next_line,
)
from rollbar_logging.item.secret_logins import LOGIN_SIGNS
from rollbar_logging.item.secret_names import BRIEF, CLEAN, MADE, PLURAL, SecretNames
from rollbar_logging.item.secret_text import (
    SCRUBBED,
    Span,
    call_end,
    is_expression,
    is_in_string,
    is_prose,
    literal_at,
    looks_made,
    placeholder_end,
    run_end,
    run_of_line,
)

_KEY_CHARS = ascii_letters + digits + "_.-"
_LONGEST_KEY = 64
_AFTER = r"""[\w.-]{0,64}(?![\w.-])
(?P<close>\\{0,3}["'`]\]?|\]?\[\w{0,20}\]|\]|%5[Dd]|%2[27])?
(?P<separator>
    ,?[ \t]{0,4}\\{0,3}["']?[vV]alue\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}(?=[bBuU]?\\{0,3}["'])
  | (?:[ \t]{1,4}[\w:.-]{1,40}=[^<>]{0,200})?>
  | :[ \t]{0,4}[\w.\[\], |]{1,60}[ \t]=[ \t]{0,4}(?=[bBuUrRfF]{0,2}["'])
  | [ \t]{0,8}(?:=>|:=|!=|={1,3}|:(?!:|//)|%(?:25)?3[DdAa])[ \t]{0,8}
  | ,[ \t]{0,4}(?=[bBuUrRfF]{0,2}\\{0,3}["'])
  | [ \t]{1,8}(?=[^\s=:])
)"""
_MAYBE_AFTER = (
    r"[\w.-]{0,64}(?![\w.-])(?:\]?\[\w{0,20}\])?[\\\"'`\]%257BDbd]{0,5}[ \t]{0,8}"
    r"(?:[=:!%,)\"'\\>]|[\w:.-]{1,40}=|[\w+/-]{20})"
)
"""A quicker and more generous form of the same, for the alarm."""

_OPTION = r"-(?=[A-Za-z][\w.-]{1,40}[ \t\"',\\])"
_DASH = f"-(?:{'|'.join([_OPTION, *LOGIN_SIGNS])})"
"""For the alarm: an option of a command line with its value. One branch, as each costs something at each character."""
_STEMS = (
    *("pass", "pw", "kennwort", "secret", "token", "auth", "cred", "cookie", "csrf", "xsrf", "otp", "pin"),
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
    for end in ("=", ":", '"', "'", r"\\", "]", "%", ">")
)
"""The ends of these and what follows, for the alarm: all of their letters are so common that they would slow it."""

_SCHEME = re.compile(
    r"(?:basic|bearer|digest|negotiate|ntlm|token|jwt|api-?key|oauth|hawk|mac|signature|sharedkey|aws4-\S{1,40})[ ]+\S",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"[\w.-]{1,100}=")
_HEADER = re.compile(r"(authorization|cookie2?)$", re.IGNORECASE)
_NUMBERS = re.compile(r"otp|cvv|cvc|pin|ssn|code|num|security", re.IGNORECASE)
_LONE = re.compile(r"(?=[\w+/-]{0,40}[^\W\d])(?:[^\W\d]*[+/=-]*\d){3}[\w+/=-]*(?![\w.])")
"""What a machine has made and nothing else looks like, where nothing but a space is before it."""

_LONE_LENGTH = 20
_NOTHING = frozenset({"", "none", "null", "nil", "true", "false", "undefined", "nan"})
_AFTER_ARGUMENT = (",", ")")
_PUNCTUATION = ".,;:!?\"'`()[]{}<>"


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
        self.branches = [_DASH, *_SHORT_ENDS]

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
        if pair.separator.endswith(">") and pair.separator != "=>":
            return in_element(text, pair, code=code)
        if code and (pair.is_quoted or "=" in pair.separator):
            pair = pair._replace(at=(at := next_line(text, at)))
        literal = literal_at(text, at, encoded="%" in pair.separator)
        if literal is not None:
            shown = text[literal.start : min(literal.end, literal.start + _LONGEST_KEY + 1)]
            if pair.separator == "," and not pair.is_flag and self._names.is_further(pair.kind, shown):
                return None
            return in_literal(text, pair, literal, code=code)
        if _takes_literals_only(pair, code=code) or placeholder_end(text, at) > 0:
            return None
        return self._in_code(text, pair) if code else self._unquoted(text, pair)

    def _in_code(self, text: str, pair: Pair) -> Span | None:
        # As only a URL or a command line is written, so within a string in any case; else the line has to tell.
        is_clear = pair.separator == "=" and (pair.is_flag or text[pair.start - 1 : pair.start] in {"?", "&"})
        if not is_clear and (pair.close or not is_in_string(text, pair.start)):
            return in_code(text, pair.at)
        if text.startswith((*OPEN, "\\"), pair.at):  # a pattern's
            return None
        return self._in_data(text, pair) if pair.is_data else _in_header(text, pair)

    def _unquoted(self, text: str, pair: Pair) -> Span | None:
        if not pair.separator:
            return _after_flag(text, pair.at) if pair.is_flag else _lone(text, pair)
        if pair.is_data:
            return in_brackets(text, pair.at) if text[pair.at : pair.at + 1] in OPEN else self._in_data(text, pair)
        if pair.kind in {BRIEF, PLURAL}:
            return None
        if "=" in pair.separator and text[pair.at : pair.at + 1] in OPEN:
            return in_code(text, pair.at)
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
        if run == pair.key and text[end : end + 1] in _AFTER_ARGUMENT:  # handed on, as in login(password=password)
            return None
        return at, max(end, call_end(text, at))

    def _in_prose(self, text: str, pair: Pair) -> Span | None:
        at = pair.at
        if is_expression(text, at) or _is_resource_name(text, pair):
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


def _takes_literals_only(pair: Pair, *, code: bool) -> bool:
    separator = pair.separator
    if not separator:
        return code and not pair.is_flag
    if separator in COMPARISONS:
        return not pair.is_tight
    return separator == "," or (separator[0] == ":" and len(separator) > 2)  # noqa: PLR2004


def _is_resource_name(text: str, pair: Pair) -> bool:
    """Whether it is the name of a secret in AWS's Secrets Manager, which every message about it has."""
    return text[pair.start - 1 : pair.start] == ":" and "secretsmanager:" in text[max(0, pair.start - 60) : pair.start]


def _after_flag(text: str, at: int) -> Span | None:
    end = run_end(text, at)
    run = text[at:end]
    return None if not run or run.startswith("-") or is_prose(run) else (at, end)


def _lone(text: str, pair: Pair) -> Span | None:
    """Return where the value is behind nothing but a space, as in ``invalid token 3f2b…``."""
    found = None if pair.close or pair.kind != MADE else _LONE.match(text, pair.at)
    return found.span() if found and len(found[0]) >= _LONE_LENGTH else None


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
