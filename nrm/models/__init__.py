"""Every table, so that the metadata is complete once this package is imported."""

from nrm.models import (
    accounts,
    alarms,
    audit,
    cases,
    chases,
    departures,
    interviews,
    mailboxes,
    notices,
    permits,
    referrals,
    reports,
    stays,
    testimony,
)

__all__ = [
    "accounts",
    "alarms",
    "audit",
    "cases",
    "chases",
    "departures",
    "interviews",
    "mailboxes",
    "notices",
    "permits",
    "referrals",
    "reports",
    "stays",
    "testimony",
]
