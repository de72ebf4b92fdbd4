"""A new referral to the next receiver, inside the transaction of an action."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nrm import audit, clock
from nrm.db import db
from nrm.domain.accounts.accounts import Actor, Permission
from nrm.domain.referrals.referrals import Asked, ReferralRefusal, ReferralRefused, ReferralStatus, next_asked
from nrm.domain.shelter.direct_intake import REFER_ON
from nrm.models.accounts.accounts import Organisation
from nrm.models.referrals.referrals import Obligation, Referral, RouteCandidate
from nrm.models.shelter.cases import Case
from nrm.steps.referrals import hand_overs, obligations
from nrm.steps.shelter import consent_records
from nrm.steps.shelter import withheld as withheld_steps
from nrm.store import names
from nrm.store.countries import country
from nrm.store.referrals import referrals as referral_store
from nrm.store.rows.accounts import members as member_rows
from nrm.store.rows.referrals import next_receiver as next_receiver_rows
from nrm.store.shelter import cases as case_store
from nrm.vault import grants
from nrm.vault.keylog import log


def lock_case(case_id: uuid.UUID) -> None:
    """Lock the case until the transaction ends (PostgreSQL); sealing to it waits meanwhile."""
    db.session.execute(select(Case.id).where(Case.id == case_id).with_for_update())


def ask_next(session: Session, ended: Referral, by: Actor) -> uuid.UUID | None:
    """After a decline or an expiry: destroy the asked party's pending keys and what was written for it, and ask the
    next of the stored route.

    Returns the new referral, or None when the duty officer decides. It needs no key, and not the sender. Call
    `erasures.carry_out` after the transaction.
    """
    let_go(session, ended)
    case = session.get_one(Case, ended.case_id)
    found = _next_of_route(session, case, next_receiver_rows.chain(ended.case_id))
    if found is None:
        return None
    candidate, party = found
    consent_records.face(session, case, party, None, by)
    following = new_referral(
        session,
        ended.case_id,
        ended.sender_id,
        candidate.organisation_id,
        clause=candidate.clause,
        must=candidate.must,
        like=ended,
    )
    record(session, audit.Event.REFERRAL_SENT, following, by)
    return following.id


def asked_next(referral_id: uuid.UUID, *, by: Actor) -> Organisation | None:
    """Whom the program asks at once if the open referral ends now without an answer; None where the duty officer
    decides. Raises NotPermitted, NotVisible."""
    by.must(Permission.REFERRAL_DIRECT)
    session = db.session()
    case = session.get_one(Case, referral_store.referral(referral_id, by=by).case_id)
    *before, last = next_receiver_rows.chain(case.id)
    ended = Asked(last.party, ReferralStatus.EXPIRED, last.reason)
    found = _next_of_route(session, case, [*before, ended])
    return session.get_one(Organisation, found[0].organisation_id) if found is not None else None


def _next_of_route(session: Session, case: Case, chain: Sequence[Asked]) -> tuple[RouteCandidate, str] | None:
    """(the candidate of the stored route who is asked after `chain`, its party); None: the duty officer decides.

    A party is not asked if, since then, it was disabled, suspended, left the agreement or lost its last key holder.
    """
    waiting = grants.waiting(session, case.id)
    asked = {each.party for each in chain}
    keyless, out = member_rows.parties_without_holder(), log.parties_out(session)
    bound = {each.code: each for each in names.shelters_that_signed(clock.now()) if each.party not in keyless}
    agreed = consent_records.agreed_parties(session, case)
    route = {
        code: candidate
        for candidate, code in next_receiver_rows.route_of(case.id)
        if code in asked
        or (
            code in bound
            and candidate.organisation_id not in out
            and candidate.organisation_id in waiting
            and (agreed is None or bound[code].party in agreed)
        )
    }
    code = next_asked([(each, candidate.must) for each, candidate in route.items()], chain)
    return (route[code], bound[code].party) if code is not None else None


def read_out(case_id: uuid.UUID, *, by: Actor) -> set[str] | None:
    """The parties that were named to the person and to which they said yes, for a page on which the next receiver is
    chosen; None where nobody is asked for each: of a child, and of who has not said yes. Raises NotVisible."""
    case_store.visible(case_id, by=by)
    return consent_records.agreed_parties(db.session(), db.session.get_one(Case, case_id))


def let_go(session: Session, ended: Referral) -> None:
    """Destroy the asked party's pending keys and what was written for it. Call `erasures.carry_out` afterwards."""
    grants.let_go(session, ended.case_id, ended.receiver_id)
    hand_overs.forget(session, ended.id)
    withheld_steps.let_go(session, ended.case_id, ended.receiver_id)


def new_referral(
    session: Session,
    case_id: uuid.UUID,
    sender_id: uuid.UUID,
    receiver_id: uuid.UUID,
    *,
    clause: str,
    must: bool = False,
    assigned: bool = False,
    overrides: str = "",
    override_reason: str = "",
    like: Referral | None = None,
    due_at: datetime | None = None,
) -> Referral:
    """A referral that is sent now. Its times are those of `like`, else the agreement's times for an answer; `due_at`:
    the hour of who was asked before and does not get a fresh one."""
    now = clock.now()
    agreement = country().in_force(now)
    answer_within = None
    if like is not None and not next_receiver_rows.has_hour_of_before(like):
        answer_within = like.due_at - like.sent_at
    if not answer_within:
        answer_within = next(step.within for step in agreement.path if step.step == "answer")
    position = session.scalar(select(func.max(Referral.position)).where(Referral.case_id == case_id)) or 0
    referral_id = uuid.uuid4()
    referral = Referral(
        id=referral_id,
        mark=grants.mark_of(referral_id, case_id, sender_id, receiver_id),
        case_id=case_id,
        sender_id=sender_id,
        receiver_id=receiver_id,
        position=position + 1,
        status=ReferralStatus.SENT,
        agreement=like.agreement if like is not None else agreement.version,
        clause=clause,
        must=must,
        assigned=assigned,
        overrides=overrides,
        override_reason=override_reason,
        sent_at=now,
        due_at=due_at or now + answer_within,
        expires_at=now + agreement.expires_within,
    )
    session.add(referral)
    try:
        session.flush()
    except IntegrityError:  # somebody else asked in the same instant; one open referral a case
        raise ReferralRefused(ReferralRefusal.ALREADY_OPEN) from None
    return referral


def record(
    session: Session, event: audit.Event, referral: Referral, by: Actor, **details: uuid.UUID | str | int | None
) -> None:
    """Append what happened to a referral to the audit chain."""
    audit.append(
        session,
        event,
        by=by,
        case_id=referral.case_id,
        referral_id=referral.id,
        receiver_id=referral.receiver_id,
        **details,
    )


def asked_as_owed(session: Session, case_id: uuid.UUID, party: str, by: Actor) -> None:
    """A shelter that took somebody in itself asks the party that a clause names: with that it has done what it owed."""
    named = {
        clause.number
        for clause in country().in_force(clock.now()).clauses
        for each in clause.refer_to
        if each.party == party
    }
    owed = select(Obligation).where(
        Obligation.case_id == case_id, Obligation.kind == REFER_ON, Obligation.done_at.is_(None)
    )
    for obligation in session.scalars(owed.execution_options(populate_existing=True)).all():
        if obligation.clause in named:
            obligations.fulfil(session, obligation, clock.now(), "system", by)
