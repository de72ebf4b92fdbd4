"""Which permissions no role has together."""

from __future__ import annotations

from nrm.domain.accounts.accounts import PERMISSIONS, Permission, Role


def with_all(*wanted: Permission) -> set[Role]:
    return {role for role, has in PERMISSIONS.items() if set(wanted) <= set(has)}


def test_nobody_reads_nights_and_reports_and_the_manager_of_a_shelter_alone_nights_and_cases() -> None:
    """Exact nights beside rounded figures would tell what rounding hides (ADR 0020)."""
    assert with_all(Permission.PAYMENT_READ) == {Role.PAYMENT_OFFICER, Role.SHELTER_MANAGER}
    for report in (Permission.REPORT_READ, Permission.REPORT_CLOSE, Permission.REPORT_COUNTERSIGN):
        assert with_all(report)
        assert not with_all(Permission.PAYMENT_READ, report)
    assert with_all(Permission.PAYMENT_READ, Permission.CASE_READ) == {Role.SHELTER_MANAGER}
