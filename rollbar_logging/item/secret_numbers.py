"""Numbers that are secrets by their check digits: payment cards (ISO/IEC 7812) and bank accounts (ISO 13616)."""

from __future__ import annotations

import re

CARD = re.compile(
    r"""(?=((?<![A-Za-z0-9.])(?:
          [2-6][0-9]{12,18}
        | [2-6][0-9]{3}(?P<a>[ -])[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}(?:(?P=a)[0-9]{3})?
        | 3[0-9]{3}(?P<b>[ -])[0-9]{6}(?P=b)[0-9]{4,5}
        )(?![A-Za-z0-9])
      | (?<![A-Za-z0-9.])(?P<cut>[2-6][0-9](?:[ -]?[0-9]){7,16})(?=["']?…[ ]\[\+)))""",
    re.VERBOSE,
)
"""Where the number of a card may begin (group 1), as a whole or in the groups that cards print; or a cut one."""

CARD_SIGNS = tuple(
    rf"{first}{second}[0-9]{{2}}(?<![A-Za-z0-9.].{{4}})(?:[ -]?[0-9]){{5}}"
    r"(?:(?:[ -]?[0-9]){4}|(?:[ -]?[0-9]){0,3}[\"']?…)"
    for first, second in (("2", "[2-7]"), ("3", "[05-9]"), ("4", "[0-9]"), ("5", "[0-8]"), ("6", "[0-9]"))
)
"""Patterns of text that may be such a number, for `signs_pattern`."""

IBAN = re.compile(
    r"(?=((?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){11,30}))"
    r"|(?<![A-Za-z0-9])(?P<cut>[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){6,30})(?=[\"']?… \[\+)"
)
"""Where an IBAN may begin (group 1), perhaps with something behind it; or one that was cut."""

IBAN_SIGNS = tuple(rf"{digit}(?<=[A-Z]{{2}}{digit})[0-9](?:[ ]?[A-Z0-9]){{6}}" for digit in "0123456789")
"""Patterns of text that may be one, for `signs_pattern`."""

_BRANDS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"4", (13, 16, 19)),  # Visa
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]", (16,)),  # Mastercard, Mir
    (r"3[47]", (15,)),  # American Express
    (r"30[0-5]|36|3[89]", (14, 16, 19)),  # Diners Club
    (r"352[89]|35[3-8]", (16, 17, 18, 19)),  # JCB
    (r"6011|64[4-9]|65|62|60|50[0-9]{2}|5[6-8]|6[37]", (16, 18, 19)),  # Discover, UnionPay, RuPay, Maestro
)
_BRAND = tuple((re.compile(prefix), lengths) for prefix, lengths in _BRANDS)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_LONGEST_IBAN = 48
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
    "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def is_card(text: str) -> bool:
    """Whether this is the number of a card of a known brand: beginning, length and Luhn's check digit."""
    number = text.replace(" ", "").replace("-", "")
    if not any(brand.match(number) and len(number) in lengths for brand, lengths in _BRAND):
        return False
    own = sum(map(int, number[-1::-2]))
    return (own + sum(_DOUBLED[int(digit)] for digit in number[-2::-2])) % 10 == 0


def iban_length(text: str, at: int) -> int:
    """Return how many characters from *at* on are an IBAN (country, length and check digits); or 0."""
    left = _LENGTHS.get(text[at : at + 2], 0)
    if not left:
        return 0
    for end in range(at + 1, min(at + _LONGEST_IBAN, len(text)) + 1):
        left -= text[end - 1] != " "
        if not left:
            number = text[at:end].replace(" ", "")
            return end - at if _is_sound(number) and not text[end : end + 1].isalnum() else 0
    return 0


def _is_sound(iban: str) -> bool:
    if not (iban.isascii() and iban.isalnum() and iban.isupper()):
        return False
    # Modulus 97 of ISO 7064: letters count as two digits, A as 10.
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
