"""Every table, so that the metadata is complete once this package is imported."""

from nrm.models import audit
from nrm.models.accounts import accounts, alarms, mailboxes, occasions, second_hands
from nrm.models.agreement import agreements
from nrm.models.interviews import directives, groups, helpline, interviews, monitoring, screenings
from nrm.models.referrals import announced_returns, outside_referrals, referrals, reminder_calls
from nrm.models.reports import filings, reports
from nrm.models.shelter import (
    absences,
    ages,
    away,
    cases,
    child_returns,
    claims,
    closings,
    consents,
    corrections,
    data_requests,
    findings,
    identifications,
    others_there,
    permits,
    places,
    planned_ends,
    stays,
    testimony,
)

__all__ = [
    "absences",
    "accounts",
    "ages",
    "agreements",
    "alarms",
    "announced_returns",
    "audit",
    "away",
    "cases",
    "child_returns",
    "claims",
    "closings",
    "consents",
    "corrections",
    "data_requests",
    "directives",
    "filings",
    "findings",
    "groups",
    "helpline",
    "identifications",
    "interviews",
    "mailboxes",
    "monitoring",
    "occasions",
    "others_there",
    "outside_referrals",
    "permits",
    "places",
    "planned_ends",
    "referrals",
    "reminder_calls",
    "reports",
    "screenings",
    "second_hands",
    "stays",
    "testimony",
]
