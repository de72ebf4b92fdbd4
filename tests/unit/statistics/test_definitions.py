"""Figures that are equal by definition are one figure, and sums that hold by definition hold in print."""

from __future__ import annotations

import copy
import dataclasses
import random
from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from nrm.countries import load
from nrm.statistics.attack import audit, check_again
from nrm.statistics.cells import lay_out
from nrm.statistics.description import parse
from nrm.statistics.printed import at_step, render
from nrm.statistics.protect import round_jointly, round_total, secret_stream
from nrm.statistics.tables import BASE, Table, TableSet

COMPENSATION = load("albania").tables["compensation"]
SEED = b"definitions".ljust(32)


def everybody(table_set: TableSet) -> list[tuple[str, ...]]:
    """Each combination of codes that the rules allow."""
    codes = [table_set.dimensions[root].codes for root in table_set.roots]
    place = {root: number for number, root in enumerate(table_set.roots)}
    return [
        record
        for record in product(*codes)
        if not any(all(record[place[root]] in held for root, held in rule.items()) for rule in table_set.impossible)
    ]


def small() -> TableSet:
    """Rules of which one follows only from two others, a group that a rule cuts in two, and one table alone."""
    return parse(
        {
            "dimension": {
                "help": {"column": "help", "codes": ["yes", "no", "undecided"]},
                "way": {
                    "column": "way",
                    "codes": ["shelter", "family", "refused", "left"],
                    "hierarchy": {"away": ["family", "refused", "left"]},
                },
                "sex": {"column": "sex", "codes": ["f", "m"]},
            },
            "table": [{"by": ["help", "sex"]}, {"by": ["way", "sex"]}],
            "impossible": [
                {"help": "yes", "way": ["refused", "left"]},
                {"help": "no", "way": ["shelter", "family", "left"]},
                {"help": "undecided", "way": ["shelter", "family"]},
                {"help": "undecided", "way": "refused"},
            ],
        }
    )


@pytest.mark.parametrize("step", ["one_way", "two_way"])
@pytest.mark.parametrize("table_set", [small(), COMPENSATION], ids=["small", "compensation"])
def test_every_relation_holds_for_everybody_and_no_equal_figures_are_left_apart(table_set: TableSet, step: str) -> None:
    layout = lay_out(at_step(table_set, step))
    inside = layout.membership(everybody(table_set))
    equal: dict[int, int] = {}
    for whole, parts in layout.relations:
        assert (inside[whole] == inside[list(parts)].sum(axis=0)).all()
        if len(parts) == 1:
            equal[parts[0]] = whole
    alike: dict[bytes, set[int]] = defaultdict(set)
    for number, row in enumerate(inside):
        if row.any():
            alike[row.tobytes()].add(equal.get(number, number))
    assert all(len(numbers) == 1 for numbers in alike.values())


def claimants(number: int) -> list[tuple[str, ...]]:
    chance = random.Random(3)
    return chance.choices(everybody(COMPENSATION), k=number)


@pytest.mark.slow
def test_what_was_granted_to_nobody_is_paid_to_nobody_in_print() -> None:
    layout = lay_out(at_step(COMPENSATION, "one_way"))
    for draw in range(8):
        records = claimants(22 + draw)
        true = layout.membership(records).sum(axis=1).astype(np.int64)
        total = round_total(len(records), secret_stream(SEED, "total", draw))
        printed = round_jointly(layout, true, total, secret_stream(SEED, draw))
        nothing = printed[("granted", "none"),]
        assert printed[("paid", "none"),] == nothing
        assert sum(printed[("outcome", code),] for code in ("pending", "rejected", "withdrawn")) == nothing


def test_figures_that_are_equal_by_definition_and_printed_apart_are_refused_and_old_releases_are_not() -> None:
    table_set = at_step(COMPENSATION, "one_way")
    layout, records = lay_out(table_set), claimants(40)
    true = layout.membership(records).sum(axis=1).astype(np.int64)
    total = round_total(len(records), secret_stream(SEED, "total"))
    printed = round_jointly(layout, true, total, secret_stream(SEED, "planted"))
    tables = copy.deepcopy(list(render(layout, printed)))
    assert not [each for each in audit(table_set, tables, records).findings if each.guarantee == "G2"]
    (paid,) = [table for table in tables if table["dimensions"] == ["paid"]]
    rows = {row["paid"]: row for row in paid["rows"]}
    larger = max(("yes", "partly", "no"), key=lambda code: rows[code]["value"])
    rows["none"]["value"] += BASE
    rows[larger]["value"] -= BASE
    assert {each.guarantee for each in audit(table_set, tables, records).findings} == {"G2"}
    assert check_again(table_set, tables, None) == []


@pytest.mark.parametrize("step", ["two_way_groups", "two_way", "one_way", "total"])
def test_a_release_from_before_a_code_and_a_dimension_is_checked_by_what_it_was_made_of(step: str) -> None:
    now = dataclasses.replace(small(), sizes=(0, 0, 0, 0))
    names = {name: each for name, each in now.dimensions.items() if name != "sex"}
    names["help"] = dataclasses.replace(names["help"], codes=("yes", "no"))
    rules = tuple(rule for rule in now.impossible if "undecided" not in rule["help"])
    before = dataclasses.replace(now, dimensions=names, tables=(Table(("help", "way")),), impossible=rules)
    now = dataclasses.replace(now, tables=(Table(("help", "way")), Table(("help", "sex"))))
    layout = lay_out(at_step(before, step))
    tables = render(layout, dict.fromkeys(layout.cells, 0))
    assert check_again(at_step(now.of_release(tables), step), tables, None) == []
    if step != "total":
        assert check_again(at_step(now, step), tables, None) != []
    assert now.of_release(render(lay_out(now), dict.fromkeys(lay_out(now).cells, 0))) == now
