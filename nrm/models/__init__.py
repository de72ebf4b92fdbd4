"""Every table, so that the metadata is complete once this package is imported."""

from nrm.models import (
    accounts,
    agreements,
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
    requests,
    stays,
    testimony,
)

__all__ = [
    "accounts",
    "agreements",
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
    "requests",
    "stays",
    "testimony",
]
