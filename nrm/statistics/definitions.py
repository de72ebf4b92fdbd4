"""Sums that hold by definition: what the rules of a table set say of figures that stand in different tables.

A rule (`TableSet.impossible`) says which codes nobody has together. So "nothing granted" and "no payment" may be the
same people, and "nothing granted" may be those who wait, were rejected or withdrew, although no table prints one beside
the other. Whoever reads the tables knows that, and finds a fault if the figures do not.

Decided in ADR 0080.

A cell is a box: the codes that it allows in each dimension. Its *closure* is the box that is left when each rule has
taken away the codes that cannot go with the others, until no rule takes any. A cell and its closure hold the same
people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nrm.statistics.tables import Cell, TableSet

Box = tuple[int, ...]
"""Per root dimension the codes that are allowed, one bit for each."""

Relation = tuple[int, tuple[int, ...]]
"""(number of the whole, numbers of its parts)."""


def by_definition(table_set: TableSet, cells: Sequence[Cell]) -> list[Relation]:
    """The sums of printed cells that follow from the rules, beyond those along the dimensions of one table.

    Sound: every relation holds for every set of records that the rules allow. Not complete: rules are applied one by
    one.
    """
    if not table_set.impossible:
        return []
    boxes = _Boxes(table_set)
    same: dict[Box, list[int]] = {}
    for number, cell in enumerate(cells):
        closed = boxes.closure(boxes.of(cell))
        if closed is not None:
            same.setdefault(closed, []).append(number)
    found: dict[Relation, None] = {}
    for box, (first, *others) in same.items():
        found |= {(first, (other,)): None for other in others}
        for parts in boxes.partitions(box):
            closures = [closed for part in parts if (closed := boxes.closure(part)) is not None]
            if len(closures) > 1 and all(closed in same for closed in closures):
                found[first, tuple(same[closed][0] for closed in closures)] = None
    return list(found)


class _Boxes:
    def __init__(self, table_set: TableSet) -> None:
        self._roots = table_set.roots
        self._place = {root: place for place, root in enumerate(self._roots)}
        codes = {root: table_set.dimensions[root].codes for root in self._roots}
        self._bits = {root: {code: 1 << place for place, code in enumerate(codes[root])} for root in self._roots}
        self._whole = tuple((1 << len(codes[root])) - 1 for root in self._roots)
        self._leaves = table_set.leaves
        self._rules = [
            [(self._place[root], self._mask(root, held)) for root, held in rule.items() if root in self._place]
            for rule in table_set.impossible
            if set(rule) <= set(self._place)
        ]
        ruled = sorted({place for rule in self._rules for place, _ in rule})
        # Along a dimension that no rule names, the parts of a cell are those that its table prints.
        self._splits: list[tuple[int, tuple[int, ...]]] = []
        for place in ruled:
            root = self._roots[place]
            top = table_set.dimensions[root].top
            groups = tuple(self._mask(root, table_set.leaves(root, member)) for member in top)
            self._splits += [(place, members) for members in {tuple(self._bits[root].values()): 0, groups: 0}]
        self._closed: dict[Box, Box | None] = {}

    def _mask(self, root: str, codes: frozenset[str]) -> int:
        return sum(self._bits[root][code] for code in codes)

    def of(self, cell: Cell) -> Box:
        """The box of a cell."""
        box = list(self._whole)
        for root, member in cell:
            box[self._place[root]] &= self._mask(root, self._leaves(root, member))
        return tuple(box)

    def closure(self, box: Box) -> Box | None:
        """What the rules leave of a box; None when nobody can be in it."""
        if box not in self._closed:
            self._closed[box] = self._close(list(box))
        return self._closed[box]

    def _close(self, box: list[int]) -> Box | None:
        narrowed = True
        while narrowed:
            narrowed = False
            for rule in self._rules:
                outside: tuple[int, int] | None = None
                for place, codes in rule:
                    if box[place] & ~codes:
                        if outside is not None:
                            break  # more than one: the rule takes nothing away
                        outside = place, codes
                else:
                    if outside is None:
                        return None
                    place, codes = outside
                    narrowed = narrowed or bool(box[place] & codes)
                    box[place] &= ~codes
        return tuple(box)

    def partitions(self, box: Box) -> Iterator[list[Box]]:
        """The box cut along each dimension of a rule, by its codes and by its groups."""
        for place, members in self._splits:
            parts = [box[place] & member for member in members if box[place] & member]
            if len(parts) > 1:
                yield [(*box[:place], part, *box[place + 1 :]) for part in parts]
