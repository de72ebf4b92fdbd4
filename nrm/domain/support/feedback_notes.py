"""What a house may not write to those who live in it: the page is open to everybody who has its address.

Numbers to call, addresses to write to and codes of people or payments come from the program and the country, never from
a house: whoever reads them cannot tell whose they are. Decided in ADR 0182.
"""

from __future__ import annotations

import re
from enum import StrEnum

from nrm.domain.shelter.cases import MistypedPseudonym, parse_pseudonym
from nrm.domain.support.streets import names_street
from nrm.domain.unseen import plain

_DAY = re.compile(r"(?<![\d.])(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|1[0-2])[./-](?:20)?\d\d(?![\d])")
# Digits with what stands between them in a telephone number; letters that look like digits are read as these.
_RUN = re.compile(r"[+(]?\d(?:[\s().,/+*·\-‐‑‒–—_]{0,3}\d)+")
_DIGITS_OF_A_NUMBER = 5
_LOOKS = str.maketrans("oOlI|", "00111")
_LINK = re.compile(
    r"https?:|www\.|\b[a-z0-9-]{2,}\s?\.\s?(?:al|com|org|net|info|eu|me|mk|it|gr|de|uk|io|ly|gov|app|link|site|online|xyz|top|ru)\b(?!\.?\s+[A-ZÇË])"
)
_MAIL = re.compile(r"@|\(at\)|\[at\]", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Za-z]{4}[\s\-‐‑‒–—_.]?[0-9A-Za-z]{4}[\s\-‐‑‒–—_.]?[0-9A-Za-z](?![0-9A-Za-z])")
_PAYMENT = re.compile(r"\bP(?:[\s\-‐‑‒–—_.]?[0-9A-Z]{4}){3}\b", re.IGNORECASE)


class NoteFault(StrEnum):
    """What stands in it that must not."""

    TELEPHONE = "telephone"
    LINK = "link"
    MAIL = "mail"
    CODE = "code"
    STREET = "street"


def fault(text: str) -> NoteFault | None:
    """The first thing in the text that must not stand there; None for none."""
    seen = plain(text)
    if _MAIL.search(seen):
        return NoteFault.MAIL
    if _LINK.search(seen.casefold()):
        return NoteFault.LINK
    if _PAYMENT.search(seen) or any(map(_is_case, _CODE.findall(seen))):
        return NoteFault.CODE
    if _has_number(seen):
        return NoteFault.TELEPHONE
    return NoteFault.STREET if names_street(seen) else None


def _is_case(found: str) -> bool:
    try:
        parse_pseudonym(found)
    except MistypedPseudonym:
        return False
    return any(each.isdigit() for each in found) or found.upper() == found


def _has_number(text: str) -> bool:
    without_days = _DAY.sub(" ", text)
    looked = re.sub(r"(?<=\d)[oOlI|]|[oOlI|](?=\d)", lambda each: each[0].translate(_LOOKS), without_days)
    return any(sum(map(str.isdigit, run)) >= _DIGITS_OF_A_NUMBER for run in _RUN.findall(looked))
