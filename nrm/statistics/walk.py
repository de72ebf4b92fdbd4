"""The walk: possible worlds that are near the true one, found by changing a person or two at a time."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.questions import Questions, differ

MOST_STEPS = 20_000  # of one walk at random


def walk(
    start: PossibleWorld,
    questions: Questions,
    chance: random.Random,
    rounds: int = 4,
    *,
    sample: int | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> list[PossibleWorld]:
    """Answer what can be answered by changing a few people; returns the worlds at which each round ended.

    `sample`: of more open groups or records than this only so many are asked about. `tell` hears how many questions
    are open.
    """
    if not start.is_possible():
        return []
    questions.answer(start)
    if sample is not None:
        questions.thin(sample, chance)
    ends = []
    world = start.copy()
    for number in range(rounds):
        if number:
            world.wander(min((2, 12, 4)[number % 3] * len(start.records), MOST_STEPS), chance)
            questions.answer(world)
        _drive(world, questions, chance, tell)
        ends.append(world)
        if not questions.left():
            break
        world = (world if number % 2 else start).copy()
    return ends


def _drive(world: PossibleWorld, questions: Questions, chance: random.Random, tell: Callable[[int], None]) -> None:
    frame = world.frame
    none, five, one = questions.flags
    for kind, least in ((2, 1), (1, 5), (0, 0)):
        flags = (none, five, one)[kind]
        for number, place in enumerate(np.flatnonzero(questions.still_open()[kind]).tolist()):
            if number % 100 == 0:
                tell(questions.left())
            cell = frame.cells[place]
            if flags[place] and (world.fill(cell, least, chance) if least else world.empty(cell, chance)):
                flags[place] = False
        questions.answer(world)
    for number, group in enumerate(sorted(questions.groups)):
        if number % 100 == 0:
            tell(questions.left())
        _, known, categories = group
        for place in (known, *categories):
            if differ(world.counts, group):
                questions.groups.discard(group)
                break
            world.fill(frame.cells[place], 2 if place == known and len(categories) == 2 else 1, chance)
    questions.answer(world)
    for number, (record, root) in enumerate(sorted(questions.neighbours)):
        if number % 100 == 0:
            tell(questions.left())
        options = list(questions.others(record, root))
        chance.shuffle(options)
        if world.become(record, options, chance):
            questions.neighbours.discard((record, root))
    questions.answer(world)
