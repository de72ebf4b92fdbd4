"""What is counted of an interview in report (x): whether trafficking was found, and how the person was processed.

Source: National Action Plan, II.1(b)(x): returnees "identified or suspected as trafficked", how processed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from nrm.domain.accounts.accounts import OrganisationKind
from nrm.domain.shelter.permits import check_return_to_family

POSSIBLE, SUSPECTED, NONE, REFUSED, UNDECIDED = "possible", "suspected", "none", "refused", "undecided"
NOT_ASKED = "not_asked"
"""Nobody could ask in private or in a language that was understood: never "no indicator"."""
ASSESSMENTS = (POSSIBLE, SUSPECTED, NONE)
KIND = (
    "citizenship_class",
    "crossing_point",
    "outcome",
    "processed",
    "age_class",
    "gender",
    "returned_from",
    "announced",
    "agency",
)
"""What report (x) counts an interview by."""
PROCESSED_WITHOUT_HELP = {REFUSED: "refused_help", UNDECIDED: "did_not_decide"}
"""Outcome -> how processed, of whom nothing is kept but gender, citizenship class and month (and why they refused)."""
SCREENED, LEFT_UNASKED, WENT_ON, ASKED_AGAIN = STEPS = ("screened", "not_asked", "went_on", "asked_again")
"""How far an adult came whom a post screened: all of them; the six questions could not be asked; the short screen
became the interview; the officer saw the page that asks once more before "no indicator"."""
FAMILIES, FAMILY_CHILDREN = "families", "family_children"
"""Family notices of a post, and the children in them; counted beside the steps of adults."""
# Of fewer adults at a post no share is shown.
FEWEST = 20
_RANK = {NONE: 0, SUSPECTED: 1, POSSIBLE: 2}
_ASSISTED, _UNASSISTED = "assisted_voluntary", ("deported", "voluntary", "intercepted")


@dataclass(frozen=True, slots=True)
class Screening:
    """The anonymous outcome of one interview. It is only counted: no row of it is kept, and nothing leads to a case.

    For a person who refused help, or left undecided, only what they were told is kept: "" and 99 stand for the rest.
    """

    month: date
    citizenship_class: str
    outcome: str
    processed: str
    age_class: str
    gender: str
    crossing_point: str = ""
    returned_from: str = "99"
    announced: str = "99"
    agency: str = "99"
    profile: str = ""
    assessment: str = ""
    reason: str = ""


def outcome_of(assessment: str) -> str:
    """The outcome of an interview that was not refused; an urgent one was not assessed and counts as suspected."""
    return assessment if assessment in ASSESSMENTS else SUSPECTED


def agency_of(return_manner: str) -> str:
    """Whether a national or international assistance agency took part in the return: yes, no, or 99 (not known).

    Source: National Action Plan, II.3(a)(i): fewer returns "without involvement of national and international
    assistance agencies". An assisted voluntary return is made with one; the other manners are without.
    """
    if return_manner == _ASSISTED:
        return "yes"
    return "no" if return_manner in _UNASSISTED else "99"


def check_processed(processed: str, age_class: str) -> None:
    """Raise GateClosed for a child, or perhaps a child, returned to the family from a crossing point."""
    if processed == "returned_to_family":
        check_return_to_family(age_class)


def steps_of(outcome: str, *, short: bool, asked_again: bool) -> tuple[str, ...]:
    """How far an adult came whose interview ended like that. `short`: the short screen ended it.

    None for who refused help or did not decide: of them the place is not kept.
    """
    if outcome in PROCESSED_WITHOUT_HELP:
        return ()
    if outcome == NOT_ASKED:
        return SCREENED, LEFT_UNASKED
    return (SCREENED, *(() if short else (WENT_ON,)), *((ASKED_AGAIN,) if asked_again else ()))


_SHOWN = (LEFT_UNASKED, WENT_ON, ASKED_AGAIN, FAMILIES, FAMILY_CHILDREN)


@dataclass(frozen=True, slots=True)
class StepShares:
    """Percentages of the adults whom a post screened, to the nearest five; None where they were too few to say it.

    `families`, `family_children`: family notices, and children in them, for each hundred of these adults.
    """

    not_asked: int | None
    went_on: int | None
    asked_again: int | None
    families: int | None
    family_children: int | None


def step_shares(numbers: Mapping[str, int]) -> StepShares:
    """The shares of a post. A monitor is of a ministry and learns no count: of few people a share would tell it."""
    screened = numbers.get(SCREENED, 0)
    if screened < FEWEST:
        return StepShares(*[None] * len(_SHOWN))
    shares = (5 * round(20 * numbers.get(step, 0) / screened) for step in _SHOWN)
    return StepShares(*shares)


@dataclass(frozen=True, slots=True)
class Compared:
    """The officers' own assessments against the indicator profile; the difference is counted, and nobody is corrected.

    For `compared_shares` alone, as these are counts of people.

    How many assessments were as the profile, and how many saw more or less in the account than it did.
    """

    same: int = 0
    more: int = 0
    less: int = 0

    @property
    def assessed(self) -> int:
        """All of them."""
        return self.same + self.more + self.less


@dataclass(frozen=True, slots=True)
class ComparedShares:
    """Percentages of the people whom a post assessed, to the nearest five: as the profile, more and less than it."""

    same: int
    more: int
    less: int


def compared_shares(counts: Iterable[tuple[str, str, int]]) -> ComparedShares | None:
    """The shares of a post; None where so few were assessed that a share would tell a count of people (ADR 0244)."""
    found = compared(counts)
    if found.assessed < FEWEST:
        return None
    return ComparedShares(*(5 * round(20 * each / found.assessed) for each in (found.same, found.more, found.less)))


def compared(counts: Iterable[tuple[str, str, int]]) -> Compared:
    """Compare rows of (profile, assessment, how many); rows without one of the two (urgent hand-overs) are left out."""
    same = more = less = 0
    for profile, assessment, number in counts:
        if profile not in _RANK or assessment not in _RANK:
            continue
        difference = _RANK[assessment] - _RANK[profile]
        same += number if difference == 0 else 0
        more += number if difference > 0 else 0
        less += number if difference < 0 else 0
    return Compared(same, more, less)


def processed_as(assessment: str, receiver: OrganisationKind | None) -> str:
    """The one class a person is counted in; `receiver` is the kind of who was asked, None when nobody was."""
    if receiver is None:
        return "no_indicator"
    if assessment == SUSPECTED:
        return "joint_interview"
    if receiver is OrganisationKind.CHILD_PROTECTION:
        return "child_authority"
    return "referred_nrc" if receiver is OrganisationKind.STATE_SHELTER else "referred_ngo_shelter"
