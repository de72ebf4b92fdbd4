"""Possible worlds by CP-SAT, for questions that the walk from the true records does not answer.

Only worlds of some chosen records are searched: the true ones, their neighbours that the open questions need, and a few
at random. If none is found, that counts as failure, so the choice can only make the verdict stricter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from nrm.statistics.earlier_release import Kind, link, who_opened
from nrm.statistics.possible_worlds import Frame, PossibleWorld, Questions
from nrm.statistics.reading import Record, predicate

WORK_LIMIT = 6.0  # deterministic units for one search
WALL_LIMIT = 600.0  # seconds; only a safety net: a verdict must not depend on how busy the machine is
ROUNDS = 12
COLUMNS = 1500
SPARE = 5  # how many people more than in any world so far a combination may hold


def search(questions: Questions, worlds: Sequence[PossibleWorld], seed: int) -> None:
    """Answer the open questions with worlds found by the solver, until none is left or none can be found."""
    chance = random.Random(seed)  # noqa: S311 - which worlds are tried is no secret
    for _ in range(ROUNDS):
        left = questions.left()
        if not left:
            return
        world = _Programme(questions, worlds, chance).solve(seed)
        if world is None:
            return
        questions.answer(world)
        if questions.left() == left:
            return


class _Programme:
    def __init__(self, questions: Questions, worlds: Sequence[PossibleWorld], chance: random.Random) -> None:
        self.frame: Frame = questions.frame
        self.model = cp_model.CpModel()
        columns = self._columns(questions, worlds, chance)
        most: dict[Record, int] = {}
        for world in worlds:
            for record in set(world.records):
                most[record] = max(most.get(record, 0), world.records.count(record))
        self.people = {record: self.model.new_int_var(0, most.get(record, 0) + SPARE, "") for record in columns}
        held: list[list[cp_model.IntVar]] = [[] for _ in self.frame.low]
        for record, variable in self.people.items():
            for place in self.frame.conditions(record):
                held[place].append(variable)
        self.counts = [cp_model.LinearExpr.sum(variables) for variables in held]
        for count, low, high in zip(self.counts, self.frame.low, self.frame.high, strict=True):
            self.model.add_linear_constraint(count, low, high)
        if self.frame.table_set.stock_flow is not None:
            openings: dict[Kind, list[cp_model.IntVar]] = {}
            for record, variable in self.people.items():
                if (who := who_opened(self.frame.table_set, record)) is not None:
                    openings.setdefault(who, []).append(variable)
            sums = {who: cp_model.LinearExpr.sum(variables) for who, variables in openings.items()}
            link(self.model, self.frame.table_set, sums, self.frame.scenario.earlier)
        answered = self._answers(questions)
        self.model.add_at_least_one(answered)
        self.model.maximize(cp_model.LinearExpr.sum(answered))

    def _columns(self, questions: Questions, worlds: Sequence[PossibleWorld], chance: random.Random) -> list[Record]:
        frame = self.frame
        columns: dict[Record, None] = {}
        for world in worlds:
            columns.update(dict.fromkeys(world.records))
        if not columns:
            drawn = (tuple(chance.choice(frame.codes[root]) for root in frame.roots) for _ in range(COLUMNS // 8))
            columns.update(dict.fromkeys(drawn))
        records = list(columns)
        for record, root in sorted(questions.neighbours)[: COLUMNS // 8]:
            columns.update(dict.fromkeys(questions.others(record, root)))
        places = {int(place) for flags in questions.still_open() for place in np.flatnonzero(flags)}
        places |= {place for _, _, categories in questions.groups for place in categories}
        for place in sorted(places):
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
            [record for record, variable in self.people.items() for _ in range(solver.value(variable))],
        )
        return world if world.is_possible() else None
