"""Which names say that their value is a secret: ``dbPassword``, ``X-Api-Key``, ``csrfmiddlewaretoken``.

A name is read as words, whatever its letter case and whether dashes, dots, underscores, spaces or humps
part them; a rule matches whole words. So ``author``, ``tokenizer`` and ``cookiecutter`` are not secrets,
nor is what only tells about a secret, as ``token_type``, ``password_min_length`` and ``max_tokens`` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rollbar_logging.item.secret_text import SCRUBBED

CLEAN = 0
"""No secret."""
MADE = 1
"""What machines make: tokens, keys, cookies, card numbers. Never an ordinary word."""
MEMORABLE = 2
"""What people choose, which may be any word: passwords."""
PLURAL = 3
"""Several of them; a number under such a name is a count."""
BRIEF = 4
"""A short name with other meanings too (``pass``, ``sid``); a number under it is none."""
CHOSEN = 5
"""What the application named itself: everything under it goes, booleans too."""

_MEMORABLE = r"""
    [^_]*(?:pass_?(?:word|wd|wort|phrase|code)|pwd|kennwort|secret)s?
  | pw(?=_(?:\d+_)?$)
  | (?:account|admin|auth|client|database|db|email|ftp|https?|ldap|login|mail|mongo|mysql|pg|postgres|proxy|redis
      |remote|root|server|service|smtp|ssh|sudo|svc|user|wifi)_?pass(?=_$)
"""
_MADE = r"""(?:
    [^_]*token(?=_) | (?:access|refresh|auth|api|id|bearer|session|csrf|reset|device|user|service)_?tokens
  | [^_]*api_?key | (?:private|secret|access|account|master|signing|encryption|decryption|auth|session
      |ssh|storage|shared|service|deploy|license|hmac|jwt|fernet|aes|rsa)_?key
  | authorization | bearer | csrf | xsrf | credential | creds? | cookie
  | auth(?=_(?:(?:key|code|header|data|info|string|str|value|params|b?64|basic)_)?$)
  | (?!(?:re)?assess|(?:re)?possess|obsess)[^_]*sess(?:ion)?_?id
  | [^_]?otp | (?:mfa|sms|verification|security|recovery|backup)_?code
  | cvv | cvc | (?:credit|debit|bank)_?card | (?:card|cc)_?(?:number|num|no) | ssn | social_?security
  | (?:amz|goog|google)_signature | (?<=^_)pin(?=_$) | (?:card|user|sim)_?pin | pin_?code
)s?"""
_BRIEF = r"pass(?=_$) | (?<=^_)(?:sid|sig|signature)(?=_$) | connect_sid"
_SECRET = re.compile(rf"_(?:(?P<memorable>{_MEMORABLE})|(?P<made>{_MADE})|(?P<brief>{_BRIEF}))_", re.VERBOSE)
_TELLING_LAST = frozenset(
    """
    age alg algorithm at attempts backend backends by class count counts created date days dir domain
    enabled encoding endpoint error errors exempt exists exp expiration expire expired expires expiry field
    fields file filename filter form format help hint hours httponly in index invalid issued kind label
    length lengths len lifetime limit max message method min minutes missing mode model ms name names on
    path paths policy pos position present provider required reset rotated rule rules samesite scheme scope
    scopes score seconds secs secure size state status strategy strength time timeout ttl type types uri url
    urls valid validator validators version view
    """.split()  # noqa: SIM905 - a table of words, not of quotes
)
_TELLING_FIRST = frozenset({"count", "len", "max", "min", "n", "num", "number", "total"})
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_APART = re.compile(r"[\W_]+")
_IS_NAME = re.compile(r"(?:[^\W\d]|[.'\" -]){1,64}")
_LONGEST_KEPT = 100
_MOST_KEPT = 4096


class SecretNames:
    """The default names and the application's own.

    Args:
        fields: Further names, in any style; they count even where a default rule would let a name pass.
    """

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self.words = sorted({words for words in map(words_of, fields) if words != "_"})
        joined = "|".join(re.escape(words.strip("_")).replace("_", "_?") for words in self.words)
        self._chosen = re.compile(f"_(?:{joined})_") if joined else None
        self._known: dict[str, int] = {}

    def kind(self, name: str) -> int:
        """Return one of the constants of this module; the same names come again and again, so it is remembered."""
        known = self._known.get(name)
        if known is None:
            known = self._decide(words_of(name))
            if len(name) <= _LONGEST_KEPT:
                if len(self._known) >= _MOST_KEPT:
                    self._known.clear()
                self._known[name] = known
        return known

    def is_exactly(self, text: str) -> bool:
        """Whether *text*, which has spaces, is nothing but a secret name: ``card number``, not ``invalid token``."""
        found = _SECRET.fullmatch(words_of(text)) or (self._chosen and self._chosen.fullmatch(words_of(text)))
        return bool(found)

    def is_further(self, kind: int, text: str) -> bool:
        """Whether *text* behind a name is another secret name and no value, as in ``["password", "api_key"]``.

        What people choose may be any word: ``secret`` behind ``password`` is taken for a value.

        Args:
            kind: The kind of the name before it.
            text: What may be a name.
        """
        other = self.kind(text) if _IS_NAME.fullmatch(text) else CLEAN
        if other == CHOSEN or (other != CLEAN and " " in text):
            return self.is_exactly(text)
        return other != CLEAN and (other == MADE or kind in {MADE, PLURAL})

    def _decide(self, words: str) -> int:
        if self._chosen is not None and self._chosen.search(words):
            return CHOSEN
        found = _SECRET.search(words)
        if found is None:
            return CLEAN
        parts = words.split("_")
        if parts[-2] in _TELLING_LAST or parts[1] in _TELLING_FIRST:
            return CLEAN
        if found["brief"]:
            return BRIEF
        if found[0].endswith("s_") and not found[0].endswith("pass_"):
            return PLURAL
        return MEMORABLE if found["memorable"] else MADE


def words_of(name: str) -> str:
    """Return the lower-case words of *name* with ``_`` around each: ``_db_password_``; ``_`` if it has none."""
    words = _APART.sub("_", _HUMPS.sub("_", name)).lower().strip("_")
    return f"_{words}_" if words else "_"


def goes(kind: int, value: Any) -> bool:
    """Whether a value under a name of this kind is taken out."""
    if kind == CLEAN or value is None or value == SCRUBBED:
        return False
    cls = type(value)
    if cls is bool:
        return kind == CHOSEN
    if cls is int or cls is float:
        return kind not in {PLURAL, BRIEF}
    return bool(value)
