"""Witnesses who are no victims: a small record of the prosecution, so that report vi counts them; no case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nrm.domain.shelter.cases import ALPHABET
from nrm.domain.support.hearings import Hearing

WITNESS = "witness"
"""The compartment, under the record's own id, in which the prosecution alone keeps by what it knows the person."""
LONGEST_REFERENCE = 80
MARK = "W-"
AGE_CLASSES = ("child", "adult", "unsure")
AGE_BANDS = {"child": "child", "adult": "adult", "unsure": "unknown"}
"""Age class -> how reports say it."""
_LENGTH = 7


@dataclass(frozen=True, slots=True)
class InTheWay:
    """What speaks against the end of a record: hearings that lie ahead, that they could not be read, and since when the
    duty desk has not seen a threat. False if nothing does."""

    hearings: tuple[Hearing, ...] = ()
    unread: bool = False
    threats: tuple[datetime, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hearings or self.unread or self.threats)

    @property
    def is_shut(self) -> bool:
        """Whether no word of who ends it is enough: others act first, or the day passes (ADR 0217)."""
        return bool(self.hearings or self.threats)


class SameReference(Exception):
    """Another witness is known by this already, and it was not said that it is another person. `code`: that witness."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def same_reference(one: str, other: str) -> bool:
    """Whether two file numbers are the same, however they are spaced and cased."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


class EndRefused(Exception):
    """Something speaks against the end: it is shut, or it was not said that it is the end all the same."""


def new_code(random_bytes: bytes) -> str:
    """A code such as `W-7K4QM2T`, from at least 16 random bytes: no pseudonym of a case, and seen to be none."""
    return MARK + "".join(symbols(random_bytes, _LENGTH))


def symbols(random_bytes: bytes, length: int) -> Sequence[str]:
    """So many symbols of the alphabet of codes; the bias of the reduction is below 2**-40."""
    number = int.from_bytes(random_bytes, "big")
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        found.append(ALPHABET[digit])
    return found
