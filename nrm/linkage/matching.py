"""Which of those who are known may be this person: one encoding against all of them.

The score is a sum of log2(m / u) of the fields that both know: m, how often two spellings of one person are as like as
these two are, from the documented table; u, how often two people are, counted in the register for this very name. So a
rare name says more than a common one, without anybody knowing which it is. Lines on which names, year and day all are
as this person's are not counted: they are her, or somebody made them up to look so, and say nothing of how common her
name is among others. Swapped names, another sex and another citizenship cost points, and so does every doubling of the
register.
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
STRONG, POSSIBLE, WEAK = 0.0, -4.0, -8.0  # measured, and not odds: what fields say is capped
CAP = 14.0  # of what one field can say, in bits
REFERENCE = 500  # people whose likeness is taken as known before the register is counted
SWAPPED, OTHER_SEX, OTHER_CITIZENSHIP = -3.0, -8.0, -6.0
SAME_NUMBER = 14.0
FALSE_DATE = -5.0  # of year and day together: who gives a false date gives a false day and a false year
# Pairs of a field of who is asked for and one of who is known; the last with what they cost at most, together.
_IN_THEIR_PLACES = ((Field.GIVEN, Field.GIVEN), (Field.FAMILY, Field.FAMILY))
_SWAPPED = ((Field.GIVEN, Field.FAMILY), (Field.FAMILY, Field.GIVEN))
_BESIDE_THE_NAMES = (
    (((Field.FATHER, Field.FATHER),), -CAP),
    (((Field.PLACE, Field.PLACE),), -CAP),
    (((Field.YEAR, Field.YEAR), (Field.DAY, Field.DAY)), FALSE_DATE),
)
_ALIKE = (Field.GIVEN, Field.FAMILY, Field.YEAR, Field.DAY)  # who has all of these as another person is no other
_LEVELS = 64  # distances are counted in 64ths of the bits of a field; all above a half are one level
_TOP = _LEVELS // 2
_CHUNK, _STRETCH = 8192, 32768

_WORD_BITS = 64
_WORDS = {field: bits // _WORD_BITS for field, bits in BITS.items()}
_FIRST_WORD = {field: sum(_WORDS[Field(before)] for before in range(field)) for field in Field}
_ALL_WORDS = sum(_WORDS.values())


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


def _spread(equal: float, near: float, none: float, begins: int) -> NDArray[np.float64]:
    """How often a pair has each level: written alike; alike, on every level from `begins` on as often; not alike.

    What has nothing in common differs in half of the bits, and the flipped ones bring that to level 31.
    """
    levels = np.arange(_TOP + 1)
    spread = np.full(_TOP + 1, 1e-4)
    for share, where in (
        (equal, (levels <= 4) * 1.0),
        (near, (levels >= begins) * 1.0),
        (none, np.exp(-(((levels - 31.2) / 1.1) ** 2) / 2)),
    ):
        spread += share * where / where.sum()
    found: NDArray[np.float64] = spread / spread.sum()
    return found


# m, of two records of one person: measured among made-up people at a border (tests/borders.py) and smoothed (ADR 0128).
_SAME = {
    Field.GIVEN: _spread(0.56, 0.40, 0.04, 11),
    Field.FAMILY: _spread(0.54, 0.40, 0.06, 11),
    Field.FATHER: _spread(0.66, 0.30, 0.04, 11),
    Field.PLACE: _spread(0.60, 0.28, 0.12, 11),
    Field.YEAR: _spread(0.72, 0.18, 0.10, 11),
    Field.DAY: _spread(0.78, 0.08, 0.14, 11),
}
# The reference of u, of two people, which counts as REFERENCE people beside those of the register.
_OTHER = {
    Field.GIVEN: _spread(0.005, 0.010, 0.985, 14),
    Field.FAMILY: _spread(0.0034, 0.008, 0.9886, 14),
    Field.FATHER: _spread(0.010, 0.012, 0.978, 14),
    Field.PLACE: _spread(0.020, 0.010, 0.97, 14),
    Field.YEAR: _spread(0.04, 0.20, 0.76, 16),
    Field.DAY: _spread(0.003, 0.05, 0.947, 20),
}
_LEVEL = {field: np.minimum(np.arange(bits + 1) * _LEVELS // bits, _TOP) for field, bits in BITS.items()}
_WRITTEN_ALIKE = {field: 5 * bits // _LEVELS - 1 for field, bits in BITS.items()}  # the levels up to 4


class Register:
    """The encodings of one version of the key, ready to be compared.

    A line is one name of one person: each row has one for the person and one for each alias. Words lie field by field,
    `words[w, line]`, so that a comparison reads memory from one end to the other.
    """

    def __init__(self, records: Sequence[uuid.UUID], lines: int) -> None:
        """An empty register; use `of`."""
        self._records = records
        self._words = np.empty((_ALL_WORDS, lines), dtype=np.uint64)
        self._known = np.empty(lines, dtype=np.uint8)
        self._row = np.empty(lines, dtype=np.intp)
        self._numbers = np.empty((len(records), NUMBERS), dtype=np.uint64)
        self._number_row = np.empty(0, dtype=np.intp)
        self._sex, self._citizenship = _Codes(()), _Codes(())

    @classmethod
    def of(cls, rows: Sequence[tuple[uuid.UUID, bytes, str, str]]) -> Register:
        """`rows` are record, encoding, sex and citizenship; an empty sex or citizenship is not known.

        Several rows may have one record (a person encoded by two organisations): it is given once, with its best score.
        Raises ValueError for bytes that are no encoding.
        """
        lines = 0
        for _, encoding, _, _ in rows:
            _check(encoding)
            lines += 1 + sum(map(bool, encoding[1 : 1 + ALIASES]))
        register = cls([record for record, _, _, _ in rows], lines)
        number, alias_line = len(rows), len(rows)
        for begin in range(0, number, _CHUNK):
            end = min(begin + _CHUNK, number)
            people = _bytes_of(b"".join(encoding for _, encoding, _, _ in rows[begin:end]))
            register._lines(begin, np.arange(begin, end), people[:, 0], _main(people))
            register._numbers[begin:end] = _numbers(people)
            for place in range(ALIASES):
                there = np.flatnonzero(people[:, 1 + place])
                register._lines(alias_line, begin + there, *_alias(people[there], place))
                alias_line += len(there)
        order = np.argsort(register._numbers, axis=None, kind="stable")
        register._numbers, register._number_row = register._numbers.ravel()[order], order // NUMBERS
        register._sex = _Codes([sex for _, _, sex, _ in rows])
        register._citizenship = _Codes([citizenship for _, _, _, citizenship in rows])
        return register

    def _lines(self, at: int, rows: NDArray[np.intp], known: NDArray[np.uint8], fields: NDArray[np.uint8]) -> None:
        end = at + len(rows)
        self._row[at:end], self._known[at:end] = rows, known
        self._words[:, at:end] = fields.view("<u8").T

    def __len__(self) -> int:
        return len(self._records)

    def candidates(self, encoding: bytes, sex: str = "", citizenship: str = "") -> list[Candidate]:
        """At most ten records, best first, whose score is at least WEAK. Raises ValueError for what is no encoding."""
        scores = self.scores(encoding, sex, citizenship)
        found: dict[uuid.UUID, float] = {}
        enough = np.flatnonzero(scores >= WEAK)
        for row in enough[np.argsort(-scores[enough], kind="stable")]:
            found.setdefault(self._records[row], float(scores[row]))
            if len(found) == MOST:
                break
        return [Candidate(record, band_of(score)) for record, score in found.items()]

    def scores(self, encoding: bytes, sex: str = "", citizenship: str = "") -> NDArray[np.float32]:
        """The score of each row that `of` was given, in its order. Raises ValueError for what is no encoding."""
        _check(encoding)
        number = len(self._records)
        if not number:
            return np.empty(0, dtype=np.float32)
        asked = _bytes_of(encoding)
        names = [(int(asked[0, 0]), _words_of(_main(asked)))]
        for place in range(ALIASES):
            if asked[0, 1 + place]:
                known, fields = _alias(asked, place)
                names.append((int(known[0]), _words_of(fields)))
        both_ways = [self._both_ways(*name) for name in names]
        beside = [(self._likenesses(pairs, *names[0]), least) for pairs, least in _BESIDE_THE_NAMES]
        straight = (*both_ways[0][0], *(each for likenesses, _ in beside for each in likenesses))
        _leave_out({each.field: each for each in straight})
        lines = self._lines_of(both_ways, beside)
        scores = lines[:number]
        if len(lines) > number:
            np.maximum.at(scores, self._row[number:], lines[number:])
        for codes, code, cost in (
            (self._sex, sex, OTHER_SEX),
            (self._citizenship, citizenship, OTHER_CITIZENSHIP),
        ):
            if code:
                scores += codes.cost(code, cost)
        scores[self._with_number(asked)] += np.float32(SAME_NUMBER)
        # Also in a small register something has to speak for a pair: else all are like somebody who said nothing.
        scores -= np.float32(np.log2(max(number, REFERENCE)))
        return scores

    def _lines_of(
        self, names: list[list[list[_Likeness]]], beside: list[tuple[list[_Likeness], float]]
    ) -> NDArray[np.float32]:
        """The sum for each line. `names` has for each name that is asked for the two ways to read given and family."""
        lines = np.empty(len(self._row), dtype=np.float32)
        for begin in range(0, len(lines), _STRETCH):
            stretch = slice(begin, min(begin + _STRETCH, len(lines)))
            best = _said(names[0][0], stretch)
            for place, (straight, swapped) in enumerate(names):
                if place:
                    np.maximum(best, _said(straight, stretch), out=best)
                other_way = _said(swapped, stretch)
                other_way += np.float32(SWAPPED)
                np.maximum(best, other_way, out=best)
            for likenesses, least in beside:
                if likenesses:
                    said = _said(likenesses, stretch)
                    best += np.maximum(said, np.float32(least), out=said)
            lines[stretch] = best
        return lines

    def _with_number(self, asked: NDArray[np.uint8]) -> NDArray[np.intp]:
        """The rows that share a number with the person asked for."""
        numbers = _numbers(asked)[0]
        first = np.searchsorted(self._numbers, numbers, side="left")
        end = np.searchsorted(self._numbers, numbers, side="right")
        return np.unique(np.concatenate([self._number_row[a:b] for a, b in zip(first, end, strict=True)]))

    def _both_ways(self, known: int, words: NDArray[np.uint64]) -> list[list[_Likeness]]:
        """Given and family name in their places, and swapped. What reads the same memory comes one after the other."""
        pairs = [pair for pair in (*_IN_THEIR_PLACES, *_SWAPPED) if known >> pair[0] & 1]
        pairs.sort(key=lambda pair: pair[1])
        found = dict(zip(pairs, self._likenesses(pairs, known, words), strict=True))
        return [[found[pair] for pair in way if pair in found] for way in (_IN_THEIR_PLACES, _SWAPPED)]

    def _likenesses(
        self, pairs: Sequence[tuple[Field, Field]], known: int, words: NDArray[np.uint64]
    ) -> list[_Likeness]:
        """The likeness of each pair (field of who is asked for, field of each line) of which the first is known."""
        return [self._likeness(mine, theirs, words) for mine, theirs in pairs if known >> mine & 1]

    def _likeness(self, mine: Field, theirs: Field, words: NDArray[np.uint64]) -> _Likeness:
        """In stretches that stay in the processor's cache."""
        bits, count = BITS[mine], _WORDS[mine]
        stored, asked = self._words[_FIRST_WORD[theirs] :], words[_FIRST_WORD[mine] :]
        distances, known = np.empty(len(self._row), dtype=np.uint16), np.uint8(1 << theirs)
        counted = np.zeros(bits + 2, dtype=np.int64)
        stretch = min(len(distances), _STRETCH)
        differ = np.empty(stretch, dtype=np.uint64)
        one_word, three_words = np.empty(stretch, dtype=np.uint8), np.empty(stretch, dtype=np.uint8)
        for begin in range(0, len(distances), _STRETCH):
            total = distances[begin : begin + _STRETCH]
            end = begin + len(total)
            total.fill(0)
            x, one, three = (each[: len(total)] for each in (differ, one_word, three_words))
            for word in range(count):
                np.bitwise_xor(stored[word, begin:end], asked[word], out=x)
                if word % 3 == 0:  # three words differ in 192 bits at most: that fits into a byte
                    if word:
                        np.add(total, three, out=total)
                    np.bitwise_count(x, out=three)
                else:
                    np.bitwise_count(x, out=one)
                    np.add(three, one, out=three)
            np.add(total, three, out=total)
            np.copyto(total, bits + 1, where=self._known[begin:end] & known == 0)
            counted += np.bincount(total, minlength=bits + 2)
        return _Likeness(theirs, distances, counted[:-1], _says(mine, counted[:-1]))


@dataclass
class _Likeness:
    """In how many bits each line differs in a field, one more than there are where it is unknown; how many lines differ
    in so many; and what that says."""

    field: Field
    distances: NDArray[np.uint16]
    counted: NDArray[np.int64]
    says: NDArray[np.float32]


def _leave_out(straight: dict[Field, _Likeness]) -> None:
    """Count no line on which all that tells people apart is alike."""
    if not all(field in straight for field in _ALIKE):
        return
    alike = np.bitwise_and.reduce([straight[field].distances <= _WRITTEN_ALIKE[field] for field in _ALIKE])
    rows = np.flatnonzero(alike)
    if not len(rows):
        return
    for field, each in straight.items():
        found = np.bincount(each.distances[rows], minlength=len(each.counted) + 1)[: len(each.counted)]
        each.says = _says(field, each.counted - found)


def _says(field: Field, counted: NDArray[np.int64]) -> NDArray[np.float32]:
    """What each distance says, in bits, where so many lines have it; at the end 0, for what is not known."""
    level = _LEVEL[field]
    lines = np.bincount(level, counted)
    others = (lines + REFERENCE * _OTHER[field]) / (lines.sum() + REFERENCE)
    says = np.zeros(len(level) + 1, dtype=np.float32)
    says[:-1] = np.minimum(np.minimum.accumulate(np.log2(_SAME[field] / others)), CAP)[level]
    return says


def _said(likenesses: Sequence[_Likeness], stretch: slice) -> NDArray[np.float32]:
    """The sum of what likenesses say for a stretch of lines."""
    if not likenesses:
        return np.zeros(stretch.stop - stretch.start, dtype=np.float32)
    total = likenesses[0].says.take(likenesses[0].distances[stretch])
    for more in likenesses[1:]:
        total += more.says.take(more.distances[stretch])
    return total


class _Codes:
    """One code for each row, as numbers that compare fast."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._number = {code: place for place, code in enumerate(sorted({"", *codes}))}
        self._codes = np.array([self._number[code] for code in codes], dtype=np.int32)

    def cost(self, code: str, bits: float) -> NDArray[np.float32]:
        """`bits` for each row of another code, and 0 where its own is not known."""
        costs = np.full(len(self._number), bits, dtype=np.float32)
        costs[[self._number[known] for known in ("", code) if known in self._number]] = 0
        return costs.take(self._codes)


def band_of(score: float) -> Band:
    """The band of a score of at least WEAK."""
    return Band.STRONG if score >= STRONG else Band.POSSIBLE if score >= POSSIBLE else Band.WEAK


def _check(encoding: bytes) -> None:
    if len(encoding) != LENGTH:
        raise ValueError(f"an encoding has {LENGTH} bytes")


def _bytes_of(encodings: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(encodings, dtype=np.uint8).reshape(-1, LENGTH)


def _words_of(fields: NDArray[np.uint8]) -> NDArray[np.uint64]:
    words: NDArray[np.uint64] = fields.view("<u8").astype(np.uint64)[0]
    return words


def _numbers(people: NDArray[np.uint8]) -> NDArray[np.uint64]:
    numbers = people[:, NUMBERS_AT : NUMBERS_AT + NUMBERS * NUMBER_BYTES]
    return np.ascontiguousarray(numbers).view("<u8").astype(np.uint64)


def _main(people: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(people[:, FIELDS_AT:ALIASES_AT])


def _alias(people: NDArray[np.uint8], place: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What is known of people under one of their other names, and the fields."""
    size = 2 * NAME_BITS // 8
    begins = ALIASES_AT + place * size
    known = (people[:, 0] & ~np.uint8(1 << Field.GIVEN | 1 << Field.FAMILY)) | people[:, 1 + place]
    fields = (people[:, begins : begins + size], people[:, FIELDS_AT + size : ALIASES_AT])
    return known, np.ascontiguousarray(np.concatenate(fields, axis=1))
