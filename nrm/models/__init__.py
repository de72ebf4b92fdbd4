"""Every table, so that the metadata is complete once this package is imported."""

from nrm.models import accounts, audit, cases, interviews, permits, referrals, reports, stays, testimony

__all__ = ["accounts", "audit", "cases", "interviews", "permits", "referrals", "reports", "stays", "testimony"]
