"""What two printed figures say of each other, for every pair of true numbers that may stand behind them."""

from __future__ import annotations

from itertools import product

from nrm.domain.reports.reports import behind
from nrm.statistics.comparison import (
    CERTAIN,
    CERTAIN_FROM_NOUGHT,
    CERTAIN_OF_ALL,
    SLACK,
    SLACK_OF_ALL,
    change,
    surely_more,
    surely_more_than,
)
from nrm.statistics.tables import TOTAL, Cell

PART: Cell = (("sex", "feminine"),)
PRINTED = range(0, 80, 5)
TRUE = range(100)


def may_be(printed: int, true: int, *, whole: bool) -> bool:
    """The words on the page, one by one, and not the function under test."""
    if whole:
        return abs(printed - true) <= 4
    if printed == 0:
        return true <= 4
    if printed == 5:
        return true <= 14
    return abs(printed - true) <= 9 and true >= 5


def test_a_change_is_called_certain_if_and_only_if_all_numbers_behind_the_figures_changed_so() -> None:
    for cell, whole in ((PART, False), ((), True)):
        behind_each = {p: [true for true in TRUE if may_be(p, true, whole=whole)] for p in PRINTED}
        for before, after in product(PRINTED, PRINTED):
            moves = [now - then for then in behind_each[before] for now in behind_each[after]]
            found = change(cell, before, after)
            assert (found.least, found.most) == (min(moves), max(moves))
            assert (found.certain == "rose") == (min(moves) > 0)
            assert (found.certain == "fell") == (max(moves) < 0)


def test_the_rule_in_words_is_the_rule() -> None:
    """ "Certain from 20 on; of the number of all, and of a figure that was or becomes 0, from 10 on"."""
    for before, after in product(PRINTED, PRINTED):
        by = abs(after - before)
        least = CERTAIN_FROM_NOUGHT if 0 in (before, after) else CERTAIN
        assert bool(change(PART, before, after).certain) == (by >= least), (before, after)
        assert bool(change((), before, after).certain) == (by >= CERTAIN_OF_ALL), (before, after)
        assert change(PART, before, after).slack <= SLACK
        assert change((), before, after).slack <= SLACK_OF_ALL
    # Neither slack can be smaller, and neither threshold lower.
    assert change(PART, 40, 60).slack == SLACK
    assert change((), 40, 60).slack == SLACK_OF_ALL


def test_one_group_is_called_larger_and_more_than_a_share_only_where_no_number_says_otherwise() -> None:
    behind_part = {p: [true for true in TRUE if may_be(p, true, whole=False)] for p in PRINTED}
    behind_all = {p: [true for true in TRUE if may_be(p, true, whole=True)] for p in PRINTED}
    for one, other in product(PRINTED, PRINTED):
        assert surely_more(one, other) == (min(behind_part[one]) > max(behind_part[other]))
        for above, below in ((1, 2), (3, 4)):
            certain = all(below * part > above * total for part in behind_part[one] for total in behind_all[other])
            assert surely_more_than((above, below), one, other) == certain


def test_a_figure_stands_for_the_same_numbers_on_a_page_and_in_a_comparison() -> None:
    for printed in PRINTED:
        for cell, whole in ((PART, False), ((), True)):
            low, high = behind(printed, whole=whole)
            assert (change(cell, 0, printed).most, change(cell, printed, 0).most) == (high, 4 - low)
    assert TOTAL not in dict(PART)
