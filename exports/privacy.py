"""What in a text looks like personal data, for a person to decide about. Pure.

Patterns find what may be something; libraries that are kept up to date say whether it is: phone numbers by Google's libphonenumber (phonenumberslite), IBANs,
cards and national numbers by their check digits (python-stdnum). No model and no network is asked: names of people are not found. Every pattern reads a
text in time that grows with its length alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.us import ssn

REGIONS = ("US", "DE")
"""Where numbers without a country code are looked for: nowhere else do so few digits make so sure a number once they are grouped as people group them."""


@dataclass(frozen=True, order=True)
class Match:
    """Where in a text something was found, in characters, and what it looks like. The text itself is not in it."""

    start: int
    end: int
    kind: str


Says = Callable[[str], bool]


def is_email(found: str) -> bool:
    """Say no to the names that are kept for examples (RFC 2606)."""
    domain = found.rpartition("@")[2].lower()
    return not re.search(r"(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$", domain)


def is_address(found: str) -> bool:
    """Say whether it is an address on the Internet: those of home networks and of documentation lead to nobody."""
    try:
        return ipaddress.ip_address(found).is_global
    except ValueError:
        return False


def is_card(found: str) -> bool:
    digits = re.sub(r"\D", "", found)
    return digits[0] in "23456" and len(set(digits)) > 1 and luhn.is_valid(digits)


def is_iban(found: str) -> bool:
    return iban.is_valid(found)


PATTERNS: list[tuple[str, re.Pattern[str], Says]] = [
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}\b"), is_email),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), is_iban),
    ("card", re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d-]|\.\d)"), is_card),
    ("ip", re.compile(r"(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?![\w.:])"), is_address),
    ("ip", re.compile(r"(?<![\w.:])(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f:]{1,20}(?![\w.:])"), is_address),
    ("national_id", re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), ssn.is_valid),
    ("national_id", re.compile(r"(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)"), cpf.is_valid),
    ("national_id", re.compile(r"(?<!\w)[12] ?\d{2} ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\w)"), nir.is_valid),
    ("national_id", re.compile(r"\b[XYZ]?-?\d{7,8}-?[A-Z]\b"), lambda found: bool(dni.is_valid(found) or nie.is_valid(found))),
    ("national_id", re.compile(r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b"), codicefiscale.is_valid),
    ("national_id", re.compile(r"(?<!\d)\d{17}[\dX](?!\w)"), ric.is_valid),
]
PHONE = re.compile(r"(?<![\d.,])[+(\d][\d\s().\-/\u2010-\u2013]{6,20}\d")
"""Whether it is worth asking: libphonenumber takes a millisecond for 500 characters."""

KINDS = {
    "email": "an e-mail address",
    "phone": "a phone number",
    "iban": "a bank account",
    "card": "a payment card",
    "ip": "an Internet address",
    "national_id": "a national number of a person",
}


def personal_data(text: str) -> list[Match]:
    """Return what looks like personal data, in its order; of what overlaps, the first and then the longest."""
    found = sorted([*by_pattern(text), *phones(text)], key=lambda match: (match.start, -match.end))
    kept: list[Match] = []
    for match in found:
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return kept


def by_pattern(text: str) -> Iterator[Match]:
    for kind, pattern, is_one in PATTERNS:
        for match in pattern.finditer(text):
            if is_one(match[0]):
                yield Match(match.start(), match.end(), kind)


def phones(text: str) -> Iterator[Match]:
    for place in PHONE.finditer(text):
        start, end = max(place.start() - 2, 0), place.end() + 2
        part = text[start:end]
        for region, leniency in [(None, Leniency.VALID), *((region, Leniency.EXACT_GROUPING) for region in REGIONS)]:
            match = next(iter(PhoneNumberMatcher(part, region, leniency)), None)
            if match and part[: match.start][-1:] not in (".", ","):  # the digits of a fraction
                yield Match(start + match.start, start + match.end, "phone")
                break
