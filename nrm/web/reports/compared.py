"""What two published figures say of each other, in words: what is certain, what may be rounding alone.

Numbers in these words are published figures, their difference, and how far the real change may be from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nrm.render.series import Step
from nrm.statistics.comparison import SLACK, SLACK_OF_ALL, change
from nrm.statistics.tables import Cell
from nrm.web.language import gettext


def against_the_one_before(steps: Sequence[Step], cell: Cell) -> list[str]:
    """For each release of a figure, the oldest first, what its change since the release before says."""
    first = [gettext("nothing to compare with")] if steps else []
    return first + [_between(before, after, cell) for before, after in pairwise(steps)]


def first_and_last(steps: Sequence[Step], cell: Cell) -> str:
    """One sentence about the first and the last published figure; without numbers of people that nobody published."""
    known = [step for step in steps if step.figure is not None]
    if len(known) < 2:
        return gettext("One release: there is nothing to compare yet")
    before, after = known[0], known[-1]
    if before.quarters != after.quarters:
        return gettext("The releases are of different numbers of quarters: do not compare their figures")
    assert before.figure is not None
    assert after.figure is not None
    names = {"first": before.name, "last": after.name, "before": before.figure, "now": after.figure}
    certain = change(cell, before.figure, after.figure).certain
    if certain == "rose":
        return gettext("More in %(last)s than in %(first)s: %(now)s and %(before)s", **names)
    if certain == "fell":
        return gettext("Fewer in %(last)s than in %(first)s: %(now)s and %(before)s", **names)
    return gettext("From %(first)s to %(last)s the figures do not say whether there were more or fewer", **names)


def what_may_be_concluded(cell: Cell) -> str:
    """How far the real change may be from the printed one, and from which change on its direction is certain."""
    if not cell:
        return gettext(
            "The real change is at most %(slack)s more or less than the printed one. From a change of 10 on it is"
            " certain that the number rose or fell; a change of 5 may be rounding alone.",
            slack=SLACK_OF_ALL,
        )
    return gettext(
        "The real change is at most %(slack)s more or less than the printed one. From a change of 20 on (10, where one"
        " of the two figures is 0) it is certain that the number rose or fell; a smaller one may be rounding alone.",
        slack=SLACK,
    )


def _between(before: Step, after: Step, cell: Cell) -> str:
    if before.figure is None or after.figure is None:
        return gettext("nothing to compare with")
    if before.quarters != after.quarters:
        return gettext("another number of quarters: not to be compared")
    found = change(cell, before.figure, after.figure)
    by = abs(found.printed)
    if found.certain == "rose":
        return gettext("%(by)s more as printed: it certainly rose", by=by)
    if found.certain == "fell":
        return gettext("%(by)s fewer as printed: it certainly fell", by=by)
    if found.printed > 0:
        return gettext("%(by)s more as printed: may be rounding alone", by=by)
    if found.printed < 0:
        return gettext("%(by)s fewer as printed: may be rounding alone", by=by)
    return gettext("the same figure: the real number may have changed")
