"""Which of those who are known may be this person: one encoding against all of them.

The score is a sum of log2(m / u) of the fields that both know: m, how often two spellings of one person are as like as
these two are, from the documented table; u, how often two people are, counted in the register for this very name. So a
rare name says more than a common one, without anybody knowing which it is. Swapped names, another sex and another
citizenship cost points, and so does every doubling of the register.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nrm.linkage.encoding import (
    ALIASES,
    ALIASES_AT,
    BITS,
    FIELDS_AT,
    LENGTH,
    NAME_BITS,
    NUMBER_BYTES,
    NUMBERS,
    NUMBERS_AT,
    Field,
)

MOST = 10
STRONG, POSSIBLE, WEAK = 14.0, 8.0, 2.0
CAP = 14.0  # of what one field can say, in bits
REFERENCE = 500  # people whose likeness is taken as known before the register is counted
SWAPPED, OTHER_SEX, OTHER_CITIZENSHIP = -3.0, -8.0, -6.0
SAME_NUMBER = 14.0
_LEVELS = 64  # distances are counted in 64ths of the bits of a field; all above a half are one level
_TOP = _LEVELS // 2
_CHUNK = 8192

_WORD_BITS = 64
_WORDS = {field: bits // _WORD_BITS for field, bits in BITS.items()}
_FIRST_WORD = {field: sum(_WORDS[Field(before)] for before in range(field)) for field in Field}
_ALL_WORDS = sum(_WORDS.values())
_NAME_WORDS = NAME_BITS // _WORD_BITS


class Band(StrEnum):
    """How likely it is the same person; numbers are shown to nobody."""

    STRONG = "strong"
    POSSIBLE = "possible"
    WEAK = "weak"


@dataclass(frozen=True)
class Candidate:
    """Somebody who is known and may be the person who is asked for."""

    record: uuid.UUID
    band: Band


def _spread(exact: float, near: float, other: float) -> NDArray[np.float64]:
    """How often a pair has each level: as good as equal, falling off from there, and no likeness at all."""
    levels = np.arange(_TOP + 1)
    equal = np.where(levels <= 4, 1.0, 0.0)
    falling = np.where((levels > 4) & (levels < _TOP - 1), np.exp(-levels / 12), 0.0)
    none = np.where(levels >= _TOP - 2, 1.0, 0.0)
    spread: NDArray[np.float64] = (
        exact * equal / equal.sum() + near * falling / falling.sum() + other * none / none.sum()
    )
    return spread


_SAME = {
    Field.GIVEN: _spread(0.55, 0.30, 0.15),
    Field.FAMILY: _spread(0.55, 0.30, 0.15),
    Field.FATHER: _spread(0.55, 0.30, 0.15),
    Field.PLACE: _spread(0.50, 0.25, 0.25),
    Field.YEAR: _spread(0.75, 0.15, 0.10),
    Field.DAY: _spread(0.65, 0.20, 0.15),
}
_OTHER = {
    Field.GIVEN: _spread(0.008, 0.05, 0.942),
    Field.FAMILY: _spread(0.002, 0.05, 0.948),
    Field.FATHER: _spread(0.008, 0.05, 0.942),
    Field.PLACE: _spread(0.03, 0.05, 0.92),
    Field.YEAR: _spread(0.04, 0.16, 0.80),
    Field.DAY: _spread(0.003, 0.12, 0.877),
}


class Register:
    """The encodings of one version of the key, ready to be compared."""

    def __init__(
        self,
        records: list[uuid.UUID],
        owner: NDArray[np.intp],
        known: NDArray[np.uint8],
        words: NDArray[np.uint64],
        numbers: NDArray[np.uint64],
        sex: NDArray[np.str_],
        citizenship: NDArray[np.str_],
    ) -> None:
        """Use `of`. A line is one name of one person: `owner` says whose; `words` has a column for each line."""
        self._records, self._owner, self._known, self._words = records, owner, known, words
        self._sex, self._citizenship = sex, citizenship
        order = np.argsort(numbers, axis=None, kind="stable")
        self._numbers, self._number_of = numbers.ravel()[order], order // NUMBERS

    @classmethod
    def of(cls, rows: Sequence[tuple[uuid.UUID, bytes, str, str]]) -> Register:
        """`rows` are record, encoding, sex and citizenship; an empty sex or citizenship is not known.

        Several rows may have one record (a person encoded by two organisations): it is given once, with its best score.
        Raises ValueError for bytes that are no encoding.
        """
        for _, encoding, _, _ in rows:
            _check(encoding)
        people = np.frombuffer(b"".join(encoding for _, encoding, _, _ in rows), dtype=np.uint8).reshape(-1, LENGTH)
        lines, known, blocks = [np.arange(len(rows))], [people[:, 0]], [_main(people)]
        for place in range(ALIASES):
            there = np.flatnonzero(people[:, 1 + place])
            lines.append(there)
            known.append(_alias_known(people[there], place))
            blocks.append(_alias(people[there], place))
        words = np.concatenate(blocks).view("<u8").astype(np.uint64)
        numbers = people[:, NUMBERS_AT : NUMBERS_AT + NUMBERS * NUMBER_BYTES]
        return cls(
            [record for record, _, _, _ in rows],
            np.concatenate(lines),
            np.concatenate(known),
            np.ascontiguousarray(words.T),
            np.ascontiguousarray(numbers).view("<u8").astype(np.uint64),
            np.array([sex for _, _, sex, _ in rows], dtype=np.str_),
            np.array([citizenship for _, _, _, citizenship in rows], dtype=np.str_),
        )

    def __len__(self) -> int:
        return len(self._records)

    def candidates(self, encoding: bytes, sex: str = "", citizenship: str = "") -> list[Candidate]:
        """At most ten records, best first, whose score is at least WEAK. Raises ValueError for what is no encoding."""
        return [
            Candidate(record, Band.STRONG if score >= STRONG else Band.POSSIBLE if score >= POSSIBLE else Band.WEAK)
            for record, score in self.best(encoding, sex, citizenship, MOST)
            if score >= WEAK
        ]

    def best(
        self, encoding: bytes, sex: str = "", citizenship: str = "", most: int = MOST
    ) -> list[tuple[uuid.UUID, float]]:
        """The `most` records of the best scores, best first: for evaluation; pages show `candidates`."""
        scores = self.scores(encoding, sex, citizenship)
        found: dict[uuid.UUID, float] = {}
        for place in np.argsort(-scores, kind="stable"):
            found.setdefault(self._records[place], float(scores[place]))
            if len(found) == most:
                break
        return list(found.items())

    def scores(self, encoding: bytes, sex: str = "", citizenship: str = "") -> NDArray[np.float32]:
        """The score of each row that `of` was given, in its order. Raises ValueError for what is no encoding."""
        _check(encoding)
        if not self._records:
            return np.empty(0, dtype=np.float32)
        asked = np.frombuffer(encoding, dtype=np.uint8).reshape(1, LENGTH)
        names = [(int(asked[0, 0]), _main(asked))]
        names += [
            (int(_alias_known(asked, place)[0]), _alias(asked, place))
            for place in range(ALIASES)
            if asked[0, 1 + place]
        ]
        lines = self._score(*names[0])
        for known, block in names[1:]:
            lines = np.maximum(lines, self._score(known, block))
        number = len(self._records)
        scores = lines[:number].copy()
        np.maximum.at(scores, self._owner[number:], lines[number:])
        if sex:
            scores += np.where((self._sex != sex) & (self._sex != ""), np.float32(OTHER_SEX), np.float32(0))
        if citizenship:
            other = (self._citizenship != citizenship) & (self._citizenship != "")
            scores += np.where(other, np.float32(OTHER_CITIZENSHIP), np.float32(0))
        scores[self._with_number(asked)] += np.float32(SAME_NUMBER)
        scores -= np.float32(np.log2(number))
        return scores

    def _with_number(self, asked: NDArray[np.uint8]) -> NDArray[np.intp]:
        """The rows that share a number with the person asked for."""
        numbers = asked[0, NUMBERS_AT : NUMBERS_AT + NUMBERS * NUMBER_BYTES].copy().view("<u8").astype(np.uint64)
        first = np.searchsorted(self._numbers, numbers, side="left")
        end = np.searchsorted(self._numbers, numbers, side="right")
        return np.unique(np.concatenate([self._number_of[a:b] for a, b in zip(first, end, strict=True)]))

    def _score(self, known: int, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The sum over the fields for each line, of one name of the person asked for."""
        asked = block.view("<u8").astype(np.uint64)[0]
        straight = self._field(Field.GIVEN, Field.GIVEN, known, asked) + self._field(
            Field.FAMILY, Field.FAMILY, known, asked
        )
        swapped = self._field(Field.GIVEN, Field.FAMILY, known, asked) + self._field(
            Field.FAMILY, Field.GIVEN, known, asked
        )
        total = np.maximum(straight, swapped + np.float32(SWAPPED))
        for field in (Field.FATHER, Field.PLACE, Field.YEAR, Field.DAY):
            total += self._field(field, field, known, asked)
        return total

    def _field(self, mine: Field, theirs: Field, known: int, asked: NDArray[np.uint64]) -> NDArray[np.float32]:
        """What the likeness of field `mine` of who is asked for and field `theirs` of each line says, in bits."""
        lines = self._words.shape[1]
        if not known >> mine & 1:
            return np.zeros(lines, dtype=np.float32)
        distance = np.zeros(lines, dtype=np.uint16)
        for word in range(_WORDS[mine]):
            distance += np.bitwise_count(self._words[_FIRST_WORD[theirs] + word] ^ asked[_FIRST_WORD[mine] + word])
        level = np.minimum(distance * np.uint16(_LEVELS) // np.uint16(BITS[mine]), _TOP)
        both = (self._known >> theirs & 1).astype(np.bool_)
        counted = np.bincount(level[both], minlength=_TOP + 1)
        others = (counted + REFERENCE * _OTHER[mine]) / (counted.sum() + REFERENCE)
        says = np.minimum(np.minimum.accumulate(np.log2(_SAME[mine] / others)), CAP).astype(np.float32)
        bits: NDArray[np.float32] = np.where(both, says[level], np.float32(0))
        return bits


def _check(encoding: bytes) -> None:
    if len(encoding) != LENGTH:
        raise ValueError(f"an encoding has {LENGTH} bytes")


def _main(people: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(people[:, FIELDS_AT:ALIASES_AT])


def _alias(people: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    """The fields of people under one of their other names."""
    size = 2 * NAME_BITS // 8
    begins = ALIASES_AT + place * size
    return np.ascontiguousarray(
        np.concatenate([people[:, begins : begins + size], people[:, FIELDS_AT + size : ALIASES_AT]], axis=1)
    )


def _alias_known(people: NDArray[np.uint8], place: int) -> NDArray[np.uint8]:
    names = np.uint8(1 << Field.GIVEN | 1 << Field.FAMILY)
    return (people[:, 0] & ~names) | people[:, 1 + place]
