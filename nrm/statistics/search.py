"""Possible worlds by CP-SAT, for questions that the walk from the true records does not answer.

Only worlds of some chosen records are searched: the true ones, their neighbours that the open questions need, and a few
at random. Where people differ in too many ways only some of them may change, the others stay as one world has them. If
no world is found, that counts as failure, so the choice can only make the verdict stricter.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from nrm.statistics.conditions import Frame
from nrm.statistics.earlier_release import Kind, link, who_opened
from nrm.statistics.possible_worlds import PossibleWorld
from nrm.statistics.questions import Questions
from nrm.statistics.reading import Record, predicate

WORK_LIMIT = 6.0  # deterministic units for one search
WALL_LIMIT = 600.0  # seconds; only a safety net: a verdict must not depend on how busy the machine is
ROUNDS = 12
PATIENCE = 3  # rounds in vain, each with other people who may change
COLUMNS = 1500
DIFFERENT = 1200  # with more different records in the worlds so far, not everybody may change
AT_ONCE = 60  # cells of open questions that are looked at then
SPARE = 5  # how many people more than in any world so far a combination may hold


def search(questions: Questions, worlds: Sequence[PossibleWorld], seed: int) -> None:
    """Answer the open questions with worlds found by the solver, until none is left or none can be found."""
    chance = random.Random(seed)  # noqa: S311 - which worlds are tried is no secret
    in_vain = 0
    for number in range(ROUNDS):
        left = questions.left()
        if not left:
            return
        programme = _Programme(questions, worlds, chance)
        world = programme.solve(seed + number * bool(programme.staying))
        if world is not None:
            questions.answer(world)
        if questions.left() == left:
            in_vain += 1
            if in_vain > (PATIENCE if programme.staying else 0):
                return


class _Programme:
    def __init__(self, questions: Questions, worlds: Sequence[PossibleWorld], chance: random.Random) -> None:
        self.frame: Frame = questions.frame
        self.model = cp_model.CpModel()
        numbers = [Counter(world.records) for world in worlds]
        self.few: frozenset[int] = frozenset()
        free = self._free(questions, numbers, chance)
        columns = self._columns(questions, list(free), chance)
        most: Counter[Record] = Counter()
        for held_in in numbers:
            most |= held_in
        self.people = {record: self.model.new_int_var(0, most[record] + SPARE, "") for record in columns}
        self.staying: Counter[Record] = Counter()
        if len(free) < len(most):
            self.staying = Counter({r: n for r, n in numbers[0].items() if r not in self.people})
        held: list[list[cp_model.IntVar]] = [[] for _ in self.frame.low]
        stay = [0] * len(self.frame.low)
        for record, variable in self.people.items():
            for place in self.frame.conditions(record):
                held[place].append(variable)
        for record, number in self.staying.items():
            for place in self.frame.conditions(record):
                stay[place] += number
        self.counts = [
            cp_model.LinearExpr.sum(variables) + number for variables, number in zip(held, stay, strict=True)
        ]
        for count, low, high in zip(self.counts, self.frame.low, self.frame.high, strict=True):
            self.model.add_linear_constraint(count, low, high)
        if self.frame.table_set.stock_flow is not None:
            openings: dict[Kind, list[cp_model.LinearExprT]] = {}
            everybody: list[tuple[Record, cp_model.LinearExprT]] = [*self.people.items(), *self.staying.items()]
            for record, people in everybody:
                if (who := who_opened(self.frame.table_set, record)) is not None:
                    openings.setdefault(who, []).append(people)
            sums = {who: cp_model.LinearExpr.sum(variables) for who, variables in openings.items()}
            link(self.model, self.frame.table_set, sums, self.frame.scenario.earlier)
        answered = self._answers(questions)
        self.model.add_at_least_one(answered)
        self.model.maximize(cp_model.LinearExpr.sum(answered))

    def _free(
        self, questions: Questions, numbers: Sequence[Counter[Record]], chance: random.Random
    ) -> dict[Record, None]:
        """The records whose number may change: all of the worlds; or, of many, those of open questions and a few."""
        every: dict[Record, None] = {}
        for number in numbers:
            every.update(dict.fromkeys(number))
        if len(every) <= DIFFERENT:
            return every
        places = self._places(questions)
        self.few = frozenset(chance.sample(places, min(AT_ONCE, len(places))))
        near = [record for record in every if self.few & self.frame.conditions(record)]
        near = chance.sample(near, min(DIFFERENT // 2, len(near)))
        near += [record for record, _ in sorted(questions.neighbours)[:AT_ONCE] if record in every]
        others = chance.sample(list(every), DIFFERENT)
        return dict.fromkeys([*near, *others][:DIFFERENT])

    @staticmethod
    def _places(questions: Questions) -> list[int]:
        """The cells that open questions are about."""
        places = {int(place) for flags in questions.still_open() for place in np.flatnonzero(flags)}
        return sorted(places | {place for _, _, categories in questions.groups for place in categories})

    def _columns(self, questions: Questions, free: Sequence[Record], chance: random.Random) -> list[Record]:
        frame = self.frame
        columns = dict.fromkeys(free)
        if not columns:
            drawn = (tuple(chance.choice(frame.codes[root]) for root in frame.roots) for _ in range(COLUMNS // 8))
            columns.update(dict.fromkeys(drawn))
        records = list(columns)
        for record, root in sorted(questions.neighbours)[: COLUMNS // 8]:
            columns.update(dict.fromkeys(questions.others(record, root)))
        places = self._places(questions)
        if self.few:
            places = sorted(self.few)
        for place in places:
            leaves = {root: sorted(codes) for root, codes in predicate(frame.table_set, frame.cells[place]).items()}
            for record in chance.sample(records, min(6, len(records))):
                moved = record
                for root, codes in leaves.items():
                    if frame.code(record, root) not in codes:
                        moved = frame.changed(moved, root, chance.choice(codes))
                columns.update(dict.fromkeys(frame.lawful(moved, leaves, chance)))
            for record in records:
                if place in frame.conditions(record):
                    for root, codes in leaves.items():
                        for code in frame.codes[root]:
                            if code not in codes:
                                changed = frame.changed(record, root, code)
                                columns.update(dict.fromkeys(frame.lawful(changed, {root}, chance)))
        for _ in range(COLUMNS):
            if len(columns) >= COLUMNS or not records:
                break
            root = chance.choice(frame.roots)
            columns[frame.changed(chance.choice(records), root, chance.choice(frame.codes[root]))] = None
        return [record for record in columns if frame.possible(record)]

    def _answers(self, questions: Questions) -> list[cp_model.IntVar]:
        answered = []
        aims = ((0, 0), (5, None), (1, None))
        for flags, (low, high) in zip(questions.still_open(), aims, strict=True):
            for place in np.flatnonzero(flags).tolist():
                answer = self.model.new_bool_var("")
                count = self.counts[place]
                self.model.add(count >= low).only_enforce_if(answer)
                if high is not None:
                    self.model.add(count <= high).only_enforce_if(answer)
                answered.append(answer)
        for _, known, categories in sorted(questions.groups):
            answer = self.model.new_bool_var("")
            differing = []
            for place in categories:
                is_there = self.model.new_bool_var("")
                self.model.add(self.counts[place] >= 1 + (place == known)).only_enforce_if(is_there)
                differing.append(is_there)
            self.model.add(self.counts[known] >= 1).only_enforce_if(answer)
            self.model.add(cp_model.LinearExpr.sum(differing) >= 2).only_enforce_if(answer)
            answered.append(answer)
        for record, root in sorted(questions.neighbours):
            others = [self.people[other] for other in questions.others(record, root) if other in self.people]
            if others:
                answer = self.model.new_bool_var("")
                self.model.add(cp_model.LinearExpr.sum(others) >= 1).only_enforce_if(answer)
                answered.append(answer)
        return answered

    def solve(self, seed: int) -> PossibleWorld | None:
        """A world that answers as many open questions as possible; None when none was found."""
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # it would swallow Ctrl-C, and reset the handler afterwards
        # One worker on the full relaxation: repeatable, and three times as fast here as two that take turns.
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
        solver.parameters.random_seed = seed % (1 << 30)
        solver.parameters.max_deterministic_time = WORK_LIMIT
        solver.parameters.max_time_in_seconds = WALL_LIMIT
        if solver.solve(self.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        world = PossibleWorld(
            self.frame,
            [record for record, variable in self.people.items() for _ in range(solver.value(variable))]
            + list(self.staying.elements()),
        )
        return world if world.is_possible() else None
