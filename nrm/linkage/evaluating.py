"""How well matching finds people whose pairs are known: for a country that wants to know before it begins."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nrm.linkage.encoding import Encoder
from nrm.linkage.matching import WEAK, Register
from nrm.linkage.people import Person

FALSE_ALARMS = (0.01, 0.05, 0.10)
_LOWEST, _HIGHEST, _STEPS = -120.0, 130.0, 50  # scores are counted in fiftieths


@dataclass(frozen=True)
class Outcome:
    """What matching did with people of whom it is known who is who.

    `top1` and `top5`: of those who arrive and are known already, the share whose pair is first, or among the first
    five. `recall`: the share of pairs above the score that, in the order of FALSE_ALARMS, 1, 5 and 10 % of those who
    arrive reach with somebody else. `f1`, `precision`, `recall_of_f1`: of all pairs above one score, the score that
    gives the best F1. All are from 0 to 1; without a pair they are 0.
    """

    top1: float
    top5: float
    recall: tuple[float, ...]
    f1: float
    precision: float
    recall_of_f1: float
    shown: float
    false_shown: float
    seconds: float
    pairs_per_second: float


def evaluate(
    known: Sequence[Person],
    arriving: Sequence[Person],
    links: Collection[tuple[int, int]],
    *,
    key: bytes,
    itself: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Outcome:
    """Encode both under `key`, 32 bytes that nobody should keep, and ask for each who arrives among the known.

    `links` are the pairs (index of the known, index of who arrives). With `itself` the two are one list: nobody is
    compared with herself, everybody is encoded once, as in a register whose people ask for each other, and each pair
    counts once, scored for the later of the two. `progress` is told how many of those who arrive are done.
    """
    encoder = Encoder(key)
    began = time.perf_counter()
    encoded = [encoder.encode(each, uuid.UUID(int=place)) for place, each in enumerate(known)]
    register = Register.of(
        [
            (uuid.UUID(int=place), encoding, each.sex, each.citizenship)
            for place, (each, encoding) in enumerate(zip(known, encoded, strict=True))
        ]
    )
    partners = defaultdict(set)
    for one, other in links:
        partners[other].add(one)
        if itself:
            partners[one].add(other)
    first = among_five = compared = false_shown = 0
    worst_false: list[float] = []
    of_pairs: list[float] = []
    other_pairs = np.zeros(int((_HIGHEST - _LOWEST) * _STEPS), dtype=np.int64)
    for place, person in enumerate(arriving):
        asked = encoded[place] if itself else encoder.encode(person, uuid.UUID(int=len(known) + place))
        scores = register.scores(asked, person.sex, person.citizenship)
        if itself:
            scores[place] = -np.inf
        pair = np.array(sorted(partners[place]), dtype=np.intp)
        true = scores[pair]
        others = np.delete(scores, [*pair, place] if itself else pair)
        worst_false.append(float(others.max(initial=-np.inf)))
        false_shown += int(np.count_nonzero(others >= WEAK))
        if len(pair):
            before = int(np.count_nonzero(others >= true.max()))
            first, among_five = first + (before == 0), among_five + (before < 5)
        if itself:  # each pair once
            later = np.setdiff1d(np.arange(place), pair)
            of_pairs += [float(score) for score, one in zip(true, pair, strict=True) if one < place]
            others = scores[later]
        else:
            of_pairs += true.tolist()
        compared += len(others)
        other_pairs += np.bincount(_steps(others), minlength=len(other_pairs))
        progress(place + 1, len(arriving))
    seconds = time.perf_counter() - began
    looked_for = sum(1 for each in partners.values() if each)
    found = np.array(of_pairs)
    return Outcome(
        first / looked_for if looked_for else 0.0,
        among_five / looked_for if looked_for else 0.0,
        tuple(_recall(found, np.array(worst_false), share) for share in FALSE_ALARMS),
        *_best_f1(found, other_pairs),
        float(np.mean(found >= WEAK)) if len(found) else 0.0,
        false_shown / len(arriving) if arriving else 0.0,
        seconds,
        (compared + len(found)) / seconds,
    )


def _steps(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    steps: NDArray[np.intp] = ((np.clip(scores, _LOWEST, _HIGHEST - 1) - _LOWEST) * _STEPS).astype(np.intp)
    return steps


def _recall(found: NDArray[np.float64], worst_false: NDArray[np.float64], share: float) -> float:
    """The share of pairs above the score that `share` of those who arrive reach with somebody else."""
    if not len(found):
        return 0.0
    allowed = int(share * len(worst_false))
    bound = np.sort(worst_false)[::-1][allowed] if allowed < len(worst_false) else -np.inf
    return float(np.mean(found > bound))


def _best_f1(found: NDArray[np.float64], other_pairs: NDArray[np.int64]) -> tuple[float, float, float]:
    """The best F1 over all scores, with its precision and recall."""
    if not len(found):
        return 0.0, 0.0, 0.0
    true = np.cumsum(np.bincount(_steps(found), minlength=len(other_pairs))[::-1])
    false = np.cumsum(other_pairs[::-1])
    f1 = 2 * true / (true + false + len(found))
    best = int(np.argmax(f1))
    return float(f1[best]), float(true[best] / (true[best] + false[best])), float(true[best] / len(found))
