"""A new password by the recovery code, once everything that was asked is right."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from nrm import audit
from nrm.domain.accounts.accounts import Actor, Credentials, KeyHolder, Role
from nrm.domain.accounts.members import KeyHappening
from nrm.models.accounts.accounts import Member, MemberSession
from nrm.steps.accounts import passkeys, tallies
from nrm.steps.accounts.key_events import happened
from nrm.store.rows.accounts import failed_attempts as failed_attempt_rows
from nrm.store.rows.accounts.failed_attempts import Counter
from nrm.vault import members as vault


def finish(
    session: Session, member: Member, account: Credentials, keys: KeyHolder, new_password: str, tries: list[Counter]
) -> str:
    """Seal the keys under the new password and a new recovery code, which is returned; every session ends.

    Nothing opens before the new code was typed in.
    """
    vault.change_password(member, keys, new_password, factor=passkeys.any_factor(account))
    tallies.let_in(member)  # whoever tried codes had the old password
    following = vault.make_code(member, keys)
    member.code_due = True
    session.execute(
        update(MemberSession).where(MemberSession.member_id == member.id).values(sealed_keys=None, locked=False)
    )
    failed_attempt_rows.forgive(session, tries[0])
    by = Actor(member.id, member.organisation_id, Role(member.role))
    happened(session, KeyHappening.RECOVERED, member, by=by)
    session.flush()
    audit.append(session, audit.Event.PASSWORD_CHANGED, by=by)
    return following
