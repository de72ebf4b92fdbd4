"""The closed lists a country must put into words: the codes belong to the program, the words to the country."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nrm.domain.shelter import cases, claims, identifications, permits, stays, testimony
from nrm.domain.support import follow_ups, hearings, plans

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

OF_THE_MECHANISM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "citizenship_class": cases.CITIZENSHIP_CLASSES,
        "proceedings_in": ("capital", "elsewhere", "none", "unknown"),
        "exploited_in": ("abroad", "home", "both", "unknown"),
    }
)
"""Facts whose codes are the same in every country: no country's name, citizens or capital is a code (ADR 0120)."""

CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sources": tuple(stays.Source),
        "exit_reasons": tuple(stays.ExitReason),
        "destinations": tuple(stays.Destination),
        "witness_statuses": tuple(testimony.WitnessStatus),
        "withdrawal_reasons": tuple(testimony.WithdrawalReason),
        "leaving_reasons": tuple(testimony.LeavingReason),
        "protection_measures": tuple(hearings.Measure),
        "hearings_called_off": tuple(hearings.CalledOff),
        "permit_statuses": tuple(permits.PermitStatus),
        "permit_grounds": tuple(permits.Ground),
        "claim_forums": tuple(claims.Forum),
        "claim_outcomes": tuple(claims.Outcome),
        "claim_payments": tuple(claims.Paid),
        "identification_bases": tuple(identifications.Basis),
        "age_classes": AGE_CLASSES,
        "genders": cases.GENDERS,
        "citizenship_classes": cases.CITIZENSHIP_CLASSES,
        "needs": NEEDS,
        "services": tuple(plans.Service),
        "follow_up_how": tuple(follow_ups.How),
        "follow_up_living": tuple(follow_ups.Living),
        "follow_up_occupations": tuple(follow_ups.Occupation),
        "follow_up_safe": tuple(follow_ups.Safe),
        "follow_up_outcomes": tuple(follow_ups.Outcome),
    }
)
