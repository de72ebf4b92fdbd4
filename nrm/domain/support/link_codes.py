"""Link codes: with one, the police tie a number of their own to a witness, and learn neither who nor where she is.

The code is random. The prosecution makes it when the person has said yes to it; the holder of the case asks her. The
police type it with their number, and the witness liaison sees that number. Nothing else can be found by it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from nrm.domain.accounts.failed_attempts import Limit
from nrm.domain.shelter.cases import ALPHABET
from nrm.domain.support.witnesses import symbols

LINK = "link"
"""The compartment, under the link's own id, in which the prosecution alone keeps the code."""
NUMBER = "link_number"
"""That of a number of the police, under an id of its own."""
TRIES = Limit(10, timedelta(minutes=6))
"""Ten wrong codes an hour, of one person."""
MOST_NUMBERS = 9
LONGEST_NUMBER = 40
RANDOM_BYTES = 24
_GROUPS, _GROUP = 4, 4


class LinkRefusal(StrEnum):
    """Why the prosecution gets no code."""

    NO_YES = "no_yes"  # the person has not agreed to it, or not any more
    STANDS = "stands"  # there is one


class LinkRefused(Exception):
    """No code is made; `reason` says why."""

    def __init__(self, reason: LinkRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


class NotValid(Exception):
    """The code is not valid, or not any more: which of the two is not said."""


class MistypedNumber(ValueError):
    """This has not the form of a number of a case: what is typed is not to say who somebody is."""


_NUMBER = re.compile(
    r"(?:(?:[Nn][Rr]\.?|[A-ZÇËА-ШЀ-Џ]{1,4})[ ./-]{0,2})?"  # letters of a register, as capitals
    r"[0-9]{1,8}(?:[./-](?:[0-9]{1,8}|[A-ZÇËА-ШЀ-Џ]{1,3})){0,4}"
)


def parse_number(text: str) -> str:
    """A number such as `PP 1234/2026`: letters of a register as capitals, figures, and strokes between. Raises
    MistypedNumber."""
    number = " ".join(text.split())
    if len(number) > LONGEST_NUMBER or _NUMBER.fullmatch(number) is None:
        raise MistypedNumber
    return number


class MistypedCode(ValueError):
    """This cannot be a link code: its length, or a character."""


def new_code(random_bytes: bytes) -> str:
    """A code such as `7K4Q-M2TX-9DHR-WC3F`, of at least 24 random bytes: 72 bits of it count."""
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a link code needs {RANDOM_BYTES} random bytes")
    return _written("".join(symbols(random_bytes, _GROUPS * _GROUP)))


def parse_code(text: str) -> str:
    """The code in its usual form; case, blanks and dashes may be typed freely. Raises MistypedCode."""
    typed = "".join(each for each in text if not each.isspace() and each not in "-‐‑‒–—_.").upper()
    if len(typed) != _GROUPS * _GROUP or any(each not in ALPHABET for each in typed):
        raise MistypedCode
    return _written(typed)


def _written(typed: str) -> str:
    return "-".join(typed[at : at + _GROUP] for at in range(0, len(typed), _GROUP))
