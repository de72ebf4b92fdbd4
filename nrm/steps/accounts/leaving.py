"""Where an account ends, comes back, or is suspended: each ends in one function here, in the transaction of an action.

The keys of who left stay for 14 days, sealed under their own password and opening nothing: the wraps are gone. Until
then key holders can let them in again, who wrap the organisation's key to them anew; afterwards the keys are deleted.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.domain.accounts.accounts import Actor
from nrm.domain.accounts.members import KeyHappening, check_leaving
from nrm.domain.accounts.suspensions import SuspensionEnd, SuspensionReason
from nrm.models.accounts.accounts import KeyringWrap, Member, MemberSession, Organisation
from nrm.models.accounts.suspensions import Suspension
from nrm.steps.accounts import ceremonies, falling, key_log
from nrm.steps.accounts import members as steps
from nrm.steps.accounts.key_events import happened
from nrm.steps.shelter import key_workers as key_worker_steps
from nrm.store.rows.accounts import askers
from nrm.store.rows.accounts import members as member_rows
from nrm.vault import epochs, rows
from nrm.vault import members as vault


def leave(session: Session, member: Member, organisation: Organisation, by: Actor) -> bool:
    """End an account: sessions, links and wraps go at once; returns whether a new keyring is due.

    The caller has locked the organisation. Raises LastKeyHolder. Call `shredding.work_off` after the transaction.
    """
    holds = member_rows.holds_newest(member.id)
    check_leaving(holds=holds, others=member_rows.other_holders(member))
    invited = member.status == "invited" and not askers.was_there(member)
    key_log.left(session, member, by)
    ceremonies.close(session, member)
    had_keys = member.sealed_kem is not None
    _sign_out_for_good(session, member)
    key_worker_steps.end_of_member(session, member.id, by)
    member.status, member.left_at = "disabled", clock.now() if had_keys else None
    session.flush()
    falling.fall(session, member, by)
    falling.stand_still(session, by)
    if not invited:  # nobody left: a link is withdrawn that nobody used
        happened(session, KeyHappening.DISABLED, member, by=by)
    # For the log who left held the version, whatever the rows say: it is handed nothing more before the next one.
    due = holds or key_log.is_spent(session, organisation.id)
    if due:
        organisation.keyring_due_at = organisation.anew_due_at = clock.now()
    audit.append(session, audit.Event.MEMBER_DISABLED, by=by, member_id_disabled=member.id)
    # While the log is wrong the account ends all the same; the new keyring stays due.
    renews = organisation.id == by.organisation_id and by.member_id and member_rows.holds_newest(by.member_id)
    if due and renews and key_log.is_right(session):
        steps.renew(session, organisation, by)
    return due


def come_back(session: Session, member: Member, by: Actor, *, waiting: bool) -> None:
    """Let somebody in again who left within 14 days. `waiting`: they open nothing before a colleague confirms them.

    For the key log they begin anew: with the same keys, under their next serial, which they sign at their next sign-in.
    """
    if waiting:
        ceremonies.reopen(session, member)
    member.status, member.left_at = "waiting" if waiting else "active", None
    member.serial, member.own_signature = member.serial + 1, None
    session.flush()
    happened(session, KeyHappening.CAME_BACK, member, by=by)
    audit.append(session, audit.Event.MEMBER_BACK, by=by, member_id_back=member.id)


def forget(session: Session, member: Member, by: Actor) -> None:
    """The 14 days of who left are over: delete the keys, and what only they could open. Needs no key. Call
    `shredding.work_off` after the transaction."""
    epochs.forget_member(session, member.id)
    vault.forget_keys(member)
    member.left_at = None
    session.flush()
    audit.append(session, audit.Event.MEMBER_KEYS_FORGOTTEN, by=by, member_id_forgotten=member.id)


def suspend(
    session: Session,
    member: Member,
    reason: SuspensionReason,
    length: timedelta,
    by: Actor,
    *,
    administrator: bool = False,
    event_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Suspend a person: every session of theirs opens and signs nothing from the next request on.

    `event_id`: what the actor objects to, once for each. Raises IntegrityError for a second time.
    """
    now = clock.now()
    row = Suspension(
        id=uuid.uuid4(),
        organisation_id=member.organisation_id,
        member_id=member.id,
        by_id=by.member_id,
        by_administrator=administrator,
        reason=str(reason),
        event_id=event_id,
        at=now,
        until=now + length,
        how_ended="",
    )
    row.mark = rows.suspension_mark(row)
    session.add(row)
    session.flush()
    falling.fall(session, member, by)
    falling.stand_still(session, by)
    key_log.suspended(session, member.id, by, reason=str(reason))
    happened(session, KeyHappening.SUSPENDED, member, by=by)
    audit.append(
        session, audit.Event.MEMBER_SUSPENDED, by=by, member_id_suspended=member.id, reason=str(reason), act_id=row.id
    )
    return row.id


def resume(session: Session, row: Suspension, member: Member, how: SuspensionEnd, by: Actor) -> None:
    """End a suspension before its time."""
    row.ended_at, row.ended_by_id, row.how_ended = clock.now(), by.member_id, str(how)
    row.mark = rows.suspension_mark(row)
    session.flush()
    if by.member_id is not None:
        key_log.resumed(session, member.id, by, reason=str(how))
    happened(session, KeyHappening.RESUMED, member, by=by)
    audit.append(session, audit.Event.SUSPENSION_ENDED, by=by, member_id_suspended=member.id, act_id=row.id)


def lengthen(session: Session, row: Suspension, length: timedelta, by: Actor) -> None:
    """A second hand makes a suspension longer, counted from now."""
    row.until, row.longer_by_id = clock.now() + length, by.member_id
    row.mark = rows.suspension_mark(row)
    session.flush()
    audit.append(session, audit.Event.SUSPENSION_LONGER, by=by, member_id_suspended=row.member_id, act_id=row.id)


def _sign_out_for_good(session: Session, member: Member) -> None:
    session.execute(delete(MemberSession).where(MemberSession.member_id == member.id))
    session.execute(delete(KeyringWrap).where(KeyringWrap.member_id == member.id))
    steps.end_links(session, member)
