"""What a release leaves possible, worked out a third way: all people of all combinations in one programme.

Written from the words on the page alone ("0 means 0 to 4"), and shares no code with the rounder or the attacker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from ortools.sat.python import cp_model

from nrm.statistics.tables import TableSet

Members = Mapping[str, str]  # of some dimensions; the others are totals
Kind = tuple[str, ...]


def printed(tables: Sequence[Mapping[str, Any]]) -> Iterator[tuple[dict[str, str], int]]:
    """Every figure with the members it is printed for."""
    for table in tables:
        for row in table["rows"]:
            yield {name: row[name] for name in table["dimensions"] if row[name] != "*"}, row["value"]


class Quarter:
    """The people of one release, as variables of a model."""

    def __init__(
        self, model: cp_model.CpModel, table_set: TableSet, tables: Sequence[Mapping[str, Any]], people: int | None
    ) -> None:
        self.table_set = table_set
        self.kinds = list(product(*(table_set.dimensions[root].codes for root in table_set.roots)))
        self.people = {kind: model.new_int_var(0, 400, "") for kind in self.kinds if not self.forbidden(kind)}
        for members, value in printed(tables):
            low, high = max(5, value - 9), value + 9
            if not members:
                low, high = max(0, value - 4), value + 4
            elif value <= 5:
                low, high = 0, (4, 14)[value // 5]
            model.add_linear_constraint(self.count(members), low, high)
        if people is not None:
            model.add(self.count({}) == people)

    def forbidden(self, kind: Kind) -> bool:
        named = dict(zip(self.table_set.roots, kind, strict=True))
        return any(all(named[root] in codes for root, codes in rule.items()) for rule in self.table_set.impossible)

    def inside(self, kind: Kind, members: Members) -> bool:
        named = dict(zip(self.table_set.roots, kind, strict=True))
        for name, member in members.items():
            root = self.table_set.dimensions[name].root
            if named[root] not in self.table_set.dimensions[root].groups.get(member, (member,)):
                return False
        return True

    def count(self, members: Members) -> cp_model.LinearExprT:
        return cp_model.LinearExpr.sum([n for kind, n in self.people.items() if self.inside(kind, members)])


def is_possible(build: Callable[[cp_model.CpModel], None]) -> bool:
    """Whether a world meets what `build` puts into a model."""
    model = cp_model.CpModel()
    build(model)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 20
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return status != cp_model.INFEASIBLE
