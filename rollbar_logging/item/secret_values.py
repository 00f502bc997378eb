"""Secrets that a text gives away by itself, and the order in which a text is gone through.

URLs with passwords, keys of known services, signed tokens, private keys, card numbers. A secret that was cut
short is still one: each rule also takes what lacks its end, at the end of the text or before the note of how
much of it is missing. The shapes of services' keys are those that their documentation names.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from typing import NamedTuple

from rollbar_logging.item.secret_alarm import Sign, signs_pattern
from rollbar_logging.item.secret_forms import PART, SecretForms
from rollbar_logging.item.secret_keys import KEY_SIGNS, scrub_private_keys
from rollbar_logging.item.secret_logins import scrub_logins
from rollbar_logging.item.secret_names import CLEAN, SecretNames
from rollbar_logging.item.secret_numbers import CARD, CARD_SIGNS, IBAN, IBAN_SIGNS, iban_length, is_card
from rollbar_logging.item.secret_pairs import SecretPairs
from rollbar_logging.item.secret_sql import LOGIN_WORDS, SecretSql
from rollbar_logging.item.secret_text import CUT, SCRUBBED, looks_made, placeholder_end, replaced


class Shape(NamedTuple):
    """What a service's keys look like.

    Attributes:
        name: Whose keys these are.
        signs: Texts of which a key has one.
        pattern: The key.
        then: Pattern of what follows such a text at least; for the alarm, where the texts alone are too common.
    """

    name: str
    signs: tuple[str, ...]
    pattern: str
    then: str = ""


_WHOLE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"

_SK = r"sk-(?:(?:ant|proj|svcacct|admin|or)-[\w-]{8,}|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,})"

SHAPES: tuple[Shape, ...] = (
    Shape("AWS access key", ("AKIA", "ASIA"), _WHOLE + r"A[KS]IA[A-Z0-9]{12,16}(?![A-Za-z0-9])"),
    Shape("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{8,}"),
    Shape("GitHub fine-grained token", ("github_pat_",), r"github_pat_\w{8,}"),
    Shape("GitLab token", ("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"), r"gl(?:pat|dt|rt|ptt|cbt)-[\w-]{8,}"),
    Shape("Slack token", ("xox", "xapp-"), r"(?:xox[a-z]|xapp)-[\w-]{8,}"),
    Shape("Slack webhook", ("hooks.slack.com",), r"(?<=hooks\.slack\.com/)[a-z]+/[\w/]{8,}"),
    Shape("Discord webhook", ("api/webhooks/",), r"(?<=api/webhooks/)\d{8,}/[\w-]{8,}"),
    Shape("Stripe key", ("sk_live_", "sk_test_", "rk_live_", "rk_test_"), r"[sr]k_(?:live|test)_\w{8,}"),
    Shape("Stripe webhook secret", ("whsec_",), r"whsec_[\w+/=-]{8,}"),
    Shape("Google API key", ("AIza",), r"AIza[\w-]{16,}"),
    Shape("Google OAuth", ("ya29.", "GOCSPX-"), r"(?:ya29\.|GOCSPX-)[\w-]{8,}"),
    Shape("OpenAI, Anthropic", ("sk-",), _WHOLE + _SK, then=r"(?:[a-z]{2,8}-|[A-Za-z0-9]{16})"),
    Shape("npm token", ("npm_",), r"npm_[A-Za-z0-9]{16,}", then="[A-Za-z0-9]{16}"),
    Shape("PyPI token", ("pypi-AgE",), r"pypi-AgE[\w-]{8,}"),
    Shape("SendGrid key", ("SG.",), _WHOLE + r"SG\.[\w-]{16,}(?:\.[\w-]*)?", then=r"[\w-]{16}"),
    Shape("Twilio key", ("SK",), _WHOLE + r"SK[0-9a-f]{32}(?![0-9a-f])", then="[0-9a-f]{8}"),
    Shape("DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"do[opr]_v1_[0-9a-f]{8,}"),
    Shape("Telegram bot token", (":AA",), r"(?<![0-9])[0-9]{6,12}:AA[\w-]{16,}"),
    Shape("Hugging Face token", ("hf_",), _WHOLE + r"hf_[A-Za-z0-9]{16,}", then="[A-Za-z0-9]{16}"),
    Shape("Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{8,}"),
    Shape("Square token", ("sq0atp-", "sq0csp-"), r"sq0(?:atp|csp)-[\w-]{8,}"),
    Shape("Vault token", ("hvs.", "hvb."), _WHOLE + r"hv[sb]\.[\w-]{16,}"),
    Shape("Databricks token", ("dapi",), _WHOLE + r"dapi[0-9a-f]{32}(?:-\d)?", then="[0-9a-f]{8}"),
    Shape("Docker Hub token", ("dckr_pat_",), r"dckr_pat_[\w-]{8,}"),
    Shape("Sentry token", ("sntrys_", "sntryu_"), r"sntry[su]_[\w+/=-]{8,}"),
    Shape("Mailgun key", ("key-",), _WHOLE + r"key-[0-9a-f]{32}(?![0-9a-f])", then="[0-9a-f]{8}"),
    Shape("age key", ("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[A-Z0-9]{8,}"),
)
"""Keys of services, each with a beginning that nothing else has."""

_URL = re.compile(
    r"""(?: :(?:\\?/){2} | netloc["']?[ ]?[:=][ ]?["'] )(?:
          (?P<user>[^\s/?\#:"'<>`\[\\…]{0,128}):(?:
              (?P<password>[^\s/?\#"'<>`…]{1,512})@
            | (?!\d{1,5}(?:[/?\#]|\Z))(?P<odd>[^\s"'<>`@…]{1,128})@
            | (?P<cut>[^\s/?\#:@"'<>`\[\\…]{1,512})"""
    + CUT
    + r""" )
        | (?P<key>(?=[^@\s]{0,100}[0-9])[\w.~%+-]{20,128})@ )""",
    re.VERBOSE,
)
_URL_SIGN = r":[/\\]{1,4}(?<=/)(?:[^\s\x00\"'<>]{0,256}@|[^\s\x00/:\"'<>]{0,128}:(?!\d{1,5}(?:[^\d…]|\Z)))"
_ENCODED_URL = re.compile(
    r"%3[Aa]%2[Ff]%2[Ff](?:[\w.~+-]|%(?!2[Ff]|3[AaFf]|40)[0-9A-Fa-f]{2}){0,128}%3[Aa]"
    r"(?P<password>(?:[\w.~!*()+-]|%(?!2[Ff]|40)[0-9A-Fa-f]{2}){1,256})%40"
)
_ENCODED_URL_SIGN = r"%3[Aa]%2[Ff]%2[Ff](?=[^\s%]{0,128}%)"
_TEMPLATE = re.compile(r"\{[^{}]{0,60}\}(?:/|\Z)|%s|%\(\w+\)s")
_SIGNED = re.compile(r"eyJ[\w-]*(?:[.:][\w-]+)*")
_SIGNED_HEADERS = ("hbGci", "0eXAi", "raWQi", "lbmMi", "jdHki", "4NXQi", "6aXAi", "qa3Ui", "jcml0")
_SCHEME = re.compile(r"\b(?:[Bb]earer|BEARER)[ ]+([\w.~+/=-]{8,})|\b(?:[Bb]asic|BASIC)[ ]+([A-Za-z0-9+/=_-]{6,})")
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_REFUSED = re.compile(
    r"^(?P<name>[\w.\[\]-]{1,200})\n  [^\n]{0,1000}?\[type=(?P<why>\w{1,60}), input_value=(?!\[scrubbed\])"
    r"(?P<value>[^\n]{1,1000}?)(?=, input_type=|\n|… \[\+|\Z)",
    re.MULTILINE,
)
_CUT = re.compile(CUT)
_GLUED = re.compile(r"\[scrubbed\][\w%+-]|[\w%.+@-]\[scrubbed\]")
_MOST_AGAIN = 8
_SHORTEST_TOKEN = 8
_LONG_BASIC = 24
_LONGEST_PHONE = 15


class SecretValues:
    """Takes secrets out of one text after the other.

    Args:
        names: Says which names are secret.
        emails: Whether e-mail addresses are scrubbed.
        ibans: Whether numbers of bank accounts are.
        access_token: Rollbar's own, of eight characters or more.

    Attributes:
        alarm: Matches somewhere in a text that may hold a secret; may do so in others.
    """

    def __init__(self, names: SecretNames, *, emails: bool, ibans: bool, access_token: str | None) -> None:
        self._pairs = SecretPairs(names)
        self._sql = SecretSql(names)
        self._readers = (SecretForms(names).scrub, scrub_logins, self._sql.scrub, self._pairs.scrub)
        self._rules: list[Callable[[str], tuple[str, int]]] = [
            scrub_private_keys,
            _scrub_urls,
            _scrub_encoded_urls,
            _refused_rule(names),
        ]
        after = [_scrub_shapes, _scrub_signed, _scrub_schemes, _scrub_cards]
        signs = [*self._pairs.signs, *_SIGNS]
        branches = [*CARD_SIGNS, _URL_SIGN, _ENCODED_URL_SIGN, *self._pairs.branches]
        if access_token is not None and len(access_token) >= _SHORTEST_TOKEN:
            self._rules.insert(0, _token_rule(access_token))
            signs.append(Sign(access_token[:_SHORTEST_TOKEN]))
        if emails:
            after.append(_scrub_emails)
            signs.append(Sign("@", then=r"[A-Za-z0-9-]{1,63}\.", before=r"[\w.+%-]"))
        if ibans:
            after.append(_scrub_ibans)
            branches += IBAN_SIGNS
        self._after = after
        self.alarm = re.compile(signs_pattern(signs, branches))

    def scrub(self, text: str, *, code: bool = False) -> tuple[str, int]:
        """Replace the secrets in *text*; see `SecretPairs.scrub`."""
        text, total = self._once(text, code=code)
        if total and _GLUED.search(text):
            # What stood without a gap beside a secret is a word of its own now.
            for _ in range(_MOST_AGAIN):
                text, count = self._once(text, code=code)
                total += count
                if not count:
                    break
        return text, total

    def parameters(self, text: str) -> list[str]:
        """Return what of a text is a secret although nothing beside it says so; see `SecretSql.parameters`."""
        return self._sql.parameters(text)

    def _once(self, text: str, *, code: bool) -> tuple[str, int]:
        total = 0
        for rule in self._rules:
            text, count = rule(text)
            total += count
        for read in self._readers:
            text, count = read(text, code=code)
            total += count
        for rule in self._after:
            text, count = rule(text)
            total += count
        return text, total


def _scrub_urls(text: str) -> tuple[str, int]:
    if "//" not in text and "\\/" not in text and "netloc" not in text:
        return text, 0
    spans = []
    for found in _URL.finditer(text):
        part = found.lastgroup or "user"
        value, (start, end) = found[part], found.span(part)
        if value.startswith(SCRUBBED) or _TEMPLATE.match(value) or placeholder_end(text, start) == end:
            continue
        if part == "cut" and ("@" in found["user"] or _is_port(value, is_whole=end == len(text))):
            continue
        spans.append((start, end))
    return replaced(text, spans)


def _scrub_encoded_urls(text: str) -> tuple[str, int]:
    """URLs that are part of another one, as a parameter of its query."""
    if "%2F" not in text and "%2f" not in text:
        return text, 0
    return replaced(text, [found.span("password") for found in _ENCODED_URL.finditer(text)])


def _is_port(value: str, *, is_whole: bool) -> bool:
    return is_whole and value.rstrip(".,;:!?)]}").isdigit()


def _scrub_shapes(text: str) -> tuple[str, int]:
    total = 0
    for signs, pattern in _SHAPE_PATTERNS:
        for sign in signs:
            if sign in text:
                text, count = pattern.subn(SCRUBBED, text)
                total += count
                break
    return text, total


def _scrub_signed(text: str) -> tuple[str, int]:
    """JSON Web Tokens, Flask's and Django's signed values: base64 of an object, and a signature."""
    if "eyJ" not in text:
        return text, 0
    return replaced(text, [found.span() for found in _SIGNED.finditer(text) if _is_signed(found[0])])


def _is_signed(token: str) -> bool:
    if token.startswith(_SIGNED_HEADERS, 3):
        return True
    by_dots, by_colons = token.split("."), token.split(":")
    return (len(by_dots[0]) >= 10 and len(by_dots[-1]) != len(token)) or len(by_colons) > 2  # noqa: PLR2004


def _scrub_schemes(text: str) -> tuple[str, int]:
    """What follows the name of a way to log in, as in ``Bearer …`` and ``Basic …``."""
    if not any(word in text for word in _SCHEME_WORDS):
        return text, 0
    spans = [
        found.span(found.lastindex or 0)
        for found in _SCHEME.finditer(text)
        if (looks_made(found[1]) if found[1] else _is_basic(found[2]))
    ]
    return replaced(text, spans)


def _is_basic(encoded: str) -> bool:
    """Whether this is base64 of a user and a password, or so long that it must be something of the kind."""
    bare = encoded.rstrip("=")
    try:
        return b":" in b64decode(bare[: len(bare) // 4 * 4]) or len(encoded) >= _LONG_BASIC
    except Error:
        return False


def _scrub_cards(text: str) -> tuple[str, int]:
    spans = [
        found.span("cut") if found["cut"] else found.span(1)
        for found in CARD.finditer(text)
        if found["cut"] or (is_card(found[1]) and not _is_phone(text, found.start(), found[1]))
    ]
    return replaced(text, spans)


def _is_phone(text: str, at: int, number: str) -> bool:
    """Whether it is a telephone number, as those of old Visa cards have no plus sign before them."""
    return text[at - 1 : at] == "+" and len(number) <= _LONGEST_PHONE


def _scrub_emails(text: str) -> tuple[str, int]:
    return _EMAIL.subn(SCRUBBED, text) if "@" in text else (text, 0)


def _scrub_ibans(text: str) -> tuple[str, int]:
    spans = []
    for found in IBAN.finditer(text):
        if found["cut"]:
            spans.append(found.span("cut"))
        elif length := iban_length(text, found.start()):
            spans.append((found.start(), found.start() + length))
    return replaced(text, spans)


def _refused_rule(names: SecretNames) -> Callable[[str], tuple[str, int]]:
    """Make the rule for what pydantic tells of a value that it refused: in one line its name, in the next the value."""

    def scrub(text: str) -> tuple[str, int]:
        if "input_value=" not in text:
            return text, 0
        found = (match for match in _REFUSED.finditer(text) if names.kind(match["name"]) != CLEAN)
        return replaced(text, [match.span("value") for match in found if match["why"] != "missing"])

    return scrub


def _token_rule(token: str) -> Callable[[str], tuple[str, int]]:
    """Make the rule for Rollbar's access token, also for one of which only the beginning is there."""
    beginning = re.compile(re.escape(token[:_SHORTEST_TOKEN]))

    def scrub(text: str) -> tuple[str, int]:
        spans = []
        for found in beginning.finditer(text):
            end = found.start() + _shared(token, text[found.start() : found.start() + len(token)])
            if end - found.start() == len(token) or _CUT.match(text, end):
                spans.append((found.start(), end))
        return replaced(text, spans)

    return scrub


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    differing = (at for at, (char, counterpart) in enumerate(zip(one, other, strict=False)) if char != counterpart)
    return next(differing, min(len(one), len(other)))


_SHAPE_PATTERNS = tuple((shape.signs, re.compile(shape.pattern)) for shape in SHAPES)
_SCHEME_WORDS = ("Bearer ", "bearer ", "BEARER ", "Basic ", "basic ", "BASIC ")
_SIGNS = (
    *(Sign(sign, then=shape.then) for shape in SHAPES for sign in shape.signs),
    *(Sign(word, then=r"[\w.~+/=-]{6}") for word in _SCHEME_WORDS),
    Sign(PART.rstrip(";"), then=";"),
    Sign("netloc", then=r"[\"']?[ ]?[:=]"),
    Sign("eyJ", then=r"[\w-]{4}"),
    *map(Sign, KEY_SIGNS),
    Sign("input_value="),
    *(Sign(words, then=r"\s", any_case=True) for words in LOGIN_WORDS),
)
