"""Referring somebody to an organisation that is no party of the agreement: whom, why, and what the gates say to it."""

from __future__ import annotations

from enum import StrEnum

from nrm.domain.shelter.cases import HOME_CITIZEN
from nrm.domain.shelter.permits import PermitFacts


class OutsideKind(StrEnum):
    """What the organisation outside is."""

    HOSPITAL = "hospital"
    SOCIAL_SERVICES = "social_services"
    CHILD_SERVICES = "child_services"
    OTHER_ORGANISATION = "other_organisation"
    ASYLUM_AUTHORITY = "asylum_authority"
    EMBASSY = "embassy"
    ORGANISATION_ABROAD = "organisation_abroad"


class OutsideReason(StrEnum):
    """Why the parties of the agreement are not enough."""

    TREATMENT = "treatment"
    NO_PARTY_RECEIVES = "no_party_receives"
    LONGER_HELP = "longer_help"
    OUTSIDE_THE_AGREEMENT = "outside_the_agreement"
    RETURN_ABROAD = "return_abroad"


ABROAD = frozenset({OutsideKind.EMBASSY, OutsideKind.ORGANISATION_ABROAD})


class OutsideReferralRefusal(StrEnum):
    """Why a letter is refused."""

    ADDRESSEE = "addressee"
    NOT_AGREED = "not_agreed"
    NEEDS = "needs"


class OutsideReferralRefused(ValueError):
    """Nothing is recorded; `reason` says why."""

    def __init__(self, reason: OutsideReferralRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


def is_step_abroad(kind: OutsideKind, reason: OutsideReason) -> bool:
    """Whether the letter is a step towards repatriation; then it must pass the gate of the residence permit."""
    return kind in ABROAD or reason is OutsideReason.RETURN_ABROAD


def check_departure(*, addressee: str, agreed: bool, age_class: str, needs: bool) -> None:
    """Raise OutsideReferralRefused unless somebody is addressed, something is asked, and an adult agreed to it.

    A child, or a person who may be one, is not asked for consent, because protection comes first; the letter says so.
    """
    if not addressee:
        raise OutsideReferralRefused(OutsideReferralRefusal.ADDRESSEE)
    if not needs:
        raise OutsideReferralRefused(OutsideReferralRefusal.NEEDS)
    if not agreed and age_class == "adult":
        raise OutsideReferralRefused(OutsideReferralRefusal.NOT_AGREED)


def gate_of(kind: OutsideKind, reason: OutsideReason, citizenship_class: str) -> str:
    """What is kept of the gate that `permits.check_repatriation` let the letter pass: empty where none stood."""
    if not is_step_abroad(kind, reason):
        return ""
    return "home_citizen" if citizenship_class == HOME_CITIZEN else "informed"


def proof_of(gate: str, permit: PermitFacts) -> tuple[object, str]:
    """(day of the information, state of the permit) kept with a step abroad; (None, empty) without one."""
    if gate != "informed" or permit.informed is None:
        return None, ""
    return permit.informed.on, str(permit.status)
