"""What is counted of an interview in report (x): whether trafficking was found, and how the person was processed.

Source: National Action Plan, II.1(b)(x): returnees "identified or suspected as trafficked", how processed.
"""

from __future__ import annotations

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


def processed_as(assessment: str, receiver: OrganisationKind | None) -> str:
    """The one class a person is counted in; `receiver` is the kind of who was asked, None when nobody was."""
    if receiver is None:
        return "no_indicator"
    if assessment == SUSPECTED:
        return "joint_interview"
    if receiver is OrganisationKind.CHILD_PROTECTION:
        return "child_authority"
    return "referred_nrc" if receiver is OrganisationKind.STATE_SHELTER else "referred_ngo_shelter"
