"""How often somebody failed to sign in to an account: what its member is told, and when it waits for a colleague.

Numbers alone are kept, without address or hour; which of the two a failure belongs to is said by the cookie of a
browser in which the member signed in before.

Decided in ADR 0104.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, update
from sqlalchemy.orm import Session

from nrm import clock
from nrm.domain.accounts.accounts import Credentials
from nrm.domain.accounts.failed_attempts import MISTYPED_CODES, MOST_WRONG_CODES
from nrm.models.accounts.accounts import Member, MemberSession


def failed(session: Session, account: Credentials, *, own: bool, code: bool, told: bool) -> bool:
    """Count a failure for the account; returns whether the account waits for a colleague from now on.

    `told`: whether the member is told of it. A wrong code counts in any case.

    The row that stands in for an unknown name is written, too, and keeps its numbers: both take the same time.
    """
    one = int(account.known)
    known, elsewhere = one * int(own), one * int(not own)
    of_code = one * int(code)
    codes = Member.codes_known + Member.codes_elsewhere + of_code
    now = clock.now()
    waits_since_now = session.execute(
        update(Member)
        .where(Member.id == account.id)
        .values(
            failed_known=Member.failed_known + known * int(told),
            failed_elsewhere=Member.failed_elsewhere + elsewhere * int(told),
            codes_known=Member.codes_known + known * of_code,
            codes_elsewhere=Member.codes_elsewhere + elsewhere * of_code,
            waits_at=case((codes >= MOST_WRONG_CODES, func.coalesce(Member.waits_at, now)), else_=Member.waits_at),
        )
        .returning(Member.waits_at == now)
        .execution_options(synchronize_session=False)
    ).scalar()
    return one > 0 and not account.waits and bool(waits_since_now)


def tell(member: Member, row: MemberSession, now: datetime, *, own: bool) -> None:
    """Move what failed since the last sign-in to the new session, which shows it; forgive what was mistyped.

    Without `before_at` it is the first one: nobody is told of a sign-in that was none.
    Wrong codes in a strange browser count on until the password is changed: whoever typed them has it.
    """
    row.failed_known, row.failed_elsewhere = member.failed_known, member.failed_elsewhere
    row.before_at = member.signed_in_at
    member.failed_known = member.failed_elsewhere = 0
    member.signed_in_at = now
    if own:
        member.codes_known = 0
    else:
        member.codes_elsewhere = max(0, member.codes_elsewhere - MISTYPED_CODES)


def let_in(member: Member) -> None:
    """The account waits no longer, and no wrong code counts any more."""
    member.waits_at = None
    member.codes_known = member.codes_elsewhere = 0
