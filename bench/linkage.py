"""Finding a person again: how fast one arrival is compared with a register, and how many are found.

The baseline of the same run is one numpy scan that only counts the bits in which the same bytes differ. And on the same
people: one hash of names and date, and a record-level filter (one Bloom filter for all of a person, compared by Dice).
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrm.linkage.encoding import ALIASES_AT, FIELDS_AT, KEY_BYTES, LENGTH, Encoder
from nrm.linkage.evaluating import evaluate
from nrm.linkage.matching import Register
from nrm.linkage.people import Person
from tests import borders, febrl

SIZES = (10_000, 100_000, 1_000_000)
DIFFERENT = 5_000
TARGET = 3
_STRETCH = 32768
_FILTER_BITS, _HASHES = 1024, 20


def _fastest(work: Callable[[], Any], times: int = 5) -> float:
    """Processor seconds of the fastest run."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _bare(words: NDArray[np.uint64], asked: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """In how many bits each column differs from one, and nothing else: in the fastest way that was found."""
    total = np.zeros(words.shape[1], dtype=np.uint16)
    differ, few, some = np.empty(_STRETCH, np.uint64), np.empty(_STRETCH, np.uint8), np.empty(_STRETCH, np.uint8)
    for begin in range(0, len(total), _STRETCH):
        end = min(begin + _STRETCH, len(total))
        x, one, three, sums = differ[: end - begin], few[: end - begin], some[: end - begin], total[begin:end]
        for word in range(len(words)):
            np.bitwise_xor(words[word, begin:end], asked[word], out=x)
            if word % 3 == 0:
                if word:
                    np.add(sums, three, out=sums)
                np.bitwise_count(x, out=three)
            else:
                np.bitwise_count(x, out=one)
                np.add(three, one, out=three)
        np.add(sums, three, out=sums)
    return total


def speed() -> None:
    """Encodings a second; one arrival against 10,000, 100,000 and 1,000,000 known."""
    known, arriving, _ = borders.twice(DIFFERENT, 20, seed=21)
    encoder = Encoder(secrets.token_bytes(KEY_BYTES))
    encodings: list[bytes] = []
    seconds = _fastest(lambda: encodings.extend(encoder.encode(each, uuid.uuid4()) for each in known), 1)
    print(f"encodings: {DIFFERENT / seconds:,.0f} a second, {LENGTH} bytes each")
    asked = [encoder.encode(each, uuid.uuid4()) for each in arriving]
    names_alone = [encoder.encode(Person(each.given, each.family, birth=each.birth), uuid.uuid4()) for each in arriving]
    for size in SIZES:
        rows = [
            (uuid.UUID(int=place), encodings[place % DIFFERENT], known[place % DIFFERENT].sex, "AL")
            for place in range(size)
        ]
        began = time.process_time()
        register = Register.of(rows)
        built = time.process_time() - began
        del rows
        words = register._words
        whole = np.frombuffer(asked[0][FIELDS_AT:ALIASES_AT], dtype=np.uint64)
        bare = _fastest(lambda words=words, whole=whole: _bare(words, whole))
        times = [_fastest(lambda one=one, r=register: r.candidates(one, "feminine", "AL"), 3) for one in asked[:7]]
        few = [_fastest(lambda one=one, r=register: r.candidates(one, "feminine", "AL"), 3) for one in names_alone[:7]]
        ours, alone = float(np.median(times)), float(np.median(few))
        ratio = ours / bare
        print(
            f"one arrival against {size:9,}: {1e3 * ours:6.1f} ms (slowest of seven {1e3 * max(times):.1f}, names and"
            f" date alone {1e3 * alone:.1f}); {size / ours:,.0f} pairs a second; bare scan {1e3 * bare:.1f} ms,"
            f" {ratio:.2f} x  target {TARGET} x {'ok' if ratio <= TARGET else 'short'}; read in {built:.2f} s"
        )


@cache
def _bits(text: str) -> frozenset[int]:
    padded, drawn = f"_{text}_", set()
    for place in range(len(padded) - 1):
        pair = padded[place : place + 2]
        drawn |= {hash((pair, number)) % _FILTER_BITS for number in range(_HASHES)}
    return frozenset(drawn)


def _record_filter(person: Person) -> NDArray[np.uint8]:
    filled = np.zeros(_FILTER_BITS, dtype=np.uint8)
    for text in (person.given.casefold(), person.family.casefold(), person.birth):
        if text:
            filled[list(_bits(text))] = 1
    return filled


def _record_level(known: Sequence[Person], arriving: Sequence[Person], links: Sequence[tuple[int, int]]) -> float:
    """Top-1 of one filter for each person, compared by Dice."""
    filters = np.array([_record_filter(each) for each in known], dtype=np.float32)
    sizes, right = filters.sum(axis=1), 0
    for one, other in links:
        asked = _record_filter(arriving[other]).astype(np.float32)
        dice = 2 * (filters @ asked) / (sizes + asked.sum())
        right += bool(dice[one] > np.delete(dice, one).max())
    return right / len(links)


def _one_hash(known: Sequence[Person], arriving: Sequence[Person], links: Sequence[tuple[int, int]]) -> float:
    def key(person: Person) -> tuple[str, ...]:
        return person.given.casefold(), person.family.casefold(), person.birth

    return sum(key(known[one]) == key(arriving[other]) for one, other in links) / len(links)


def found() -> None:
    """How many are found in FEBRL and among made-up people at a border, and what others find there."""
    key = secrets.token_bytes(KEY_BYTES)
    known, arriving, of = febrl.set_4()
    sets = [("febrl 4", known, arriving, sorted(of), False)]
    for number in (1, 2, 3):
        people, of = febrl.set_with_doubles(number)
        sets.append((f"febrl {number}", people, people, sorted(of), True))
    for size in (1000, 10_000):
        sets.append((f"border {size:,}", *borders.twice(size, 1000, seed=12), False))
    for name, known, arriving, links, itself in sets:
        ours = evaluate(known, arriving, links, key=key, itself=itself)
        recall = " / ".join(f"{share:.3f}" for share in ours.recall)
        others = "" if itself else f"; one hash {_one_hash(known, arriving, links):.3f}"
        others += "" if itself else f", record-level filter {_record_level(known, arriving, links):.3f} first"
        print(
            f"{name:13} first {ours.top1:.3f}, of five {ours.top5:.3f}; at 1 / 5 / 10 % false alarms {recall};"
            f" F1 {ours.f1:.3f} ({ours.precision:.3f}, {ours.recall_of_f1:.3f});"
            f" shown {ours.shown:.3f}, others shown of one {ours.false_shown:.2f}{others}"
        )


def main() -> None:
    """Print processor times as ratios to a bare scan, and how many are found."""
    speed()
    found()
