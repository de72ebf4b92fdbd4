"""The closed lists a country must put into words: the codes are the domain's, the words the country's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nrm.domain import cases, claims, identifications, permits, referrals, stays, testimony

SCREENING_OUTCOMES = (
    "no_indicator",
    "joint_interview",
    "referred_nrc",
    "referred_ngo_shelter",
    "child_authority",
    "asylum_authority",
    "returned_to_family",
    "refused_help",
    "did_not_decide",
)
"""How returnees were processed, as report (x) counts them (Action Plan II.1(b)(x))."""

AGE_CLASSES = ("child", "adult", "unsure")

NEEDS = (
    "medical",
    "psychological",
    "interpreter",
    "disability",
    "pregnancy",
    "detox",
    "baby_care",
    "legal",
    "schooling",
    "security",
    "mobility",
    "other",
)

CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "decline_reasons": tuple(referrals.DeclineReason),
        "override_reasons": tuple(referrals.OverrideReason),
        "referral_statuses": tuple(referrals.ReferralStatus),
        "case_statuses": tuple(cases.CaseStatus),
        "sources": tuple(stays.Source),
        "exit_reasons": tuple(stays.ExitReason),
        "destinations": tuple(stays.Destination),
        "witness_statuses": tuple(testimony.WitnessStatus),
        "withdrawal_reasons": tuple(testimony.WithdrawalReason),
        "permit_statuses": tuple(permits.PermitStatus),
        "permit_grounds": tuple(permits.Ground),
        "claim_forums": tuple(claims.Forum),
        "claim_outcomes": tuple(claims.Outcome),
        "claim_payments": tuple(claims.Paid),
        "screening_outcomes": SCREENING_OUTCOMES,
        "identifications": tuple(cases.IdentificationStatus),
        "identification_bases": tuple(identifications.Basis),
        "age_classes": AGE_CLASSES,
        "genders": cases.GENDERS,
        "citizenship_classes": cases.CITIZENSHIP_CLASSES,
        "needs": NEEDS,
        "compartments": tuple(cases.Compartment),
    }
)
